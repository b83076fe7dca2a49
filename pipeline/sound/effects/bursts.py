"""Bursts: a shot, a firework, an explosion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.effects.shaping import add, clock, finish, hiss
from pipeline.sound.noise import band, filtered, slow_curve, stream


@dataclass(frozen=True)
class Blast:
    """How an explosive charge is heard outdoors."""

    size: float
    # length of the blast's positive phase at its usual size
    phase_s: float
    # levels: the blast, the crack before it, the roar, the echo, the thump in the ground, debris or crackle
    blast: float
    crack: float
    roar: float
    echo: float
    thump: float
    debris: float


# positive phases: small arms 0.3-3 ms, hand-held charges 3-8 ms, kilograms of explosive 10-30 ms at tens of metres
# (Kinney & Graham 1985; Beck, Nakasone & Marr 2011 for gunshots); levels by spectrogram
BURSTS: dict[str, Blast] = {
    "gun": Blast(0.25, 0.0022, 1.0, 0.8, 0.30, 0.16, 0.15, 0.0),
    "firework": Blast(0.5, 0.0045, 1.0, 0.25, 0.35, 0.18, 0.35, 0.85),
    "blast": Blast(0.9, 0.0110, 1.6, 0.3, 0.75, 0.25, 0.8, 0.5),
}
_SOUND_M_S = 343.0


def burst(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float | None = None,
    hardness: float = 0.6,
    length_s: float | None = None,
) -> np.ndarray:
    """A shot, firework or explosion.

    A Friedlander pulse with its reflection from the ground, the roar of hot gas behind it, echoes of the land and what
    falls down again. A gun's bullet adds an N-shaped wave of its own.

    Parameters
    ----------
    size : float, optional
        Of the charge; that of its kind when left out.
    hardness : float
        0 far and dull .. 1 near and sharp.
    """
    charge = BURSTS[kind]
    size = charge.size if size is None else size
    rng = stream("burst", kind, seed)
    time_s = clock(0.6 + 3.0 * size, sample_rate_hz)
    scale = 2.0 ** (2.0 * (size - charge.size)) * rng.uniform(0.85, 1.2)
    sound = charge.blast * _pressure(time_s, charge, scale, rng, sample_rate_hz)
    sound += (0.4 + hardness) * charge.crack * _crack(time_s, scale, rng, sample_rate_hz)
    sound += charge.roar * _roar(time_s, size, hardness, rng, sample_rate_hz)
    sound += charge.thump * _thump(time_s, size, sample_rate_hz)
    sound += charge.echo * _echo(time_s, size, seed, rng, sample_rate_hz)
    if charge.debris:
        sound += charge.debris * _debris(time_s, kind, size, rng, sample_rate_hz)
    return finish(sound, length_s, sample_rate_hz)


def friedlander(time_s: np.ndarray, phase_s: float) -> np.ndarray:
    """Pressure of a blast with a positive phase of `phase_s`, 1 at its front: (1 - t/T) exp(-t/T)."""
    return (1 - time_s / phase_s) * np.exp(-time_s / phase_s)


def n_wave(length_s: float, sample_rate_hz: int) -> np.ndarray:
    """The shock of a supersonic bullet: up at once, down in a line, up at once."""
    return np.linspace(1.0, -1.0, max(int(length_s * sample_rate_hz), 4))


def _pressure(
    time_s: np.ndarray, charge: Blast, scale: float, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    pressure = friedlander(time_s, charge.phase_s * scale)
    # the ground throws it back a few milliseconds later, softened
    late = int(rng.uniform(0.0015, 0.006) * sample_rate_hz)
    pressure[late:] += 0.6 * friedlander(time_s[:-late], 1.3 * charge.phase_s * scale)
    if charge.crack > 0.5:
        wave = n_wave(rng.uniform(0.0003, 0.0006), sample_rate_hz)
        pressure[: len(wave)] += 0.8 * wave
    return pressure


def _crack(time_s: np.ndarray, scale: float, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # turbulence of the front: as broad as noise can be, and as short
    noise = hiss(rng, len(time_s), 900, 14000, sample_rate_hz=sample_rate_hz)
    return 0.6 * noise * np.exp(-time_s / (0.004 + 0.006 * scale))


def _roar(
    time_s: np.ndarray, size: float, hardness: float, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    # hot gas mixes with air: the higher parts go first, and the whole boils
    roar = np.zeros(len(time_s))
    fall_s = 0.03 + 0.62 * size**1.5
    for low_hz, high_hz, level, part in ((45, 220, 1.0, 1.0), (160, 900, 0.8, 0.55), (700, 4500, 0.5, 0.28)):
        noise = hiss(rng, len(time_s), low_hz, high_hz, sample_rate_hz=sample_rate_hz)
        roar += level * (0.5 + hardness) ** (low_hz / 300) * noise * np.exp(-time_s / (part * fall_s))
    boil = 0.5 + slow_curve(time_s, 0.05 + 0.08 * size, int(rng.integers(1 << 31)), "boil")
    return 0.5 * roar * boil * np.minimum(0.2 + time_s / (0.004 + 0.03 * size), 1.0)


def _thump(time_s: np.ndarray, size: float, sample_rate_hz: int) -> np.ndarray:
    # the gas bubble's thump falls in pitch as it grows
    fall_hz = 38 - 12 * size + (90 - 40 * size) * np.exp(-time_s / 0.06)
    phase = 2 * np.pi * np.cumsum(fall_hz) / sample_rate_hz
    return np.sin(phase) * np.exp(-time_s / (0.05 + 0.35 * size)) * np.minimum(time_s / 0.003, 1)


def _echo(time_s: np.ndarray, size: float, seed: int, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a wash from everywhere, and a few walls or hills that answer by themselves
    tail_s = 0.16 + 0.5 * size
    wash = hiss(rng, len(time_s), 130, 1800, sample_rate_hz=sample_rate_hz) * np.exp(-time_s / tail_s)
    wash *= np.minimum(time_s / 0.04, 1) * (0.4 + slow_curve(time_s, 0.09, seed, "echo"))
    for metres in rng.uniform(9, 40 + 80 * size, 5):
        late = int(2 * metres / _SOUND_M_S * sample_rate_hz)
        answer = hiss(rng, int(0.08 * sample_rate_hz), 150, 2600, sample_rate_hz=sample_rate_hz)
        fall = np.exp(-np.arange(len(answer)) / (0.018 * sample_rate_hz)) * np.hanning(2 * len(answer))[len(answer) :]
        add(wash, 14.0 / (8.0 + metres) * rng.uniform(0.4, 1.2) * answer * fall, late)
    return wash


def _debris(time_s: np.ndarray, kind: str, size: float, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a firework's stars crackle; earth and stones come down, small ones last
    from scipy.signal import lfilter

    count, length_s = len(time_s), time_s[-1]
    crackling = kind == "firework"
    pieces = int(rng.uniform(0.7, 1.3) * (90 if crackling else 160 * size + 40))
    places = rng.gamma(3.0, 0.12 if crackling else 0.16, pieces) * length_s
    kept = places[places < 0.93 * length_s]
    heights = (0.3 + rng.pareto(1.5, len(kept)).clip(0, 6)) * np.exp(-kept / (0.5 * length_s))
    flares = np.zeros(count)
    np.add.at(flares, (kept * sample_rate_hz).astype(int), heights)
    fall_s = 0.0012 if crackling else 0.006
    flares = lfilter([1.0], [1.0, -np.exp(-1.0 / (fall_s * sample_rate_hz))], flares)
    low_hz, high_hz = (1200, 11000) if crackling else (180, 3000)
    noise = rng.standard_normal(count, dtype=np.float32)
    return 0.12 * flares * filtered(noise, band(low_hz, high_hz, sample_rate_hz=sample_rate_hz, order=1))
