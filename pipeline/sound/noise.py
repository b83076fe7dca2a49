"""Seeded randomness for sound: streams by name, values by position, slow curves, filters that keep their state."""

from __future__ import annotations

import hashlib

import numpy as np

# multipliers and shifts of the splitmix64 finaliser (Steele, Lea, Flood 2014)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)


def key_of(*parts: str | int) -> int:
    """A 64-bit number from names and numbers, the same on every machine."""
    return int.from_bytes(hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest(), "little")


def stream(*parts: str | int) -> np.random.Generator:
    """A random stream of its own for a seed and names."""
    return np.random.Generator(np.random.SFC64(key_of(*parts)))


def uniform_at(index: np.ndarray, *parts: str | int) -> np.ndarray:
    """Uniform values in 0..1 that depend only on integer positions and names.

    Parameters
    ----------
    index : int array, any shape
        Positions, for example the numbers of waves or knots since the start.

    Returns
    -------
    float64 array of the same shape
    """
    with np.errstate(over="ignore"):
        value = (np.asarray(index).astype(np.uint64) + np.uint64(key_of(*parts))) * _STEP
        value = (value ^ (value >> np.uint64(30))) * _MIX_1
        value = (value ^ (value >> np.uint64(27))) * _MIX_2
        value ^= value >> np.uint64(31)
    return (value >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def slow_curve(time_s: np.ndarray, period_s: float, *parts: str | int) -> np.ndarray:
    """A smooth random curve in 0..1 with one independent value every `period_s`.

    It is a function of time alone, so any stretch of it can be made without the stretch before.
    """
    place = np.asarray(time_s) / period_s + 4.0
    knot = np.floor(place).astype(np.int64)
    first = int(knot.min())
    values = uniform_at(np.arange(first, int(knot.max()) + 2), *parts)
    part = place - knot
    ease = part * part * (3.0 - 2.0 * part)
    before, after = values[knot - first], values[knot - first + 1]
    return before + (after - before) * ease


def band(low_hz: float, high_hz: float, *, sample_rate_hz: int, order: int = 2) -> np.ndarray:
    """Second-order sections of a Butterworth band, low-pass (`low_hz` 0) or high-pass (`high_hz` 0)."""
    from scipy.signal import butter

    top = 0.45 * sample_rate_hz
    low_hz, high_hz = min(low_hz, 0.9 * top), min(high_hz, top)
    if low_hz <= 0:
        return butter(order, high_hz, "lowpass", fs=sample_rate_hz, output="sos")
    if high_hz <= 0:
        return butter(order, low_hz, "highpass", fs=sample_rate_hz, output="sos")
    return butter(order, (low_hz, high_hz), "bandpass", fs=sample_rate_hz, output="sos")


class Filter:
    """A filter that goes on where the last stretch ended; works along the last axis."""

    def __init__(self, sections: np.ndarray) -> None:
        self._sections = sections
        self._state: np.ndarray | None = None

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        from scipy.signal import sosfilt

        if self._state is None:
            self._state = np.zeros((len(self._sections), *samples.shape[:-1], 2), samples.dtype)
        filtered, self._state = sosfilt(self._sections.astype(samples.dtype), samples, zi=self._state)
        return filtered


def filtered(samples: np.ndarray, sections: np.ndarray) -> np.ndarray:
    """Filter a whole sound once, from rest."""
    return Filter(sections)(samples)
