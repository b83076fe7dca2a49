"""What a media file is: size, rate, times, colour and sound, counted from its packets rather than believed."""

from __future__ import annotations

import logging
from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.errors import UnreadableInput
from pipeline.files import sha256_file
from pipeline.media.color import color_tags
from pipeline.media.container import MAX_PIXELS, MAX_SIDE_PX, decode, open_input, packets, video_stream
from pipeline.records import AudioStream, Clip, VideoStream

logger = logging.getLogger(__name__)

# Longer than any film; a header that claims more is damaged or hostile.
MAX_DURATION_S = 24 * 3600
# A file whose index lists this much more than it holds was cut off on its way here.
MISSING_SHARE = 0.02
# Tags are copied into reports and outputs, so their length is bounded; a ComfyUI tag holds a graph and its drawing,
# 20 to 100 kB, and cut in two it is no JSON.
MAX_TAG_CHARS = 200_000
MAX_TAGS = 200


@dataclass(frozen=True)
class _Timing:
    """Presentation times of one stream in its own ticks."""

    ticks: array
    last_duration: int
    first_picture: Any = None


def probe(path: Path) -> Clip:
    """Read a file's streams and times.

    Every packet is visited (not decoded), so counts, durations and variable rate are facts, also where
    the header is wrong; a 500 MB file takes about a second, most of it the content hash.

    Raises
    ------
    UnreadableInput
        One sentence saying what is wrong and what to do.
    """
    path = Path(path)
    with open_input(path) as container:
        stream = video_stream(container, path)
        sound = container.streams.audio[0] if container.streams.audio else None
        timing, sound_timing = _visit(container, stream, sound)
        _refuse_bad(path, stream, timing)
        origin = _origin(stream, timing, sound, sound_timing)
        video = _video(stream, timing, origin)
        audio = _audio(sound, sound_timing, origin) if sound_timing else None
        metadata = _tags(container.metadata)
        name = container.format.name
    ends = [video.start_s + video.duration_s] + ([audio.start_s + audio.duration_s] if audio else [])
    return Clip(
        path=path,
        sha256=sha256_file(path),
        size_bytes=path.stat().st_size,
        container=name,
        duration_s=max(ends),
        video=video,
        audio=audio,
        origin_s=origin,
        metadata=metadata,
    )


def _visit(container: Any, stream: Any, sound: Any) -> tuple[_Timing, _Timing | None]:
    streams = [s for s in (stream, sound) if s is not None]
    ticks = {s.index: array("q") for s in streams}
    last = {s.index: (0, 0) for s in streams}
    first_picture = None
    for packet in packets(container, *streams):
        index = packet.stream_index
        if index == stream.index and first_picture is None:
            pictures = decode(stream, packet)
            first_picture = pictures[0] if pictures else None
        if packet.is_discard:
            continue
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is not None:
            ticks[index].append(pts)
            last[index] = max(last[index], (pts, packet.duration or 0))
    if first_picture is None:
        pictures = decode(stream, None)
        first_picture = pictures[0] if pictures else None
    picture_timing = _Timing(array("q", sorted(ticks[stream.index])), last[stream.index][1], first_picture)
    if sound is None or not ticks[sound.index]:
        return picture_timing, None
    return picture_timing, _Timing(array("q", sorted(ticks[sound.index])), last[sound.index][1])


def _refuse_bad(path: Path, stream: Any, timing: _Timing) -> None:
    found, declared = len(timing.ticks), stream.frames
    if not found:
        raise UnreadableInput(f"{path.name} has a video track without a single picture; export it again.")
    width, height = stream.codec_context.width, stream.codec_context.height
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise UnreadableInput(
            f"{path.name} is {width}x{height} pixels; Foleymark works up to 8192x8192, so scale it down."
        )
    if declared - found > max(2, MISSING_SHARE * declared) and not _has_discards(stream):
        raise UnreadableInput(
            f"{path.name} is cut off: its index lists {declared} pictures but only {found} are there; "
            "copy or download it again."
        )
    if timing.first_picture is None:
        raise UnreadableInput(
            f"{path.name} cannot be decoded ({stream.codec_context.name} pictures are damaged); export it again."
        )
    if (timing.ticks[-1] - timing.ticks[0]) * stream.time_base > MAX_DURATION_S:
        raise UnreadableInput(f"{path.name} claims to last over 24 hours; its times are damaged, so export it again.")


