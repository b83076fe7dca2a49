"""Watching: everything that needs the pictures or the sound of a file, in one decode of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import CheckSettings
from pipeline.detect.findings import Content
from pipeline.detect.pictures import Thoroughness
from pipeline.mark_reading import Progress, picture_reader, read_marks, read_sound_track, silent
from pipeline.records import Clip, Evidence, Marks
from pipeline.steps import THUMBNAIL_WIDTH_PX, THUMBNAILS, Sampler

if TYPE_CHECKING:
    import numpy as np

    from pipeline.media.frames import Frame
    from pipeline.provenance.fingerprint.pictures import Pictures
    from pipeline.watermark.keys import MarkKeys

# seconds of sound that detectors listen to; speech and music show what they are within a verse
LISTEN_S: dict[Thoroughness, float] = {"fast": 30.0, "normal": 300.0, "thorough": float("inf")}
# tracks below are telephone sound at best
LEAST_RATE_HZ = 8_000


@dataclass(frozen=True)
class Watch:
    """What is to be looked at in pictures and sound."""

    # None when the mark is not looked for
    mark_keys: MarkKeys | None = None
    # tell which stretches carry which mark; a mark is then read to the end
    segments: bool = True
    # whether detectors look at the pictures, and whether they listen
    pictures: bool = True
    sound: bool = True
    thoroughness: Thoroughness = "normal"
    # only members of detectors speak that never saw this fold
    held_out: int | None = None
    # a few RGB pictures for a report
    thumbnails: bool = False
    # frame signatures for the search by fingerprint
    fingerprint: bool = False
    on_progress: Progress = silent
    # name detectors of the user's own
    settings: CheckSettings = CheckSettings()


@dataclass
class Watched:
    """What was found."""

    marks: Marks = Marks()
    content: Content = Content()
    # of a clip, for the search by fingerprint
    pictures: Pictures | None = None
    # RGB uint8 [h, w, 3]
    thumbnails: list[np.ndarray] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)


def watch_clip(clip: Clip, look: Watch) -> Watched:
    """Look at a clip's pictures and listen to its sound."""
    eyes = _Eyes(clip, look)
    if eyes.are_open:
        for frame in needed_frames(clip, eyes.spans, eyes.need_all):
            eyes.see(frame)
            look.on_progress("check", frame.time_s / clip.duration_s if clip.duration_s else 1.0)
    found = Watched(pictures=eyes.signer.pictures() if eyes.signer else None)
    if eyes.reader and look.mark_keys:
        sound = read_sound_track(clip, keys=look.mark_keys.keys, segments=look.segments)
        found.marks = Marks.of(eyes.reader.reading(), sound)
    if eyes.sampler:
        found.thumbnails = eyes.sampler.taken
    heard = _listen(clip, look, found) if look.sound else ()
    found.content = eyes.examiner.content(heard) if eyes.examiner else Content(heard)
    found.not_checked += eyes.examiner.complaints if eyes.examiner else ()
    return found


class _Eyes:
    """Everything that looks at the same decoded pictures; what is not wanted is None."""

    def __init__(self, clip: Clip, look: Watch) -> None:
        from pipeline.detect.examiner import Examiner
        from pipeline.provenance.fingerprint.pictures import PictureSampler

        keys = look.mark_keys.keys if look.mark_keys else None
        how = {"thoroughness": look.thoroughness, "held_out": look.held_out, "settings": look.settings}
        self.reader = picture_reader(clip, keys=keys, segments=look.segments) if keys else None
        self.examiner = Examiner(clip, **how) if look.pictures else None  # type: ignore[arg-type]
        self.spans = self.examiner.spans if self.examiner else ()
        self.sampler = Sampler(_seen_s(clip, look, self.spans), THUMBNAILS) if look.thumbnails else None
        self.signer = PictureSampler(mirrored=True) if look.fingerprint else None
        self._aspect = float(clip.video.display_aspect)

    @property
    def are_open(self) -> bool:
        """Whether anybody looks."""
        return any((self.reader, self.examiner, self.sampler, self.signer))

    def need_all(self) -> bool:
        """Whether somebody still has to see every picture."""
        return self.signer is not None or (self.reader is not None and not self.reader.settled)

    def see(self, frame: Frame) -> None:
        """Look at one picture."""
        if self.reader and not self.reader.settled:
            self.reader.add(frame.luma, time_s=frame.time_s, is_intra=frame.is_intra)
        if self.examiner:
            self.examiner.add(frame)
        if self.signer:
            self.signer.add(frame, aspect=self._aspect)
        if self.sampler and self.sampler.is_due(frame.time_s):
            self.sampler.taken.append(frame.rgb(THUMBNAIL_WIDTH_PX))


