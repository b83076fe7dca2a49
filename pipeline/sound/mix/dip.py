"""A dip where consonants live: music and ambience give way between 2 and 4 kHz while somebody speaks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# middle of 2..4 kHz, where speech is understood and instruments cover it; an octave wide
CENTRE_HZ, QUALITY = 2828.0, 1.41
# with the ducking, a tone in the middle comes to -13 dB; broadband sound loses a few tenths more than by ducking alone
DEPTH_DB = -3.0


class Dip:
    """A peaking filter that automation fades in and out; where nothing is faded in, samples pass untouched."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        import numpy as np

        self._section = peaking(sample_rate_hz)
        self._state = np.zeros((1, channels, 2))

    def __call__(self, block: np.ndarray, amount: np.ndarray) -> np.ndarray:
        """The next samples, float64 [channels, n], filtered as far as `amount` says, 0..1 [n]."""
        from scipy.signal import sosfilt

        # the filter runs on without being heard, so that it is at rest with the sound when it is
        filtered, self._state = sosfilt(self._section, block, axis=1, zi=self._state)
        if not amount.any():
            return block
        faded: np.ndarray = block + amount * (filtered - block)
        return faded


def peaking(sample_rate_hz: int) -> np.ndarray:
    """Second-order section of the dip, float64 [1, 6] (peaking filter of R. Bristow-Johnson's Audio EQ Cookbook)."""
    import numpy as np

    gain = 10 ** (DEPTH_DB / 40)
    angle = 2 * math.pi * CENTRE_HZ / sample_rate_hz
    width = math.sin(angle) / (2 * QUALITY)
    section = [1 + width * gain, -2 * math.cos(angle), 1 - width * gain]
    section += [1 + width / gain, -2 * math.cos(angle), 1 - width / gain]
    return np.array([section]) / section[3]
