"""What a face's logit is worth: measured on origins that the judging net never saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.folds import FOLDS

Vector = NDArray[np.float64]

# one weak detector may not shout: three times as likely is the most, and only when clips show as much
MOST_LLR = math.log(3.0)
ROUNDS = 1000


@dataclass(frozen=True)
class Scored:
    """One judged crop or clip."""

    logit: float
    # 1 for blended or generated
    answer: int
    fold: int
    origin: str
    # of the clip, or its source
    name: str


@dataclass(frozen=True)
class Calibration:
    """From logits to what is said."""

    # of a single look: probability of a blend is sigmoid(slope * logit + offset), both kinds being as frequent
    slope: float
    offset: float
    # of a clip: its log-likelihood ratio is clip_slope * (mean logit - clip_middle), limited to most either way
    clip_slope: float
    clip_middle: float
    most: float

    def probability(self, logit: float) -> float:
        """That one look shows a blend, as far as our own blends can tell."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.slope * logit + self.offset))))

    def llr(self, mean_logit: float) -> float:
        """Log-likelihood ratio generated : camera of a clip."""
        return max(-self.most, min(self.most, self.clip_slope * (mean_logit - self.clip_middle)))


def read(rows: NDArray[np.floating[Any]], held_out: int | None) -> Calibration:
    """One row of what `fit` made: the one that knows nothing of fold `held_out`, or the one of all."""
    return Calibration(*(float(value) for value in rows[FOLDS if held_out is None else held_out]))


def fit(blends: Sequence[Scored], clips: Sequence[Scored]) -> NDArray[np.float32]:
    """Calibrations float32 [FOLDS + 1, 5]: row k from the other folds only, the last one from all."""
    rows = []
    for fold in (*range(FOLDS), None):
        mine = [s for s in blends if s.fold != fold], [s for s in clips if s.fold != fold]
        rows.append([*_platt(mine[0]), *_of_clips(mine[1])])
    return np.array(rows, np.float32)


def _platt(scored: Sequence[Scored]) -> tuple[float, float]:
    logit, answer = _columns(scored)
    if len(np.unique(answer)) < 2:
        return 1.0, 0.0
    return newton(logit, answer, np.ones(len(answer)))


def _of_clips(scored: Sequence[Scored]) -> tuple[float, float, float]:
    # silent as long as the interval over origins reaches chance
    logit, answer = _columns(scored)
    low, _ = interval(scored)
    if not low > 0.5:
        return 0.0, 0.0, 0.0
    slope, offset = newton(logit, answer, _balanced(scored))
    return (slope, -offset / slope, MOST_LLR) if slope > 0 else (0.0, 0.0, 0.0)


def newton(x: Vector, y: Vector, weight: Vector, *, ridge: float = 0.01) -> tuple[float, float]:
    """Slope and offset of a weighted logistic regression by Newton's method (Hastie et al. 2009, 4.4.1)."""
    columns = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([ridge * float(weight.sum()), 1e-9])
    beta = np.zeros(2)
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(columns @ beta, -30, 30)))
        hessian = (columns * (weight * p * (1 - p))[:, None]).T @ columns + penalty
        step = np.linalg.solve(hessian, columns.T @ (weight * (y - p)) - penalty @ beta)
        # a step is shortened, so that separable figures do not run away
        beta = beta + step * min(1.0, 5.0 / max(1e-12, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[0]), float(beta[1])


def _balanced(scored: Sequence[Scored]) -> Vector:
    # both answers weigh alike, and every origin within its answer
    keys = [(s.answer, s.origin) for s in scored]
    weight = np.array([1.0 / keys.count(key) for key in keys])
    answer = np.array([s.answer for s in scored])
    for kind in (0, 1):
        weight[answer == kind] /= weight[answer == kind].sum()
    return weight * len(scored) / 2


def _columns(scored: Sequence[Scored]) -> tuple[Vector, Vector]:
    return np.array([s.logit for s in scored], float), np.array([s.answer for s in scored], float)


def auc(scored: Sequence[Scored]) -> float:
    """Probability that a positive scores above a negative (Mann-Whitney), ties half; nan without either."""
    logit, answer = _columns(scored)
    yes, no = logit[answer == 1][:, None], logit[answer == 0][None, :]
    return float(np.mean((yes > no) + 0.5 * (yes == no))) if yes.size and no.size else math.nan


def interval(scored: Sequence[Scored]) -> tuple[float, float]:
    """95 % interval of the AUC over resampled origins; (0, 1) when there is nothing to resample."""
    generator = np.random.default_rng(7)
    names = sorted({s.origin for s in scored})
    members = [[s for s in scored if s.origin == name] for name in names]
    found = []
    for _ in range(ROUNDS if len(names) > 1 else 0):
        drawn = [s for i in generator.integers(0, len(names), len(names)) for s in members[i]]
        value = auc(drawn)
        if not math.isnan(value):
            found.append(value)
    if not found:
        return 0.0, 1.0
    low, high = np.quantile(found, [0.025, 0.975])
    return round(float(low), 3), round(float(high), 3)


def report(blends: Sequence[Scored], clips: Sequence[Scored]) -> dict[str, Any]:
    """Figures for the card: AUC on held-out blends, in all and per fold, and on clips as they are."""
    per_fold = {
        str(fold): round(auc([s for s in blends if s.fold == fold]), 3) for fold in sorted({s.fold for s in blends})
    }
    return {
        "blend_auc": round(auc(blends), 3),
        "blend_auc_per_fold": per_fold,
        "blends": len(blends),
        "clip_auc": round(auc(clips), 3) if clips else None,
        "clip_auc_interval": interval(clips),
        "clips": [sum(s.answer == kind for s in clips) for kind in (1, 0)],
        "origins": [len({s.origin for s in clips if s.answer == kind}) for kind in (1, 0)],
    }
