"""Statistics of a picture's finest detail, at native scale, in plain numpy.

A generator's decoder grows a small latent picture by factors of two; a camera's lens, sensor and denoiser do not.
What is left of that after a codec is faint: weak evidence, and the card beside this file says how weak.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Index = NDArray[np.intp]

PATCH_PX = 128
# places of patch centres as fractions of the picture: the middle and four points around it
_CENTRES = ((0.5, 0.5), (0.3, 0.3), (0.3, 0.7), (0.7, 0.3), (0.7, 0.7))
# a patch whose neighbour differences stay below one code value in 255 (root mean square) holds nothing to measure
_FLAT_ENERGY = (1.0 / 255.0) ** 2
# power of 8-bit rounding noise (step squared / 12, Bennett 1948) over a Hann-windowed patch (energy 3/8 per axis)
_NOISE_FLOOR = (1.0 / 255.0) ** 2 / 12.0 * PATCH_PX**2 * 0.375**2

FRAME_FEATURES = (
    "sharpness",
    "fineness",
    "slope",
    "tail",
    "shoulder",
    "anisotropy",
    "line_2",
    "line_4",
    "line_8",
    "peak_2",
    "peak_4",
    "peak_8",
    "kurtosis",
    "lag_2",
    "lag_diagonal",
)
PAIR_FEATURES = ("residual_hold", "change")
FEATURES = FRAME_FEATURES + PAIR_FEATURES


@dataclass(frozen=True)
class FrameDetail:
    """The measured detail of one picture."""

    # one value per name in FRAME_FEATURES
    values: NDArray[np.float64]
    # [patches, PATCH_PX, PATCH_PX] luma 0..1, and the neighbour residual without the border
    patches: Array
    residual: Array


def cut_patches(luma: NDArray[np.generic], bit_depth: int = 8) -> Array:
    """Native-scale patches of a picture.

    Parameters
    ----------
    luma : uint8 or uint16 [H, W]
    bit_depth : int
        Bits that are in use in a code value.

    Returns
    -------
    float32 [5, PATCH_PX, PATCH_PX], 0..1

    Raises
    ------
    ValueError
        When a side is shorter than PATCH_PX.
    """
    height, width = luma.shape
    if min(height, width) < PATCH_PX:
        raise ValueError(f"a picture of {width}x{height} is too small for patches of {PATCH_PX} pixels")
    tops = [round(y * height) - PATCH_PX // 2 for y, _ in _CENTRES]
    lefts = [round(x * width) - PATCH_PX // 2 for _, x in _CENTRES]
    corners = [
        (min(max(top, 0), height - PATCH_PX), min(max(left, 0), width - PATCH_PX))
        for top, left in zip(tops, lefts, strict=True)
    ]
    cuts = [luma[top : top + PATCH_PX, left : left + PATCH_PX] for top, left in corners]
    return np.stack(cuts).astype(np.float32) / np.float32((1 << bit_depth) - 1)


def measure_frame(luma: NDArray[np.generic], bit_depth: int = 8) -> FrameDetail | None:
    """Detail of one picture; None when it is too flat to measure (black, sky, a title card)."""
    patches = cut_patches(luma, bit_depth)
    across, down = np.diff(patches, axis=2), np.diff(patches, axis=1)
    energy = np.mean(across * across, axis=(1, 2)) + np.mean(down * down, axis=(1, 2))
    textured = energy > _FLAT_ENERGY
    if not textured.any():
        return None
    residual = neighbour_residual(patches)
    values = np.concatenate(
        [
            [np.mean(np.log10(energy[textured]))],
            [np.mean(np.log10(np.mean(residual[textured] ** 2, axis=(1, 2)) / energy[textured] + 1e-6))],
            spectrum_features(patches[textured]),
            residual_features(residual[textured]),
        ]
    )
    return FrameDetail(values=values, patches=patches, residual=residual)


def neighbour_residual(patches: Array) -> Array:
    """Each pixel minus the mean of its four neighbours; [P, N, N] -> [P, N-2, N-2]."""
    around = patches[:, :-2, 1:-1] + patches[:, 2:, 1:-1] + patches[:, 1:-1, :-2] + patches[:, 1:-1, 2:]
    return patches[:, 1:-1, 1:-1] - around * np.float32(0.25)


@lru_cache(maxsize=1)
def _frequencies() -> tuple[NDArray[np.float64], NDArray[np.float64], Array]:
    # radius in cycles per pixel, angle from the nearer axis (0 axis .. 1 diagonal), window; each for rfft2
    fy = np.fft.fftfreq(PATCH_PX)[:, None]
    fx = np.fft.rfftfreq(PATCH_PX)[None, :]
    angle = np.arctan2(np.abs(fy), np.abs(fx) + 1e-12)
    window = np.hanning(PATCH_PX).astype(np.float32)
    return np.hypot(fy, fx), 1.0 - np.abs(angle - np.pi / 4) / (np.pi / 4), window[:, None] * window[None, :]


def spectrum_features(patches: Array) -> NDArray[np.float64]:
    """Shape of the mean log power spectrum: slope, tail, shoulder, anisotropy, lines and peaks of 2, 4 and 8 pixels.

    Natural pictures fall off as a power of frequency (Field 1987); up-sampling bends the end of that line and leaves
    lines at multiples of 1/factor (Durall et al. 2020, Zhang et al. 2019). All figures in decades of power.
    """
    radius, diagonal, window = _frequencies()
    centred = (patches - patches.mean(axis=(1, 2), keepdims=True)) * window
    power = np.log10(np.abs(np.fft.rfft2(centred)) ** 2 + _NOISE_FLOOR).mean(axis=0)

    middle = (radius > 0.04) & (radius < 0.2)
    slope, level = np.polyfit(np.log10(radius[middle]), power[middle], 1)
    beyond = power - (slope * np.log10(np.maximum(radius, 1e-3)) + level)
    high = (radius > 0.32) & (radius < 0.5)
    tail = beyond[high].mean()
    shoulder = beyond[(radius > 0.22) & (radius < 0.3)].mean()
    anisotropy = power[high & (diagonal < 0.3)].mean() - power[high & (diagonal > 0.7)].mean()
    lines = [_line_height(power, period) for period in (2, 4, 8)]
    peaks = [_peak_height(power, period) for period in (2, 4, 8)]
    return np.array([slope, tail, shoulder, anisotropy, *lines, *peaks])


def _line_height(power: NDArray[np.float64], period_px: int) -> float:
    # how far the lines at multiples of 1/period stand above their surroundings, both axes; the low end is left out
    step = PATCH_PX // period_px
    half = power[: PATCH_PX // 2 + 1, :]
    across = half[8:, :].mean(axis=0)
    down = half[:, 8:].mean(axis=1)
    heights = []
    for line in (across, down):
        for at in range(step, PATCH_PX // 2 + 1, step):
            beside = [line[i] for i in (at - 4, at - 3, at + 3, at + 4) if 0 < i < line.size]
            heights.append(line[at] - np.mean(beside))
    return float(np.mean(heights))


def _peak_height(power: NDArray[np.float64], period_px: int) -> float:
    # how far the points where a pattern of this period repeats stand above a ring around each
    points, rings = _grid(period_px)
    return float(np.mean(power[points] - power[rings].mean(axis=1)))


@lru_cache(maxsize=3)
def _grid(period_px: int) -> tuple[tuple[Index, Index], tuple[Index, Index]]:
    # indices into an rfft2 of the multiples of 1/period but for zero, and of a ring four bins away from each
    steps = np.arange(0, PATCH_PX, PATCH_PX // period_px)
    y, x = (axis.ravel()[1:] for axis in np.meshgrid(steps, steps, indexing="ij"))
    around = [(dy, dx) for dy in (-4, 0, 4) for dx in (-4, 0, 4) if dy or dx]
    ring_y = np.stack([y + dy for dy, _ in around], axis=1)
    ring_x = np.stack([x + dx for _, dx in around], axis=1)
    return _half(y, x), _half(ring_y, ring_x)


def _half(y: Index, x: Index) -> tuple[Index, Index]:
    # the same frequency in the half plane that rfft2 keeps: a real picture's spectrum is symmetric about zero
    y, x = y % PATCH_PX, x % PATCH_PX
    mirrored = x > PATCH_PX // 2
    return np.where(mirrored, -y % PATCH_PX, y), np.where(mirrored, PATCH_PX - x, x)


def residual_features(residual: Array) -> NDArray[np.float64]:
    """Peakedness of the residual (log kurtosis) and its correlation at two pixels' distance and along the diagonal."""
    centred = residual - residual.mean(axis=(1, 2), keepdims=True)
    square = centred * centred
    variance = np.mean(square, axis=(1, 2)) + 1e-12
    # a product, since a fourth power costs ten times as much
    kurtosis = np.log10(np.mean(square * square, axis=(1, 2)) / variance**2)
    across = np.mean(centred[:, :, 2:] * centred[:, :, :-2], axis=(1, 2)) / variance
    down = np.mean(centred[:, 2:, :] * centred[:, :-2, :], axis=(1, 2)) / variance
    diagonal = np.mean(centred[:, 1:, 1:] * centred[:, :-1, :-1], axis=(1, 2)) / variance
    return np.array([kurtosis.mean(), (across + down).mean() / 2, diagonal.mean()])


def measure_pair(before: FrameDetail, after: FrameDetail) -> NDArray[np.float64]:
    """How the detail lives on between two pictures about an eighth of a second apart; one value per PAIR_FEATURES."""
    product = np.mean(before.residual * after.residual)
    scale = np.sqrt(np.mean(before.residual**2) * np.mean(after.residual**2)) + 1e-12
    change = np.mean((after.patches - before.patches) ** 2)
    return np.array([product / scale, np.log10(change / (np.mean(after.residual**2) + 1e-9) + 1e-3)])
