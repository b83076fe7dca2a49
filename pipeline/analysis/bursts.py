"""Bursts: what three pictures in a row say about the surfaces in them, on a coarse grid of cells.

A solid thing in three pictures is the same thing at three places. Flames, spray, rain and waves are not: part of them
cannot be found in the next picture at all. That part, its grain, its direction and its colour tell them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# on a short side of 128 px, 8 cells: as fine as the place of a surface matters to the ear
CELL_PX = 16
# per cell; levels are code values of 0..255
MAPS = (
    # mean luma
    "level",
    # mean absolute slope across and down, levels per px
    "slope_x",
    "slope_y",
    # mean difference to the picture before, and what is left of it after following the movement of the surroundings
    "change",
    "left",
    # of what is brighter than both neighbours in time by more than the noise: mean, and its slopes
    "sparks",
    "sparks_x",
    "sparks_y",
    # the same for what is darker
    "gaps",
    # movement of the surroundings, camera included, short sides per second, right and down positive
    "speed_x",
    "speed_y",
    # how much the movement differs within the cell, short sides per second
    "spread",
    # mean colour, 0..1
    "red",
    "green",
    "blue",
    # share of pixels that are bright and flame coloured, that are leaf coloured
    "flame",
    "leaf",
)
# a difference below this is grain or coding noise, levels
NOISE_LEVELS = 3.0


def grid_shape(size_px: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) of cells for a grey picture of (width, height) px."""
    return max(1, round(size_px[1] / CELL_PX)), max(1, round(size_px[0] / CELL_PX))


class BurstMeter:
    """Measures bursts; holds the flow engine and nothing between two bursts."""

    def __init__(self) -> None:
        import cv2

        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setUseSpatialPropagation(False)

    def __call__(
        self, grays: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], rgb: NDArray[Any], *, step_s: float
    ) -> dict[str, NDArray[np.float32]]:
        """Measure three consecutive pictures.

        Parameters
        ----------
        grays : three of uint8 [H, W]
        rgb : uint8 [h, w, 3]
            The middle picture in colour, any size.
        step_s : float
            Mean time between the pictures in seconds.

        Returns
        -------
        dict of `MAPS`, float32 [rows, columns] each
        """
        import cv2

        before, now, after = grays
        rows, columns = grid_shape((now.shape[1], now.shape[0]))

        def cells(image: NDArray[Any]) -> NDArray[Any]:
            return cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)

        flow = self._flow.calc(now, before, None)  # type: ignore[call-overload]
        coarse = cells(flow)
        spread = np.sqrt(np.maximum(cells((flow * flow).sum(-1)) - (coarse * coarse).sum(-1), 0))
        came, goes = _followed(coarse, before, after)
        level = now.astype(np.float32)
        sparks = np.maximum(level - np.maximum(came, goes) - NOISE_LEVELS, 0)
        gaps = np.maximum(np.minimum(came, goes) - level - NOISE_LEVELS, 0)
        scale = -1 / (min(now.shape) * step_s)
        maps = {
            "level": cells(level),
            "slope_x": cells(np.abs(cv2.Sobel(level, cv2.CV_32F, 1, 0, ksize=3, scale=0.125))),
            "slope_y": cells(np.abs(cv2.Sobel(level, cv2.CV_32F, 0, 1, ksize=3, scale=0.125))),
            "change": cells(cv2.absdiff(now, before).astype(np.float32)),
            "left": cells(cv2.absdiff(level, came)),
            "sparks": cells(sparks),
            "sparks_x": cells(np.abs(cv2.Sobel(sparks, cv2.CV_32F, 1, 0, ksize=3, scale=0.125))),
            "sparks_y": cells(np.abs(cv2.Sobel(sparks, cv2.CV_32F, 0, 1, ksize=3, scale=0.125))),
            "gaps": cells(gaps),
            "speed_x": coarse[..., 0] * scale,
            "speed_y": coarse[..., 1] * scale,
            "spread": -spread * scale,
        }
        return maps | _colours(rgb, cells)


def _followed(coarse: NDArray[Any], before: NDArray[Any], after: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    # neighbours in time, moved to where the surroundings are in the middle picture; steady movement is assumed
    import cv2

    height, width = before.shape
    shift = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))

    def followed(picture: NDArray[Any], sign: int) -> NDArray[Any]:
        at_x, at_y = x + sign * shift[..., 0], y + sign * shift[..., 1]
        level = picture.astype(np.float32)
        return cv2.remap(level, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    return followed(before, 1), followed(after, -1)


def _colours(rgb: NDArray[Any], cells: Any) -> dict[str, NDArray[Any]]:
    red, green, blue = (rgb[..., i].astype(np.float32) / 255 for i in range(3))
    # flames glow: red is near its limit, and green and blue follow in that order
    flame = (red > 0.85) & (red - blue > 0.4) & (green - blue > 0.1) & (red >= green)
    leaf = (green > red) & (green > 1.15 * blue) & (green > 0.1)
    share = {"flame": cells(flame.astype(np.float32)), "leaf": cells(leaf.astype(np.float32))}
    return {"red": cells(red), "green": cells(green), "blue": cells(blue)} | share
