"""Footsteps: swinging legs whose speed rises and falls at an even pace.

Both legs of a walker swing once per stride, so the fastest movement in the picture beats once per step, and dies down
when the foot is set down. The landing cue of `events` cannot be used here: a walker's body falls and rises between the
steps, and a hand turns there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.records import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.analysis.motion import MotionFeatures

# from a stroll to a run, seconds per step (Whittle, Gait Analysis, ch. 2: 90 to 180 steps a minute, and some room)
PACE_S = (0.28, 0.85)
# correlation of the speed with itself one step later: the rendered walker reaches 0.37, unrelated movement mostly 0.25
EVENNESS = 0.33
# a shorter pace wins when it is at least this share as even
OCTAVE = 0.8
# fewer than this are no pace
MIN_STEPS = 4
# share of a step within which there is no second one
GAP_SHARE = 0.6
# of the beat's root mean square; a smaller rise is somebody who stands
SWING_SHARE = 0.5
# a leg is slower than on average before its foot is down (rendered walker, exact truth)
SETTLE_S = 0.05
# nobody walks like a clock: a step may come this much early or late and still count
LOOSE_S = 0.05
# slower changes than this are the walker's way through the picture, not the legs
DRIFT_S = 1.2
GRID_HZ = 50.0


def footsteps(features: MotionFeatures, *, start_s: float, end_s: float) -> tuple[Event, ...]:
    """Steps within one shot, in order of time; none where nothing keeps a pace.

    Whether somebody walks there is not known: any limb that beats evenly gives such events, so they count only where
    the prompt speaks of walking.

    Parameters
    ----------
    features : MotionFeatures
    start_s, end_s : float
        The shot.

    Returns
    -------
    tuple of Event
        Kind "footstep"; the confidence is how even the pace is.
    """
    pairs = features.pairs
    inside = (pairs["start_s"] >= start_s - 1e-6) & (pairs["end_s"] < end_s + 1e-6)
    middle_s = ((pairs["start_s"] + pairs["end_s"]) / 2)[inside]
    if middle_s.size < 2 * MIN_STEPS:
        return ()
    grid_s, beat = _beat(middle_s, pairs["fast"][inside])
    pace_s, evenness = pace(beat)
    steps_s = _falls(grid_s, beat, gap_s=GAP_SHARE * pace_s) + SETTLE_S if pace_s else np.zeros(0)
    if steps_s.size < MIN_STEPS:
        return ()
    rows = np.flatnonzero(inside)[np.searchsorted(middle_s, steps_s).clip(max=middle_s.size - 1)]
    return tuple(
        Event(
            time_s=float(time_s),
            kind="footstep",
            confidence=min(1.0, evenness),
            x=float(pairs["fast_x"][row]),
            y=float(pairs["fast_y"][row]),
            extent=float(pairs["fast_extent"][row]),
            speed=float(pairs["fast"][row]) * features.heights_per_short_side,
        )
        for time_s, row in zip(steps_s, rows, strict=True)
        if time_s < end_s
    )


def pace(beat: NDArray[np.float64]) -> tuple[float, float]:
    """Seconds per step and how even they are (0..1) of a signal at `GRID_HZ`; both 0 where there is no pace.

    Source: normalised autocorrelation.
    """
    power = float(np.dot(beat, beat))
    lags = np.arange(round(PACE_S[0] * GRID_HZ), round(PACE_S[1] * GRID_HZ) + 1)
    lags = lags[lags < beat.size // 2]
    if not lags.size or power <= 1e-12:
        return 0.0, 0.0
    likeness = np.array([np.dot(beat[:-lag], beat[lag:]) / power * beat.size / (beat.size - lag) for lag in lags])
    # peaks only: at the edge of the range it is the flank of something slower or faster
    tops = np.flatnonzero((likeness[1:-1] >= likeness[:-2]) & (likeness[1:-1] > likeness[2:])) + 1
    if not tops.size or likeness[tops].max() < EVENNESS:
        return 0.0, 0.0
    # two steps are as alike as one, so the shortest of the good ones
    best = int(tops[likeness[tops] >= OCTAVE * likeness[tops].max()][0])
    return float(lags[best] / GRID_HZ), float(likeness[best])


def _beat(time_s: NDArray[np.float64], speed: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    grid_s = np.arange(time_s[0], time_s[-1], 1 / GRID_HZ)
    wave = np.interp(grid_s, time_s, speed)
    bell = np.exp(-(np.arange(-3, 3.01, 1 / (LOOSE_S * GRID_HZ)) ** 2) / 2)
    wave = _averaged(wave, bell)
    return grid_s, wave - _averaged(wave, np.ones(round(DRIFT_S * GRID_HZ) | 1))


def _averaged(wave: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    # at the ends the mean of what is there, not of zeros beyond it
    return _same(wave, weights) / _same(np.ones_like(wave), weights)


def _same(wave: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    half = weights.size // 2
    return np.convolve(wave, weights)[half : half + wave.size]


def _falls(time_s: NDArray[np.float64], beat: NDArray[np.float64], *, gap_s: float) -> NDArray[np.float64]:
    """Times at which the beat falls through zero after a real swing, at least `gap_s` apart."""
    found: list[float] = []
    least = SWING_SHARE * float(np.sqrt(np.mean(beat**2)))
    before = 0
    for i in np.flatnonzero((beat[:-1] > 0) & (beat[1:] <= 0)):
        swings = beat[before : i + 1].max() >= least
        before = int(i) + 1
        if swings and (not found or time_s[i + 1] - found[-1] >= gap_s):
            found.append(float(time_s[i + 1]))
    return np.array(found)
