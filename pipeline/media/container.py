"""Opening containers safely: local files only, known formats only, one clear sentence when it fails."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnreadableInput

if TYPE_CHECKING:
    import av.container

logger = logging.getLogger(__name__)

# Playlist and concat demuxers open other files and addresses, so only self-contained formats are let in.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,h264,hevc,flv,asf,ogg,mxf,"
    "wav,mp3,flac,aac,apng,webp_pipe,png_pipe,jpeg_pipe"
)
# A decoder refuses pictures above this, whatever the container's header claims.
MAX_PIXELS = 8192 * 8192
MAX_SIDE_PX = 16384
# what people call files of sound; only decides how a refusal is worded
_SOUND_SUFFIXES = frozenset((".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".wma", ".wav", ".flac"))


@contextlib.contextmanager
def open_input(path: Path) -> Iterator[av.container.InputContainer]:
    """Open a media file for reading.

    Raises
    ------
    UnreadableInput
        When it is missing, empty, a folder, of an unknown format, or its index is missing.
    """
    import av
    import av.error

    # av.logging.set_level is never called: its callback needs the GIL and deadlocks with decoder threads
    _require_file(path)
    try:
        # the "file:" prefix keeps names such as "http:x.mp4" or "concat:a|b" from being read as addresses
        container = av.open(
            f"file:{path}",
            format="jpeg_pipe" if _is_jpeg(path) else None,
            options={"protocol_whitelist": "file", "format_whitelist": FORMATS},
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise UnreadableInput(_why_not(path, error)) from error
    with container:
        yield container


def video_stream(container: av.container.InputContainer, path: Path) -> Any:
    """The first stream of moving pictures; cover art does not count."""
    import av.stream

    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if streams:
        stream = streams[0]
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        return stream
    if container.streams.audio:
        raise UnreadableInput(f"{path.name} holds sound but no pictures; give a video.")
    raise UnreadableInput(f"{path.name} holds no pictures; give a video.")


def packets(container: av.container.InputContainer, *streams: Any) -> Iterator[Any]:
    """Packets of the streams to the end, or to the first damage that cannot be read past."""
    import av.error

    try:
        for packet in container.demux(*streams):
            if packet.size:
                yield packet
    except av.error.FFmpegError as error:
        logger.warning("reading stops early: %s", error)


def decode(stream: Any, packet: Any | None) -> list[Any]:
    """Decode one packet (None flushes); a damaged packet is logged and gives nothing."""
    import av.error

    try:
        return list(stream.codec_context.decode(packet))
    except av.error.EOFError:
        return []
    except av.error.FFmpegError as error:
        logger.warning("a damaged %s packet was passed over: %s", stream.type, error)
        return []


def _require_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise UnreadableInput(f"{path} is a folder; give a file.")
        if not path.exists():
            raise UnreadableInput(f"There is no file {path}.")
        if not path.is_file():
            raise UnreadableInput(f"{path} is not an ordinary file; give a video file.")
        if path.stat().st_size == 0:
            raise UnreadableInput(f"{path.name} is empty (0 bytes); copy or download it again.")
        with open(path, "rb"):
            pass
    except PermissionError as error:
        raise UnreadableInput(f"{path} may not be read; check its permissions.") from error
    except (OSError, ValueError) as error:
        raise UnreadableInput(f"{str(path)!r} cannot be opened: {error}.") from error


def _is_jpeg(path: Path) -> bool:
    # libav takes one for a sequence of numbered files, whose reader opens others and is not let in
    with open(path, "rb") as stream:
        return stream.read(3) == b"\xff\xd8\xff"


def _why_not(path: Path, error: Exception) -> str:
    with open(path, "rb") as stream:
        head = stream.read(12)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return f"{path.name} is cut off or damaged: its index cannot be read; copy or download it again."
    if head[:4] == b"\x1aE\xdf\xa3" or head[:3] == b"GIF" or head[:4] == b"RIFF":
        return f"{path.name} is cut off or damaged: its header cannot be read; copy or download it again."
    if path.suffix.lower() in _SOUND_SUFFIXES:
        return f"{path.name} is no sound that can be read (wav, flac, mp3, m4a, ogg); convert it first."
    return f"{path.name} is not a video Foleymark can read (mp4, mov, mkv, webm, avi, gif); convert it first."
