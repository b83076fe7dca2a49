"""Joining parts of several clips into one file of pictures without decoding them, and proof that nothing changed.

Packets go over as they are. What the join needs is worked out first: which packets a part consists of, whether it
can stand alone (it begins with a picture that predicts from nothing before, and nothing inside predicts from what was
left out), when each picture is shown, and in which order they are decoded. Clips of different encoders get a sample
description each (ISO/IEC 14496-12, 8.5.2), and then key pictures bring their parameter sets along.
"""

from __future__ import annotations

import logging
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from pipeline.files import replacing
from pipeline.media.container import open_input, packets, video_stream
from pipeline.media.frames import pictures, read_frames
from pipeline.media.key_pictures import begins_anew, length_bytes, parameter_sets, with_parameter_sets
from pipeline.media.mux import can_copy_pictures, check_destination
from pipeline.media.probe import probe
from pipeline.records import Clip

logger = logging.getLogger(__name__)

# Boundaries are meant to lie on pictures; Matroska rounds times to 1 ms, and a person to 1 ms too.
MOST_TOLERANCE_S = Fraction(1, 500)
# the finest clock that is kept; above, times go to the clock of MPEG
FINEST_HZ, USUAL_HZ = 10_000_000, 90_000
# codecs whose parameter sets may change on the way, each with a sample description of its own
_SEVERAL_DESCRIPTIONS = ("h264", "hevc")
NEW_EXTRADATA = 1  # AV_PKT_DATA_NEW_EXTRADATA in libavcodec/packet.h


class _NotJoinedError(Exception):
    """Why it cannot be done; leaves whatever was at the destination alone."""


@dataclass(frozen=True)
class Piece:
    """Part of a clip: pictures with ``start_s <= time < end_s``."""

    clip: Clip
    start_s: float
    end_s: float
    # how long it has to last, to a hundredth of a picture; 0 for as long as it does
    length_s: float = 0.0


@dataclass(frozen=True)
class _Run:
    """The packets of a piece, which follow on one another in its stream."""

    # of the first one among all packets of the stream
    first: int
    # place of each picture in the order of showing, in the order of decoding
    ranks: array
    # when the pictures are shown, in that order, in ticks of `tick_s` from the first; one more: where the piece ends
    shown: array
    tick_s: Fraction
    extradata: bytes

    @property
    def length_s(self) -> Fraction:
        """How long the piece is shown."""
        return self.shown[-1] * self.tick_s


def why_not_joined(pieces: Sequence[Piece], *, suffix: str = ".mp4") -> str:
    """Why these pieces cannot be joined as packets, as a sentence about the piece; empty when they can.

    Parameters
    ----------
    suffix
        Of the file they would go to: .mp4 or .mov.
    """
    return _difference(pieces, suffix) or _survey(pieces)[1]


def concat(pieces: Sequence[Piece], destination: Path, *, on_progress: Callable[[float], None] | None = None) -> str:
    """Join pieces into one file without sound; pictures go over as packets.

    Every picture of the result is decoded and compared with the source's before the file is put in place.

    Parameters
    ----------
    destination
        An .mp4 or .mov file; its first picture is shown at 0, each piece follows on the one before without a gap.
    on_progress
        Called with the share done, 0..1.

    Returns
    -------
    str
        Empty when the file is there; else one sentence saying why it cannot be done this way, and nothing is written.

    Raises
    ------
    UsageError
        Another suffix than .mp4 or .mov.
    UnreadableInput
        A source is gone or damaged.
    """
    suffix = check_destination(destination)
    difference = _difference(pieces, suffix)
    if difference:
        return difference
    runs, complaint = _survey(pieces)
    if complaint:
        return complaint
    tell = on_progress or (lambda share: None)
    try:
        with replacing(destination) as beside:
            _write(pieces, runs, beside, lambda share: tell(share / 2))
            _compare(pieces, runs, beside, lambda share: tell((1 + share) / 2))
            _measure(runs, beside)
    except _NotJoinedError as change:
        logger.warning("joined pictures differ: %s", change)
        return str(change)
    return ""