def _has_discards(stream: Any) -> bool:
    # an edit list may hide pictures on purpose; the container's duration then differs from the media's
    return bool(stream.duration and stream.start_time and stream.start_time != 0)


def _origin(stream: Any, timing: _Timing, sound: Any, sound_timing: _Timing | None) -> Fraction:
    starts = [timing.ticks[0] * stream.time_base]
    if sound_timing:
        # an encoder's priming samples sit before zero and are never heard
        starts.append(max(sound_timing.ticks[0] * sound.time_base, Fraction(0)))
    return min(starts)


def _video(stream: Any, timing: _Timing, origin: Fraction) -> VideoStream:
    context, picture = stream.codec_context, timing.first_picture
    base = stream.time_base
    steps = _steps(timing.ticks)
    span = (timing.ticks[-1] - timing.ticks[0]) * base
    last = timing.last_duration * base or (span / len(steps) if steps else Fraction(1, 25))
    component = picture.format.components[0]
    return VideoStream(
        codec=context.name,
        width_px=picture.width,
        height_px=picture.height,
        pixel_format=picture.format.name,
        bit_depth=component.bits,
        frame_rate=_rate(stream, span, last, len(timing.ticks)),
        time_base=base,
        frames=len(timing.ticks),
        start_s=float(timing.ticks[0] * base - origin),
        duration_s=float(span + last),
        rotation_deg=_rotation(picture),
        sample_aspect=_sample_aspect(stream),
        is_variable_rate=_is_variable(steps),
        bit_rate=int(stream.bit_rate or 0),
        color=color_tags(picture),
    )


def _steps(ticks: array) -> list[int]:
    return sorted(later - earlier for earlier, later in zip(ticks, ticks[1:], strict=False))


def _is_variable(steps: list[int]) -> bool:
    # a step of one tick either way is rounding (a 1/1000 s clock); the extremes 1 % are stray repeats or drops
    if len(steps) < 3:
        return False
    low, high = steps[len(steps) // 100], steps[-1 - len(steps) // 100]
    return high - low > max(2, steps[len(steps) // 2] // 50)


def _rate(stream: Any, span: Fraction, last: Fraction, count: int) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate <= 1000:
            return Fraction(rate)
    return (Fraction(count) / (span + last)).limit_denominator(1001) if span + last else Fraction(25)


def _rotation(picture: Any) -> int:
    # libav gives the display matrix as a counter-clockwise angle; people and players turn clockwise
    return round(-picture.rotation / 90) * 90 % 360


def _sample_aspect(stream: Any) -> Fraction:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(aspect) if aspect and Fraction(1, 10) <= aspect <= 10 else Fraction(1)


def _audio(sound: Any, timing: _Timing, origin: Fraction) -> AudioStream:
    first, last = timing.ticks[0] * sound.time_base, timing.ticks[-1] * sound.time_base
    start = max(first, origin)
    return AudioStream(
        codec=sound.codec_context.name,
        sample_rate_hz=sound.codec_context.sample_rate,
        channels=sound.codec_context.channels,
        start_s=float(start - origin),
        duration_s=float(last + timing.last_duration * sound.time_base - start),
    )


def _tags(metadata: dict[str, str]) -> dict[str, str]:
    return {str(key)[:200]: str(value)[:MAX_TAG_CHARS] for key, value in list(metadata.items())[:MAX_TAGS]}
