"""C1 in colour: how fine, how still and how independent colour is beside brightness. Weak evidence, and it says so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.detect.linear import Voice
from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from models.colour.features import Planes
    from pipeline.detect.pictures import Picture

NAME = "colour"
# a pair of pictures is measured this often at the most
EVERY_S = 0.4
# longest side of the middle of the picture that is measured, at the scale of colour
MOST_PX = 480
MIN_SIDE_PX = 120
MIN_PAIRS = 2
# less colour than this over the whole picture (mean distance from grey, 8-bit code values) is none
GREY = 1.0
# a weak detector may not shout: five times as likely or a fifth as likely is all it can say alone
MAX_LLR = math.log(5.0)
LEANS = 0.2


VOICE = Voice(
    NAME,
    "The colour of the picture",
    MAX_LLR,
    LEANS,
    even="Colour goes with brightness about as in camera footage and as in generated clips.",
    towards_ai="Colour goes with brightness more as in generated clips than as in camera footage.",
    towards_camera="Colour goes with brightness more as in camera footage than as in generated clips.",
)
load_model, silent, judge = VOICE.model, VOICE.silent, VOICE.judge


class ColourDetector:
    """Measures a pair of pictures in a row now and then, and keeps only sums."""

    name = NAME

    def __init__(self, *, held_out: int | None = None) -> None:
        self._held_out = held_out
        self._before: Planes | None = None
        self._before_s = 0.0
        self._next_s = -math.inf
        self._sum: NDArray[np.float64] | None = None
        self._pairs = 0
        self._grey = 0
        self._too_small = ""

    def add(self, picture: Picture) -> None:
        """Take one picture; times must not go back."""
        if picture.starts:
            self._before = None
        if self._too_small or (self._before is None and picture.time_s < self._next_s):
            return
        height, width = picture.luma.shape
        if min(height, width) < MIN_SIDE_PX:
            self._too_small = f"the picture ({width}x{height}) is smaller than the {MIN_SIDE_PX} pixels it needs"
            return
        from models.colour.features import planes

        now = planes(picture.luma, picture.chroma, most_px=MOST_PX)
        if self._before is None:
            self._before, self._before_s = now, picture.time_s
        else:
            self._close(self._before, now)

    def _close(self, before: Planes, after: Planes) -> None:
        import numpy as np

        from models.colour.features import measure

        self._before, self._next_s = None, self._before_s + EVERY_S
        if np.hypot(after.blue - 128, after.red - 128).mean() < GREY:
            self._grey += 1
            return
        values = measure(before, after)
        self._sum = values if self._sum is None else self._sum + values
        self._pairs += 1

    def figures(self) -> dict[str, float]:
        """Mean of every figure over the clip; empty when too little could be measured."""
        from models.colour.features import FEATURES

        if self._sum is None or self._pairs < MIN_PAIRS:
            return {}
        return {name: float(value) for name, value in zip(FEATURES, self._sum / self._pairs, strict=True)}

    def evidence(self) -> tuple[Evidence, ...]:
        """What the pictures so far say; asking does not end the pass."""
        found = self.figures()
        if found:
            return (judge(found, load_model(), held_out=self._held_out),)
        if self._too_small:
            return (silent(self._too_small),)
        grey = "the picture has no colour" if self._grey > self._pairs else "the clip is too short to measure"
        return (silent(grey),)
