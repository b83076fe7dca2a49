"""Geometry in words: what was done to a copy, for the person who reads the report."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.watermark.picture.grid import GRIDS

# ways a copy can be turned, as (chips down, chips across) from (samples down, samples across)
WAYS: tuple[tuple[str, tuple[tuple[int, int], tuple[int, int]]], ...] = (
    ("", ((1, 0), (0, 1))),
    ("mirrored", ((1, 0), (0, -1))),
    ("turned by 180 degrees", ((-1, 0), (0, -1))),
    ("turned by 90 degrees", ((0, -1), (1, 0))),
    ("turned by 270 degrees", ((0, 1), (-1, 0))),
    ("upside down", ((-1, 0), (0, 1))),
    ("mirrored and turned by 90 degrees", ((0, -1), (-1, 0))),
    ("mirrored and turned by 270 degrees", ((0, 1), (1, 0))),
)
# what is smaller than this is not worth a word
NOTABLE_TURN_DEG = 0.3
NOTABLE_SHARE = 0.02
# 8-bit levels that a bar may vary along and across itself, and the largest share of a side it may take
BAR_LEVELS = 1.5
LARGEST_BAR = 0.45


@dataclass(frozen=True)
class Bars:
    """Rows and columns at the edges of a picture that show nothing; samples of the map they were seen in."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def inner(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns between the bars."""
        return shape[0] - self.top - self.bottom, shape[1] - self.left - self.right

    def cleared(self, chip_map: np.ndarray) -> np.ndarray:
        """A map with the bars, and their hard edges, set to nothing."""
        rows, columns = chip_map.shape
        inside = np.zeros_like(chip_map)
        # the box that evidence is measured in reaches three samples over an edge
        first = [side + 3 if side else 0 for side in (self.top, self.left)]
        last = [end - side - 3 if side else end for end, side in ((rows, self.bottom), (columns, self.right))]
        here = np.s_[first[0] : last[0], first[1] : last[1]]
        inside[here] = chip_map[here]
        return inside

    @property
    def words(self) -> str:
        """What such bars are called; empty when there are none."""
        if (self.top or self.bottom) and (self.left or self.right):
            return "in a border"
        if self.top or self.bottom:
            return "letterboxed"
        return "pillarboxed" if self.left or self.right else ""


def find_bars(gray: np.ndarray) -> Bars:
    """Bars at the edges of a mean picture, float32 [rows, columns] in 8-bit levels."""
    top, bottom = (_bar(picture) for picture in (gray, gray[::-1]))
    between = gray[top : gray.shape[0] - bottom]
    left, right = (_bar(picture.T) for picture in (between, between[:, ::-1]))
    return Bars(top, bottom, left, right)


def describe(linear: np.ndarray, shape: tuple[int, int], bars: Bars) -> str:
    """Say what a copy has been through, bars apart.

    Parameters
    ----------
    linear : float64 [2, 2]
        (chips down, chips across) from (samples down, samples across).
    shape : (int, int)
        Rows and columns of the map the samples are of, which is the whole copy.
    bars : Bars
        Those of the map.
    """
    name, way = max(WAYS, key=lambda entry: float(np.sum(np.array(entry[1]) * linear)))
    upright = np.array(way).T @ linear
    turn_deg = math.degrees(math.atan2(upright[1, 0] - upright[0, 1], upright[0, 0] + upright[1, 1]))
    down, across = np.linalg.norm(upright, axis=0)
    words = [_extent(min(np.array((down, across)) * bars.inner(shape)))]
    if name:
        words.append(name)
    if abs(turn_deg) > NOTABLE_TURN_DEG:
        words.append(f"rotated by {abs(turn_deg):.1f} degrees")
    if abs(math.log(across / down)) > NOTABLE_SHARE:
        share, side = (down / across, "width") if across > down else (across / down, "height")
        words.append(f"squeezed to {share:.2f} in {side}")
    return ", ".join(words)


def _extent(chips: float) -> str:
    """What so many chips over the short side tell: a whole picture, or part of one."""
    for lines in sorted(GRIDS):
        if abs(chips / lines - 1) <= NOTABLE_SHARE:
            return f"grid {lines}"
    if chips > max(GRIDS):
        return f"grid {max(GRIDS)}, set into a frame {chips / max(GRIDS):.2f} times as large"
    if chips > min(GRIDS):
        return f"grid {max(GRIDS)}, cropped to {chips / max(GRIDS):.0%} of the short side"
    return "cropped"


def _bar(picture: np.ndarray) -> int:
    """How many rows from the top show nothing but the level of the first."""
    if not picture.size:
        return 0
    plain = (picture.std(axis=1) <= BAR_LEVELS) & (np.abs(picture.mean(axis=1) - picture[0].mean()) <= BAR_LEVELS)
    count = int(plain.argmin())
    # a picture that is plain all over has no bars, and one row is none
    return count if 1 < count <= LARGEST_BAR * len(picture) and not plain.all() else 0
