"""Hall: the reverberation the music is played in, as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.sound.noise import band, stream
from pipeline.sound.space import Convolver

if TYPE_CHECKING:
    import numpy as np

PRE_DELAY_S = 0.018
# (low Hz, high Hz, decay against the middle): air swallows the highs, no mud below 180 Hz
BANDS = ((180.0, 500.0, 0.9), (500.0, 3000.0, 1.0), (3000.0, 9000.0, 0.5))


def hall_response(decay_s: float, *, sample_rate_hz: int) -> np.ndarray:
    """Impulse response of a hall, float32 [2, samples], unit energy per side, the sides independent."""
    import numpy as np
    from scipy.signal import sosfilt

    count = int(decay_s * sample_rate_hz)
    time = np.arange(count) / sample_rate_hz
    raw = stream("hall", round(decay_s * 1000)).standard_normal((2, count))
    tail = np.zeros((2, count))
    for low, high, share in BANDS:
        filtered = sosfilt(band(low, high, sample_rate_hz=sample_rate_hz), raw, axis=1)
        tail += filtered * np.exp(-6.908 * time / (share * decay_s))
    # density builds up over the first 30 ms, as in a room; the end is faded to nothing
    tail *= np.minimum(time / 0.03, 1) * np.clip((time[-1] - time) / 0.1, 0, 1)
    tail /= np.sqrt((tail**2).sum(axis=1, keepdims=True))
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
