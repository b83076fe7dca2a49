"""How probable an event is at each turn of the movement: all cues together, weighed by a trained model."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.trees import Trees
    from pipeline.analysis.motion import MotionFeatures

logger = logging.getLogger(__name__)


def event_probability(features: MotionFeatures, trees: Trees) -> NDArray[np.float64]:
    """Probability of a contact at each turn, float64 [turns]."""
    from models.events.features import context

    chunks = [trees.probability(x) for _, x in context(features.pairs, features.turns, features.light)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


@cache
def load_trees() -> Trees | None:
    """The weights beside the model's card, read once; None, with a line in the log, where they are missing."""
    from models import events
    from models.events.features import feature_names
    from models.events.trees import load

    path = Path(events.__path__[0]) / "trees.npz"
    if not path.is_file():
        logger.warning("no event model at %s; contacts are found by rules alone", path)
        return None
    return load(path, features=len(feature_names()))
