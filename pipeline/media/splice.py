"""Joining parts of clips whose ends lie between key pictures: the ends are encoded, the rest goes over as packets.

A trim at any picture then costs the pictures up to the next key picture, not the film. The encoded ends get a sample
description of their own beside those of the clips (see `concat`).
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.config import EncodeSettings
from pipeline.errors import UnreadableInput
from pipeline.media.color import apply_color
from pipeline.media.concat import Piece, concat, why_not_joined
from pipeline.media.container import open_input, packets, video_stream
from pipeline.media.frames import read_frames
from pipeline.media.key_pictures import begins_anew
from pipeline.media.probe import probe
from pipeline.records import Clip

# Where less than this share of a film's pictures could be copied, one encode of all is the evener picture.
LEAST_COPIED = Fraction(1, 2)
# An end is short and stands beside the source's own pictures, so it is encoded finer than a film.
FINER_CRF = 4
_FORMATS = ("yuv420p", "yuvj420p")


@dataclass(frozen=True)
class _Cut:
    """A piece in pictures of its clip's constant rate."""

    piece: Piece
    first: int
    # from here on, and up to there, packets can be copied; equal when none can
    copied: tuple[int, int]
    end: int


def why_not_spliced(pieces: Sequence[Piece], *, suffix: str = ".mp4") -> str:
    """Why these pieces cannot be joined with only their ends encoded; empty when they can, or need not even that."""
    reason = why_not_joined(pieces, suffix=suffix)
    return _plan(pieces)[1] if reason else ""


def splice(
    pieces: Sequence[Piece],
    destination: Path,
    *,
    settings: EncodeSettings = EncodeSettings(),
    on_progress: Callable[[float], None] | None = None,
) -> str:
    """Join pieces into one file without sound; as many pictures as possible go over as packets.

    Parameters and result as `concat`; the pictures of encoded ends are new, all others are the sources' own.
    """
    if not why_not_joined(pieces, suffix=destination.suffix.lower()):
        return concat(pieces, destination, on_progress=on_progress)
    cuts, reason = _plan(pieces)
    if reason:
        return reason
    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        parts = [part for cut in cuts for part in _parts(cut, Path(folder), settings)]
        return concat(parts, destination, on_progress=on_progress)


def _plan(pieces: Sequence[Piece]) -> tuple[list[_Cut], str]:
    cuts: list[_Cut] = []
    for piece in pieces:
        video, name = piece.clip.video, piece.clip.path.name
        if video.codec != "h264" or video.pixel_format not in _FORMATS:
            return [], f"{name} holds {video.codec} pictures in {video.pixel_format}, whose ends are not encoded apart."
        if video.is_variable_rate:
            return [], f"{name} shows its pictures at uneven times."
        cuts.append(_cut(piece))
    wanted = sum(cut.end - cut.first for cut in cuts)
    copied = sum(cut.copied[1] - cut.copied[0] for cut in cuts)
    if copied < LEAST_COPIED * wanted:
        return [], f"Only {copied} of {wanted} pictures lie between key pictures and could be copied."
    return cuts, ""


def _cut(piece: Piece) -> _Cut:
    rate, start_s = piece.clip.video.frame_rate, piece.clip.video.start_s
    first, end = (round((Fraction(time_s) - Fraction(start_s)) * rate) for time_s in (piece.start_s, piece.end_s))
    first = max(first, 0)
    places, alone = _order(piece.clip, end)
    count = len(places)
    # the earliest picture shown from here on, in the order of decoding
    following = array("q", places)
    for index in range(count - 2, -1, -1):
        following[index] = min(following[index], following[index + 1])
    begin = next((i for i in alone if places[i] >= first and following[i] == places[i]), None)
    if begin is None or places[begin] >= end:
        return _Cut(piece, first, (end, end), end)
    latest, last = -1, places[begin]
    for index in range(begin, count):
        # everything decoded so far is shown before everything that follows
        if latest < following[index] <= end:
            last = following[index]
        latest = max(latest, places[index])
    return _Cut(piece, first, (places[begin], end if latest < end else last), end)


def _order(clip: Clip, end: int) -> tuple[array, list[int]]:
    """The pictures in the order of decoding by their place in the order of showing; and which of them stand alone."""
    places, alone = array("q"), []
    rate, zero = clip.video.frame_rate, clip.origin_s + Fraction(clip.video.start_s)
    with open_input(clip.path) as container:
        stream = video_stream(container, clip.path)
        extradata = bytes(stream.codec_context.extradata or b"")
        for packet in packets(container, stream):
            if packet.is_keyframe and begins_anew(bytes(packet), clip.video.codec, extradata, is_key=True):
                alone.append(len(places))
            places.append(round(((packet.pts or 0) * stream.time_base - zero) * rate))
            if packet.dts is not None and (packet.dts * stream.time_base - zero) * rate > end + 1:
                break
    return places, alone


def _parts(cut: _Cut, folder: Path, settings: EncodeSettings) -> list[Piece]:
    """The piece as pieces that can be joined: an encoded beginning, what is copied, an encoded end."""
    clip, (begin, last) = cut.piece.clip, cut.copied
    rate, start_s = clip.video.frame_rate, Fraction(clip.video.start_s)
    parts = []
    for first, end, is_copied in ((cut.first, begin, False), (begin, last, True), (last, cut.end, False)):
        if end <= first:
            continue
        from_s, to_s, length_s = (
            float(start_s + first / rate),
            float(start_s + end / rate),
            float((end - first) / rate),
        )
        if is_copied:
            parts.append(Piece(clip, from_s, to_s, length_s))
        else:
            path = folder / f"{len(list(folder.iterdir()))}.mp4"
            encoded = _encoded(clip, from_s, to_s, path, settings)
            parts.append(Piece(encoded, 0.0, encoded.video.duration_s, length_s))
    return parts


def _encoded(clip: Clip, from_s: float, to_s: float, path: Path, settings: EncodeSettings) -> Clip:
    """Pictures of a clip in a file of their own: coded size, turn, pixel shape and colours as they are."""
    import av
    from av.video.frame import PictureType

    half_s = float(1 / (2 * clip.video.frame_rate))
    with av.open(str(path), "w") as target:
        out = _output(target, clip, settings)
        tick_s, count = 1 / clip.video.frame_rate, 0
        for frame in read_frames(clip, start_s=from_s - half_s, end_s=to_s - half_s):
            picture: Any = frame.picture
            # what the source's encoder chose is no order to ours
            picture.pict_type = PictureType.NONE
            picture.pts, picture.time_base, picture.duration = count, tick_s, 1
            count += 1
            target.mux(out.encode(picture))
        if not count:
            raise UnreadableInput(f"{clip.path.name} holds no picture at {from_s:.3f} s that can be decoded.")
        target.mux(out.encode(None))
    return probe(path)


def _output(target: Any, clip: Clip, settings: EncodeSettings) -> Any:
    video = clip.video
    options = {"crf": str(max(settings.crf - FINER_CRF, 1)), "preset": settings.preset}
    out = target.add_stream("libx264", rate=video.frame_rate.limit_denominator(1 << 16), options=options)
    out.width, out.height, out.pix_fmt = video.width_px, video.height_px, video.pixel_format
    context = out.codec_context
    context.time_base = out.time_base = 1 / video.frame_rate
    context.sample_aspect_ratio = video.sample_aspect
    context.thread_type = "AUTO"
    apply_color(video.color, context)
    if video.rotation_deg:
        out.set_display_rotation(-video.rotation_deg)
    return out
