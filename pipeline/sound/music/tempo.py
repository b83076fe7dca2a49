"""Tempo map: a run of beats that meets given moments of the picture (markers)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# below this, two cuts cannot be told apart as musical events; the later one is left out
MIN_MARKER_GAP_S = 0.25
# a constant tempo is kept when it misses the markers by no more than this on average (design: sound.md)
CONSTANT_TOLERANCE_S = 0.020
# a listener accepts this much tempo drift as expression (design: sound.md)
MAX_DEVIATION = 0.06
# how far the base tempo may move from the one wished for
BASE_RANGE = 0.12
# costs of a short beat before a marker (a 7/8 or a 15/16 bar), in squared 6 % deviations
SHORT_BEAT_COST = {1.0: 0.0, 0.5: 0.6, 0.25: 3.0}
BEATS_PER_BAR = 4


@dataclass(frozen=True)
class TempoMap:
    """Beats of a piece; between two beats the tempo is constant."""

    base_bpm: float
    # first at or before 0, last at or after the end
    beats_s: tuple[float, ...]
    # quarter notes each beat counts: 1, or a half or a quarter for a short beat before a marker
    units: tuple[float, ...]
    # indices of beats that begin a bar
    downbeats: tuple[int, ...]

    @property
    def bpm(self) -> tuple[float, ...]:
        """Local tempo of every beat."""
        spans = zip(self.beats_s, self.beats_s[1:], self.units, strict=False)
        return tuple(60 * unit / (end - start) for start, end, unit in spans)


@dataclass(frozen=True)
class _Anchor:
    """A moment whose count of quarter notes from the first anchor is decided."""

    time_s: float
    count: float


def plan_tempo(markers_s: Iterable[float], *, duration_s: float, base_bpm: float) -> TempoMap:
    """Lay beats so that markers fall on them.

    A constant tempo is tried first. When it meets the markers within 20 ms on average, its beats are bent by those
    few milliseconds and nothing else changes. Otherwise a dynamic programme chooses how many quarter notes lie between
    neighbouring markers, so that the tempo stays within 6 % of one base tempo; where whole beats do not fit, the last
    beat before a marker is shortened (a 7/8 bar), as film composers do. Only markers closer together than about eight
    quarter beats can force a larger deviation.

    Parameters
    ----------
    markers_s : iterable of float
        Moments in seconds from the start; those outside the piece or closer than 0.25 s to an earlier one are ignored.
    duration_s : float
        Length of the piece, s.
    base_bpm : float
        Wished tempo; the base of the result lies within 12 % of it.

    Raises
    ------
    ValueError
        When length or tempo is not a positive finite number.
    """
    if not (math.isfinite(duration_s) and duration_s > 0 and math.isfinite(base_bpm) and base_bpm > 0):
        raise ValueError(f"length and tempo must be positive, not {duration_s!r} s and {base_bpm!r} BPM")
    markers = usable_markers(markers_s, duration_s=duration_s)
    if not markers:
        return _lay_beats([_Anchor(0.0, 0.0)], [], duration_s, base_bpm)
    constant = _fit_constant(markers, base_bpm)
    anchors, bpm = constant if constant is not None else _fit_map(markers, base_bpm)
    return _lay_beats(anchors, markers, duration_s, bpm)


def usable_markers(markers_s: Iterable[float], *, duration_s: float) -> list[float]:
    """Sorted markers inside the piece, none closer than 0.25 s to the one before or to the ends."""
    kept: list[float] = []
    for marker in sorted(float(m) for m in markers_s if math.isfinite(m)):
        after = kept[-1] if kept else 0.0
        if marker - after >= MIN_MARKER_GAP_S and duration_s - marker >= MIN_MARKER_GAP_S:
            kept.append(marker)
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
        phases, errors = _phase_errors(markers, 60 / bpm)
        index = int(np.argmin(errors))
        best = min(best, (float(errors[index]), float(bpm), float(phases[index])))
    return best[1], best[2], best[0]


def _phase_errors(markers: np.ndarray, period_s: float) -> tuple[np.ndarray, np.ndarray]:
    # phases worth trying: the start of the piece, the circular mean, and the first markers themselves
    import numpy as np

    turns = np.exp(2j * np.pi * markers / period_s).mean()
    mean = np.angle(turns) / (2 * np.pi) * period_s
    phases = np.concatenate([[0.0, mean], markers[:8]]) % period_s
    distance = (markers[None, :] - phases[:, None] + period_s / 2) % period_s - period_s / 2
    return phases, np.abs(distance).mean(axis=1)


def _fit_constant(markers: list[float], base_bpm: float) -> tuple[list[_Anchor], float] | None:
    import numpy as np

    times = np.asarray(markers, dtype=np.float64)
    best: tuple[float, float, float] | None = None
    for step in np.linspace(-1, 1, 97):
        bpm = base_bpm * (1 + BASE_RANGE) ** step
        phases, errors = _phase_errors(times, 60 / bpm)
        start = np.minimum(phases, 60 / bpm - phases) * bpm / 60  # beats between the start and the nearest beat
        cost = (1.5 * step) ** 2 + 16 * start**2 + np.where(errors <= CONSTANT_TOLERANCE_S, 0, np.inf)
        index = int(np.argmin(cost))
        if math.isfinite(cost[index]) and (best is None or cost[index] < best[0]):
            best = (float(cost[index]), float(bpm), float(phases[index]))
    return None if best is None else _count_beats(times, best[1], best[2])


def _count_beats(times: np.ndarray, bpm: float, phase_s: float) -> tuple[list[_Anchor], float] | None:
    # bend the beats onto the markers; two markers on one beat mean that the constant tempo does not fit
    import numpy as np

    counts = np.round((times - phase_s) * bpm / 60)
    if np.any(np.diff(counts) < 1):
        return None
    moments = [_Anchor(float(t), float(c)) for t, c in zip(times, counts, strict=True)]
    if abs(phase_s) * bpm / 60 < 1e-9 and counts[0] >= 1:
        moments.insert(0, _Anchor(0.0, 0.0))
    if len(moments) > 1:
        slope = np.polyfit([m.count for m in moments], [m.time_s for m in moments], 1)[0]
        bpm = 60 / float(slope)
    return moments, bpm


# -------------------------------------------------------------------- map
def _fit_map(markers: list[float], wished_bpm: float) -> tuple[list[_Anchor], float]:
    import numpy as np

    steps = np.linspace(-1, 1, 49)
    bases = wished_bpm * (1 + BASE_RANGE) ** steps
    gaps = np.diff(np.asarray(markers, dtype=np.float64))
    cost, choice = _best_counts(gaps, bases)
    head_cost, head = _head_counts(markers[0], bases)
    total = (cost + head_cost) / (len(gaps) + 1) + 0.5 * steps**2
    best = int(np.argmin(total))
    anchors = [_Anchor(markers[0], 0.0)]
    for marker, count in zip(markers[1:], choice[:, best], strict=True):
        anchors.append(_Anchor(marker, anchors[-1].count + float(count)))
    if head[best] > 0:
        anchors.insert(0, _Anchor(0.0, -float(head[best])))
    return anchors, float(bases[best])


def _best_counts(gaps: np.ndarray, bases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cheapest quarter-note counts between markers, for every base tempo at once (Viterbi).

    Parameters
    ----------
    gaps : float64 [gaps]
        Seconds between neighbouring markers.
    bases : float64 [bases]
        Base tempos, BPM.

    Returns
    -------
    float64 [bases], float64 [gaps, bases]
        Total cost and the counts, multiples of a quarter.
    """
    import numpy as np

    counts = np.stack([_candidates(gap * bases / 60) for gap in gaps])  # [gaps, bases, candidates]
    drift = np.log(counts * 60 / (gaps[:, None, None] * bases[None, :, None])) / math.log1p(MAX_DEVIATION)
    local = drift**2 + 20 * np.maximum(np.abs(drift) - 1, 0) ** 2 + _short_beat_cost(counts)
    total, back = local[0], []
    for index in range(1, len(gaps)):
        # a jump of tempo from one segment to the next is heard too
        jump = 0.15 * (drift[index][:, :, None] - drift[index - 1][:, None, :]) ** 2
        ways = total[:, None, :] + jump  # [bases, to, from]
        back.append(ways.argmin(axis=2))
        total = ways.min(axis=2) + local[index]
    rows = np.arange(len(bases))
    state = total.argmin(axis=1)
    chosen = [counts[-1][rows, state]]
    for index in range(len(gaps) - 2, -1, -1):
        state = back[index][rows, state]
        chosen.append(counts[index][rows, state])
    return total.min(axis=1), np.stack(chosen[::-1])


