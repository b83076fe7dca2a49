"""The pictures of one segment in the film's frame, before anything lies over them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.media.display import Display
from pipeline.media.frames import Frame
from pipeline.records import Clip
from pipeline.reel.crop import Camera, follow
from pipeline.reel.fitting import filled, fit_of, inside, window_in
from pipeline.reel.frames import SourcePictures
from pipeline.reel.reel import Segment
from pipeline.reel.titles import draw_card

if TYPE_CHECKING:
    import numpy as np


class CardPictures:
    """A card: one picture for as long as it stands."""

    def __init__(self, segment: Segment, size_px: tuple[int, int], font: Path | None = None) -> None:
        if segment.part.card is None:
            raise ValueError("this segment is a clip")
        self._picture = draw_card(segment.part.card, size_px, font)

    def at(self, index: int) -> np.ndarray:
        """The card, uint8 [H, W, 3]; it must not be written to."""
        return self._picture

    def close(self) -> None:
        """Nothing is open."""


class ClipPictures:
    """A clip's pictures by their number in the segment, read forward once."""

    def __init__(self, segment: Segment, size_px: tuple[int, int], rate: Fraction) -> None:
        if segment.clip is None:
            raise ValueError("this segment is a card")
        self._clip: Clip = segment.clip
        self._size_px, self._start = size_px, Fraction(segment.source_start_s)
        # written as a decimal: its float would drift off the source's grid within an hour
        self._step = Fraction(segment.part.speed).limit_denominator(10_000) / rate
        self._fit = fit_of(self._clip, size_px, segment.fit)
        self._window = window_in(self._clip, size_px)
        self._display = Display(self._clip)
        self._camera = self._watched(segment)
        self._source = SourcePictures(self._clip, segment.source_start_s, segment.source_end_s or None)
        self._frame: Frame | None = None
        self._fitted: np.ndarray | None = None

    def at(self, index: int) -> np.ndarray:
        """The picture with this number, uint8 [H, W, 3]; numbers only rise. It must not be written to."""
        frame = self._source.at(self._start + index * self._step)
        if self._fitted is None or frame is not self._frame:
            self._frame, self._fitted = frame, self._in_frame(frame)
        return self._fitted

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()

    def _watched(self, segment: Segment) -> Camera | None:
        free = self._window.free_x_px or self._window.free_y_px
        if self._fit != "smart" or not free:
            return None
        return follow(self._clip, self._window, start_s=segment.source_start_s, end_s=segment.source_end_s or None)

    def _in_frame(self, frame: Frame) -> np.ndarray:
        width, height = self._clip.video.upright_size_px
        picture = self._display.rgb(frame, smooth=(width, height) != self._size_px)
        if self._fit in ("fill", "smart"):
            place = self._camera.at(frame.time_s) if self._camera else 0.5
            return filled(picture, self._size_px, self._window, place)
        aspect = float(self._clip.video.display_aspect)
        return inside(picture, self._size_px, aspect, blurred=self._fit == "blur")
