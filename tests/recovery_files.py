"""Clips with known content for recovery, and a studio that marks, signs and registers them as the product does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.recovery_cases import register
from pipeline import marking
from pipeline.config import EncodeSettings, Settings
from pipeline.keys import Keys
from pipeline.media.probe import probe
from pipeline.provenance.repository import Repository
from pipeline.records import MarkReport, Payload

QUICK = Settings(encode=EncodeSettings(preset="ultrafast"))
RATE_HZ = 15


def scene(seed: int, *, frames: int = 60, width: int = 320, height: int = 240) -> list[np.ndarray]:
    """Luma uint8 [height, width] of a picture of blobs that pans and turns slowly, other for each seed."""
    random = np.random.default_rng(seed)
    side = 2 * width
    wide = np.full((side, side), 120, np.float32)
    for cell, gain in ((6, 6.0), (20, 18.0), (70, 40.0)):
        noise = random.normal(0, gain, (side // cell + 2, side // cell + 2)).astype(np.float32)
        wide += cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
    for _ in range(25):
        centre = tuple(int(one) for one in random.integers(0, side, 2))
        cv2.circle(wide, centre, int(random.integers(8, 40)), float(random.integers(30, 220)), -1, cv2.LINE_AA)
    pictures = []
    for index in range(frames):
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), 0.5 * index, 1.0)
        turn[:, 2] -= ((side - width) / 2 + 1.2 * index, (side - height) / 2)
        moved = cv2.warpAffine(wide, turn, (width, height), flags=cv2.INTER_LINEAR)
        pictures.append(np.clip(moved, 16, 235).astype(np.uint8))
    return pictures


def write(path: Path, pictures: list[np.ndarray], *, crf: int = 18, rate: int = RATE_HZ) -> Path:
    """A grey clip of pictures uint8 [H, W]."""
    height, width = pictures[0].shape
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        chroma = np.full((height // 2, width), 128, np.uint8)
        for picture in pictures:
            planes = np.concatenate([picture, chroma])
            target.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        target.mux(stream.encode(None))
    return path


def lumas(path: Path) -> list[np.ndarray]:
    """The luma of each picture of a clip."""
    from pipeline.media.frames import read_frames

    return [frame.luma.copy() for frame in read_frames(path)]


@dataclass(frozen=True)
class Studio:
    """Keys and a repository."""

    folder: Path
    keys: Keys
    repository: Repository

    def mark(self, pictures: list[np.ndarray], name: str, *, payload: Payload | None = None) -> tuple[Path, MarkReport]:
        """Write and mark a clip."""
        source = write(self.folder / f"{name}-source.mp4", pictures)
        target = self.folder / f"{name}.mp4"
        report = marking.deliver(
            probe(source), target, soundtrack=None, settings=QUICK, keys=self.keys.mark, payload=payload
        )
        assert report is not None and report.came_back
        return target, report

    def register(self, path: Path, report: MarkReport) -> str:
        """Sign and publish a marked clip; returns its label."""
        return register(path, report, original=path, keys=self.keys, repository=self.repository)

    def unmarked(self, report: MarkReport) -> MarkReport:
        """The report of a clip whose marks were not made."""
        from pipeline.records import Marks

        return replace(report, marks=Marks())
