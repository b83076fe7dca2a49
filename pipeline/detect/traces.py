"""Traces of a learned decoder: what a network taught on nothing but camera pictures and decoders sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.detect.networks import see
from pipeline.records import Evidence

if TYPE_CHECKING:
    from pipeline.detect.crops import Crops

NAME = "traces"
# a lean below this is none
LEANS = 0.4


def evidence(crops: Crops, *, held_out: int | None = None) -> Evidence:
    """What the network says of a clip."""
    if not len(crops):
        sentence = f"Traces of a decoder could not be looked for: {crops.reason}."
        return Evidence(NAME, "content", sentence, applicable=False, reason=crops.reason, gate="failed")
    logit = see(NAME, crops.pixels, held_out=held_out).logit
    return Evidence(NAME, "content", _sentence(logit), raw={"logit": round(logit, 4), "crops": float(len(crops))})


def _sentence(logit: float) -> str:
    if abs(logit) < LEANS:
        return "Whether the picture went through a learned decoder, as a generator's does, stays open."
    if logit > 0:
        return "The picture bears traces such as learned decoders leave, which every generator ends in."
    return "The picture bears none of the traces that the decoders we trained leave."
