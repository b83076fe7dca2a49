"""Fit the motion detector's coefficients and measure them on origins left out of training.

    python -m models.train motion --material models/motion/features.csv

The table comes from `python -m benchmarks.motion_features`. Deterministic; a few seconds on one core.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import linear
from models.motion.features import FEATURES, WEIGHED
from models.registry import replace_file
from models.train_options import TrainOptions

COEFFICIENTS = Path(__file__).parent / "coefficients.json"
TABLE = "features.csv"


def read_table(path: Path, names: tuple[str, ...] = WEIGHED) -> tuple[linear.Table, linear.Names]:
    """The measured clips and the variant of each row; KeyError names a missing column."""
    return linear.read_table(path, names)


def build(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file of coefficients, and the report of how well they do on unseen origins."""
    table, variant = read_table(path)
    members = linear.train_members(table)
    scores = linear.unseen(table, members)
    report: dict[str, Any] = {
        str(name): linear.figures(scores[variant == name], table.take(variant == name)) for name in np.unique(variant)
    }
    clean = variant == "clean"
    report["unlike_anything_seen"] = round(float(linear.outside(table, members)[clean].mean()), 3)
    report["shuffled"] = _shuffled(table.take(clean))
    report["per_source"] = _per_source(scores[clean], table.take(clean))
    about = {
        "auc_unseen": report["clean"]["auc"],
        "auc_unseen_degraded": report["degraded"]["auc"],
        "clips": report["clean"]["clips"],
    }
    return linear.as_data(WEIGHED, members, about), report


def _shuffled(table: linear.Table) -> float:
    """AUC with labels that mean nothing; near a half, or training leaks."""
    generator = np.random.default_rng(11)
    found = []
    for _ in range(5):
        shuffled = replace(table, y=generator.permutation(table.y))
        found.append(linear.auc(linear.unseen(shuffled, linear.train_members(shuffled)), shuffled.y))
    return round(float(np.mean(found)), 3)


def _per_source(scores: NDArray[np.float64], table: linear.Table) -> dict[str, float]:
    """Per generator how often a clip of it scores above a camera clip, worst first."""
    real = scores[table.y == 0]
    names = np.unique(table.source[table.y == 1])
    each = {
        str(n): linear.auc(np.r_[scores[(table.source == n) & (table.y == 1)], real], _labels(table, n)) for n in names
    }
    return {name: round(value, 2) for name, value in sorted(each.items(), key=lambda item: item[1])}


def _labels(table: linear.Table, source: str) -> NDArray[np.float64]:
    ai = int(((table.source == source) & (table.y == 1)).sum())
    return np.r_[np.ones(ai), np.zeros(int((table.y == 0).sum()))]


def signs(path: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Per variant and figure its AUC alone, and the share of origins on the same side."""
    table, variant = read_table(path, FEATURES)
    return {
        str(name): dict(zip(FEATURES, linear.sign_of_features(table.take(variant == name)), strict=True))
        for name in np.unique(variant)
    }


def train(options: TrainOptions) -> None:
    """Write the coefficients beside this script and print what they are worth."""
    path = options.material / TABLE if options.material.is_dir() else options.material
    coefficients, report = build(path)
    replace_file(COEFFICIENTS, (json.dumps(coefficients, indent=1) + "\n").encode())
    print(json.dumps({**report, "signs": signs(path)}, indent=1))
