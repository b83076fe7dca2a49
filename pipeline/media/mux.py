"""Writing finished files: pictures copied as packets when they do not change, encoded once when they do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.config import EncodeSettings
from pipeline.errors import UnreadableInput, UsageError
from pipeline.files import replacing
from pipeline.media.audio import SAMPLE_RATE_HZ, iter_audio, iter_wav
from pipeline.media.container import open_input, packets, video_stream
from pipeline.media.encode import PictureEncoder
from pipeline.records import Clip

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

# What each container holds without a new encode.
_COPY_VIDEO = {
    ".mp4": {"h264", "hevc", "av1", "vp9", "libdav1d", "mpeg4"},
    ".mov": {"h264", "hevc", "mpeg4", "prores", "mjpeg", "dnxhd"},
}
_COPY_AUDIO = {
    ".mp4": {"aac", "mp3", "mp3float", "ac3", "eac3", "alac"},
    ".mov": {"aac", "mp3", "mp3float", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s24le", "pcm_f32le"},
}
# Facts of the old container that would be wrong in the new one.
_OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
# Tags every mp4 muxer writes in the classic place; with any other tag the free-form place is used for all.
_CLASSIC_TAGS = {
    *("title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright", "grouping"),
    *("lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords", "creation_time"),
}


class SoundChange(Protocol):
    """Changes a sound block by block, float32 [channels, n] at 48 kHz; may lag behind until it is flushed."""

    def __call__(self, block: np.ndarray) -> np.ndarray: ...

    def flush(self) -> np.ndarray: ...


def export(
    clip: Clip,
    destination: Path,
    *,
    soundtrack: Path | Clip | None = None,
    on_luma: Callable[[np.ndarray], np.ndarray] | None = None,
    on_sound: SoundChange | None = None,
    encode: bool = False,
    settings: EncodeSettings = EncodeSettings(),
    on_progress: Callable[[float], None] | None = None,
) -> bool:
    """Write a clip with a new soundtrack, marked pictures, both or neither.

    Parameters
    ----------
    clip
        The probed source.
    destination
        An .mp4 or .mov file; replaced whole or left alone.
    soundtrack
        A WAV of any rate whose sample 0 belongs to time zero, or another clip whose sound is taken; without one
        the clip's own sound is kept (as packets where the container allows it).
    on_luma
        Gets each upright luma plane [height, width] and returns the changed one. Without it pictures are
        copied bit for bit where the container can hold them.
    on_sound
        Changes the sound before it is encoded; all that came in must come out. Not asked when there is none.
    encode
        Encode the pictures though they could be copied, as those of an intermediate file.
    on_progress
        Called with the share done, 0..1.

    Returns
    -------
    bool
        True when the pictures were encoded, False when they were copied.

    Raises
    ------
    UsageError
        Another suffix than .mp4 or .mov.
    UnreadableInput
        Not a single picture could be read.
    """
    suffix = check_destination(destination)
    encodes = encode or on_luma is not None or not can_copy_pictures(clip, suffix)
    with replacing(destination) as beside, open_input(clip.path) as source:
        target = _open_output(beside, clip)
        with target:
            _transfer(clip, source, target, suffix, encodes, soundtrack, on_luma, on_sound, settings, on_progress)
    return encodes


def check_destination(destination: Path) -> str:
    """The suffix of a file that can be written; UsageError for any other."""
    suffix = destination.suffix.lower()
    if suffix not in _COPY_VIDEO:
        raise UsageError(f"Foleymark writes .mp4 and .mov, not {suffix or 'files without a suffix'!r}.")
    return suffix


def _transfer(
    clip: Clip,
    source: Any,
    target: Any,
    suffix: str,
    encodes: bool,
    soundtrack: Path | Clip | None,
    on_luma: Callable[[np.ndarray], np.ndarray] | None,
    on_sound: SoundChange | None,
    settings: EncodeSettings,
    on_progress: Callable[[float], None] | None,
) -> None:
    stream = video_stream(source, clip.path)
    picture = PictureEncoder(target, stream, clip, settings, on_luma) if encodes else _Copy(target, stream, clip)
    sound = _sound(clip, source, target, suffix, soundtrack, on_sound, settings)
    reads = [stream] + ([sound.stream] if isinstance(sound, _Copy) else [])
    for packet in packets(source, *reads):
        if packet.stream_index != stream.index:
            sound.add(packet)
            continue
        picture.add(packet)
        time_s = float((packet.dts or 0) * stream.time_base - clip.origin_s)
        if isinstance(sound, _SoundEncoder):
            sound.advance(time_s)
        if on_progress and clip.duration_s:
            on_progress(min(1.0, max(0.0, time_s / clip.duration_s)))
    picture.finish()
    if sound:
        sound.finish()
    if not picture.count:
        raise UnreadableInput(f"{clip.path.name} holds no picture that can be decoded; export it again.")
    if on_progress:
        on_progress(1.0)


def can_copy_pictures(clip: Clip, suffix: str) -> bool:
    """Whether a container of this suffix takes the clip's pictures over as packets."""
    # AVI stores no presentation times, so B pictures would land in the wrong order
    return clip.video.codec in _COPY_VIDEO[suffix] and clip.container != "avi"


