"""How likely a place is a glitch, and how much a clip's glitches say: trees and coefficients that ship."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.events.trees import Trees
from models.folds import FOLDS, members

FAMILIES = ("sudden", "boil")
ARRAYS = ("feature", "threshold", "left", "right", "value", "roots")
# log-odds beyond this say no more: one in a thousand
LIMIT = 7.0

CLIP_FIGURES = ("strongest_sudden", "strongest_boil", "third_strongest", "likely_per_s")
# an event more likely than not, before a clip's rate is counted
LIKELY_LOGIT = 0.0


@dataclass(frozen=True)
class Coefficients:
    """What was fitted beside the trees; see models/glitches/README.md."""

    # log-odds above which an event is shown: at most so many false ones a minute on real clips not trained on
    show_above: float
    false_events_per_minute: float
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    # per member: one weight per figure of `CLIP_FIGURES`, and the intercept
    weight: tuple[tuple[float, ...], ...]
    intercept: tuple[float, ...]
    # factor on the logit that fits clips not trained on (Platt 1999, slope only); 0 when they are hardly told apart
    shrink: float
    # area under the ROC curve on origins not trained on, with its 95 % interval
    auc_unseen: float
    auc_interval: tuple[float, float]

    def logit(self, figures: Mapping[str, float], *, held_out: int | None = None) -> float:
        """Calibrated log-odds of AI for a clip's figures; 0 when the model is known to say nothing."""
        x = (np.array([figures[name] for name in CLIP_FIGURES]) - self.mean) / self.scale
        each = [float(x @ np.array(self.weight[k])) + self.intercept[k] for k in members(held_out)]
        return self.shrink * float(np.mean(each))


@lru_cache(maxsize=1)
def load_coefficients() -> Coefficients:
    """The coefficients that ship."""
    data = json.loads((files("models.glitches") / "coefficients.json").read_text(encoding="utf-8"))
    fitted: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return Coefficients(**fitted | {"weight": tuple(map(tuple, data["weight"]))})


@lru_cache(maxsize=1)
def load_trees() -> dict[str, tuple[Trees, ...]]:
    """The trees that ship, by family and member; UntrustedWeights when they are not the registered ones."""
    from models.registry import load

    return unpack(load("glitches"))


def pack(trees: Mapping[str, Sequence[Trees]]) -> dict[str, NDArray[Any]]:
    """Trees as named arrays for a safetensors file."""
    arrays: dict[str, NDArray[Any]] = {}
    for family, each in trees.items():
        for k, one in enumerate(each):
            arrays |= {f"{family}.{k}.{name}": getattr(one, name) for name in ARRAYS}
            arrays[f"{family}.{k}.about"] = np.array([one.baseline, one.columns], np.float64)
    return arrays


def unpack(arrays: Mapping[str, NDArray[Any]]) -> dict[str, tuple[Trees, ...]]:
    """What `pack` made; KeyError names what is missing."""
    return {family: tuple(_trees(arrays, f"{family}.{k}") for k in range(FOLDS)) for family in FAMILIES}


def _trees(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Trees:
    baseline, columns = arrays[f"{prefix}.about"]
    parts = {name: arrays[f"{prefix}.{name}"] for name in ARRAYS}
    return Trees(**parts, baseline=float(baseline), columns=int(columns))


def log_odds(
    family: str, values: NDArray[np.float32], *, held_out: int | None, trees: Mapping[str, Sequence[Trees]]
) -> NDArray[np.float64]:
    """Log-odds that candidates of one family are glitches.

    Parameters
    ----------
    values : float32 [candidates, features]
    held_out : the fold whose clip it is, None for a clip that training never saw

    Returns
    -------
    float64 [candidates], within +-`LIMIT`.
    """
    if not len(values):
        return np.zeros(0)
    chances = np.stack([trees[family][k].probability(values) for k in members(held_out)])
    chances = np.clip(chances, 1e-9, 1 - 1e-9)
    return np.clip(np.log(chances / (1 - chances)).mean(axis=0), -LIMIT, LIMIT)  # type: ignore[no-any-return]


def clip_figures(sudden: Sequence[float], boil: Sequence[float], *, seconds: float) -> dict[str, float]:
    """What a clip's events come to: the figures that `Coefficients.logit` weighs.

    Parameters
    ----------
    sudden, boil : log-odds of the clip's events, overlapping ones counted once
    seconds : length of what was looked at
    """
    ranked = sorted([*sudden, *boil], reverse=True)
    likely = sum(value > LIKELY_LOGIT for value in ranked)
    return {
        "strongest_sudden": max(sudden, default=-LIMIT),
        "strongest_boil": max(boil, default=-LIMIT),
        "third_strongest": ranked[2] if len(ranked) > 2 else -LIMIT,
        "likely_per_s": likely / max(seconds, 1.0),
    }
