"""Drums and swells of the music: each made once from sines and filtered noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.sound.noise import band, stream

if TYPE_CHECKING:
    import numpy as np

DRUMS = ("kick", "taiko", "tom", "boom", "clap", "hat", "shaker", "tick", "cymbal")
# (start Hz, end Hz, seconds of the fall in pitch, seconds to fall by 60 dB, level of the stick)
MEMBRANES = {
    "kick": (150.0, 48.0, 0.045, 0.42, 0.25),
    "taiko": (118.0, 62.0, 0.060, 0.95, 0.50),
    "tom": (180.0, 104.0, 0.050, 0.65, 0.40),
    "boom": (74.0, 36.0, 0.160, 2.60, 0.12),
}
# (low Hz, high Hz, seconds to fall by 60 dB, attack in s)
NOISES = {
    "hat": (7000.0, 15000.0, 0.09, 0.0008),
    "shaker": (4200.0, 11000.0, 0.11, 0.018),
    "tick": (2200.0, 5200.0, 0.05, 0.0008),
    "cymbal": (3000.0, 13000.0, 2.40, 0.004),
}
FADE_OUT_S = 0.03


def drum(name: str, *, sample_rate_hz: int) -> np.ndarray:
    """One hit, float32 [2, samples], peak 0.5.

    Raises
    ------
    KeyError
        When there is no such drum.
    """
    if name in MEMBRANES:
        hit = _membrane(name, sample_rate_hz)
    elif name == "clap":
        hit = _clap(sample_rate_hz)
    else:
        hit = _noise_hit(name, sample_rate_hz)
    return _finished(hit, sample_rate_hz)


def riser(length_s: float, *, sample_rate_hz: int) -> np.ndarray:
    """Noise that swells and brightens for `length_s` and stops within 8 ms, float32 [2, samples], peak 0.5."""
    import numpy as np
    from scipy.signal import sosfilt

    count = max(2, int(length_s * sample_rate_hz))
    share = np.arange(count) / count
    raw = stream("riser").standard_normal((2, count))
    swell = np.zeros((2, count))
    # three bands that come in one after the other
    for low, high, power in ((250, 900, 2.0), (900, 3000, 3.5), (3000, 9000, 6.0)):
        swell += sosfilt(band(low, high, sample_rate_hz=sample_rate_hz), raw, axis=1) * share**power
    end = min(count, int(0.008 * sample_rate_hz))
    swell[:, -end:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, end + 1) / end)
    return (0.5 * swell / np.abs(swell).max()).astype(np.float32)


def _membrane(name: str, sample_rate_hz: int) -> np.ndarray:
    import numpy as np
    from scipy.signal import sosfilt

    start_hz, end_hz, glide_s, decay_s, stick = MEMBRANES[name]
    time = np.arange(int(decay_s * sample_rate_hz)) / sample_rate_hz
    frequency = end_hz + (start_hz - end_hz) * np.exp(-time / glide_s)
    phase = 2 * np.pi * np.cumsum(frequency) / sample_rate_hz
    body = np.sin(phase) * np.exp(-6.908 * time / decay_s)
    # the second mode of a membrane lies at 1.59 of the first and dies sooner
    body += 0.3 * np.sin(1.59 * phase) * np.exp(-6.908 * time / (0.35 * decay_s))
    raw = stream("stick", name).standard_normal((2, len(time)))
    click = sosfilt(band(600, 5000, sample_rate_hz=sample_rate_hz), raw, axis=1) * np.exp(-time / 0.006)
    # soft saturation gives the beater its weight on small speakers
    return np.tanh(1.6 * (body + stick * click))


def _noise_hit(name: str, sample_rate_hz: int) -> np.ndarray:
    import numpy as np
    from scipy.signal import sosfilt

    low, high, decay_s, attack_s = NOISES[name]
    time = np.arange(int((decay_s + attack_s) * sample_rate_hz)) / sample_rate_hz
    raw = stream("noise", name).standard_normal((2, len(time)))
    shape = np.minimum(time / attack_s, 1) * np.exp(-6.908 * np.maximum(time - attack_s, 0) / decay_s)
    return sosfilt(band(low, high, sample_rate_hz=sample_rate_hz), raw, axis=1) * shape


def _clap(sample_rate_hz: int) -> np.ndarray:
    # several hands within 25 ms, then the room
    import numpy as np
    from scipy.signal import sosfilt

    time = np.arange(int(0.28 * sample_rate_hz)) / sample_rate_hz
    shape = 0.6 * np.exp(-6.908 * time / 0.25)
    for late in (0.0, 0.009, 0.019):
        shape += np.where(time >= late, np.exp(-(time - late) / 0.003), 0)
    raw = stream("clap").standard_normal((2, len(time)))
    return sosfilt(band(900, 4500, sample_rate_hz=sample_rate_hz), raw, axis=1) * shape


def _finished(hit: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    import numpy as np

    hit = np.atleast_2d(hit)
    hit = np.repeat(hit, 2 // hit.shape[0], axis=0) * (0.5 / np.abs(hit).max())
    rise, fall = int(0.0008 * sample_rate_hz) + 1, int(FADE_OUT_S * sample_rate_hz)
    hit[:, :rise] *= np.arange(rise) / rise
    hit[:, -fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / fall)
    return hit.astype(np.float32)
