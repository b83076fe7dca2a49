"""Footsteps by surface and shoe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.effects.impacts import strike
from pipeline.sound.effects.modal import MATERIALS
from pipeline.sound.effects.shaping import add, clock, finish, trim
from pipeline.sound.effects.water import splash
from pipeline.sound.noise import band, filtered, stream


@dataclass(frozen=True)
class Surface:
    """What a foot meets: a struck body, a noise of the sole, and grains that shift."""

    material: str
    size: float
    hardness: float
    # levels of the strike, the sole's noise and the grains, 0..1
    strike: float
    sole: float
    grit: float
    # band of sole and grit
    low_hz: float
    high_hz: float
    # grains in one step, and how long they go on shifting
    grains: int
    grit_s: float
    # of the water on it, 0..1
    wet: float = 0.0


# chosen by spectrogram from what steps on each surface share: a thud, a band, a density of grains
SURFACES: dict[str, Surface] = {
    "concrete": Surface("stone", 0.62, 0.62, 1.0, 0.22, 0.10, 1200, 8000, 14, 0.09),
    "tile": Surface("ceramic", 0.80, 0.75, 0.9, 0.12, 0.03, 1800, 9000, 5, 0.05),
    "wood": Surface("wood", 0.85, 0.55, 1.0, 0.12, 0.03, 500, 5000, 6, 0.06),
    "metal": Surface("metal", 0.92, 0.80, 0.8, 0.25, 0.14, 900, 8000, 10, 0.08),
    "grate": Surface("metal", 0.62, 0.80, 0.8, 0.10, 0.18, 2200, 11000, 12, 0.10),
    "gravel": Surface("stone", 0.40, 0.60, 0.25, 0.25, 1.0, 900, 8500, 70, 0.22),
    "sand": Surface("earth", 0.40, 0.15, 0.6, 0.9, 0.35, 280, 3200, 120, 0.22),
    "dirt": Surface("earth", 0.45, 0.25, 1.0, 0.40, 0.25, 300, 4200, 30, 0.12),
    "mud": Surface("earth", 0.50, 0.12, 0.8, 0.70, 0.30, 200, 2600, 40, 0.20, 0.35),
    "grass": Surface("earth", 0.40, 0.15, 0.5, 0.7, 0.40, 700, 7000, 45, 0.17),
    "leaves": Surface("earth", 0.35, 0.15, 0.3, 0.35, 1.0, 1800, 11000, 60, 0.24),
    "snow": Surface("cloth", 0.60, 0.15, 0.7, 0.5, 1.0, 200, 2200, 150, 0.24),
    "ice": Surface("glass", 0.95, 0.55, 0.5, 0.25, 0.35, 1600, 9000, 20, 0.12),
    "carpet": Surface("cloth", 0.45, 0.15, 1.0, 0.4, 0.0, 200, 2200, 0, 0.05),
    "puddle": Surface("earth", 0.40, 0.25, 0.3, 0.8, 0.4, 900, 9000, 40, 0.25, 0.8),
}


@dataclass(frozen=True)
class Shoe:
    """What a foot wears."""

    # added to the hardness of the contact
    hardness: float
    # level of the sole's own click, and of the foot's skin
    click: float
    slap: float
    # heel to toe, and the toe's weight
    toe_s: float
    toe: float


# the parameter `shoe` stands for these, and between them for a mixture
_SHOES = (
    (0.0, Shoe(-0.35, 0.0, 0.5, 0.045, 0.30)),
    (0.3, Shoe(-0.08, 0.0, 0.1, 0.085, 0.45)),
    (0.6, Shoe(0.10, 0.25, 0.0, 0.095, 0.50)),
    (1.0, Shoe(0.25, 0.70, 0.0, 0.115, 0.55)),
)


def footstep(
    surface: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    shoe: float = 0.4,
    wet: float = 0.0,
    length_s: float | None = None,
) -> np.ndarray:
    """One step on a surface of `SURFACES`: heel, roll and toe.

    Parameters
    ----------
    size : float
        The walker's weight.
    hardness : float
        How hard the foot comes down.
    shoe : float
        0 bare foot, 0.3 soft sole, 0.6 hard sole, 1 heel.
    wet : float
        Of the ground: 0 dry .. 1 standing water.
    """
    ground, worn = SURFACES[surface], shoe_at(shoe)
    rng = stream("footstep", surface, seed)
    step = np.zeros(int(0.8 * sample_rate_hz), np.float32)
    toe_s = worn.toe_s * rng.uniform(0.8, 1.2) * (0.7 + 0.6 * size)
    for start_s, weight in ((0.0, 1.0), (toe_s, worn.toe * rng.uniform(0.7, 1.25))):
        contact = _contact(
            ground, worn, size=size, hardness=hardness, weight=weight, rng=rng, sample_rate_hz=sample_rate_hz
        )
        add(step, contact * np.float32(weight), int(start_s * sample_rate_hz))
    wetness = max(wet, ground.wet)
    if wetness > 0:
        water = splash("step", seed=seed, sample_rate_hz=sample_rate_hz, size=0.08 + 0.12 * wetness, wet=wetness)
        add(step, np.float32(0.7 * wetness) * water, 0)
    return finish(step, length_s, sample_rate_hz)


def shoe_at(shoe: float) -> Shoe:
    """The shoe that a parameter stands for."""
    places = [place for place, _ in _SHOES]
    fields = ("hardness", "click", "slap", "toe_s", "toe")
    return Shoe(*(float(np.interp(shoe, places, [getattr(worn, name) for _, worn in _SHOES])) for name in fields))


def _contact(
    ground: Surface,
    worn: Shoe,
    *,
    size: float,
    hardness: float,
    weight: float,
    rng: np.random.Generator,
    sample_rate_hz: int,
) -> np.ndarray:
    # heel or toe: the floor's thud, the sole's noise, shifting grains, the shoe's own click
    time_s = clock(0.35 + 2 * ground.grit_s, sample_rate_hz)
    count = len(time_s)
    hard = np.clip(ground.hardness + worn.hardness + 0.5 * (hardness - 0.5) - 0.15 * (1 - weight), 0, 1)
    floor_size = np.clip(ground.size + 0.3 * (size - 0.5), 0, 1)
    body = MATERIALS[ground.material]
    thud = strike(body, size=floor_size, hardness=hard, rng=rng, sample_rate_hz=sample_rate_hz)[:count]
    # a standing foot damps what it stands on
    contact = np.zeros(count, np.float32)
    contact[: len(thud)] = ground.strike * thud * np.exp(-time_s[: len(thud)] / 0.06)
    sections = band(ground.low_hz, ground.high_hz, sample_rate_hz=sample_rate_hz)
    sole = filtered(rng.standard_normal(count, dtype=np.float32), sections)
    sole *= np.exp(-time_s / (0.25 * ground.grit_s + 0.01)) * np.minimum(time_s / 0.002, 1)
    contact += np.float32(0.8 * ground.sole) * sole
    if ground.grains:
        grains = _grit(ground.grains, ground.grit_s, count=count, rng=rng, sample_rate_hz=sample_rate_hz)
        contact += np.float32(1.2 * ground.grit) * filtered(grains, sections)
    _add_shoe(contact, ground, worn, weight=weight, rng=rng, sample_rate_hz=sample_rate_hz)
    return trim(contact, None, sample_rate_hz)


def _add_shoe(
    contact: np.ndarray, ground: Surface, worn: Shoe, *, weight: float, rng: np.random.Generator, sample_rate_hz: int
) -> None:
    # skin slaps; leather and heels click, the more the harder the ground is
    for name, size, hardness, gain in (
        ("flesh", 0.3, 0.45, worn.slap * (0.3 + ground.hardness)),
        ("wood", 0.22, 0.85, worn.click * ground.hardness * weight),
    ):
        if gain > 0:
            part = strike(MATERIALS[name], size=size, hardness=hardness, rng=rng, sample_rate_hz=sample_rate_hz)
            add(contact, np.float32(gain) * part, 0)


def _grit(grains: int, spread_s: float, *, count: int, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # noise that flares up at random instants, dense at first: small hard things giving way
    from scipy.signal import lfilter

    flares = np.zeros(count)
    instants_s = np.minimum(rng.gamma(1.6, 0.22 * spread_s, grains), spread_s * rng.uniform(0.5, 1.2, grains))
    instants_s[0] = 0.0
    force = 0.5 * np.exp(0.6 * rng.standard_normal(grains) - 1.2 * instants_s / spread_s)
    # the first gives way under the whole weight
    force[0] = max(force[0], 0.8)
    np.add.at(flares, np.minimum(instants_s * sample_rate_hz, count - 1).astype(int), force)
    fall = np.exp(-1.0 / (rng.uniform(0.0012, 0.0025) * sample_rate_hz))
    return rng.standard_normal(count, dtype=np.float32) * lfilter([1.0], [1.0, -fall], flares).astype(np.float32)
