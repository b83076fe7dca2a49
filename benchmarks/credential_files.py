"""Small real files of every kind that can be signed, and large ones for speed and memory."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import av

WIDTH_PX, HEIGHT_PX = 128, 96
SAMPLE_RATE_HZ = 48_000
VIDEO_CODECS = {".avi": "mpeg4"}
PILLOW_NAMES = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".dng": "TIFF", ".pdf": "PDF"}
# what makes a TIFF a DNG: its version (DNG specification 1.4, tag 50706)
DNG_TAGS = {50706: b"\x01\x04\x00\x00"}


def write_file(path: Path, *, seed: int = 1) -> Path:
    """A small file of the kind its suffix says, with noise in it that depends on the seed."""
    _WRITERS[path.suffix](path, seed)
    return path


def write_large_video(path: Path, size_mb: float) -> Path:
    """An .mp4 of noise that plays, looped to a size by copying its packets."""
    from benchmarks.common import ffmpeg

    loop = path.with_stem(f"{path.stem}-loop")
    _write_video(loop, 5, frames=24, size_px=(640, 360))
    limit = str(int(size_mb * 1e6))
    ffmpeg("-stream_loop", "-1", "-i", f"file:{loop}", "-c", "copy", "-fs", limit, f"file:{path}")
    loop.unlink()
    return path


# ---------------------------------------------------------------- pictures
def _noise(seed: int) -> np.ndarray:
    """RGB noise of few levels [height, width, 3]."""
    return np.random.default_rng(seed).integers(0, 8, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8) * 30


def _write_picture(path: Path, seed: int) -> None:
    from PIL import Image

    options = {"tiffinfo": DNG_TAGS} if path.suffix == ".dng" else {}
    Image.fromarray(_noise(seed)).save(path, format=PILLOW_NAMES.get(path.suffix), **options)


def _write_svg(path: Path, seed: int) -> None:
    squares = "".join(
        f'<rect x="{10 * (n % 12)}" y="{10 * (n // 12)}" width="9" height="9" fill="#{r:02x}{g:02x}{b:02x}"/>'
        for n, (r, g, b) in enumerate(_noise(seed).reshape(-1, 3)[:96])
    )
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{HEIGHT_PX}">{squares}</svg>')


def _write_heic(path: Path, seed: int) -> None:
    """One HEVC picture in a HEIF file: the smallest set of boxes that ISO/IEC 23008-12 asks for."""
    stream = path.with_suffix(".hevc")
    _write_video(stream, seed, codec="libx265", frames=1)
    # units of the byte stream (ITU-T H.265 annex B), by type: 32 to 34 are the parameter sets, below that is picture
    units = [unit.rstrip(b"\0") for unit in stream.read_bytes().split(b"\0\0\1")[1:]]
    stream.unlink()
    parameters = [unit for unit in units if _unit_type(unit) in (32, 33, 34)]
    coded = b"".join(struct.pack(">I", len(unit)) + unit for unit in units if _unit_type(unit) < 32)
    configuration = _box(b"hvcC", _hevc_configuration(parameters))
    head = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    meta = _heif_meta(configuration, 0, len(coded))
    meta = _heif_meta(configuration, len(head) + len(meta) + 8, len(coded))
    path.write_bytes(head + meta + _box(b"mdat", coded))


def _unit_type(unit: bytes) -> int:
    return unit[0] >> 1 & 0x3F


def _hevc_configuration(parameters: list[bytes]) -> bytes:
    """The decoder configuration record of ISO/IEC 14496-15 for 8 bit 4:2:0."""
    sequence = next(unit for unit in parameters if _unit_type(unit) == 33)
    profile = sequence[:40].replace(b"\0\0\3", b"\0\0")[3:15]
    arrays = b"".join(struct.pack(">BHH", 0x80 | _unit_type(unit), 1, len(unit)) + unit for unit in parameters)
    return b"\1" + profile + b"\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f" + bytes([len(parameters)]) + arrays


def _heif_meta(configuration: bytes, offset: int, length: int) -> bytes:
    handler = _box(b"hdlr", bytes(8), b"pict", bytes(13))
    primary = _box(b"pitm", bytes(4), struct.pack(">H", 1))
    location = _box(b"iloc", bytes(4), b"\x44\x00", struct.pack(">HHHHII", 1, 1, 0, 1, offset, length))
    entry = _box(b"infe", b"\x02\x00\x00\x00", struct.pack(">HH", 1, 0), b"hvc1\x00")
    size = _box(b"ispe", bytes(4), struct.pack(">II", WIDTH_PX, HEIGHT_PX))
    assigned = _box(b"ipma", bytes(4), struct.pack(">IHB", 1, 1, 2), b"\x81\x02")
    properties = _box(b"iprp", _box(b"ipco", configuration, size), assigned)
    return _box(b"meta", bytes(4), handler, primary, location, _box(b"iinf", bytes(4), b"\x00\x01", entry), properties)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


# ---------------------------------------------------------- sound, video
def _write_sound(path: Path, seed: int) -> None:
    import soundfile

    noise = np.random.default_rng(seed).normal(0, 0.1, (SAMPLE_RATE_HZ // 4, 2))
    soundfile.write(path, noise, SAMPLE_RATE_HZ)


def _write_m4a(path: Path, seed: int) -> None:
    import av

    noise = np.random.default_rng(seed).normal(0, 0.1, (2, SAMPLE_RATE_HZ // 2)).astype(np.float32)
    with av.open(str(path), "w", format="ipod") as container:
        stream: Any = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="stereo")
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _write_video(
    path: Path, seed: int, *, codec: str = "", frames: int = 12, size_px: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)
) -> None:
    import av

    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4v" else None) as container:
        stream: Any = container.add_stream(codec or VIDEO_CODECS.get(path.suffix, "libx264"), rate=12)
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none:pools=1"}
        for frame in _frames(np.random.default_rng(seed), frames, size_px):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _frames(rng: np.random.Generator, count: int, size_px: tuple[int, int]) -> Iterator[av.VideoFrame]:
    import av

    for _ in range(count):
        picture = rng.integers(0, 255, (size_px[1], size_px[0], 3), dtype=np.uint8)
        yield av.VideoFrame.from_ndarray(picture, format="rgb24")


_WRITERS: dict[str, Callable[[Path, int], None]] = {
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".avi"), _write_video),
    **dict.fromkeys((".wav", ".flac", ".mp3"), _write_sound),
    **dict.fromkeys((".mkv", ".ts"), _write_video),
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff"), _write_picture),
    **dict.fromkeys((".dng", ".pdf"), _write_picture),
    **dict.fromkeys((".heic", ".heif"), _write_heic),
    ".m4a": _write_m4a,
    ".svg": _write_svg,
}
