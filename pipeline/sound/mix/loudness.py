"""Loudness of a programme, of its speech and of its parts, and true peak (ITU-R BS.1770-4), measured block by block."""

from __future__ import annotations

import math
from copy import copy
from typing import TYPE_CHECKING

from pipeline.sound.mix.presets import PRESETS, Preset, preset_named
from pipeline.sound.mix.true_peak import PeakDetector

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PRESETS", "LoudnessMeter", "Preset", "k_weighting", "preset_named"]

# offset that makes a 997 Hz full-scale sine in one front channel read -3.01 LKFS (BS.1770-4, annex 1)
OFFSET_DB = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
# a gating block is 400 ms with 75 % overlap: four steps of 100 ms (BS.1770-4, annex 1)
STEPS_PER_SECOND = 10
STEPS_PER_BLOCK = 4
# short-term loudness looks at 3 s (EBU Tech 3341)
STEPS_PER_SHORT_TERM = 30
# loudness range: between the 10th and the 95th of a hundred short-term values that pass both gates (EBU Tech 3342)
RANGE_GATE_LU = -20.0
RANGE_LOW, RANGE_HIGH = 0.10, 0.95
# a mono sum that is this much weaker says no more than that it is gone
MAX_MONO_LOSS_LU = 60.0
# weights of L R C LFE Ls Rs (BS.1770-4, table 3; the LFE is left out)
SURROUND_WEIGHTS = (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)
# analogue prototype of the K weighting: the pair of filters in BS.1770-4 tables 1 and 2, solved for frequency, gain
# and quality so that any sample rate can be served (values published by De Man, AES e-Brief 2014)
SHELF_HZ, SHELF_DB, SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
HIGH_PASS_HZ, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773


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


