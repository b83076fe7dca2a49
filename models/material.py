"""Cut labelled clips into the crops that training reads.

    python -m models.material --manifest index.csv --out material

The manifest has the columns path (below its own folder), kind (ai, real, av, talk), source and origin; clips that are
not in models/folds.csv get their fold by origin. MATERIAL/index.csv lists clip, sha256, kind, label, source, origin,
fold; MATERIAL/<clip>.npy holds uint8 [crops, pictures, side, side]: luma at native scale, 8 pictures a second.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.folds import assign, fold_of, label_of

KINDS = ("ai", "real", "av", "talk")
CROP_PX = 256
# the head of a clip is enough, and keeps long ones from filling the disk
LENGTH_S = 12.0
MOMENTS = 4


def clips(manifest: Path) -> list[dict[str, str]]:
    """Rows of the manifest that are clips of a kind that training uses."""
    with manifest.open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["kind"] in KINDS]


def cut(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Crops uint8 [N, T, side, side] of the head of a clip, and times and boxes."""
    from pipeline.detect.crops import CropSampler
    from pipeline.detect.pictures import CanonicalPictures
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe

    clip = probe(path)
    chosen = CanonicalPictures(clip.duration_s, "thorough")
    sampler = CropSampler(crop_px=CROP_PX, moments=MOMENTS)
    for frame in read_frames(clip, end_s=LENGTH_S):
        picture = chosen.take(frame)
        if picture is not None:
            sampler.add(picture)
    found = sampler.crops()
    about = {"times_s": found.times_s, "boxes": found.boxes, "bits_per_pixel": bits_per_pixel(clip)}
    return found.pixels, about


def bits_per_pixel(clip: Any) -> float:
    """Bits that the whole file spends on one pixel of one picture."""
    width, height = clip.video.upright_size_px
    pixels = width * height * max(float(clip.video.frame_rate) * clip.duration_s, 1.0)
    return float(8 * clip.size_bytes / pixels)


def rows(manifest: Path, out: Path) -> Iterator[dict[str, Any]]:
    """Cut every clip that is not cut yet; one row of the index for each that gave crops."""
    from pipeline.files import sha256_file

    entries = clips(manifest)
    folds = assign((row["origin"], label_of(row["kind"], row["source"])) for row in entries)
    for number, row in enumerate(entries):
        path = manifest.parent / row["path"]
        digest = sha256_file(path)
        name = digest[:16]
        if not (out / f"{name}.npy").exists():
            pixels, about = cut(path)
            if not len(pixels):
                print(f"{row['path']}: nothing to cut", file=sys.stderr)
                continue
            np.save(out / f"{name}.npy", pixels)
            (out / f"{name}.json").write_text(json.dumps(about))
        print(f"{number + 1} of {len(entries)}", file=sys.stderr)
        known = fold_of(digest)
        yield {
            "clip": name,
            "sha256": digest,
            "kind": row["kind"],
            "label": label_of(row["kind"], row["source"]),
            "source": row["source"],
            "origin": row["origin"],
            "fold": folds[row["origin"]] if known is None else known,
        }


def main() -> int:
    """Cut the clips and write the index."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    found = list(rows(given.manifest, given.out))
    with (given.out / "index.csv").open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, fieldnames=list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    print(json.dumps({"clips": len(found)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
