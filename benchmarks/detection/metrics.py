"""The figures of an audit as pure functions of labels (1 AI, 0 camera) and scores (higher is more AI)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int_]
Scores = NDArray[np.float64]
Groups = Sequence[str]

BINS = 10
DRAWS = 1000
INTERVAL = (0.025, 0.975)


def auc(labels: Labels, scores: Scores) -> float:
    """Share of (AI, camera) pairs in which the AI clip scores higher; equal scores count half (Hanley, McNeil 1982).

    Raises
    ------
    ValueError
        Without clips of both labels.
    """
    ai, camera = _both(labels, scores)
    # for every AI clip how many camera clips score lower, and how many not higher
    order = np.sort(camera)
    lower = np.searchsorted(order, ai, side="left")
    not_higher = np.searchsorted(order, ai, side="right")
    return float((lower + not_higher).sum() / (2 * ai.size * camera.size))


def _both(labels: Labels, scores: Scores) -> tuple[Scores, Scores]:
    ai, camera = scores[labels == 1], scores[labels == 0]
    if not ai.size or not camera.size:
        raise ValueError("figures need clips of both labels")
    return ai, camera


def average_precision(labels: Labels, scores: Scores) -> float:
    """Area below precision over recall as a sum of steps; equal scores are one step."""
    _both(labels, scores)
    thresholds = np.unique(scores)[::-1]
    found = np.array([(labels[scores >= t] == 1).sum() for t in thresholds], float)
    called = np.array([(scores >= t).sum() for t in thresholds], float)
    recall = found / (labels == 1).sum()
    return float(np.sum(np.diff(recall, prepend=0.0) * found / called))


def balanced_accuracy(labels: Labels, scores: Scores, *, threshold: float = 0.0) -> float:
    """Mean of the shares of AI and of camera clips on the right side of a threshold; on it counts half."""
    ai, camera = _both(labels, scores)
    right = (np.mean(ai > threshold) + np.mean(ai == threshold) / 2) + (
        np.mean(camera < threshold) + np.mean(camera == threshold) / 2
    )
    return float(right / 2)


def threshold_at_fpr(labels: Labels, scores: Scores, rate: float) -> float:
    """The lowest threshold that at most this share of camera clips scores above."""
    camera = np.sort(scores[labels == 0])[::-1]
    allowed = int(np.floor(rate * camera.size + 1e-9))
    return float(camera[allowed]) if allowed < camera.size else -np.inf


def tpr_at_fpr(labels: Labels, scores: Scores, rate: float = 0.01) -> float:
    """Share of AI clips found when at most this share of camera clips is called AI: none of fewer than 100 for 1 %."""
    ai, _ = _both(labels, scores)
    return float(np.mean(ai > threshold_at_fpr(labels, scores, rate)))


def rates_at(labels: Labels, scores: Scores, threshold: float) -> dict[str, float]:
    """Shares of AI clips and of camera clips that score above a threshold."""
    ai, camera = _both(labels, scores)
    return {"tpr": float(np.mean(ai > threshold)), "fpr": float(np.mean(camera > threshold))}


def probability(llr: Scores) -> Scores:
    """Probability of AI where AI and camera are equally likely beforehand."""
    return 1.0 / (1.0 + np.exp(-np.clip(llr, -700.0, 700.0)))


def ece(labels: Labels, probabilities: Scores, *, bins: int = BINS) -> float:
    """Expected calibration error: how far stated probabilities are from what came true (Naeini et al. 2015).

    Bins are equally wide. Both labels weigh the same together, because the probabilities are stated for that.
    """
    ai, camera = (labels == 1), (labels == 0)
    _both(labels, probabilities)
    weights = np.where(ai, 0.5 / ai.sum(), 0.5 / camera.sum())
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    error = 0.0
    for number in range(bins):
        rows = place == number
        error += abs(float(np.sum(weights[rows] * (labels[rows] - probabilities[rows]))))
    return error


def interval(
    labels: Labels,
    scores: Scores,
    groups: Groups,
    *,
    figure: Callable[[Labels, Scores], float] = auc,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Bootstrap interval (95 %, percentile) of a figure, drawing whole groups.

    Clips of one group are alike, so drawing clips would promise too much (Cameron et al. 2008). Draws without both
    labels are left out; None when there are hardly any others.
    """
    rows = rows_of(groups)
    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        taken = np.concatenate([rows[i] for i in random.integers(len(rows), size=len(rows))])
        if 0 < labels[taken].sum() < taken.size:
            found.append(figure(labels[taken], scores[taken]))
    if len(found) < draws / 2:
        return None
    low, high = np.quantile(found, INTERVAL)
    return float(low), float(high)


def rows_of(groups: Groups) -> list[NDArray[np.intp]]:
    """The rows of each group, in order of name."""
    names = np.asarray(groups)
    return [np.flatnonzero(names == name) for name in np.unique(names)]


def rounded(value: Any, digits: int = 4) -> Any:
    """The same with short numbers, for printing; tuples become lists as in JSON."""
    if isinstance(value, dict):
        return {name: rounded(inner, digits) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner, digits) for inner in value]
    if isinstance(value, float | np.floating):
        return round(float(value), digits)
    return value
