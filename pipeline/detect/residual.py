"""The one content detector of this version: the finest detail of the picture. It is weak, and says so."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.residual.features import FrameDetail

# a pair of pictures is measured this often ...
MOMENT_EVERY_S = 0.5
# ... and its two pictures are this far apart, so that the rate of the clip does not speak through them
PAIR_APART_S = 0.12
# fewer pairs than this say nothing
MIN_PAIRS = 3
# a single weak detector may not shout: twice as likely or half as likely is all it can say
MAX_LLR = math.log(2.0)


class LumaFrame(Protocol):
    """What the detector needs of a picture."""

    @property
    def time_s(self) -> float: ...
    @property
    def luma(self) -> NDArray[Any]: ...
    @property
    def bit_depth(self) -> int: ...


@dataclass(frozen=True)
class Coefficients:
    """The trained logistic regression with what is known of its quality; see models/residual/README.md."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    intercept: float
    # factor on the logit that fits scores on unseen origins (Platt 1999, slope only)
    shrink: float
    # range of each feature in training
    low: tuple[float, ...]
    high: tuple[float, ...]
    # area under the ROC curve on origins left out of training, clean and after re-delivery
    auc_unseen: float
    auc_unseen_degraded: float


@lru_cache(maxsize=1)
def load_coefficients() -> Coefficients:
    """The coefficients that ship with Foleymark."""
    from pipeline.records import from_data

    text = (files("models.residual") / "coefficients.json").read_text(encoding="utf-8")
    return from_data(json.loads(text), Coefficients)


class ResidualDetector:
    """Feed every picture in order; only about four a second are looked at, in five native-scale patches each."""

    def __init__(self) -> None:
        self._next_s = -math.inf
        self._before: FrameDetail | None = None
        self._before_s = 0.0
        self._sum: NDArray[np.float64] | None = None
        self._pairs = 0
        self._flat = 0
        self._too_small = ""

    def add(self, frame: LumaFrame) -> None:
        """Take one picture; times must not go back."""
        if self._too_small or not self._is_due(frame.time_s):
            return
        from models.residual.features import PATCH_PX, measure_frame

        height, width = frame.luma.shape
        if min(height, width) < PATCH_PX:
            self._too_small = f"the picture ({width}x{height}) is smaller than the {PATCH_PX} pixels the detector needs"
            return
        detail = measure_frame(frame.luma, frame.bit_depth)
        if detail is None:
            self._flat += 1
            self._before, self._next_s = None, frame.time_s + MOMENT_EVERY_S
        elif self._before is None:
            self._before, self._before_s = detail, frame.time_s
            self._next_s = frame.time_s + MOMENT_EVERY_S
        else:
            self._close_pair(detail)

    def _is_due(self, time_s: float) -> bool:
        if self._before is None:
            return time_s >= self._next_s
        return time_s >= self._before_s + PAIR_APART_S

    def _close_pair(self, after: FrameDetail) -> None:
        import numpy as np

        from models.residual.features import measure_pair

        assert self._before is not None
        single = (self._before.values + after.values) / 2
        values = np.concatenate([single, measure_pair(self._before, after)])
        self._sum = values if self._sum is None else self._sum + values
        self._pairs += 1
        self._before = None

    def figures(self) -> dict[str, float]:
        """Mean of every feature over the clip; empty when too little could be measured."""
        from models.residual.features import FEATURES

        if self._sum is None or self._pairs < MIN_PAIRS:
            return {}
        return {name: float(value) for name, value in zip(FEATURES, self._sum / self._pairs, strict=True)}

    def evidence(self) -> Evidence:
        """What the pictures seen so far say; asking does not end the pass."""
        figures = self.figures()
        if not figures:
            return _not_measurable(self._too_small or _too_little(self._pairs, self._flat))
        return weigh(figures, load_coefficients())


def _too_little(pairs: int, flat: int) -> str:
    if flat > pairs:
        return "the picture is too flat to measure (black, plain or almost without detail)"
    return "the clip is too short to measure"


def _not_measurable(reason: str) -> Evidence:
    return Evidence(
        name="residual",
        scope="content",
        sentence=f"The fine detail of the picture could not be judged: {reason}.",
        applicable=False,
        reason=reason,
    )


def weigh(figures: dict[str, float], coefficients: Coefficients) -> Evidence:
    """Turn measured figures into evidence.

    Parameters
    ----------
    figures : one value per feature name
    coefficients : the trained regression

    Returns
    -------
    Evidence of scope "content"; not applicable when the figures lie outside what training saw.
    """
    c = coefficients
    raw = {name: round(figures[name], 4) for name in c.features}
    outside = [n for n, low, high in zip(c.features, c.low, c.high, strict=True) if not low <= figures[n] <= high]
    if outside:
        silent = _not_measurable("it is unlike that of the clips the detector was trained on")
        return replace(silent, reason=f"outside the range seen in training: {', '.join(outside)}", raw=raw)
    parts = zip(c.features, c.mean, c.scale, c.weight, strict=True)
    logit = c.intercept + sum(weight * (figures[name] - mean) / scale for name, mean, scale, weight in parts)
    llr = max(-MAX_LLR, min(MAX_LLR, c.shrink * logit))
    return Evidence(
        name="residual",
        scope="content",
        sentence=f"{_leaning(llr)} This is weak evidence and does not count towards the verdict.",
        reason=limits(c),
        raw=raw,
        llr=round(llr, 3),
    )


def _leaning(llr: float) -> str:
    if abs(llr) < 0.2:
        return "The fine detail of the picture is about as common in camera footage as in generated clips."
    if llr > 0:
        return "The fine detail of the picture is somewhat more like generated clips than like camera footage."
    return "The fine detail of the picture is somewhat more like camera footage than like generated clips."


def limits(coefficients: Coefficients) -> str:
    """How far to trust the detector, in measured figures."""
    clean, degraded = round(100 * coefficients.auc_unseen), round(100 * coefficients.auc_unseen_degraded)
    return (
        f"Weak: given one generated and one camera clip from sources it has not seen, it picks the right one {clean} "
        f"times in 100 ({degraded} after shrinking and heavier compression); guessing gives 50."
    )
