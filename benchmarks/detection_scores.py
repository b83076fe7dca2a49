"""Score labelled clips with every detector: the table that `python -m models.train fusion` is fitted on.

    python -m benchmarks.detection_scores --manifest index.csv --csv scores/scores.csv
    python -m benchmarks.detection_scores --manifest index.csv --csv scores/scores.csv --only motion

The manifest has the columns path (below its own folder), source and origin, and label (ai or real) or kind. Every clip
is scored as it is ("native") and in the two re-encoded copies of `benchmarks.detection`; a clip that training has seen
is scored by the members that never saw its fold. What the CSV holds already is not done again; --only does some
detectors again and keeps the rest.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import note
from benchmarks.detection.canonical import VARIANTS, make_copy, window_pictures
from benchmarks.detection.scoring import NATIVE, fold_for, in_processes
from models.folds import label_of
from pipeline.detect.fusion import WORDS
from pipeline.errors import FoleymarkError

KINDS = frozenset({"ai", "real", "av", "talk"})
ABOUT = ("path", "sha256", "label", "source", "origin", "fold", "variant")
QUALITY = ("quality", "gate", "kind", "bits_per_pixel", "sharpness_db", "blockiness", "flat_share")
COLUMNS = (*ABOUT, *QUALITY, *(f"{name}.{what}" for name in WORDS for what in ("logit", "applicable")))
# detectors that only listen need no copy: what is done to pictures does not change them
VARIANT_NAMES = (NATIVE, *VARIANTS)


@dataclass(frozen=True)
class Task:
    """One clip in one variant."""

    path: Path
    about: Mapping[str, str]
    variant: str
    # names in PICTURE_DETECTORS and SOUND_DETECTORS; empty for all
    only: tuple[str, ...]
    # where re-encoded copies are kept for the next time; None keeps none
    copies: Path | None = None


def tasks_of(manifest: Path, *, only: tuple[str, ...], limit: int, copies: Path | None) -> list[Task]:
    """Every clip of the manifest in every variant, evenly drawn when limited."""
    with manifest.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("label") or row.get("kind") in KINDS]
    if limit:
        rows = rows[:: max(1, len(rows) // limit)][:limit]
    found = []
    for row in rows:
        label = row.get("label") or label_of(row["kind"], row["source"])
        about = {"path": row["path"], "label": label, "source": row["source"], "origin": row.get("origin", "")}
        found += [Task(manifest.parent / row["path"], about, variant, only, copies) for variant in VARIANT_NAMES]
    return found


def score(task: Task, *, pictures: int) -> dict[str, Any]:
    """The row of one clip and variant; a row with nothing but what it is when the file cannot be read."""
    from pipeline.files import sha256_file
    from pipeline.media.probe import probe

    sha256 = sha256_file(task.path)
    fold = fold_for(sha256, task.about["origin"])
    row: dict[str, Any] = {**task.about, "sha256": sha256, "fold": "" if fold is None else fold}
    row["variant"] = task.variant
    try:
        clip = probe(task.path)
        if task.variant == NATIVE:
            return row | measured(clip, fold, task.only)
        with tempfile.TemporaryDirectory(prefix="foleymark-scores-") as folder:
            copy = copied(task, clip, sha256, pictures=pictures, folder=Path(folder))
            return row | measured(probe(copy), fold, task.only)
    except FoleymarkError as error:
        note(f"{task.path.name} ({task.variant}): {error}")
        return row | {"gate": "failed"}


def copied(task: Task, clip: Any, sha256: str, *, pictures: int, folder: Path) -> Path:
    """The re-encoded copy of a clip, in `folder` unless the task keeps copies elsewhere."""
    copy = (task.copies or folder) / f"{sha256[:24]}-{task.variant}-{pictures}.mp4"
    if not copy.exists():
        beside = folder / "beside.mp4"
        make_copy(clip.path, beside, variant=task.variant, pictures=pictures, duration_s=clip.duration_s)
        shutil.move(beside, copy)
    return copy


def measured(clip: Any, fold: int | None, only: tuple[str, ...]) -> dict[str, Any]:
    """Quality, kind and the score of every detector of one file."""
    from pipeline.detect.detectors import PICTURE_DETECTORS, SOUND_DETECTORS, Guarded
    from pipeline.detect.kinds import KindMeter
    from pipeline.detect.pictures import CanonicalPictures, stretches
    from pipeline.detect.quality import QualityMeter
    from pipeline.watching import needed_frames, sound_blocks

    eyes, ears = (
        Guarded({name: make for name, make in makers.items() if not only or name in only}, held_out=fold)
        for makers in (PICTURE_DETECTORS, SOUND_DETECTORS)
    )
    quality, kind = QualityMeter(), KindMeter()
    chosen = CanonicalPictures(clip.duration_s)
    for frame in needed_frames(clip, stretches(clip.duration_s, "normal"), lambda: False):
        picture = chosen.take(frame)
        if picture is not None:
            quality.add(picture)
            kind.add(picture)
            eyes.add(picture)
    for block, rate_hz in sound_blocks(clip) if not only or set(only) & set(SOUND_DETECTORS) else ():
        ears.add(block, rate_hz)
    found = quality.quality(clip)
    row: dict[str, Any] = {"quality": found.bin, "gate": found.gate, "kind": kind.kind().name}
    row |= {name: round(getattr(found, name), 4) for name in QUALITY[3:]}
    row |= scored((*eyes.evidence(), *ears.evidence()))
    for complaint in eyes.complaints + ears.complaints:
        note(f"{clip.path.name}: {complaint}")
    return row


def scored(evidence: Sequence[Any]) -> dict[str, Any]:
    """Columns of every detector that was asked."""
    from pipeline.detect.fusion import scores_of

    given = scores_of(evidence)
    asked = [item.name for item in evidence if item.scope == "content" and item.name in WORDS]
    row: dict[str, Any] = {}
    for name in asked:
        row[f"{name}.applicable"] = int(name in given)
        row[f"{name}.logit"] = round(given[name], 5) if name in given else ""
    return row


def known_rows(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What the CSV holds already, by path and variant."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as lines:
        return {(row["path"], row["variant"]): dict(row) for row in csv.DictReader(lines)}


def write_rows(path: Path, rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    """The whole table, or not at all."""
    from pipeline.files import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in sorted(rows))


def window(tasks: Sequence[Task]) -> int:
    """How many pictures the copies have, as in the audit."""
    from pipeline.media.probe import probe

    lengths: dict[str, list[float]] = {"ai": [], "real": []}
    for task in tasks:
        if task.variant == NATIVE:
            try:
                lengths[task.about["label"]].append(probe(task.path).duration_s)
            except FoleymarkError as error:
                note(f"{task.path.name}: {error}")
    return window_pictures({label: tuple(found) for label, found in lengths.items()})


def main() -> int:
    """Fill the CSV and print how many rows it has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--only", default="", help="detectors to do again, by their name in pipeline.detect.detectors")
    parser.add_argument("--limit", type=int, default=0, help="clips")
    parser.add_argument("--variants", default=",".join(VARIANT_NAMES))
    parser.add_argument("--copies", type=Path, help="folder that keeps the re-encoded copies for the next run")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    only = tuple(filter(None, arguments.only.split(",")))
    rows = known_rows(arguments.csv)
    if arguments.copies:
        arguments.copies.mkdir(parents=True, exist_ok=True)
    tasks = tasks_of(arguments.manifest, only=only, limit=arguments.limit, copies=arguments.copies)
    pictures = window(tasks)
    wanted = arguments.variants.split(",")
    left = [t for t in tasks if t.variant in wanted and (only or (t.about["path"], t.variant) not in rows)]
    # in any order, so that an unfinished table is a fair sample
    random.Random(1).shuffle(left)
    for number, row in enumerate(in_processes(partial(score, pictures=pictures), left, jobs=arguments.jobs), start=1):
        key = (row["path"], row["variant"])
        rows[key] = rows.get(key, {}) | row
        if number % 20 == 0:
            write_rows(arguments.csv, rows)
    write_rows(arguments.csv, rows)
    print(json.dumps({"rows": len(rows), "pictures": pictures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
