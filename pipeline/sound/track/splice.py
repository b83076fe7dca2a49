"""Samples of a cut track: beats copied, lengthened or shortened by splices that leave attacks alone, joined unheard."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.sound.recordings.play import read_resampled

# of a join: blended over this, ending this long before the downbeat, so that its attack is heard whole
BLEND_S, GUARD_S = 0.025, 0.008
# shortest blend, for a bar at the very start of a file
LEAST_BLEND_S = 0.003
# power of what comes before the attack against what is left, below which it is a hole
SILENT_BEFORE = 0.01
# how far a join may move to bring both sides into step, and how alike they must be for it
ALIGN_S, ALIKE = 0.006, 0.5
# a tone is like itself a period away as well: what lies far off must be so much more alike
FAR_COST = 0.3
# of a splice: blended over this; error that waits for the next beat; how far its length may be off to sound better
SPLICE_S, WAIT_S, LOOSE_S = 0.012, 0.004, 0.006
# attacks lie at the beginning and before the end of a beat
SPLICE_FROM, SPLICE_TO = 0.3, 0.88
_SPLICE_STEP_S = 0.008
_CHUNKS = 8

Read = Callable[[int, int], np.ndarray]


class Reader:
    """Any part of an open track in samples of the output; a few seconds are kept."""

    def __init__(self, sound: Any, sample_rate_hz: int) -> None:
        self._sound, self._rate = sound, sample_rate_hz
        self._end = sound.frames / sound.samplerate
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def __call__(self, start: int, count: int) -> np.ndarray:
        """float32 [2, count]; silence outside the track."""
        first, last = start // self._rate, (start + count - 1) // self._rate
        joined = np.concatenate([self._chunk(index) for index in range(first, last + 1)], axis=1)
        return joined[:, start - first * self._rate :][:, :count]

    def _chunk(self, index: int) -> np.ndarray:
        if not -1 <= index <= self._end + 1:
            return np.zeros((2, self._rate), np.float32)
        if index not in self._kept:
            rate = self._rate
            self._kept[index] = read_resampled(self._sound, index * rate, rate, self._sound.samplerate, rate)
        self._kept.move_to_end(index)
        while len(self._kept) > _CHUNKS:
            self._kept.popitem(last=False)
        return self._kept[index]


def beat_of_length(
    read: Read, start: int, count: int, excess: int, *, exact: bool, rate_hz: int
) -> tuple[np.ndarray, int]:
    """One beat, longer or shorter than it is.

    Parameters
    ----------
    start : int
        First sample of the beat in the track.
    count : int
        Samples wanted.
    excess : int
        How many more samples are wanted than the beat has; negative for fewer.
    exact : bool
        The next beat must begin to the sample; else a little error may wait for it.

    Returns
    -------
    sound : float32 [2, count]
    end : int
        Sample of the track at which to go on.
    """
    if excess == 0 or (not exact and abs(excess) < WAIT_S * rate_hz):
        return read(start, count), start + count
    blend = round(SPLICE_S * rate_hz)
    loose = 0 if exact else round(LOOSE_S * rate_hz)
    reach = abs(excess) + loose
    around = read(start - reach, count + 2 * reach + blend)
    place, lag = _splice_point(around.mean(axis=0), reach, count, excess, loose, blend, rate_hz)
    rise = _rise(blend)
    old = around[:, reach : reach + count]
    new = around[:, reach - lag : reach - lag + count]
    sound = np.concatenate([old[:, :place], new[:, place:]], axis=1)
    sound[:, place : place + blend] = _blend(old[:, place : place + blend], new[:, place : place + blend], rise)
    return sound, start + count - lag


def _splice_point(
    mono: np.ndarray, origin: int, count: int, excess: int, loose: int, blend: int, rate_hz: int
) -> tuple[int, int]:
    # (place, lag) where the sound is most like itself a lag away, and calm
    step = max(round(_SPLICE_STEP_S * rate_hz), 1)
    first, last = round(SPLICE_FROM * count), max(round(SPLICE_TO * count) - blend, round(SPLICE_FROM * count) + 1)
    best = (-math.inf, first, excess)
    for place in range(first, last, step):
        one = mono[origin + place : origin + place + blend]
        # element i of the window belongs to lag excess + loose - i
        window = mono[origin + place - excess - loose : origin + place - excess + loose + blend]
        alike = _likeness(one, window)
        index = int(alike.argmax())
        half = blend // 2
        loud = np.log((one[half:] ** 2).mean() + 1e-9) - np.log((one[:half] ** 2).mean() + 1e-9)
        best = max(best, (float(alike[index]) - 0.15 * abs(loud), place, excess + loose - index))
    return best[1], best[2]


def align(read: Read, left_at: int, came_from: int, *, rate_hz: int) -> int:
    """By how many samples the right side of a join must move to be in step with what it replaces.

    Parameters
    ----------
    left_at, came_from : int
        Samples of the track: where the left side stops, and where the right side begins.
    """
    reach, span = round(ALIGN_S * rate_hz), round(0.12 * rate_hz)
    one = _sharp(read(left_at - span // 4, span))
    window = _sharp(read(came_from - span // 4 - reach, span + 2 * reach))
    alike = _likeness(one, window)
    alike = alike - FAR_COST * np.abs(np.arange(len(alike)) - reach) / reach
    best = int(alike.argmax())
    return best - reach if alike[best] >= ALIKE else 0


def join(sound: np.ndarray, read: Read, came_from: int, *, rate_hz: int) -> np.ndarray:
    """The end of a beat led over into what comes before another place of the track, float32 [2, n]."""
    guard, blend = round(GUARD_S * rate_hz), round(BLEND_S * rate_hz)
    before = read(came_from - guard - blend, guard + blend)
    here = sound[:, sound.shape[1] - guard - blend :]
    if came_from < guard + blend or (before**2).mean() < SILENT_BEFORE * (here**2).mean():
        # nothing comes before the attack, as at the start of a file: what is there is held until it
        guard, blend = 0, round(LEAST_BLEND_S * rate_hz)
    blend = min(blend, sound.shape[1] // 4)
    total = guard + blend
    coming = read(came_from - total, total)
    sound = sound.copy()
    leaving = sound[:, sound.shape[1] - total :].copy()
    sound[:, sound.shape[1] - total :] = coming
    place = sound.shape[1] - total
    sound[:, place : place + blend] = _blend(leaving[:, :blend], coming[:, :blend], _rise(blend))
    return sound


def _blend(old: np.ndarray, new: np.ndarray, rise: np.ndarray) -> np.ndarray:
    # equal power for what is not alike, equal level for what is, and between the two by how alike they are
    power = math.sqrt(float((old**2).sum()) * float((new**2).sum()))
    alike = float((old * new).sum()) / power if power > 0 else 0.0
    alike = min(max(alike, 0.0), 1.0)
    fall = rise[::-1]
    level = np.sqrt(fall**2 + rise**2 + 2 * alike * fall * rise)
    return ((fall * old + rise * new) / level).astype(np.float32)


def _rise(count: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / count)).astype(np.float32)


def _sharp(stereo: np.ndarray) -> np.ndarray:
    mono = stereo.mean(axis=0)
    return np.diff(mono, prepend=mono[:1]) + 0.05 * mono


def _likeness(one: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Normalised correlation of a piece with every place of a longer window."""
    from scipy.signal import correlate

    one, window = one.astype(np.float64), window.astype(np.float64)
    products = correlate(window, one, mode="valid")
    sums = np.concatenate([[0], np.cumsum(window**2)])
    power = np.maximum(sums[len(one) :] - sums[: len(sums) - len(one)], 0)
    return products / (np.sqrt(power * (one**2).sum()) + 1e-9)
