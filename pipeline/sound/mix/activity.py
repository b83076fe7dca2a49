"""What goes on in production sound: where somebody speaks, and where something else is heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.sound.mix.voice import FRAME_S, speech_probability

if TYPE_CHECKING:
    import numpy as np

# resolution of everything that follows the sound
HOP_S = 0.010
# speech begins where the net is sure and goes on until it doubts (Silero's own two thresholds)
BEGINS, ENDS = 0.5, 0.35
# shorter than any word, longer than what a lone frame of a cough or a squeak gives
LEAST_SPEECH_S = 0.12
# the net is sure some frames late: a word begins where the level before it rises, at most this much earlier
EARLIER_S = 0.25
# what is said lies within so many dB of the loud passages of its sentence
WITHIN_DB = 25.0
# whatever is fainter is no sound that wants room (dBFS)
FLOOR_DB = -50.0
# other sound is loud when it is near the loud passages of the clip, and not faint
OTHER_WITHIN_DB, OTHER_FLOOR_DB = 15.0, -42.0


@dataclass(frozen=True)
class Activity:
    """What is heard when, one value per hop."""

    hop_s: float
    # bool [hops]: somebody speaks
    speech: np.ndarray
    # bool [hops]: hits, wind, engines; something loud that is not speech
    other: np.ndarray

    def speech_steps(self, step_s: float) -> np.ndarray:
        """Which steps hold speech for at least half of their length, bool [steps]."""
        import numpy as np

        size = round(step_s / self.hop_s)
        padded = np.pad(self.speech, (0, -len(self.speech) % size))
        steps: np.ndarray = padded.reshape(-1, size).mean(axis=1) >= 0.5
        return steps


def find_activity(blocks: Iterable[np.ndarray], *, sample_rate_hz: int) -> Activity:
    """Read production sound once, float [channels, n] blocks, and say what goes on in it."""
    envelope = _Envelope(sample_rate_hz)
    probability = speech_probability(envelope.watch(blocks), sample_rate_hz=sample_rate_hz)
    level_db = envelope.level_db()
    speech = speech_hops(probability, level_db)
    return Activity(hop_s=HOP_S, speech=speech, other=_other_hops(level_db, speech))


def level_envelope(blocks: Iterable[np.ndarray], *, sample_rate_hz: int) -> np.ndarray:
    """RMS level of a stream in dB of full scale, one value per 10 ms, float64 [hops]; blocks float [channels, n]."""
    envelope = _Envelope(sample_rate_hz)
    for _ in envelope.watch(blocks):
        pass
    return envelope.level_db()


def speech_hops(probability: np.ndarray, level_db: np.ndarray) -> np.ndarray:
    """Where somebody speaks, bool [hops], from the probability of each 32 ms and the level of each hop."""
    import numpy as np

    at = np.minimum((np.arange(len(level_db)) + 0.5) * HOP_S // FRAME_S, len(probability) - 1).astype(int)
    told = probability[at] if len(probability) else np.zeros(len(level_db), np.float32)
    speech = np.zeros(len(level_db), dtype=bool)
    for first, last in _runs(told > ENDS):
        if (told[first:last] > BEGINS).any() and (last - first) * HOP_S >= LEAST_SPEECH_S:
            loud_db = float(np.quantile(level_db[first:last], 0.95))
            if loud_db > FLOOR_DB:
                speech[_onset(level_db, first, max(FLOOR_DB, loud_db - WITHIN_DB)) : last] = True
    return speech


def _onset(level_db: np.ndarray, first: int, least_db: float) -> int:
    # the earliest hop that is loud enough, within reach
    import numpy as np

    earliest = max(0, first - round(EARLIER_S / HOP_S))
    loud = np.flatnonzero(level_db[earliest:first] > least_db)
    return earliest + int(loud[0]) if len(loud) else first


def _other_hops(level_db: np.ndarray, speech: np.ndarray) -> np.ndarray:
    import numpy as np

    heard = level_db[level_db > FLOOR_DB]
    if not len(heard):
        return np.zeros(len(level_db), dtype=bool)
    least_db = max(OTHER_FLOOR_DB, float(np.quantile(heard, 0.95)) - OTHER_WITHIN_DB)
    loud: np.ndarray = (level_db > least_db) & ~speech
    return loud


def _runs(marked: np.ndarray) -> list[tuple[int, int]]:
    # stretches of True, first and one past the last
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


class _Envelope:
    """Mean power of each hop of a stream that goes by."""

    def __init__(self, sample_rate_hz: int) -> None:
        import numpy as np

        self._hop = round(HOP_S * sample_rate_hz)
        self._powers: list[np.ndarray] = [np.zeros(0)]
        self._rest = np.zeros(0)

    def watch(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The same blocks, taken note of."""
        import numpy as np

        for block in blocks:
            energy = np.concatenate([self._rest, np.mean(np.asarray(block, dtype=np.float64) ** 2, axis=0)])
            whole = len(energy) // self._hop * self._hop
            self._powers.append(energy[:whole].reshape(-1, self._hop).mean(axis=1))
            self._rest = energy[whole:]
            yield block

    def level_db(self) -> np.ndarray:
        """dB of full scale for each hop, float64 [hops]; the last one may be shorter."""
        import numpy as np

        rest = [np.array([self._rest.mean()])] if len(self._rest) else []
        level: np.ndarray = 10 * np.log10(np.concatenate([*self._powers, *rest]) + 1e-12)
        return level
