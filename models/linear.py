"""Small linear models that say how likely a clip is AI-made, trained in folds by origin; numpy only.

A model is a few members, each trained without one fold, so that every figure of a clip that was trained on comes from
a member that never saw its origin. `pipeline.detect.linear` reads what `as_data` writes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Names = NDArray[np.str_]

# chosen beforehand, not tuned: strong enough that no single figure decides
RIDGE = 0.05
# beyond so many spreads a figure says no more than at them
CLIP = 3.0
# figures outside this middle share of the training clips, widened by half its width, are "unlike anything seen"
SUPPORT = (0.005, 0.995)
WIDEN = 0.5
# a ridge makes scores too timid, few origins too bold; more than doubling them would be trusting luck
MAX_SHRINK = 2.0
# resampled sets of origins behind an interval
ROUNDS = 1000


@dataclass(frozen=True)
class Table:
    """Measured clips: x [clips, features], y 1 for AI, and what each row is."""

    x: Vector
    y: Vector
    origin: Names
    source: Names
    fold: NDArray[np.int64]

    def take(self, rows: NDArray[Any]) -> Table:
        """The rows of a mask or of indices."""
        return Table(self.x[rows], self.y[rows], self.origin[rows], self.source[rows], self.fold[rows])


@dataclass(frozen=True)
class Member:
    """One regression and what it knows of its limits."""

    mean: Vector
    scale: Vector
    weight: Vector
    intercept: float
    # factor on the logit that fits scores on unseen origins (Platt 1999, slope only)
    shrink: float
    low: Vector
    high: Vector

    def logits(self, x: Vector) -> Vector:
        """Score of every row before the factor; above 0 leans to AI."""
        standard = np.clip((x - self.mean) / self.scale, -CLIP, CLIP)
        return np.asarray(standard @ self.weight + self.intercept)


def balance(table: Table) -> Vector:
    """Weights under which both kinds count alike, and within a kind sources by the root of their size; mean 1."""
    weight = np.zeros(len(table.y))
    for kind in (0.0, 1.0):
        rows = table.y == kind
        _, place, count = np.unique(table.source[rows], return_inverse=True, return_counts=True)
        weight[rows] = 1.0 / np.sqrt(count[place])
        weight[rows] /= max(weight[rows].sum(), 1e-12)
    return np.asarray(weight * len(weight) / weight.sum())


def fit(x: Vector, y: Vector, weight: Vector, *, ridge: float = RIDGE) -> Vector:
    """Logistic regression by Newton's method (Hastie et al. 2009, 4.4.1); [features + 1], intercept last."""
    ones = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([ridge * len(x)] * x.shape[1] + [1e-9 * len(x)])
    beta = np.zeros(ones.shape[1])
    for _ in range(50):
        # beyond 30 a probability is 0 or 1 in doubles anyway
        p = 1.0 / (1.0 + np.exp(-np.clip(ones @ beta, -30.0, 30.0)))
        gradient = ones.T @ (weight * (y - p)) - penalty @ beta
        hessian = (ones * (weight * np.maximum(p * (1 - p), 1e-9))[:, None]).T @ ones + penalty
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(beta)


def train_member(table: Table, *, ridge: float = RIDGE) -> Member:
    """One regression; its factor and nothing else comes from scores of inner folds it was not trained on."""
    member = _regression(table, ridge)
    inner = np.zeros(len(table.y))
    for fold in np.unique(table.fold):
        held = table.fold == fold
        inner[held] = _regression(table.take(~held), ridge).logits(table.x[held])
    slope = fit(inner[:, None], table.y, balance(table), ridge=1e-4)[0]
    return Member(**{**vars(member), "shrink": float(np.clip(slope, 0.0, MAX_SHRINK))})


def _regression(table: Table, ridge: float) -> Member:
    mean = np.median(table.x, axis=0)
    below, above = np.quantile(table.x, [0.16, 0.84], axis=0)
    # five digits are written; what varies less is no figure
    scale = np.maximum((above - below) / 2, 1e-4)
    standard = np.clip((table.x - mean) / scale, -CLIP, CLIP)
    beta = fit(standard, table.y, balance(table), ridge=ridge)
    low, high = np.quantile(table.x, SUPPORT, axis=0)
    margin = WIDEN * (high - low)
    return Member(mean, scale, beta[:-1], float(beta[-1]), 1.0, low - margin, high + margin)


def train_members(table: Table, *, ridge: float = RIDGE) -> dict[int, Member]:
    """Per fold the member that never saw it."""
    return {int(fold): train_member(table.take(table.fold != fold), ridge=ridge) for fold in np.unique(table.fold)}


def unseen(table: Table, members: dict[int, Member]) -> Vector:
    """Calibrated score of every row by the member that did not see its fold."""
    scores = np.zeros(len(table.y))
    for fold, member in members.items():
        rows = table.fold == fold
        scores[rows] = member.shrink * member.logits(table.x[rows])
    return scores


