"""Leaps: small things that move further between two pictures than optical flow can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.analysis.grid import CELL_PX, cell_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

# code values that a cell may differ by after its flow is followed; above it the flow has lost it
LOST_LEVELS = 10.0
# the worst cells of a picture; bounds the cost
MOST_CELLS = 16
# a cell with half a cell around it on all sides
PATCH_PX = 2 * CELL_PX
# a match must leave at most this share of what the flow left over
MATCH_SHARE = 0.4
# so many neighbours, itself counted, must leap alike (px): a thing does, a chance match of background does not;
# with two instead of four, F1 on labelled hits falls by 0.02
ALIKE_CELLS = 4
ALIKE_PX = 2.0


def follow_leaps(
    before: NDArray[Any], after: NDArray[Any], flow: NDArray[Any], *, shift_px: NDArray[Any], reach_px: int
) -> NDArray[Any]:
    """Displacement of cells, with those that the flow lost looked up by block matching.

    Parameters
    ----------
    before, after : uint8 [H, W]
        Two pictures.
    flow : float32 [H, W, 2]
        Displacement of each pixel in px.
    shift_px : float32 [rows, columns, 2]
        Mean of the flow in each cell.
    reach_px : int
        How far to look in each direction.

    Returns
    -------
    float32 [rows, columns, 2]
        `shift_px` where the flow explains the picture or nothing fits better.
    """
    import cv2

    if cell_means(cv2.absdiff(before, after)).max() < LOST_LEVELS:
        # too little changed for the flow to have lost anything
        return shift_px
    left_over = cell_means(_difference_after(before, after, flow))
    worst = np.argsort(-left_over, axis=None, kind="stable")[:MOST_CELLS]
    lost = [divmod(int(i), left_over.shape[1]) for i in worst if left_over.flat[i] >= LOST_LEVELS]
    leaps = np.full_like(shift_px, np.nan)
    if len(lost) < ALIKE_CELLS:
        return shift_px
    for row, column in lost:
        shift, difference = _match(before, after, (row, column), reach_px)
        if difference < MATCH_SHARE * left_over[row, column]:
            leaps[row, column] = shift
    return _agreed(shift_px, leaps)


def _difference_after(before: NDArray[Any], after: NDArray[Any], flow: NDArray[Any]) -> NDArray[Any]:
    import cv2

    height_px, width_px = before.shape
    x, y = np.meshgrid(np.arange(width_px, dtype=np.float32), np.arange(height_px, dtype=np.float32))
    followed = cv2.remap(after, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.absdiff(before, followed)


def _match(
    before: NDArray[Any], after: NDArray[Any], cell: tuple[int, int], reach_px: int
) -> tuple[tuple[int, int], float]:
    # best displacement of one cell's patch, and the root mean square difference it leaves
    import cv2

    height_px, width_px = before.shape
    top = min(max(cell[0] * CELL_PX - CELL_PX // 2, 0), height_px - PATCH_PX)
    left = min(max(cell[1] * CELL_PX - CELL_PX // 2, 0), width_px - PATCH_PX)
    patch = before[top : top + PATCH_PX, left : left + PATCH_PX]
    from_x, from_y = max(left - reach_px, 0), max(top - reach_px, 0)
    around = after[from_y : top + PATCH_PX + reach_px, from_x : left + PATCH_PX + reach_px]
    smallest, _, (best_x, best_y), _ = cv2.minMaxLoc(cv2.matchTemplate(around, patch, cv2.TM_SQDIFF))
    shift = (from_x + best_x - left, from_y + best_y - top)
    return shift, float(np.sqrt(max(smallest, 0.0) / PATCH_PX**2))


def _agreed(shift_px: NDArray[Any], leaps: NDArray[Any]) -> NDArray[Any]:
    found = shift_px.copy()
    for row, column in np.argwhere(np.isfinite(leaps[..., 0])):
        near = leaps[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        alike = np.abs(near - leaps[row, column]).max(-1) <= ALIKE_PX
        if alike.sum() >= ALIKE_CELLS:
            found[row, column] = leaps[row, column]
    return found
