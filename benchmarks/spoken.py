"""Something that sounds spoken and says nothing: syllables of a source and four formants, with known times.

For tests and benchmarks where no recorded speech is at hand; what hears it as speech is `pipeline.sound.mix.voice`.
"""

from __future__ import annotations

import numpy as np

# formants of five vowels, men's means, Hz (Peterson & Barney 1952); a fourth that hardly moves, widths by Klatt 1980
_VOWELS_HZ = ((270, 2290, 3010), (530, 1840, 2480), (730, 1090, 2440), (570, 840, 2410), (300, 870, 2240))
_FOURTH_HZ, _WIDTHS_HZ = 3400.0, (70.0, 100.0, 140.0, 250.0)
_FRICATIVES_HZ = ((4000.0, 7500.0), (2000.0, 5500.0), (1500.0, 7500.0))
# work is done at this rate; speech has little above 8 kHz
_RATE_HZ = 16_000
_STEP_S = 0.005


def say(length_s: float, *, seed: int = 0, sample_rate_hz: int = 48_000, level_db: float = -22.0) -> np.ndarray:
    """A sentence without words, from the first sample to the last.

    Returns
    -------
    float64 [samples]
        RMS at `level_db` of full scale.
    """
    from scipy.signal import resample_poly

    rng = np.random.default_rng(seed)
    total = round(length_s * _RATE_HZ)
    steps = -(-total // round(_STEP_S * _RATE_HZ))
    formants, voiced, hissed, band = _syllables(steps, rng)
    sound = _voice(formants, voiced, rng) + _hiss(hissed, band, rng)
    step = sample_rate_hz // 100
    sound = resample_poly(sound, step, _RATE_HZ // 100)[: round(length_s * sample_rate_hz)]
    return sound * 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))


def talk(
    length_s: float, spans_s: list[tuple[float, float]], *, seed: int = 0, sample_rate_hz: int = 48_000
) -> np.ndarray:
    """Silence with something said in each span of seconds, float64 [2, samples], the same on both sides."""
    sound = np.zeros(round(length_s * sample_rate_hz))
    for number, (start_s, end_s) in enumerate(spans_s):
        part = say(end_s - start_s, seed=1000 * seed + number, sample_rate_hz=sample_rate_hz)
        at = round(start_s * sample_rate_hz)
        sound[at : at + len(part)] = part[: len(sound) - at]
    return np.stack([sound, sound])


def _syllables(steps: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    # formants [steps, 3], how much voice and how much hiss [steps], and the number of the hiss's band [steps]
    formants, voiced = np.zeros((steps, 3)), np.zeros(steps)
    hissed, band = np.zeros(steps), np.zeros(steps, int)
    at, before = 0, np.asarray(_VOWELS_HZ[2], float)
    while at < steps:
        start, middle, end = at, at + int(rng.integers(8, 16)), at + int(rng.integers(34, 56))
        vowel = np.asarray(_VOWELS_HZ[rng.integers(len(_VOWELS_HZ))], float) * rng.uniform(0.94, 1.06)
        glide = np.clip((np.arange(end - start) - (middle - start)) / 10, 0, 1)[:, None]
        part = slice(start, min(end, steps))
        count = part.stop - part.start
        formants[part] = ((1 - glide) * before + glide * vowel)[:count]
        swell = np.clip((np.arange(end - start) - (middle - start) + 4) / 6, 0, 1)
        swell *= np.clip((end - start - np.arange(end - start)) / 8, 0, 1) * rng.uniform(0.5, 1.0)
        voiced[part] = swell[:count]
        hissed[start:middle] = rng.uniform(0.02, 0.12)
        band[start:middle] = rng.integers(len(_FRICATIVES_HZ))
        at, before = end, vowel
    return formants, voiced, hissed, band


def _voice(formants: np.ndarray, voiced: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import lfilter

    steps, size = len(voiced), round(_STEP_S * _RATE_HZ)
    wander = gaussian_filter1d(rng.standard_normal(steps + 200), 30)[100:-100] * 8
    pitch_hz = 118 * 2 ** (0.16 * wander - 0.12 * np.linspace(0, 1, steps))
    phase = np.cumsum(np.repeat(pitch_hz, size) * (1 + 0.004 * rng.standard_normal(steps * size))) / _RATE_HZ
    opened = phase % 1.0
    # flow of Rosenberg's glottis: opens over 40 % of a period, closes over 16 %; its slope is what the lips give off
    flow = np.where(opened < 0.4, 0.5 - 0.5 * np.cos(np.pi * opened / 0.4), 0.0)
    flow = np.where((opened >= 0.4) & (opened < 0.56), np.cos(np.pi / 2 * (opened - 0.4) / 0.16), flow)
    source = np.diff(flow, prepend=0.0) + 0.002 * rng.standard_normal(steps * size)
    source *= np.interp(np.arange(steps * size) / size, np.arange(steps), voiced)
    states = np.zeros((4, 2))
    for step in range(steps):
        part = slice(step * size, (step + 1) * size)
        for number, (centre_hz, width_hz) in enumerate(zip((*formants[step], _FOURTH_HZ), _WIDTHS_HZ, strict=True)):
            radius = np.exp(-np.pi * width_hz / _RATE_HZ)
            poles = [1.0, -2 * radius * np.cos(2 * np.pi * centre_hz / _RATE_HZ), radius**2]
            source[part], states[number] = lfilter([sum(poles)], poles, source[part], zi=states[number])
    return source


def _hiss(hissed: np.ndarray, band: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy.signal import butter, sosfilt

    size = round(_STEP_S * _RATE_HZ)
    noise = rng.standard_normal(len(hissed) * size)
    grown = np.repeat(band, size)
    sound = np.zeros(len(noise))
    for number, edges_hz in enumerate(_FRICATIVES_HZ):
        sections = butter(2, edges_hz, "bandpass", fs=_RATE_HZ, output="sos")
        sound += sosfilt(sections, noise * (grown == number))
    return 0.12 * sound * np.interp(np.arange(len(noise)) / size, np.arange(len(hissed)), hissed)
