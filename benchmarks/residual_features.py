"""Measure the residual detector's figures on labelled clips, all re-encoded alike: the table that its training reads.

    python -m benchmarks.residual_features --manifest index.csv --csv features.csv

The manifest has the columns path (below its own folder), kind (ai or real), source and origin. Both kinds get the same
frame rate, length, codec and rate factor, so that a model cannot learn those.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# 8 pictures a second is the slowest rate among the generators, three seconds the shortest usual length
RATE_HZ, LENGTH_S = 8, 3
# name -> (filter, x264 rate factor); the second is what a messenger or a social platform does to a file
VARIANTS = {"clean": ("scale=iw:ih", 20), "degraded": ("scale=trunc(iw*0.375)*2:trunc(ih*0.375)*2", 28)}


def canonical(source: Path, target: Path, variant: str) -> None:
    """Re-encode three seconds of a clip without sound and tags; CalledProcessError when ffmpeg refuses it."""
    import imageio_ffmpeg

    scale, rate_factor = VARIANTS[variant]
    filters = f"fps={RATE_HZ},{scale},crop=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-t", str(LENGTH_S), "-i", str(source)]
    command += ["-an", "-map_metadata", "-1", "-vf", filters, "-frames:v", str(RATE_HZ * LENGTH_S), "-threads", "1"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(rate_factor), str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def measure(clip: Path) -> dict[str, float]:
    """The detector's figures of one clip; empty when it cannot judge it."""
    from pipeline.detect.residual import ResidualDetector
    from pipeline.media.frames import read_frames

    detector = ResidualDetector()
    for frame in read_frames(clip):
        detector.add(frame)
    return detector.figures()


def rows(manifest: Path, kinds: tuple[str, ...] = ("ai", "real")) -> Iterator[dict[str, object]]:
    """One row per clip and variant that could be measured."""
    with manifest.open(newline="", encoding="utf-8") as lines, tempfile.TemporaryDirectory() as folder:
        for entry in csv.DictReader(lines):
            if entry["kind"] not in kinds:
                continue
            for variant in VARIANTS:
                copy = Path(folder) / "copy.mp4"
                canonical(manifest.parent / entry["path"], copy, variant)
                figures = measure(copy)
                if figures:
                    about = {name: entry[name] for name in ("path", "kind", "source", "origin")}
                    yield {**about, "variant": variant, **{name: round(value, 5) for name, value in figures.items()}}


def main() -> int:
    """Write the CSV and print how many rows it has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--csv", type=Path, required=True)
    arguments = parser.parse_args()
    count = 0
    with arguments.csv.open("w", newline="", encoding="utf-8") as target:
        writer: csv.DictWriter[str] | None = None
        for row in rows(arguments.manifest):
            if writer is None:
                writer = csv.DictWriter(target, fieldnames=list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            count += 1
    print(json.dumps({"rows": count}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
