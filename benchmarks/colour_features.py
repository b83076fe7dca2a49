"""Measure the colour detector's figures on labelled clips: the table that `python -m models.train colour` reads.

    python -m benchmarks.colour_features --manifest index.csv --csv colour/features.csv --copies copies

The manifest is that of `benchmarks.detection_scores`, and so are the copies, in which both labels are encoded alike.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import note
from benchmarks.detection.scoring import NATIVE, fold_for, in_processes
from benchmarks.detection_scores import VARIANT_NAMES, Task, copied, tasks_of, window
from pipeline.errors import FoleymarkError
from pipeline.files import replacing, sha256_file


def measured(task: Task, *, pictures: int) -> dict[str, Any]:
    """The row of one clip in one variant; empty when it cannot be measured."""
    from pipeline.media.probe import probe

    sha256 = sha256_file(task.path)
    try:
        clip = probe(task.path)
        with tempfile.TemporaryDirectory(prefix="foleymark-colour-") as folder:
            if task.variant != NATIVE:
                clip = probe(copied(task, clip, sha256, pictures=pictures, folder=Path(folder)))
            figures = figures_of(clip)
    except FoleymarkError as error:
        note(f"{task.path.name} ({task.variant}): {error}")
        return {}
    about = {name: task.about[name] for name in ("label", "source", "origin")}
    fold = fold_for(sha256, task.about["origin"])
    row = {"sha256": sha256, **about, "fold": 0 if fold is None else fold, "variant": task.variant}
    return row | {name: round(value, 5) for name, value in figures.items()} if figures else {}


def figures_of(clip: Any) -> dict[str, float]:
    """What the detector measures in a clip; empty when it can measure nothing."""
    from pipeline.detect.colour import ColourDetector
    from pipeline.detect.pictures import CanonicalPictures, stretches
    from pipeline.watching import needed_frames

    chosen, detector = CanonicalPictures(clip.duration_s), ColourDetector()
    for frame in needed_frames(clip, stretches(clip.duration_s, "normal"), lambda: False):
        picture = chosen.take(frame)
        if picture is not None:
            detector.add(picture)
    return detector.figures()


def main() -> int:
    """Write the CSV and print how many rows it has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--copies", type=Path, help="folder that keeps the re-encoded copies for the next run")
    parser.add_argument("--variants", default=",".join(VARIANT_NAMES))
    parser.add_argument("--limit", type=int, default=0, help="clips")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.copies:
        given.copies.mkdir(parents=True, exist_ok=True)
    tasks = tasks_of(given.manifest, only=(), limit=given.limit, copies=given.copies)
    work = partial(measured, pictures=window(tasks))
    wanted = [task for task in tasks if task.variant in given.variants.split(",")]
    rows = sorted(filter(None, in_processes(work, wanted, jobs=given.jobs)), key=lambda r: (r["sha256"], r["variant"]))
    if not rows:
        parser.error("no clip of the manifest could be measured; give clips with colour of a second at least")
    given.csv.parent.mkdir(parents=True, exist_ok=True)
    with replacing(given.csv) as beside, beside.open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(json.dumps({"rows": len(rows)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
