"""Canonical grid: the size-independent raster of chips that a mark lives on."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

# lines over the short side of the displayed picture
FINE_LINES = 180
COARSE_LINES = 108
GRIDS = (FINE_LINES, COARSE_LINES)
# sources with at most so many lines on the short side take the coarse grid: a chip must span some pixels
COARSE_UP_TO_PX = 576
# longer pictures than this are not held to their shape; keeps a hostile header from asking for a huge grid
WIDEST_ASPECT = 16.0

# columns either way that a copy's grid may be off; only slivers of pictures would need more
MOST_SLACK = 6


def lines_for(width_px: int, height_px: int) -> int:
    """Which grid a source of this size is marked on."""
    return COARSE_LINES if min(width_px, height_px) <= COARSE_UP_TO_PX else FINE_LINES


def grid_size(lines: int, display_aspect: Fraction | float) -> tuple[int, int]:
    """(columns, rows) of a grid over a picture with this displayed width over height."""
    aspect = min(max(float(display_aspect), 1 / WIDEST_ASPECT), WIDEST_ASPECT)
    if aspect >= 1:
        return round(lines * aspect), lines
    return lines, round(lines / aspect)


def nearby_sizes(lines: int, display_aspect: Fraction | float, *, short_px: int) -> list[tuple[int, int]]:
    """Grid sizes a copy of this size may have been marked on, likeliest first.

    Encoders want even sides, so a resized copy is up to two pixels off the shape of its original, and the long side
    of the grid follows the shape.
    """
    columns, rows = grid_size(lines, display_aspect)
    long = max(columns, rows)
    slack = min(MOST_SLACK, round(long * 1.5 / max(short_px, 1) + 0.25))
    lengths = sorted(range(max(lines, long - slack), long + slack + 1), key=lambda length: abs(length - long))
    return [(length, lines) if columns >= rows else (lines, length) for length in lengths]


def gray_levels(luma: np.ndarray, size: tuple[int, int], *, bit_depth: int = 8) -> np.ndarray:
    """Area-scale luma [H, W] to (columns, rows); float32 [rows, columns] in 8-bit levels whatever the depth."""
    import cv2

    columns, rows = size
    # halving is twenty times cheaper than scaling by an odd factor, so as much as possible is done by it
    while not (luma.shape[0] % 2 or luma.shape[1] % 2) and luma.shape[0] >= 4 * rows and luma.shape[1] >= 4 * columns:
        luma = cv2.resize(luma, (luma.shape[1] // 2, luma.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return resize(luma, size).astype(np.float32) * np.float32(2.0 ** (8 - bit_depth))


def resize(image: np.ndarray, size: tuple[int, int], *, out: np.ndarray | None = None) -> np.ndarray:
    """Scale [H, W] to (width, height): by area when it gets smaller, bicubic when it gets larger."""
    import cv2

    shrinks = size[0] <= image.shape[1] and size[1] <= image.shape[0]
    return cv2.resize(image, size, dst=out, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
