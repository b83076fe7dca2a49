"""Candidates for glitches on labelled clips, untouched, with glitches put in and with what real footage suffers.

    python -m benchmarks.glitch_features --manifest index.csv --out models/glitches/events.jsonl.gz

The manifest has the columns path (below its own folder), kind, source and origin. One line of JSON per clip and
variant; `python -m models.train glitches --material events.jsonl.gz` reads them. Every clip is re-encoded alike
after the glitch is put in, so that no detector can find the joint.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.folds import assign, fold_of, label_of
from models.glitches.disturbances import DISTURBANCES, disturb
from models.glitches.synthesis import KINDS, Glitch, add_glitch
from pipeline.detect.glitches_events import Candidate, candidates
from pipeline.detect.glitches_maps import LONG_SIDE_PX, is_repeat, measure

# long side of the pictures that glitches are put into and that are encoded: what the detector looks at
WORK_PX = LONG_SIDE_PX
# pictures of one shot, three seconds
PICTURES = 24
LEAST_PICTURES = 12
RATE_HZ = 8
# x264 rate factors from a good upload to a messenger
RATE_FACTORS = (18, 23, 28)
# of the ways in which real footage suffers, every clip gets so many
DISTURBED = 1


@dataclass(frozen=True)
class Source:
    """One clip to work on."""

    path: Path
    name: str
    label: str
    source: str
    origin: str
    fold: int

    @property
    def seed(self) -> int:
        return zlib.crc32(self.name.encode())


def sources(manifest: Path, *, folds: tuple[int, ...] = (0, 1, 2, 3, 4)) -> list[Source]:
    """Clips of a manifest in some folds; those training never saw get theirs by origin."""
    from models.material import clips
    from pipeline.files import sha256_file

    rows = clips(manifest)
    by_origin = assign((row["origin"], label_of(row["kind"], row["source"])) for row in rows)
    found = []
    for row in rows:
        known = fold_of(sha256_file(manifest.parent / row["path"]))
        fold = by_origin[row["origin"]] if known is None else known
        label = label_of(row["kind"], row["source"])
        found.append(Source(manifest.parent / row["path"], row["path"], label, row["source"], row["origin"], fold))
    return [source for source in found if source.fold in folds]


def read(path: Path) -> NDArray[np.uint8]:
    """Luma of a clip's first long enough shot, uint8 [T, H, W] with even sides; empty when it has none."""
    from pipeline.detect.pictures import CanonicalPictures
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe

    clip = probe(path)
    chosen = CanonicalPictures(clip.duration_s, "thorough")
    run: list[NDArray[np.uint8]] = []
    best: list[NDArray[np.uint8]] = []
    for frame in read_frames(clip, end_s=3 * PICTURES / RATE_HZ):
        picture = chosen.take(frame)
        if picture is None:
            continue
        if picture.starts:
            run = []
        run.append(picture.gray(_width(picture.luma.shape)))
        best = max(best, run, key=len)
        if len(best) == PICTURES:
            break
    height, width = (side // 2 * 2 for side in best[0].shape) if best else (0, 0)
    return np.stack([gray[:height, :width] for gray in best]) if best else np.zeros((0, 2, 2), np.uint8)


def _width(shape: tuple[int, ...]) -> int:
    height, width = shape
    return WORK_PX if width >= height else max(2, round(WORK_PX * width / height))


def small(pictures: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """As the detector sees them."""
    height, width = pictures.shape[1:]
    scale = LONG_SIDE_PX / max(height, width)
    size = (round(width * scale), round(height * scale))
    return [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures]  # type: ignore[misc]


def look(pictures: NDArray[np.uint8]) -> tuple[list[Candidate], list[int]]:
    """Candidates of one run, and the index of the picture that each of the detector's pictures is."""
    grays, kept = small(pictures), [0]
    for i in range(1, len(grays)):
        if not is_repeat(grays[kept[-1]], grays[i]):
            kept.append(i)
    chosen = [grays[i] for i in kept]
    return (candidates(chosen, measure(chosen)) if len(chosen) >= 4 else []), kept


def variants(source: Source, pictures: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8], Glitch | None]]:
    """Name, re-encoded pictures and truth of everything that is made of one clip; AI clips stay untouched."""
    from pipeline.media.recode import recode

    generator = np.random.default_rng(source.seed)
    crf = int(generator.choice(RATE_FACTORS))
    yield "untouched", recode(pictures, crf=crf), None
    if source.label == "ai":
        return
    for kind in KINDS:
        made = add_glitch(pictures, kind, seed=source.seed)
        if made is not None:
            yield kind, recode(made[0], crf=crf), made[1]
    for name in generator.choice(DISTURBANCES, DISTURBED, replace=False):
        yield str(name), recode(disturb(pictures, name, seed=source.seed), crf=crf), None


def case(source: Source, name: str, pictures: NDArray[np.uint8], truth: Glitch | None) -> dict[str, Any]:
    """One line of the material: a clip's variant with its candidates, times in pictures."""
    found, kept = look(pictures)
    rows = [
        {
            "family": one.family,
            "before": kept[one.before],
            "after": kept[one.after],
            "box": [round(v, 4) for v in one.box],
            "values": [round(float(v), 4) for v in one.values],
        }
        for one in found
    ]
    about = {key: getattr(source, key) for key in ("name", "label", "source", "origin", "fold")}
    glitch = asdict(truth) if truth else None
    return {**about, "variant": name, "pictures": len(pictures), "truth": glitch, "candidates": rows}


def cases(source: Source) -> list[dict[str, Any]]:
    """All cases of one clip."""
    cv2.setNumThreads(1)
    pictures = read(source.path)
    if len(pictures) < LEAST_PICTURES:
        return []
    return [case(source, *made) for made in variants(source, pictures)]


def all_cases(chosen: list[Source], *, processes: int = 1) -> Iterator[dict[str, Any]]:
    """All cases of all clips, in their order."""
    with ProcessPoolExecutor(processes) as pool:
        for number, rows in enumerate(pool.map(cases, chosen)):
            print(f"{number + 1} of {len(chosen)}", file=sys.stderr, flush=True)
            yield from rows


def main() -> int:
    """Write the material."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    count = 0
    with gzip.open(arguments.out, "wt", encoding="utf-8", compresslevel=9) as target:
        for row in all_cases(sources(arguments.manifest), processes=arguments.processes):
            target.write(json.dumps(row) + "\n")
            count += 1
    print(json.dumps({"cases": count}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
