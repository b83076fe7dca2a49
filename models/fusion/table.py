"""The table that fusion is fitted on: one row per clip and variant, every score from a member that had not seen it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FOLDS = 5


@dataclass(frozen=True)
class Table:
    """Scores of clips; NaN where a detector had nothing to say."""

    detectors: tuple[str, ...]
    # [rows, detectors]
    scores: Floats
    # 1 for AI
    y: Floats
    fold: NDArray[np.int64]
    clip: NDArray[np.str_]
    source: NDArray[np.str_]
    origin: NDArray[np.str_]
    variant: NDArray[np.str_]
    quality: NDArray[np.str_]

    def take(self, rows: NDArray[np.bool_]) -> Table:
        """The rows of a mask."""
        kept = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__ if name != "detectors"}
        return Table(self.detectors, **kept)

    def row(self, index: int) -> dict[str, float]:
        """Scores of one row by detector, without those that are absent."""
        pairs = zip(self.detectors, self.scores[index], strict=True)
        return {name: float(score) for name, score in pairs if np.isfinite(score)}


def read_table(path: Path) -> Table:
    """Read a CSV of `python -m benchmarks.detection_scores`; rows whose quality failed are left out.

    Raises
    ------
    KeyError
        Names a missing column.
    ValueError
        When there is no row, or none of one kind.
    """
    with path.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["gate"] != "failed" and row["fold"] != ""]
    labels = {row["label"] for row in rows}
    if labels != {"ai", "real"}:
        raise ValueError(f"{path.name} needs rows of both labels, ai and real; it has {sorted(labels)}")
    detectors = tuple(name.removesuffix(".logit") for name in rows[0] if name.endswith(".logit"))
    text = {name: np.array([row[name] for row in rows]) for name in ("source", "origin", "variant", "quality")}
    return Table(
        detectors,
        np.array([[_score(row, name) for name in detectors] for row in rows]),
        np.array([float(row["label"] == "ai") for row in rows]),
        np.array([int(row["fold"]) for row in rows]),
        np.array([row["sha256"] for row in rows]),
        **text,
    )


def _score(row: dict[str, str], name: str) -> float:
    return float(row[f"{name}.logit"]) if row[f"{name}.applicable"] == "1" else np.nan


def balance(table: Table) -> Floats:
    """Weights under which both kinds count alike and every source within its kind by the root of its clips; mean 1.

    A source of one clip would otherwise weigh as much as one of fourteen, and its chance decide.
    """
    keys = [f"{kind}/{source}" for kind, source in zip(table.y, table.source, strict=True)]
    clips: dict[str, set[str]] = {}
    for key, clip in zip(keys, table.clip, strict=True):
        clips.setdefault(key, set()).add(clip)
    per_clip = clip_weights(table.clip)
    weight = np.array([w / np.sqrt(len(clips[key])) for key, w in zip(keys, per_clip, strict=True)])
    for kind in (0.0, 1.0):
        weight[table.y == kind] /= max(weight[table.y == kind].sum(), 1e-9)
    return weight * len(keys) / weight.sum()


def clip_weights(clips: NDArray[np.str_] | Sequence[str]) -> Floats:
    """One for each clip, shared among its rows."""
    names, inverse, counts = np.unique(clips, return_inverse=True, return_counts=True)
    return 1.0 / counts[inverse]
