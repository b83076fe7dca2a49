"""Where a sound is: constant-power pan, distance, and the room around it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipeline.sound.noise import band, filtered, stream

# the first reflection leaves the attack alone: 6 ms is a wall at one metre
_FIRST_REFLECTION_S = 0.006
# level at distance 1 ("far"), a tenth of the pressure
_FAR_DB = -14.0


def pan_gains(pan: float) -> tuple[float, float]:
    """Left and right gains of a pan position, -1 left .. 1 right; the sum of their squares is 1."""
    angle = (np.clip(pan, -1.0, 1.0) + 1.0) * np.pi / 4.0
    return float(np.cos(angle)), float(np.sin(angle))


def place(samples: np.ndarray, *, pan: float, room: float, distance: float, sample_rate_hz: int) -> np.ndarray:
    """Put a mono sound into a room.

    Parameters
    ----------
    samples : float32 [samples]
    pan : float
        -1 left .. 1 right.
    room : float
        0 open air .. 1 large stone hall.
    distance : float
        0 near .. 1 far: lower, duller, more room.

    Returns
    -------
    float32 [2, samples + tail]
        The dry sound starts at sample 0; reflections follow it.
    """
    from scipy.signal import fftconvolve

    dry = samples
    if distance > 0:
        dry = filtered(dry, band(0, 16000.0 * 0.12**distance, sample_rate_hz=sample_rate_hz, order=1))
        dry = dry * np.float32(10 ** (_FAR_DB * distance / 20))
    gains = np.asarray(pan_gains(pan), np.float32)[:, None]
    if room <= 0:
        return gains * dry
    # rooms in twentieths: a handful of responses serves a whole film
    response = room_response(round(room * 20) / 20, sample_rate_hz)
    wet = np.stack([fftconvolve(dry, channel) for channel in response])
    placed = wet.astype(np.float32) * np.float32(0.6 + 0.8 * distance)
    placed[:, : len(dry)] += gains * dry
    return placed


@lru_cache(maxsize=32)
def room_response(room: float, sample_rate_hz: int) -> np.ndarray:
    """Reflections and tail of a room without the direct sound, float32 [2, samples], the two sides independent."""
    decay_s = 0.12 + 1.9 * room**2
    length = int(decay_s * sample_rate_hz) + 1
    time_s = np.arange(length) / sample_rate_hz
    start_s = _FIRST_REFLECTION_S + 0.018 * room
    rng = stream("room", round(room * 1000))
    tail = rng.standard_normal((2, length), dtype=np.float32) * np.exp(-6.908 * time_s / decay_s)
    tail *= np.clip((time_s - start_s) / (0.01 + 0.02 * room), 0, 1)
    tail = filtered(tail.astype(np.float32), band(180, 7000 - 2500 * room, sample_rate_hz=sample_rate_hz, order=1))
    # a tail as loud as the room asks for: energy against the direct sound
    tail *= np.sqrt(0.5 * (0.02 + 0.16 * room) / np.sum(tail**2, axis=1, keepdims=True))
    for channel in tail:
        taps_s = start_s * (1 + np.cumsum(rng.uniform(0.3, 0.9, 6)))
        index = (taps_s * sample_rate_hz).astype(int)
        kept = index < length
        channel[index[kept]] += (0.22 * room**0.5 * 0.75 ** np.arange(6) * rng.choice([-1, 1], 6))[kept]
    return tail.astype(np.float32)
