"""Fit the residual detector's coefficients and measure them on origins left out of training.

    python -m models.train residual --material material

The material comes from `python -m models.material`. Deterministic; three minutes on one core. The measured table is
kept as OUT/features.csv and used again with --resume.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from models import linear
from models.registry import replace_file
from models.residual.features import FEATURES, measure
from models.train_options import TrainOptions

COEFFICIENTS = Path(__file__).parent / "coefficients.json"
# of .05, .02, .01, .005 and .002 the middle one; unseen origins differed by .02 in area under the curve
RIDGE = 0.01
# deliveries that are measured; a clip counts once in each
VARIANTS = ("native", "clean", "small", "wild")
# more crops of a clip change its means little
MOST_CROPS = 16
ABOUT = ("label", "source", "origin", "fold")


def rows(material: Path) -> list[dict[str, Any]]:
    """Mean figures of every clip in every variant."""
    found = []
    with (material / "index.csv").open(newline="", encoding="utf-8") as lines:
        for entry in csv.DictReader(lines):
            for variant in VARIANTS:
                middle = "" if variant == "native" else f".{variant}"
                crops = np.load(material / f"{entry['clip']}{middle}.npy", mmap_mode="r")[:MOST_CROPS]
                values = measure(np.asarray(crops)).mean(axis=0)
                about = {name: entry[name] for name in ("clip", *ABOUT)}
                found.append(about | {"variant": variant} | dict(zip(FEATURES, values.round(5).tolist(), strict=True)))
    return found


def build(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file of coefficients, and the report of how well they do on unseen origins."""
    table, variant = linear.read_table(path, FEATURES)
    return linear.build(FEATURES, table, variant, clean="clean", degraded="small", ridge=RIDGE)


def train(options: TrainOptions) -> None:
    """Measure, fit, write the coefficients and print the report."""
    path = options.out / "features.csv"
    if not (options.resume and path.exists()):
        found = rows(options.material)
        with path.open("w", newline="", encoding="utf-8") as target:
            writer = csv.DictWriter(target, fieldnames=list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
    data, report = build(path)
    replace_file(COEFFICIENTS, (json.dumps(data, indent=1) + "\n").encode())
    print(json.dumps(report, indent=2))