def _difference(pieces: Sequence[Piece], suffix: str) -> str:
    if not pieces:
        return "There is nothing to join."
    first = pieces[0].clip.video
    for piece in pieces:
        name, video = piece.clip.path.name, piece.clip.video
        if not can_copy_pictures(piece.clip, suffix):
            return f"{name} holds {video.codec} pictures, which {suffix} does not take over."
        for what, ours, its in (
            ("is coded with", first.codec, video.codec),
            ("is of size", _size(first), _size(video)),
            ("is turned by", first.rotation_deg, video.rotation_deg),
            ("has the sample format", first.pixel_format, video.pixel_format),
            ("has the pixel shape", first.sample_aspect, video.sample_aspect),
            ("has the colours", _colours(first), _colours(video)),
        ):
            if ours != its:
                return f"{name} {what} {its}, and the first clip {ours}."
    return ""


def _size(video: Any) -> str:
    return f"{video.width_px}x{video.height_px}"


def _colours(video: Any) -> str:
    color = video.color
    return "/".join((color.primaries, color.transfer, color.matrix, color.range))


def _survey(pieces: Sequence[Piece]) -> tuple[list[_Run], str]:
    """The run of every piece, or a complaint about the first one that has none."""
    runs: list[_Run] = []
    for piece in pieces:
        try:
            runs.append(_run(piece))
        except _NotJoinedError as complaint:
            return runs, str(complaint)
        if runs[-1].extradata != runs[0].extradata and not _may_change(piece, runs[0], runs[-1]):
            return runs, f"{piece.clip.path.name} was coded with other parameters than the first clip."
    return runs, ""


def _may_change(piece: Piece, first: _Run, run: _Run) -> bool:
    # the same kind of packets: lengths of so many bytes in front rather than start codes
    codec = piece.clip.video.codec
    sizes = {length_bytes(codec, one.extradata) for one in (first, run)} if codec in _SEVERAL_DESCRIPTIONS else set()
    return len(sizes) == 1 and 0 not in sizes


def _run(piece: Piece) -> _Run:
    name, video = piece.clip.path.name, piece.clip.video
    with open_input(piece.clip.path) as container:
        stream = video_stream(container, piece.clip.path)
        extradata, tick_s = bytes(stream.codec_context.extradata or b""), stream.time_base
        ticks, duration, after = array("q"), 0, None
        first, latest = -1, -math.inf
        for count, packet, place in _placed(piece, container, stream):
            if place > 0:
                after = packet.pts if after is None else min(after, packet.pts)
            elif place == 0:
                if first < 0:
                    first = count
                    if not begins_anew(bytes(packet), video.codec, extradata, is_key=packet.is_keyframe):
                        raise _NotJoinedError(f"{name} has no picture at {piece.start_s:.3f} s that decodes by itself.")
                if count != first + len(ticks):
                    raise _NotJoinedError(f"{name} cannot end at {piece.end_s:.3f} s: what follows is needed before.")
                ticks.append(packet.pts)
                latest, duration = max((latest, duration), (packet.pts, packet.duration or 0))
            elif first >= 0:
                raise _NotJoinedError(f"{name} cannot begin at {piece.start_s:.3f} s: what was before is needed after.")
    if first < 0:
        raise _NotJoinedError(f"{name} has no picture between {piece.start_s:.3f} and {piece.end_s:.3f} s.")
    shown = array("q", sorted(ticks))
    if any(later == earlier for earlier, later in zip(shown, shown[1:], strict=False)):
        raise _NotJoinedError(f"{name} shows two pictures at the same time.")
    usual = max(1, round(1 / (video.frame_rate * tick_s)))
    shown.append(after if after is not None and after > shown[-1] else shown[-1] + (duration or usual))
    run = _settled(first, ticks, shown, tick_s, extradata, video)
    if piece.length_s and abs(run.length_s - Fraction(piece.length_s)) * video.frame_rate > Fraction(1, 100):
        raise _NotJoinedError(f"{name} would last {float(run.length_s):.3f} s and not {piece.length_s:.3f} s.")
    return run


