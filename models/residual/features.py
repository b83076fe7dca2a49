"""Statistics of fine detail in native-scale crops, in space and in time, in plain numpy.

A generator's decoder grows a small latent picture by factors of two; a camera's lens, sensor and denoiser do not. What
is left of that after a codec is faint: weak evidence, and the card beside this file says how weak. How sharp, bright or
noisy a clip is belongs to its collection and is left out: only shapes and ratios are measured, and how much moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Vector = NDArray[np.float64]

PATCH_PX = 128
# pictures of a crop that are measured; the fifth only serves the last second difference
STEPS = 4
# upper ends of the rings of the spectrum, in cycles per pixel
RINGS = (0.02, 0.045, 0.07, 0.1, 0.135, 0.17, 0.21, 0.25, 0.29, 0.33, 0.37, 0.41, 0.45, 0.5, 0.6)
# rings over which natural pictures fall off as a power of frequency (Field 1987)
_POWER_LAW = slice(1, 6)
# power of 8-bit rounding noise (a twelfth, Bennett 1948) over a Hann-windowed patch (energy 3/8 per axis)
_NOISE_FLOOR = PATCH_PX**2 * 0.375**2 / 12.0
LAGS = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (2, 2), (0, 3), (3, 0), (0, 4), (4, 0), (1, 2), (2, 1))
PERIODS = (2, 4, 8, 16)
BLOCK_PX = 8

_SPECTRUM = ("slope", *(f"beyond_{ring}" for ring in range(5, 14)))
_CHANGE = (*(f"change_{ring}" for ring in range(0, 14, 2)), "change_slope", "change_level")
_GRID = ("anisotropy", *(f"line_{period}" for period in PERIODS))
_RESIDUAL = ("kurtosis", *(f"lag_{down}_{across}" for down, across in LAGS), "hold")
_STILLNESS = ("still_floor", "still_middle", "still_top", "still_to_texture", "motion", "still", "jerk")
FEATURES = _SPECTRUM + _CHANGE + _GRID + _RESIDUAL + _STILLNESS


def measure(crops: NDArray[np.uint8]) -> Vector:
    """Figures of crops.

    Parameters
    ----------
    crops : uint8 [N, T, side, side]
        T at least 5, side at least 128; the middle 128 pixels are measured.

    Returns
    -------
    float64 [N, len(FEATURES)]

    Raises
    ------
    ValueError
        When the crops are too small or too few pictures.
    """
    if crops.shape[1] <= STEPS or crops.shape[2] < PATCH_PX:
        raise ValueError(f"crops of shape {crops.shape} are too small: {STEPS + 1} times {PATCH_PX} pixels are needed")
    edge = (crops.shape[-1] - PATCH_PX) // 2
    middle = crops[:, : STEPS + 1, edge : edge + PATCH_PX, edge : edge + PATCH_PX]
    # one at a time: the transforms of many crops at once would fill memory
    return np.stack([_measure_one(crop.astype(np.float32)) for crop in middle])


def _measure_one(pixels: Array) -> Vector:
    spectrum = log_power(pixels[1:STEPS])
    change = log_power(np.diff(pixels[:STEPS], axis=0))
    residual = neighbour_residual(pixels[1:STEPS])
    parts = (
        spectrum_figures(rings(spectrum)),
        change_figures(rings(change), rings(spectrum)),
        grid_figures(spectrum),
        residual_figures(residual),
        stillness_figures(pixels, residual),
    )
    return np.concatenate(parts)


# --------------------------------------------------------------- spectrum
@dataclass(frozen=True)
class _Plane:
    """Frequencies of an rfft2."""

    @cached_property
    def down(self) -> Vector:
        return np.asarray(np.fft.fftfreq(PATCH_PX)[:, None], np.float64)

    @cached_property
    def across(self) -> Vector:
        return np.asarray(np.fft.rfftfreq(PATCH_PX)[None, :], np.float64)

    @cached_property
    def ring(self) -> NDArray[np.intp]:
        return np.digitize(np.hypot(self.down, self.across), RINGS) - 1

    @cached_property
    def window(self) -> Array:
        hann = np.hanning(PATCH_PX).astype(np.float32)
        return hann[:, None] * hann[None, :]


@lru_cache(maxsize=1)
def _plane() -> _Plane:
    return _Plane()


def log_power(pictures: Array) -> Array:
    """Mean over pictures [T, N, N] of the log10 power spectrum, floored at rounding noise; [N, N/2 + 1]."""
    centred = (pictures - pictures.mean(axis=(1, 2), keepdims=True)) * _plane().window
    return np.log10(np.abs(np.fft.rfft2(centred)) ** 2 + _NOISE_FLOOR).mean(axis=0).astype(np.float32)


def rings(spectrum: Array) -> Vector:
    """Mean of a spectrum over each ring of frequencies; [len(RINGS) - 1]."""
    ring = _plane().ring
    return np.array([spectrum[ring == number].mean() for number in range(len(RINGS) - 1)], np.float64)


@lru_cache(maxsize=1)
def _ring_log_frequency() -> Vector:
    edges = np.array(RINGS)
    return np.asarray(np.log10((edges[1:] + edges[:-1]) / 2))


def spectrum_figures(profile: Vector) -> Vector:
    """Slope of the power law, and how far the rings beyond it depart from it, in decades.

    Up-sampling bends the end of that line (Durall et al. 2020).
    """
    frequency = _ring_log_frequency()
    slope, level = np.polyfit(frequency[_POWER_LAW], profile[_POWER_LAW], 1)
    beyond = profile - (slope * frequency + level)
    return np.array([slope, *beyond[5:14]])


def change_figures(change: Vector, profile: Vector) -> Vector:
    """Power of what changes between pictures beside the power of the picture, by ring; its tilt; its level."""
    ratio = change - profile
    return np.array([*ratio[0:14:2], ratio[10] - ratio[2], change[3]])


def grid_figures(spectrum: Array) -> Vector:
    """Excess along the axes at high frequencies, and lines at multiples of 1/period (Zhang et al. 2019), in decades."""
    plane = _plane()
    angle = np.arctan2(np.abs(plane.down), plane.across + 1e-9)
    radius = np.hypot(plane.down, plane.across)
    high = (radius > 0.3) & (radius < 0.5)
    axes = spectrum[high & (np.abs(angle - np.pi / 4) > np.pi / 4 - 0.25)].mean()
    diagonal = spectrum[high & (np.abs(angle - np.pi / 4) < 0.25)].mean()
    half = PATCH_PX // 2
    # the low end is left out: there every picture has structure
    lines = (spectrum[8:half].mean(axis=0), spectrum[: half + 1, 8:].mean(axis=1))
    return np.array([axes - diagonal, *(np.mean([_line_height(line, period) for line in lines]) for period in PERIODS)])


def _line_height(line: Array, period_px: int) -> float:
    step = PATCH_PX // period_px
    heights = []
    for at in range(step, PATCH_PX // 2 + 1, step):
        beside = [line[i] for i in (at - 4, at - 3, at + 3, at + 4) if 0 < i < line.size]
        heights.append(line[at] - np.mean(beside))
    return float(np.mean(heights))


# --------------------------------------------------------------- residual
def neighbour_residual(pictures: Array) -> Array:
    """Each pixel minus the mean of its four neighbours, without the mean; [T, N, N] -> [T, N-2, N-2]."""
    around = pictures[:, :-2, 1:-1] + pictures[:, 2:, 1:-1] + pictures[:, 1:-1, :-2] + pictures[:, 1:-1, 2:]
    found = pictures[:, 1:-1, 1:-1] - around * np.float32(0.25)
    return found - found.mean(axis=(1, 2), keepdims=True)


def residual_figures(residual: Array) -> Vector:
    """Log kurtosis, correlation with itself at LAGS, and from one picture to the next."""
    variance = float(np.mean(residual**2)) + 1e-3
    square = residual * residual
    kurtosis = np.log10(float(np.mean(square * square)) / variance**2 + 1e-3)
    size = residual.shape[1]
    lags = [
        np.mean(residual[:, down:, across:] * residual[:, : size - down, : size - across]) / variance
        for down, across in LAGS
    ]
    hold = np.mean(residual[1:] * residual[:-1]) / variance
    return np.array([kurtosis, *lags, hold], np.float64)


# -------------------------------------------------------------- stillness
def stillness_figures(pixels: Array, residual: Array) -> Vector:
    """What changes where nothing moves, how much moves, and whether motion goes on evenly.

    A sensor's noise is new in every picture even where the scene rests; a generator's need not be.
    """
    change = np.diff(pixels[:STEPS], axis=0)
    blocks = _blocks(change)
    spread = blocks.var(axis=(2, 4))
    texture = _blocks(residual).var(axis=(2, 4))
    quiet, middle, top = (np.percentile(spread, share) + 0.02 for share in (5, 50, 95))
    plain = np.percentile(texture, 5) + 0.02
    shift = np.median(np.abs(blocks.mean(axis=(2, 4))))
    jerk = pixels[2 : STEPS + 1] - 2 * pixels[1:STEPS] + pixels[: STEPS - 1]
    return np.array(
        [
            np.log10(quiet),
            np.log10(middle / quiet),
            np.log10(top / middle),
            np.log10(quiet / plain),
            np.log10(shift + 0.1),
            np.mean(spread < 0.3),
            np.log10((np.mean(jerk**2) + 0.05) / (np.mean(change**2) + 0.05)),
        ],
        np.float64,
    )


def _blocks(pictures: Array) -> Array:
    """[T, N, N] -> [T, rows, BLOCK_PX, columns, BLOCK_PX], cut to whole blocks."""
    rows = pictures.shape[1] // BLOCK_PX
    whole = rows * BLOCK_PX
    return pictures[:, :whole, :whole].reshape(len(pictures), rows, BLOCK_PX, rows, BLOCK_PX)
