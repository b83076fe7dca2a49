"""Small pictures that go with evidence: heat-maps and crops, as PNG inside the record."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# x0, y0, x1, y1 as fractions of the picture
Box = tuple[float, float, float, float]


def png_uri(rgb: NDArray[np.uint8]) -> str:
    """RGB uint8 [H, W, 3] as a PNG data URI."""
    import cv2

    done, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not done:
        raise ValueError(f"a picture of shape {rgb.shape} cannot be written as PNG")
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def heat(rgb: NDArray[np.uint8], boxes: Sequence[Box], scores: Sequence[float]) -> NDArray[np.uint8]:
    """Tint the boxes of a picture: the nearer a score (0 to 1) is to 1, the warmer; a new picture of the same shape."""
    import cv2
    import numpy as np

    height, width = rgb.shape[:2]
    total = np.zeros((height, width), np.float32)
    count = np.zeros((height, width), np.float32)
    for box, score in zip(boxes, scores, strict=True):
        rows, columns = _slices(box, width, height)
        total[rows, columns] += score
        count[rows, columns] += 1
    share = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    smooth = cv2.GaussianBlur(share.astype(np.float32), (0, 0), sigmaX=max(width, height) / 60)
    seen = cv2.GaussianBlur((count > 0).astype(np.float32), (0, 0), sigmaX=max(width, height) / 60)
    colours = cv2.applyColorMap((255 * np.clip(smooth, 0, 1)).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    # what was not looked at stays a plain grey picture
    grey = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.float32)
    weight = (0.55 * seen)[..., None]
    return np.clip(grey * (1 - weight) + colours * weight, 0, 255).astype(np.uint8)


def _slices(box: Box, width: int, height: int) -> tuple[slice, slice]:
    x0, y0, x1, y1 = box
    return slice(round(y0 * height), max(round(y1 * height), 1)), slice(round(x0 * width), max(round(x1 * width), 1))
