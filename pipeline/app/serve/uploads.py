"""Bodies of requests on disk: written as they come, never whole in memory, always removed."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from fastapi import HTTPException, Request

# what a file is told by, and the suffix it is worked on with; the sender's name for it is never used
SNIFFED_BYTES = 512
ISO_BRANDS = {b"qt  ": ".mov", b"M4A ": ".m4a", b"avif": ".avif", b"heic": ".heic", b"heix": ".heic", b"mif1": ".heic"}
RIFF_KINDS = {b"WAVE": ".wav", b"AVI ": ".avi", b"WEBP": ".webp"}
BEGINNINGS = (
    (b"\x1a\x45\xdf\xa3", ".mkv"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"fLaC", ".flac"),
    (b"OggS", ".ogg"),
    (b"ID3", ".mp3"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
)
MPEG_AUDIO = (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")
TS_PACKET_BYTES = 188


@contextlib.asynccontextmanager
async def upload(request: Request) -> AsyncIterator[Path]:
    """The request's body as a file in a folder of its own; both are gone afterwards, whatever happens."""
    folder = await to_thread.run_sync(lambda: tempfile.TemporaryDirectory(prefix="foleymark-serve-"))
    try:
        path = Path(folder.name) / "upload"
        # a private folder and an unbuffered file: a full disk shows at once
        with open(path, "xb", buffering=0) as file:
            async for piece in request.stream():
                if piece:
                    await to_thread.run_sync(file.write, piece)
        yield path
    finally:
        # also when the task is being cancelled
        folder.cleanup()


def named_by_content(path: Path) -> Path:
    """The upload under a suffix that fits what it is; 415 when it is nothing that could carry a mark."""
    with open(path, "rb") as file:
        suffix = sniffed_suffix(file.read(SNIFFED_BYTES))
    if not suffix:
        raise HTTPException(415, "This is no picture, sound or video in a format that is read here.")
    return path.rename(path.with_suffix(suffix))


def sniffed_suffix(head: bytes) -> str:
    """The suffix that belongs to a file which begins like this; empty when unknown."""
    if head[4:8] == b"ftyp":
        return ISO_BRANDS.get(head[8:12], ".mp4")
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return ".mov"
    if head[:4] == b"RIFF":
        return RIFF_KINDS.get(head[8:12], "")
    if head[:2] in MPEG_AUDIO:
        return ".mp3"
    if head[:1] == b"G" and head[TS_PACKET_BYTES : TS_PACKET_BYTES + 1] == b"G":
        return ".ts"
    return next((suffix for start, suffix in BEGINNINGS if head.startswith(start)), "")
