"""Steadiness: how far the level of each band wanders by itself, which is what hides that a mark moves it.

An organ's chord stands still for seconds. Its partials lie too close for frames of 25 ms to tell them from noise, but
noise never stands still. Modulation is heard the less the more a sound is modulated already (Houtgast, Frequency
selectivity in amplitude-modulation detection, JASA 85, 1989).
"""

from __future__ import annotations

import math

import numpy as np

from pipeline.watermark.sound.cells import CELL_S

# seconds over which the wandering is averaged
AVERAGE_S = 0.1
# A mark may move a level so many times as far as it moves by itself from one frame to the next: half of the time white
# noise moves by more than 2 dB, most natural sounds by 1.6 to 4 dB, an organ chord by 0.2 dB.
SHARE = 1.2
# what stands still: modulation of 3 %, which is just not heard (Zwicker and Fastl, Psychoacoustics, figure 7.1)
LEAST_DB = 0.25


class Wandering:
    """Follows a sound from frame to frame.

    Parameters
    ----------
    channels, bands : int
    """

    def __init__(self, channels: int, bands: int) -> None:
        self._last: np.ndarray | None = None
        self._average_db: np.ndarray = np.zeros((channels, bands), dtype=np.float32)

    def __call__(self, level: np.ndarray) -> np.ndarray:
        """Gain in dB that the next frames hide, float32 like their power `level` [channels, frames, bands]."""
        level_db = np.float32(10 / math.log(10)) * np.log(level + np.float32(1e-12))
        last = level_db[:, :1] if self._last is None else self._last
        moves_db: np.ndarray = np.abs(np.diff(level_db, axis=1, prepend=last))
        keep = np.float32(math.exp(-CELL_S / 2 / AVERAGE_S))
        average_db = np.empty_like(moves_db)
        for frame in range(moves_db.shape[1]):
            self._average_db = keep * self._average_db + (1 - keep) * moves_db[:, frame]
            average_db[:, frame] = self._average_db
        self._last = level_db[:, -1:]
        return np.maximum(np.float32(SHARE) * average_db, np.float32(LEAST_DB))
