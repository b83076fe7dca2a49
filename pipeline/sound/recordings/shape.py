"""The shape of a recording in time: the separate hits in it, found from its envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MAX_HITS = 64
# a blow is there within a few milliseconds; hearing parts onsets from about 100
SUDDEN_S = 0.1
_HOP_S = 0.005
# a hit begins and ends this far below the loudest moment, higher where the recording's own noise asks for it
_QUIET_DB, _NOISY_DB = -34.0, -20.0
_ABOVE_NOISE = 2.5
_FELT_HOPS = 11
# heel and toe are one step, two steps are two: shorter gaps do not part hits
_GAP_S = 0.15
# what is weaker than this against the loudest hit is handling noise
_WEAKEST_DB = -12.0
# below -80 dBFS nothing was recorded
_SILENCE = 1e-4


@dataclass(frozen=True)
class Hit:
    """One stretch of sound between two silences."""

    start_s: float
    # where it is heard to begin: its first moment within 20 dB of the loudest
    heard_s: float
    # the loudest moment
    peak_s: float
    end_s: float
    # from 20 dB to 6 dB below the peak: short for a blow, long for what swells
    rise_s: float


def find_hits(samples: np.ndarray, *, sample_rate_hz: int) -> tuple[Hit, ...]:
    """The hits of a recording in order; one for a sound without a pause, none for silence.

    Parameters
    ----------
    samples : float32 [channels, samples]
    """
    import numpy as np

    hop = max(int(_HOP_S * sample_rate_hz), 1)
    level = np.abs(samples).max(axis=0)
    level = np.pad(level, (0, -len(level) % hop)).reshape(-1, hop).max(axis=1)
    peak = float(level.max(initial=0.0))
    if peak < _SILENCE:
        return ()
    least, most = (peak * 10 ** (db / 20) for db in (_QUIET_DB, _NOISY_DB))
    threshold = min(max(_ABOVE_NOISE * float(np.percentile(level, 10)), least), most)
    sounding = np.flatnonzero(level >= threshold)
    parts = np.split(sounding, np.flatnonzero(np.diff(sounding) > _GAP_S / _HOP_S) + 1)
    loud = [part for part in parts if level[part].max() >= peak * 10 ** (_WEAKEST_DB / 20)]
    return tuple(_hit(level, int(part[0]), int(part[-1]) + 1, hop / sample_rate_hz) for part in loud[:MAX_HITS])


def _hit(level: np.ndarray, first: int, last: int, hop_s: float) -> Hit:
    import numpy as np

    part = level[first:last]
    peak = float(part.max())
    heard, strong = int(np.argmax(part >= 0.1 * peak)), int(np.argmax(part >= 0.5 * peak))
    # the loudest moment is felt over a twentieth of a second; one sharp sample in a swell is not it
    loudness = np.convolve(part**2, np.ones(_FELT_HOPS), "same")
    hops = (first, first + heard, first + int(loudness.argmax()), last, strong - heard)
    return Hit(*(round(count * hop_s, 4) for count in hops))


def playable(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that a cue may choose from: the sudden ones where there are any, else all."""
    return [hit for hit in hits if hit.rise_s <= SUDDEN_S] or list(hits)
