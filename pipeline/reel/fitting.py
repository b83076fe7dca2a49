"""A picture of any shape in the film's frame: bars, centre crop, blurred ground, or a window that moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.records import Clip
from pipeline.reel.reel import Fit

if TYPE_CHECKING:
    import numpy as np

# Shapes this close are cropped, whatever the fit: bars of five pixels (1088 lines for 1080) look like a mistake.
SAME_SHAPE = 0.015
# The ground behind: worked on this much smaller than the frame, and this bright against the picture.
GROUND_SCALE = 16
GROUND_LIGHT = 0.55
# Gaussian on the small ground, against its shorter side
GROUND_BLUR = 0.05
# Lines beside a window that are scaled with it, so that it can stand between two of them.
SPARE = 2


@dataclass(frozen=True)
class Window:
    """The largest part of a source that has the film's shape, and how far it may travel."""

    # stored pixels, upright
    width_px: int
    height_px: int
    free_x_px: int
    free_y_px: int


def pixel_aspect(clip: Clip) -> float:
    """Shape of one stored pixel after turning: its width over its height."""
    width, height = clip.video.upright_size_px
    return float(clip.video.display_aspect) * height / width


def window_in(clip: Clip, size_px: tuple[int, int]) -> Window:
    """The window of the film's shape in a clip's upright pictures."""
    width, height = clip.video.upright_size_px
    # film shape in stored pixels
    shape = size_px[0] / size_px[1] / pixel_aspect(clip)
    across, down = min(width, round(height * shape)), min(height, round(width / shape))
    across, down = max(1, across), max(1, down)
    return Window(across, down, width - across, height - down)


def fit_of(clip: Clip, size_px: tuple[int, int], fit: Fit) -> Fit:
    """What has to be done: nearly the same shape is always filled."""
    off = float(clip.video.display_aspect) * size_px[1] / size_px[0]
    return "fill" if abs(math.log(off)) < SAME_SHAPE else fit


def filled(picture: np.ndarray, size_px: tuple[int, int], window: Window, place: float = 0.5) -> np.ndarray:
    """Cut the window at its place and scale it to the frame.

    Parameters
    ----------
    picture : uint8 [H, W, 3]
    place : float
        Where on its free way the window stands, 0 (left, top) to 1. Between pixels it is interpolated, so that a slow
        move does not step.
    """
    if not window.free_x_px and not window.free_y_px:
        return resized(picture, size_px)
    axis = 0 if window.free_y_px else 1
    free, length = (window.free_y_px, window.height_px) if axis == 0 else (window.free_x_px, window.width_px)
    start, wanted = min(max(place, 0.0), 1.0) * free, size_px[1 - axis]
    if start == int(start) or wanted < length or free < SPARE:
        # where it shrinks, a whole source pixel is less than one of the film
        return resized(_cut(picture, axis, round(start), length), size_px)
    scale, whole = wanted / length, min(int(start), free - SPARE)
    larger = round((length + SPARE) * scale)
    sizes = (size_px[0], larger) if axis == 0 else (larger, size_px[1])
    large = resized(_cut(picture, axis, whole, length + SPARE), sizes)
    return _between(large, axis, min((start - whole) * scale, larger - wanted - 1e-6), wanted)


def _between(large: np.ndarray, axis: int, shift: float, length: int) -> np.ndarray:
    """Cut at a fraction of a pixel, by mixing two whole cuts."""
    import cv2

    step = int(shift)
    first, second = (_cut(large, axis, n, length) for n in (step, step + 1))
    return cv2.addWeighted(first, 1 - (shift - step), second, shift - step, 0)


def _cut(picture: np.ndarray, axis: int, start: int, length: int) -> np.ndarray:
    import numpy as np

    part = picture[start : start + length] if axis == 0 else picture[:, start : start + length]
    return np.ascontiguousarray(part)


def inside(picture: np.ndarray, size_px: tuple[int, int], aspect: float, *, blurred: bool) -> np.ndarray:
    """The whole picture within the frame, on black or on its own blurred ground.

    Parameters
    ----------
    picture : uint8 [H, W, 3]
    aspect : float
        Display width over height of the picture.
    """
    import numpy as np

    width, height = inner_size(size_px, aspect)
    ground = blurred_ground(picture, size_px, aspect) if blurred else np.zeros((size_px[1], size_px[0], 3), np.uint8)
    left, top = (size_px[0] - width) // 2, (size_px[1] - height) // 2
    ground[top : top + height, left : left + width] = resized(picture, (width, height))
    return ground


def inner_size(size_px: tuple[int, int], aspect: float) -> tuple[int, int]:
    """(width, height) of the largest picture of a shape within the frame, in even numbers."""
    width, height = size_px
    if aspect > width / height:
        return width, min(height, max(2, 2 * round(width / aspect / 2)))
    return min(width, max(2, 2 * round(height * aspect / 2))), height


def blurred_ground(picture: np.ndarray, size_px: tuple[int, int], aspect: float) -> np.ndarray:
    """The picture enlarged over the whole frame, blurred and darkened, uint8 [H, W, 3]."""
    import cv2

    small = (max(8, size_px[0] // GROUND_SCALE), max(8, size_px[1] // GROUND_SCALE))
    height, width = picture.shape[:2]
    shape = small[0] / small[1] * (width / height) / aspect
    across, down = min(width, round(height * shape)), min(height, round(width / shape))
    left, top = (width - across) // 2, (height - down) // 2
    cut = picture[top : top + max(1, down), left : left + max(1, across)]
    # a coarse step first: averaging every pixel of a large picture for a ground that is blurred anyway is wasted
    stride = max(1, min(cut.shape[0] // small[1], cut.shape[1] // small[0]) // 4)
    tiny = cv2.resize(cut[::stride, ::stride], small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(tiny, (0, 0), GROUND_BLUR * min(small) + 0.8)
    return cv2.resize(cv2.convertScaleAbs(soft, alpha=GROUND_LIGHT), size_px, interpolation=cv2.INTER_CUBIC)


def resized(picture: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """Scale to a size: areas averaged where it shrinks, cubic where it grows; untouched where nothing changes."""
    import cv2

    height, width = picture.shape[:2]
    if (width, height) == size_px:
        return picture
    if width >= size_px[0] and height >= size_px[1]:
        return cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA)
    # an axis that shrinks is averaged first: cubic over it would skip pixels
    lower = (min(width, size_px[0]), min(height, size_px[1]))
    if lower != (width, height):
        picture = cv2.resize(picture, lower, interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, size_px, interpolation=cv2.INTER_CUBIC)
