"""Models that were each trained without some of the clips, so that nobody is judged on what he has learnt by heart."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from models.events.features import feature_names
from models.events.trees import Trees, load

FOLDER = Path(__file__).parent / "left_out"


def trees_for(clip: str) -> Trees | None:
    """The model that did not see a clip (its folder and file name); None for a clip that no model has seen."""
    fold = _folds().get(clip)
    return None if fold is None else _load(fold)


@cache
def _folds() -> dict[str, int]:
    return json.loads((FOLDER / "clips.json").read_text("utf-8"))


@cache
def _load(fold: int) -> Trees:
    return load(FOLDER / f"{fold}.npz", features=len(feature_names()))
