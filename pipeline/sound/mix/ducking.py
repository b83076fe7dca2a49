"""Ducking: automation that lowers music and ambience while somebody speaks, written ahead of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.records import StemName

if TYPE_CHECKING:
    import numpy as np

# resolution of the level envelope and of the automation
HOP_S = 0.010
# how far each stem goes down, and how it gets there and back (design: sound.md)
DEPTH_DB: dict[StemName, float] = {"MX": -10.0, "BG": -4.0}
LOOK_AHEAD_S, HOLD_S, RELEASE_S = 0.200, 0.300, 0.600
# speech lies within 25 dB of its own loud passages; below -50 dBFS nothing is said that would need room
BELOW_LOUD_DB, FLOOR_DB = 25.0, -50.0


@dataclass(frozen=True)
class Automation:
    """A gain curve on an even time grid, linear in dB between points."""

    hop_s: float
    # 0 untouched .. 1 fully lowered, one value per hop
    amount: np.ndarray

    def gain(self, depth_db: float, *, start: int, samples: int, sample_rate_hz: int) -> np.ndarray:
        """Linear gain of each sample from `start` on, float64 [samples]."""
        import numpy as np

        if not self.amount.any():
            return np.ones(samples)
        hops = np.arange(start, start + samples) / (sample_rate_hz * self.hop_s)
        return 10 ** (depth_db * np.interp(hops, np.arange(len(self.amount)), self.amount) / 20)


def level_envelope(blocks: Iterable[np.ndarray], *, sample_rate_hz: int) -> np.ndarray:
    """RMS level of a stream in dB of full scale, one value per 10 ms, float64 [hops]; blocks float [channels, n]."""
    import numpy as np

    hop = round(HOP_S * sample_rate_hz)
    powers, rest = [np.zeros(0)], np.zeros(0)
    for block in blocks:
        energy = np.concatenate([rest, np.mean(np.asarray(block, dtype=np.float64) ** 2, axis=0)])
        whole = len(energy) // hop * hop
        powers.append(energy[:whole].reshape(-1, hop).mean(axis=1))
        rest = energy[whole:]
    if len(rest):
        powers.append(np.array([rest.mean()]))
    return 10 * np.log10(np.concatenate(powers) + 1e-12)


def active_hops(level_db: np.ndarray) -> np.ndarray:
    """Where somebody speaks, bool [hops]: near the level of the loud passages, and not close to silence."""
    import numpy as np

    heard = level_db[level_db > FLOOR_DB]
    if not len(heard):
        return np.zeros(len(level_db), dtype=bool)
    return level_db > max(FLOOR_DB, float(np.quantile(heard, 0.95)) - BELOW_LOUD_DB)


def automate(active: np.ndarray, *, hop_s: float = HOP_S) -> Automation:
    """Turn activity into a curve that is down when speech begins and comes back gently.

    Parameters
    ----------
    active : bool [hops]
        Where somebody speaks.
    hop_s : float
        Seconds per hop.

    Returns
    -------
    Automation
        Starts to fall 200 ms before activity, stays down for 300 ms after it, is back after another 600 ms.
    """
    import numpy as np

    hops = np.arange(len(active), dtype=np.float64)
    since = hops - np.maximum.accumulate(np.where(active, hops, -np.inf))
    until = np.minimum.accumulate(np.where(active, hops, np.inf)[::-1])[::-1] - hops
    falling = 1 - until * hop_s / LOOK_AHEAD_S
    rising = 1 - (since * hop_s - HOLD_S) / RELEASE_S
    amount = np.clip(np.maximum(falling, rising), 0, 1)
    # a raised cosine has no corners to be heard
    return Automation(hop_s=hop_s, amount=0.5 - 0.5 * np.cos(np.pi * amount))
