"""Cut the faces out of labelled clips: the material that `python -m models.train faces` reads.

    python -m benchmarks.face_crops --manifest index.csv --out faces

The manifest has the columns path (below its own folder), kind, source and origin. Beside the faces of every clip, real
footage also gives squares of anything: blending with itself is learnt from those, too, because faces are few.
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
from numpy.typing import NDArray

# of one clip: enough to tell it, not so many that a long clip drowns the others
MOST_FACES, MOST_SQUARES = 24, 8
# only the beginning of a long clip
LENGTH_S = 30.0
# a square with less spread of luma holds nothing to blend
LEAST_SPREAD = 12.0
# sides of squares, in pixels of the clip: as faces are
SQUARE_SIDES_PX = (110, 280)


def squares(rgb: NDArray[np.uint8], generator: np.random.Generator, side_px: int) -> Iterator[NDArray[np.uint8]]:
    """A square at a random place of a picture, if it is no plain area."""
    from pipeline.detect.face_boxes import cut

    height, width = rgb.shape[:2]
    side = min(height, width, int(generator.integers(*SQUARE_SIDES_PX)))
    x, y = (int(generator.integers(0, size - side + 1)) for size in (width, height))
    box = (x / width, y / height, (x + side) / width, (y + side) / height)
    taken = cut(rgb, box, side_px=side_px, reach=1.0)
    if taken.std() > LEAST_SPREAD:
        yield taken


def crops_of(path: Path, *, with_squares: bool, seed: int) -> dict[str, NDArray[Any]]:
    """Faces (RGB uint8 [N, side, side, 3]) of a clip with what is known of each, and squares of it."""
    from models.faces.sizes import CUT_PX, CUT_REACH
    from pipeline.detect.face_looks import FaceLooks
    from pipeline.detect.pictures import CanonicalPictures
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe

    clip, generator = probe(path), np.random.default_rng(seed)
    looks = FaceLooks(side_px=CUT_PX, reach=CUT_REACH, most=MOST_FACES)
    pictures = CanonicalPictures(min(clip.duration_s, LENGTH_S), "thorough")
    taken: list[NDArray[np.uint8]] = []
    step_s = min(clip.duration_s or LENGTH_S, LENGTH_S) / (MOST_SQUARES + 1)
    for frame in read_frames(clip, end_s=LENGTH_S):
        picture = pictures.take(frame)
        if picture is None:
            continue
        looks.add(picture)
        if with_squares and len(taken) < MOST_SQUARES and picture.time_s >= (len(taken) + 0.5) * step_s:
            taken += list(squares(picture.rgb(), generator, CUT_PX))
    found = looks.looks()
    empty = np.zeros((0, CUT_PX, CUT_PX, 3), np.uint8)
    return {
        "faces": np.stack([look.cut for look in found]) if found else empty,
        "squares": np.stack(taken) if taken else empty,
        "time_s": np.array([look.time_s for look in found]),
        "track": np.array([look.track for look in found], int),
        "side_px": np.array([look.side_px for look in found]),
        "sharpness": np.array([look.sharpness for look in found]),
    }


def rows(manifest: Path, out: Path) -> Iterator[dict[str, object]]:
    """One row per clip that has pictures; writes its crops."""
    from models.folds import fold_of, label_of
    from pipeline.errors import FoleymarkError
    from pipeline.files import sha256_file

    with manifest.open(newline="", encoding="utf-8") as lines:
        entries = [entry for entry in csv.DictReader(lines) if entry["kind"] in ("ai", "real", "av", "talk")]
    for number, entry in enumerate(entries):
        path = manifest.parent / entry["path"]
        sha256, label = sha256_file(path), label_of(entry["kind"], entry["source"])
        try:
            found = crops_of(path, with_squares=label == "real", seed=number)
        except FoleymarkError as error:
            print(f"{entry['path']}: {error}", file=sys.stderr)
            continue
        if not (len(found["faces"]) or len(found["squares"])):
            continue
        np.savez(out / f"{sha256[:16]}.npz", **found)  # type: ignore[arg-type]
        about = {"clip": sha256[:16], "sha256": sha256, "label": label}
        about |= {name: entry[name] for name in ("kind", "source", "origin")}
        yield {**about, "fold": fold_of(sha256), "faces": len(found["faces"]), "squares": len(found["squares"])}


def main() -> int:
    """Write the crops and index.csv, and print how many there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    found = list(rows(given.manifest, given.out))
    with (given.out / "index.csv").open("w", newline="", encoding="utf-8") as target:
        names = ("clip", "sha256", "label", "kind", "source", "origin", "fold", "faces", "squares")
        writer = csv.DictWriter(target, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    faces = [row for row in found if row["faces"]]
    counts = {label: sum(row["label"] == label for row in faces) for label in ("ai", "real")}
    print(json.dumps({"clips": len(found), "clips_with_faces": counts}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
