"""Breakage: a crack, and the pieces of it that fall, bounce and settle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.effects.impacts import strike
from pipeline.sound.effects.modal import MATERIALS, ring
from pipeline.sound.effects.shaping import add, clock, finish, hiss
from pipeline.sound.noise import stream


@dataclass(frozen=True)
class Fracture:
    """How a thing of some material comes apart."""

    # its first crack: band, fall, and how many cracks follow one another (wood splinters)
    crack_low_hz: float
    crack_high_hz: float
    crack_s: float
    cracks: int
    # pieces of a middle-sized thing, the lowest partial of a middle-sized piece, and its decay to -60 dB
    pieces: int
    piece_hz: float
    ring_s: float
    # levels of a piece's partials and of its noise, and its bounce (share of speed kept)
    tone: float
    noise: float
    bounce: float
    # typical time to the floor
    fall_s: float


# a burst of noise, then overlapping pulse trains of pieces that bounce, each with its own pitch (Warren & Verbrugge
# 1984); sizes of pieces by a power law (Turcotte 1986)
SHATTERS: dict[str, Fracture] = {
    "glass": Fracture(2500, 15000, 0.05, 2, 90, 3800, 0.22, 1.0, 0.15, 0.55, 0.35),
    "ceramic": Fracture(900, 7500, 0.05, 2, 55, 1900, 0.11, 0.9, 0.35, 0.50, 0.30),
    "wood": Fracture(250, 3600, 0.05, 9, 30, 620, 0.06, 0.7, 0.5, 0.35, 0.35),
    "stone": Fracture(140, 2200, 0.10, 3, 60, 700, 0.03, 0.5, 0.9, 0.30, 0.35),
}
_POWER = 1.6
# ratios of a flat piece's partials (free plate, Leissa 1969)
_RATIOS = np.array([1.0, 1.47, 1.79, 2.6, 3.94])


def shatter(
    material: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.6,
    length_s: float | None = None,
) -> np.ndarray:
    """Something breaks.

    Parameters
    ----------
    size : float
        0 a small glass .. 1 a shop window: more, larger pieces, that fall for longer (0.3 to 1.5 s).
    hardness : float
        Of the floor, and so how bright the pieces are and how often they bounce.
    """
    fracture = SHATTERS[material]
    rng = stream("shatter", material, seed)
    falling_s = 0.25 + 1.3 * size
    sound = np.zeros(len(clock(0.6 + 1.7 * falling_s, sample_rate_hz)), np.float32)
    _add_cracks(sound, fracture, size, rng, sample_rate_hz)
    body = strike(MATERIALS[material], size=0.35 + 0.6 * size, hardness=0.8, rng=rng, sample_rate_hz=sample_rate_hz)
    # a broken thing no longer rings
    add(sound, np.float32(0.5) * body * np.exp(-np.arange(len(body)) / (0.05 * sample_rate_hz)).astype(np.float32), 0)
    count = int(fracture.pieces * (0.3 + 1.4 * size) * rng.uniform(0.85, 1.2))
    scales = np.minimum((1 - rng.uniform(size=count)) ** (-1 / _POWER), 8.0)
    starts_s = falling_s * (0.05 + rng.beta(1.2, 3.2, count))
    grit = hiss(rng, sample_rate_hz, fracture.piece_hz, 4 * fracture.piece_hz, sample_rate_hz=sample_rate_hz)
    for scale, start_s in zip(scales, starts_s, strict=True):
        _add_piece(sound, fracture, float(scale), float(start_s), hardness, grit, rng, sample_rate_hz)
    heard = np.flatnonzero(sound)
    return finish(sound[: heard[-1] + 1], length_s, sample_rate_hz)


def _add_cracks(
    sound: np.ndarray, fracture: Fracture, size: float, rng: np.random.Generator, sample_rate_hz: int
) -> None:
    starts_s = np.concatenate([[0.0], np.sort(rng.exponential(0.05 + 0.1 * size, fracture.cracks - 1))])
    for place, start_s in enumerate(starts_s):
        fall_s = fracture.crack_s * (0.5 + size) * rng.uniform(0.4, 1.2) / (1 + 0.3 * place)
        noise = hiss(
            rng,
            max(int(5 * fall_s * sample_rate_hz), 64),
            fracture.crack_low_hz * 2 ** (0.5 - size),
            fracture.crack_high_hz,
            sample_rate_hz=sample_rate_hz,
        )
        fall = np.exp(-np.arange(len(noise)) / (fall_s * sample_rate_hz)).astype(np.float32)
        add(
            sound, np.float32(0.35 * rng.uniform(0.5, 1.0) ** (place > 0)) * noise * fall, int(start_s * sample_rate_hz)
        )


def _add_piece(
    sound: np.ndarray,
    fracture: Fracture,
    scale: float,
    start_s: float,
    hardness: float,
    grit: np.ndarray,
    rng: np.random.Generator,
    sample_rate_hz: int,
) -> None:
    # a piece lands, and bounces ever lower and sooner; larger ones are lower and louder
    lowest_hz = fracture.piece_hz * scale**-0.7 * np.exp(0.3 * rng.standard_normal())
    frequencies_hz = lowest_hz * _RATIOS * rng.uniform(0.94, 1.06, len(_RATIOS))
    frequencies_hz = frequencies_hz[frequencies_hz < 0.42 * sample_rate_hz]
    gains = rng.uniform(0.3, 1.0, len(frequencies_hz)) * (0.35 + 0.5 * hardness) ** np.arange(len(frequencies_hz))
    decays = 6.9 / fracture.ring_s * rng.uniform(0.7, 1.6) * (frequencies_hz / fracture.piece_hz) ** 0.5
    if not len(frequencies_hz):
        return
    count = int(min(6.9 / decays.min(), 0.3) * sample_rate_hz)
    piece = fracture.tone * ring(frequencies_hz, decays, gains, samples=count, sample_rate_hz=sample_rate_hz)
    from_here = rng.integers(len(grit) - count)
    tick = grit[from_here : from_here + count]
    piece = piece + np.float32(fracture.noise) * tick * np.exp(-np.arange(count) / (0.004 * sample_rate_hz))
    gap_s, gain = rng.uniform(0.03, 0.11), 0.06 * scale**0.6
    keep = fracture.bounce * (0.6 + 0.6 * hardness) * rng.uniform(0.7, 1.1)
    for _ in range(5):
        add(sound, (gain * piece).astype(np.float32), int(start_s * sample_rate_hz))
        start_s, gap_s, gain = start_s + gap_s, gap_s * keep, gain * keep
        if gain < 0.01:
            break
