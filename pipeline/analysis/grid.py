"""The grid of cells that movement is measured on, and the camera's share of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL_PX = 8
# texture (standard deviation in code values) at which a cell's flow counts half: flat cells follow noise
TEXTURE_LEVELS = 1.5
# cells on the edge, where things enter and leave: half the false contacts of handheld clips were there
EDGE_TRUST = 0.5


def grid_shape(size_px: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) of cells in a picture of (width, height) px."""
    return max(1, size_px[1] // CELL_PX), max(1, size_px[0] // CELL_PX)


def cell_means(image: NDArray[Any]) -> NDArray[Any]:
    """Mean of each whole cell, float32 [rows, columns, ...]; an incomplete rest at the right and bottom is left out."""
    import cv2

    rows, columns = grid_shape((image.shape[1], image.shape[0]))
    whole = image[: rows * CELL_PX, : columns * CELL_PX].astype(np.float32)
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)


def trust(gray: NDArray[Any]) -> NDArray[Any]:
    """How far each cell's flow can be believed, 0..1 by texture and place, float32 [rows, columns]."""
    import cv2

    level = gray.astype(np.float32)
    variance = np.maximum(cell_means(level * level) - cell_means(level) ** 2, 0)
    # neighbours lend texture: the flow patch is as large as a cell
    variance = cv2.dilate(variance, np.ones((3, 3), np.uint8))
    believed = variance / (variance + TEXTURE_LEVELS**2)
    for edge in (believed[0], believed[-1], believed[:, 0], believed[:, -1]):
        edge *= EDGE_TRUST
    return believed


def weighted_centre(weight: NDArray[Any]) -> tuple[float, float]:
    """(x, y) of the weighted centre as fractions of the picture; the middle when nothing weighs."""
    total = float(weight.sum())
    if total <= 0:
        return 0.5, 0.5
    rows, columns = weight.shape
    x = float(weight.sum(0) @ (np.arange(columns) + 0.5)) / (total * columns)
    y = float(weight.sum(1) @ (np.arange(rows) + 0.5)) / (total * rows)
    return x, y


def camera_shift_px(shift_px: NDArray[Any]) -> NDArray[Any]:
    """Displacement that the camera alone would give each cell: pan, tilt, zoom and roll.

    Parameters
    ----------
    shift_px : float32 [rows, columns, 2]
        Displacement of each cell.

    Returns
    -------
    float32 [rows, columns, 2]
        RANSAC similarity transform where at least a third of the cells agree with one, else the median.
    """
    import cv2

    rows, columns = shift_px.shape[:2]
    at = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).astype(np.float32) * CELL_PX
    source = at.reshape(-1, 2)
    # OpenCV's generator starts from one fixed seed at each call, so the result repeats
    model, agree = cv2.estimateAffinePartial2D(
        source, source + shift_px.reshape(-1, 2), method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=100
    )
    if model is None or agree.mean() < 1 / 3:
        return np.broadcast_to(np.median(shift_px.reshape(-1, 2), axis=0), shift_px.shape).astype(np.float32)
    return (at @ model[:, :2].T + model[:, 2] - at).astype(np.float32)
