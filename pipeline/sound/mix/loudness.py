"""Programme loudness and true peak (ITU-R BS.1770-4), measured block by block."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# offset that makes a 997 Hz full-scale sine in one front channel read -3.01 LKFS (BS.1770-4, annex 1)
OFFSET_DB = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
# a gating block is 400 ms with 75 % overlap: four steps of 100 ms (BS.1770-4, annex 1)
STEPS_PER_SECOND = 10
STEPS_PER_BLOCK = 4
# weights of L R C LFE Ls Rs (BS.1770-4, table 3; the LFE is left out)
SURROUND_WEIGHTS = (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)
# analogue prototype of the K weighting: the pair of filters in BS.1770-4 tables 1 and 2, solved for frequency, gain
# and quality so that any sample rate can be served (values published by De Man, AES e-Brief 2014)
SHELF_HZ, SHELF_DB, SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
HIGH_PASS_HZ, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
# taps of one phase of the oversampling filter; 24 keep the error under 0.05 dB up to 20 kHz at 48 kHz
PHASE_TAPS = 24


@dataclass(frozen=True)
class Preset:
    """A delivery target."""

    target_lufs: float
    ceiling_dbtp: float
    # who asks for it
    source: str


PRESETS: dict[str, Preset] = {
    "web": Preset(-14.0, -1.0, "level that large video and music platforms normalise to"),
    "podcast": Preset(-16.0, -1.0, "AES TD1008 for streaming speech"),
    "ebu": Preset(-23.0, -1.0, "EBU R 128"),
    "atsc": Preset(-24.0, -2.0, "ATSC A/85"),
}


def k_weighting(sample_rate_hz: int) -> np.ndarray:
    """Second-order sections of the K weighting, float64 [2, 6], for any sample rate (BS.1770-4, annex 1)."""
    import numpy as np

    shelf_w = math.tan(math.pi * min(SHELF_HZ, 0.49 * sample_rate_hz) / sample_rate_hz)
    high = 10 ** (SHELF_DB / 20)
    # exponent that makes the digital shelf meet the tabulated coefficients at 48 kHz
    band = high**0.4996667741545416
    norm = 1 + shelf_w / SHELF_Q + shelf_w**2
    shelf = [
        (high + band * shelf_w / SHELF_Q + shelf_w**2) / norm,
        2 * (shelf_w**2 - high) / norm,
        (high - band * shelf_w / SHELF_Q + shelf_w**2) / norm,
        1.0,
        2 * (shelf_w**2 - 1) / norm,
        (1 - shelf_w / SHELF_Q + shelf_w**2) / norm,
    ]
    pass_w = math.tan(math.pi * HIGH_PASS_HZ / sample_rate_hz)
    norm = 1 + pass_w / HIGH_PASS_Q + pass_w**2
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (pass_w**2 - 1) / norm, (1 - pass_w / HIGH_PASS_Q + pass_w**2) / norm]
    return np.array([shelf, high_pass])


class PeakDetector:
    """Inter-sample peaks of a stream: largest magnitude between samples, by polyphase interpolation.

    The interpolation looks `delay` samples ahead: what `add` returns belongs to samples that came so much earlier.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        import numpy as np

        # to 192 kHz, which is four times at 48 kHz (BS.1770-4, annex 2)
        self.factor = max(1, -(-192_000 // sample_rate_hz))
        self._taps = _interpolator(self.factor)
        # no interpolated value exceeds the largest sample times this
        self.bound = float(np.abs(self._taps.reshape(-1, self.factor)).sum(axis=0).max())
        self.delay = PHASE_TAPS // 2
        self._past = np.zeros((channels, PHASE_TAPS - 1))

    def add(self, block: np.ndarray, *, floor: float = 0.0) -> np.ndarray:
        """Peak magnitude over channels for each sample of the delayed stream.

        Parameters
        ----------
        block : float [channels, samples]
        floor : float
            Where no peak can exceed this magnitude the work is skipped and zeros come back.

        Returns
        -------
        float64 [samples]
            Delayed by `delay` samples; feed that many zeros to get the rest out.
        """
        import numpy as np
        from scipy.signal import upfirdn

        count = block.shape[1]
        joined = np.concatenate([self._past, block], axis=1)
        self._past = joined[:, joined.shape[1] - PHASE_TAPS + 1 :]
        if count == 0 or float(np.abs(joined).max()) * self.bound <= floor:
            return np.zeros(count)
        dense = upfirdn(self._taps, joined, up=self.factor, axis=1)
        first = (PHASE_TAPS - 1) * self.factor
        peaks: np.ndarray = np.abs(dense[:, first : first + count * self.factor]).max(axis=0)
        return peaks.reshape(count, self.factor).max(axis=1)


def _interpolator(factor: int) -> np.ndarray:
    import numpy as np

    if factor == 1:
        taps = np.zeros(PHASE_TAPS)
        taps[PHASE_TAPS // 2] = 1.0
        return taps
    size = PHASE_TAPS * factor
    # centre on a tap, so that one phase is the untouched sample and the others lie evenly between samples
    time = (np.arange(size) - size // 2) / factor
    return np.sinc(time) * np.kaiser(size + 1, 7.0)[:size]


class LoudnessMeter:
    """Streaming meter: integrated loudness with both gates, and true peak.

    A programme shorter than one gating block (0.4 s) is measured as one block over its own length.
    """

    def __init__(self, sample_rate_hz: int, channels: int = 2) -> None:
        import numpy as np

        if sample_rate_hz < 8000 or not 1 <= channels <= len(SURROUND_WEIGHTS):
            raise ValueError(f"cannot measure {channels} channels at {sample_rate_hz} Hz")
        self._rate = sample_rate_hz
        self._sections = k_weighting(sample_rate_hz)
        self._state = np.zeros((2, channels, 2))
        weights = SURROUND_WEIGHTS if channels > 3 else (1.0,) * channels
        self._weights = np.asarray(weights[:channels])
        # weighted energy of each finished 100 ms step, and of the one that is being filled
        self._steps: list[float] = []
        self._open = 0.0
        self._samples = 0
        self._detector = PeakDetector(sample_rate_hz, channels)
        self._peak = 0.0

    def add(self, block: np.ndarray) -> None:
        """Take in the next samples, float [channels, samples]."""
        import numpy as np
        from scipy.signal import sosfilt

        if block.shape[1] == 0:
            return
        block = np.asarray(block, dtype=np.float64)
        self._peak = max(self._peak, float(self._detector.add(block, floor=self._peak).max()))
        weighted, self._state = sosfilt(self._sections, block, axis=1, zi=self._state)
        self._add_energy(self._weights @ weighted**2)

    def _add_energy(self, energy: np.ndarray) -> None:
        import numpy as np

        start, end = self._samples, self._samples + len(energy)
        first = self._step_at(start)
        edges = [self._edge(n) for n in range(first + 1, self._step_at(end) + 1)]
        sums = np.add.reduceat(energy, [0, *[e - start for e in edges if e < end]])
        for index, total in enumerate(sums):
            self._open += float(total)
            if index < len(edges):
                self._steps.append(self._open)
                self._open = 0.0
        self._samples = end

    def _edge(self, step: int) -> int:
        # rates that 10 does not divide get steps that differ by one sample
        return -(-step * self._rate // STEPS_PER_SECOND)

    def _step_at(self, sample: int) -> int:
        return sample * STEPS_PER_SECOND // self._rate

    @property
    def integrated_lufs(self) -> float | None:
        """Gated loudness in LUFS, or None when nothing is above the absolute gate."""
        import numpy as np

        powers = self._block_powers()
        if not len(powers):
            return None
        loud = powers[powers > _power(ABSOLUTE_GATE_LUFS)]
        if not len(loud):
            return None
        relative = loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)
        return OFFSET_DB + 10 * math.log10(float(np.mean(loud[loud > relative])))

    @property
    def true_peak_dbtp(self) -> float | None:
        """Largest inter-sample peak in dB of full scale, or None for digital silence."""
        import numpy as np

        # the last samples are still inside the interpolator: push them out of a copy
        rest = np.zeros((len(self._weights), self._detector.delay))
        peak = max(self._peak, float(copy(self._detector).add(rest).max()))
        return 20 * math.log10(peak) if peak > 0 else None

    def _block_powers(self) -> np.ndarray:
        import numpy as np

        if len(self._steps) < STEPS_PER_BLOCK:
            total = sum(self._steps) + self._open
            return np.array([total / self._samples] if self._samples else [])
        steps = np.asarray(self._steps)
        sums = np.convolve(steps, np.ones(STEPS_PER_BLOCK), mode="valid")
        return sums / (STEPS_PER_BLOCK * self._rate / STEPS_PER_SECOND)


def _power(lufs: float) -> float:
    return 10 ** ((lufs - OFFSET_DB) / 10)
