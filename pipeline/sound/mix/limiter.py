"""Look-ahead true-peak limiter over a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pipeline.sound.mix.true_peak import PeakDetector

if TYPE_CHECKING:
    import numpy as np

LOOK_AHEAD_S = 0.005
# slow enough not to be heard as distortion, quick enough to be over before the next hit
RELEASE_DB_PER_S = 30.0


class Limiter:
    """Keeps inter-sample peaks under a ceiling; what goes in comes out aligned and complete after `flush`.

    The gain needed by each peak is spread backwards over 5 ms by a smoothing window, so that it is reached when the
    peak arrives, and released at a constant rate in dB.
    """

    def __init__(self, sample_rate_hz: int, channels: int, *, ceiling_db: float) -> None:
        import numpy as np

        self._window = round(LOOK_AHEAD_S * sample_rate_hz)
        shape = np.hanning(self._window + 2)[1:-1]
        self._smooth = shape / shape.sum()
        self._release_db = RELEASE_DB_PER_S / sample_rate_hz
        self._ceiling_db = ceiling_db
        self._detector = PeakDetector(sample_rate_hz, channels)
        # samples before the first were silent: no reduction was wanted then
        self._wanted_db = np.zeros(2 * self._window - 2)
        self._last_db = 0.0
        self._waiting = np.zeros((channels, 0))
        self._skip = self._detector.delay + self._window - 1
        self._delay = self._skip
        # largest reduction so far
        self.reduction_db = 0.0

    def add(self, block: np.ndarray) -> np.ndarray:
        """Take the next samples, float [channels, n]; give those whose gain is decided, float64 [channels, m]."""
        import numpy as np

        ceiling = 10 ** (self._ceiling_db / 20)
        peaks = self._detector.add(block, floor=ceiling)
        over = bool(peaks.size) and float(peaks.max()) > ceiling
        needed = 20 * np.log10(np.maximum(peaks, ceiling)) - self._ceiling_db if over else np.zeros(len(peaks))
        gain_db = -self._smoothed(self._released(needed))
        self._waiting = np.concatenate([self._waiting, block], axis=1)
        gain_db = gain_db[self._skip :]
        self._skip -= min(self._skip, block.shape[1])
        ready, self._waiting = np.split(self._waiting, [len(gain_db)], axis=1)
        if not gain_db.any():
            return ready
        self.reduction_db = max(self.reduction_db, -float(gain_db.min()))
        limited: np.ndarray = ready * 10 ** (gain_db / 20)
        return limited

    def flush(self) -> np.ndarray:
        """The samples still inside, float64 [channels, m]."""
        import numpy as np

        return self.add(np.zeros((self._waiting.shape[0], self._delay)))

    def _released(self, needed_db: np.ndarray) -> np.ndarray:
        # a reduction that decays at a constant rate is a running maximum on a tilted axis
        import numpy as np

        if not self._last_db and not needed_db.any():
            return needed_db
        tilt = self._release_db * np.arange(1, len(needed_db) + 1)
        held = np.maximum.accumulate(np.maximum(needed_db, 0) + tilt)
        result = np.maximum(np.maximum(held, self._last_db) - tilt, 0)
        self._last_db = float(result[-1]) if len(result) else self._last_db
        return result

    def _smoothed(self, wanted_db: np.ndarray) -> np.ndarray:
        # maximum over the coming window, then a weighted mean over the past one: never less than what is wanted
        import numpy as np
        from scipy.ndimage import maximum_filter1d

        window = self._window
        joined = np.concatenate([self._wanted_db, wanted_db])
        self._wanted_db = joined[len(joined) - (2 * window - 2) :]
        if not joined.any():
            return np.zeros(len(wanted_db))
        # value n of the filter covers joined[n .. n + window - 1]
        coming = maximum_filter1d(joined, window, origin=-(window // 2))
        coming = coming[: len(joined) - window + 1]
        return np.convolve(coming, self._smooth, mode="valid")


def limit(
    blocks: Iterable[np.ndarray], *, sample_rate_hz: int, channels: int, ceiling_db: float
) -> Iterator[np.ndarray]:
    """Limit a stream of float [channels, n] blocks; as many samples come out as went in."""
    limiter = Limiter(sample_rate_hz, channels, ceiling_db=ceiling_db)
    for block in blocks:
        yield limiter.add(block)
    yield limiter.flush()
