"""Hall: the reverberation the music is played in, as a stream."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.sound.noise import band, stream
from pipeline.sound.space import Convolver

if TYPE_CHECKING:
    import numpy as np

PRE_DELAY_S = 0.018
# what each side has of the other
SHARED = 0.3
# rate at which the hall is made
BASE_HZ = 48_000
# (low Hz, high Hz, decay against the middle): air swallows the highs, no mud below 180 Hz
BANDS = ((180.0, 500.0, 0.9), (500.0, 3000.0, 1.0), (3000.0, 9000.0, 0.5))


def hall_response(decay_s: float, *, sample_rate_hz: int) -> np.ndarray:
    """Impulse response of a hall, float32 [2, samples], unit energy per side at 48 kHz, the sides almost independent.

    It is the same hall at every rate.
    """
    import numpy as np
    from scipy.signal import resample_poly, sosfilt

    count = int(decay_s * BASE_HZ)
    time = np.arange(count) / BASE_HZ
    raw = stream("hall", round(decay_s * 1000)).standard_normal((2, count))
    # the sides share a little, so that mono keeps most of the hall
    raw = raw + SHARED * raw[::-1]
    tail = np.zeros((2, count))
    for low, high, share in BANDS:
        filtered = sosfilt(band(low, high, sample_rate_hz=BASE_HZ), raw, axis=1)
        tail += filtered * np.exp(-6.908 * time / (share * decay_s))
    # density builds up over the first 30 ms, as in a room; the end is faded to nothing
    tail *= np.minimum(time / 0.03, 1) * np.clip((time[-1] - time) / 0.1, 0, 1)
    tail /= np.sqrt((tail**2).sum(axis=1, keepdims=True))
    if sample_rate_hz != BASE_HZ:
        # the gain at every frequency stays what it was
        shared = math.gcd(sample_rate_hz, BASE_HZ)
        tail = resample_poly(tail, sample_rate_hz // shared, BASE_HZ // shared, axis=1) * (BASE_HZ / sample_rate_hz)
    delay = int(PRE_DELAY_S * sample_rate_hz)
    return np.pad(tail, ((0, 0), (delay, 0))).astype(np.float32)


class Hall:
    """Convolution with a hall, block by block; as many samples come out as go in."""

    def __init__(self, decay_s: float, *, sample_rate_hz: int, block_samples: int) -> None:
        response = hall_response(decay_s, sample_rate_hz=sample_rate_hz)
        self._convolver = Convolver(response, block_samples=block_samples)

    def add(self, block: np.ndarray) -> np.ndarray:
        """The hall's answer to the next block, float32 [2, n], n at most `block_samples`."""
        return self._convolver(block)