def _seen_s(clip: Clip, look: Watch, spans: tuple[tuple[float, float], ...]) -> float:
    """How much of a clip thumbnails are spread over: a fast look does not decode the rest for them."""
    return min(clip.duration_s, spans[-1][1]) if spans and look.thoroughness == "fast" else clip.duration_s


def needed_frames(clip: Clip, spans: tuple[tuple[float, float], ...], needs_all: Callable[[], bool]) -> Iterator[Frame]:
    """All pictures while somebody needs all of them, then only those of the stretches; no stretches are the whole clip.

    Outside of the stretches only those pictures are decoded then that lead up to one from its key picture.
    """
    from pipeline.media.frames import read_frames

    at_s = -1.0
    for frame in read_frames(clip):
        yield frame
        at_s = frame.time_s
        if spans and not needs_all() and not any(begin <= at_s < end for begin, end in spans):
            break
    else:
        return
    for begin_s, end_s in spans:
        if end_s > at_s:
            begin_s = max(begin_s, at_s)
            yield from (f for f in read_frames(clip, start_s=begin_s, end_s=end_s) if f.time_s > at_s)


def watch_still(path: Path, look: Watch) -> Watched:
    """Look at a still."""
    from pipeline.media.stills import still_rgb

    found = Watched(not_checked=["It is a still: what counts towards a verdict was calibrated on moving pictures."])
    if look.thumbnails:
        found.thumbnails.append(still_rgb(path, width_px=THUMBNAIL_WIDTH_PX))
    if look.mark_keys:
        found.marks = read_marks(path, keys=look.mark_keys)
    if look.pictures:
        found.content, complaints = _examined_still(path, look)
        found.not_checked += complaints
    return found


def _examined_still(path: Path, look: Watch) -> tuple[Content, tuple[str, ...]]:
    from pipeline.detect.examiner import Examiner

    examiner = Examiner(None, thoroughness=look.thoroughness, held_out=look.held_out)
    examiner.look(StillPicture(path))  # type: ignore[arg-type]
    return examiner.content(), examiner.complaints


class StillPicture:
    """A still as detectors see a picture of a clip."""

    time_s = 0.0
    starts = True

    def __init__(self, path: Path) -> None:
        from pipeline.media.stills import still_luma

        self._path = path
        self.luma = still_luma(path)

    def gray(self, width_px: int) -> np.ndarray:
        """Luma scaled by area averaging, uint8 [h, width_px]."""
        import cv2

        height, width = self.luma.shape
        size = width_px, max(1, round(height * width_px / width))
        return cv2.resize(self.luma, size, interpolation=cv2.INTER_AREA)

    def rgb(self, width_px: int | None = None) -> np.ndarray:
        """RGB uint8 [h, w, 3], scaled down to a width when one is given."""
        from pipeline.media.stills import still_rgb

        return still_rgb(self._path, width_px=width_px)


def watch_sound(path: Path, look: Watch) -> Watched:
    """Listen to a sound file."""
    found = Watched(not_checked=["It is a sound file, so there are no pictures to look at."])
    if look.mark_keys:
        found.marks = read_marks(path, keys=look.mark_keys, segments=look.segments)
    if look.sound:
        found.content = Content(_listen(path, look, found))
    return found


def _listen(source: Clip | Path, look: Watch, found: Watched) -> tuple[Evidence, ...]:
    """What the detectors of sound say of a clip or a sound file."""
    from pipeline.detect.detectors import SOUND_DETECTORS, Guarded

    ears = Guarded(SOUND_DETECTORS, held_out=look.held_out)
    left_s = LISTEN_S[look.thoroughness]
    for block, rate_hz in sound_blocks(source):
        ears.add(block, rate_hz)
        left_s -= block.shape[1] / rate_hz
        if left_s <= 0:
            break
    evidence = ears.evidence()
    found.not_checked += ears.complaints
    return evidence


def sound_blocks(source: Clip | Path) -> Iterator[tuple[np.ndarray, int]]:
    """Sound at its own rate (at most 48 kHz for a clip), float32 [channels, n] with the rate."""
    from pipeline.media.audio import SAMPLE_RATE_HZ, iter_audio
    from pipeline.media.sounds import iter_sound, open_sound

    if isinstance(source, Path):
        with open_sound(source) as sound:
            rate_hz = int(sound.samplerate)
        yield from ((block, rate_hz) for block in iter_sound(source))
    elif source.audio is not None:
        rate_hz = min(SAMPLE_RATE_HZ, max(LEAST_RATE_HZ, source.audio.sample_rate_hz))
        yield from ((block, rate_hz) for block in iter_audio(source, sample_rate_hz=rate_hz))
