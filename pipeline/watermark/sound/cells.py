"""Cells: the raster of time and frequency that a sound mark lives on, the same at every sample rate."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# seconds and hertz one chip covers; smaller cells carry no more (their noise grows as fast as their number), larger
# ones are heard as a flutter
CELL_S = 0.025
BAND_HZ = 200.0
# Telephone speech, 8 kHz files and every codec keep the lower half of these bands; the upper half is where 64 kb/s
# codecs begin to invent.
LOWEST_HZ = 500.0
BANDS = 32
# analysis frames of two cells overlap by half a cell
FRAME_S = 0.025
# from here on a matrix library is worth its start
MANY_VALUES = 200_000
# rates a header may claim; below the lowest no band is left, above the highest frames would only waste memory
LOWEST_RATE_HZ = 4_000
HIGHEST_RATE_HZ = 768_000


def frame_samples(sample_rate_hz: int) -> int:
    """Samples of one analysis frame, always even."""
    return 2 * int(FRAME_S * sample_rate_hz / 2)


def hann_root(samples: int) -> np.ndarray:
    """Square root of a periodic Hann window, float32: applied twice at half overlap it sums to one."""
    return np.sin(np.pi * np.arange(samples) / samples).astype(np.float32)


@lru_cache(maxsize=64)
def band_weights(sample_rate_hz: int, pitch: float = 1.0) -> np.ndarray:
    """Which share of each frequency bin lies in each band.

    Parameters
    ----------
    sample_rate_hz : int
    pitch : float
        Factor the frequencies were multiplied with since the mark was made.

    Returns
    -------
    float32 [bins, 32]
        Bands beyond half the sample rate are empty.
    """
    samples = frame_samples(sample_rate_hz)
    width_hz = sample_rate_hz / samples
    bins_hz = np.arange(samples // 2 + 1)[:, None] * width_hz
    lower_hz = (LOWEST_HZ + BAND_HZ * np.arange(BANDS)) * pitch
    upper_hz = lower_hz + BAND_HZ * pitch
    overlap_hz = np.minimum(bins_hz + width_hz / 2, upper_hz) - np.maximum(bins_hz - width_hz / 2, lower_hz)
    weights = np.clip(overlap_hz / width_hz, 0, 1)
    weights[:, upper_hz > sample_rate_hz / 2] = 0
    return weights.astype(np.float32)


def in_bands(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """float32 [..., bands]: values [..., bins] summed over bands."""
    # for the few frames of one block, waking the threads of a matrix library takes longer than the product
    if values.size > MANY_VALUES:
        return values @ weights
    return np.einsum("...b,bk->...k", values, weights)


def usable(sound: np.ndarray) -> np.ndarray:
    """float32 without NaN and infinities; floating point files may hold anything."""
    return np.clip(np.nan_to_num(sound, nan=0.0), -64, 64).astype(np.float32, copy=False)


def validate_rate(sample_rate_hz: int) -> int:
    """The rate, or ValueError when no sound has it."""
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise ValueError(f"a sound mark needs {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz, not {sample_rate_hz}")
    return int(sample_rate_hz)
