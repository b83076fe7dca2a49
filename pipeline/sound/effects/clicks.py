"""Clicks: small mechanisms that snap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.effects.modal import ring
from pipeline.sound.effects.shaping import add, clock, finish, hiss
from pipeline.sound.noise import stream


@dataclass(frozen=True)
class Snap:
    """One of the knocks a mechanism makes."""

    # when it comes, and its level
    start_s: float
    level: float
    # partials of what is struck: lowest, highest, how many, decay to -60 dB
    low_hz: float
    high_hz: float
    modes: int
    ring_s: float
    # level of the contact's own noise
    noise: float


# a mechanism is a rhythm of two to five knocks on plastic or metal; figures by spectrogram
CLICKS: dict[str, tuple[Snap, ...]] = {
    # the lever goes over centre, then hits its stop
    "switch": (Snap(0.0, 0.55, 1900, 7000, 5, 0.016, 0.5), Snap(0.009, 1.0, 1100, 6000, 8, 0.03, 0.4)),
    # a key bottoms out, and comes up again
    "key": (
        Snap(0.0, 0.45, 2200, 8000, 5, 0.010, 0.6),
        Snap(0.008, 1.0, 650, 6500, 10, 0.026, 0.6),
        Snap(0.095, 0.4, 900, 6500, 7, 0.018, 0.5),
    ),
    # mirror up, first curtain, second curtain, mirror down, with a rattle of springs
    "camera": (
        Snap(0.0, 0.8, 500, 4500, 9, 0.030, 0.7),
        Snap(0.028, 0.6, 1800, 9000, 7, 0.014, 0.8),
        Snap(0.085, 0.6, 1900, 9500, 7, 0.014, 0.8),
        Snap(0.100, 1.0, 380, 4200, 9, 0.040, 0.6),
        Snap(0.112, 0.35, 2500, 7500, 5, 0.030, 0.3),
    ),
    # a metal tongue is pushed back, and springs home
    "latch": (
        Snap(0.0, 0.55, 1300, 8500, 8, 0.035, 0.5),
        Snap(0.062, 1.0, 700, 6500, 12, 0.070, 0.4),
        Snap(0.074, 0.3, 1600, 7500, 6, 0.040, 0.3),
    ),
}


def click(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """A mechanism snaps; `size` lowers and slows it, `hardness` brightens it (plastic to steel)."""
    rng = stream("click", kind, seed)
    pitch, pace = 2.0 ** (1.4 * (0.5 - size)), 2.0 ** (size - 0.5)
    snaps = CLICKS[kind]
    sound = np.zeros(len(clock(snaps[-1].start_s * pace * 1.3 + 0.18, sample_rate_hz)), np.float32)
    for snap in snaps:
        knock = _knock(snap, pitch, hardness, rng, sample_rate_hz)
        start_s = snap.start_s * pace * rng.uniform(0.85, 1.2)
        add(sound, np.float32(snap.level * rng.uniform(0.85, 1.15)) * knock, int(start_s * sample_rate_hz))
    return finish(sound, length_s, sample_rate_hz)


def _knock(snap: Snap, pitch: float, hardness: float, rng: np.random.Generator, sample_rate_hz: int) -> np.ndarray:
    # a handful of partials spread over the band, the highest shortest; peak near 1
    frequencies_hz = np.geomspace(snap.low_hz, snap.high_hz, snap.modes) * pitch
    frequencies_hz = np.minimum(frequencies_hz * np.exp(0.08 * rng.standard_normal(snap.modes)), 0.42 * sample_rate_hz)
    decays = 6.9 / snap.ring_s * (frequencies_hz / frequencies_hz[0]) ** 0.4 * rng.uniform(0.7, 1.3, snap.modes)
    gains = rng.uniform(0.3, 1.0, snap.modes) * (0.45 + hardness) ** np.linspace(0, 2.2, snap.modes)
    count = int(1.3 * snap.ring_s * sample_rate_hz) + int(0.01 * sample_rate_hz)
    knock = ring(frequencies_hz, decays, gains, samples=count, sample_rate_hz=sample_rate_hz)
    knock /= np.abs(knock).max()
    noise = hiss(rng, count, snap.low_hz * pitch, 2 * snap.high_hz, sample_rate_hz=sample_rate_hz)
    knock += np.float32(0.4 * snap.noise) * noise * np.exp(-np.arange(count) / (0.0012 * sample_rate_hz))
    rise = max(int(0.0002 * sample_rate_hz), 2)
    knock[:rise] *= np.linspace(0, 1, rise)
    return knock * np.linspace(1, 0, count) ** 0.5
