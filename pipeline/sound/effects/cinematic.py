"""Designed sounds on cuts: a riser that leads up to one, a hit that lands on it."""

from __future__ import annotations

import numpy as np

from pipeline.sound.effects.impacts import strike
from pipeline.sound.effects.modal import MATERIALS
from pipeline.sound.effects.shaping import add, calibrate, clock, finish, hiss, swept_hiss
from pipeline.sound.noise import slow_curve, stream

HITS = ("deep",)
# the riser is cut off at its peak; so short a fade keeps the edge and loses the click
_CUT_OFF_S = 0.004
# ratios of the gliding tones: no interval of a scale, so the riser is no music
_GLIDE_RATIOS = (1.0, 1.237, 1.531, 1.913, 2.417)


def riser(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """Noise and tones that climb and are cut off at their peak, exactly at the end of `length_s`.

    Parameters
    ----------
    size : float
        Where it starts: the larger, the lower.
    hardness : float
        0 noise alone .. 1 mostly tones.
    """
    rng = stream("riser", kind, seed)
    time_s = clock(2.0 if length_s is None else length_s, sample_rate_hz)
    place = np.arange(1, len(time_s) + 1) / len(time_s)
    swell = place**2.4 * (1 - 0.12 * slow_curve(time_s, 0.1, seed, "swell"))
    low_hz = 260.0 * 2 ** (1.0 - 2.0 * size)
    air = swept_hiss(rng, low_hz * 2 ** (4.6 * place**1.4), sample_rate_hz=sample_rate_hz, width=0.9)
    glide_hz = 0.5 * low_hz * 2 ** (3.0 * place**1.6)
    phase = 2 * np.pi * np.cumsum(glide_hz) / sample_rate_hz
    tones = sum(np.sin(ratio * phase + rng.uniform(0, 6.28)) for ratio in _GLIDE_RATIOS)
    # a tremor that quickens towards the end
    tremor = 1 - 0.35 * (0.5 + 0.5 * np.sin(2 * np.pi * np.cumsum(4 + 14 * place**2) / sample_rate_hz))
    sound = (air / air.std() + 0.35 * hardness * tones) * swell * tremor
    edge = min(max(int(_CUT_OFF_S * sample_rate_hz), 1), len(sound))
    sound[-edge:] *= np.linspace(1, 0, edge) ** 2
    return calibrate(sound.astype(np.float32), sample_rate_hz=sample_rate_hz)


def hit(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """A deep hit: a slam, a tone that drops below hearing, and a dark tail.

    Parameters
    ----------
    size : float
        The larger, the lower and longer.
    hardness : float
        Of the slam against the drop.
    """
    rng = stream("hit", kind, seed)
    time_s = clock(1.8 + 2.4 * size, sample_rate_hz)
    tail_s = (0.35 + 0.5 * size) * rng.uniform(0.85, 1.2)
    drop_hz = 30.0 * rng.uniform(0.9, 1.2) + (75.0 - 20.0 * size) * np.exp(-time_s / rng.uniform(0.08, 0.15))
    drop = np.tanh(1.6 * np.sin(2 * np.pi * np.cumsum(drop_hz) / sample_rate_hz)) * np.exp(-time_s / tail_s)
    slam = hiss(rng, len(time_s), 110, 1800 + 5000 * hardness, sample_rate_hz=sample_rate_hz)
    slam *= np.exp(-time_s / 0.035)
    dark = hiss(rng, len(time_s), 60, 900, sample_rate_hz=sample_rate_hz)
    dark *= np.exp(-time_s / tail_s) * np.minimum(time_s / 0.05, 1)
    sound = (1.1 * drop + (0.15 + 0.35 * hardness) * slam + 0.12 * dark).astype(np.float32)
    for name, size_of_it, gain in (("metal", 0.98, 0.12), ("wood", 0.95, 0.5)):
        body = strike(MATERIALS[name], size=size_of_it, hardness=0.5, rng=rng, sample_rate_hz=sample_rate_hz)
        add(sound, np.float32(gain) * body, 0)
    return finish(sound, length_s, sample_rate_hz)
