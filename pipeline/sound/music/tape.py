"""Tape and vinyl: the slow waver, the dull top and the dust of a worn recording, as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.sound.noise import Filter, band, stream, uniform_at

if TYPE_CHECKING:
    import numpy as np

# the reading head wanders by this much on either side of the middle: 2.5 cents at its quickest, 1.2 ms late at most
WOW_S, WOW_HZ = 0.0006, (0.55, 1.31)
FLUTTER_S, FLUTTER_HZ = 0.000015, 6.7
# the loss of a worn tape, and how hard it is driven: 3 % third harmonic at full level (tanh series)
TOP_HZ, DRIVE = 8500.0, 0.6
# crackles: how often, how loud (peak, dB); hiss in dB of full scale
CRACKLES_HZ, CRACKLE_DB, HISS_DB = 7.0, -43.0, -63.0
# grid of moments at which a crackle may begin
_GRID_HZ = 400


class Tape:
    """Wow, saturation and dust, block by block; blocks have to come in one length for the same samples."""

    def __init__(self, seed: int, *, sample_rate_hz: int) -> None:
        import numpy as np

        self._seed, self._rate = seed, sample_rate_hz
        self._past = np.zeros((2, int(2.5 * (WOW_S + FLUTTER_S) * sample_rate_hz) + 4), np.float32)
        self._top = Filter(band(0, TOP_HZ, sample_rate_hz=sample_rate_hz))
        self._dust = Filter(band(1500.0, 5200.0, sample_rate_hz=sample_rate_hz, order=1))
        self._hiss = Filter(band(900.0, 6000.0, sample_rate_hz=sample_rate_hz, order=1))
        self._phase = stream(seed, "wow").uniform(0, 2 * np.pi, 3)
        self._done = 0

    def add(self, block: np.ndarray) -> np.ndarray:
        """The next block as it comes off the tape, float32 [2, n]."""
        import numpy as np

        worn = self._top(np.tanh(DRIVE * self._wavered(block)) / DRIVE) + self._dirt(block.shape[1])
        self._done += block.shape[1]
        return worn.astype(np.float32)

    def _wavered(self, block: np.ndarray) -> np.ndarray:
        """Read behind the head, cubic between samples (Catmull & Rom 1974)."""
        import numpy as np

        lead = self._past.shape[1]
        sound = np.concatenate([self._past, block], axis=1)
        self._past = sound[:, -lead:]
        time = (self._done + np.arange(block.shape[1])) / self._rate
        slow = [np.sin(2 * np.pi * hz * time + turn) for hz, turn in zip(WOW_HZ, self._phase, strict=False)]
        late_s = WOW_S * (1 + 0.7 * slow[0] + 0.3 * slow[1])
        late_s += FLUTTER_S * (1 + np.sin(2 * np.pi * FLUTTER_HZ * time + self._phase[2]))
        place = lead - 2 + np.arange(block.shape[1]) - late_s * self._rate
        index = place.astype(np.intp)
        part = (place - index).astype(np.float32)
        before, here, there, beyond = (sound[:, index + step] for step in (-1, 0, 1, 2))
        bend = 2 * before - 5 * here + 4 * there - beyond + part * (3 * (here - there) + beyond - before)
        return here + 0.5 * part * (there - before + part * bend)

    def _dirt(self, count: int) -> np.ndarray:
        import numpy as np

        clicks = np.zeros((2, count), np.float32)
        first, last = (int(place * _GRID_HZ / self._rate) + 1 for place in (self._done - 1, self._done + count - 1))
        cells = np.arange(first, last)
        hit = cells[uniform_at(cells, self._seed, "crackle") < CRACKLES_HZ / _GRID_HZ]
        at = np.round(hit * self._rate / _GRID_HZ).astype(np.int64) - self._done
        # most are faint and few are loud
        loud = 10 ** (CRACKLE_DB / 20) * uniform_at(hit, self._seed, "loud") ** 3
        side = uniform_at(hit, self._seed, "side")
        for channel, share in enumerate((1 - 0.6 * side, 0.4 + 0.6 * side)):
            fits = (at >= 0) & (at < count)
            np.add.at(clicks[channel], at[fits], (8.0 * loud * share)[fits].astype(np.float32))
        noise = stream(self._seed, "hiss", self._done).standard_normal((2, count), dtype=np.float32)
        return self._dust(clicks) + np.float32(10 ** (HISS_DB / 20)) * self._hiss(noise)
