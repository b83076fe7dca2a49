"""Currents: where the movement of a whole picture heads, in a few numbers a step; what the event model learns from.

A limb that strikes moves as a whole: the picture's downward current grows, ends and turns upward, while no single cell
has to stop. The cues of `turns` look for that single cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# a small thing covers about so many cells; the mean of the strongest is steadier than their maximum
TOP_CELLS = 6
BROAD_CELLS = 20
# share of the movement's energy that lies above its lowest point
LOWEST_SHARE = 0.95
# per step: mean current to each side, that of the strongest cells, their speed; mean velocity weighted by energy; the
# lowest point that moves; how far the strongest cells and the median cell changed in brightness; the strongest shear
CURRENT_COLUMNS = (
    *("down", "up", "left", "right"),
    *("down_top", "up_top", "left_top", "right_top"),
    *("speed_top", "speed_broad", "drift_x", "drift_y", "lowest", "change_top", "change_median", "shear_top"),
)
# per turn: change of velocity of the strongest cells, upward, where it was falling, and mean upward and downward
JOLT_COLUMNS = ("jolt", "lift", "landed", "lift_mean", "sink_mean")


def current_row(velocity: NDArray[Any], change_levels: NDArray[Any]) -> tuple[float, ...]:
    """All of `CURRENT_COLUMNS`.

    Parameters
    ----------
    velocity : float32 [rows, columns, 2]
        Short sides per second, camera taken out, right and down positive.
    change_levels : float32 [rows, columns]
        Mean absolute change of brightness of each cell, code values.
    """
    import cv2

    across, along = velocity[..., 0], velocity[..., 1]
    speed = np.hypot(across, along)
    energy = speed * speed
    total = max(float(energy.sum()), 1e-6)
    depth = np.cumsum(energy.sum(1))
    rows = depth.size
    lowest = (min(int(np.searchsorted(depth, LOWEST_SHARE * depth[-1])), rows - 1) + 0.5) / rows
    sides = (along, -along, -across, across)
    return (
        *(float(np.maximum(side, 0).mean()) for side in sides),
        *(_top(side) for side in sides),
        _top(speed),
        _top(speed, BROAD_CELLS),
        float((energy * across).sum()) / total,
        float((energy * along).sum()) / total,
        lowest,
        _top(change_levels),
        float(np.median(change_levels)),
        _top(np.abs(cv2.Laplacian(along, cv2.CV_32F))),
    )


def jolt_row(before: NDArray[Any], after: NDArray[Any]) -> tuple[float, ...]:
    """All of `JOLT_COLUMNS` for the velocities, float32 [rows, columns, 2], of two steps that meet."""
    change = after - before
    rising, sinking = np.maximum(-change[..., 1], 0), np.maximum(change[..., 1], 0)
    return (
        _top(np.hypot(change[..., 0], change[..., 1])),
        _top(rising),
        _top(np.maximum(before[..., 1], 0) * rising),
        float(rising.mean()),
        float(sinking.mean()),
    )


def _top(values: NDArray[Any], cells: int = TOP_CELLS) -> float:
    flat = values.ravel()
    return float(flat.mean() if flat.size <= cells else np.partition(flat, flat.size - cells)[-cells:].mean())
