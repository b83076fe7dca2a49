"""Which bars of a track fill the beats of the cut: joins where what follows sounds like what would have followed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.sound.track.beats import Beats, beat_colours
from pipeline.sound.track.features import Features

# any join costs this, so that there are few; then what is heard before it, after it, and in the bar after it
JOIN_COST, BEFORE_COST, AFTER_COST, BAR_COST = 0.4, 0.6, 1.2, 0.8
# a jump back by less than two bars is heard as a stutter
STUTTER_COST, STUTTER_BARS = 0.8, 2
# a beginning elsewhere than at the track's own
START_COST = 0.9
HARMONY_WEIGHT, COLOUR_WEIGHT, LEVEL_WEIGHT = 1.0, 1.0, 0.6


def join_costs(beats: Beats, features: Features) -> np.ndarray:
    """Cost [beats, beats] of playing beat c after beat b; rows that lead to no downbeat are not meant to be used.

    Beats are compared by harmony (pitch classes), colour (band energies) and level; 1 is the distance that two beats of
    this track usually have.
    """
    apart = _distances(*beat_colours(beats.times_s, features))
    count = len(apart)
    # of the beat that would have followed to the one that does, and on through a bar
    after = np.full((count, count), 1.0)
    after[:-1] = apart[1:]
    before = np.full((count, count), 0.5)
    before[:, 1:] = apart[:, :-1]
    bar = np.zeros_like(after)
    for place in range(1, beats.metre):
        bar[: count - place, : count - place] += after[place:, place:]
        bar[count - place :] += 1.0
        bar[: count - place, count - place :] += 1.0
    costs = JOIN_COST + BEFORE_COST * before + AFTER_COST * after + BAR_COST * bar / max(beats.metre - 1, 1)
    back = np.arange(count)[:, None] + 1 - np.arange(count)[None, :]
    costs[(back > 0) & (back < STUTTER_BARS * beats.metre)] += STUTTER_COST
    return costs


def choose_beats(
    phases: Sequence[int], beats: Beats, costs: np.ndarray, *, ending: int | None = None
) -> tuple[list[int], float]:
    """A beat of the track for each beat of the cut, by the cheapest path (Viterbi), and what the path costs.

    Parameters
    ----------
    phases : sequence of int
        Place in its bar of each beat of the cut.
    costs : float [beats, beats]
        From `join_costs`.
    ending : int, optional
        The beat that must come last.
    """
    own, order = beats.phases, np.arange(len(beats.phases))
    # the last chord and what rings after it come at the end and nowhere else
    is_inside = order < ending if ending is not None else np.ones(len(own), bool)
    starts = np.flatnonzero(own == 0)
    cost = np.where((own == phases[0]) & is_inside, START_COST, np.inf)
    cost[int(cost.argmin())] = 0.0
    came = np.zeros((len(phases), len(own)), dtype=np.int32)
    for step in range(1, len(phases)):
        following, came[step] = np.append(np.inf, cost[:-1]), order - 1
        if phases[step] == 0:
            _jump(cost, costs, starts, following, came[step])
        is_last = ending is not None and step + 1 == len(phases)
        allowed = order == ending if is_last else (own == phases[step]) & is_inside
        cost = np.where(allowed, following, np.inf)
    path = [int(cost.argmin())]
    for step in range(len(phases) - 1, 0, -1):
        path.append(int(came[step][path[-1]]))
    return path[::-1], float(cost.min())


def _jump(cost: np.ndarray, costs: np.ndarray, starts: np.ndarray, following: np.ndarray, came: np.ndarray) -> None:
    """Enter the ways to each bar's beginning that are cheaper than playing on, in place."""
    rows = np.flatnonzero(np.isfinite(cost))
    jumps = cost[rows, None] + costs[np.ix_(rows, starts)]
    nearest = jumps.argmin(axis=0)
    cheapest = jumps[nearest, np.arange(len(starts))]
    is_better = cheapest < following[starts]
    following[starts[is_better]] = cheapest[is_better]
    came[starts[is_better]] = rows[nearest[is_better]]


def _distances(chroma: np.ndarray, colour: np.ndarray, level: np.ndarray) -> np.ndarray:
    harmony = 1 - chroma @ chroma.T
    squares = (colour**2).sum(axis=1)
    timbre = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * colour @ colour.T, 0))
    loudness = np.abs(level[:, None] - level[None, :])
    parts = ((harmony, HARMONY_WEIGHT), (timbre, COLOUR_WEIGHT), (loudness, LEVEL_WEIGHT))
    return sum(weight * part / _usual(part) for part, weight in parts) / sum(weight for _, weight in parts)


def _usual(distances: np.ndarray) -> float:
    away = distances[np.triu_indices(len(distances), 1)]
    return max(float(np.median(away)), 1e-3) if len(away) else 1.0
