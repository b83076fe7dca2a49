"""Statistics of colour beside brightness, at half of the native scale, in numpy and OpenCV.

A camera measures colour through a mosaic, denoises it harder than brightness, and what noise is left is new in every
picture; a generator paints red, green and blue at once. Both then lose half of the colour's resolution to the
codec, which is why all is measured there. How colourful a scene is stays out.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Vector = NDArray[np.float64]

FEATURES = (
    "power",
    "with_brightness",
    "beside",
    "below",
    "two_beside",
    "fineness_ratio",
    "fineness",
    "floor",
    "middle",
    "change",
    "kurtosis",
)
BLOCK_PX = 8
# variance of 8-bit rounding and a little more, so that flat colour divides by something
LITTLE = 0.02
# standard deviation of the blur beyond which detail counts as coarse
COARSE_PX = 4.0


@dataclass(frozen=True)
class Planes:
    """Brightness, blue and red difference of one picture, float32 [h, w] each, 8-bit code values at the same scale."""

    luma: Array
    blue: Array
    red: Array


def planes(luma: NDArray[np.uint8], chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]], *, most_px: int) -> Planes:
    """The middle of a picture at the scale of its colour.

    Parameters
    ----------
    luma : uint8 [H, W]
    chroma : two of uint8 [ceil(H / 2), ceil(W / 2)]
    most_px : int
        Longest side that is kept.
    """
    height, width = (min(side, most_px) for side in chroma[0].shape)
    top, left = (chroma[0].shape[0] - height) // 2, (chroma[0].shape[1] - width) // 2
    blue, red = (np.ascontiguousarray(c[top : top + height, left : left + width]).astype(np.float32) for c in chroma)
    native = np.ascontiguousarray(luma[2 * top : 2 * (top + height), 2 * left : 2 * (left + width)])
    small = cv2.resize(native, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return Planes(small, blue, red)


def measure(before: Planes, after: Planes) -> Vector:
    """Figures of two pictures about an eighth of a second apart; [len(FEATURES)], means of both colour differences."""
    luma_fine = _fine(after.luma)
    luma_power = float(luma_fine.var()) + LITTLE
    luma_floor = _floors(after.luma - before.luma)
    each = [_of_one(old, new, luma_fine) for old, new in ((before.blue, after.blue), (before.red, after.red))]
    mean = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
    mean["fineness_ratio"] = mean["fineness"] - _fineness(after.luma, luma_power)
    mean["power"] = float(np.log10(np.mean([10 ** one["power"] for one in each]) / luma_power))
    mean["floor"] -= luma_floor[0]
    mean["middle"] -= luma_floor[1]
    return np.array([mean[name] for name in FEATURES])


def _likeness(one: Array, other: Array) -> float:
    power = (float(one.var()) + LITTLE) * (float(other.var()) + LITTLE)
    return float(abs(np.mean(one * other)) / np.sqrt(power))


def _of_one(old: Array, new: Array, luma_fine: Array) -> dict[str, float]:
    fine = _fine(new)
    power = float(fine.var()) + LITTLE
    change = new - old
    floor, middle = _floors(change)
    square = fine * fine
    return {
        "power": float(np.log10(power)),
        "with_brightness": _likeness(fine, luma_fine),
        "beside": float(np.mean(fine[:, 1:] * fine[:, :-1])) / power,
        "below": float(np.mean(fine[1:] * fine[:-1])) / power,
        "two_beside": float(np.mean(fine[:, 2:] * fine[:, :-2])) / power,
        "fineness": _fineness(new, power),
        "floor": floor,
        "middle": middle,
        "change": float(np.log10((_fine(change).var() + LITTLE) / power)),
        "kurtosis": float(np.log10((np.mean(square * square) + 0.01) / (power + 0.03) ** 2)),
    }


def _fine(plane: Array) -> Array:
    """A plane minus the mean of the nine pixels around; [h, w]."""
    return np.asarray(plane - cv2.blur(plane, (3, 3)), np.float32)


def _fineness(plane: Array, power: float) -> float:
    coarse = plane - cv2.GaussianBlur(plane, (0, 0), COARSE_PX)
    return float(np.log10(power / (float(coarse.var()) + LITTLE)))


def _floors(change: Array) -> tuple[float, float]:
    """Log variance of what changes in the quietest tenth of blocks and in the median block."""
    height, width = (side // BLOCK_PX * BLOCK_PX for side in change.shape)
    blocks = change[:height, :width].reshape(height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX)
    low, middle = np.percentile(blocks.var(axis=(1, 3)), (10, 50))
    return float(np.log10(low + LITTLE)), float(np.log10(middle + LITTLE))
