"""C1: statistics of the finest detail of the picture, in space and in time. Weak evidence, and it says so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.detect.linear import Voice, weigh
from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.crops import Crops

NAME = "residual"
# a weak detector may not shout: five times as likely or a fifth as likely is all it can say alone
MAX_LLR = math.log(5.0)
# less than this is no leaning worth a word
LEANS = 0.2
# fewer crops than this give no stable mean
MIN_CROPS = 3


VOICE = Voice(
    NAME,
    "The fine detail of the picture",
    MAX_LLR,
    LEANS,
    even="The fine detail of the picture is about as common in camera footage as in generated clips.",
    towards_ai="The fine detail of the picture is more like generated clips than like camera footage.",
    towards_camera="The fine detail of the picture is more like camera footage than like generated clips.",
)
load_model, silent, judge = VOICE.model, VOICE.silent, VOICE.judge


def figures(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Mean of every figure over crops uint8 [N, T, side, side]; empty when there are too few."""
    from models.residual.features import FEATURES, measure

    if len(pixels) < MIN_CROPS:
        return {}
    return {name: float(value) for name, value in zip(FEATURES, measure(pixels).mean(axis=0), strict=True)}


def score(pixels: NDArray[np.uint8], *, held_out: int | None = None) -> float:
    """Log-likelihood ratio AI : camera of crops; 0 when nothing can be said."""
    found = figures(pixels)
    return weigh(found, load_model(), limit=MAX_LLR, held_out=held_out).llr if found else 0.0


def evidence(crops: Crops, *, held_out: int | None = None) -> Evidence:
    """What the detail of a clip says."""
    found = figures(crops.pixels)
    if not found:
        return silent(crops.reason or "too little of the picture has any detail")
    return judge(found, load_model(), held_out=held_out)
