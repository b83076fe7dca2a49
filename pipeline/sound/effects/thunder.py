"""Thunder: one long crooked channel, heard part by part."""

from __future__ import annotations

import numpy as np

from pipeline.sound.effects.shaping import LONGEST_S, clock, finish, hiss
from pipeline.sound.noise import slow_curve, stream

_SOUND_M_S = 343.0
# pieces of channel, and how far one is from the next (Ribner & Roy 1982: tortuous channel, an N-wave each)
_PIECES, _PIECE_M = 1400, 4.0


def thunder(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.6,
    length_s: float | None = None,
) -> np.ndarray:
    """A clap and its rumble.

    Each piece of a crooked channel sends an N-wave. What lies square to the ear arrives together, as claps; what runs
    away from it arrives drawn out, as rumble; the farther, the duller.

    Parameters
    ----------
    size : float
        Of the flash: longer and deeper.
    hardness : float
        0 far away .. 1 near.
    """
    rng = stream("thunder", kind, seed)
    whole_s = min(length_s or 4.0 + 3.0 * size, LONGEST_S)
    time_s = clock(whole_s, sample_rate_hz)
    arrivals_s, strengths, away_m = _channel(rng, size, hardness, whole_s)
    claps = np.zeros(len(time_s))
    for share in np.array_split(np.argsort(away_m), 4):
        heard = np.bincount((arrivals_s[share] * sample_rate_hz).astype(int), strengths[share], len(time_s))
        claps += _air(heard[: len(time_s)], float(away_m[share].mean()), size, sample_rate_hz)
    claps *= 1 / max(float(np.abs(claps).max()), 1e-9)
    # echoes of hills and clouds fill what the channel leaves open
    rolls = 0.2 + slow_curve(time_s, 0.45, seed, "roll") ** 2 + 0.5 * slow_curve(time_s, 0.11, seed, "clap") ** 3
    rumble = hiss(rng, len(time_s), 24, 150, sample_rate_hz=sample_rate_hz) * rolls
    rumble *= np.exp(-time_s / (0.3 * whole_s)) * np.minimum(0.05 + time_s / 0.35, 1)
    crack = hiss(rng, len(time_s), 220, 6500, sample_rate_hz=sample_rate_hz) * np.exp(-time_s / 0.11)
    crack *= (0.3 + slow_curve(time_s, 0.02, seed, "crack")) * hardness**2
    storm = claps + (0.22 + 0.12 * size) * rumble + 0.55 * crack
    return finish(storm * (1 - time_s / time_s[-1]) ** 0.6, length_s, sample_rate_hz)


def _channel(
    rng: np.random.Generator, size: float, hardness: float, whole_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # when each piece is heard (first at 0), how strongly, and how far away it is
    steps = rng.standard_normal((_PIECES, 3)) + np.array([0.0, 0.0, 0.75])
    # the crookedness has a memory: whole stretches lean one way
    steps[:, :2] += np.repeat(2.2 * rng.standard_normal((_PIECES // 50, 2)), 50, axis=0)
    steps *= _PIECE_M * (0.6 + size) / np.linalg.norm(steps, axis=1, keepdims=True)
    places = np.cumsum(steps, axis=0)
    places[:, 0] += 120.0 + 1800.0 * (1 - hardness) ** 1.5
    away_m = np.linalg.norm(places, axis=1)
    # an N-wave is strongest square to its piece
    square = 1 - np.abs((places * steps).sum(axis=1)) / (away_m * np.linalg.norm(steps, axis=1))
    arrivals_s = (away_m - away_m.min()) / _SOUND_M_S
    # a long channel is squeezed into the time there is
    arrivals_s *= min(1.0, 0.7 * whole_s / float(arrivals_s.max()))
    strengths = (0.15 + square**2) * rng.lognormal(0.0, 0.7, _PIECES) * away_m.min() / away_m
    return arrivals_s, strengths, away_m


def _air(impulses: np.ndarray, away_m: float, size: float, sample_rate_hz: int) -> np.ndarray:
    # the N-wave of a piece grows longer and rounder on its way
    from scipy.signal import oaconvolve

    length_s = 0.004 + 0.006 * size + 0.000006 * away_m
    rounding = np.hanning(max(int((0.0006 + 0.0000025 * away_m) * sample_rate_hz), 3))
    wave = np.convolve(np.linspace(1, -1, int(length_s * sample_rate_hz)), rounding / rounding.sum())
    return oaconvolve(impulses, wave)[: len(impulses)]
