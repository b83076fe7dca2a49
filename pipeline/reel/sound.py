"""The clips' own sound on the film's time line: cut, played at their speed, faded, in step to the sample."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.media.audio import AUDIBLE, SAMPLE_RATE_HZ, iter_audio, write_wav
from pipeline.records import Clip
from pipeline.reel.reel import Segment, Timeline, Transition

if TYPE_CHECKING:
    import numpy as np

BLOCK_SAMPLES = 16_384
# A cut in the middle of a sound clicks; half of this lies before it and half after.
DE_CLICK_S = 0.010
# how far back a source may be asked for again: pieces of a stretched sound go back some hundredths of a second
KEPT_S = 0.5

# "even": two of them add up to one (the same sound goes on); "power": their powers do (two sounds)
Shape = Literal["even", "power"]


@dataclass(frozen=True)
class Fade:
    """A rise or fall in samples of the film."""

    start: int
    length: int
    shape: Shape


@dataclass(frozen=True)
class Voice:
    """One segment's sound in samples of the film."""

    segment: Segment
    clip: Clip
    # where it can be heard; fades lie inside
    start: int
    end: int
    rise: Fade
    fall: Fade
    gain: float


def write_production(timeline: Timeline, destination: Path, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> bool:
    """Write the clips' own sound as a float WAV as long as the film.

    Parameters
    ----------
    timeline : Timeline
        A segment whose `sound_db` is None, and one without sound, is silent.
    destination
        Stereo WAV; its sample 0 lies at the film's first picture.

    Returns
    -------
    bool
        False when nothing can be heard; then there is no file at `destination`.
    """
    found = voices(timeline, sample_rate_hz=sample_rate_hz)
    if not found:
        destination.unlink(missing_ok=True)
        return False
    heard = _Heard(_mixed(found, _sample(timeline.duration_s, sample_rate_hz), sample_rate_hz))
    write_wav(destination, iter(heard), sample_rate_hz=sample_rate_hz)
    if heard.peak <= AUDIBLE:
        destination.unlink()
    return heard.peak > AUDIBLE


def voices(timeline: Timeline, *, sample_rate_hz: int) -> tuple[Voice, ...]:
    """What can be heard when, in the order of the film."""
    segments = timeline.segments
    found = []
    for index, segment in enumerate(segments):
        if segment.clip is None or segment.clip.audio is None or segment.part.sound_db is None:
            continue
        before = segments[index - 1] if index else None
        after = segments[index + 1] if index + 1 < len(segments) else None
        rise = _rise(segment, before, sample_rate_hz)
        fall = _fall(segment, after, timeline.ending, sample_rate_hz)
        start, end = rise.start, fall.start + fall.length
        if end > start:
            gain = 10 ** (segment.part.sound_db / 20)
            found.append(Voice(segment, segment.clip, start, end, rise, fall, gain))
    return tuple(found)


def _rise(segment: Segment, before: Segment | None, rate_hz: int) -> Fade:
    start, transition = _sample(segment.start_s, rate_hz), segment.part.transition
    length = _sample(transition.length_s, rate_hz)
    half = round(DE_CLICK_S * rate_hz / 2)
    if transition.kind == "dip":
        # half of a dip belongs to the piece before
        return Fade(start, length if before is None else length // 2, "even")
    if before is None:
        return Fade(start, half, "even")
    if transition.kind == "cut":
        return Fade(max(0, start - half), min(start, half) + half, "even")
    return Fade(start, _sample(before.end_s, rate_hz) - start, "power")


def _fall(segment: Segment, after: Segment | None, ending: Transition, rate_hz: int) -> Fade:
    end = _sample(segment.end_s, rate_hz)
    half = round(DE_CLICK_S * rate_hz / 2)
    if after is None:
        length = _sample(ending.length_s, rate_hz) if ending.kind == "dip" else 2 * half
        return Fade(end - length, length, "even")
    transition = after.part.transition
    if transition.kind == "dip":
        length = _sample(transition.length_s, rate_hz) // 2
        return Fade(end - length, length, "even")
    if transition.kind == "cut":
        return Fade(end - half, 2 * half, "even")
    start = _sample(after.start_s, rate_hz)
    return Fade(start, end - start, "power")


def _sample(time_s: float, rate_hz: int) -> int:
    return round(time_s * rate_hz)


class _Heard:
    """Blocks on their way to the file, and the highest sample among them."""

    def __init__(self, blocks: Iterator[np.ndarray]) -> None:
        self.peak = 0.0
        self._blocks = blocks

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.peak = max(self.peak, float(abs(block).max(initial=0.0)))
            yield block


def _mixed(found: tuple[Voice, ...], samples: int, rate_hz: int) -> Iterator[np.ndarray]:
    """The film's sound block by block; sources are open only while they are heard."""
    import numpy as np

    waiting = list(reversed(found))
    playing: list[tuple[Voice, _Flow]] = []
    for start in range(0, samples, BLOCK_SAMPLES):
        end = min(start + BLOCK_SAMPLES, samples)
        while waiting and waiting[-1].start < end:
            voice = waiting.pop()
            playing.append((voice, _Flow(_played(voice, rate_hz))))
        block = np.zeros((2, end - start), np.float32)
        for voice, flow in playing:
            first, last = max(start, voice.start), min(end, voice.end)
            if last > first:
                block[:, first - start : last - start] += flow.take(last - first) * envelope(voice, first, last)
        for voice, flow in playing:
            if voice.end <= end:
                flow.close()
        playing = [(voice, flow) for voice, flow in playing if voice.end > end]
        yield block


def envelope(voice: Voice, first: int, last: int) -> np.ndarray:
    """Gain of a voice from one sample of the film to another, float32 [last - first]."""
    import numpy as np

    place = np.arange(first, last) + 0.5
    rise = _faded((place - voice.rise.start) / max(voice.rise.length, 1), voice.rise.shape)
    fall = _faded((voice.fall.start + voice.fall.length - place) / max(voice.fall.length, 1), voice.fall.shape)
    return (voice.gain * rise * fall).astype(np.float32)


def _faded(share: np.ndarray, shape: Shape) -> np.ndarray:
    import numpy as np

    angle = np.clip(share, 0.0, 1.0) * (np.pi / 2)
    return np.sin(angle) if shape == "power" else np.sin(angle) ** 2


def _played(voice: Voice, rate_hz: int) -> Iterator[np.ndarray]:
    """The voice's sound from its first sample on, without fades and without an end."""
    from pipeline.reel.stretch import stretched

    source = _Source(voice.clip, rate_hz)
    speed = Fraction(voice.segment.part.speed).limit_denominator(10_000)
    time_s = voice.segment.source_time_s(voice.start / rate_hz)
    try:
        if speed != 1:
            yield from stretched(source.read, speed=float(speed), start=time_s * rate_hz, sample_rate_hz=rate_hz)
        place = round(time_s * rate_hz)
        while True:
            yield source.read(place, BLOCK_SAMPLES)
            place += BLOCK_SAMPLES
    finally:
        source.close()


class _Flow:
    """Blocks of any length as blocks of the length that is asked for."""

    def __init__(self, blocks: Iterator[np.ndarray]) -> None:
        self._blocks = blocks
        self._rest: np.ndarray | None = None

    def take(self, samples: int) -> np.ndarray:
        """float32 [2, samples]."""
        import numpy as np

        parts, have = ([], 0) if self._rest is None else ([self._rest], self._rest.shape[1])
        while have < samples:
            parts.append(next(self._blocks))
            have += parts[-1].shape[1]
        whole = np.concatenate(parts, axis=1)
        self._rest = whole[:, samples:]
        return whole[:, :samples]

    def close(self) -> None:
        """Let go of the source."""
        self._blocks.close()  # type: ignore[attr-defined]


class _Source:
    """A clip's sound, read forward once, with a little of what was before; silence outside of it."""

    def __init__(self, clip: Clip, rate_hz: int) -> None:
        import numpy as np

        self._blocks = iter_audio(clip, sample_rate_hz=rate_hz)
        self._kept = math.ceil(KEPT_S * rate_hz)
        self._start, self._buffer = 0, np.zeros((2, 0), np.float32)

    def read(self, first: int, count: int) -> np.ndarray:
        """float32 [2, count] from a sample of the source on."""
        import numpy as np

        self._fill(first, first + count)
        part = np.zeros((2, count), np.float32)
        low, high = max(first, self._start), min(first + count, self._start + self._buffer.shape[1])
        if high > low:
            part[:, low - first : high - first] = self._buffer[:, low - self._start : high - self._start]
        return part

    def close(self) -> None:
        """Let go of the file."""
        self._blocks.close()  # type: ignore[attr-defined]

    def _fill(self, first: int, end: int) -> None:
        import numpy as np

        while self._start + self._buffer.shape[1] < end:
            block = next(self._blocks, None)
            if block is None:
                return
            gone = min(max(0, first - self._kept - self._start), self._buffer.shape[1])
            self._start += gone
            self._buffer = np.concatenate([self._buffer[:, gone:], block], axis=1)
