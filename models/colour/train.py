"""Fit the colour detector's coefficients and measure them on origins left out of training.

    python -m models.train colour --material colour/features.csv

The table comes from `python -m benchmarks.colour_features`. Deterministic; a few seconds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models import linear
from models.colour.features import FEATURES
from models.registry import replace_file
from models.train_options import TrainOptions

COEFFICIENTS = Path(__file__).parent / "coefficients.json"
# of .05, .02, .01, .005 and .002 the middle one; unseen origins differed by .02 in area under the curve
RIDGE = 0.01


def build(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file of coefficients, and the report of how well they do on unseen origins."""
    table, variant = linear.read_table(path, FEATURES)
    return linear.build(FEATURES, table, variant, clean="clean", degraded="degraded", ridge=RIDGE)


def train(options: TrainOptions) -> None:
    """Fit, write the coefficients and print the report."""
    data, report = build(options.material)
    replace_file(COEFFICIENTS, (json.dumps(data, indent=1) + "\n").encode())
    print(json.dumps(report, indent=2))
