"""Beds of land: fire, leaves, forest, open air.

Each function takes a `Setup` and returns the layer that makes the bed; parameters are 0..1.
"""

from __future__ import annotations

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Layer, Scatter, Setup, curve, hiss, patter
from pipeline.sound.beds.creatures import singers


def fire(setup: Setup) -> Layer:
    """Flames that lap, embers that hiss and tick, wood that cracks in clusters."""
    intensity = setup.parameter("intensity", 0.5)
    lap, ember = hiss(setup, "lap", 35, 260), hiss(setup, "ember", 900, 7000, order=1)
    ticks = patter(setup, "ticks", ((1500, 3500), (4000, 9000)), per_s=60 + 160 * intensity)
    cracks = Scatter()

    def layer(chunk: Chunk) -> np.ndarray:
        rng = setup.rng("cracks", chunk.index)
        liveliness = float(curve(setup, chunk, 1.6, "lively")[0])
        for _ in range(
            rng.poisson((3 + 22 * liveliness**2) * (0.5 + intensity) * CHUNK_SAMPLES / setup.sample_rate_hz)
        ):
            start, pan = int(rng.integers(CHUNK_SAMPLES)), rng.normal(0, 0.3)
            cracks.add(_crack(rng, setup.sample_rate_hz), start, pan=pan, gain=min(0.35 * rng.pareto(1.8) + 0.1, 1.6))
        flicker = 0.35 + curve(setup, chunk, 0.13, "flicker") * (0.5 + curve(setup, chunk, 0.9, "breath"))
        glow = 0.045 * ember(chunk) * (0.4 + flicker) + 0.05 * ticks(chunk) * (0.3 + liveliness)
        return 0.3 * lap(chunk) * flicker + glow + 1.1 * cracks.take()

    return layer


def leaves(setup: Setup) -> Layer:
    """Foliage in the wind: thousands of leaves that touch, in gusts that cross; `intensity` is the wind."""
    intensity = setup.parameter("intensity", 0.5)
    rustle = _rustle(setup)
    far = hiss(setup, "far", 250, 1500, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        gust = 0.65 * curve(setup, chunk, 3.2, "gust") + 0.35 * curve(setup, chunk, 0.9, "puff")
        strength = 0.18 + (0.5 + intensity) * gust**1.7
        return rustle(chunk) * strength + 0.16 * far(chunk) * (0.4 + 0.6 * gust)

    return layer


def forest(setup: Setup) -> Layer:
    """Wind high in the trees, leaves that stir, and birds near and far (`birds` 0 takes them away)."""
    far, rustle = hiss(setup, "far", 200, 1400, order=1), _rustle(setup)
    song = singers(setup, count=7)
    share = setup.parameter("birds", 0.7)

    def layer(chunk: Chunk) -> np.ndarray:
        stir = 0.15 + 0.9 * curve(setup, chunk, 3.2, "rustle") ** 2 + 0.15 * curve(setup, chunk, 0.25, "leaf")
        return 0.30 * rustle(chunk) * stir + 0.22 * far(chunk) * (0.6 + 0.4 * stir) + 4.0 * share * song(chunk)

    return layer


def air(setup: Setup) -> Layer:
    """The open air on a quiet day: what is left when nothing happens."""
    low, high = hiss(setup, "low", 70, 600, order=1), hiss(setup, "high", 900, 6000, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        breath = 0.6 + 0.8 * curve(setup, chunk, 3.5, "breath")
        return low(chunk) * breath + 0.14 * high(chunk) * (0.6 + 0.8 * curve(setup, chunk, 5.0, "high"))

    return layer


def _rustle(setup: Setup) -> Layer:
    # leaves that touch: a dense patter, thinned and thickened fast as twigs sway, over a soft hiss; RMS about 1
    touch = patter(setup, "touch", ((1200, 2400), (2800, 5000), (5500, 11000)), per_s=1400)
    soft = hiss(setup, "soft", 1600, 9000, order=1)

    def layer(chunk: Chunk) -> np.ndarray:
        twigs = [0.4 + 1.2 * curve(setup, chunk, 0.11, "twig", side) ** 2 for side in (0, 1)]
        return 0.75 * touch(chunk) * np.stack(twigs) + 0.5 * soft(chunk)

    return layer


def _crack(rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # wood fibres giving way: a tick of noise with a little body
    fall_s = rng.uniform(0.0006, 0.004)
    time_s = np.arange(int(7 * fall_s * sample_rate_hz)) / sample_rate_hz
    noise = rng.standard_normal(len(time_s)) + 1.5 * np.sin(2 * np.pi * rng.uniform(700, 2600) * time_s)
    return (noise * np.exp(-time_s / fall_s)).astype(np.float32)
