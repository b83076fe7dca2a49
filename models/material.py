"""Cut labelled clips into the crops that training reads.

    python -m models.material --manifest index.csv --out material [--zoo]

The manifest has the columns path (below its own folder), kind (ai, real, av, talk), source and origin; clips that are
not in models/folds.csv get their fold by origin. MATERIAL/index.csv lists clip, sha256, kind, label, source, origin,
fold; MATERIAL/<clip>.npy holds uint8 [crops, pictures, side, side]: luma at native scale, 8 pictures a second.
Beside it lie the same crops as viewers get them: <clip>.clean.npy, .small.npy and .wild.npy. With --zoo, once the
decoders are trained, camera clips also go through decoders: <clip>.zoo-NAME.npy beside <clip>.plain-NAME.npy, the same
crops without. What is there is not made again.
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

from models.deliveries import DELIVERIES, deliver, draw
from models.folds import assign, fold_of, label_of

KINDS = ("ai", "real", "av", "talk")
CROP_PX = 256
# the head of a clip is enough, and keeps long ones from filling the disk
LENGTH_S = 12.0
MOMENTS = 4
# crops of a camera clip that go through a decoder, and decoders of each clip
ZOO_CROPS, ZOO_EACH = 8, 2
# how often such a pair is delivered in each of the ways of DELIVERIES
ZOO_DELIVERIES = (0.5, 0.3, 0.2)


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


def make_deliveries(out: Path, name: str, pixels: np.ndarray) -> None:
    """The crops after an export, a messenger, and anything; the same ones whenever it is run."""
    for number, kind in enumerate(DELIVERIES):
        path = out / f"{name}.{kind}.npy"
        if not path.exists():
            np.save(path, deliver(pixels, draw(kind, _generator(name, number)), recode_crops))


def make_decoded(out: Path, name: str, pixels: np.ndarray) -> None:
    """Aligned pairs: camera crops as they are and through a decoder that training may see, delivered alike."""
    from models.decoders.zoo import TRAINING, apply

    rng = _generator(name, 100)
    few = pixels[rng.permutation(len(pixels))[:ZOO_CROPS]]
    for family in rng.choice(sorted(TRAINING), ZOO_EACH, replace=False):
        delivery = draw(str(rng.choice(DELIVERIES, p=ZOO_DELIVERIES)), rng)
        seed = int(rng.integers(1 << 30))
        if not (out / f"{name}.zoo-{family}.npy").exists():
            np.save(out / f"{name}.plain-{family}.npy", deliver(few, delivery, recode_crops))
            np.save(
                out / f"{name}.zoo-{family}.npy", deliver(apply(str(family), few, seed=seed), delivery, recode_crops)
            )


def _generator(name: str, number: int) -> np.random.Generator:
    return np.random.default_rng([int(name[:8], 16), number])


def recode_crops(lumas: np.ndarray, crf: int, codec: str) -> np.ndarray:
    from pipeline.media.recode import recode

    return recode(lumas, crf=crf, codec=codec)


def rows(manifest: Path, out: Path, *, zoo: bool) -> Iterator[dict[str, Any]]:
    """Cut and deliver every clip that is not there yet; one row of the index for each that gave crops."""
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
        pixels = np.load(out / f"{name}.npy")
        make_deliveries(out, name, pixels)
        if zoo and label_of(row["kind"], row["source"]) == "real":
            make_decoded(out, name, pixels)
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
    parser.add_argument("--zoo", action="store_true", help="also pass camera clips through the decoders")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    found = list(rows(given.manifest, given.out, zoo=given.zoo))
    with (given.out / "index.csv").open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, fieldnames=list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    print(json.dumps({"clips": len(found)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
