"""Impacts: a blow on a body of some material."""

from __future__ import annotations

import numpy as np

from pipeline.sound.effects.modal import DECAY_60_DB, MATERIALS, Material, contact_weight, partials, ring
from pipeline.sound.effects.shaping import finish
from pipeline.sound.effects.water import add_bubbles
from pipeline.sound.noise import band, filtered, stream

# contact times of soft and hard blows (Hunt & Crossley 1975; hammers and fingers 0.3-5 ms)
_SOFT_CONTACT_S, _HARD_CONTACT_S = 0.005, 0.0003
_LONGEST_RING_S = 5.0
_END_S = 0.012


def impact(
    material: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float | None = None,
    length_s: float | None = None,
) -> np.ndarray:
    """A blow on a body.

    Parameters
    ----------
    material : str
        A name of `MATERIALS`.
    size : float
        0 thimble .. 0.5 hand .. 1 barrel: the larger, the lower.
    hardness : float, optional
        0 soft mallet .. 1 steel; the material's own when left out. The harder, the shorter the contact, the brighter.
    length_s : float, optional
        Where the ring is faded out; by default it rings out.
    """
    body = MATERIALS[material]
    hard = body.hardness if hardness is None else float(np.clip(hardness, 0, 1))
    rng = stream("impact", material, seed)
    struck = strike(body, size=size, hardness=hard, rng=rng, sample_rate_hz=sample_rate_hz)
    if material == "water":
        struck = np.pad(struck, (0, int((0.3 + 0.5 * size) * sample_rate_hz)))
        add_bubbles(struck, rng, int(10 + 20 * size), size=size, sample_rate_hz=sample_rate_hz)
    return finish(struck, length_s, sample_rate_hz)


def strike(
    body: Material, *, size: float, hardness: float, rng: np.random.Generator, sample_rate_hz: int
) -> np.ndarray:
    """Partials with the blow's spectrum, rounded on by the contact, over a burst of surface noise; peak near 1."""
    # a heavier body stays in contact longer (Hertz: with the mass to the 2/5)
    contact_s = _SOFT_CONTACT_S * (_HARD_CONTACT_S / _SOFT_CONTACT_S) ** hardness * 2.0 ** (size - 0.5)
    frequencies_hz, decays, amplitudes = partials(body, size=size, rng=rng, sample_rate_hz=sample_rate_hz)
    amplitudes = amplitudes * contact_weight(frequencies_hz, contact_s=contact_s)
    audible = decays[amplitudes > 0.03 * amplitudes.max()]
    count = int(min(DECAY_60_DB / audible.min() + 2 * body.noise_s + _END_S, _LONGEST_RING_S) * sample_rate_hz)
    struck = ring(frequencies_hz, decays, amplitudes, samples=count, sample_rate_hz=sample_rate_hz)
    struck /= np.abs(struck).max()
    burst_count = min(count, int(2 * body.noise_s * sample_rate_hz))
    noise = rng.standard_normal(burst_count, dtype=np.float32)
    # a small thing scrapes higher, and a soft contact lets no treble through
    pitch = 2.0 ** (0.5 - size)
    low_hz, high_hz = pitch * body.noise_low_hz, min(pitch * body.noise_high_hz, 0.7 / contact_s + 400)
    noise = filtered(noise, band(low_hz, max(high_hz, 2 * low_hz), sample_rate_hz=sample_rate_hz, order=1))
    noise *= np.exp(-DECAY_60_DB / body.noise_s * np.arange(burst_count) / sample_rate_hz).astype(np.float32)
    struck *= np.float32(1 - 0.5 * body.noise)
    struck[:burst_count] += np.float32(body.noise) * noise / max(float(np.abs(noise).max()), 1e-9)
    rise = min(max(int(0.5 * contact_s * sample_rate_hz), 2), count)
    struck[:rise] *= (0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)).astype(np.float32)
    return struck
