"""Measure the motion detector's figures on labelled clips, all treated alike: the table that its training reads.

    python -m benchmarks.motion_features --manifest index.csv --csv features.csv

The manifest has the columns path (below its own folder), kind (ai or real), source and origin. Of every clip the
pictures that the detector would look at in its first three seconds are brought to at most 640 pixels of width and
encoded in memory, once clean and once as a platform would deliver them (rate factors 20 and 28). Clips of
the training table keep their fold; others get one by origin.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.folds import assign, label_of, seen_clips
from pipeline.files import replacing, sha256_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# the shortest usual length of a generated clip
LENGTH_S = 3
# the detector itself looks at about half of this
WIDTH_PX = 640
# name -> (scale, x264 rate factor); the second is what a messenger or a social platform does to a file
VARIANTS = {"clean": (1.0, 20), "degraded": (0.75, 28)}
KINDS = ("ai", "real", "av", "talk")


class Delivered:
    """A picture as it comes back from an encoder."""

    def __init__(self, taken: Taken, luma: NDArray[np.uint8]) -> None:
        self.time_s, self.starts, self.luma = taken.time_s, taken.starts, luma

    def gray(self, width_px: int) -> NDArray[np.uint8]:
        """Luma scaled to a width."""
        import cv2

        height, width = self.luma.shape
        size = (width_px, round(height * width_px / width))
        return cv2.resize(self.luma, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


@dataclass(frozen=True)
class Taken:
    """A picture that the detector would look at."""

    time_s: float
    starts: bool
    luma: NDArray[np.uint8]


def take(clip: Path) -> list[Taken]:
    """The pictures of the first three seconds, at most `WIDTH_PX` wide."""
    from pipeline.detect.pictures import CanonicalPictures
    from pipeline.media.frames import read_frames

    pictures = CanonicalPictures(0.0, "thorough")
    taken = []
    for frame in read_frames(clip, end_s=float(LENGTH_S)):
        picture = pictures.take(frame)
        if picture is not None:
            width = min(WIDTH_PX, picture.luma.shape[1])
            taken.append(Taken(picture.time_s, picture.starts, picture.gray(width).copy()))
    return taken


def measure(taken: list[Taken], *, scale: float, crf: int) -> dict[str, float]:
    """The detector's figures of pictures after delivery; empty when it cannot judge them."""
    import cv2
    import numpy as np

    from pipeline.detect.motion import MotionDetector
    from pipeline.media.recode import recode

    height, width = (round(side * scale) // 2 * 2 for side in taken[0].luma.shape)
    small = [cv2.resize(one.luma, (width, height), interpolation=cv2.INTER_AREA) for one in taken]
    detector = MotionDetector()
    for one, luma in zip(taken, recode(np.stack(small), crf=crf), strict=True):
        detector.add(Delivered(one, luma))  # type: ignore[arg-type]
    return detector.figures()


def read_manifest(manifest: Path) -> list[dict[str, str]]:
    """The clips to measure, each with its file's SHA-256, label and fold."""
    with manifest.open(newline="", encoding="utf-8") as lines:
        entries = [row for row in csv.DictReader(lines) if row["kind"] in KINDS]
    for entry in entries:
        entry["sha256"] = sha256_file(manifest.parent / entry["path"])
        entry["label"] = label_of(entry["kind"], entry["source"])
    folds = assign((entry["origin"], entry["label"]) for entry in entries)
    known = seen_clips()
    for entry in entries:
        seen = known.get(entry["sha256"])
        entry["fold"] = str(seen.fold if seen else folds[entry["origin"]])
    return entries


def rows(manifest: Path) -> Iterator[dict[str, object]]:
    """One row per clip and variant that could be measured; what could not is said on stderr."""
    for entry in read_manifest(manifest):
        about = {name: entry[name] for name in ("sha256", "label", "source", "origin", "fold")}
        taken = take(manifest.parent / entry["path"])
        for variant, (scale, crf) in VARIANTS.items():
            figures = measure(taken, scale=scale, crf=crf)
            if not figures:
                print(f"{entry['path']} ({variant}): too little to measure", file=sys.stderr)
                continue
            yield {**about, "variant": variant, **{name: round(value, 5) for name, value in figures.items()}}


def main() -> int:
    """Write the CSV and print how many rows it has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--csv", type=Path, required=True)
    arguments = parser.parse_args()
    found = list(rows(arguments.manifest))
    if not found:
        parser.error("no clip of the manifest could be measured")
    with replacing(arguments.csv) as beside, beside.open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, fieldnames=list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    print(json.dumps({"rows": len(found)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
