"""Spectrogram: a sound's power over time and frequency, block by block."""

from __future__ import annotations

import numpy as np

from pipeline.watermark.sound import cells
from pipeline.watermark.sound.evidence import STEPS

# frames transformed at a time
BATCH_FRAMES = 1024
# highest band, at the highest pitch that is searched, with a bin to spare
HIGHEST_HZ = (cells.LOWEST_HZ + cells.BANDS * cells.BAND_HZ) * 1.15


class Spectrogram:
    """Turns blocks of sound into power, summed over channels, every quarter of a cell.

    Parameters
    ----------
    sample_rate_hz : int
        4,000 to 768,000; nothing is resampled.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._hop = cells.CELL_S / STEPS * cells.validate_rate(sample_rate_hz)
        self._samples = cells.frame_samples(sample_rate_hz)
        self._window = np.square(cells.hann_root(self._samples))
        self._bins = min(self._samples // 2 + 1, int(HIGHEST_HZ * self._samples / sample_rate_hz) + 2)
        self._waiting: np.ndarray | None = None
        self._start = 0
        self._next_frame = 0

    @property
    def bins(self) -> int:
        """How many bins are kept."""
        return self._bins

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """float32 [steps, bins] of the frames that this block [channels, samples] completes; ValueError when the
        channels change."""
        if self._waiting is None:
            self._waiting = np.zeros((len(block), 0), dtype=np.float32)
        if block.ndim != 2 or len(block) != len(self._waiting):
            raise ValueError(f"the reader takes [{len(self._waiting)}, samples], not {list(block.shape)}")
        self._waiting = np.concatenate([self._waiting, cells.usable(block)], axis=1)
        last = self._start + self._waiting.shape[1] - self._samples
        until = self._next_frame
        if last >= 0:
            until = max(until, int((last + 0.5) / self._hop) + 1)
            until -= round((until - 1) * self._hop) > last
        numbers = np.arange(self._next_frame, until)
        power = [self._power(batch) for batch in np.split(numbers, range(BATCH_FRAMES, len(numbers), BATCH_FRAMES))]
        self._forget(until)
        return np.concatenate(power)

    def _power(self, numbers: np.ndarray) -> np.ndarray:
        if not len(numbers) or self._waiting is None:
            return np.zeros((0, self._bins), dtype=np.float32)
        starts = np.rint(numbers * self._hop).astype(int) - self._start
        frames = self._waiting[:, starts[:, None] + np.arange(self._samples)]
        spectrum = np.fft.rfft(frames * self._window)[..., : self._bins]
        return (np.square(spectrum.real) + np.square(spectrum.imag)).sum(axis=0).astype(np.float32)

    def _forget(self, until: int) -> None:
        assert self._waiting is not None
        done = min(max(0, round(until * self._hop) - self._start), self._waiting.shape[1])
        self._waiting = self._waiting[:, done:].copy()
        self._start += done
        self._next_frame = until
