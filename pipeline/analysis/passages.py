"""What lasts or changes without a blow: things that slide or roll along, and things that are suddenly there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.analysis.motion import spans
from pipeline.records import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.analysis.motion import MotionFeatures

# slower than this, short sides per second, nothing rubs or rolls audibly
SLIDE_SPEED = 0.12
# shorter is a gesture
SLIDE_S = 0.5
# cosine between the headings of neighbouring steps: what slides or rolls keeps its way, a waving hand does not
SLIDE_STRAIGHT = 0.8
# code values by which the six strongest cells must change at once
APPEAR_LEVELS = 30.0
# a change this much larger than those within `APPEAR_S` on either side is sudden; movement changes again and again
APPEAR_RATIO = 4.0
APPEAR_S = 0.3


def slides(features: MotionFeatures, *, cuts_s: tuple[float, ...] = ()) -> tuple[Event, ...]:
    """Steady movement one way, camera taken out; `time_s` is its start and `length_s` how long it lasts.

    Whether it slides, rolls or flies is not seen here: the words, or the sound editor, decide.
    """
    pairs = features.pairs
    if pairs["start_s"].size < 3:
        return ()
    across, along = pairs["drift_x"], pairs["drift_y"]
    speed = np.hypot(across, along)
    moving = (speed >= SLIDE_SPEED) & ~spans(pairs, cuts_s)
    inner = across[1:] * across[:-1] + along[1:] * along[:-1]
    straight = np.concatenate([[True], inner >= SLIDE_STRAIGHT * speed[1:] * speed[:-1]])
    found = []
    for first, last in _runs(moving, straight):
        length_s = float(pairs["end_s"][last] - pairs["start_s"][first])
        if length_s >= SLIDE_S:
            found.append(_slide(features, speed, first, last, length_s))
    return tuple(found)


def appearances(features: MotionFeatures, *, cuts_s: tuple[float, ...] = ()) -> tuple[Event, ...]:
    """Moments at which part of the picture becomes another at once and stays so, without movement before or after."""
    pairs = features.pairs
    if pairs["start_s"].size < 3:
        return ()
    change = np.where(spans(pairs, cuts_s) | (pairs["valid"] == 0), 0.0, pairs["change_top"])
    end_s = pairs["end_s"]
    found = []
    for i in np.flatnonzero(change >= APPEAR_LEVELS):
        near = (end_s >= end_s[i] - APPEAR_S) & (pairs["start_s"] <= end_s[i] + APPEAR_S)
        near[i] = False
        around = change[near]
        # half the picture at once is a cut or a flash, and has its own detector
        if (
            around.size >= 2
            and change[i] >= APPEAR_RATIO * around.max()
            and pairs["change_median"][i] < APPEAR_LEVELS / 4
        ):
            found.append(
                Event(
                    time_s=float(end_s[i]),
                    kind="appearance",
                    confidence=float(0.6 * change[i] / (change[i] + 2 * APPEAR_LEVELS)),
                    x=float(pairs["fast_x"][i]),
                    y=float(pairs["fast_y"][i]),
                    extent=float(pairs["fast_extent"][i]),
                )
            )
    return tuple(found)


def _runs(moving: NDArray[np.bool_], straight: NDArray[np.bool_]) -> list[tuple[int, int]]:
    # first and last pair of each run that moves on without turning
    runs: list[tuple[int, int]] = []
    start = None
    for i in range(moving.size):
        if start is not None and not (moving[i] and straight[i]):
            runs.append((start, i - 1))
            start = None
        if start is None and moving[i]:
            start = i
    return [*runs, (start, moving.size - 1)] if start is not None else runs


def _slide(features: MotionFeatures, speed: NDArray[np.float64], first: int, last: int, length_s: float) -> Event:
    pairs, run = features.pairs, slice(first, last + 1)
    mean = float(speed[run].mean())
    steady = 1.0 / (1.0 + float(speed[run].std()) / mean)
    return Event(
        time_s=float(pairs["start_s"][first]),
        kind="slide",
        confidence=min(0.9, steady * length_s / (length_s + SLIDE_S)),
        x=float(np.average(pairs["centre_x"][run], weights=speed[run])),
        y=float(np.average(pairs["centre_y"][run], weights=speed[run])),
        extent=float(pairs["fast_extent"][run].mean()),
        speed=mean * features.heights_per_short_side,
        length_s=length_s,
        guess="slide",
    )
