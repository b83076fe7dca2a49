"""Segments of a sound: which stretch carries which id, so that splices and foreign inserts show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.records import MarkReading, MarkSegment
from pipeline.watermark.sound import tile
from pipeline.watermark.sound.cells import CELL_S
from pipeline.watermark.sound.evidence import STEPS, fold
from pipeline.watermark.sound.judgement import judge
from pipeline.watermark.sound.masking import silence_power
from pipeline.watermark.sound.search import TRIES_PER_FOLD, Match, Warp
from pipeline.watermark.sound.tile import LENGTH, SoundPatterns, SoundPeak

STEPS_PER_S = round(STEPS / CELL_S)
# An id is looked for in the whole and in parts of this many seconds, half overlapping: four tiles and two. It takes one
# tile of 3 s to read an id at all, so shorter stretches are not told apart.
PARTS_S = (12, 6)
# Once an id is read its whole pattern is known, and shorter blocks than a tile tell whether it is there.
BLOCK_S = 1
# A stretch must differ for this long to be reported: one tile.
LEAST_S = LENGTH * CELL_S
# natural logarithm of odds: what a change costs at least, so that a weak mark is not torn into shreds
LEAST_CHANGE_COST = 6.0
# A mark is not equally strong throughout: blocks that score a third of a strong one still carry it.
MOST_MEAN = 3.0
# of a lay's mean score: from here on it fills a part
KNOWN_SHARE = 0.8


@dataclass(frozen=True)
class Lay:
    """An id that was read in a part of a sound."""

    reading: MarkReading
    # correlation of every block with the whole pattern, in standard deviations; float [blocks]
    scores: np.ndarray
    # its mean over the part that the id was read in
    mean: float


def find_lays(found: np.ndarray, patterns: SoundPatterns, warp: Warp, *, windows: int) -> list[Lay]:
    """Read every part of a window.

    Parameters
    ----------
    found : float32 [steps, 32]
        Evidence with the pitch undone.
    windows : int
        How many windows have a claim on the same chance.
    """
    parts = list(_parts(len(found)))
    tries = windows * len(parts) * TRIES_PER_FOLD * len(patterns)
    lays: list[Lay] = []
    for start, end in parts:
        blocks = slice(start // _BLOCK, max(end // _BLOCK, start // _BLOCK + 1))
        # what is known to run through here need not be decoded again
        if any(lay.scores[blocks].mean() > lay.mean * KNOWN_SHARE for lay in lays):
            continue
        tiles = fold(found[start:end], warp.tempo)
        peak = tile.find_sync(patterns, tiles)
        reading = judge(Match(warp, peak, tiles), patterns, tries=tries)
        if reading.payload is not None:
            scores = _scores(found, _tile(reading, patterns, peak), peak, start=start, tempo=warp.tempo)
            lays.append(Lay(reading, scores, float(scores[blocks].mean())))
    return lays


def quiet_blocks(power: np.ndarray, *, frame_samples: int) -> np.ndarray:
    """bool [blocks]: where a sound, float32 [steps, bins], is too quiet to carry a mark or to miss one."""
    loudness = power.sum(axis=1)
    quiet = loudness < silence_power(frame_samples)
    return np.logical_and.reduceat(quiet, np.arange(0, len(quiet), _BLOCK))


def label(lays: Sequence[Lay], quiet: np.ndarray) -> list[MarkReading | None]:
    """Which lay each block carries; the likeliest course with a cost for every change (Viterbi).

    A block that carries a lay scores about its mean, any other about zero, both with a deviation of one. Blocks that
    are `quiet` say nothing: they go with their neighbours.
    """
    blocks = len(quiet)
    means = np.array([0.0, *(min(lay.mean, MOST_MEAN) for lay in lays)])
    scores = np.stack([np.zeros(blocks), *(lay.scores for lay in lays)])
    odds = np.where(quiet, 0, means[:, None] * scores - means[:, None] ** 2 / 2)
    # leaving and coming back costs as much as a tile's worth of blocks that do not carry the lay
    cost = np.maximum(LEAST_S / BLOCK_S * means**2 / 4, LEAST_CHANGE_COST)
    cost[0] = 0
    change = (cost[:, None] + cost[None, :]) * (1 - np.eye(len(means)))
    total, came = odds[:, 0], []
    for block in range(1, blocks):
        ways = total[:, None] - change
        came.append(ways.argmax(axis=0))
        total = ways.max(axis=0) + odds[:, block]
    state = int(total.argmax())
    states = [state]
    for step in reversed(came):
        state = int(step[state])
        states.append(state)
    return [lays[state - 1].reading if state else None for state in reversed(states)]


def join(segments: Sequence[MarkSegment]) -> tuple[MarkSegment, ...]:
    """Neighbours that say the same become one."""
    joined: list[MarkSegment] = []
    for segment in segments:
        last = joined[-1] if joined else None
        if last and (last.state, last.payload, last.key_id) == (segment.state, segment.payload, segment.key_id):
            joined[-1] = replace(last, end_s=segment.end_s, z=max(last.z, segment.z))
        else:
            joined.append(segment)
    return tuple(joined)


_BLOCK = BLOCK_S * STEPS_PER_S


def _parts(steps: int) -> Iterator[tuple[int, int]]:
    yield 0, steps
    for part in (seconds * STEPS_PER_S for seconds in PARTS_S):
        if part < steps:
            starts = [*range(0, steps - part, part // 2), steps - part]
            yield from ((start, start + part) for start in starts)


def _tile(reading: MarkReading, patterns: SoundPatterns, peak: SoundPeak) -> np.ndarray:
    assert reading.payload is not None
    key_index = peak.pattern // tile.VARIANTS
    return tile.sound_tile(patterns, reading.payload, key_index=key_index)


def _scores(found: np.ndarray, tile: np.ndarray, peak: SoundPeak, *, start: int, tempo: float) -> np.ndarray:
    """Correlation of each block with a tile whose place is known; `start` is where that place counts from."""
    cells = np.arange(-int(start * tempo) // STEPS + 1, int((len(found) - start) * tempo) // STEPS)
    steps = np.clip(np.rint(start + (peak.phase + STEPS * cells) / tempo).astype(int), 0, len(found) - 1)
    rows = found[steps].astype(np.float64)
    products = (rows * tile[(cells - peak.shift) % LENGTH]).sum(axis=1)
    count = -(-len(found) // _BLOCK)
    power = np.bincount(steps // _BLOCK, weights=np.square(rows).sum(axis=1), minlength=count)
    sums = np.bincount(steps // _BLOCK, weights=products, minlength=count)
    return sums / np.sqrt(np.where(power > 0, power, np.inf))
