"""Fit the sound detector's regressions from measured figures, and report how they do on what they did not see.

    python -m models.codecs.fit --csv models/codecs/features.csv --out models/codecs/coefficients.json

The CSV comes from `python -m benchmarks.sound_features`. Deterministic; seconds on one core.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.folds import FOLDS

Vector = NDArray[np.float64]

# columns that are no figures
ABOUT = ("clip", "label", "family", "variant", "delivery", "source", "origin", "fold", "band_hz", "holes")
# figures that may decide; the others are kept in the table to be looked at. Levels of single cells ("flutter") tell
# our blurred codecs from recordings better than they would tell good ones, so they may not.
USED = ("comb", "line_top", "lines", "pulse_comb", "pulse_top", "pulse_lines", "pulse_fast_top", "mirror", "repeat")
# chosen beforehand, not tuned: strong enough that no single figure decides
RIDGE = 0.05
# figures outside this middle share of training, widened by half its width, are "unlike anything seen"
SUPPORT = (0.002, 0.998)
WIDEN = 0.5


@dataclass(frozen=True)
class Table:
    """Measured sounds: x [rows, figures], y 1 for decoded, and what each row is."""

    x: Vector
    y: Vector
    family: NDArray[np.str_]
    variant: NDArray[np.str_]
    delivery: NDArray[np.str_]
    source: NDArray[np.str_]
    fold: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Table:
        """The rows of a mask, or with these numbers."""
        return Table(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def read_table(path: Path, names: tuple[str, ...] = USED) -> Table:
    """Read the CSV; KeyError names a missing column."""
    with path.open(newline="", encoding="utf-8") as lines:
        return as_table(list(csv.DictReader(lines)), names)


def as_table(rows: list[dict[str, Any]], names: tuple[str, ...] = USED) -> Table:
    """The table of rows as `benchmarks.sound_features` measures them."""
    x = np.array([[float(row[name]) for name in names] for row in rows]).reshape(-1, len(names))
    y = np.array([float(row["label"] == "ai") for row in rows])
    text = {name: np.array([str(row[name]) for row in rows]) for name in ("family", "variant", "delivery", "source")}
    return Table(x, y, fold=np.array([int(row["fold"]) for row in rows], np.int64), **text)


def balance(table: Table) -> Vector:
    """Weights under which both kinds count alike, and so does every family and source within its kind; mean 1."""
    groups = zip(table.y, table.family, table.source, table.variant, strict=True)
    keys = [(y, source if y == 0 else family, variant if y == 0 else source) for y, family, source, variant in groups]
    sizes = {key: keys.count(key) for key in set(keys)}
    weight = np.array([1.0 / np.sqrt(sizes[key]) for key in keys])
    for kind in (0.0, 1.0):
        weight[table.y == kind] /= max(weight[table.y == kind].sum(), 1e-9)
    return np.asarray(weight * len(keys) / weight.sum())


def fit(x: Vector, y: Vector, weight: Vector, *, ridge: float = RIDGE) -> Vector:
    """Logistic regression by Newton's method (Hastie et al. 2009, 4.4.1); [figures + 1], intercept last.

    A figure whose weight turns out negative is left out and the rest fitted anew: more of a trace never speaks for a
    recording.
    """
    used = np.ones(x.shape[1], bool)
    while True:
        beta = np.zeros(x.shape[1] + 1)
        beta[np.append(used, True)] = _newton(x[:, used], y, weight, ridge)
        if (beta[:-1] >= 0).all():
            return beta
        used &= beta[:-1] >= 0


def _newton(x: Vector, y: Vector, weight: Vector, ridge: float) -> Vector:
    ones = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([ridge * len(x)] * x.shape[1] + [1e-6])
    beta = np.zeros(ones.shape[1])
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-np.clip(ones @ beta, -30, 30)))
        hessian = (ones * (weight * p * (1 - p))[:, None]).T @ ones + penalty
        step = np.linalg.solve(hessian, ones.T @ (weight * (y - p)) - penalty @ beta)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(beta)


@dataclass(frozen=True)
class Model:
    """One regression with the scale of its figures."""

    mean: Vector
    scale: Vector
    beta: Vector

    def logits(self, x: Vector) -> Vector:
        """Score of every row [rows, figures]; above 0 leans to a decoder."""
        return np.asarray((x - self.mean) / self.scale @ self.beta[:-1] + self.beta[-1])


def train(table: Table, scale_of: Table | None = None) -> Model:
    """One regression; `scale_of` names the table that mean and scale come from when it is another."""
    all_rows = scale_of or table
    mean, scale = all_rows.x.mean(axis=0), all_rows.x.std(axis=0) + 1e-9
    return Model(mean, scale, fit((table.x - mean) / scale, table.y, balance(table)))


def score_unseen(training: Table, asked: Table, family: str) -> Vector:
    """Logits of rows by models that saw neither their fold nor the family of decoders."""
    scores = np.zeros(len(asked.y))
    for fold in range(-1, FOLDS):
        rows = asked.fold == fold
        known = (training.fold != fold) & ((training.family != family) | (training.y == 0))
        if rows.any():
            scores[rows] = train(training.take(known)).logits(asked.x[rows])
    return scores


def auc(scores: Vector, y: Vector) -> float:
    """Probability that a decoded sound scores above a recording (Mann-Whitney), ties half."""
    ai, real = scores[y == 1][:, None], scores[y == 0][None, :]
    return float(np.mean((ai > real) + 0.5 * (ai == real))) if ai.size and real.size else float("nan")


def unseen_scores(table: Table) -> tuple[Vector, NDArray[np.int64]]:
    """Scores and rows: each family against the recordings, both unseen; a recording stands once for each family."""
    scores, rows = [], []
    for family in sorted(set(table.family[table.y == 1])):
        asked = (table.family == family) | ((table.y == 0) & np.isin(table.family, ("none",)))
        scores.append(score_unseen(table, table.take(asked), family))
        rows.append(np.flatnonzero(asked))
    return np.concatenate(scores), np.concatenate(rows)


def build(table: Table) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file of coefficients, and the report of how well they do on unseen origins and families."""
    scores, rows = unseen_scores(table)
    unseen = table.take(rows)
    groups = [np.unique(unseen.family[unseen.y == 1]), np.unique(unseen.delivery)]
    report = {
        "auc_unseen": round(auc(scores, unseen.y), 3),
        "families": {str(f): _area(scores, unseen, (unseen.family == f) | (unseen.y == 0)) for f in groups[0]},
        "deliveries": {str(d): _area(scores, unseen, unseen.delivery == d) for d in groups[1]},
        "rows": [int(table.y.sum()), int((1 - table.y).sum())],
    }
    slope = _newton(scores[:, None], unseen.y, balance(unseen), 0.0)[0]
    members = [train(table.take(table.fold != fold), table) for fold in range(FOLDS)]
    low, high = np.quantile(table.x, SUPPORT, axis=0)
    margin = WIDEN * (high - low)
    coefficients = {
        "features": list(USED),
        "mean": _rounded(members[0].mean),
        "scale": _rounded(members[0].scale),
        "weight": [_rounded(member.beta[:-1]) for member in members],
        "intercept": _rounded(np.array([member.beta[-1] for member in members])),
        "shrink": round(float(min(1.0, max(0.0, slope))), 3),
        "low": _rounded(low - margin),
        "high": _rounded(high + margin),
        "auc_unseen": report["auc_unseen"],
    }
    return coefficients, report


def _area(scores: Vector, table: Table, rows: NDArray[np.bool_]) -> float:
    return round(auc(scores[rows], table.y[rows]), 3)


def _rounded(values: Vector) -> list[float]:
    return [round(float(value), 5) for value in values]


def main() -> int:
    """Fit, write, print the report."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, default=here / "features.csv")
    parser.add_argument("--out", type=Path, default=here / "coefficients.json")
    given = parser.parse_args()
    coefficients, report = build(read_table(given.csv))
    beside = given.out.with_name(given.out.name + ".new")
    beside.write_text(json.dumps(coefficients, indent=1) + "\n", encoding="utf-8")
    beside.replace(given.out)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
