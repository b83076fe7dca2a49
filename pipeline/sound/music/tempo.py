"""Tempo map: a run of beats that meets given moments of the picture (markers)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.sound.music.beats import Anchor, downbeats, lay_beats, split_at
from pipeline.sound.music.counts import BASE_RANGE, FIXED_DEVIATION, MAX_DEVIATION, fit_fixed, fit_map, meet_accents

if TYPE_CHECKING:
    import numpy as np

# two cuts closer than this are one musical event: the map is planned on the first, the other gets a beat inside a beat
MIN_MARKER_GAP_S = 0.25
# cuts closer than a picture at 120 a second are one
SAME_CUT_S = 0.008
# a constant tempo is kept when it misses the markers by no more than this on average (design: sound.md)
CONSTANT_TOLERANCE_S = 0.020


@dataclass(frozen=True)
class TempoMap:
    """Beats of a piece; between two beats the tempo is constant."""

    base_bpm: float
    # first at or before 0, last at or after the end
    beats_s: tuple[float, ...]
    # quarter notes each beat counts: 1, a half or a quarter for a short beat before a marker, sixteenths around cuts
    # that follow each other closely
    units: tuple[float, ...]
    # indices of beats that begin a bar
    downbeats: tuple[int, ...]
    # markers that no beat meets within 20 ms; empty unless a person fixed the tempo
    missed_s: tuple[float, ...] = ()

    @property
    def bpm(self) -> tuple[float, ...]:
        """Local tempo of every beat."""
        spans = zip(self.beats_s, self.beats_s[1:], self.units, strict=False)
        return tuple(60 * unit / (end - start) for start, end, unit in spans)


def plan_tempo(
    markers_s: Iterable[float],
    *,
    duration_s: float,
    base_bpm: float,
    accents_s: Iterable[float] = (),
    is_fixed: bool = False,
) -> TempoMap:
    """Lay beats so that markers fall on them, each of them.

    A constant tempo is tried first. When it meets the markers within 20 ms on average, its beats are bent by those
    few milliseconds and nothing else changes. Otherwise a dynamic programme chooses how many quarter notes lie between
    neighbouring markers, so that the tempo stays within 6 % of one base tempo; where whole beats do not fit, the last
    beat before a marker is shortened (a 7/8 bar), as film composers do. Only markers closer together than about eight
    quarter beats can force a larger deviation. A marker less than 0.25 s behind another splits a beat.

    Parameters
    ----------
    markers_s : iterable of float
        Moments in seconds from the start; those outside the piece are ignored.
    duration_s : float
        Length of the piece, s.
    base_bpm : float
        Wished tempo; the base of the result lies within 12 % of it.
    accents_s : iterable of float
        Moments that a beat should meet where the tempo then stays within 6 %.
    is_fixed : bool
        The tempo was fixed by a person: the base is `base_bpm`, every beat stays within 3 % of it, and markers that
        cannot be met so are in `missed_s`.

    Raises
    ------
    ValueError
        When length or tempo is not a positive finite number.
    """
    if not (math.isfinite(duration_s) and duration_s > 0 and math.isfinite(base_bpm) and base_bpm > 0):
        raise ValueError(f"length and tempo must be positive, not {duration_s!r} s and {base_bpm!r} BPM")
    markers = usable_markers(markers_s, duration_s=duration_s)
    accents = _apart(usable_markers(accents_s, duration_s=duration_s), markers)
    if is_fixed:
        anchors = fit_fixed(markers, base_bpm)
        anchors = meet_accents(anchors, accents, base_bpm, limit=FIXED_DEVIATION)
        beats, units = lay_beats(anchors, duration_s, base_bpm)
        return _finished(base_bpm, beats, units, markers)
    leaders = _leaders(markers)
    constant = _fit_constant(leaders, accents, base_bpm)
    if constant is not None:
        anchors, bpm = constant
    else:
        anchors, bpm = fit_map(leaders, base_bpm)
        anchors = meet_accents(anchors, accents, bpm, limit=MAX_DEVIATION)
    beats, units = lay_beats(anchors, duration_s, bpm)
    beats, units = split_at(beats, units, [m for m in markers if m not in set(leaders)])
    return _finished(bpm, beats, units, markers)


def _finished(bpm: float, beats: list[float], units: list[float], markers: list[float]) -> TempoMap:
    errors = beat_errors_s(beats, markers)
    missed = tuple(m for m, error in zip(markers, errors, strict=True) if error > CONSTANT_TOLERANCE_S)
    return TempoMap(bpm, tuple(beats), tuple(units), downbeats(beats, units, markers), missed)


def usable_markers(markers_s: Iterable[float], *, duration_s: float) -> list[float]:
    """Sorted markers inside the piece, each picture once."""
    kept: list[float] = []
    for marker in sorted(float(m) for m in markers_s if math.isfinite(m)):
        if 0 < marker < duration_s and (not kept or marker - kept[-1] >= SAME_CUT_S):
            kept.append(marker)
    return kept


def _leaders(markers: list[float]) -> list[float]:
    # the first of each bunch of cuts
    kept: list[float] = []
    for marker in markers:
        if not kept or marker - kept[-1] >= MIN_MARKER_GAP_S:
            kept.append(marker)
    return kept


def _apart(accents: list[float], markers: list[float]) -> list[float]:
    # accents that are not a cut's own
    from bisect import bisect

    kept: list[float] = []
    for accent in accents:
        index = bisect(markers, accent)
        near = [*markers[max(0, index - 1) : index + 1], *kept[-1:]]
        if all(abs(accent - other) >= MIN_MARKER_GAP_S for other in near):
            kept.append(accent)
    return kept


def beat_errors_s(beats_s: Iterable[float], markers_s: Iterable[float]) -> np.ndarray:
    """Distance of each marker to the nearest beat, s."""
    import numpy as np

    beats = np.asarray(list(beats_s), dtype=np.float64)
    markers = np.asarray(list(markers_s), dtype=np.float64)
    after = np.clip(np.searchsorted(beats, markers), 1, len(beats) - 1)
    return np.minimum(np.abs(markers - beats[after - 1]), np.abs(beats[after] - markers))


# --------------------------------------------------------------- constant
def best_constant(markers_s: list[float], *, low_bpm: float, high_bpm: float) -> tuple[float, float, float]:
    """(tempo, time of a beat in s, mean error in s) of the constant tempo that misses the markers least."""
    import numpy as np

    markers = np.asarray(markers_s, dtype=np.float64)
    best = (math.inf, low_bpm, 0.0)
    for bpm in np.geomspace(low_bpm, high_bpm, 200):
        phases = _phases(markers, 60 / bpm)
        errors = _phase_errors(markers, phases, 60 / bpm)
        index = int(np.argmin(errors))
        best = min(best, (float(errors[index]), float(bpm), float(phases[index])))
    return best[1], best[2], best[0]


def _phases(markers: np.ndarray, period_s: float) -> np.ndarray:
    # worth trying: the start of the piece, the circular mean, and the first markers themselves
    import numpy as np

    if not len(markers):
        return np.zeros(1)
    mean = np.angle(np.exp(2j * np.pi * markers / period_s).mean()) / (2 * np.pi) * period_s
    return np.concatenate([[0.0, mean], markers[:8]]) % period_s


def _phase_errors(markers: np.ndarray, phases: np.ndarray, period_s: float, *, most_s: float = math.inf) -> np.ndarray:
    # mean distance of the markers to a beat, by phase
    import numpy as np

    if not len(markers):
        return np.zeros(len(phases))
    distance = (markers[None, :] - phases[:, None] + period_s / 2) % period_s - period_s / 2
    return np.minimum(np.abs(distance), most_s).mean(axis=1)


def _fit_constant(markers: list[float], accents: list[float], base_bpm: float) -> tuple[list[Anchor], float] | None:
    import numpy as np

    times, strong = np.asarray(markers, dtype=np.float64), np.asarray(accents, dtype=np.float64)
    best: tuple[float, float, float] | None = None
    for step in np.linspace(-1, 1, 97):
        period = 60 / (base_bpm * (1 + BASE_RANGE) ** step)
        phases = _phases(times if len(times) else strong, period)
        start = np.minimum(phases, period - phases) / period  # beats between the start and the nearest beat
        heard = _phase_errors(strong, phases, period, most_s=0.1 * period) / (0.1 * period)
        fits = _phase_errors(times, phases, period) <= CONSTANT_TOLERANCE_S
        cost = (1.5 * step) ** 2 + 16 * start**2 + 2 * heard + np.where(fits, 0, np.inf)
        if not len(times):
            # without cuts nothing forces the first beat away from the start
            cost = (1.5 * step) ** 2 + 4 * start**2 + 2 * heard
        index = int(np.argmin(cost))
        if math.isfinite(cost[index]) and (best is None or cost[index] < best[0]):
            best = (float(cost[index]), 60 / period, float(phases[index]))
    if best is None:
        return None
    return _count_beats(times, best[1], best[2]) if len(times) else ([Anchor(best[2], 0.0)], best[1])


def _count_beats(times: np.ndarray, bpm: float, phase_s: float) -> tuple[list[Anchor], float] | None:
    # bend the beats onto the markers; two markers on one beat mean that the constant tempo does not fit
    import numpy as np

    counts = np.round((times - phase_s) * bpm / 60)
    if np.any(np.diff(counts) < 1):
        return None
    moments = [Anchor(float(t), float(c)) for t, c in zip(times, counts, strict=True)]
    if abs(phase_s) * bpm / 60 < 1e-9 and counts[0] >= 1:
        moments.insert(0, Anchor(0.0, 0.0))
    if len(moments) > 1:
        slope = np.polyfit([m.count for m in moments], [m.time_s for m in moments], 1)[0]
        bpm = 60 / float(slope)
    return moments, bpm
