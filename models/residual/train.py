"""Fit the residual detector's coefficients and measure them on origins left out of training.

    python -m models.residual.train --csv models/residual/features.csv --out models/residual/coefficients.json

The CSV comes from `python -m benchmarks.residual_features`. Deterministic; under half a minute on one core.
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

from models.residual.features import FEATURES

Vector = NDArray[np.float64]

# chosen beforehand, not tuned: strong enough that no single figure decides
RIDGE = 0.05
# figures outside this middle share of the training clips, widened by half its width, are "unlike anything seen"
SUPPORT = (0.005, 0.995)
WIDEN = 0.5


@dataclass(frozen=True)
class Table:
    """Measured clips: x [clips, features], y 1 for AI, and what each row is."""

    x: Vector
    y: Vector
    origin: NDArray[np.str_]
    source: NDArray[np.str_]
    variant: NDArray[np.str_]

    def take(self, rows: NDArray[np.bool_]) -> Table:
        """The rows of a mask."""
        return Table(self.x[rows], self.y[rows], self.origin[rows], self.source[rows], self.variant[rows])


def read_table(path: Path) -> Table:
    """Read the CSV; KeyError names a missing column."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    text = {name: np.array([row[name] for row in rows]) for name in ("origin", "source", "variant")}
    x = np.array([[float(row[name]) for name in FEATURES] for row in rows])
    return Table(x, np.array([float(row["kind"] == "ai") for row in rows]), **text)


def balance(table: Table) -> Vector:
    """Weights under which both kinds count alike, and every source within its kind; mean 1."""
    keys = [f"{kind}/{source}" for kind, source in zip(table.y, table.source, strict=True)]
    sizes = {key: keys.count(key) for key in set(keys)}
    weight = np.array([1.0 / sizes[key] for key in keys])
    for kind in (0.0, 1.0):
        weight[table.y == kind] /= weight[table.y == kind].sum()
    return weight * len(keys) / weight.sum()


def fit(x: Vector, y: Vector, weight: Vector, *, ridge: float = RIDGE) -> Vector:
    """Logistic regression by Newton's method (Hastie et al. 2009, 4.4.1); [features + 1], intercept last."""
    ones = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([ridge * len(x)] * x.shape[1] + [0.0])
    beta = np.zeros(ones.shape[1])
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-ones @ beta))
        gradient = ones.T @ (weight * (y - p)) - penalty @ beta
        hessian = (ones * (weight * p * (1 - p))[:, None]).T @ ones + penalty
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return beta


def train(table: Table) -> dict[str, Vector]:
    """Mean, scale, weight, intercept of one regression."""
    mean, scale = table.x.mean(axis=0), table.x.std(axis=0) + 1e-9
    beta = fit((table.x - mean) / scale, table.y, balance(table))
    return {"mean": mean, "scale": scale, "weight": beta[:-1], "intercept": beta[-1:]}


def logits(table: Table, model: dict[str, Vector]) -> Vector:
    """Score of every row; above 0 leans to AI."""
    return (table.x - model["mean"]) / model["scale"] @ model["weight"] + model["intercept"][0]


def leave_origins_out(table: Table) -> Vector:
    """Score of every row by a model that saw no clip of the row's origin."""
    scores = np.zeros(len(table.y))
    for origin in np.unique(table.origin):
        held = table.origin == origin
        scores[held] = logits(table.take(held), train(table.take(~held)))
    return scores


def auc(scores: Vector, y: Vector) -> float:
    """Probability that an AI clip scores above a real one (Mann-Whitney), ties half."""
    ai, real = scores[y == 1][:, None], scores[y == 0][None, :]
    return float(np.mean((ai > real) + 0.5 * (ai == real)))


def interval(scores: Vector, table: Table, *, rounds: int = 1000) -> tuple[float, float]:
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


def figures(table: Table, scores: Vector) -> dict[str, Any]:
    """What a reader should know of the held-out scores."""
    real = scores[table.y == 0]
    sources = np.unique(table.source[table.y == 1])
    each = {str(s): (scores[(table.source == s) & (table.y == 1)][:, None] > real).mean() for s in sources}
    threshold = np.quantile(real, 0.95)
    return {
        "auc": round(auc(scores, table.y), 3),
        "auc_interval": interval(scores, table),
        "tpr_at_5fpr": round(float((scores[table.y == 1] > threshold).mean()), 3),
        "clips": [int((table.y == 1).sum()), int((table.y == 0).sum())],
        "per_source": {name: round(float(value), 2) for name, value in sorted(each.items(), key=lambda item: item[1])},
    }


def support(x: Vector) -> tuple[Vector, Vector]:
    """Lowest and highest value of each feature that still counts as seen."""
    low, high = np.quantile(x, SUPPORT, axis=0)
    margin = WIDEN * (high - low)
    return low - margin, high + margin


def build(table: Table) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file of coefficients, and the report of how well they do on unseen origins."""
    held_out = leave_origins_out(table)
    report = {}
    for variant in np.unique(table.variant):
        rows = table.variant == variant
        report[str(variant)] = figures(table.take(rows), held_out[rows])
    slope = fit(held_out[:, None], table.y, balance(table), ridge=0.0)[0]
    model, (low, high) = train(table), support(table.x)
    rounded = {
        name: [round(float(v), 5) for v in values] for name, values in {**model, "low": low, "high": high}.items()
    }
    coefficients = {
        "features": list(FEATURES),
        **rounded,
        "intercept": rounded["intercept"][0],
        "shrink": round(float(min(1.0, max(0.0, slope))), 3),
        "auc_unseen": report["clean"]["auc"],
        "auc_unseen_degraded": report["degraded"]["auc"],
    }
    return coefficients, report


def main() -> int:
    """Train, write, print the report."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, default=here / "features.csv")
    parser.add_argument("--out", type=Path, default=here / "coefficients.json")
    arguments = parser.parse_args()
    coefficients, report = build(read_table(arguments.csv))
    arguments.out.write_text(json.dumps(coefficients, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
