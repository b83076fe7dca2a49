"""Schemes: the ways of marking that are compared, ours first, each behind the same four functions."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.watermark_attacks import X264_MEDIUM, Generation, encode
from pipeline import mark_reading, marking
from pipeline.config import EncodeSettings, load_settings
from pipeline.media.frames import read_frames
from pipeline.media.mux import export
from pipeline.media.probe import probe
from pipeline.records import Clip, MarkReport, Payload
from pipeline.watermark.keys import MarkKeys
from pipeline.watermark.payload import ID_BITS, VERSION
from pipeline.watermark.picture.marker import PictureMarker

# x264 leaves the picture as it is
LOSSLESS = EncodeSettings(crf=0, preset="ultrafast")
# as many copies as collude are marked for every picture, so their clips are short
COLLUSION_S = 2.0
# pictures that the cost of marking is measured on, after those that warm up
EMBED_SIZE_PX = (1920, 1080)
EMBED_FRAMES, WARM_FRAMES = 16, 3


@dataclass(frozen=True)
class Delivered:
    """A clip as it is handed out, and what it is compared with."""

    marked: Path
    # the same clip encoded the same way without a mark
    plain: Path
    # the marked pictures without the encoder's own loss
    lossless: Path
    # encodes it took
    attempts: int


@dataclass(frozen=True)
class Read:
    """What came back from one file."""

    exact: bool
    # another id came back
    wrong: bool
    z: float | None = None
    # share of the 64 bits that are right, for schemes without a check
    bits: float | None = None


class Scheme(Protocol):
    """One way of marking, for one clip."""

    def deliver(self, source: Path, folder: Path) -> Delivered:
        """Mark a clip and encode it."""

    def read(self, copy: Path) -> Read:
        """Read a copy of the delivered clip."""

    def embed_ms(self, source: Path) -> float:
        """CPU milliseconds that marking one picture of 1920x1080 takes."""

    def collude(self, source: Path, folder: Path, copies: int) -> Read | None:
        """Average so many copies with different ids, encode and read that; None where it is not tried."""


class Foleymark:
    """Our mark, put in and read as `foleymark mark` and `foleymark check` do it.

    Parameters
    ----------
    seed : str
        Settles key and ids, so that a run can be repeated.
    """

    def __init__(self, seed: str) -> None:
        self._keys = MarkKeys((hashlib.sha256(f"benchmark key {seed}".encode()).digest(),))
        draws = (hashlib.sha256(f"benchmark id {seed} {number}".encode()).digest() for number in range(20))
        self._payloads = [Payload(VERSION, int.from_bytes(draw) >> (256 - ID_BITS)) for draw in draws]
        self._report: MarkReport | None = None

    def deliver(self, source: Path, folder: Path) -> Delivered:
        clip, settings = probe(source), load_settings(environment={})
        files = Delivered(folder / "marked.mp4", folder / "plain.mp4", folder / "lossless.mp4", 1)
        report = marking.deliver(
            clip, files.marked, soundtrack=None, settings=settings, keys=self._keys, payload=self._payloads[0]
        )
        assert report
        self._report = report
        export(clip, files.plain, on_luma=lambda luma: luma, settings=settings.encode)
        export(clip, files.lossless, on_luma=self._marker(clip, self._payloads[0]), settings=LOSSLESS)
        return replace(files, attempts=report.attempts)

    def read(self, copy: Path) -> Read:
        return self._read(copy, self._payloads[:1])

    def embed_ms(self, source: Path) -> float:
        marker = PictureMarker(
            *EMBED_SIZE_PX, payload=self._payloads[0], key=self._keys.current, strength=1.0, display_aspect=16 / 9
        )
        return cpu_ms(marker, lumas_1080p(source))

    def collude(self, source: Path, folder: Path, copies: int) -> Read:
        clip = probe(encode(source, folder / "short.mp4", Generation(encoder=LOSSLESS_X264, cut=short_cut())))
        markers = [self._marker(clip, payload) for payload in self._payloads[:copies]]

        def averaged(luma: np.ndarray) -> np.ndarray:
            total = np.zeros(luma.shape, np.float32)
            for marker in markers:
                total += marker(luma)
            return np.rint(total / copies).astype(luma.dtype)

        target = folder / "colluded.mp4"
        export(clip, target, on_luma=averaged, settings=EncodeSettings(crf=23, preset="veryfast"))
        return self._read(target, self._payloads[:copies])

    def _marker(self, clip: Clip, payload: Payload) -> PictureMarker:
        assert self._report
        return PictureMarker(
            *clip.video.upright_size_px,
            payload=payload,
            key=self._keys.current,
            strength=self._report.strength,
            display_aspect=clip.video.display_aspect,
            bit_depth=10 if clip.video.bit_depth > 8 else 8,
        )

    def _read(self, copy: Path, expected: list[Payload]) -> Read:
        reading = mark_reading.read_picture(copy, keys=self._keys.keys)
        return judged(reading.payload, expected, z=reading.z)


LOSSLESS_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")
DELIVERY_X264 = (*X264_MEDIUM, "-crf", str(EncodeSettings().crf))


def short_cut() -> tuple[str, ...]:
    """ffmpeg options that keep the part of a clip that colluders average."""
    return ("-t", str(COLLUSION_S))


def judged(found: Payload | None, expected: list[Payload], *, z: float) -> Read:
    """A reading against the ids that may come back: of several colluders any one is right, a stranger is wrong."""
    return Read(exact=found in expected, wrong=found is not None and found not in expected, z=z)


def lumas_1080p(source: Path) -> Iterator[np.ndarray]:
    """Neighbouring luma planes of a clip at 1920x1080, enough to time a marker."""
    import cv2

    for frame in islice(read_frames(source), WARM_FRAMES + EMBED_FRAMES):
        luma = frame.luma if frame.bit_depth == 8 else (frame.luma >> 2).astype(np.uint8)
        yield cv2.resize(luma, EMBED_SIZE_PX, interpolation=cv2.INTER_AREA)


def cpu_ms(mark: Callable[[np.ndarray], object], pictures: Iterator[np.ndarray], *, warm: int = WARM_FRAMES) -> float:
    """Mean CPU milliseconds that `mark` takes for a picture once it is warm."""
    taken: list[float] = []
    for picture in pictures:
        began = time.process_time()
        mark(picture)
        taken.append(1000 * (time.process_time() - began))
    return float(np.mean(taken[warm:] or taken))
