"""What a neural decoder leaves in sound, whatever its architecture: lines, images and gaps at regular distances.

A decoder comes from some hundred codes a second back to samples by up-sampling in steps. Each step treats the samples
it makes periodically, and three things follow that do not depend on the net: constant lines at multiples of a slow
rate, power that pulses at such multiples, and parts of the spectrum that repeat, shifted or mirrored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft
from scipy.ndimage import median_filter, uniform_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

# windows are a power of two long, at least this: lines 40 Hz apart are then told from each other
WINDOW_S = 0.24
# below, hum, voices and engines make combs of their own
LOW_HZ = 1_500.0
# nothing is recorded above, whatever the rate
HIGH_HZ = 22_000.0
# a running median this wide tells narrow from broad
NARROW_HZ = 160.0
# distances between the teeth of a comb: hops of 40 to 3000 a second
COMB_HZ = (40.0, 3_000.0)
# natural power pulses at the pitch of things; lines of pulsing above are hardly natural
PULSE_HZ = 60.0
FAST_PULSE_HZ = 1_000.0
# parts that repeat nearer than this are harmonics
REPEAT_HZ = 1_500.0
# cells this far under their surroundings were set to zero by a coder; noise gets there once in two thousand
HOLE_DB = -35.0
# the band ends where the average spectrum lies this far under its level at 1 to 4 kHz
BAND_DB = -50.0
# ... or falls this much within so many Hz: the filter of a coder or of a change of rate
EDGE_DB, EDGE_HZ = 20.0, 600.0
# teeth are clipped here, in robust standard deviations, so that one strong whistle is no comb
TALLEST = 8.0
BATCH = 16

FEATURES = (
    "comb",
    "line_top",
    "lines",
    "pulse_comb",
    "pulse_top",
    "pulse_lines",
    "pulse_fast_top",
    "mirror",
    "repeat",
    "flutter",
    "flutter_skew",
)


@dataclass(frozen=True)
class Combs:
    """What was measured of one sound."""

    # FEATURES by name
    figures: dict[str, float]
    # where the sound's band ends
    band_hz: float
    # share of cells that a coder has emptied
    holes: float
    # distance between the teeth of the strongest comb
    comb_hz: float
    # strongest of the pulsing rates
    pulse_hz: float


def window_samples(rate_hz: int) -> int:
    """Length of a window: the power of two that lasts at least WINDOW_S."""
    return 1 << math.ceil(math.log2(WINDOW_S * rate_hz))


def measure(windows: NDArray[np.float32], rate_hz: int) -> Combs:
    """Measure all figures of a sound.

    Parameters
    ----------
    windows : float32 [n, window_samples(rate_hz)]
        Audible parts, in any order; n >= 2.
    rate_hz : int

    Returns
    -------
    Combs
        Figures are logarithms of ratios to what chance gives, so that they hardly depend on n.

    Notes
    -----
    Cepstrum of the averaged log spectrum after Bogert, Healy and Tukey (1963); lines of pulsing as in cyclostationary
    analysis (Gardner 1986), on a whitened copy.
    """
    hz = np.fft.rfftfreq(windows.shape[1], 1 / rate_hz).astype(np.float64)
    average, band_hz = _average(windows, hz)
    low, high = np.searchsorted(hz, (LOW_HZ, max(0.97 * min(band_hz, HIGH_HZ), 1.5 * LOW_HZ)))
    sums = _Sums.over(windows, hz, slice(int(low), int(high)))
    figures = {}
    figures["comb"], comb_hz = _comb(_narrow(average, hz)[low:high], hz[1])
    figures["line_top"], figures["lines"] = _lines(_narrow(average, hz)[low:high], hz[1])
    pulses = _narrow(sums.pulses, hz)
    slow, fast = np.searchsorted(hz, (PULSE_HZ, FAST_PULSE_HZ))
    figures["pulse_comb"], _ = _comb(pulses[slow:], hz[1])
    figures["pulse_top"], figures["pulse_lines"] = _lines(pulses[slow:], hz[1])
    figures["pulse_fast_top"], _ = _lines(pulses[fast:], hz[1])
    figures["mirror"] = _standing_out(sums.mirrored)
    figures["repeat"] = _standing_out(sums.repeated[round(REPEAT_HZ / hz[1]) :])
    figures["flutter"], figures["flutter_skew"] = sums.flutter, sums.flutter_skew
    strongest = float(hz[slow + int(np.argmax(pulses[slow:]))])
    return Combs({name: round(float(figures[name]), 5) for name in FEATURES}, band_hz, sums.holes, comb_hz, strongest)


def _average(windows: NDArray[np.float32], hz: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Mean log spectrum in dB over windows, [bins], and where its band ends."""
    total = np.zeros(hz.size)
    for batch in _batches(windows):
        total += _decibels(_spectra(batch)).sum(axis=0)
    average = total / len(windows)
    return average, _band_end(average, hz)


def _band_end(average: NDArray[np.float64], hz: NDArray[np.float64]) -> float:
    """Where the sound first ends: above an edge lie only dither and images of a cheap change of rate."""
    smooth = uniform_filter1d(average, max(3, round(200 / hz[1])))
    step = max(1, round(EDGE_HZ / hz[1]))
    ends = smooth < np.median(smooth[(hz > 1_000) & (hz < 4_000)]) + BAND_DB
    ends[:-step] |= smooth[:-step] - smooth[step:] > EDGE_DB
    found = np.flatnonzero(ends & (hz > 3_000))
    return float(hz[found[0]]) if found.size else float(hz[-1])


