"""Fit the fusion of the detectors' scores; about ten seconds on one core, the same numbers every time.

    python -m benchmarks.detection_scores --manifest index.csv --csv scores/scores.csv
    python -m models.train fusion --material scores

The table has one row per clip and variant; every score in it comes from the member of the detector that never saw the
clip's fold. Writes coefficients.json beside this file, and the figures to OUT/figures.json.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from models.fusion.figures import by_detector, report
from models.fusion.fit import fit
from models.fusion.form import Fusion
from models.fusion.table import read_table
from models.registry import replace_file
from models.train_options import TrainOptions

COEFFICIENTS = Path(__file__).parent / "coefficients.json"
TABLE = "scores.csv"


def train(options: TrainOptions) -> None:
    """Fit on OPTIONS.MATERIAL (the table, or a folder that holds scores.csv) and print the figures."""
    path = options.material / TABLE if options.material.is_dir() else options.material
    table = read_table(path)
    fusion, logits = fit(table)
    figures = report(fusion, table, logits)
    write(COEFFICIENTS, dataclasses.asdict(dataclasses.replace(fusion, figures=figures)))
    alone = by_detector(table)
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "figures.json", {"fused": figures, "alone": alone})
    print_figures(figures, alone, fusion)


def print_figures(figures: dict[str, dict[str, float]], alone: dict[str, dict[str, float]], fusion: Fusion) -> None:
    """A table for whoever trains."""
    for name, values in alone.items():
        print(f"{name:24} AUC {values['auc']:.3f}  applicable {values['applicable']:.2f}")
    for name, values in figures.items():
        print(name, json.dumps(values))
    for number, member in enumerate(fusion.members):
        print(number, dict(member.weights), dict(member.absent), member.intercept, dict(member.temperature))
    print("points", dataclasses.asdict(fusion.points))


def write(path: Path, data: dict[str, Any]) -> None:
    """JSON with one line for each item, whole or not at all."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in data.items())
    replace_file(path, f"{{\n{lines}\n}}\n".encode())
