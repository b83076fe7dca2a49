"""Water: a splash, a slap, and the bubbles in them."""

from __future__ import annotations

import numpy as np

from pipeline.sound.effects.shaping import add, clock, finish, hiss
from pipeline.sound.noise import slow_curve, stream


def splash(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    wet: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """Something meets water: slap, spray, the cavity's gulp, then bubbles and falling drops.

    Parameters
    ----------
    size : float
        0 a pebble .. 1 a body: longer, lower, more bubbles; from a third up the cavity closes with a gulp.
    hardness : float
        Of the entry: 0 slides in .. 1 flat slap.
    wet : float
        0 shallow (spray only) .. 1 deep (many bubbles).
    """
    rng = stream("splash", kind, seed)
    time_s = clock(0.5 + 1.6 * size, sample_rate_hz)
    count = len(time_s)
    slap = hiss(rng, count, 400 - 250 * size, 2200 + 5000 * hardness, sample_rate_hz=sample_rate_hz)
    water = (0.4 + hardness) * slap * np.exp(-time_s / (0.01 + 0.03 * size))
    rise = np.minimum(time_s / (0.02 + 0.03 * size), 1.0) * np.exp(-time_s / (0.07 + 0.3 * size))
    spray = hiss(rng, count, 2400 - 1200 * size, 11000, sample_rate_hz=sample_rate_hz)
    water += 0.45 * spray * rise * (0.25 + slow_curve(time_s, 0.012, seed, "spray"))
    water = water.astype(np.float32)
    if size > 0.33:
        # the cavity closes in pieces: a few large bubbles, one upon another
        for delay_s in rng.uniform(0.03, 0.08 + 0.2 * size, 4):
            gulp = bubble(rng, size=0.8 + 3.0 * size, sample_rate_hz=sample_rate_hz)
            add(water, np.float32(1.3 * (size - 0.33)) * gulp, int(delay_s * sample_rate_hz))
    add_bubbles(water, rng, int((6 + 90 * wet) * (0.4 + size)), size=size, sample_rate_hz=sample_rate_hz)
    _add_drops(water, rng, int(4 + 30 * size), sample_rate_hz)
    return finish(water, length_s, sample_rate_hz)


def add_bubbles(
    sound: np.ndarray, rng: np.random.Generator, count: int, *, size: float, sample_rate_hz: int, start_s: float = 0.02
) -> None:
    """Lay bubbles into a sound, dense at first, and thinner as the water calms."""
    for delay_s in rng.exponential(0.08 + 0.28 * size, count):
        at = int((start_s + delay_s) * sample_rate_hz)
        # what rises late was small
        add(sound, bubble(rng, size=size / (1 + 1.5 * delay_s), sample_rate_hz=sample_rate_hz), at)


def bubble(rng: np.random.Generator, *, size: float, sample_rate_hz: int) -> np.ndarray:
    """One bubble, peak about 0.1-0.3: Minnaert's tone (3.26 / radius Hz), damped, rising as it nears the surface."""
    radius_m = 0.0012 * np.exp(0.5 * rng.standard_normal()) * (0.6 + 1.6 * size)
    frequency_hz = float(np.clip(3.26 / radius_m, 130, 7000))
    # van den Doel 2005, eq. 4: d = 0.13 / r + 0.0072 r^-1.5
    decay = 0.13 / radius_m + 0.0072 * radius_m**-1.5
    time_s = np.arange(int(min(5.0 / decay, 0.3) * sample_rate_hz)) / sample_rate_hz
    phase = 2 * np.pi * frequency_hz * time_s * (1 + rng.uniform(0, 0.1) * decay * time_s)
    onset = np.minimum(time_s / 0.001, 1.0)
    return (rng.uniform(0.1, 0.3) * onset * np.sin(phase) * np.exp(-decay * time_s)).astype(np.float32)


def _add_drops(sound: np.ndarray, rng: np.random.Generator, count: int, sample_rate_hz: int) -> None:
    # what was thrown up comes down: short clicks, most of them in the second half
    noise = hiss(rng, sample_rate_hz // 4, 2500, 9000, sample_rate_hz=sample_rate_hz)
    length = int(0.012 * sample_rate_hz)
    for place in rng.beta(2.2, 2.5, count):
        from_here = rng.integers(len(noise) - length)
        drop = noise[from_here : from_here + length]
        fall = np.exp(-np.arange(len(drop)) / (rng.uniform(0.0008, 0.003) * sample_rate_hz)).astype(np.float32)
        gain = np.float32(0.06 * np.exp(0.7 * rng.standard_normal()))
        add(sound, gain * drop * fall, int(place * len(sound)))
