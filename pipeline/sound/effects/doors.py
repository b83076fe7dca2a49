"""Doors: closed, opened, creaking on their hinges, sliding in their track."""

from __future__ import annotations

import numpy as np

from pipeline.sound.effects.clicks import click
from pipeline.sound.effects.impacts import strike
from pipeline.sound.effects.modal import MATERIALS, contact_weight, partials, ring
from pipeline.sound.effects.shaping import add, calibrate, clock, finish, hiss
from pipeline.sound.noise import slow_curve, stream

# the last two last as long as their cue and begin with it
DOORS = ("close", "open", "creak", "slide")
# a hinge slips this often a second when the door is moved slowly, and when it is moved at a pace
_SLIPS_HZ = (28.0, 240.0)


def door(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """A door.

    Parameters
    ----------
    kind : str
        A name of `DOORS`.
    size : float
        0 a cupboard .. 0.5 a room's .. 1 a gate.
    hardness : float
        0 gently .. 1 slammed; of a creak or slide, how fast.
    """
    rng = stream("door", kind, seed)
    make = {"close": _close, "open": _open, "creak": _creak, "slide": _slide}[kind]
    return make(seed, rng, size=size, hardness=hardness, length_s=length_s, sample_rate_hz=sample_rate_hz)


def _close(
    seed: int, rng: np.random.Generator, *, size: float, hardness: float, length_s: float | None, sample_rate_hz: int
) -> np.ndarray:
    # leaf meets frame, the tongue springs into its plate, everything rattles once more
    sound = np.zeros(int((0.7 + 0.5 * size) * sample_rate_hz), np.float32)
    leaf = strike(
        MATERIALS["wood"], size=0.7 + 0.3 * size, hardness=0.15 + 0.4 * hardness, rng=rng, sample_rate_hz=sample_rate_hz
    )
    time_s = clock(0.35, sample_rate_hz)
    boom = hiss(rng, len(time_s), 45, 130 + 120 * (1 - size), sample_rate_hz=sample_rate_hz)
    boom *= np.exp(-time_s / (0.04 + 0.06 * size)) * np.minimum(time_s / 0.002, 1)
    thud = ((0.25 + 0.35 * hardness) * boom).astype(np.float32)
    add(thud, leaf, 0)
    slap = hiss(rng, len(time_s), 300, 3500, sample_rate_hz=sample_rate_hz) * np.exp(-time_s / 0.012)
    thud += ((0.06 + 0.16 * hardness) * slap).astype(np.float32)
    add(sound, thud, 0)
    tongue = click("latch", seed=seed, sample_rate_hz=sample_rate_hz, size=0.4 + 0.2 * size, hardness=0.6)
    add(sound, np.float32(1.0 - 0.4 * hardness) * tongue, int(rng.uniform(0.012, 0.03) * sample_rate_hz))
    gap_s = rng.uniform(0.05, 0.09)
    for bounce in range(1, 3):
        add(sound, np.float32((0.05 + 0.5 * hardness) ** bounce) * thud, int(bounce * gap_s * sample_rate_hz))
    return finish(sound, length_s, sample_rate_hz)


def _open(
    seed: int, rng: np.random.Generator, *, size: float, hardness: float, length_s: float | None, sample_rate_hz: int
) -> np.ndarray:
    # the handle's spring, the tongue set free, the leaf comes out of its frame
    sound = np.zeros(int((0.9 + 0.4 * size) * sample_rate_hz), np.float32)
    handle = click("latch", seed=seed, sample_rate_hz=sample_rate_hz, size=0.5 + 0.3 * size, hardness=0.5)
    add(sound, handle, 0)
    free_s = rng.uniform(0.12, 0.2) * (1.2 - 0.5 * hardness)
    leaf = strike(MATERIALS["wood"], size=0.75 + 0.2 * size, hardness=0.3, rng=rng, sample_rate_hz=sample_rate_hz)
    add(sound, np.float32(0.08 + 0.15 * hardness) * leaf, int(free_s * sample_rate_hz))
    draught = hiss(rng, len(sound), 250, 2200, sample_rate_hz=sample_rate_hz)
    time_s = np.arange(len(sound)) / sample_rate_hz
    swell = np.clip((time_s - free_s) / 0.12, 0, 1) * np.exp(-np.maximum(time_s - free_s, 0) / 0.18)
    sound += (0.012 * (0.5 + hardness) * draught * swell).astype(np.float32)
    return finish(sound, length_s, sample_rate_hz)


def _creak(
    seed: int, rng: np.random.Generator, *, size: float, hardness: float, length_s: float | None, sample_rate_hz: int
) -> np.ndarray:
    # a hinge sticks and slips: each slip knocks on the leaf; their rate is the creak's pitch (Serafin 2004)
    time_s = clock(1.6 if length_s is None else length_s, sample_rate_hz)
    whole_s = time_s[-1]
    swing = np.sin(np.pi * np.clip(time_s / whole_s, 0, 1)) ** 0.5
    waver = slow_curve(time_s, 0.19, seed, "swing") + 0.35 * slow_curve(time_s, 0.05, seed, "shake")
    pace = np.clip(swing * (0.1 + 0.9 * waver) * (0.5 + hardness), 0.0, 1.0)
    rate_hz = _SLIPS_HZ[0] * (_SLIPS_HZ[1] / _SLIPS_HZ[0]) ** pace * 2 ** (0.6 * (0.5 - size))
    phase = np.cumsum(rate_hz) / sample_rate_hz
    numbers = np.arange(1, max(int(phase[-1]), 1) + 1)
    at = np.searchsorted(phase, numbers + 0.05 * rng.standard_normal(len(numbers)))
    at = np.clip(at, 0, len(time_s) - 1)
    # now and then the hinge holds for a moment
    hold = np.clip(3.0 * slow_curve(time_s[at], 0.13, seed, "hold") - 0.6, 0, 1)
    slips = np.bincount(at, hold * rng.uniform(0.5, 1.0, len(at)), len(time_s))[: len(time_s)]
    sound = _on_leaf(slips, size, rng, sample_rate_hz) * np.sqrt(0.15 + pace) * _soft_ends(time_s)
    return calibrate(sound.astype(np.float32), sample_rate_hz=sample_rate_hz)


def _on_leaf(slips: np.ndarray, size: float, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # the hinge's own steel, and the wood that carries it
    from scipy.signal import oaconvolve

    wood = partials(MATERIALS["wood"], size=0.35 + 0.3 * size, rng=rng, sample_rate_hz=sample_rate_hz)
    steel_hz = np.array([1150.0, 1730.0, 2480.0, 3300.0]) * 2 ** (0.5 - size) * rng.uniform(0.85, 1.15, 4)
    frequencies_hz = np.concatenate([wood[0], steel_hz])
    decays = np.concatenate([3 * wood[1], 160 + 0.05 * steel_hz])
    gains = np.concatenate([wood[2] * contact_weight(wood[0], contact_s=0.0008), 0.5 * rng.uniform(0.5, 1.0, 4)])
    body = ring(frequencies_hz, decays, gains, samples=int(0.08 * sample_rate_hz), sample_rate_hz=sample_rate_hz)
    return oaconvolve(slips, body)[: len(slips)]


def _slide(
    seed: int, rng: np.random.Generator, *, size: float, hardness: float, length_s: float | None, sample_rate_hz: int
) -> np.ndarray:
    # rollers in a track, and the stop at its end
    time_s = clock(1.1 if length_s is None else length_s, sample_rate_hz)
    count, place = len(time_s), time_s / time_s[-1]
    stop_s = min(0.18, 0.3 * time_s[-1])
    moving = np.clip(1 - (time_s - (time_s[-1] - stop_s)) / 0.02, 0, 1)
    # pushed off, at a pace, thrown home
    pace = np.minimum(place / 0.25, 1) * (0.75 + 0.35 * place) * (0.8 + 0.4 * slow_curve(time_s, 0.2, seed, "push"))
    bumps_hz = (60 + 160 * hardness) * pace
    chances = np.cumsum(bumps_hz) / sample_rate_hz
    at = np.searchsorted(chances, np.sort(rng.uniform(0, chances[-1], rng.poisson(chances[-1])))).clip(0, count - 1)
    bumps = np.bincount(at, np.exp(0.7 * rng.standard_normal(len(at))), count)[:count]
    track = 6.0 * _on_leaf(bumps, size, rng, sample_rate_hz) / np.sqrt(sample_rate_hz / 48000)
    rumble = hiss(rng, count, 90, 900, sample_rate_hz=sample_rate_hz)
    whir = hiss(rng, count, 1200, 5000, sample_rate_hz=sample_rate_hz)
    sound = (0.10 * track / max(track.std(), 1e-9) + 0.14 * rumble + 0.05 * whir) * pace * moving
    sound = (sound * np.minimum(time_s / 0.03, 1)).astype(np.float32)
    thud = strike(
        MATERIALS["wood"], size=0.6 + 0.35 * size, hardness=0.2 + 0.4 * hardness, rng=rng, sample_rate_hz=sample_rate_hz
    )
    add(sound, np.float32(0.9 + 0.6 * hardness) * thud, int((time_s[-1] - stop_s) * sample_rate_hz))
    return finish(sound * _soft_ends(time_s).astype(np.float32), None, sample_rate_hz)


def _soft_ends(time_s: np.ndarray) -> np.ndarray:
    edge_s = min(0.03, time_s[-1] / 4)
    return np.clip(np.minimum(time_s, time_s[-1] - time_s) / edge_s, 0, 1)
