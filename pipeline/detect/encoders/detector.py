"""The user's encoder as a detector: what it measures is shown, and counts only by the user's own calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.config import EncoderSettings
from pipeline.detect.encoders import second_order, straightness
from pipeline.detect.encoders.encoder import Encoder, load_encoder
from pipeline.detect.encoders.path import FeaturePath
from pipeline.detect.linear import LinearModel, confidence, read_model, weigh
from pipeline.errors import UsageError
from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.pictures import Picture

NAME = "encoder"
# pictures that go through the encoder together
BATCH = 8
# four times as likely is the most a calibration on a user's own clips may say
MAX_LLR = math.log(4.0)


class EncoderDetector:
    """Keeps a batch of small pictures and the figures of the path so far."""

    name = NAME

    def __init__(self, encoder: Encoder, model: LinearModel | None = None, *, held_out: int | None = None) -> None:
        self._encoder = encoder
        self._model = model
        self._held_out = held_out
        self._waiting: list[tuple[NDArray[np.uint8], bool]] = []
        self._whole, self._tokens = FeaturePath(), FeaturePath()

    def add(self, picture: Picture) -> None:
        """Take one picture; times must not go back."""
        height, width = picture.luma.shape
        wanted = math.ceil(self._encoder.side_px * max(1.0, width / height))
        self._waiting.append((self._encoder.square(picture.rgb(wanted)), picture.starts))
        if len(self._waiting) == BATCH:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        import numpy as np

        found = self._encoder.encode(np.stack([pixels for pixels, _ in self._waiting]))
        for (_, starts), whole, tokens in zip(self._waiting, found.whole, found.tokens, strict=True):
            self._whole.add(whole, starts=starts)
            self._tokens.add(tokens, starts=starts)
        self._waiting.clear()

    def figures(self) -> dict[str, float]:
        """All measures by name; empty when the pictures are too few or stand still."""
        self._flush()
        second, straight = second_order.figures(self._whole), straightness.figures(self._tokens)
        found = second | straight if second and straight else {}
        return found if all(math.isfinite(value) for value in found.values()) else {}

    def evidence(self) -> tuple[Evidence, ...]:
        """What the pictures so far say; asking does not end the pass."""
        figures = self.figures()
        if not figures:
            return (_silent("too few pictures in a row that change"),)
        if self._model is None:
            return (_shown(figures, self._encoder),)
        return (_counted(figures, self._encoder, self._model, held_out=self._held_out),)


def open_encoder(settings: EncoderSettings, *, held_out: int | None = None) -> EncoderDetector | None:
    """The detector that the settings ask for, or None when they name no encoder.

    Raises
    ------
    UsageError
        The encoder cannot be loaded, or the calibration was made with another one.
    """
    if settings.path is None:
        return None
    model = read_model(settings.calibration.expanduser()) if settings.calibration else None
    encoder = load_encoder(settings.path, settings.kind)
    if model is not None and model.measured_by != encoder.identity:
        raise UsageError(f"The calibration {settings.calibration} was made with another encoder; make it again.")
    if model is not None and not set(model.features) <= {*second_order.NAMES, *straightness.NAMES}:
        raise UsageError(f"The calibration {settings.calibration} asks for figures that are not measured.")
    return EncoderDetector(encoder, model, held_out=held_out)


def _described(figures: dict[str, float], encoder: Encoder) -> str:
    bend_deg, varies = figures["bend_mean"], figures["d3_euclid"]
    return (
        f"In the features of your {encoder.kind} encoder ({encoder.millions:.0f} million parameters) the path of the "
        f"picture bends by {bend_deg:.0f} degrees a step on average, and its speed varies by {varies:.3g}."
    )


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    # five significant digits: the scale is the encoder's own
    return {name: float(f"{value:.5g}") for name, value in figures.items()}


def _shown(figures: dict[str, float], encoder: Encoder) -> Evidence:
    sentence = f"{_described(figures, encoder)} Without a calibration nothing follows from that."
    reason = "no calibration was given (docs/adapters.md)"
    return Evidence(NAME, "hint", sentence, reason=reason, raw=_rounded(figures))


def _counted(figures: dict[str, float], encoder: Encoder, model: LinearModel, *, held_out: int | None) -> Evidence:
    found = weigh(figures, model, limit=MAX_LLR, held_out=held_out)
    if found.outside:
        return _silent("its figures are unlike those of the clips it was calibrated on", _rounded(figures))
    side = "more like generated clips" if found.llr > 0 else "more like camera footage"
    leaning = "By your calibration that is about as common in both." if abs(found.llr) < 0.15 else ""
    sentence = f"{_described(figures, encoder)} {leaning or f'By your calibration that is {side}.'}"
    return Evidence(NAME, "content", sentence, reason=confidence(model), raw=_rounded(figures), llr=round(found.llr, 3))


def _silent(reason: str, raw: dict[str, float] | None = None) -> Evidence:
    sentence = f"Your encoder could not measure the picture's path: {reason}."
    return Evidence(NAME, "hint", sentence, applicable=False, reason=reason, gate="failed", raw=raw or {})
