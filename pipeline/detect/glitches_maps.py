"""How well every place of a picture follows from the one before: the maps that glitches are looked for in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Float = NDArray[np.float32]

# the long side of the pictures that are compared
LONG_SIDE_PX = 320
# maps have one cell for so many pixels, so that everything after the flow costs next to nothing
CELL_PX = 4
# movement wider than this many cells is followed by the smooth flow, so that what jumps within it stays visible
SMOOTH_CELLS = 8
# a place may be off by this many cells when it is followed over a step
SLACK_CELLS = 5
# mean absolute difference in code values of a repeated picture
REPEAT_LEVELS = 0.35


@dataclass(frozen=True)
class Maps:
    """Maps of a run of n pictures, n - 1 steps from one to the next, on a grid of cells [gh, gw].

    Every map of a step lies over the later picture of the two.
    """

    # mean absolute difference after the flow is followed, code values [steps, gh, gw]
    residual: Float
    # the same when only wide movement is followed
    smooth_residual: Float
    # where each cell was in the picture before, px [steps, gh, gw, 2], and its wide part
    flow: Float
    smooth_flow: Float
    # how much of each residual is there in this one step and neither before nor after [steps, gh, gw]; 0 at both ends
    impulse: Float
    smooth_impulse: Float
    # standard deviation of each cell's surroundings, code values [n, gh, gw]
    texture: Float


def is_repeat(before: Gray, after: Gray) -> bool:
    """Whether a picture only repeats the one before, as in a clip of fewer different pictures than 8 a second."""
    return bool(cv2.norm(before, after, cv2.NORM_L1) < REPEAT_LEVELS * before.size)


def measure(grays: list[Gray]) -> Maps:
    """The maps of a run of pictures.

    Parameters
    ----------
    grays : n uint8 [h, w]
        Of one shot in order of time, without repeats; n at least 4.
    """
    flow_of: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    rows = [_step(before, after, flow_of) for before, after in zip(grays, grays[1:], strict=False)]
    residual, smooth_residual, flow, smooth_flow = (np.stack(list(part)) for part in zip(*rows, strict=True))
    return Maps(
        residual=residual,
        smooth_residual=smooth_residual,
        flow=flow,
        smooth_flow=smooth_flow,
        impulse=_impulse(residual, smooth_flow),
        smooth_impulse=_impulse(smooth_residual, smooth_flow),
        texture=np.stack([_texture(gray) for gray in grays]),
    )


def _step(before: Gray, after: Gray, flow_of: Any) -> tuple[Float, Float, Float, Float]:
    flow = flow_of.calc(after, before, None)
    coarse = _cells(flow)
    smooth = np.asarray(cv2.blur(_median(coarse), (SMOOTH_CELLS + 1, SMOOTH_CELLS + 1)), np.float32)
    wide = np.asarray(cv2.resize(smooth, flow.shape[1::-1]), np.float32)
    return _residual(before, after, flow), _residual(before, after, wide), coarse, smooth


def _median(flow: Float) -> Float:
    # the largest window that OpenCV takes for float32; what is a few cells wide does not steer the wide movement
    return cv2.merge([cv2.medianBlur(cv2.medianBlur(plane, 5), 5) for plane in cv2.split(flow)])  # type: ignore[return-value]


def _residual(before: Gray, after: Gray, flow: Float) -> Float:
    height, width = after.shape
    followed = _moved(before, flow, (height, width))
    change = np.asarray(cv2.subtract(after, followed, dtype=cv2.CV_16S), np.float32)
    # light that changes everywhere is no glitch
    change = np.abs(change - np.median(change[::8, ::8]))
    return _cells(np.asarray(cv2.blur(change, (CELL_PX + 1, CELL_PX + 1)), np.float32))


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Float:
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    return np.dstack([xs, ys])


def _cells(image: Float) -> Float:
    height, width = image.shape[:2]
    size = (max(1, width // CELL_PX), max(1, height // CELL_PX))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _texture(gray: Gray) -> Float:
    image = gray.astype(np.float32)
    side = (4 * CELL_PX + 1, 4 * CELL_PX + 1)
    mean, square = cv2.blur(image, side), cv2.blur(image * image, side)
    return np.sqrt(np.maximum(_cells(square - mean * mean), 0.0))


def _impulse(residual: Float, flow: Float) -> Float:
    """What a step has that neither its neighbours have, at the place followed by the wide movement."""
    found = np.zeros_like(residual)
    kernel = np.ones((SLACK_CELLS, SLACK_CELLS), np.uint8)
    height, width = residual.shape[1:]
    for i in range(1, len(residual) - 1):
        wide = [np.asarray(cv2.dilate(residual[j], kernel), np.float32) for j in (i - 1, i + 1)]
        earlier = _moved(wide[0], flow[i] / CELL_PX, (height, width))
        later = _moved(wide[1], -flow[i + 1] / CELL_PX, (height, width))
        found[i] = residual[i] - np.maximum(earlier, later)
    return np.maximum(found, 0.0)


def _moved(plane: NDArray[Any], flow: Float, shape: tuple[int, int]) -> NDArray[Any]:
    at = flow + _grid(*shape)
    return cv2.remap(plane, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload,no-any-return]
