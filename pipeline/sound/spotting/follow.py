"""Following the picture: levels and pans along a sound from movement, and the moments at which movement begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.sound.spotting.session import OPENING_S, WIDEST_PAN, any_near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.records import Analysis, Region
    from pipeline.sound.spotting.session import Session

# points of an automation: never closer than this (faster is roughness, not movement), never more than a person can edit
STEP_S, BED_STEP_S = 0.2, 0.5
MOST_POINTS = 120
# picture heights per second under which nothing moves that one would hear
STILL = 0.01
# a change of level smaller than this is not worth a curve, dB
_FLAT_DB = 1.5
# onsets of movement: rate of the grid, time the rise is looked for, least rise as a share of the clip's strong movement
_GRID_S, _RISE_S, _LEAST_RISE, _GAP_S = 0.04, 0.24, 0.25, 0.5
# movement goes on through rests this short; a run is no shorter than this, and this share of the clip's strong movement
_REST_S, _RUN_S, _MOVING_SHARE = 0.7, 0.8, 0.3

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Curves:
    """Movement of a clip as arrays; times of `Analysis.motion` and of `Analysis.regions`."""

    times_s: NDArray[Any]
    energy: NDArray[Any]
    camera: NDArray[Any]
    centre_x: NDArray[Any]
    region_times_s: NDArray[Any]
    # [regions, times]
    region_energy: NDArray[Any]
    regions: tuple[Region, ...]

    @classmethod
    def of(cls, analysis: Analysis) -> Curves:
        """Take the curves out of an analysis."""
        motion, regions = analysis.motion, analysis.regions
        times_s = np.asarray(regions[0].times_s if regions else (), float)
        return cls(
            times_s=np.asarray(motion.times_s, float),
            energy=np.asarray(motion.energy, float),
            camera=np.asarray(motion.camera, float),
            centre_x=np.asarray(motion.centre_x, float),
            region_times_s=times_s,
            region_energy=np.asarray([region.energy for region in regions], float).reshape(len(regions), times_s.size),
            regions=regions,
        )

    @property
    def top(self) -> float:
        """Strong movement of this clip, picture heights per second."""
        return float(np.percentile(self.energy, 90)) if self.energy.size > 1 else 0.0

    def between(self, start_s: float, end_s: float) -> slice:
        """The pictures of a stretch."""
        return slice(*np.searchsorted(self.times_s, (start_s, end_s)).tolist())

    def x_at(self, time_s: float) -> float:
        """Centre of the movement at a time, 0..1."""
        return float(np.interp(time_s, self.times_s, self.centre_x)) if self.times_s.size else 0.5

    def near(self, x: float, y: float) -> tuple[NDArray[Any], NDArray[Any]]:
        """Times and energy of the part of the picture a place lies in; of the whole picture without parts."""
        for index, region in enumerate(self.regions):
            x0, y0, x1, y1 = region.box
            if x0 <= x <= x1 and y0 <= y <= y1:
                return self.region_times_s, self.region_energy[index]
        return self.times_s, self.energy

    def half(self, *, lower: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        """Times and energy of what moves everywhere in a half of the picture, as wind and water do, if it has parts.

        The median of the parts: somebody who crosses one of them does not count.
        """
        inside = [i for i, region in enumerate(self.regions) if (region.box[1] + region.box[3] > 1) == lower]
        if not inside:
            return np.zeros(0), np.zeros(0)
        return self.region_times_s, np.median(self.region_energy[inside], axis=0)


@dataclass(frozen=True)
class Moment:
    """When something happens, without saying what."""

    time_s: float
    # 0..1
    strength: float
    x: float
    # for the reason of a cue, e.g. "a movement begins"
    seen: str


def moments(session: Session) -> tuple[Moment, ...]:
    """Appearances and beginnings of movement, strongest first."""
    seen = [
        Moment(event.time_s, event.confidence, event.x, "something appears")
        for event in session.events("appearance", least=0.3)
    ]
    starts_s = [shot.start_s for shot in session.analysis.shots]
    seen += [
        moment for moment in _turns(session.curves, rising=True) if not any_near(starts_s, moment.time_s, OPENING_S)
    ]
    return tuple(sorted(seen, key=lambda moment: (-moment.strength, moment.time_s)))


def sampled(
    times_s: NDArray[Any], values: NDArray[Any], *, start_s: float, end_s: float, step_s: float = STEP_S
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Means of a curve around evenly spaced points of a stretch.

    Returns
    -------
    points_s : float64 [points]
        From the start of the stretch, at least `step_s` apart and at most `MOST_POINTS`.
    means : float64 [points]
        Empty when nothing was measured in the stretch.
    """
    step_s = max(step_s, (end_s - start_s) / (MOST_POINTS - 2))
    points_s = np.arange(0.0, end_s - start_s + 0.5 * step_s, step_s)
    inside = slice(*np.searchsorted(times_s, (start_s, end_s)))
    if times_s[inside].size == 0:
        return points_s, np.zeros(0)
    slot = np.clip(np.round((times_s[inside] - start_s) / step_s).astype(int), 0, len(points_s) - 1)
    counts = np.bincount(slot, minlength=len(points_s))
    means = np.bincount(slot, weights=values[inside], minlength=len(points_s)) / np.maximum(counts, 1)
    return points_s, np.interp(points_s, points_s[counts > 0], means[counts > 0])


