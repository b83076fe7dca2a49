"""Native-scale crops that follow each other in time: what the residual and patch detectors measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.drawing import Box
    from pipeline.detect.pictures import Picture

# three quarters of it are still more than the 128 pixels that are measured
CROP_PX = 176
MIN_CROP_PX = 128
# pictures in a row, an eighth of a second apart
PICTURES = 5
# a moment begins this long after the last one did
MOMENT_EVERY_S = 0.6
# moments and crops of each that are kept: flat memory however long the clip is
MOMENTS, PLACES = 8, 6
# centres of the crops as fractions of the picture, of even and odd moments in turn, so that both cover it
CENTRES = (
    ((0.5, 0.5), (0.2, 0.25), (0.2, 0.75), (0.5, 0.2), (0.8, 0.3), (0.8, 0.75)),
    ((0.4, 0.4), (0.6, 0.62), (0.25, 0.5), (0.75, 0.5), (0.5, 0.85), (0.45, 0.65)),
)
# a crop whose neighbour differences stay below this (8-bit code values, root mean square) holds nothing to measure
FLAT_RMS = 1.0
# width of the picture kept of each moment, to draw on
SHOWN_WIDTH_PX = 480


@dataclass(frozen=True)
class Crops:
    """Crops of a clip with where and when they were taken."""

    # uint8 [N, PICTURES, side, side]; none when the clip gave none
    pixels: NDArray[np.uint8]
    # start of each, in seconds
    times_s: tuple[float, ...]
    boxes: tuple[Box, ...]
    # number of the moment each belongs to
    moments: tuple[int, ...]
    # RGB uint8 [h, w, 3] of each moment
    shown: tuple[NDArray[np.uint8], ...]
    # crops that were too flat to measure
    flat: int = 0
    # why there are none
    reason: str = ""

    def __len__(self) -> int:
        return len(self.times_s)


class CropSampler:
    """Feed canonical pictures; keeps crops of a few moments, thinning them out as the clip goes on.

    Parameters
    ----------
    crop_px : int
        Side of a crop; smaller pictures give smaller ones, down to MIN_CROP_PX.
    moments, places : int
        Most moments kept, and crops of each.
    still : bool
        One picture is enough; it is repeated in time.
    """

    def __init__(
        self, *, crop_px: int = CROP_PX, moments: int = MOMENTS, places: int = PLACES, still: bool = False
    ) -> None:
        self._crop_px, self._most, self._places, self._still = crop_px, moments, places, still
        self._every_s = MOMENT_EVERY_S
        self._run: list[list[NDArray[Any]]] = []
        self._began_s = 0.0
        self._boxes: list[Box] = []
        self._corners: list[tuple[int, int, int]] = []
        self._rgb: NDArray[Any] | None = None
        self._kept: list[tuple[float, list[Box], NDArray[Any], NDArray[Any]]] = []
        self._seen = 0
        self._next_s = float("-inf")
        self._too_small = ""

    def add(self, picture: Picture) -> None:
        """Take one picture; times must not go back."""
        if picture.starts:
            self._run = []
        if not self._run and not self._begin(picture):
            return
        luma = picture.luma
        self._run.append([luma[top : top + side, left : left + side].copy() for top, left, side in self._corners])
        if self._still:
            self._run *= PICTURES
        if len(self._run) == PICTURES:
            self._close()

    def _begin(self, picture: Picture) -> bool:
        if picture.time_s < self._next_s or self._too_small:
            return False
        height, width = picture.luma.shape
        side = min(height, width, self._crop_px) & ~1
        if side < MIN_CROP_PX:
            self._too_small = f"the picture ({width}x{height}) is smaller than {MIN_CROP_PX} pixels"
            return False
        places = CENTRES[self._seen % len(CENTRES)][: self._places]
        self._corners = [_corner(y, x, height, width, side) for y, x in places]
        self._boxes = [
            (left / width, top / height, (left + s) / width, (top + s) / height) for top, left, s in self._corners
        ]
        self._began_s = picture.time_s
        self._rgb = picture.rgb(min(SHOWN_WIDTH_PX, width))
        return True

    def _close(self) -> None:
        import numpy as np

        assert self._rgb is not None
        pixels = np.stack([np.stack(crops) for crops in self._run], axis=1)
        self._kept.append((self._began_s, self._boxes, pixels, self._rgb))
        self._run = []
        self._seen += 1
        self._next_s = self._began_s + self._every_s
        if len(self._kept) > self._most:
            # every other moment goes, and from now on they come half as often
            self._kept = self._kept[::2]
            self._every_s *= 2
            self._next_s = self._began_s + self._every_s

    def crops(self) -> Crops:
        """What was kept, without the flat ones."""
        import numpy as np

        pixels, times, boxes, moments = [], [], [], []
        flat = 0
        for number, (time_s, places, block, _) in enumerate(self._kept):
            for box, crop in zip(places, block, strict=True):
                if is_flat(crop[0]):
                    flat += 1
                    continue
                pixels.append(crop)
                times.append(time_s)
                boxes.append(box)
                moments.append(number)
        side = self._corners[0][2] if self._corners else self._crop_px
        stacked = np.stack(pixels) if pixels else np.zeros((0, PICTURES, side, side), np.uint8)
        shown = tuple(rgb for _, _, _, rgb in self._kept)
        return Crops(stacked, tuple(times), tuple(boxes), tuple(moments), shown, flat, self._reason(len(pixels), flat))

    def _reason(self, count: int, flat: int) -> str:
        if count:
            return ""
        if self._too_small:
            return self._too_small
        if flat:
            return "the picture is too flat to measure (black, plain or almost without detail)"
        return "the clip is too short to measure"


def _corner(y: float, x: float, height: int, width: int, side: int) -> tuple[int, int, int]:
    top = min(max(round(y * height) - side // 2, 0), height - side)
    left = min(max(round(x * width) - side // 2, 0), width - side)
    return top, left, side


def is_flat(luma: NDArray[Any]) -> bool:
    """Whether a crop [H, W] holds almost no detail."""
    import numpy as np

    pixels = luma.astype(np.float32)
    energy = np.mean(np.diff(pixels, axis=0) ** 2) + np.mean(np.diff(pixels, axis=1) ** 2)
    return bool(energy < FLAT_RMS**2)
