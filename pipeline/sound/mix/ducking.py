"""Ducking: automation that lowers music and ambience under the clip's own sound, written ahead of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.records import StemName
from pipeline.sound.mix.activity import Activity

if TYPE_CHECKING:
    import numpy as np

# how far each stem goes down under speech, and how it gets there and back (design: sound.md)
DEPTH_DB: dict[StemName, float] = {"MX": -10.0, "BG": -4.0}
LOOK_AHEAD_S, HOLD_S, RELEASE_S = 0.200, 0.300, 0.600
# existing sound is never buried: a hit, an engine, wind that is loud in the clip gets room too, but nobody has to
# understand it, so music stays music
OTHER_DEPTH_DB: dict[StemName, float] = {"MX": -4.0, "BG": -2.0}
# in a pause shorter than this, music would come up only to be taken down again
BRIDGE_S = HOLD_S + RELEASE_S
# polylines of `curve` keep within this of what the mixer does
CURVE_TOLERANCE_DB = 0.04
_LN10_20 = 0.11512925464970229


@dataclass(frozen=True)
class Automation:
    """Gain curves on an even time grid, linear in dB between points."""

    hop_s: float
    # 0 untouched .. 1 fully lowered, one value per hop: under speech, and under other sound of the clip
    amount: np.ndarray
    other: np.ndarray
    # how much the clip's own sound is raised throughout
    lift_db: float = 0.0

    def level_db(self, stem: StemName) -> np.ndarray:
        """Gain of a stem at each hop in dB, float64 [hops]: what speech or other sound asks for, the lower."""
        import numpy as np

        if stem == "DX":
            return np.full(len(self.amount), self.lift_db)
        speech_db, other_db = DEPTH_DB.get(stem, 0.0) * self.amount, OTHER_DEPTH_DB.get(stem, 0.0) * self.other
        return np.minimum(speech_db, other_db)

    def gain(self, stem: StemName, *, start: int, samples: int, sample_rate_hz: int) -> np.ndarray:
        """Linear gain of a stem for each sample from `start` on, float64 [samples]."""
        import numpy as np

        return np.exp(_LN10_20 * self._along(self.level_db(stem), start, samples, sample_rate_hz))

    def dip(self, *, start: int, samples: int, sample_rate_hz: int) -> np.ndarray:
        """How much of the dip under speech is in, 0..1 for each sample from `start` on, float64 [samples]."""
        return self._along(self.amount, start, samples, sample_rate_hz)

    def _along(self, values: np.ndarray, start: int, samples: int, sample_rate_hz: int) -> np.ndarray:
        import numpy as np

        per_hop = sample_rate_hz * self.hop_s
        first, last = int(start / per_hop), int((start + samples) / per_hop) + 2
        part = values[first:last]
        if not part.any():
            return np.zeros(samples)
        hops = np.arange(start, start + samples) / per_hop - first
        return np.interp(hops, np.arange(len(part)), part)


def automate(activity: Activity) -> Automation:
    """Turn activity into curves that are down when sound begins and come back gently.

    Returns
    -------
    Automation
        Starts to fall 200 ms before activity, stays down for 300 ms after it, is back after another 600 ms; pauses
        shorter than that 0.9 s stay down.
    """
    return Automation(
        hop_s=activity.hop_s,
        amount=_amount(activity.speech, activity.hop_s),
        other=_amount(activity.other, activity.hop_s),
    )


def _amount(active: np.ndarray, hop_s: float) -> np.ndarray:
    import numpy as np

    hops = np.arange(len(active), dtype=np.float64)
    since_s = (hops - np.maximum.accumulate(np.where(active, hops, -np.inf))) * hop_s
    until_s = (np.minimum.accumulate(np.where(active, hops, np.inf)[::-1])[::-1] - hops) * hop_s
    falling = 1 - until_s / LOOK_AHEAD_S
    rising = 1 - (since_s - HOLD_S) / RELEASE_S
    amount = np.clip(np.maximum(falling, rising), 0, 1)
    amount[since_s + until_s <= BRIDGE_S] = 1.0
    # a raised cosine has no corners to be heard
    return 0.5 - 0.5 * np.cos(np.pi * amount)


def curve(automation: Automation | None, stem: StemName) -> tuple[tuple[float, float], ...]:
    """The automation of a stem as a polyline, for programs that draw one.

    Returns
    -------
    tuple of (seconds, dB)
        Straight lines between points are within 0.05 dB of the level that the mixer applies (the dip under speech is
        not in it, it has no place in a level). Empty when nothing moves; of the clip's own sound one point, when it
        was raised.
    """
    import numpy as np

    if automation is None or not len(automation.amount):
        return ()
    level_db = automation.level_db(stem)
    if not level_db.any():
        return ()
    if stem == "DX":
        return ((0.0, round(float(level_db[0]), 3)),)
    # hops at which the level turns or stops are kept; the rest is thinned between them
    moves = np.diff(level_db)
    corners = np.flatnonzero(np.sign(moves[1:]) != np.sign(moves[:-1])) + 1
    kept = [0]
    for corner in (*corners.tolist(), len(level_db) - 1):
        kept.extend(_thinned(level_db, kept[-1], corner))
    return tuple((round(hop * automation.hop_s, 6), round(float(level_db[hop]), 3)) for hop in kept)


def _thinned(level_db: np.ndarray, first: int, last: int) -> list[int]:
    # the hops after `first`, up to `last`, that a polyline needs (Douglas and Peucker)
    import numpy as np

    if last - first < 1:
        return []
    hops = np.arange(first, last + 1)
    away_db = np.abs(level_db[first : last + 1] - np.interp(hops, [first, last], level_db[[first, last]]))
    worst = int(np.argmax(away_db))
    if away_db[worst] <= CURVE_TOLERANCE_DB:
        return [last]
    return _thinned(level_db, first, first + worst) + _thinned(level_db, first + worst, last)
