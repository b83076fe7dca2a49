"""Sound reader: finds our mark in a sound and reads its id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.records import MarkReading
from pipeline.watermark import audio_cells, audio_search, audio_tile
from pipeline.watermark.audio_evidence import STEPS
from pipeline.watermark.audio_search import TRIES_PER_FOLD, Match, Warp
from pipeline.watermark.audio_spectrogram import Spectrogram
from pipeline.watermark.payload import decode_payload

# Chance that an unmarked sound gets as far as a decoding, in the plain reading and again in the search; the 24-bit
# check then lets one in 16.8 million through. Together: one wrong reading in some 800 million sounds.
DECODE_CHANCE = 0.01
# chance to call an unmarked sound "marked" without a passed check
UNREADABLE_CHANCE = 1e-9
# Seconds that are read at a time, and searched for changes of speed: ten and seven tiles. Memory stays flat, and a
# long sound that was cut together still has windows without a cut.
WINDOW_S, SEARCH_S = 30, 21
STEPS_PER_S = round(STEPS / audio_cells.CELL_S)


class SoundReader:
    """Sums the evidence of a sound block by block and reads the mark.

    Parameters
    ----------
    sample_rate_hz : int
        4,000 to 768,000.
    key : bytes
        The mark key.
    """

    def __init__(self, sample_rate_hz: int, *, key: bytes) -> None:
        self._key = key
        self._code = audio_tile.sound_tile_code(key)
        self._rate_hz = sample_rate_hz
        self._spectrogram = Spectrogram(sample_rate_hz)
        self._waiting = np.zeros((0, self._spectrogram.bins), dtype=np.float32)
        self._sum = np.zeros((STEPS, audio_tile.LENGTH, audio_cells.BANDS), dtype=np.float32)
        # the part that speeds are searched on: of the loudest window
        self._loudest = self._waiting
        self._windows = 0
        self._best = MarkReading("none", sentence="No mark made with this key was found in the sound.")

    def add(self, block: np.ndarray) -> None:
        """Take in the next block, float32 [channels, samples]; ValueError when the channels change."""
        if self.settled:
            return
        self._waiting = np.concatenate([self._waiting, self._spectrogram(block)])
        window = WINDOW_S * STEPS_PER_S
        while len(self._waiting) >= window:
            self._look(self._waiting[:window])
            self._waiting = self._waiting[window:]

    @property
    def settled(self) -> bool:
        """Whether the id has been read: more sound cannot change it."""
        return self._best.state == "read"

    def reading(self) -> MarkReading:
        """What the sound says; to be asked once, at its end."""
        if not self.settled and len(self._waiting):
            self._look(self._waiting)
        if not self.settled and self._windows > 1:
            whole = Match(Warp(), audio_tile.find_sync(self._code, self._sum), self._sum)
            self._judge([whole], tries=(self._windows + 1) * TRIES_PER_FOLD)
        if not self.settled and self._loudest.any():
            self._judge(*audio_search.search(self._loudest, self._code, self._rate_hz))
        return self._best

    def _look(self, power: np.ndarray) -> None:
        """Read one window as it is."""
        self._windows += 1
        if power.mean() > (self._loudest.mean() if len(self._loudest) else 0):
            self._loudest = power[: SEARCH_S * STEPS_PER_S].copy()
        found = audio_search.match(power, self._code, self._rate_hz, Warp())
        self._sum += found.tiles
        self._judge([found], tries=self._windows * TRIES_PER_FOLD)

    def _judge(self, matches: Sequence[Match], tries: int) -> None:
        """Decode what stands out more than chance allows, given how many places were tried."""
        least = audio_tile.threshold(tries, chance=DECODE_CHANCE)
        sure = audio_tile.threshold(tries, chance=UNREADABLE_CHANCE)
        for found in matches:
            self._best = max(self._best, self._one(found, least, sure), key=_weight)

    def _one(self, found: Match, least: float, sure: float) -> MarkReading:
        z, geometry = found.peak.z, found.warp.sentence
        symbols = audio_tile.soft_symbols(self._code, found.tiles, found.peak)
        payload = decode_payload(symbols, key=self._key) if z >= least else None
        if payload is not None:
            sentence = f"The sound carries our mark with the id {payload.hex}."
            return MarkReading("read", payload, z, geometry, sentence=sentence)
        if z >= sure:
            sentence = "The sound carries our mark, but too little of it is left to read the id."
            return MarkReading("unreadable", None, z, geometry, sentence=sentence)
        return MarkReading("none", None, z, sentence="No mark made with this key was found in the sound.")


def read_sound(sound: np.ndarray | Iterable[np.ndarray], sample_rate_hz: int, *, key: bytes) -> MarkReading:
    """Look for our mark in a sound.

    Parameters
    ----------
    sound : float32 [channels, samples], or an iterable of such blocks
        No more blocks are drawn once the id is read.
    sample_rate_hz : int
        4,000 to 768,000.
    key : bytes
        The mark key.

    Raises
    ------
    ValueError
        When the rate is impossible or the channels change.
    """
    reader = SoundReader(sample_rate_hz, key=key)
    for block in [sound] if isinstance(sound, np.ndarray) else sound:
        reader.add(block)
        if reader.settled:
            break
    return reader.reading()


def _weight(reading: MarkReading) -> tuple[int, float]:
    return ("none", "unreadable", "read").index(reading.state), reading.z
