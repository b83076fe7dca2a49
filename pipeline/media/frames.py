"""Pictures of a clip in order of time, upright, at whatever size and format a stage needs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableInput
from pipeline.media.container import decode, open_input, packets, video_stream
from pipeline.media.probe import probe
from pipeline.records import Clip

if TYPE_CHECKING:
    import numpy as np

# Formats whose first plane is luma with one sample per pixel and 8 bits.
_LUMA8 = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray", "gray8")
# The same with 10 bits in the low end of little-endian words.
_LUMA10 = ("yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le")


class Frame:
    """One picture. Arrays are made when asked for and kept as long as the frame is.

    Attributes
    ----------
    time_s : float
        Presentation time from the start of the clip.
    """

    def __init__(self, picture: Any, time_s: float, clip: Clip) -> None:
        self.time_s = time_s
        self.picture = picture
        self._clip = clip
        self._grays: dict[tuple[int, int], np.ndarray] = {}

    @property
    def bit_depth(self) -> int:
        """8, or 10 for anything deeper than 8 bits."""
        return 10 if self._planar.format.name in _LUMA10 else 8

    @property
    def is_intra(self) -> bool:
        """Whether the codec made this picture whole, without predicting it from others."""
        from av.video.frame import PictureType

        return self.picture.pict_type in (PictureType.I, PictureType.SI, PictureType.BI)

    @cached_property
    def _planar(self) -> Any:
        if self.picture.format.name in _LUMA8 + _LUMA10:
            return self.picture
        return self.picture.reformat(format=working_format(self.picture.format))

    @cached_property
    def luma(self) -> np.ndarray:
        """Luma [height, width], upright, uint8 or (10 bit) uint16; a view that must not be written to."""
        return upright(plane_view(self._planar, 0), self._clip.video.rotation_deg)

    @cached_property
    def chroma(self) -> tuple[np.ndarray, np.ndarray]:
        """Blue and red difference, each uint8 [ceil(height / 2), ceil(width / 2)], upright; views as `luma` is."""
        same = self.picture.format.name in ("yuv420p", "yuvj420p")
        planar = self.picture if same else self.picture.reformat(format="yuv420p")
        blue, red = (upright(plane_view(planar, index), self._clip.video.rotation_deg) for index in (1, 2))
        return blue, red

    def gray(self, width_px: int, height_px: int | None = None) -> np.ndarray:
        """Luma scaled by area averaging, uint8 [height, width], upright.

        Without `height_px` the height follows from the display aspect.
        """
        import cv2

        height_px = height_px or self._height_for(width_px)
        if (width_px, height_px) not in self._grays:
            halved = _halved(self.luma, width_px, height_px)
            small = cv2.resize(halved, (width_px, height_px), interpolation=cv2.INTER_AREA)
            # 10 bits to 8, rounded
            self._grays[width_px, height_px] = cv2.convertScaleAbs(small, alpha=0.25) if self.bit_depth > 8 else small
        return self._grays[width_px, height_px]

    def rgb(self, width_px: int | None = None) -> np.ndarray:
        """RGB uint8 [height, width, 3], upright; with a width also scaled to the display aspect."""
        from av.video.reformatter import Interpolation

        turn = self._clip.video.rotation_deg
        if width_px is None:
            return upright(self.picture.to_ndarray(format="rgb24"), turn)
        size = (width_px, self._height_for(width_px))
        width, height = size[::-1] if turn in (90, 270) else size
        small = self.picture.reformat(width, height, "rgb24", interpolation=Interpolation.AREA)
        return upright(small.to_ndarray(), turn)

    def _height_for(self, width_px: int) -> int:
        return max(1, round(width_px / self._clip.video.display_aspect))


def _halved(image: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    # halving exactly is several times faster than averaging over odd areas, and gives the same means
    import cv2

    height, width = image.shape
    while width % 2 == 0 and height % 2 == 0 and width >= 2 * width_px and height >= 2 * height_px:
        width, height = width // 2, height // 2
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return image


def read_frames(source: Path | Clip, *, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Frame]:
    """Decode a clip's pictures in presentation order with constant memory.

    Parameters
    ----------
    source
        A path, or a probed clip (saves probing again).
    start_s, end_s
        Only pictures with ``start_s <= time < end_s``; reading starts at the key picture before.

    Raises
    ------
    UnreadableInput
        When the file cannot be opened or not a single picture decodes.
    """
    clip = source if isinstance(source, Clip) else probe(source)
    count = 0
    for frame in _decode_all(clip, start_s):
        if end_s is not None and frame.time_s >= end_s:
            return
        count += 1
        if frame.time_s >= start_s - 1e-9:
            yield frame
    if not count and not start_s:
        raise UnreadableInput(f"{clip.path.name} holds no picture that can be decoded; export it again.")


def _decode_all(clip: Clip, start_s: float) -> Iterator[Frame]:
    with open_input(clip.path) as container:
        stream = video_stream(container, clip.path)
        if start_s > 0:
            container.seek(int((Fraction(start_s) + clip.origin_s) / stream.time_base), stream=stream)
        for picture in pictures(container, stream):
            if picture.pts is not None:
                yield Frame(picture, float(picture.pts * stream.time_base - clip.origin_s), clip)


def pictures(container: Any, stream: Any) -> Iterator[Any]:
    """Raw decoded pictures of one stream, to the end."""
    for packet in packets(container, stream):
        yield from decode(stream, packet)
    yield from decode(stream, None)


def working_format(pixel_format: Any) -> str:
    """The planar 4:2:0 format that pictures of this format are worked on and encoded in."""
    deep = max(component.bits for component in pixel_format.components) > 8
    return "yuv420p10le" if deep else "yuv420p"


def plane_view(picture: Any, index: int) -> np.ndarray:
    """Samples of one plane as an array [height, width] that shares the picture's memory."""
    import numpy as np

    plane = picture.planes[index]
    deep = picture.format.components[0].bits > 8
    rows = np.frombuffer(plane, dtype=np.uint16 if deep else np.uint8).reshape(plane.height, -1)
    return rows[:, : plane.width]


def upright(image: np.ndarray, rotation_deg: int) -> np.ndarray:
    """Turn a coded picture clockwise by its rotation flag; a view."""
    import numpy as np

    return np.rot90(image, -(rotation_deg // 90)) if rotation_deg else image
