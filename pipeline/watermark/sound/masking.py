"""Masking of sound: how much each cell may change unheard, and how a finished mark compares with what is masked."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipeline.watermark.sound import cells

# A masker hides noise this far below itself: 5.5 dB where it is noise, 14.5 dB + its Bark where it is a tone
# (Johnston, Transform coding of audio signals using perceptual noise criteria, IEEE JSAC 6, 1988).
NOISE_OFFSET_DB = 5.5
TONE_OFFSET_DB = 14.5
# Spectral flatness over three bands: white noise comes out at -2.5 dB (the mean of a log of an exponential variable),
# harmonics 200 Hz apart at about -12.
FLATNESS_OF_NOISE_DB = -2.5
FLATNESS_OF_TONE_DB = -12.0
# by which the mark stays under the threshold so found
MARGIN_DB = 2.0
# A steady tone betrays its modulation from about 3 % on, whatever a model of added noise says (Zwicker and Fastl,
# Psychoacoustics, figure 7.1); with the margin it stays just beneath.
MODULATION_OFFSET_DB = 28.5
# deep valleys between tones would allow any gain; codecs do not keep what is there
MOST_GAIN_DB = 4.0
# Level of one band under which nothing is added: beneath the noise of 16 bits summed over a band, and inaudible at any
# sensible volume.
SILENCE_DBFS = -90.0
# A frame's mark spreads over the whole frame, so it is turned down where the second part is this much louder than what
# comes before: 5 ms are masked backwards, the rest is not.
ATTACK_DB = 12.0
ATTACK_STEP_S = 0.005


def largest_gain_db(power: np.ndarray, weights: np.ndarray, *, frame_samples: int) -> np.ndarray:
    """Gain change that stays masked, cell by cell.

    Parameters
    ----------
    power : float32 [..., bins]
        Squared spectra of frames under `hann_root`; bins above the highest band may be left out.
    weights : float32 [bins, bands]
        `band_weights`.
    frame_samples : int

    Returns
    -------
    float32 [..., bands]
        dB; 0 in silence.
    """
    level = cells.in_bands(power, weights)
    silence = silence_power(frame_samples)
    # an even spectrum masks itself by the offset alone; a valley also lies under its neighbours
    around = np.maximum(cells.in_bands(level, _even_spreading()), level) / (level + silence)
    share = np.sqrt(around) * _factor(-(_offset_db(power, level, weights) + MARGIN_DB) / 2)
    gain_db = np.minimum(20 * np.log10(1 + share), MOST_GAIN_DB)
    return (gain_db * (level / (level + silence))).astype(np.float32)


def attack_share(frames: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Share of the mark that a frame may carry without being heard before a sudden sound, 0..1.

    Parameters
    ----------
    frames : float32 [..., samples]

    Returns
    -------
    float32 [...]
    """
    step = max(1, int(ATTACK_STEP_S * sample_rate_hz))
    # the slope weights high frequencies, where attacks stand out of rumble
    slope = np.diff(frames, axis=-1)
    count = slope.shape[-1] // step
    energy = np.square(slope[..., : count * step]).reshape(*slope.shape[:-1], count, step).mean(axis=-1) + 1e-12
    before = np.minimum.accumulate(energy, axis=-1)[..., :-1]
    rise_db = 10 * np.log10((energy[..., 1:] / before).max(axis=-1))
    return np.power(10, np.minimum(0, ATTACK_DB - rise_db) / 20).astype(np.float32)


def noise_to_mask_db(original: np.ndarray, marked: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """What was added, against what the original masks.

    Parameters
    ----------
    original, marked : float32 [samples]

    Returns
    -------
    float32 [frames, bands]
        dB; negative is masked. Silent cells are left at -100.
    """
    samples = cells.frame_samples(sample_rate_hz)
    window, weights = cells.hann_root(samples), cells.band_weights(sample_rate_hz)
    spectra = [np.fft.rfft(_frames(sound, samples) * window) for sound in (original, marked - original)]
    power, noise = (np.square(np.abs(spectrum)).astype(np.float32) for spectrum in spectra)
    level = cells.in_bands(power, weights)
    spread = spreading()
    mask = (level @ spread) * _factor(-_offset_db(power, level, weights))
    ratio = (noise @ weights) @ spread / np.maximum(mask, np.finfo(np.float32).tiny)
    heard = level > silence_power(samples)
    return np.where(heard, 10 * np.log10(np.maximum(ratio, 1e-10)), -100).astype(np.float32)


@lru_cache(maxsize=1)
def spreading() -> np.ndarray:
    """float32 [bands, bands]: how a masker (row) spreads to the other bands (Schroeder, Atal and Hall, 1979)."""
    bark = band_bark()
    away = bark[None, :] - bark[:, None] + 0.474
    return np.power(10, (15.81 + 7.5 * away - 17.5 * np.sqrt(1 + away**2)) / 10).astype(np.float32)


@lru_cache(maxsize=1)
def _even_spreading() -> np.ndarray:
    """`spreading`, scaled so that an even spectrum comes out as it went in."""
    return spreading() / spreading().sum(axis=0)


@lru_cache(maxsize=1)
def band_bark() -> np.ndarray:
    """float32 [bands]: critical band rate of the bands' centres (Traunmueller, 1990)."""
    centre_hz = cells.LOWEST_HZ + cells.BAND_HZ * (np.arange(cells.BANDS) + 0.5)
    return (26.81 * centre_hz / (1960 + centre_hz) - 0.53).astype(np.float32)


def silence_power(samples: int) -> np.float32:
    """Power of a band, in the squared spectrum of a frame under `hann_root`, beneath which nothing is added."""
    # a full-scale sine has the power (sum of the window / 2) ** 2, and the root of a Hann window sums to 2 / pi
    return np.float32((samples / np.pi) ** 2 * 10 ** (SILENCE_DBFS / 10))


def _offset_db(power: np.ndarray, level: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How far below its masker each band hides noise, float32 [..., bands]."""
    tonal = _tonality(power, level, weights)
    tone_offset_db = np.maximum(TONE_OFFSET_DB + band_bark(), MODULATION_OFFSET_DB)
    return tonal * tone_offset_db + (1 - tonal) * np.float32(NOISE_OFFSET_DB)


def _tonality(power: np.ndarray, level: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """0 for noise, 1 for tones, from the flatness of three neighbouring bands."""
    tiny = np.float32(1e-12)
    bins = _three_bands(np.maximum(weights.sum(axis=0), tiny))
    log_mean = _three_bands(cells.in_bands(np.log(power + tiny), weights)) / bins
    mean_log = np.log(_three_bands(level) / bins + tiny)
    flatness_db = (log_mean - mean_log) * np.float32(10 / np.log(10))
    return np.clip((FLATNESS_OF_NOISE_DB - flatness_db) / (FLATNESS_OF_NOISE_DB - FLATNESS_OF_TONE_DB), 0, 1)


def _three_bands(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(1, 1)])
    return padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]


def _factor(change_db: np.ndarray) -> np.ndarray:
    """Power ratio; a float32 exponential is five times faster than a power of ten."""
    return np.exp(change_db * np.float32(np.log(10) / 10))


def _frames(sound: np.ndarray, samples: int) -> np.ndarray:
    """float32 [frames, samples] at half overlap."""
    if len(sound) < samples:
        sound = np.pad(sound, (0, samples - len(sound)))
    return np.lib.stride_tricks.sliding_window_view(sound, samples)[:: samples // 2]