def _placed(piece: Piece, container: Any, stream: Any) -> Iterator[tuple[int, Any, int]]:
    """Packets with their number, and whether they are shown before (-1), in (0) or after (1) the piece."""
    start, end = (Fraction(time_s) - _tolerance_s(piece) for time_s in (piece.start_s, piece.end_s))
    origin_s = piece.clip.origin_s
    for count, packet in enumerate(packets(container, stream)):
        if packet.pts is None:
            raise _NotJoinedError(f"{piece.clip.path.name} does not say when its pictures are shown.")
        time_s = packet.pts * stream.time_base - origin_s
        yield count, packet, 1 if time_s >= end else -1 if time_s < start or packet.is_discard else 0
        if packet.dts is not None and packet.dts * stream.time_base - origin_s >= end:
            return  # what follows is decoded later, and so shown later


def _tolerance_s(piece: Piece) -> Fraction:
    return min(MOST_TOLERANCE_S, 1 / (4 * piece.clip.video.frame_rate))


def _settled(first: int, ticks: array, shown: array, tick_s: Fraction, extradata: bytes, video: Any) -> _Run:
    """The run with its times from zero, on the grid of its rate where they were only rounded away from it."""
    places = {tick: place for place, tick in enumerate(shown)}
    ranks = array("q", (places[tick] for tick in ticks))
    period_s, zero = 1 / video.frame_rate, shown[0]
    # Matroska's rounding is half a millisecond at either end
    slack_s = max(tick_s, Fraction(1, 1000))
    # the end is left out: how long a last picture lasts is what containers get wrong most
    steady = all(abs((tick - zero) * tick_s - place * period_s) <= slack_s for place, tick in enumerate(shown[:-1]))
    if steady and not video.is_variable_rate:
        return _Run(first, ranks, array("q", range(len(shown))), period_s, extradata)
    return _Run(first, ranks, array("q", (tick - zero for tick in shown)), tick_s, extradata)


@dataclass(frozen=True)
class _Clock:
    """Ticks of the joined film."""

    tick_s: Fraction
    # pictures that are decoded ahead of being shown
    delay: int
    # when each picture is shown, in order, and where the film ends
    shown: array


def _clock(runs: Sequence[_Run]) -> _Clock:
    ticks_hz = math.lcm(*((run.tick_s).denominator for run in runs))
    tick_s = Fraction(1, ticks_hz if ticks_hz <= FINEST_HZ else USUAL_HZ)
    shown, start_s = array("q"), Fraction(0)
    for run in runs:
        shown.extend(round((start_s + tick * run.tick_s) / tick_s) for tick in run.shown[:-1])
        start_s += run.length_s
    shown.append(round(start_s / tick_s))
    delay = max(place - rank for run in runs for place, rank in enumerate(run.ranks))
    return _Clock(tick_s, delay, shown)


def _decoded(clock: _Clock, place: int) -> int:
    """When the picture at a place in the order of decoding is decoded: as late as the deepest prediction lets it be."""
    if place >= clock.delay:
        return clock.shown[place - clock.delay]
    return clock.shown[0] - (clock.delay - place) * (clock.shown[1] - clock.shown[0])


def _write(pieces: Sequence[Piece], runs: Sequence[_Run], path: Path, tell: Callable[[float], None]) -> None:
    import av

    clock = _clock(runs)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as target:
        out: Any = None
        base, extradata = 0, runs[0].extradata
        several = any(run.extradata != extradata for run in runs)
        for piece, run in zip(pieces, runs, strict=True):
            with open_input(piece.clip.path) as container:
                stream = video_stream(container, piece.clip.path)
                out = out or _output(target, stream, clock)
                for index, packet in enumerate(_of_run(container, stream, run)):
                    if several and packet.is_keyframe:
                        packet = _with_sets(packet, piece.clip.video.codec, run.extradata)
                    if run.extradata != extradata:
                        extradata = _announce(packet, run.extradata)
                    _stamp(packet, clock, place=base + index, rank=base + run.ranks[index])
                    packet.stream = out
                    target.mux(packet)
                    tell((base + index) / len(clock.shown))
            base += len(run.ranks)


