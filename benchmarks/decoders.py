"""Whether the patch network tells camera pictures from the same pictures passed through decoders it has never seen.

    python -m benchmarks.decoders --manifest index.csv [--json]

Every camera clip of the manifest (label or kind, source, origin) gives a few crops at native scale. Each is compared
with itself behind every family of the zoo; both are delivered alike, after the decoder. A clip that training has seen
is judged by the member that never saw its fold. Beside the network stand two baselines without training: how fine the
picture is (energy of the neighbour residual over the whole), and the height of its spectrum's up-sampling lines.
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

from benchmarks.detection.metrics import auc
from benchmarks.detection.scoring import fold_for, in_processes
from models.deliveries import Delivery, deliver
from models.folds import label_of
from models.material import cut, recode_crops

CROPS = 6
CROP_PX = 176
DELIVERIES = {"clean": Delivery(1.0, 20), "degraded": Delivery(0.75, 28)}
WAYS = ("network", "fineness", "lines")


@dataclass(frozen=True)
class Task:
    """One camera clip."""

    path: Path
    origin: str


def scores_of(task: Task) -> list[dict[str, Any]]:
    """Scores of a clip as it is and behind every family, delivered both ways."""
    from models.decoders.zoo import FAMILIES, apply
    from pipeline.files import sha256_file

    fold = fold_for(sha256_file(task.path), task.origin)
    pixels = cut(task.path)[0]
    if len(pixels) < CROPS:
        return []
    side = min(CROP_PX, pixels.shape[-1])
    few = np.ascontiguousarray(pixels[np.linspace(0, len(pixels) - 1, CROPS).astype(int), :, :side, :side])
    made = {"": few} | {name: apply(name, few, seed=fold or 0) for name in FAMILIES}
    return [
        {"family": name, "delivery": way, **_scores(deliver(crops, delivery, recode_crops), fold)}
        for name, crops in made.items()
        for way, delivery in DELIVERIES.items()
    ]


def _scores(crops: NDArray[np.uint8], fold: int | None) -> dict[str, float]:
    from models.residual.features import FEATURES, measure, neighbour_residual
    from pipeline.detect.networks import see

    figures = dict(zip(FEATURES, measure(crops).mean(axis=0), strict=True))
    shown = crops[:, 2].astype(np.float32)
    fine = np.log10(neighbour_residual(shown).var() / shown.var() + 1e-6)
    lines = sum(figures[f"line_{period}"] for period in (2, 4, 8))
    # decoders blur rather than sharpen
    return {"network": see("traces", crops, held_out=fold).logit, "fineness": -float(fine), "lines": float(lines)}


def table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Area under the curve of each way and delivery: every family, those training saw, and those it did not."""
    from models.decoders.zoo import FAMILIES, HELD_OUT

    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in FAMILIES}
    groups |= {"seen families": tuple(set(FAMILIES) - set(HELD_OUT)), "held-out families": HELD_OUT}
    found: dict[str, Any] = {}
    for name, members in groups.items():
        found[name] = {
            f"{way} {delivery}": round(_auc(rows, members, way, delivery), 3) for way in WAYS for delivery in DELIVERIES
        }
        found[name]["held_out"] = set(members) <= set(HELD_OUT)
    return found


def _auc(rows: list[dict[str, Any]], families: tuple[str, ...], way: str, delivery: str) -> float:
    here = [row for row in rows if row["delivery"] == delivery and row["family"] in ("", *families)]
    return auc(np.array([int(row["family"] != "") for row in here]), np.array([row[way] for row in here]))


def tasks_of(manifest: Path, limit: int) -> list[Task]:
    """Camera clips of the manifest, evenly drawn when limited."""
    with manifest.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("kind") in (None, "real", "av", "talk", "ai")]
    camera = [r for r in rows if (r.get("label") or label_of(r["kind"], r["source"])) == "real"]
    chosen = camera[:: max(1, len(camera) // limit)][:limit] if limit else camera
    return [Task(manifest.parent / row["path"], row.get("origin") or row["source"]) for row in chosen]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=0, help="camera clips")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    tasks = tasks_of(given.manifest, given.limit)
    if not tasks:
        parser.error("the manifest lists no camera clip; give some with label real")
    rows = [row for found in in_processes(scores_of, tasks, jobs=given.jobs) for row in found]
    found = {"clips": len(tasks), "families": table(rows)}
    if given.json:
        print(json.dumps(found, indent=2))
        return 0
    columns = [f"{way} {delivery}" for way in WAYS for delivery in DELIVERIES]
    print(f"{found['clips']} camera clips\n{'':20} {'training':9} " + " ".join(f"{c:>17}" for c in columns))
    for name, row in table(rows).items():
        seen = "never" if row["held_out"] else "saw"
        print(f"{name:20} {seen:9} " + " ".join(f"{row[c]:17.3f}" for c in columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
