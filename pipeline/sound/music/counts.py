"""How many quarter notes lie between the moments that music has to meet, by dynamic programming."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.sound.music.beats import Anchor

if TYPE_CHECKING:
    import numpy as np

# a listener accepts this much tempo drift as expression (design: sound.md)
MAX_DEVIATION = 0.06
# how far the base tempo may move from the one wished for
BASE_RANGE = 0.12
# how far a tempo that a person fixed may bend; below what most listeners notice (just noticeable difference of a steady
# tempo about 2-4 %, Drake & Botte 1993)
FIXED_DEVIATION = 0.03
# costs of a short beat before a marker (a 7/8 or a 15/16 bar), in squared 6 % deviations
SHORT_BEAT_COST = {1.0: 0.0, 0.5: 0.6, 0.25: 3.0}
# the same in marked moments, for a fixed tempo; half beats before quarter beats before a missed cut
FIXED_UNIT_COST = {1.0: 0.0, 0.5: 0.15, 0.25: 0.3}
# a fixed tempo reaches any marker from one this many markers back, or not at all
FIXED_REACH = 24
# what an accent on a beat is worth, in squared 6 % deviations
ACCENT_WORTH = 0.5
# accents this far back are looked at; more lie between two cuts only in hostile sheets
ACCENT_REACH = 24


# -------------------------------------------------------------------- map
def fit_map(markers: list[float], wished_bpm: float) -> tuple[list[Anchor], float]:
    """Anchors on every marker and the base tempo that bends least between them."""
    import numpy as np

    steps = np.linspace(-1, 1, 49)
    bases = wished_bpm * (1 + BASE_RANGE) ** steps
    gaps = np.diff(np.asarray(markers, dtype=np.float64))
    cost, choice = _best_counts(gaps, bases) if len(gaps) else (np.zeros(len(bases)), np.zeros((0, len(bases))))
    head_cost, head = _head_counts(markers[0], bases)
    total = (cost + head_cost) / (len(gaps) + 1) + 0.5 * steps**2
    best = int(np.argmin(total))
    anchors = [Anchor(markers[0], 0.0)]
    for marker, count in zip(markers[1:], choice[:, best], strict=True):
        anchors.append(Anchor(marker, anchors[-1].count + float(count)))
    if head[best] > 0:
        anchors.insert(0, Anchor(0.0, -float(head[best])))
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


# ------------------------------------------------------------------ fixed
def fit_fixed(markers: list[float], bpm: float) -> list[Anchor]:
    """Meet as many markers as a tempo within 3 % allows, with as few short beats as that takes."""
    # (cost so far, marker before, quarter notes since then) of the best way that ends on each marker
    ways: list[tuple[float, int, float]] = []
    for index, marker in enumerate(markers):
        count, head = _fixed_count(marker, bpm)
        whole = count if count % 1 == 0 else 0.0
        # the first marker may begin inside a beat; each marker passed over costs one
        best = (index + (head if whole else 0.3), -1, whole)
        for before in range(max(0, index - FIXED_REACH), index):
            count, cost = _fixed_count(marker - markers[before], bpm)
            if count:
                best = min(best, (ways[before][0] + cost + index - before - 1, before, count))
        ways.append(best)
    if not ways:
        return [Anchor(0.0, 0.0)]
    at = min(range(len(ways)), key=lambda i: ways[i][0] + len(ways) - 1 - i)
    chain = [at]
    while ways[chain[-1]][1] >= 0:
        chain.append(ways[chain[-1]][1])
    chain.reverse()
    anchors = [Anchor(markers[chain[0]], 0.0)]
    if ways[chain[0]][2]:
        anchors.insert(0, Anchor(0.0, -ways[chain[0]][2]))
    for index in chain[1:]:
        anchors.append(Anchor(markers[index], anchors[-1].count + ways[index][2]))
    return anchors


def _fixed_count(gap_s: float, bpm: float) -> tuple[float, float]:
    # quarter notes that fill a gap within 3 % and their cost; (0, 0) when none do
    beats = gap_s * bpm / 60
    found = []
    for unit, cost in FIXED_UNIT_COST.items():
        count = max(unit, round(beats / unit) * unit)
        drift = abs(math.log(count / beats)) / math.log1p(FIXED_DEVIATION)
        if drift <= 1:
            found.append((cost + 0.1 * drift**2, count))
    if not found:
        return 0.0, 0.0
    cost, count = min(found)
    return count, cost


# ---------------------------------------------------------------- accents
def meet_accents(anchors: list[Anchor], accents: list[float], bpm: float, *, limit: float) -> list[Anchor]:
    """Put accents between two anchors on whole beats where the tempo stays within `limit` of the base."""
    from bisect import bisect

    result = [anchors[0]]
    for left, right in zip(anchors, anchors[1:], strict=False):
        inside = accents[bisect(accents, left.time_s) : bisect(accents, right.time_s)]
        result += [*_bend(left, right, inside, bpm, limit=limit), right]
    return result


def _bend(left: Anchor, right: Anchor, accents: list[float], bpm: float, *, limit: float) -> list[Anchor]:
    # the best run of (accent, count) from left to right: each accent met is worth something, each bend costs
    def drift(a: Anchor, b: Anchor) -> float:
        return math.log((b.count - a.count) * 60 / ((b.time_s - a.time_s) * bpm)) / math.log1p(limit)

    usual = drift(left, right)
    most = max(1.0, abs(usual))
    rate = (right.count - left.count) / (right.time_s - left.time_s)
    nodes = [left]
    for accent in accents:
        whole = math.floor((accent - left.time_s) * rate)
        nodes += [Anchor(accent, left.count + n) for n in (whole, whole + 1) if 0 < n < right.count - left.count]
    nodes.append(right)
    best: list[tuple[float, int]] = [(0.0, -1)]
    for index, node in enumerate(nodes[1:], start=1):
        ways = [(math.inf, -1)]
        for before in range(max(0, index - 2 * ACCENT_REACH), index):
            other = nodes[before]
            if node.time_s > other.time_s and node.count > other.count and math.isfinite(best[before][0]):
                bend = drift(other, node)
                if abs(bend) <= most + 1e-9:
                    ways.append((best[before][0] + (bend - usual) ** 2, before))
        if index == len(nodes) - 1 and index > 2 * ACCENT_REACH:
            ways.append((0.0, 0))  # straight on, however many lie between
        cost, before = min(ways)
        best.append((cost - (ACCENT_WORTH if index < len(nodes) - 1 else 0.0), before))
    chain, at = [], best[-1][1]
    while at > 0:
        chain.append(nodes[at])
        at = best[at][1]
    return chain[::-1]
