"""Scrapes: one body drawn over another, as long as the cue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Setup, curve
from pipeline.sound.effects.continuous import Layer, Pulses, Ringing, body_response, impulses, random_instants, recipe
from pipeline.sound.effects.modal import MATERIALS
from pipeline.sound.noise import Filter, band


@dataclass(frozen=True)
class Friction:
    """How a surface answers to something drawn over it."""

    # band of the rubbing noise at usual speed
    low_hz: float
    high_hz: float
    # asperities met in a second, and their level against the noise
    grains_hz: float
    grain: float
    # level of the body's own partials against the bare noise
    body: float
    # rate of sticking and slipping, and its level; 0 where nothing sticks
    slip_hz: float
    slip: float


# after FoleyAutomatic (van den Doel, Kry & Pai 2001): noise of the surface, its band moving with the speed, through
# the body's modes; stick-slip after Serafin (2004); figures by spectrogram
SCRAPES: dict[str, Friction] = {
    "wood": Friction(300, 4500, 300, 0.5, 0.7, 85, 0.30),
    "metal": Friction(1500, 12000, 420, 0.6, 1.1, 190, 0.25),
    "stone": Friction(600, 6500, 1100, 0.9, 0.35, 0, 0.0),
    "glass": Friction(3000, 13000, 200, 0.3, 0.8, 640, 0.5),
    "ceramic": Friction(1800, 10000, 520, 0.8, 0.7, 270, 0.2),
    "plastic": Friction(700, 6500, 220, 0.5, 0.5, 120, 0.3),
    "earth": Friction(220, 3200, 1300, 0.8, 0.15, 0, 0.0),
    "cloth": Friction(500, 6000, 400, 0.2, 0.1, 0, 0.0),
}
# a sliding contact holds the body
_DAMPING = 4.0
# usual depth of the hand's unevenness, and of the surface's
_HAND, _ROUGH = 0.7, 0.5


def scraping(setup: Setup) -> Layer:
    kind = setup.name.partition("/")[2]
    surface, rate_hz = SCRAPES[kind], setup.sample_rate_hz
    speed, size, hardness = (setup.parameter(name, 0.5) for name in ("speed", "size", "hardness"))
    pitch = 2.0 ** (0.8 * (0.5 - size))
    bands = [
        Filter(band(pitch * low * surface.low_hz, pitch * high * surface.high_hz, sample_rate_hz=rate_hz, order=1))
        for low, high in ((0.6, 0.4 + 0.3 * hardness), (1.0, 0.8 + 0.4 * hardness))
    ]
    body = Ringing(
        body_response(
            MATERIALS[kind],
            size=size,
            contact_s=0.0001 + 0.0008 * (1 - hardness) ** 2,
            damping=_DAMPING,
            rng=setup.rng("body"),
            sample_rate_hz=rate_hz,
        )
    )
    slips = Pulses()

    def layer(chunk: Chunk, drive: np.ndarray) -> np.ndarray:
        hand = 1 - _HAND + _HAND * (curve(setup, chunk, 0.21, "hand") + curve(setup, chunk, 0.06, "wrist"))
        pace = (0.25 + 1.5 * speed) * hand * (0.25 + 0.75 * drive)
        rng = setup.rng("grains", chunk.index)
        touch = _rubbing(surface, rng, pace, rate_hz)
        if surface.slip:
            touch += _slipping(setup, chunk, slips, surface, pace)
        touch *= 1 - _ROUGH + 2 * _ROUGH * curve(setup, chunk, 0.011 / (0.4 + speed), "rough")
        # the faster, the brighter
        bright = np.clip(pace, 0, 1)
        bare = bands[0](touch) * (1 - bright) + bands[1](touch) * bright
        return (bare + surface.body * body(touch)) * pace**0.8

    return layer


def _rubbing(surface: Friction, rng: np.random.Generator, pace: np.ndarray, rate_hz: int) -> np.ndarray:
    # noise of countless small touches, and single larger ones
    at = random_instants(rng, surface.grains_hz * pace, rate_hz)
    heights = np.minimum(np.exp(0.6 * rng.standard_normal(len(at))), 3.0) * rng.choice([-1.0, 1.0], len(at))
    grains = impulses(at, heights, CHUNK_SAMPLES)
    # a grain a second is as strong as noise of the same power
    strength = surface.grain * np.sqrt(rate_hz / max(surface.grains_hz, 1.0))
    return 0.5 * rng.standard_normal(CHUNK_SAMPLES) + 0.4 * strength * grains


def _slipping(setup: Setup, chunk: Chunk, slips: Pulses, surface: Friction, pace: np.ndarray) -> np.ndarray:
    # slips come faster with the speed, never evenly, and hold off now and then
    waver = np.exp(0.9 * (curve(setup, chunk, 0.05, "slip") - 0.5))
    rate = surface.slip_hz * np.maximum(pace, 0.05) ** 0.6 * waver
    at, numbers = slips(rate, setup.sample_rate_hz)
    rng = setup.rng("slips", chunk.index)
    heights = rng.uniform(0.5, 1.2, len(numbers))
    hold = np.clip(2.2 * curve(setup, chunk, 0.17, "stick") - 0.5, 0, 1)
    strength = surface.slip * np.sqrt(setup.sample_rate_hz / surface.slip_hz)
    return strength * hold * impulses(at, heights, CHUNK_SAMPLES)


scrape = recipe("scrape", scraping)
