"""Beats and bar lines between the moments that a tempo map has to meet."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

BEATS_PER_BAR = 4
# a beat is split on this grid of quarter notes where two cuts follow each other closely; MIDI and notation know it
SPLIT_GRID = 1 / 16
# no bar is shorter, in quarter notes: what is left before a turn joins the bar before
SHORTEST_BAR = 1.5
# a marker nearer than this to a beat lies on it
ON_BEAT_S = 1e-4


@dataclass(frozen=True)
class Anchor:
    """A moment whose count of quarter notes from the first anchor is decided."""

    time_s: float
    count: float


def lay_beats(anchors: Sequence[Anchor], duration_s: float, bpm: float) -> tuple[list[float], list[float]]:
    """Beats through the anchors and on to both ends of the piece, s, and the quarter notes each counts."""
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
    return [*before, *beats, *after], [*[1.0] * head, *units, *[1.0] * tail]


def split_at(
    beats: Sequence[float], units: Sequence[float], moments: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Split beats at moments inside them, on the grid of sixteenths of a beat that bends the tempo least."""
    times, counts = list(beats), list(units)
    for moment in moments:
        after = bisect_right(times, moment)
        start, end, unit = times[after - 1], times[after], counts[after - 1]
        if min(moment - start, end - moment) <= ON_BEAT_S:
            continue
        first = _part(unit, (moment - start) / (end - start))
        times.insert(after, moment)
        counts[after - 1 : after] = [first, unit - first]
    return times, counts


def _part(unit: float, share: float) -> float:
    # the part of a beat before a split; a beat that the grid cannot split is halved
    choices = [SPLIT_GRID * n for n in range(1, math.ceil(unit / SPLIT_GRID))]
    if not choices:
        return unit / 2

    def bend(part: float) -> float:
        return max(abs(math.log(part / (unit * share))), abs(math.log((unit - part) / (unit * (1 - share)))))

    return min(choices, key=bend)


def downbeats(beats: Sequence[float], units: Sequence[float], markers: Sequence[float]) -> tuple[int, ...]:
    """Indices of the beats that begin a bar: every marker's, unless the bar before it would be shorter than 1.5."""
    positions = [0.0]
    for unit in units:
        positions.append(positions[-1] + unit)
    turns = [0]
    for marker in markers:
        index = bisect_left(beats, marker - ON_BEAT_S)
        is_met = index < len(beats) and abs(beats[index] - marker) <= ON_BEAT_S
        if is_met and positions[index] - positions[turns[-1]] >= SHORTEST_BAR:
            turns.append(index)
    result: list[int] = []
    for start, end in zip(turns, [*turns[1:], len(beats) - 1], strict=True):
        result += _bars(positions, start, end)
    return tuple(result)


def _bars(positions: Sequence[float], start: int, end: int) -> list[int]:
    # bars of four; what is left goes before the turn, and never as a bar of one
    bars = [start]
    for index in range(start + 1, end):
        if positions[index] - positions[bars[-1]] >= BEATS_PER_BAR - 1e-9:
            bars.append(index)
    if len(bars) > 1 and positions[end] - positions[bars[-1]] < SHORTEST_BAR:
        whole = [i for i in range(bars[-2] + 1, end) if positions[end] - positions[i] >= SHORTEST_BAR]
        bars[-1] = whole[-1]
    return bars