def follow_level(
    times_s: NDArray[Any],
    energy: NDArray[Any],
    *,
    start_s: float,
    end_s: float,
    range_db: tuple[float, float],
    top: float | None = None,
    step_s: float = STEP_S,
    rest: float = 1e-4,
) -> Points:
    """Level points (seconds from `start_s`, dB) of a sound that gets louder with the movement.

    Parameters
    ----------
    range_db : tuple of float
        Level at rest and level at `top`.
    top : float, optional
        Energy that gets the full level; by default the stretch's own 90th percentile.
    rest : float
        Energy at which nothing moves yet.

    Returns
    -------
    tuple of (seconds, dB)
        Empty where nothing moves, or where the level would hardly change.
    """
    points_s, means = sampled(times_s, energy, start_s=start_s, end_s=end_s, step_s=step_s)
    if not means.size:
        return ()
    top = float(np.percentile(means, 90)) if top is None else top
    if top <= rest:
        return ()
    low, high = range_db
    # the root lifts small movement, as the ear does
    levels_db = low + (high - low) * np.sqrt(np.clip(means / top, 0, 1))
    if np.ptp(levels_db) < _FLAT_DB:
        return ()
    return tuple((round(float(t), 3), round(float(level), 2)) for t, level in zip(points_s, levels_db, strict=True))


def follow_pan(curves: Curves, *, start_s: float, end_s: float) -> Points:
    """Pan points of a sound that moves with the centre of the movement; empty when it stays where it is."""
    inside = curves.between(start_s, end_s)
    # where little moves its centre jumps about: it keeps the place where more moved
    weight = np.maximum(curves.energy[inside], 1e-6) ** 2
    times_s = curves.times_s[inside]
    points_s, moved = sampled(times_s, weight * curves.centre_x[inside], start_s=start_s, end_s=end_s)
    _, total = sampled(times_s, weight, start_s=start_s, end_s=end_s)
    if not moved.size:
        return ()
    total, moved = (np.convolve(np.pad(values, 2, mode="edge"), np.ones(5) / 5, "valid") for values in (total, moved))
    pans = np.clip(WIDEST_PAN * (2 * moved / total - 1), -WIDEST_PAN, WIDEST_PAN)
    if np.ptp(pans) < 0.1:
        return ()
    return tuple((round(float(t), 3), round(float(pan), 2)) for t, pan in zip(points_s, pans, strict=True))


def centre_of(curves: Curves, *, start_s: float, end_s: float) -> float:
    """Where across the picture most moves in a stretch, 0..1."""
    inside = curves.between(start_s, end_s)
    weight = np.maximum(curves.energy[inside], 1e-6)
    return float(np.average(curves.centre_x[inside], weights=weight)) if weight.size else 0.5


def moving_runs(session: Session, *, least: float = STILL, share: float = _MOVING_SHARE) -> list[tuple[float, float]]:
    """Stretches of the shots in which something moves, at least `_RUN_S` long; short rests do not end one.

    Parameters
    ----------
    least : float
        Picture heights per second that count as movement.
    share : float
        Share of the clip's strong movement that counts as movement.
    """
    curves = session.curves
    least = max(least, share * curves.top)
    runs: list[tuple[float, float]] = []
    for shot in session.analysis.shots:
        inside = curves.between(shot.start_s, shot.end_s)
        times_s = curves.times_s[inside][curves.energy[inside] >= least]
        if not times_s.size:
            continue
        breaks = np.flatnonzero(np.diff(times_s) > _REST_S)
        starts = times_s[np.concatenate([[0], breaks + 1])]
        ends = times_s[np.concatenate([breaks, [-1]])]
        runs += [(float(a), float(b)) for a, b in zip(starts, ends, strict=True) if b - a >= _RUN_S]
    return runs


def stops(session: Session) -> tuple[Moment, ...]:
    """Ends of movement, in order of time: where a blow falls that nothing else shows."""
    starts_s = [shot.start_s for shot in session.analysis.shots]
    found = _turns(session.curves, rising=False)
    return tuple(moment for moment in found if not any_near(starts_s, moment.time_s, OPENING_S))


def _turns(curves: Curves, *, rising: bool) -> list[Moment]:
    # rises of the movement against what it was a quarter of a second before, or falls to what it is that much later
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    if curves.top <= STILL:
        return []
    grid_s = np.arange(curves.times_s[0], curves.times_s[-1] + 1e-9, _GRID_S)
    energy = uniform_filter1d(np.interp(grid_s, curves.times_s, curves.energy), 3)
    lag = round(_RISE_S / _GRID_S)
    if energy.size <= 2 * lag:
        return []
    change = np.zeros_like(energy)
    difference = (energy[lag:] - energy[:-lag]) / curves.top
    if rising:
        change[lag:] = difference
    else:
        change[:-lag] = -difference
    peak = (change == maximum_filter1d(change, 2 * round(_GAP_S / _GRID_S) + 1)) & (change >= _LEAST_RISE)
    # of a plateau only its first moment
    places = np.flatnonzero(peak)
    places = places[np.diff(places, prepend=-places.size - energy.size) > round(_GAP_S / _GRID_S)]
    # half the lag lies before the middle of a rise, and behind that of a fall
    shift_s = -_RISE_S / 2 if rising else _RISE_S / 2
    return [
        Moment(
            time_s=float(grid_s[i] + shift_s),
            strength=float(min(change[i], 1.0)),
            x=float(np.interp(grid_s[i], curves.times_s, curves.centre_x)),
            seen="a movement begins" if rising else "a movement ends",
        )
        for i in places
    ]
