"""What every effect needs: noise in a band, parts laid over each other, an end without a click, a level, an attack."""

from __future__ import annotations

import numpy as np

from pipeline.sound.noise import band, filtered

# loudest 50 ms of an effect at level 0 dB, K-weighted, dBFS; and the peak it may have there
CALIBRATION_DB = -20.0
CALIBRATION_WINDOW_S = 0.05
PEAK_DB = -1.5
# an attack is heard where a sound first comes within 20 dB of its peak
ATTACK_SHARE = 0.1
# no one-shot goes on for longer
LONGEST_S = 12.0
_FADE_S, _CUT_FADE_S = 0.012, 0.3
# bands of a swept noise lie this far apart
_SWEEP_STEP_OCTAVES = 0.6
_SETTLE_SAMPLES = 2048


def clock(length_s: float, sample_rate_hz: int) -> np.ndarray:
    """Seconds of each sample of a sound, float64 [samples], at least 64 samples."""
    return np.arange(max(int(length_s * sample_rate_hz), 64)) / sample_rate_hz


def attack_sample(samples: np.ndarray) -> int:
    """Where a sound is heard to begin: its first sample within 20 dB of the peak; 0 for silence."""
    level = np.abs(samples)
    peak = float(level.max(initial=0.0))
    return int(np.argmax(level >= ATTACK_SHARE * peak)) if peak > 0 else 0


def hiss(rng: np.random.Generator, count: int, low_hz: float, high_hz: float, *, sample_rate_hz: int) -> np.ndarray:
    """Noise in a band (first-order slopes) with an RMS of 1, float32 [count]."""
    noise = rng.standard_normal(count, dtype=np.float32)
    noise = filtered(noise, band(low_hz, high_hz, sample_rate_hz=sample_rate_hz, order=1))
    return noise / max(float(noise.std()), 1e-9)


def swept_hiss(rng: np.random.Generator, centre_hz: np.ndarray, *, sample_rate_hz: int, width: float) -> np.ndarray:
    """Noise whose band moves, float64 [samples].

    Parameters
    ----------
    centre_hz : float [samples]
        Middle of the band at each sample.
    width : float
        Octaves from the middle to where the band has fallen to 1/e.
    """
    count = len(centre_hz)
    # long enough in front for the filters to settle
    noise = rng.standard_normal(count + _SETTLE_SAMPLES, dtype=np.float32)
    octaves = np.log2(centre_hz)
    air = np.zeros(count)
    top = min(octaves.max() + width, np.log2(0.4 * sample_rate_hz))
    for octave in np.arange(octaves.min() - width, top + _SWEEP_STEP_OCTAVES, _SWEEP_STEP_OCTAVES):
        edges = band(0.8 * 2**octave, 1.25 * 2**octave, sample_rate_hz=sample_rate_hz, order=1)
        # equal parts a band, though a higher one is wider: half an octave's worth of tilt less
        part = filtered(noise, edges)[_SETTLE_SAMPLES:] * 2 ** (-0.25 * (octave - octaves.min()))
        air += part * np.exp(-(((octave - octaves) / width) ** 2))
    return air


def add(sound: np.ndarray, part: np.ndarray, start: int) -> None:
    """Add a part in place from a sample on; what runs past the end is left out."""
    end = min(start + len(part), len(sound))
    if end > start:
        sound[start:end] += part[: end - start]


def trim(samples: np.ndarray, length_s: float | None, sample_rate_hz: int) -> np.ndarray:
    """Cut to a length, where one is given, and fade the end: longer where a ring is cut short."""
    fade_s = _FADE_S
    if length_s is not None and length_s * sample_rate_hz < len(samples):
        samples = samples[: max(int(length_s * sample_rate_hz), 64)]
        fade_s = min(0.3 * length_s, _CUT_FADE_S)
    fade = min(max(int(fade_s * sample_rate_hz), 1), len(samples))
    samples = samples.astype(np.float32)
    samples[len(samples) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
    return samples


def calibrate(samples: np.ndarray, *, sample_rate_hz: int) -> np.ndarray:
    """Scale an effect to `CALIBRATION_DB` in its loudest 50 ms (K-weighted), peaks held at `PEAK_DB`, no offset."""
    samples = filtered(samples.astype(np.float32), band(25, 0, sample_rate_hz=sample_rate_hz, order=1))
    return samples * np.float32(level_gain(samples, sample_rate_hz=sample_rate_hz))


def level_gain(samples: np.ndarray, *, sample_rate_hz: int) -> float:
    """The gain that brings a sound to `CALIBRATION_DB` or its peak to `PEAK_DB`, whichever is less; 1 for silence."""
    from pipeline.sound.mix.loudness import k_weighting

    window = max(int(CALIBRATION_WINDOW_S * sample_rate_hz), 1)
    power = filtered(samples, k_weighting(sample_rate_hz)).astype(np.float64) ** 2
    total = np.concatenate([[0.0], np.cumsum(power)])
    loudest = float((total[window:] - total[:-window]).max() if len(total) > window else total[-1]) / window
    if loudest <= 1e-18:
        return 1.0
    gain = 10 ** (CALIBRATION_DB / 20) / np.sqrt(loudest)
    return float(min(gain, 10 ** (PEAK_DB / 20) / float(np.abs(samples).max())))


def finish(samples: np.ndarray, length_s: float | None, sample_rate_hz: int) -> np.ndarray:
    """Trim and calibrate a finished one-shot, float32 [samples]."""
    return calibrate(trim(samples, length_s, sample_rate_hz), sample_rate_hz=sample_rate_hz)