@dataclass(frozen=True)
class _Sums:
    """What is gathered over the windows in one pass."""

    # mean log spectrum of the whitened power, [bins]
    pulses: NDArray[np.float64]
    # likeness of the band with itself mirrored about each frequency, and shifted by each
    mirrored: NDArray[np.float64]
    repeated: NDArray[np.float64]
    holes: float
    # how the level of a cell differs from its neighbours: spread in dB, and its skewness
    flutter: float
    flutter_skew: float

    @classmethod
    def over(cls, windows: NDArray[np.float32], hz: NDArray[np.float64], band: slice) -> _Sums:
        size = windows.shape[1]
        bins = band.stop - band.start
        pulses, mirrored, repeated = np.zeros(hz.size), np.zeros(2 * bins), np.zeros(2 * bins)
        moments, holes, smooth = np.zeros(3), 0.0, max(3, round(NARROW_HZ / hz[1]))
        for batch in _batches(windows):
            spectra = _spectra(batch)
            level = _decibels(spectra)[:, band]
            around = uniform_filter1d(level, smooth, axis=1)
            cells = np.clip(level - around, -30, 20)
            pulses += _pulses(spectra[:, band], around, band, size).sum(axis=0)
            turned = fft.rfft(cells, 2 * bins, axis=1)
            mirrored += fft.irfft((turned**2).sum(axis=0), 2 * bins)
            repeated += fft.irfft((np.abs(turned) ** 2).sum(axis=0), 2 * bins)
            holes += float((level - around < HOLE_DB).sum())
            upper = cells[:, bins // 2 :]
            moments += [upper.mean() * len(batch), (upper**2).mean() * len(batch), (upper**3).mean() * len(batch)]
        first, second, third = moments / len(windows)
        spread = math.sqrt(max(second - first**2, 1e-6))
        skew = (third - 3 * first * second + 2 * first**3) / spread**3
        mirror = mirrored[bins // 4 : 2 * bins - bins // 4] / np.sqrt(_overlap(bins))[bins // 4 : 2 * bins - bins // 4]
        repeat = repeated[: bins - bins // 8] / np.sqrt(np.arange(bins, bins // 8, -1))
        return cls(pulses / len(windows), mirror, repeat, holes / (len(windows) * bins), spread, skew)


def _pulses(
    spectra: NDArray[np.complex64], around_db: NDArray[np.float32], band: slice, size: int
) -> NDArray[np.float32]:
    """Log spectrum of the power of each whitened window, [n, bins]."""
    white = np.zeros((len(spectra), size // 2 + 1), np.complex64)
    white[:, band] = spectra * 10 ** (-around_db / 20)
    power = fft.irfft(white, size, axis=1) ** 2
    # the window's own shape is no pulsing: divide by it where it is not small
    shape = np.hanning(size).astype(np.float32) ** 2
    power = (power / np.maximum(shape, 0.05) - power.sum(axis=1, keepdims=True) / shape.sum()) * shape
    # one loud knock shall not drown the rest
    power = np.clip(power, None, 6 * power.std(axis=1, keepdims=True))
    return _decibels(fft.rfft(power, axis=1))


def _overlap(bins: int) -> NDArray[np.float64]:
    """How many cells meet when the band is mirrored about each of its half bins."""
    index = np.arange(2 * bins)
    return np.maximum(np.minimum(index + 1, 2 * bins - 1 - index), 1).astype(np.float64)


def _batches(windows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [windows[start : start + BATCH] for start in range(0, len(windows), BATCH)]


def _spectra(windows: NDArray[np.float32]) -> NDArray[np.complex64]:
    spectra: NDArray[np.complex64] = fft.rfft(windows * np.hanning(windows.shape[1]).astype(np.float32), axis=1)
    return spectra


def _decibels(spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
    power: NDArray[np.float32] = 10 * np.log10(spectra.real**2 + spectra.imag**2 + np.float32(1e-12))
    return power


def _narrow(average: NDArray[np.float64], hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each bin stands out of its surroundings, in robust standard deviations."""
    above = average - median_filter(average, max(3, round(NARROW_HZ / hz[1]) | 1))
    spread = 1.4826 * np.median(np.abs(above)) + 1e-3
    narrow: NDArray[np.float64] = above / spread
    return narrow


def _comb(narrow: NDArray[np.float64], bin_hz: float) -> tuple[float, float]:
    """Log of the strongest periodicity over the usual one, and its distance in Hz."""
    teeth = np.clip(narrow, -3, TALLEST)
    size = 1 << math.ceil(math.log2(4 * teeth.size))
    cepstrum = np.abs(fft.rfft((teeth - teeth.mean()) * np.hanning(teeth.size), size))
    # index k is a ripple with `size / k` bins from tooth to tooth
    first, last = (min(cepstrum.size - 1, round(size * bin_hz / distance)) for distance in COMB_HZ[::-1])
    part = cepstrum[first : max(last, first + 2)]
    best = int(np.argmax(part))
    ratio = part[best] / (np.median(part) + 1e-9)
    return math.log10(ratio + 1e-3), size * bin_hz / (first + best)


def _lines(narrow: NDArray[np.float64], bin_hz: float) -> tuple[float, float]:
    """Height of the tallest lines, and how many a kHz; both logarithmic."""
    if narrow.size < 32:
        return 0.0, -1.5
    tallest = np.sort(narrow)[-max(3, narrow.size // 1000) :].mean()
    many = (narrow > 5).sum() / (narrow.size * bin_hz / 1_000)
    return math.log10(max(tallest, 1.0)), math.log10(many + 0.03)


def _standing_out(likeness: NDArray[np.float64]) -> float:
    """Log of the highest value over the usual spread."""
    if likeness.size < 32:
        return 0.0
    middle = np.median(likeness)
    spread = 1.4826 * np.median(np.abs(likeness - middle)) + 1e-9
    return math.log10(max(float((likeness.max() - middle) / spread), 1.0))
