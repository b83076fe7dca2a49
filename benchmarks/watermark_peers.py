"""Peers: dwtDct and dwtDctSvd of the package invisible-watermark, behind the functions of a scheme.

They carry 64 raw bits a picture, without a check; a clip is read from up to eight of its pictures, whose bits are
averaged. The exact id has all 64 right. They work on RGB pictures, so what that conversion costs is theirs.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.watermark_schemes import (
    DELIVERY_X264,
    EMBED_SIZE_PX,
    LOSSLESS_X264,
    Delivered,
    Generation,
    Read,
    cpu_ms,
    encode,
)
from pipeline.media.probe import probe

METHODS = ("dwtDct", "dwtDctSvd")
BITS = 64
READ_FRAMES = 8
# a picture takes up to 600 ms
EMBED_FRAMES = 3
# both ways alike (clips for peers bear no colour tags), so that only rounding is lost
EXACT = "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp"
TO_BGR, FROM_BGR = f"{EXACT},format=bgr24", f"{EXACT},format=yuv420p"


def why_absent() -> str:
    """Why the peers cannot be measured here; empty when they can."""
    if find_spec("imwatermark"):
        return ""
    return "invisible-watermark is not installed; add it with: pip install -e '.[bench]'"


class InvisibleWatermark:
    """One method of invisible-watermark.

    Parameters
    ----------
    method : str
        "dwtDct" or "dwtDctSvd".
    seed : str
        Settles the id.
    """

    def __init__(self, method: str, seed: str) -> None:
        self._method = method
        draw = hashlib.sha256(f"benchmark id {seed}".encode()).digest()
        self._bits = np.unpackbits(np.frombuffer(draw, np.uint8))[:BITS]

    def deliver(self, source: Path, folder: Path) -> Delivered:
        files = Delivered(folder / "marked.mp4", folder / "plain.mp4", folder / "lossless.mp4", 1)
        mark = self._marker()
        write(files.lossless, (mark(picture) for picture in pictures(source)), like=source)
        encode(files.lossless, files.marked, Generation(encoder=DELIVERY_X264))
        encode(source, files.plain, Generation(encoder=DELIVERY_X264))
        return files

    def read(self, copy: Path) -> Read:
        from imwatermark import WatermarkDecoder

        decoder = WatermarkDecoder("bits", BITS)
        step = max(1, probe(copy).video.frames // READ_FRAMES)
        drawn = pictures(copy, step=step, most=READ_FRAMES)
        votes = np.mean([decoder.decode(picture, self._method) for picture in drawn], axis=0)
        right = (votes > 0.5) == self._bits
        # without a check there is no telling that an id is wrong, so none is counted as such
        return Read(exact=bool(right.all()), wrong=False, bits=float(right.mean()))

    def embed_ms(self, source: Path) -> float:
        import cv2

        large = (cv2.resize(picture, EMBED_SIZE_PX) for picture in pictures(source, most=1 + EMBED_FRAMES))
        return cpu_ms(self._marker(), large, warm=1)

    def collude(self, source: Path, folder: Path, copies: int) -> None:
        """Not tried: it would take minutes a clip, and nothing that averages bits can tell colluders apart."""

    def _marker(self) -> Any:
        from imwatermark import WatermarkEncoder

        encoder = WatermarkEncoder()
        encoder.set_by_bits(self._bits.tolist())
        return lambda picture: encoder.encode(picture, self._method)


def pictures(source: Path, *, step: int = 1, most: int | None = None) -> Iterator[np.ndarray]:
    """Every so many-th picture of a clip as uint8 [H, W, 3], blue first."""
    width, height = probe(source).video.upright_size_px
    chain = f"select='not(mod(n,{step}))',{TO_BGR}"
    limit = ("-frames:v", str(most)) if most else ()
    ending = ("-vf", chain, "-fps_mode", "passthrough", *limit, "-f", "rawvideo", "-")
    command = [*_ffmpeg(), "-threads", "1", "-i", f"file:{source}", *ending]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as reader:
        assert reader.stdout
        while data := reader.stdout.read(width * height * 3):
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def write(target: Path, marked: Iterator[np.ndarray], *, like: Path) -> None:
    """Write pictures (uint8 [H, W, 3], blue first) without loss, at the rate of another clip."""
    video = probe(like).video
    width, height = video.upright_size_px
    shape = ("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(video.frame_rate))
    command = [*_ffmpeg(), *shape, "-i", "-", "-vf", FROM_BGR, *LOSSLESS_X264, "-threads", "1", str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as writer:
        assert writer.stdin
        for picture in marked:
            writer.stdin.write(np.ascontiguousarray(picture).tobytes())
        writer.stdin.close()
        if writer.wait():
            raise RuntimeError(f"ffmpeg could not write {target.name}")


def _ffmpeg() -> tuple[str, ...]:
    import imageio_ffmpeg

    return (imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y")