class LoudnessMeter:
    """Streaming meter: what is kept of the sound is its energy in steps of 100 ms.

    A programme shorter than a window (0.4 s, or 3 s for short-term loudness) is measured over its own length. Without
    `peaks` none are looked for, which is half of the work.
    """

    def __init__(self, sample_rate_hz: int, channels: int = 2, *, peaks: bool = True) -> None:
        import numpy as np

        if sample_rate_hz < 8000 or not 1 <= channels <= len(SURROUND_WEIGHTS):
            raise ValueError(f"cannot measure {channels} channels at {sample_rate_hz} Hz")
        self._rate = sample_rate_hz
        self._sections = k_weighting(sample_rate_hz)
        self._state = np.zeros((2, channels, 2))
        weights = SURROUND_WEIGHTS if channels > 3 else (1.0,) * channels
        self._weights = np.asarray(weights[:channels])
        # energy of each finished step, weighted and of the mono sum, and of the one that is being filled
        self._steps: list[tuple[float, float]] = []
        self._open = np.zeros(2)
        self._samples = 0
        self._detector = PeakDetector(sample_rate_hz, channels)
        self._peak = 0.0 if peaks else math.inf

    def add(self, block: np.ndarray) -> None:
        """Take in the next samples, float [channels, samples]."""
        import numpy as np
        from scipy.signal import sosfilt

        if block.shape[1] == 0:
            return
        block = np.asarray(block, dtype=np.float64)
        if self._peak < math.inf:
            self._peak = max(self._peak, float(self._detector.add(block, floor=self._peak).max()))
        weighted, self._state = sosfilt(self._sections, block, axis=1, zi=self._state)
        self._add_energy(weighted)

    def _add_energy(self, weighted: np.ndarray) -> None:
        import numpy as np

        start, end = self._samples, self._samples + weighted.shape[1]
        edges = [self._edge(n) for n in range(self._step_at(start) + 1, self._step_at(end) + 1)]
        cuts = [0, *(edge - start for edge in edges), weighted.shape[1]]
        for index, (first, last) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
            self._open += self._energy(weighted[:, first:last])
            if index < len(edges):
                self._steps.append((float(self._open[0]), float(self._open[1])))
                self._open = np.zeros(2)
        self._samples = end

    def _energy(self, part: np.ndarray) -> np.ndarray:
        # of all channels, and of two of them folded to one that is as loud where they are the same
        import numpy as np

        products = part @ part.T
        total = float(self._weights @ np.diagonal(products))
        return np.array([total, 0.5 * products.sum() if len(part) == 2 else total])

    def _edge(self, step: int) -> int:
        # rates that 10 does not divide get steps that differ by one sample
        return -(-step * self._rate // STEPS_PER_SECOND)

    def _step_at(self, sample: int) -> int:
        return sample * STEPS_PER_SECOND // self._rate

    @property
    def integrated_lufs(self) -> float | None:
        """Gated loudness in LUFS, or None when nothing is above the absolute gate."""
        powers = self._powers(STEPS_PER_BLOCK)[0]
        heard = _gated(powers, RELATIVE_GATE_LU)
        return _lufs(float(powers[heard].mean())) if heard.any() else None

    @property
    def momentary_max_lufs(self) -> float | None:
        """Loudest 400 ms, LUFS; None below the absolute gate."""
        return self._loudest(STEPS_PER_BLOCK)

    @property
    def short_term_max_lufs(self) -> float | None:
        """Loudest 3 s, LUFS; None below the absolute gate."""
        return self._loudest(STEPS_PER_SHORT_TERM)

    @property
    def range_lu(self) -> float | None:
        """Loudness range in LU (EBU Tech 3342); None when it is shorter than 3 s or nothing is above the gate."""
        import numpy as np

        if len(self._steps) < STEPS_PER_SHORT_TERM:
            return None
        powers = self._powers(STEPS_PER_SHORT_TERM)[0]
        kept = np.sort(powers[_gated(powers, RANGE_GATE_LU)])
        if not len(kept):
            return None
        low, high = (kept[round((len(kept) - 1) * share)] for share in (RANGE_LOW, RANGE_HIGH))
        return 10 * math.log10(float(high / low))

    @property
    def mono_loss_lu(self) -> float | None:
        """How much louder two channels are than their sum in one, LU: 0 when they are the same, 3 without likeness.

        Measured over the blocks that count for the programme; None for silence and for other than two channels.
        """
        powers, folded = self._powers(STEPS_PER_BLOCK)
        heard = _gated(powers, RELATIVE_GATE_LU)
        if len(self._weights) != 2 or not heard.any():
            return None
        kept = float(folded[heard].sum() / powers[heard].sum())
        return min(MAX_MONO_LOSS_LU, -10 * math.log10(kept)) if kept > 0 else MAX_MONO_LOSS_LU

    def series_lufs(self, steps: int) -> np.ndarray:
        """Loudness over time: of the window of so many steps that ends with each step of 100 ms.

        Parameters
        ----------
        steps : int
            `STEPS_PER_BLOCK` for momentary, `STEPS_PER_SHORT_TERM` for short-term loudness.

        Returns
        -------
        float64 [steps]
            -inf for silence; not a number before the first window is full.
        """
        import numpy as np

        found = np.full(len(self._steps), np.nan)
        if len(self._steps) >= steps:
            powers = self._powers(steps)[0]
            with np.errstate(divide="ignore"):
                found[steps - 1 :] = OFFSET_DB + 10 * np.log10(np.maximum(powers, 0))
        return found

    def lufs_of(self, steps: np.ndarray) -> float | None:
        """Loudness of marked stretches alone, not gated by level (as BS.1770-1 with a dialogue gate).

        Parameters
        ----------
        steps : bool [steps]
            Which steps of 100 ms count; what is missing at the end does not.
        """
        import numpy as np

        marked = np.flatnonzero(steps[: len(self._steps)])
        samples = sum(self._edge(int(n) + 1) - self._edge(int(n)) for n in marked)
        energy = sum(self._steps[n][0] for n in marked)
        return _lufs(energy / samples) if samples and energy / samples > _power(ABSOLUTE_GATE_LUFS) else None

    @property
    def true_peak_dbtp(self) -> float | None:
        """Largest inter-sample peak in dB of full scale, or None for digital silence and where none was looked for."""
        import numpy as np

        if self._peak == math.inf:
            return None
        # the last samples are still inside the interpolator: push them out of a copy
        rest = np.zeros((len(self._weights), self._detector.delay))
        peak = max(self._peak, float(copy(self._detector).add(rest).max()))
        return 20 * math.log10(peak) if peak > 0 else None

    def _loudest(self, window: int) -> float | None:
        powers = self._powers(window)[0]
        return _lufs(float(powers.max())) if len(powers) and powers.max() > _power(ABSOLUTE_GATE_LUFS) else None

    def _powers(self, window: int) -> np.ndarray:
        # mean power of each window of so many steps, and of its mono sum: float64 [2, windows]
        import numpy as np

        if not self._samples:
            return np.zeros((2, 0))
        if len(self._steps) < window:
            total: np.ndarray = self._open + sum(map(np.asarray, self._steps))
            return total[:, None] / self._samples
        steps = np.asarray(self._steps).T
        sums = np.stack([np.convolve(row, np.ones(window), mode="valid") for row in steps])
        return sums / (window * self._rate / STEPS_PER_SECOND)


def _gated(powers: np.ndarray, relative_lu: float) -> np.ndarray:
    # which windows are above the absolute gate, and above the mean of those by so many LU
    heard: np.ndarray = powers > _power(ABSOLUTE_GATE_LUFS)
    if heard.any():
        heard &= powers > powers[heard].mean() * 10 ** (relative_lu / 10)
    return heard


def _lufs(power: float) -> float:
    return OFFSET_DB + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return 10 ** ((lufs - OFFSET_DB) / 10)
