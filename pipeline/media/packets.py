"""XMP packets and EXIF blocks of a file, as bytes: where each container keeps them, without decoding anything.

JPEG, PNG, WebP, TIFF, WAV and the ISO base media files (MP4, MOV, M4A, HEIC). Whatever does not have the expected
shape ends the search; sizes and counts are bounded, because strangers wrote the headers.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# packets of editors have some 10 kB, of photo managers some 100
MAX_PACKET_BYTES = 1 << 20
MAX_PACKETS = 8
MAX_STEPS = 20_000
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_EXIF = b"Exif\0\0"
PNG_XMP = b"XML:com.adobe.xmp"
# the uuid of XMP in ISO base media files, XMP specification part 3
MP4_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
TIFF_XMP_TAG = 700
CONTAINERS = frozenset((b"moov", b"udta", b"meta"))


@dataclass(frozen=True)
class Packets:
    """What a file carries beside picture and sound."""

    xmp: tuple[bytes, ...] = ()
    # EXIF blocks, TIFF structured
    exif: tuple[bytes, ...] = ()
    # text chunks by their keyword
    texts: tuple[tuple[str, str], ...] = ()


Found = tuple[str, bytes]


def read_packets(path: Path) -> Packets:
    """Every XMP packet, EXIF block and text chunk of a file; nothing when it has none or is of another kind."""
    found: list[Found] = []
    with path.open("rb") as file:
        head = file.read(16)
        walk = next((walk for test, walk in _WALKS if test(head)), None)
        if walk is None:
            return Packets()
        file.seek(0)
        try:
            for one in walk(file):
                found.append(one)
                if len(found) == MAX_PACKETS * 8:
                    break
        except (struct.error, zlib.error, OSError, ValueError, OverflowError):
            # a damaged file: what was found before the damage still counts
            pass
    return Packets(
        xmp=tuple(data for kind, data in found if kind == "xmp")[:MAX_PACKETS],
        exif=tuple(data for kind, data in found if kind == "exif")[:MAX_PACKETS],
        texts=tuple(
            (kind.removeprefix("text:"), data.decode("utf-8", "replace"))
            for kind, data in found
            if kind.startswith("text:")
        ),
    )


def _jpeg(file: BinaryIO) -> Iterator[Found]:
    file.seek(2)
    for _ in range(MAX_STEPS):
        marker, size = struct.unpack(">HH", file.read(4))
        # start of scan: after it come pictures
        if marker == 0xFFDA or marker < 0xFFC0 or size < 2:
            return
        data = file.read(size - 2)
        if marker == 0xFFE1 and data.startswith(JPEG_XMP):
            yield "xmp", data[len(JPEG_XMP) :]
        elif marker == 0xFFE1 and data.startswith(JPEG_EXIF):
            yield "exif", data[len(JPEG_EXIF) :]
        elif marker == 0xFFFE:
            yield "text:comment", data


def _png(file: BinaryIO) -> Iterator[Found]:
    file.seek(8)
    for _ in range(MAX_STEPS):
        size, kind = struct.unpack(">I4s", file.read(8))
        if kind in (b"iTXt", b"tEXt", b"zTXt", b"eXIf") and size <= MAX_PACKET_BYTES:
            yield from _png_chunk(kind, file.read(size))
            file.seek(4, 1)
        else:
            file.seek(size + 4, 1)


def _png_chunk(kind: bytes, data: bytes) -> Iterator[Found]:
    if kind == b"eXIf":
        yield "exif", data
        return
    keyword, _, rest = data.partition(b"\0")
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        packed, rest = kind == b"zTXt", rest[1:] if kind == b"zTXt" else rest
    text = zlib.decompressobj().decompress(rest, MAX_PACKET_BYTES) if packed else rest
    yield ("xmp" if keyword == PNG_XMP else f"text:{keyword[:79].decode('latin-1')}"), text


def _riff(file: BinaryIO) -> Iterator[Found]:
    file.seek(12)
    kinds = {b"XMP ": "xmp", b"_PMX": "xmp", b"EXIF": "exif", b"AIGC": "text:AIGC"}
    for _ in range(MAX_STEPS):
        kind, size = struct.unpack("<4sI", file.read(8))
        if kind in kinds and size <= MAX_PACKET_BYTES:
            yield kinds[kind], file.read(size)
            file.seek(size % 2, 1)
        else:
            file.seek(size + size % 2, 1)


def _tiff(file: BinaryIO) -> Iterator[Found]:
    order = "<" if file.read(2) == b"II" else ">"
    file.seek(4)
    (at,) = struct.unpack(order + "I", file.read(4))
    file.seek(at)
    (count,) = struct.unpack(order + "H", file.read(2))
    entries = file.read(12 * count)
    for number in range(count):
        tag, kind, size, place = struct.unpack_from(order + "HHII", entries, 12 * number)
        # types of single bytes
        if tag == TIFF_XMP_TAG and kind in (1, 7) and size <= MAX_PACKET_BYTES:
            file.seek(place)
            yield "xmp", file.read(size)
    file.seek(0)
    # the texts of the first directory, where other labels stand
    yield "exif", file.read(MAX_PACKET_BYTES)


def _boxes(file: BinaryIO) -> Iterator[Found]:
    file.seek(0, 2)
    waiting = [(0, file.tell())]
    for _ in range(MAX_STEPS):
        if not waiting:
            return
        at, end = waiting.pop()
        if at + 8 > end:
            continue
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            head = 16
        size = end - at if size == 0 else size
        if size < head or at + size > end:
            continue
        waiting.append((at + size, end))
        yield from _box(file, kind, size - head)
        if kind in CONTAINERS:
            # meta is a full box in MP4 and a plain one in QuickTime
            skip = 4 if kind == b"meta" and _is_full(file, at + head) else 0
            waiting.append((at + head + skip, at + size))


def _box(file: BinaryIO, kind: bytes, size: int) -> Iterator[Found]:
    if kind == b"XMP_" and size <= MAX_PACKET_BYTES:
        yield "xmp", file.read(size)
    elif kind == b"uuid" and 16 <= size <= MAX_PACKET_BYTES and file.read(16) == MP4_XMP:
        yield "xmp", file.read(size - 16)


def _is_full(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    return file.read(4) == b"\0\0\0\0"


_WALKS = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda head: head.startswith(b"RIFF"), _riff),
    (lambda head: head[:4] in (b"II*\0", b"MM\0*"), _tiff),
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"wide", b"free", b"skip", b"mdat"), _boxes),
)