def _output(target: Any, stream: Any, clock: _Clock) -> Any:
    # opaque: otherwise an encoder of the same name is asked for, which a decoder such as libdav1d has not
    out = target.add_stream_from_template(stream, opaque=True)
    if stream.codec_context.name == "hevc":
        out.codec_context.codec_tag = "hvc1"  # what Apple's players ask for
    out.time_base = clock.tick_s
    return out


def _of_run(container: Any, stream: Any, run: _Run) -> Iterator[Any]:
    for count, packet in enumerate(packets(container, stream)):
        if count >= run.first + len(run.ranks):
            return
        if count >= run.first:
            yield packet


def _announce(packet: Any, extradata: bytes) -> bytes:
    """Tell the muxer that other parameters hold from this packet on; it begins a new sample description."""
    from av.packet import PacketSideData

    side: Any = PacketSideData(NEW_EXTRADATA, len(extradata))  # type: ignore[call-arg]
    side.update(extradata)
    packet.set_sidedata(side)
    return extradata


def _with_sets(packet: Any, codec: str, extradata: bytes) -> Any:
    """A key picture that brings its parameter sets along, for players that read only the first sample description."""
    import av

    sets = parameter_sets(codec, extradata)
    copy = av.Packet(with_parameter_sets(bytes(packet), sets, codec, extradata))
    copy.is_keyframe = True
    return copy


def _stamp(packet: Any, clock: _Clock, *, place: int, rank: int) -> None:
    packet.time_base = clock.tick_s
    packet.pts, packet.dts = clock.shown[rank], _decoded(clock, place)
    packet.duration = clock.shown[rank + 1] - clock.shown[rank]


def _compare(pieces: Sequence[Piece], runs: Sequence[_Run], path: Path, tell: Callable[[float], None]) -> None:
    """Decode the file and its sources side by side; _NotJoinedError where they differ."""
    import numpy as np

    clock = _clock(runs)
    with open_input(path) as container:
        stream = video_stream(container, path)
        joined = ((picture, (picture.pts or 0) * stream.time_base) for picture in pictures(container, stream))
        sources = chain.from_iterable(_shown(piece) for piece in pieces)
        count = 0
        for after, before in zip_longest(joined, sources):
            if after is None or before is None or count >= len(clock.shown) - 1:
                raise _NotJoinedError(f"Joining without a new encode would lose or double pictures at {count + 1}.")
            same_time = abs(after[1] - clock.shown[count] * clock.tick_s) <= stream.time_base
            if not same_time or not np.array_equal(_samples(after[0]), _samples(before)):
                raise _NotJoinedError(f"Picture {count + 1} would change when joined without a new encode.")
            count += 1
            tell(count / len(clock.shown))
        if count != len(clock.shown) - 1:
            raise _NotJoinedError(
                f"Joining without a new encode would keep {count} of {len(clock.shown) - 1} pictures."
            )


def _measure(runs: Sequence[_Run], path: Path) -> None:
    """_NotJoinedError where players would let the last picture stay for another time than it should."""
    length_s, video = float(sum(run.length_s for run in runs)), probe(path).video
    # at uneven times the last picture's own length is lost: a file holds the steps between decoding times
    if abs(video.duration_s - length_s) * video.frame_rate > (1 if video.is_variable_rate else Fraction(1, 10)):
        raise _NotJoinedError(f"The joined file would last {video.duration_s:.3f} s and not {length_s:.3f} s.")


def _shown(piece: Piece) -> Iterator[Any]:
    tolerance = float(_tolerance_s(piece))
    for frame in read_frames(piece.clip, start_s=piece.start_s - tolerance, end_s=piece.end_s - tolerance):
        yield frame.picture


def _samples(picture: Any) -> Any:
    try:
        return picture.to_ndarray()
    except ValueError:  # a layout that PyAV does not lay out as one array; 16 bits a channel lose nothing
        return picture.to_ndarray(format="rgb48le")
