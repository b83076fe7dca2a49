"""How things move, as a re-encode's motion vectors tell it. Weak evidence, and it says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.linear import LinearModel, Voice
from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.pictures import Picture

NAME = "motion"
# every picture is brought to about the area of 320x180, so that its size does not speak
AREA_PX = 320 * 180
# smaller ones would have to be made up
MIN_SIDE_PX = 120
# pictures measured together: one stretch of two and a half seconds
RUN = 20
# fewer in a row say nothing about acceleration
MIN_RUN = 8
# rate factor of the re-encode, x264's default
CRF = 23
# a scene where more than this share of blocks rests has no motion to judge
MAX_REST = 0.97
# a single weak detector may not shout: twice as likely or half as likely is all it can say
MAX_LLR = math.log(2.0)
# less than this is no leaning worth a word
LEANS = 0.15


VOICE = Voice(
    NAME,
    "The motion of the picture",
    MAX_LLR,
    LEANS,
    even="The motion is about as common in camera footage as in generated clips.",
    towards_ai="The motion is somewhat more like generated clips than like camera footage.",
    towards_camera="The motion is somewhat more like camera footage than like generated clips.",
)
load_model, silent = VOICE.model, VOICE.silent


@dataclass(frozen=True)
class Shown:
    """A small picture, uint8 [h, w], and when it is shown."""

    time_s: float
    small: NDArray[np.uint8]


class MotionDetector:
    """Keeps at most twenty small pictures; each full run is re-encoded in memory, measured and forgotten."""

    name = NAME

    def __init__(self, *, held_out: int | None = None) -> None:
        self._held_out = held_out
        self._run: list[Shown] = []
        self._sum: NDArray[np.float64] | None = None
        self._weight = 0
        self._too_small = ""

    def add(self, picture: Picture) -> None:
        """Take one picture; times must not go back."""
        if self._too_small:
            return
        height, width = picture.luma.shape
        if min(height, width) < MIN_SIDE_PX:
            self._too_small = f"the picture ({width}x{height}) is smaller than the {MIN_SIDE_PX} pixels it needs"
            return
        small = _even(picture.gray(round(math.sqrt(AREA_PX * width / height))))
        starts = picture.starts or (bool(self._run) and small.shape != self._run[0].small.shape)
        if self._run and (starts or len(self._run) == RUN):
            # a full run ends with the picture that the next begins with, so that no step is lost
            carried = [] if starts else self._run[-1:]
            self._close()
            self._run = carried
        self._run.append(Shown(picture.time_s, small))

    def _close(self) -> None:
        found = measure_run(self._run)
        self._run = []
        if found is not None:
            values, steps = found
            self._sum = values * steps if self._sum is None else self._sum + values * steps
            self._weight += steps

    def figures(self) -> dict[str, float]:
        """Mean of every figure over the clip, long runs counting more; empty when too little could be measured."""
        from models.motion.features import FEATURES

        total, weight = self._sum, self._weight
        last = measure_run(self._run)
        if last is not None:
            values, steps = last
            total, weight = values * steps if total is None else total + values * steps, weight + steps
        if total is None:
            return {}
        return {name: float(value) for name, value in zip(FEATURES, total / weight, strict=True)}

    def evidence(self) -> tuple[Evidence, ...]:
        """What the pictures so far say; asking does not end the pass."""
        if self._too_small:
            return (silent(self._too_small),)
        figures = self.figures()
        if not figures:
            return (silent("no stretch without a cut is long enough"),)
        return (judge(figures, load_model(), held_out=self._held_out),)


def _even(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return small[: small.shape[0] // 2 * 2, : small.shape[1] // 2 * 2]


def measure_run(run: list[Shown]) -> tuple[NDArray[np.float64], int] | None:
    """Figures of pictures in a row, and how many steps of time they come from; None when that is too few."""
    if len(run) < MIN_RUN:
        return None
    import numpy as np

    from models.motion.features import measure
    from pipeline.media.recode import recode_with_vectors

    lumas, times_s = np.stack([one.small for one in run]), np.array([one.time_s for one in run])
    _, moved = recode_with_vectors(lumas, crf=CRF)
    values = measure(lumas, moved, times_s)
    return None if values is None else (values, len(run) - 1)


def judge(figures: dict[str, float], model: LinearModel, *, held_out: int | None = None) -> Evidence:
    """Turn measured figures into evidence of scope "content"."""
    if figures["rests"] > MAX_REST:
        return silent("hardly anything moves", {name: round(value, 4) for name, value in figures.items()})
    return VOICE.judge(figures, model, held_out=held_out)
