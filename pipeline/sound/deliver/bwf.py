"""Broadcast Wave: a finished mix with its description and loudness inside (EBU Tech 3285 version 2, 3306 beyond 4 GB).

The sound is copied bit for bit from a WAV that Foleymark wrote; only the header is new.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import UnreadableInput
from pipeline.files import replacing
from pipeline.records import Loudness
from pipeline.sound.deliver.names import one_line

# sizes of the fields of a bext chunk (EBU Tech 3285, 2.3)
DESCRIPTION, ORIGINATOR, REFERENCE, DATE, TIME, UMID, RESERVED = 256, 32, 32, 10, 8, 64, 180
VERSION = 2
# what stands where a figure was not measured
_NO_FIGURE = 0x7FFF
# 32 bits of size, and what they hold when the size stands in ds64
_MOST_BYTES, _ELSEWHERE = 0xFFFF_FFFF, 0xFFFF_FFFF
_COPY_BYTES = 1 << 20
# no header of ours is near this
_MAX_CHUNK_BYTES = 1 << 16
_DS64 = struct.Struct("<4sIQQQI")


@dataclass(frozen=True)
class Broadcast:
    """What a bext chunk says."""

    description: str
    originator: str = "Foleymark"
    # unique to the file, e.g. the beginning of a hash
    reference: str = ""
    made_at: datetime | None = None
    # where the first sample lies, in samples since midnight
    time_reference: int = 0
    loudness: Loudness | None = None
    # how the sound came to be, a line a step
    history: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sound:
    """Where format and samples lie in a WAV."""

    # chunks of the header that say how to read the samples: fmt, and fact where there is one
    format: bytes
    data_at: int
    data_bytes: int
    block_align: int


def write_bwf(source: Path, destination: Path, *, broadcast: Broadcast) -> None:
    """Copy a WAV of ours with a bext chunk in front of its samples.

    Parameters
    ----------
    source : Path
        WAV or RF64 with PCM or float samples.
    destination : Path
        Another file; written beside and renamed when complete. RF64 where it grows beyond 4 GB.
    broadcast : Broadcast
        Text is brought to ASCII, which is what the standard allows.

    Raises
    ------
    UnreadableInput
        When the source is no WAV.
    """
    with open(source, "rb") as stream, replacing(destination) as beside, open(beside, "wb") as sink:
        sound = _find_sound(stream, source)
        sink.write(_header(sound, bext_chunk(broadcast)))
        stream.seek(sound.data_at)
        left = sound.data_bytes
        while left:
            part = stream.read(min(_COPY_BYTES, left))
            if not part:
                raise UnreadableInput(f"{source.name} ends before its sound does; make the mix again.")
            sink.write(part)
            left -= len(part)
        if sound.data_bytes % 2:
            sink.write(b"\0")


def bext_chunk(broadcast: Broadcast) -> bytes:
    """The body of a bext chunk, version 2."""
    at = broadcast.made_at
    history = "".join(f"{_ascii(line, 1000)}\r\n" for line in broadcast.history).encode("ascii")
    body = b"".join(
        (
            _field(broadcast.description, DESCRIPTION),
            _field(broadcast.originator, ORIGINATOR),
            _field(broadcast.reference, REFERENCE),
            _field(at.strftime("%Y-%m-%d") if at else "", DATE),
            _field(at.strftime("%H:%M:%S") if at else "", TIME),
            struct.pack("<QH", max(broadcast.time_reference, 0), VERSION),
            bytes(UMID),
            struct.pack("<5h", *_figures(broadcast.loudness)),
            bytes(RESERVED),
            history,
        )
    )
    return body + b"\0" * (len(body) % 2)


def _figures(loudness: Loudness | None) -> tuple[int, int, int, int, int]:
    # hundredths of LUFS, LU, dBTP (EBU Tech 3285, 2.4)
    def hundredths(value: float | None) -> int:
        return _NO_FIGURE if value is None else max(-32_000, min(32_000, round(100 * value)))

    if loudness is None:
        return (_NO_FIGURE,) * 5
    return (
        hundredths(loudness.integrated_lufs),
        hundredths(loudness.range_lu),
        hundredths(loudness.true_peak_dbtp),
        hundredths(loudness.momentary_max_lufs),
        hundredths(loudness.short_term_max_lufs),
    )


def _field(text: str, size: int) -> bytes:
    return _ascii(text, size).encode("ascii").ljust(size, b"\0")


def _ascii(text: str, limit: int) -> str:
    folded = unicodedata.normalize("NFKD", one_line(text)).encode("ascii", "ignore").decode()
    return re.sub(r"\s+", " ", folded).strip()[:limit]


# ------------------------------------------------------------------ chunks
def _find_sound(stream: BinaryIO, path: Path) -> _Sound:
    head = stream.read(12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise UnreadableInput(f"{path.name} is no WAV file; make the mix again.")
    form, fact, long_bytes = b"", b"", 0
    while len(chunk := stream.read(8)) == 8:
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            if not form:
                break
            data_bytes = long_bytes if size == _ELSEWHERE and long_bytes else size
            block_align = struct.unpack_from("<H", form, 12)[0]
            return _Sound(_chunk(b"fmt ", form) + fact, stream.tell(), data_bytes, block_align)
        if name in (b"fmt ", b"fact", b"ds64") and size <= _MAX_CHUNK_BYTES:
            body = stream.read(size + size % 2)[:size]
            form = body if name == b"fmt " else form
            fact = _chunk(name, body) if name == b"fact" else fact
            long_bytes = struct.unpack_from("<Q", body, 8)[0] if name == b"ds64" else long_bytes
        else:
            stream.seek(size + size % 2, 1)
    raise UnreadableInput(f"{path.name} holds no sound; make the mix again.")


def _header(sound: _Sound, bext: bytes) -> bytes:
    # a bext chunk goes before the samples, where every reader looks for it
    chunks = _chunk(b"bext", bext) + sound.format
    padded = sound.data_bytes + sound.data_bytes % 2
    total = 4 + len(chunks) + 8 + padded
    if total <= _MOST_BYTES:
        return b"RIFF" + struct.pack("<I", total) + b"WAVE" + chunks + struct.pack("<4sI", b"data", sound.data_bytes)
    total += _DS64.size
    samples = sound.data_bytes // max(sound.block_align, 1)
    ds64 = _DS64.pack(b"ds64", _DS64.size - 8, total, sound.data_bytes, samples, 0)
    return b"RF64" + struct.pack("<I", _ELSEWHERE) + b"WAVE" + ds64 + chunks + struct.pack("<4sI", b"data", _ELSEWHERE)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)
