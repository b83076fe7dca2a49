"""What fusion is worth on clips whose fold it did not see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.fusion.form import Fusion
from models.fusion.table import Floats, Table, balance

# verdicts as numbers: AI-made, camera, none
AI, CAMERA, NONE = 1, 0, -1
ECE_BINS = 10
ROUNDS = 1000


def auc(scores: Floats, y: Floats) -> float:
    """Probability that an AI clip scores above a camera clip (Mann-Whitney), ties half; NaN without both."""
    ai, real = scores[y == 1][:, None], scores[y == 0][None, :]
    return float(np.mean((ai > real) + 0.5 * (ai == real))) if ai.size and real.size else float("nan")


def interval(table: Table, logits: Floats, figure: Callable[[Floats, Floats], float] = auc) -> tuple[float, float]:
    """95 % interval of a figure over resampled origins (not clips, which are alike within an origin)."""
    generator = np.random.default_rng(7)
    names = np.unique(table.origin)
    members = {name: np.flatnonzero(table.origin == name) for name in names}
    found = []
    for _ in range(ROUNDS):
        rows = np.concatenate([members[name] for name in generator.choice(names, names.size)])
        value = figure(logits[rows], table.y[rows])
        if np.isfinite(value):
            found.append(value)
    low, high = np.quantile(found, [0.025, 0.975]) if found else (np.nan, np.nan)
    return float(low), float(high)


def verdicts(fusion: Fusion, table: Table, logits: Floats) -> NDArray[np.int64]:
    """What each row would be called by the operating points and the conformal set that know nothing of its fold."""
    found = np.full(len(logits), NONE)
    for i, logit in enumerate(logits):
        fold = int(table.fold[i])
        points = fusion.points_for(fold)
        p_ai, p_camera = fusion.p_values(float(logit), held_out=fold)
        if logit > points.ai and p_camera <= fusion.risk < p_ai:
            found[i] = AI
        elif logit < points.camera and p_ai <= fusion.risk < p_camera:
            found[i] = CAMERA
    return found


def calibration_error(logits: Floats, y: Floats, weight: Floats) -> float:
    """Expected calibration error in bins of equal width (Naeini, Cooper and Hauskrecht 2015)."""
    p = 0.5 * (1.0 + np.tanh(0.5 * logits))
    place = np.minimum((p * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [abs(np.sum(weight[place == b] * (p[place == b] - y[place == b]))) for b in range(ECE_BINS)]
    return float(sum(gaps) / weight.sum())


def describe(fusion: Fusion, table: Table, logits: Floats) -> dict[str, float]:
    """Figures of the rows of one table."""
    called, y = verdicts(fusion, table, logits), table.y
    given = called != NONE
    low, high = interval(table, logits)
    figures = {
        "clips_ai": float((y == 1).sum()),
        "clips_camera": float((y == 0).sum()),
        "auc": auc(logits, y),
        "auc_low": low,
        "auc_high": high,
        "camera_called_ai": float(((called == AI) & (y == 0)).sum()),
        "ai_called_ai": float(((called == AI) & (y == 1)).sum()),
        "ai_called_camera": float(((called == CAMERA) & (y == 1)).sum()),
        "camera_called_camera": float(((called == CAMERA) & (y == 0)).sum()),
        "coverage": float(given.mean()),
        "selective_accuracy": float((called[given] == y[given]).mean()) if given.any() else float("nan"),
        "ece": calibration_error(logits, y, balance(table)),
    }
    return {name: round(value, 4) for name, value in figures.items() if np.isfinite(value)}


def report(fusion: Fusion, table: Table, logits: Floats) -> dict[str, dict[str, float]]:
    """The figures by variant, and by quality within each."""
    found = {}
    for variant in np.unique(table.variant):
        rows = table.variant == variant
        found[str(variant)] = describe(fusion, table.take(rows), logits[rows])
        for quality in np.unique(table.quality[rows]):
            some = rows & (table.quality == quality)
            if 0 < table.y[some].sum() < some.sum():
                found[f"{variant}/{quality}"] = describe(fusion, table.take(some), logits[some])
    return found


def by_detector(table: Table) -> dict[str, dict[str, float]]:
    """AUC and share of applicable rows of each detector alone, by variant."""
    found: dict[str, dict[str, float]] = {}
    for column, name in enumerate(table.detectors):
        for variant in np.unique(table.variant):
            given = (table.variant == variant) & np.isfinite(table.scores[:, column])
            value = auc(table.scores[given, column], table.y[given])
            share = given.sum() / max(1, (table.variant == variant).sum())
            found[f"{name}/{variant}"] = {"auc": round(value, 4), "applicable": round(float(share), 3)}
    return found