def _candidates(beats: np.ndarray) -> np.ndarray:
    # the counts just below and above, on whole, half and quarter beats: [bases, 6]
    import numpy as np

    sides = [rounding(beats / unit) * unit for unit in SHORT_BEAT_COST for rounding in (np.floor, np.ceil)]
    return np.maximum(np.stack(sides, axis=1), 0.25)


def _short_beat_cost(counts: np.ndarray) -> np.ndarray:
    import numpy as np

    half, quarter = SHORT_BEAT_COST[0.5], SHORT_BEAT_COST[0.25]
    return np.where(counts % 1 == 0, 0.0, np.where(counts % 0.5 == 0, half, quarter))


def _head_counts(first_s: float, bases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # whole beats from the start to the first marker where the tempo allows; 0: begin inside a beat
    import numpy as np

    counts = np.round(first_s * bases / 60)
    drift = np.log(np.maximum(counts, 0.1) * 60 / (first_s * bases)) / math.log1p(MAX_DEVIATION)
    fits = (np.abs(drift) <= 1) & (counts >= 1)
    return np.where(fits, drift**2, 1.0), np.where(fits, counts, 0.0)


# ------------------------------------------------------------------ beats
def _lay_beats(anchors: list[_Anchor], markers: list[float], duration_s: float, bpm: float) -> TempoMap:
    period = 60 / bpm
    beats, units = [anchors[0].time_s], []
    for left, right in zip(anchors, anchors[1:], strict=False):
        count = right.count - left.count
        steps = [1.0] * int(count) + ([count % 1] if count % 1 else [])
        position = 0.0
        for step in steps:
            position += step
            beats.append(left.time_s + (right.time_s - left.time_s) * position / count)
        beats[-1] = right.time_s
        units += steps
    head = max(0, math.ceil(beats[0] / period - 1e-9))
    tail = max(1, math.ceil((duration_s - beats[-1]) / period - 1e-9))
    before = [beats[0] - period * n for n in range(head, 0, -1)]
    after = [beats[-1] + period * n for n in range(1, tail + 1)]
    everything = (*before, *beats, *after)
    return TempoMap(
        base_bpm=bpm,
        beats_s=everything,
        units=(*[1.0] * head, *units, *[1.0] * tail),
        downbeats=_downbeats(everything, markers),
    )


def _downbeats(beats: tuple[float, ...], markers: list[float]) -> tuple[int, ...]:
    # a marker begins a bar, unless the bar before it would have a single beat
    import numpy as np

    turns, times = [0], np.asarray(beats)
    for marker in markers:
        index = int(np.argmin(np.abs(times - marker)))
        if index - turns[-1] >= 2:
            turns.append(index)
    result: list[int] = []
    for start, end in zip(turns, [*turns[1:], len(beats) - 1], strict=True):
        result += _split_bars(start, end)
    return tuple(result)


def _split_bars(start: int, end: int) -> list[int]:
    # bars of four; what is left goes before the turn, and never as a bar of one
    bars = list(range(start, end, BEATS_PER_BAR))
    if len(bars) > 1 and end - bars[-1] == 1:
        bars[-1] -= 1
    return bars
