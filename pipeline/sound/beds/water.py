"""Beds of water: sea, stream, waterfall, under water.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, along, curve, hiss, patter, visits
from pipeline.sound.effects.water import bubble
from pipeline.sound.noise import uniform_at

# the usual period of swell on an open coast is 6-12 s
_WAVE_S = 8.5


def sea(setup: Setup) -> Layer:
    """Waves that swell, break and draw back, two trains from two sides over a far roar."""
    intensity = setup.parameter("intensity", 0.5)
    roar, far = hiss(setup, "roar", 45, 420), hiss(setup, "far", 200, 1800, order=1)
    surf, foam = hiss(setup, "surf", 350, 5200, order=1), hiss(setup, "foam", 2200, 11000)
    fizz = patter(setup, "fizz", ((2000, 4000), (5000, 9000)), per_s=1500)

    def layer(chunk: Chunk) -> np.ndarray:
        swell, crash, wash = (along(chunk, partial(_waves, setup, chunk, part=part)) for part in range(3))
        # a weaker train arrives between the first one's waves, nearer the other side
        crash_2 = along(chunk, partial(_waves, setup, chunk, part=1, ahead_s=0.45 * _WAVE_S))
        sides = np.stack([crash + 0.2 * crash_2, 0.7 * crash + 0.5 * crash_2])
        body = roar(chunk) * (0.3 + 1.1 * swell) + 0.2 * far(chunk)
        return body + (0.6 + 0.8 * intensity) * surf(chunk) * sides + (0.35 * foam(chunk) + 0.25 * fizz(chunk)) * wash

    return layer


def stream_water(setup: Setup) -> Layer:
    """A brook: hundreds of small bubbles over moving water."""
    intensity = setup.parameter("intensity", 0.5)
    rush, low = hiss(setup, "rush", 500, 4200, order=1), hiss(setup, "low", 120, 500)
    bubbles = Scatter()
    per_chunk = (40 + 120 * intensity) * CHUNK_SAMPLES / setup.sample_rate_hz

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("bubbles", chunk.index)
        for _ in range(rng.poisson(per_chunk)):
            grain = bubble(rng, size=rng.uniform(0.1, 0.6), sample_rate_hz=setup.sample_rate_hz)
            bubbles.add(
                grain, int(rng.integers(CHUNK_SAMPLES)), pan=rng.normal(0, 0.5), gain=min(rng.exponential(1.0), 2.5)
            )
        flow = 0.7 + 0.6 * curve(setup, chunk, 0.35, "flow")
        return (0.04 + 0.12 * intensity) * (rush(chunk) * flow + 0.5 * low(chunk)) + 1.3 * bubbles.take()

    return layer


def waterfall(setup: Setup) -> Layer:
    """Water that falls: a roar in the chest, a broad rush, slaps of thick strands; `intensity` is its height."""
    intensity = setup.parameter("intensity", 0.5)
    roar, rush = hiss(setup, "roar", 35, 260, order=1), hiss(setup, "rush", 250, 2600, order=1)
    spray = hiss(setup, "spray", 2000, 12000, order=1)
    strands = patter(setup, "strands", ((250, 600), (700, 1600), (1900, 4500)), per_s=500 + 1500 * intensity)

    def layer(chunk: Chunk) -> np.ndarray:
        # strands sway, and never all at once
        sway = [0.75 + 0.5 * curve(setup, chunk, period, f"sway{period}") for period in (0.23, 0.6, 1.7)]
        deep = (0.25 + 0.9 * intensity) * roar(chunk) * sway[2]
        return deep + 0.7 * rush(chunk) * sway[1] + 0.45 * spray(chunk) * sway[2] + 0.5 * strands(chunk) * sway[0]

    return layer


def underwater(setup: Setup) -> Layer:
    """Pressure, a slow surge, and bubbles that pass."""
    deep, body = hiss(setup, "deep", 28, 140), hiss(setup, "body", 120, 520)
    bubbles = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("bubbles", chunk.index)
        cluster = float(curve(setup, chunk, 2.0, "cluster")[0])
        for _ in range(rng.poisson(26 * cluster**2 * CHUNK_SAMPLES / setup.sample_rate_hz)):
            grain = bubble(rng, size=1.0, sample_rate_hz=setup.sample_rate_hz)
            bubbles.add(grain, int(rng.integers(CHUNK_SAMPLES)), pan=rng.normal(0, 0.35))
        surge = 0.5 + curve(setup, chunk, 3.0, "surge")
        return (deep(chunk) + 0.35 * body(chunk)) * surge + 0.5 * bubbles.take()

    return layer


def _waves(setup: Setup, chunk: Chunk, time_s: np.ndarray, *, part: int, ahead_s: float = 0.0) -> np.ndarray:
    # envelope of one part of all waves near: 0 the swell before, 1 the break, 2 the water drawing back
    numbers = visits(chunk, _WAVE_S)
    jitter = uniform_at(numbers, setup.seed, "when")
    height = 0.35 + 0.95 * uniform_at(numbers, setup.seed, "height")
    since_s = (time_s + ahead_s)[:, None] - (numbers + 0.5 * jitter)[None, :] * _WAVE_S
    if part == 0:
        shape = np.exp(-(((since_s + 0.6) / 1.7) ** 2))
    elif part == 1:
        # breaks along the beach, then runs up it: a fast fall and a slow one
        shape = np.where(
            since_s < 0, np.exp(since_s / 0.45), 0.7 * np.exp(-since_s / 0.9) + 0.3 * np.exp(-since_s / 2.4)
        )
    else:
        late_s = np.clip(since_s - 0.4, 0, None)
        shape = (late_s / 1.2) * np.exp(1 - late_s / 1.2)
    return (shape * height[None, :]).sum(axis=1)
