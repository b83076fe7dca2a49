"""Turns: how the movement into one picture becomes the movement out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.analysis.grid import CELL_PX, weighted_centre

if TYPE_CHECKING:
    from numpy.typing import NDArray

# reach of an object's own jitter around where its flow says it went: 5x5 cells
REACH_CELLS = 5
# landing: falling that ends or turns upward; halt: sideways movement that ends; stop: any movement that ends;
# reversal: movement that goes back where it came from; all in short sides per second
CUES = ("landing", "halt", "stop", "reversal")
# depth of the front of a moving thing, the part that touches first
FRONT_CELLS = 2.0
# one row per turn: each cue's maximum over the picture, where it is, the share of the picture that moves along
# there, and the speed before; then the front of what halts, and the speed that passed from what stopped to what stood
# beside it
PARTS = ("", "_x", "_y", "_extent", "_speed")
TURN_COLUMNS = ("time_s", *(cue + part for cue in CUES for part in PARTS), "halt_front_x", "halt_front_y", "transfer")


@dataclass(frozen=True)
class Step:
    """Movement between two pictures on the grid of cells."""

    start_s: float
    end_s: float
    # displacement as seen, px, float32 [rows, columns, 2]
    shift_px: NDArray[Any]
    # velocity without the camera's, short sides per second, float32 [rows, columns, 2]
    velocity: NDArray[Any]


def turn_row(before: Step, after: Step) -> tuple[float, ...]:
    """All of `TURN_COLUMNS` but the time, for two steps that meet at one picture."""
    speed_in = np.hypot(before.velocity[..., 0], before.velocity[..., 1])
    speed_out = np.hypot(after.velocity[..., 0], after.velocity[..., 1])
    down_in = np.maximum(before.velocity[..., 1], 0)
    follow = _Follower(before.shift_px)
    down_out = follow(np.maximum(after.velocity[..., 1], 0))
    up_out = follow(np.maximum(-after.velocity[..., 1], 0))
    # a fall that ends, and counts again as far as it turns into a rise
    landing = np.maximum(down_in - down_out, 0) + np.minimum(down_in, up_out)
    stop = np.maximum(speed_in - follow(speed_out), 0)
    side_in = np.abs(before.velocity[..., 0])
    halt = np.maximum(side_in - follow(np.abs(after.velocity[..., 0])), 0)
    met = follow.exactly(after.velocity)
    reversal = np.sqrt(np.maximum(-(before.velocity * met).sum(-1), 0))
    inside = follow.inside()
    cues = (landing, halt, stop, reversal)
    placed = (value for cue in cues for value in _locate(cue * inside, speed_in, before.shift_px))
    return (*placed, *_front(halt * inside, speed_in, before), _transfer(stop * inside, speed_in, speed_out))


def _transfer(stop: NDArray[Any], speed_in: NDArray[Any], speed_out: NDArray[Any]) -> float:
    # a thing that merely moves on does not stop, one that merely stops sets nothing going: only a collision has both
    import cv2

    near = np.ones((REACH_CELLS, REACH_CELLS), np.uint8)
    set_going = np.maximum(speed_out - cv2.dilate(speed_in, near), 0)
    return float(np.minimum(cv2.dilate(stop, near), cv2.dilate(set_going, near)).max())


class _Follower:
    """Looks maps of the next pair up where each cell of this pair went."""

    def __init__(self, shift_px: NDArray[Any]) -> None:
        rows, columns = shift_px.shape[:2]
        x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
        self._to_x, self._to_y = x + shift_px[..., 0] / CELL_PX, y + shift_px[..., 1] / CELL_PX

    def inside(self) -> NDArray[Any]:
        """Which cells stay in the picture, bool [rows, columns]; what leaves has not stopped."""
        rows, columns = self._to_x.shape
        return (self._to_x >= 0) & (self._to_x <= columns - 1) & (self._to_y >= 0) & (self._to_y <= rows - 1)

    def exactly(self, values: NDArray[Any]) -> NDArray[Any]:
        """The value at the very cell."""
        import cv2

        return cv2.remap(values, self._to_x, self._to_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        """The largest value within reach of the cell."""
        import cv2

        return self.exactly(cv2.dilate(values, np.ones((REACH_CELLS, REACH_CELLS), np.uint8)))


def _locate(cue: NDArray[Any], speed: NDArray[Any], shift_px: NDArray[Any]) -> tuple[float, ...]:
    """All of `PARTS` of a cue; its place is where the movement had got to."""
    row, column, peak = _peak(cue)
    if peak <= 0:
        return (0.0, 0.5, 0.5, 0.0, 0.0)
    near = np.s_[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
    weight = np.zeros_like(cue)
    weight[near] = cue[near]
    place = _moved(weighted_centre(weight), shift_px[row, column], cue.shape)
    extent = float(_patch(speed > 0.5 * speed[row, column], row, column).mean())
    return (peak, *place, extent, float(speed[row, column]))


def _front(cue: NDArray[Any], speed: NDArray[Any], before: Step) -> tuple[float, float]:
    """Where the front of what carries a cue had got to: a box touches with its edge, not with its middle.

    Mean distance from rendered contacts, in widths of the picture: boxes .09 instead of .12, collisions .13 instead of
    .19. What falls is placed better by its middle: a swung arm's front is often its elbow.
    """
    row, column, peak = _peak(cue)
    if peak <= 0:
        return 0.5, 0.5
    patch = _patch(speed > 0.5 * speed[row, column], row, column)
    heading = before.velocity[patch].sum(0)
    heading = heading / max(float(np.hypot(*heading)), 1e-6)
    rows, columns = np.nonzero(patch)
    ahead = columns * heading[0] + rows * heading[1]
    weight = np.zeros(cue.shape, np.float32)
    weight[rows, columns] = np.maximum(1 - (ahead.max() - ahead) / FRONT_CELLS, 0) * speed[rows, columns]
    return _moved(weighted_centre(weight), before.shift_px[row, column], cue.shape)


def _peak(cue: NDArray[Any]) -> tuple[int, int, float]:
    row, column = divmod(int(cue.argmax()), cue.shape[1])
    return row, column, float(cue[row, column])


def _moved(place: tuple[float, float], shift_px: NDArray[Any], shape: tuple[int, ...]) -> tuple[float, float]:
    x = place[0] + float(shift_px[0]) / (CELL_PX * shape[1])
    y = place[1] + float(shift_px[1]) / (CELL_PX * shape[0])
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)


def _patch(mask: NDArray[Any], row: int, column: int) -> NDArray[Any]:
    # the connected part of the mask that holds the cell
    import cv2

    labels = cv2.connectedComponents(mask.astype(np.uint8))[1]
    return labels == labels[row, column]
