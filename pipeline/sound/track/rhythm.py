"""Beats of the cut music: which cuts a downbeat meets, with how many beats between them, and where the music ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# a change of tempo that nobody hears, and that splicing does without a trace
MAX_STRETCH = 0.03
# costs: a stretch of 3 %, a bar cut short, one cut to a single beat, a cut that no downbeat meets
STRETCH_COST, SHORT_BAR_COST, ONE_BEAT_COST, MISS_COST = 0.4, 0.5, 0.9, 1.8
# a bar broken off in the middle of a beat (a 7/8 bar)
HALF_BEAT_COST = 0.7
# music that begins a whole beat late, and one that begins inside a bar
LATE_COST, PICKUP_COST = 0.6, 0.3
# of the end: a beat of silence, a beat of the last sound cut off
SILENCE_COST, CUT_TAIL_COST = 0.3, 0.6
# the last sound rings at least so long, or there is no room for it
MIN_RING_S, MAX_RING_SHARE = 0.8, 0.4
# how many cuts in a row may be passed over in search of one that can be met
MOST_MISSED = 24


@dataclass(frozen=True)
class Rhythm:
    """The grid of the cut music, before it is known which bars of the track fill it."""

    # of each beat, 0 for the first of a bar
    phases: tuple[int, ...]
    # how much of each beat is played: 1, or a half before a cut
    shares: tuple[float, ...]
    # beat -> time where it is fixed, s: the first beat, and those that meet a cut
    fixed_s: dict[int, float]
    # True when the last beat is the ending of the track, False when the music fades
    ends: bool


def plan_rhythm(
    markers_s: Sequence[float], *, length_s: float, beat_s: float, metre: int, ring_s: float | None
) -> Rhythm:
    """Lay a track's beats so that its downbeats meet the cuts.

    A dynamic programme over the cuts: between two that are met lies a whole number of beats, stretched by at most 3 %;
    whole bars cost nothing, a bar cut short before a cut costs something, a cut that is not met costs more.

    Parameters
    ----------
    markers_s : sequence of float
        Cuts in seconds from the start of the music, in order.
    beat_s : float
        Length of a beat of the track.
    ring_s : float or None
        How long the track's ending sounds from its last downbeat; None for a track without one.
    """
    nodes = [0.0, *markers_s]
    # cost, node before, beats since, start
    best: list[tuple[float, int, float, float]] = [(0.0, -1, 0.0, 0.0)]
    for to in range(1, len(nodes)):
        options = [
            (best[since][0] + cost + MISS_COST * (to - since - 1), since, beats, start_s)
            for since in range(max(0, to - MOST_MISSED), to)
            for cost, beats, start_s in _gaps(nodes[to] - nodes[since], beat_s, metre, is_first=since == 0)
        ]
        best.append(min(options, default=(math.inf, -1, 0.0, 0.0)))
    last = min(
        range(len(nodes)),
        key=lambda node: best[node][0] + MISS_COST * (len(nodes) - 1 - node) if node else _none(nodes),
    )
    steps = []
    node = last
    while node > 0:
        steps.append((node, *best[node][1:]))
        node = best[node][1]
    return _laid(steps[::-1], nodes, length_s=length_s, beat_s=beat_s, metre=metre, ring_s=ring_s)


def _none(nodes: list[float]) -> float:
    return MISS_COST * (len(nodes) - 1)


def _gaps(gap_s: float, beat_s: float, metre: int, *, is_first: bool) -> list[tuple[float, float, float]]:
    """(cost, beats, start) of the ways to fill a gap; only the first may begin late, and it breaks no beat off."""
    ways = []
    step = 1.0 if is_first else 0.5
    for beats in {step * math.floor(gap_s / beat_s / step), step * math.ceil(gap_s / beat_s / step)}:
        stretch = gap_s / (beats * beat_s) - 1 if beats else math.inf
        if beats >= 1 and abs(stretch) <= MAX_STRETCH:
            cost = STRETCH_COST * (stretch / MAX_STRETCH) ** 2 + _bar_cost(beats, metre, is_first)
            ways.append((cost, beats, 0.0))
    if is_first:
        beats = float(math.floor(gap_s / beat_s))
        start_s = gap_s - beats * beat_s
        # music that begins on the first cut itself leaves the picture before it silent
        ways.append((LATE_COST * start_s / beat_s + _bar_cost(beats, metre, True) + (beats == 0), beats, start_s))
    return ways


def _bar_cost(beats: float, metre: int, is_first: bool) -> float:
    left = beats % metre
    if left == 0:
        return 0.0
    if is_first:
        return PICKUP_COST
    return (HALF_BEAT_COST if left % 1 else 0.0) + (ONE_BEAT_COST if left <= 1 else SHORT_BAR_COST)


def _laid(
    steps: list[tuple[int, int, float, float]],
    nodes: list[float],
    *,
    length_s: float,
    beat_s: float,
    metre: int,
    ring_s: float | None,
) -> Rhythm:
    phases: list[int] = []
    shares: list[float] = []
    fixed: dict[int, float] = {}
    for index, (node, _, beats, start_s) in enumerate(steps):
        # a pickup counts back from its cut, a bar before another cut is broken off by it
        whole = math.ceil(beats)
        shift = -whole if index == 0 else 0
        if index == 0 and whole:
            fixed[0] = start_s
        phases += [(shift + place) % metre for place in range(whole)]
        shares += [1.0] * int(beats) + [beats % 1] * (whole - int(beats))
        fixed[len(phases)] = nodes[node]
    if not fixed:
        fixed[0] = 0.0
    last_s = nodes[steps[-1][0]] if steps else 0.0
    beats, ends = _last_gap(length_s - last_s, length_s, beat_s, metre, ring_s)
    phases += [place % metre for place in range(beats)]
    if ends:
        phases.append(0)
    shares += [1.0] * (len(phases) - len(shares))
    return Rhythm(tuple(phases), tuple(shares), fixed, ends)


def _last_gap(left_s: float, length_s: float, beat_s: float, metre: int, ring_s: float | None) -> tuple[int, bool]:
    """Beats from the last cut met to the ending, or to beyond the end where the music fades."""
    fading = max(math.ceil(left_s / beat_s - 1e-6), 1), False
    if ring_s is None:
        return fading
    ring_s = min(ring_s, max(MAX_RING_SHARE * length_s, MIN_RING_S))
    room = math.floor((left_s - min(MIN_RING_S, ring_s)) / beat_s + 1e-6)
    if room < 1:
        return fading

    def cost(beats: int) -> float:
        over = (beats * beat_s + ring_s - left_s) / beat_s
        return _bar_cost(beats, metre, False) + (CUT_TAIL_COST * over if over > 0 else -SILENCE_COST * over)

    return min(range(max(1, room - 4 * metre), room + 1), key=cost), True


def times_of(rhythm: Rhythm, spans_s: np.ndarray) -> np.ndarray:
    """Time of each beat and of the end of the last, s, for the lengths that the chosen beats have by themselves."""
    spans_s = spans_s * rhythm.shares
    times = np.zeros(len(spans_s) + 1)
    fixed = sorted(rhythm.fixed_s)
    times[fixed[0]] = rhythm.fixed_s[fixed[0]]
    for first, last in zip(fixed, fixed[1:], strict=False):
        inside = np.cumsum(spans_s[first:last])
        begin, end = rhythm.fixed_s[first], rhythm.fixed_s[last]
        times[first + 1 : last + 1] = begin + (end - begin) * inside / inside[-1]
    end = fixed[-1]
    times[end + 1 :] = rhythm.fixed_s[end] + np.cumsum(spans_s[end:])
    return times
