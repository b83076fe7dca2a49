"""What the detectors look at: pictures at one rate for every clip, in a few stretches spread over it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.media.frames import Frame

Thoroughness = Literal["fast", "normal", "thorough"]

# the slowest rate among video generators, so that the rate of a clip never speaks
RATE_HZ = 8
# long enough for twenty pictures in a row
STRETCH_S = 2.5
STRETCHES = {"fast": 2, "normal": 8}
# a picture later than this after the one before does not continue it
MAX_GAP_S = 0.26
# mean change of 8-bit luma, over the mean change of the picture before, that is a cut and not a fast pan
CUT_CHANGE, CUT_RATIO = 18.0, 3.5
# width at which cuts are looked for
CUT_WIDTH_PX = 64


class Picture:
    """One picture as the detectors see it.

    Attributes
    ----------
    time_s : float
        Presentation time from the start of the clip.
    starts : bool
        True when it does not continue the picture before: the first, the first of a stretch, the first of a shot.
    """

    def __init__(self, frame: Frame, *, starts: bool) -> None:
        self.time_s = frame.time_s
        self.starts = starts
        self._frame = frame

    @property
    def luma(self) -> NDArray[np.uint8]:
        """Luma uint8 [H, W] at native scale; may be a view of the decoder's memory, never to be written to."""
        luma = self._frame.luma
        if self._frame.bit_depth == 8:
            return luma
        import cv2

        return cv2.convertScaleAbs(luma, alpha=0.25)  # type: ignore[return-value]

    @property
    def chroma(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Blue and red difference at half of the native scale, uint8 [ceil(H / 2), ceil(W / 2)]; as `luma`, views."""
        return self._frame.chroma

    def gray(self, width_px: int) -> NDArray[np.uint8]:
        """Luma scaled by area averaging, uint8 [h, width_px]."""
        return self._frame.gray(width_px)

    def rgb(self, width_px: int | None = None) -> NDArray[np.uint8]:
        """RGB uint8 [h, w, 3], scaled to a width when one is given."""
        return self._frame.rgb(width_px)


class CanonicalPictures:
    """Picks the pictures that the detectors look at out of all that are decoded.

    Parameters
    ----------
    duration_s : float
        Length of the clip; 0 when unknown, then everything is taken.
    thoroughness
        "fast" looks at the first two stretches, "normal" at up to eight spread over the clip, "thorough" at everything.
    """

    def __init__(self, duration_s: float, thoroughness: Thoroughness = "normal") -> None:
        self._stretches = stretches(duration_s, thoroughness)
        self._tick = -1
        self._before_s = -math.inf
        self._small: NDArray[Any] | None = None
        self._change = 0.0

    def take(self, frame: Frame) -> Picture | None:
        """The picture to look at, or None when this frame is not one; frames come in order of time."""
        tick = math.floor(frame.time_s * RATE_HZ + 1e-6)
        if tick <= self._tick or not self._wants(frame.time_s):
            return None
        self._tick = tick
        starts = self._is_start(frame)
        self._before_s = frame.time_s
        return Picture(frame, starts=starts)

    @property
    def end_s(self) -> float:
        """Nothing later than this is looked at."""
        return self._stretches[-1][1] if self._stretches else math.inf

    def _wants(self, time_s: float) -> bool:
        return not self._stretches or any(begin <= time_s < end for begin, end in self._stretches)

    def _is_start(self, frame: Frame) -> bool:
        import numpy as np

        small = frame.gray(CUT_WIDTH_PX).astype(np.int16)
        before, self._small = self._small, small
        if before is None or frame.time_s - self._before_s > MAX_GAP_S:
            self._change = 0.0
            return True
        change, usual = float(np.abs(small - before).mean()), self._change
        self._change = change
        return change > CUT_CHANGE and change > CUT_RATIO * usual


def stretches(duration_s: float, thoroughness: Thoroughness) -> tuple[tuple[float, float], ...]:
    """Start and end of every stretch that is looked at, in seconds; empty when everything is."""
    count = STRETCHES.get(thoroughness)
    if count is None or duration_s <= 0:
        return ()
    if thoroughness == "fast":
        return ((0.0, count * STRETCH_S),)
    if duration_s <= count * STRETCH_S:
        return ()
    # the first starts where the clip does, the last ends where it does
    step = (duration_s - STRETCH_S) / (count - 1)
    return tuple((i * step, i * step + STRETCH_S) for i in range(count))
