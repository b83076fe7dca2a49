"""Radial spectra of crops: level them to a model, and look for the peaks that up-samplers leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# rings of equal width from still to the corner of the spectrum; fine enough for the slope, too coarse for peaks
RINGS = 40
# reflected around a crop, so that its opposite edges do not meet in the transform
MARGIN_PX = 16
# a spectrum is only raised this far; what still lacks comes from the model itself
RAISE, LOWER = 2.0, 0.25
# up to the first ring (56 pixels to a wave) content is the original's, from the second on (28) the decoder's: large
# decoders get that right and small ones trained for minutes do not, so it would only tell them apart
COARSE = 1
# how often levels are corrected: where they fall steeply, the gains of neighbouring rings mix
PASSES = 2
_TINY = 1e-6


def ring_levels(power: NDArray[np.float32], rings: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean of the logarithm of power [..., rows, columns] over each ring; single peaks hardly move it."""
    logs = np.log(power.reshape(-1, *rings.shape).mean(0) + _TINY).ravel()
    counts = np.bincount(rings.ravel(), minlength=RINGS)
    return np.bincount(rings.ravel(), logs, minlength=RINGS) / np.maximum(counts, 1)


def radial_levels(pictures: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float64]:
    """Natural logarithm of power [RINGS] of pictures [T, height, width] together, by radial frequency."""
    spectrum = _transform(pictures)
    return ring_levels(_power(spectrum), _rings(spectrum.shape[1:], _padded(pictures))[0])


def matched(
    made: NDArray[np.float32], real: NDArray[np.uint8] | NDArray[np.float32], most: float = RAISE
) -> NDArray[np.float32]:
    """Give pictures the radial spectrum of others, so that blur or sharpness tells nothing.

    Parameters
    ----------
    made, real : [T, height, width]
        Levelled together over time: what comes and goes from picture to picture stays.
    most
        Rings are raised at most so many times in amplitude; where `made` has less, it is filled up with `real`.

    Returns
    -------
    float32 [T, height, width]. What is coarser than 56 pixels is that of `real`.
    """
    ours, theirs = _transform(made), _transform(real)
    rings, place = _rings(ours.shape[1:], _padded(made))
    wanted = ring_levels(_power(theirs), rings)
    gain = _gain(wanted, ours, rings)
    lacking = np.sqrt(np.maximum(0.0, 1 - (most / np.maximum(gain, most)) ** 2))
    fine = np.clip(place + 0.5 - COARSE, 0, 1).astype(np.float32)
    ours = ours * (_spread(np.clip(gain, LOWER, most), place) * fine)
    ours += theirs * (_spread(lacking, place) * fine + 1 - fine)
    for _ in range(PASSES):
        # the parts are alike to some degree, and add up to more or less than their powers
        ours = ours * _spread(np.clip(_gain(wanted, ours, rings), LOWER, most), place)
    return _back(ours, _padded(made), made.shape[1:])


def peaks_db(pictures: NDArray[np.uint8] | NDArray[np.float32], period_px: int) -> float:
    """How far spectral lines of one period stand out of their surroundings, in decibel.

    Harmonics of ``1 / period_px`` along either axis that no shorter period (half of it) has, against the median of
    frequencies near by. 0 where nothing stands out.
    """
    height, width = (side // period_px * period_px for side in pictures.shape[1:])
    crop = np.asarray(pictures, np.float32)[:, :height, :width]
    window = np.hanning(height)[:, None] * np.hanning(width)
    power = _power(np.fft.fft2((crop - crop.mean((1, 2), keepdims=True)) * window)).mean(0)
    lines = []
    for profile, side in ((power[0], width), (power[:, 0], height)):
        for harmonic in range(1, period_px // 2 + 1, 2):
            at = harmonic * side // period_px
            beside = [at + step for step in (-6, -5, -4, 4, 5, 6) if 3 < at + step <= side // 2]
            lines.append(10 * np.log10((profile[at] + _TINY) / (np.median(profile[beside]) + _TINY)))
    return float(np.mean(lines))


def _gain(wanted: NDArray[np.float64], ours: NDArray[np.complex64], rings: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(np.exp((wanted - ring_levels(_power(ours), rings)) / 2))


def _padded(pictures: NDArray) -> tuple[int, int]:  # type: ignore[type-arg]
    height, width = pictures.shape[1:]
    return height + 2 * min(MARGIN_PX, height - 1), width + 2 * min(MARGIN_PX, width - 1)


def _transform(pictures: NDArray) -> NDArray[np.complex64]:  # type: ignore[type-arg]
    from scipy.fft import rfft2

    (rows, columns), (height, width) = _padded(pictures), pictures.shape[1:]
    edges = ((0, 0), ((rows - height) // 2,) * 2, ((columns - width) // 2,) * 2)
    return rfft2(np.pad(pictures.astype(np.float32), edges, mode="reflect"))


def _back(spectrum: NDArray[np.complex64], padded: tuple[int, int], shape: tuple[int, ...]) -> NDArray[np.float32]:
    from scipy.fft import irfft2

    top, left = (padded[0] - shape[0]) // 2, (padded[1] - shape[1]) // 2
    return irfft2(spectrum, s=padded)[:, top : top + shape[0], left : left + shape[1]].astype(np.float32)


def _power(spectrum: NDArray) -> NDArray[np.float32]:  # type: ignore[type-arg]
    return spectrum.real**2 + spectrum.imag**2


def _rings(shape: tuple[int, ...], padded: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Number of each frequency's ring, and where it lies between the middles of rings."""
    radius = np.hypot(np.fft.fftfreq(padded[0])[:, None], np.fft.rfftfreq(padded[1])[None, : shape[1]])
    place = radius / (np.sqrt(0.5) + 1e-9) * RINGS
    return place.astype(np.intp), place - 0.5


def _spread(by_ring: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float32]:
    found = np.interp(place, np.arange(RINGS), by_ring)
    return found.astype(np.float32)
