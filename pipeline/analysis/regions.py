"""Regions: movement over time in each part of the picture, for engines, friction, wind and water."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.records import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.analysis.turns import Step

# three parts across, as many as one can tell apart by ear between two loudspeakers, and two down
COLUMNS, ROWS = 3, 2
# 12.5 values a second: a level that changes faster is heard as roughness, not as movement
STEP_S = 0.08
# decimals kept of a speed: a ten-thousandth of the picture's height per second is below the flow's noise
DECIMALS = 4
# per region and step: mean speed, mean velocity right, mean velocity down
_VALUES = 3


class RegionMeter:
    """Collects the movement of each part of the picture; keeps 20 small numbers per step."""

    def __init__(self) -> None:
        self._spans, self._rows = array("d"), array("f")

    def add(self, step: Step) -> None:
        """Take the movement between two pictures."""
        self._spans.extend((step.start_s, step.end_s))
        self._rows.extend(region_means(step.velocity).ravel().tolist())

    def regions(self, *, heights_per_short_side: float = 1.0, cuts_s: tuple[float, ...] = ()) -> tuple[Region, ...]:
        """Envelopes of all parts, row by row from the top left.

        Parameters
        ----------
        heights_per_short_side : float
            Short side over height of the picture: turns the steps' speeds into picture heights per second.
        cuts_s : tuple of float
            Times of cuts; what seems to move across one is left out.

        Returns
        -------
        tuple of Region
            `COLUMNS` x `ROWS` of them on one set of times at most 12.5 a second; empty when nothing was measured.
        """
        spans = np.array(self._spans).reshape(-1, 2)
        table = np.array(self._rows, np.float64).reshape(-1, ROWS * COLUMNS * _VALUES)
        crossed = np.searchsorted(np.sort(cuts_s), spans + 1e-6)
        whole = crossed[:, 0] == crossed[:, 1]
        if not whole.any():
            return ()
        times_s, means = _sampled(spans[whole], table[whole])
        values = np.round(means * heights_per_short_side, DECIMALS).reshape(-1, ROWS, COLUMNS, _VALUES)
        return tuple(
            _region(row, column, times_s, values[:, row, column]) for row in range(ROWS) for column in range(COLUMNS)
        )


def region_means(velocity: NDArray[Any]) -> NDArray[np.float32]:
    """Mean speed and mean velocity of each part.

    Parameters
    ----------
    velocity : float32 [rows, columns, 2]
        Of each cell, right and down positive.

    Returns
    -------
    float32 [ROWS, COLUMNS, 3]
        Speed, velocity right, velocity down; in the unit of the input. A picture of fewer cells repeats them.
    """
    import cv2

    speed = np.hypot(velocity[..., 0], velocity[..., 1])
    cells: NDArray[Any] = np.dstack([speed, velocity]).astype(np.float32)
    rows, columns = cells.shape[:2]
    # parts of whole pixels average exactly
    fine = (columns if columns % COLUMNS == 0 else columns * COLUMNS, rows if rows % ROWS == 0 else rows * ROWS)
    if fine != (columns, rows):
        cells = cv2.resize(cells, fine, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(cells, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)


def _sampled(spans: NDArray[Any], table: NDArray[Any]) -> tuple[tuple[float, ...], NDArray[Any]]:
    # means over slots of STEP_S, weighted by how long each step lasted; a slot where nothing ends is left out
    slot = ((spans[:, 1] - spans[0, 1]) / STEP_S + 1e-6).astype(np.int64)
    first = np.flatnonzero(np.diff(slot, prepend=-1))
    weight = np.maximum(spans[:, 1] - spans[:, 0], 1e-6)[:, None]
    total = np.add.reduceat(weight, first)
    middle = np.add.reduceat(spans.mean(1, keepdims=True) * weight, first) / total
    return tuple(np.round(middle[:, 0], 4).tolist()), np.add.reduceat(table * weight, first) / total


def _region(row: int, column: int, times_s: tuple[float, ...], values: NDArray[Any]) -> Region:
    speed, right, down = (tuple(values[:, i].tolist()) for i in range(_VALUES))
    box = (column / COLUMNS, row / ROWS, (column + 1) / COLUMNS, (row + 1) / ROWS)
    return Region(box=box, times_s=times_s, energy=speed, velocity_x=right, velocity_y=down)