def outside(table: Table, members: dict[int, Member]) -> NDArray[np.bool_]:
    """Rows that the member which did not see their fold calls unlike anything it saw."""
    found = np.zeros(len(table.y), bool)
    for fold, member in members.items():
        rows = table.fold == fold
        x = table.x[rows]
        found[rows] = ((x < member.low) | (x > member.high)).any(axis=1)
    return found


# ---------------------------------------------------------------- figures
def auc(scores: Vector, y: Vector) -> float:
    """Probability that an AI clip scores above a real one (Mann-Whitney), ties half."""
    ai, real = scores[y == 1][:, None], scores[y == 0][None, :]
    return float(np.mean((ai > real) + 0.5 * (ai == real)))


def interval(scores: Vector, table: Table, *, rounds: int = ROUNDS) -> tuple[float, float]:
    """95 % interval of the AUC over resampled origins, not clips."""
    generator = np.random.default_rng(7)
    names = np.unique(table.origin)
    members = {name: np.flatnonzero(table.origin == name) for name in names}
    found = []
    for _ in range(rounds):
        rows = np.concatenate([members[name] for name in generator.choice(names, names.size)])
        if 0 < table.y[rows].sum() < rows.size:
            found.append(auc(scores[rows], table.y[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    return round(float(low), 3), round(float(high), 3)


def figures(scores: Vector, table: Table) -> dict[str, Any]:
    """What a reader should know of held-out scores."""
    threshold = np.quantile(scores[table.y == 0], 0.95)
    folds = [round(auc(scores[rows], table.y[rows]), 2) for rows in _mixed_folds(table)]
    return {
        "auc": round(auc(scores, table.y), 3),
        "auc_interval": interval(scores, table),
        "auc_of_folds": folds,
        "tpr_at_5fpr": round(float((scores[table.y == 1] > threshold).mean()), 3),
        "clips": [int((table.y == 1).sum()), int((table.y == 0).sum())],
    }


def _mixed_folds(table: Table) -> list[NDArray[np.bool_]]:
    rows = [table.fold == fold for fold in np.unique(table.fold)]
    return [mask for mask in rows if 0 < table.y[mask].sum() < mask.sum()]


def sign_of_features(table: Table) -> list[tuple[float, float]]:
    """Per feature its AUC, and the share of origins that lie on the same side of the other kind."""
    found = []
    for values in table.x.T:
        overall = auc(values, table.y)
        sides = [_side(values, table, origin, kind) for kind in (0.0, 1.0) for origin in _origins(table, kind)]
        found.append((round(overall, 3), round(float(np.mean((np.array(sides) > 0.5) == (overall > 0.5))), 2)))
    return found


def _origins(table: Table, kind: float) -> Names:
    return np.unique(table.origin[table.y == kind])


def _side(values: Vector, table: Table, origin: str, kind: float) -> float:
    rows = ((table.origin == origin) & (table.y == kind)) | (table.y != kind)
    return auc(values[rows], table.y[rows])


# ------------------------------------------------------------------- file
def read_table(path: Path, features: Sequence[str]) -> tuple[Table, Names]:
    """Measured clips and the variant of each row, from a CSV.

    Its columns are the features, label, source, origin, fold and variant; KeyError names a missing one.
    """
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    table = Table(
        x=np.array([[float(row[name]) for name in features] for row in rows]),
        y=np.array([float(row["label"] == "ai") for row in rows]),
        origin=np.array([row["origin"] for row in rows]),
        source=np.array([row["source"] for row in rows]),
        fold=np.array([int(row["fold"]) for row in rows]),
    )
    return table, np.array([row["variant"] for row in rows])


def build(
    features: Sequence[str], table: Table, variant: Names, *, clean: str, degraded: str, ridge: float = RIDGE
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train the members; what is written as JSON, and per variant how well they do on origins they have not seen."""
    members = train_members(table, ridge=ridge)
    scores = unseen(table, members)
    report = {str(name): figures(scores[variant == name], table.take(variant == name)) for name in np.unique(variant)}
    about = {
        "auc_unseen": report[clean]["auc"],
        "auc_unseen_degraded": report[degraded]["auc"],
        "clips": report[clean]["clips"],
    }
    return as_data(features, members, about), report


def as_data(names: Sequence[str], members: dict[int, Member], about: dict[str, Any]) -> dict[str, Any]:
    """What is written as JSON; five digits are enough for figures measured on a few hundred clips."""

    def short(values: Vector) -> list[float]:
        return [round(float(value), 5) for value in values]

    return {
        "features": list(names),
        "members": [
            {
                "fold": fold,
                "mean": short(m.mean),
                "scale": short(m.scale),
                "weight": short(m.weight),
                "intercept": round(m.intercept, 5),
                "shrink": round(m.shrink, 4),
                "low": short(m.low),
                "high": short(m.high),
            }
            for fold, m in sorted(members.items())
        ],
        **about,
    }
