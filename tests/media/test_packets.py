"""XMP, EXIF and text chunks out of every container, and out of damaged ones."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import pytest

from pipeline.media import packets
from pipeline.media.packets import Packets, read_packets

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def still(format: str, **how) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format, **how)
    return out.getvalue()


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    plain = still("PNG")
    made = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return plain[:33] + made + plain[33:]


def files() -> dict[str, bytes]:
    """One file of each kind that carries `XMP`."""
    long_box = struct.pack(">I4sQ", 1, b"mdat", 16 + 40) + bytes(40)
    meta = box(b"meta", bytes(4) + box(b"XMP_", XMP))
    wav = b"WAVE" + b"fmt " + struct.pack("<I", 3) + b"abc\0" + b"_PMX" + struct.pack("<I", len(XMP)) + XMP
    return {
        "a.jpg": still("JPEG", xmp=XMP),
        "a.png": png_with((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        "b.png": png_with((b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0\0" + zlib.compress(XMP))),
        "a.webp": still("WEBP", xmp=XMP),
        "a.tiff": still("TIFF", tiffinfo={700: XMP}),
        "a.mp4": box(b"ftyp", b"isom") + long_box + box(b"uuid", packets.MP4_XMP + XMP) + box(b"moov", b""),
        "a.mov": box(b"wide", b"") + box(b"moov", box(b"udta", box(b"XMP_", XMP))),
        "b.mp4": box(b"ftyp", b"isom") + box(b"moov", box(b"udta", meta)),
        "a.wav": b"RIFF" + struct.pack("<I", len(wav)) + wav,
    }


@pytest.mark.parametrize("name", files())
def test_xmp_of_every_container(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(files()[name])
    assert [one.strip(b"\0") for one in read_packets(path).xmp] == [XMP]


def test_exif_and_texts(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = "a description"
    for name, data in (("a.jpg", still("JPEG", exif=exif)), ("a.webp", still("WEBP", exif=exif))):
        (tmp_path / name).write_bytes(data)
        assert b"a description" in read_packets(tmp_path / name).exif[0]
    data = png_with((b"tEXt", b"AIGC\0{}"), (b"zTXt", b"parameters\0\0" + zlib.compress(b"steps 20")))
    (tmp_path / "a.png").write_bytes(data)
    assert dict(read_packets(tmp_path / "a.png").texts) == {"AIGC": "{}", "parameters": "steps 20"}


def test_packed_text_cannot_unfold_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(packets, "MAX_PACKET_BYTES", 100_000)
    (tmp_path / "a.png").write_bytes(png_with((b"zTXt", b"x\0\0" + zlib.compress(bytes(50_000_000)))))
    assert len(read_packets(tmp_path / "a.png").texts[0][1]) == 100_000


def test_other_files_have_none(tmp_path):
    for name, data in (
        ("a.txt", b"words"),
        ("empty", b""),
        ("a.mkv", b"\x1aE\xdf\xa3" * 10),
        ("ftyp", b"\0\0\0\0ftyp"),
    ):
        (tmp_path / name).write_bytes(data)
        assert read_packets(tmp_path / name) == Packets()


def test_damaged_files_end_the_search(tmp_path):
    """Every cut and any change of bytes: no error, no endless loop, never more than there is."""
    rng = random.Random(11)
    path = tmp_path / "damaged"
    for data in files().values():
        for _ in range(60):
            changed = bytearray(data[: rng.randrange(len(data))] if rng.random() < 0.3 else data)
            for _ in range(rng.randrange(1, 6)):
                if changed:
                    changed[rng.randrange(len(changed))] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
            path.write_bytes(changed)
            found = read_packets(path)
            assert sum(map(len, (*found.xmp, *found.exif))) <= 64 * packets.MAX_PACKET_BYTES


def test_boxes_without_end_are_left(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(box(b"ftyp", b"isom") + box(b"free", b"") * 50_000 + box(b"uuid", packets.MP4_XMP + XMP))
    assert read_packets(Path(path)) == Packets()
