"""Pictures of a glitch: its surroundings before and after, side by side, with a frame about the place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Box = tuple[float, float, float, float]

# what is shown around a glitch: so many times its size, and no less than this share of the picture's sides
AROUND = 2.2
LEAST_SHARE = 0.3
# height of a picture pair, and the white gap in it
HEIGHT_PX = 200
GAP_PX = 6
FRAME = (255, 64, 64)


def surroundings(rgb: Rgb, box: Box) -> Rgb:
    """A copy of what is around a box, with a thin frame about the box, uint8 [h, w, 3]."""
    height, width = rgb.shape[:2]
    framed = rgb.copy()
    x0, y0, x1, y1 = (round(v * side) for v, side in zip(box, (width, height) * 2, strict=True))
    cv2.rectangle(framed, (x0, y0), (max(x0, x1 - 1), max(y0, y1 - 1)), FRAME, 1)
    columns, rows = _span(x0, x1, width), _span(y0, y1, height)
    return framed[rows, columns].copy()


def _span(low: int, high: int, size: int) -> slice:
    length = min(size, round(max(AROUND * (high - low), LEAST_SHARE * size, 8)))
    start = min(max(0, (low + high - length) // 2), size - length)
    return slice(start, start + length)


def side_by_side(before: Rgb, after: Rgb) -> Rgb:
    """Two pictures of one size beside each other, enlarged to a height that can be looked at."""
    width = max(1, round(before.shape[1] * HEIGHT_PX / before.shape[0]))
    gap = np.full((HEIGHT_PX, GAP_PX, 3), 255, np.uint8)
    pair = [cv2.resize(rgb, (width, HEIGHT_PX), interpolation=cv2.INTER_CUBIC) for rgb in (before, after)]
    return np.hstack([pair[0], gap, pair[1]])