def _open_output(path: Path, clip: Clip) -> Any:
    import av

    tags = {key.lower(): value for key, value in clip.metadata.items() if key.lower() not in _OWN_TAGS}
    flags = "+faststart" if set(tags) <= _CLASSIC_TAGS else "+faststart+use_metadata_tags"
    target = av.open(str(path), "w", options={"movflags": flags})
    target.metadata.update(tags)
    return target


def _sound(
    clip: Clip,
    source: Any,
    target: Any,
    suffix: str,
    soundtrack: Path | Clip | None,
    on_sound: SoundChange | None,
    settings: EncodeSettings,
) -> Any:
    if soundtrack is None:
        if clip.audio is None:
            return None
        if clip.audio.codec in _COPY_AUDIO[suffix] and clip.container != "avi" and on_sound is None:
            return _Copy(target, source.streams.audio[0], clip)
        soundtrack = clip
    if isinstance(soundtrack, Clip):
        blocks = iter_audio(soundtrack)
    else:
        # 96 kHz is for editors: players, and the mark in the sound, want 48
        blocks = iter_wav(soundtrack, sample_rate_hz=SAMPLE_RATE_HZ)
    return _SoundEncoder(target, _changed(blocks, on_sound) if on_sound else blocks, settings)


def _changed(blocks: Iterator[np.ndarray], on_sound: SoundChange) -> Iterator[np.ndarray]:
    for block in blocks:
        yield on_sound(block)
    yield on_sound.flush()


class _Copy:
    """One stream whose packets go over unchanged, moved to the clip's time zero."""

    def __init__(self, target: Any, stream: Any, clip: Clip) -> None:
        self.stream = stream
        self.count = 0
        self._target = target
        self._out = target.add_stream_from_template(stream)
        self._origin = round(clip.origin_s / stream.time_base)

    def add(self, packet: Any) -> None:
        if packet.pts is not None:
            packet.pts -= self._origin
        if packet.dts is not None:
            packet.dts -= self._origin
        packet.stream = self._out
        self._target.mux(packet)
        self.count += 1

    def finish(self) -> None:
        """Nothing is held back."""


class _SoundEncoder:
    """AAC from blocks of samples, kept in step with the pictures so that the muxer buffers little."""

    # the muxer interleaves by time; sound this far ahead of the pictures never makes it wait
    AHEAD_S = 1.0

    def __init__(self, target: Any, blocks: Iterator[np.ndarray], settings: EncodeSettings) -> None:
        self._target = target
        self._blocks = blocks
        self._position = 0
        self._out = target.add_stream("aac", rate=SAMPLE_RATE_HZ)
        self._out.layout = "stereo"
        # the muxer opens this encoder with the first picture; without a clock it would divide by zero
        self._out.time_base = self._out.codec_context.time_base = Fraction(1, SAMPLE_RATE_HZ)
        self._out.bit_rate = settings.audio_bit_rate

    def advance(self, time_s: float) -> None:
        """Encode up to a little beyond `time_s`."""
        while self._position < (time_s + self.AHEAD_S) * SAMPLE_RATE_HZ:
            block = next(self._blocks, None)
            if block is None:
                return
            self._encode(block)

    def finish(self) -> None:
        """Encode the rest and flush."""
        self.advance(float("inf"))
        self._target.mux(self._out.encode(None))

    def _encode(self, block: np.ndarray) -> None:
        import av
        import numpy as np

        if not block.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32), format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
        frame.pts = self._position
        self._position += block.shape[1]
        self._target.mux(self._out.encode(frame))
