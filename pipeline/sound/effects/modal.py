"""Modal synthesis: a struck body as a sum of decaying partials, by material and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Shape = Literal["bar", "plate", "shell", "lump"]

# f_n / f_1 of a bar free at both ends (Fletcher & Rossing, The Physics of Musical Instruments, 2nd ed., 2.15)
_FREE_BAR = (1.0, 2.756, 5.404, 8.933, 13.344, 18.638, 24.812, 31.867)
# a decay of 60 dB takes 6.908 time constants
DECAY_60_DB = 6.908
# octaves from the smallest (size 0) to the largest body (size 1); size .5 is a thing of a hand's breadth or two
_SIZE_OCTAVES = 3.0


@dataclass(frozen=True)
class Material:
    """How a body of this material rings and what its surface adds."""

    shape: Shape
    # lowest partial of a body of size 0.5
    frequency_hz: float
    modes: int
    # decay rate in 1/s of a partial at f: damping + damping_per_hz * f (after Chaigne & Doutaut 1997)
    damping: float
    damping_per_hz: float
    # dB per octave above the lowest partial
    tilt_db: float
    # of the contact noise against the partials, 0..1
    noise: float
    # contact noise band and its decay time to -60 dB
    noise_low_hz: float
    noise_high_hz: float
    noise_s: float
    # usual hardness of the contact, 0 soft .. 1 hard
    hardness: float


# Decays follow published T60 ranges: metals seconds, glass about 1 s, ceramics 0.3-0.5 s, woods 0.1-0.3 s, plastics and
# rubber under 0.15 s (Fletcher & Rossing; Wildes & Richards 1988; Klatzky, Pai & Krotkov 2000); the rest was chosen by
# spectrogram.
MATERIALS: dict[str, Material] = {
    "metal": Material("plate", 620, 44, 1.8, 0.0010, -0.5, 0.10, 2500, 14000, 0.03, 0.90),
    "glass": Material("shell", 1750, 28, 6.0, 0.0016, -2.0, 0.14, 5000, 16000, 0.03, 0.90),
    "ceramic": Material("shell", 1050, 26, 14.0, 0.0048, -3.0, 0.22, 2500, 12000, 0.03, 0.80),
    "stone": Material("lump", 850, 24, 70.0, 0.0200, -3.0, 0.55, 900, 9000, 0.06, 0.85),
    "wood": Material("bar", 300, 20, 26.0, 0.0300, -3.5, 0.34, 400, 5000, 0.04, 0.55),
    "plastic": Material("plate", 430, 22, 48.0, 0.0280, -3.5, 0.30, 900, 7000, 0.03, 0.55),
    "rubber": Material("lump", 125, 10, 26.0, 0.0600, -7.0, 0.16, 150, 1400, 0.05, 0.18),
    "flesh": Material("lump", 95, 10, 38.0, 0.0700, -6.0, 0.60, 200, 3200, 0.07, 0.22),
    "earth": Material("lump", 75, 10, 34.0, 0.0900, -7.0, 0.85, 120, 2200, 0.11, 0.20),
    "cloth": Material("lump", 110, 6, 60.0, 0.1200, -9.0, 1.00, 180, 3800, 0.16, 0.10),
    # the slap of a flat blow on water; its bubbles are added by the impact
    "water": Material("lump", 190, 6, 48.0, 0.0800, -7.0, 1.00, 350, 6500, 0.14, 0.30),
}


def partials(
    material: Material, *, size: float, rng: np.random.Generator, sample_rate_hz: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies (Hz), decay rates (1/s) and amplitudes of a body's partials, each float64 [modes].

    `rng` is the one body and the place it is struck: two seeds give two neighbours of the same kind.
    """
    pitch = 2.0 ** ((0.5 - size) * _SIZE_OCTAVES) * np.exp(0.05 * rng.standard_normal())
    ratios = _ratios(material.shape, material.modes, rng)
    frequencies_hz = material.frequency_hz * pitch * ratios
    kept = frequencies_hz < 0.42 * sample_rate_hz
    frequencies_hz = frequencies_hz[kept]
    # no two bodies damp alike, nor two modes of one: clamping and air differ
    decays = (material.damping + material.damping_per_hz * frequencies_hz) * rng.uniform(
        0.75, 1.35, len(frequencies_hz)
    )
    # where a body is struck decides which modes speak: a blow near a node leaves one out
    place = np.abs(np.sin(np.pi * rng.uniform(0.12, 0.45) * np.arange(1, len(frequencies_hz) + 1)))
    tilt = 10.0 ** (material.tilt_db * np.log2(ratios[kept]) / 20.0)
    return frequencies_hz, decays, tilt * (0.25 + 0.75 * place) * rng.uniform(0.6, 1.0, len(frequencies_hz))


def ring(
    frequencies_hz: np.ndarray, decays: np.ndarray, amplitudes: np.ndarray, *, samples: int, sample_rate_hz: int
) -> np.ndarray:
    """Sum of decaying sines, float32 [samples].

    A partial's phasor at sample a * B + b is the product of its phasors at a * B and at b, so the whole sum is one
    matrix product of [A, modes] and [modes, B]: about forty times faster than a sine a mode.
    """
    width = int(np.ceil(np.sqrt(samples)))
    rates = (-decays + 2j * np.pi * frequencies_hz) / sample_rate_hz
    coarse = np.exp(np.outer(np.arange(-(-samples // width)) * width, rates)) * amplitudes
    fine = np.exp(np.outer(rates, np.arange(width)))
    return (coarse @ fine).imag.reshape(-1)[:samples].astype(np.float32)


def contact_weight(frequencies_hz: np.ndarray, *, contact_s: float) -> np.ndarray:
    """How much of each frequency a blow of a given contact time excites, 1 at 0 Hz.

    The envelope of a raised cosine's spectrum: flat up to about 0.8 / contact_s, then falling with the cube. Its zeros
    are left out, because no real blow is so even.
    """
    return 1.0 / (1.0 + (frequencies_hz * contact_s / 0.8) ** 3)


def _ratios(shape: Shape, count: int, rng: np.random.Generator) -> np.ndarray:
    # mode frequencies over the lowest one, ascending, [count]
    if shape == "bar":
        # a real block also bends sideways and twists: further bars beside the first
        sides = np.concatenate([np.asarray(_FREE_BAR) * side for side in (1.0, *rng.uniform(1.3, 2.6, 3))])
        ratios = np.sort(sides)
    elif shape == "plate":
        # simply supported rectangular plate: f ~ m^2 + (r n)^2
        side = rng.uniform(1.15, 1.75)
        order = np.arange(1, 12)
        ratios = np.sort((order[:, None] ** 2 + (side * order[None, :]) ** 2).reshape(-1))
        ratios = ratios / ratios[0]
    elif shape == "shell":
        # rim modes of a cup: f ~ n^2 with n = 2, 3, 4 ... in slightly split pairs (Rossing 1994)
        rim = np.arange(2, 2 + count) ** 1.9 / 2**1.9
        ratios = np.sort(np.concatenate([rim, rim * (1 + rng.uniform(0.004, 0.02, count))]))
    else:
        # a compact lump: modes crowd with the cube of frequency
        ratios = (1.0 + np.arange(count) * rng.uniform(0.55, 0.8)) ** 0.85 * np.exp(0.06 * rng.standard_normal(count))
        ratios = np.sort(ratios)
    return ratios[:count] / ratios[0]
