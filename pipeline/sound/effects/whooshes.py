"""Whooshes: air parted by something fast."""

from __future__ import annotations

import numpy as np

from pipeline.sound.effects.shaping import calibrate, clock, swept_hiss
from pipeline.sound.noise import slow_curve, stream

# lowest band at size 0.5, Hz; octaves it rises; depth of the flutter of a heavy thing that tumbles; level of its rumble
WHOOSHES: dict[str, tuple[float, float, float, float]] = {
    "air": (220.0, 3.2, 0.0, 0.0),
    "heavy": (75.0, 2.6, 0.45, 0.5),
}
_PEAK_PLACE = 0.8


def whoosh(
    kind: str,
    *,
    seed: int,
    sample_rate_hz: int = 48000,
    size: float = 0.5,
    hardness: float = 0.5,
    length_s: float | None = None,
) -> np.ndarray:
    """Air parted by something fast: swells through `length_s` and ends with it; it has no attack of its own.

    The band rises with the speed and falls behind the peak, as vortex tones do (f = 0.2 v / d); `size` lowers it.
    A heavy one (a vehicle, a beam, a giant) adds what it drags along, and turns as it passes.
    """
    low_hz, octaves, flutter, rumble = WHOOSHES[kind]
    time_s = clock(0.6 if length_s is None else length_s, sample_rate_hz)
    place = np.arange(len(time_s)) / len(time_s)
    # the swell peaks shortly before the stop and is gone at it
    behind = np.cos((place - _PEAK_PLACE) / (1 - _PEAK_PLACE) * np.pi / 2) ** 2
    swell = np.where(place < _PEAK_PLACE, (place / _PEAK_PLACE) ** 2.6, behind)
    rng = stream("whoosh", kind, seed)
    waver = slow_curve(time_s, 0.15, seed, "sweep") - 0.5
    sweep = (octaves + 1.2 * hardness) * (0.25 + 0.75 * swell) + 0.3 * waver
    air = swept_hiss(rng, low_hz * 2 ** (1.2 - 2.4 * size + sweep), sample_rate_hz=sample_rate_hz, width=0.75)
    if flutter:
        beats = np.sin(2 * np.pi * (rng.uniform(7, 11) * time_s * (0.6 + 0.4 * place) + rng.uniform()))
        air = air * (1 + flutter * beats)
        low = swept_hiss(rng, np.full(len(air), 55.0 * 2 ** (0.5 - size)), sample_rate_hz=sample_rate_hz, width=0.6)
        air = air + rumble * air.std() / low.std() * low
    return calibrate((air * swell).astype(np.float32), sample_rate_hz=sample_rate_hz)
