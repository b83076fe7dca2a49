"""Take a glitch away: its region is carried on as it looked before, following the movement around it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.glitches.synthesis import carry, cut, movement, put

Pictures = NDArray[np.uint8]
Box = tuple[float, float, float, float]

# what is replaced reaches beyond the marked box, so that its edge goes as well
MARGIN = 0.25
# width of the seam over which old and new blend, as a share of the replaced piece
SEAM = 0.08


def masked(pictures: Pictures, *, box: Box, before: int) -> Pictures:
    """A copy in which a region looks from picture `before` on as it did in that picture.

    Parameters
    ----------
    pictures : uint8 [T, H, W] or [T, H, W, 3]
    box : x0, y0, x1, y1 as fractions of the picture
    before : index of the last picture without the glitch
    """
    height, width = pictures.shape[1:3]
    size = np.array([width, height])
    corners = np.array(box).reshape(2, 2) * size
    centre, extent = corners.mean(axis=0), corners[1] - corners[0]
    reach = int(np.ceil(max(extent) * (0.5 + MARGIN)))
    mask = _mask(reach, extent * (1 + 2 * MARGIN))
    centres = carry(
        movement(pictures), (float(centre[0]), float(centre[1])), first=before, reach_px=2.0 * reach, width=width
    )
    piece = cut(pictures[before], centre, reach)
    made = pictures.copy()
    for i in range(before + 1, len(made)):
        put(made[i], piece, mask, centres[i])
    return made


def _mask(reach: int, extent: NDArray[np.float64]) -> NDArray[np.float32]:
    side = 2 * reach + 1
    mask = np.zeros((side, side), np.float32)
    half = np.minimum(np.ceil(extent / 2).astype(int), reach)
    mask[reach - half[1] : reach + half[1] + 1, reach - half[0] : reach + half[0] + 1] = 1.0
    seam = max(1, round(SEAM * side)) * 2 + 1
    inner = cv2.erode(
        mask, np.ones((seam // 2 + 1, seam // 2 + 1), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return cv2.blur(inner, (seam // 2 + 1, seam // 2 + 1))  # type: ignore[return-value]
