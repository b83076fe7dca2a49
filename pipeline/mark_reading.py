"""Reading marks: what the picture and the sound of a file say of our mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.records import Clip, MarkReading, Marks

if TYPE_CHECKING:
    from pipeline.watermark.keys import MarkKeys

Progress = Callable[[str, float], None]


def silent(_stage: str, _share: float) -> None:
    """Progress nobody watches."""


def read_marks(source: Path | Clip, *, keys: MarkKeys, segments: bool = False, on_progress: Progress = silent) -> Marks:
    """Look for our mark in picture and sound of a clip, in a still or in a sound file.

    With `segments` the whole file is read, to tell which stretches carry what; without, a track is left as soon as
    its answer is clear.
    """
    from pipeline.media import sounds, stills
    from pipeline.media.probe import probe

    if isinstance(source, Path) and stills.is_still(source):
        return Marks.of(read_still(source, keys=keys.keys), None)
    if isinstance(source, Path) and source.suffix.lower() in sounds.SUFFIXES:
        return Marks.of(None, read_sound_file(source, keys=keys.keys, segments=segments))
    clip = source if isinstance(source, Clip) else probe(source)
    picture = read_picture(clip, keys=keys.keys, segments=segments, on_progress=on_progress)
    return Marks.of(picture, read_sound_track(clip, keys=keys.keys, segments=segments))


def read_picture(
    source: Path | Clip, *, keys: Sequence[bytes], segments: bool = False, on_progress: Progress = silent
) -> MarkReading:
    """Look for our mark in a file's pictures."""
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe

    clip = source if isinstance(source, Clip) else probe(source)
    reader = picture_reader(clip, keys=keys, segments=segments)
    for frame in read_frames(clip):
        reader.add(frame.luma, time_s=frame.time_s, is_intra=frame.is_intra)
        if reader.settled:
            break
        on_progress("read back", frame.time_s / clip.duration_s if clip.duration_s else 1.0)
    return reader.reading()


def picture_reader(clip: Clip, *, keys: Sequence[bytes], segments: bool = False) -> Any:
    """A `PictureReader` for the pictures of a clip."""
    from pipeline.watermark.picture.reader import PictureReader

    width, height = clip.video.upright_size_px
    return PictureReader(width, height, keys=keys, display_aspect=clip.video.display_aspect, segments=segments)


def read_sound_track(source: Path | Clip, *, keys: Sequence[bytes], segments: bool = False) -> MarkReading | None:
    """Look for our mark in a file's sound; None when it has none."""
    from pipeline.media.audio import SAMPLE_RATE_HZ, iter_audio
    from pipeline.media.probe import probe
    from pipeline.watermark.sound.reader import read_sound

    clip = source if isinstance(source, Clip) else probe(source)
    if clip.audio is None:
        return None
    rate_hz = _reading_rate_hz(clip, SAMPLE_RATE_HZ)
    return read_sound(iter_audio(clip, sample_rate_hz=rate_hz), rate_hz, keys=keys, segments=segments)


def _reading_rate_hz(clip: Clip, usual_hz: int) -> int:
    """The track's own rate when that is lower: above half of it there is nothing to read."""
    assert clip.audio is not None
    return min(usual_hz, clip.audio.sample_rate_hz) if clip.audio.sample_rate_hz >= 8000 else usual_hz


def read_still(path: Path, *, keys: Sequence[bytes]) -> MarkReading:
    """Look for our mark in a still."""
    from pipeline.media.stills import still_luma
    from pipeline.watermark.picture.reader import PictureReader

    luma = still_luma(path)
    height, width = luma.shape
    reader = PictureReader(width, height, keys=keys, display_aspect=Fraction(width, height))
    reader.add(luma, time_s=0.0)
    return reader.reading()


def read_sound_file(path: Path, *, keys: Sequence[bytes], segments: bool = False) -> MarkReading:
    """Look for our mark in a sound file."""
    from pipeline.media.sounds import iter_sound, open_sound
    from pipeline.watermark.sound.reader import read_sound

    with open_sound(path) as sound:
        rate_hz = sound.samplerate
    return read_sound(iter_sound(path), rate_hz, keys=keys, segments=segments)
