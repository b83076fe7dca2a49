"""Sound reader: finds our mark in a sound and reads its id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from pipeline.records import MarkReading, MarkSegment, Payload
from pipeline.watermark.sound import cells, search, segments, tile
from pipeline.watermark.sound.evidence import STEPS, fold
from pipeline.watermark.sound.judgement import better, judge
from pipeline.watermark.sound.search import TRIES_PER_FOLD, Match, Warp
from pipeline.watermark.sound.segments import BLOCK_S, STEPS_PER_S
from pipeline.watermark.sound.spectrogram import Spectrogram

# Seconds that are read at a time, and searched for changes of speed: ten and seven tiles. Memory stays flat, and a
# long sound that was cut together still has windows without a cut.
WINDOW_S, SEARCH_S = 30, 21
# For segments windows overlap by two tiles, and each speaks up to the middle of the overlap.
OVERLAP_S = 6


class SoundReader:
    """Sums the evidence of a sound block by block and reads the mark.

    Parameters
    ----------
    sample_rate_hz : int
        4,000 to 768,000.
    keys : sequence of bytes
        The mark keys, at least one; all are tried, and each makes the thresholds a little higher.
    segments : bool
        Whether to tell which stretch carries what. Then the whole sound is read, and every part of it that does not
        read is searched for changes of speed, tempo and pitch.

    Raises
    ------
    ValueError
        When the rate is impossible or there is no key.
    """

    def __init__(self, sample_rate_hz: int, *, keys: Sequence[bytes], segments: bool = False) -> None:
        if not keys:
            raise ValueError("a mark is read with at least one key")
        self._patterns = tile.sound_patterns(keys)
        self._rate_hz = sample_rate_hz
        self._spectrogram = Spectrogram(sample_rate_hz)
        # power of what waits to be read, as it came, and how many steps that are
        self._waiting = [np.zeros((0, self._spectrogram.bins), dtype=np.float32)]
        self._steps = 0
        self._sum = np.zeros((STEPS, tile.LENGTH, cells.BANDS), dtype=np.float32)
        # the part that speeds are searched on: of the loudest window
        self._loudest = self._waiting[0]
        self._windows = 0
        self._best = MarkReading("none", sentence="No mark made with this key was found in the sound.")
        self._segments: tuple[MarkSegment, ...] | None = () if segments else None
        self._readings: dict[Payload, MarkReading] = {}
        # how much was heard, and where the first waiting step lies
        self._samples, self._start_s = 0, 0.0

    def add(self, block: np.ndarray) -> None:
        """Take in the next block, float32 [channels, samples]; ValueError when the channels change."""
        if self.settled:
            return
        self._waiting.append(self._spectrogram(block))
        self._steps += len(self._waiting[-1])
        self._samples += block.shape[1]
        window = WINDOW_S * STEPS_PER_S
        hop = window if self._segments is None else window - OVERLAP_S * STEPS_PER_S
        # with segments the last window takes in what would be too short a rest
        while self._steps >= window + (0 if self._segments is None else hop):
            power = np.concatenate(self._waiting)
            self._look(power[:window], hop)
            self._waiting = [power[hop:]]
            self._steps -= hop
            self._start_s += hop / STEPS_PER_S

    @property
    def settled(self) -> bool:
        """Whether the id has been read and more sound cannot change what is said; never while segments are asked."""
        return self._segments is None and self._best.state == "read"

    def reading(self) -> MarkReading:
        """What the sound says; to be asked once, at its end."""
        if not self.settled and self._steps:
            self._look(np.concatenate(self._waiting), self._steps)
        if self._best.state != "read" and self._windows > 1:
            whole = Match(Warp(), tile.find_sync(self._patterns, self._sum), self._sum)
            self._judge([whole], tries=TRIES_PER_FOLD * len(self._patterns))
        if self._best.state != "read" and self._segments is None and self._loudest.any():
            self._judge(*search.search(self._loudest, self._patterns, self._rate_hz))
        return self._best if self._segments is None else self._with_segments(self._segments)

    def _look(self, power: np.ndarray, hop: int) -> None:
        """Read one window as it is; `hop` steps of it are not in the next one."""
        self._windows += 1
        if power.mean() > (self._loudest.mean() if len(self._loudest) else 0):
            self._loudest = power[: SEARCH_S * STEPS_PER_S].copy()
        found = search.warped_evidence(power, self._rate_hz, Warp())
        self._sum += fold(found[:hop])
        if self._segments is not None:
            self._tell_apart(power, found, hop)
            return
        tiles = fold(found)
        plain = Match(Warp(), tile.find_sync(self._patterns, tiles), tiles)
        self._judge([plain], tries=self._claims * TRIES_PER_FOLD * len(self._patterns))

    @property
    def _claims(self) -> int:
        """By how many the chance is divided for this window: 1 / 2 + 1 / 6 + 1 / 12 .. never gets past one."""
        return self._windows * (self._windows + 1)

    def _judge(self, matches: Sequence[Match], tries: int) -> None:
        for found in matches:
            self._take(judge(found, self._patterns, tries=tries))

    def _take(self, reading: MarkReading) -> None:
        self._best = better(self._best, reading)
        if reading.payload is not None:
            self._readings[reading.payload] = better(self._readings.get(reading.payload, reading), reading)

    # ------------------------------------------------------------- segments
    def _tell_apart(self, power: np.ndarray, found: np.ndarray, hop: int) -> None:
        """Add what the blocks of a window carry to the segments."""
        lays = segments.find_lays(found, self._patterns, Warp(), windows=self._claims)
        unread = MarkReading("none")
        if not lays:
            matches, tries = search.search(power[: SEARCH_S * STEPS_PER_S], self._patterns, self._rate_hz)
            best = matches[0]
            unread = judge(best, self._patterns, tries=tries * self._claims)
            self._take(unread)
            if unread.state != "none":
                found = search.warped_evidence(power, self._rate_hz, best.warp)
                lays = segments.find_lays(found, self._patterns, best.warp, windows=self._claims)
        for lay in lays:
            self._take(lay.reading)
        quiet = segments.quiet_blocks(power, frame_samples=cells.frame_samples(self._rate_hz))
        said = segments.label(lays, quiet)
        self._add_segments([reading or replace(unread, payload=None) for reading in said], last=hop == len(power))

    def _add_segments(self, said: Sequence[MarkReading], *, last: bool) -> None:
        assert self._segments is not None
        skipped = round(OVERLAP_S / 2) if self._segments else 0
        until = len(said) - (0 if last else round(OVERLAP_S / 2))
        new = [self._segment(number, said[number]) for number in range(skipped, until)]
        self._segments = segments.join([*self._segments, *new])

    def _segment(self, number: int, said: MarkReading) -> MarkSegment:
        start_s = self._start_s + number * BLOCK_S
        state = said.state if said.payload is not None or said.state != "read" else "none"
        return MarkSegment(start_s, start_s + BLOCK_S, state, said.payload, said.z, said.geometry, said.key_id)

    def _with_segments(self, segments: tuple[MarkSegment, ...]) -> MarkReading:
        length_s = self._samples / self._rate_hz
        segments = tuple(replace(one, end_s=min(one.end_s, length_s)) for one in segments if one.start_s < length_s)
        if segments:
            segments = (*segments[:-1], replace(segments[-1], end_s=length_s))
        seconds: dict[Payload, float] = defaultdict(float)
        for one in segments:
            if one.payload is not None:
                seconds[one.payload] += one.end_s - one.start_s
        if not seconds:
            return replace(self._best, segments=segments)
        longest = self._readings[max(seconds, key=lambda payload: seconds[payload])]
        sentence = longest.sentence
        if len(seconds) > 1:
            sentence = f"{sentence[:-1]} in its longest part, and {len(seconds)} ids in all: it was cut together."
        return replace(longest, sentence=sentence, segments=segments)


def read_sound(
    sound: np.ndarray | Iterable[np.ndarray], sample_rate_hz: int, *, keys: Sequence[bytes], segments: bool = False
) -> MarkReading:
    """Look for our mark in a sound.

    Parameters
    ----------
    sound : float32 [channels, samples], or an iterable of such blocks
        No more blocks are drawn once the id is read, unless segments are asked.
    sample_rate_hz : int
        4,000 to 768,000.
    keys : sequence of bytes
        The mark keys.
    segments : bool
        Whether to tell which stretch carries what; see `SoundReader`.

    Raises
    ------
    ValueError
        When the rate is impossible, there is no key, or the channels change.
    """
    reader = SoundReader(sample_rate_hz, keys=keys, segments=segments)
    for block in [sound] if isinstance(sound, np.ndarray) else sound:
        reader.add(block)
        if reader.settled:
            break
    return reader.reading()
