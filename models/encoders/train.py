"""Calibrate your encoder or a detector plug-in on your own labelled clips, and see what it is worth.

    python -m models.encoders.train --manifest clips.csv --encoder ~/dinov2-small --out calibration.json
    python -m models.encoders.train --manifest clips.csv --plugin NAME --out calibration.json

The manifest has the columns path (below its own folder), kind (ai or real) and origin: the page, camera or collection a
clip comes from. Clips of one origin are never trained and judged on at once. The printed AUC comes from origins left
out; the file is what `check.encoder.calibration` or `check.detectors` name in the settings.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import FoleymarkError, UsageError

if TYPE_CHECKING:
    from models.linear import Table

# below this a fold is a matter of luck
MIN_ORIGINS = 5
MIN_CLIPS = 10
Measure = Callable[[Path], Mapping[str, float]]


def read_manifest(path: Path) -> list[dict[str, str]]:
    """The rows of a manifest; UsageError when a column or a kind is wrong."""
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as CSV; give a table with the columns path, kind, origin.") from error
    missing = [name for name in ("path", "kind", "origin") if not rows or not rows[0].get(name)]
    if missing:
        raise UsageError(f"{path} has no column {', '.join(missing)}, or no clip; see --help.")
    wrong = next((row["kind"] for row in rows if row["kind"] not in ("ai", "real")), None)
    if wrong is not None:
        raise UsageError(f"{path} holds a clip of kind {wrong!r}; a kind is ai or real.")
    return rows


def encoder_measure(folder: Path, kind: Any) -> tuple[Measure, str]:
    """How an encoder's figures of a clip are measured, and the encoder's identity."""
    from pipeline.detect.encoders.detector import EncoderDetector
    from pipeline.detect.encoders.encoder import load_encoder

    encoder = load_encoder(folder, kind)

    def measure(clip: Path) -> Mapping[str, float]:
        detector = EncoderDetector(encoder)
        _show(clip, detector)
        return detector.figures()

    return measure, encoder.identity


def plugin_measure(name: str) -> tuple[Measure, str]:
    """The same for a plug-in: the figures of the first piece of evidence that has any."""
    from pipeline.detect.plugins import identity, installed, open_plugins

    def measure(clip: Path) -> Mapping[str, float]:
        (detector,) = open_plugins((name,))
        _show(clip, detector)
        found = detector.evidence()
        if detector.failure:
            raise UsageError(detector.failure)
        return next((one.raw for one in found if one.applicable and one.raw), {})

    open_plugins((name,))
    return measure, identity(installed()[name])


def _show(clip: Path, detector: Any) -> None:
    from pipeline.detect.pictures import CanonicalPictures
    from pipeline.media.frames import read_frames
    from pipeline.media.probe import probe

    pictures = CanonicalPictures(probe(clip).duration_s)
    for frame in read_frames(clip):
        picture = pictures.take(frame)
        if picture is not None:
            detector.add(picture)


def table_of(rows: Sequence[Mapping[str, str]], figures: Sequence[Mapping[str, float]]) -> tuple[Table, list[str]]:
    """The clips that have figures as a table with folds by origin, and the names of the figures all of them have.

    Raises
    ------
    UsageError
        When there are too few clips, origins or common figures to calibrate on.
    """
    import numpy as np

    from models.folds import assign
    from models.linear import Table

    pairs = [(row, values) for row, values in zip(rows, figures, strict=True) if values]
    folds = assign((row["origin"], row["kind"]) for row, _ in pairs)
    if len(pairs) < MIN_CLIPS or len(folds) < MIN_ORIGINS:
        raise UsageError(
            f"{len(pairs)} clips of {len(folds)} origins could be measured; "
            f"it takes {MIN_CLIPS} clips of {MIN_ORIGINS} origins to calibrate."
        )
    names = sorted(set.intersection(*(set(values) for _, values in pairs)))
    if not names:
        raise UsageError("The clips have no figure in common; a detector must name the same ones each time.")
    table = Table(
        x=np.array([[values[name] for name in names] for _, values in pairs], float),
        y=np.array([float(row["kind"] == "ai") for row, _ in pairs]),
        origin=np.array([row["origin"] for row, _ in pairs]),
        source=np.array([row.get("source") or row["origin"] for row, _ in pairs]),
        fold=np.array([folds[row["origin"]] for row, _ in pairs]),
    )
    _refuse_one_sided(table)
    return table, names


def _refuse_one_sided(table: Table) -> None:
    """Every two folds must leave both kinds over: one is held out, another is left out to find the factor."""
    import numpy as np

    folds = np.unique(table.fold)
    for one in folds:
        for other in folds:
            rest = table.y[(table.fold != one) & (table.fold != other)]
            if not 0 < rest.sum() < rest.size:
                raise UsageError("One kind comes from too few origins; add clips of it from at least three origins.")


def calibrate(table: Table, names: Sequence[str], measured_by: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The calibration file, and the report of what it is worth on origins left out."""
    from models import linear

    members = linear.train_members(table)
    report = linear.figures(linear.unseen(table, members), table)
    about = {"auc_unseen": report["auc"], "clips": report["clips"], "measured_by": measured_by}
    signs = dict(zip(names, linear.sign_of_features(table), strict=True))
    return linear.as_data(names, members, about), {**report, "each_figure": signs}


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, fit, write; the report."""
    from pipeline.files import write_atomic

    rows = read_manifest(arguments.manifest)
    chosen = (
        plugin_measure(arguments.plugin) if arguments.plugin else encoder_measure(arguments.encoder, arguments.kind)
    )
    measure, identity = chosen
    figures = [_told(arguments.manifest.parent / row["path"], measure) for row in rows]
    calibration, report = calibrate(*table_of(rows, figures), identity)
    write_atomic(arguments.out, json.dumps(calibration, indent=1) + "\n")
    return report


def _told(clip: Path, measure: Measure) -> Mapping[str, float]:
    from pipeline.errors import UnreadableInput

    try:
        found = measure(clip)
    except UnreadableInput as error:
        print(f"{clip.name}: {error}", file=sys.stderr)
        return {}
    print(f"{clip.name}: {'measured' if found else 'too little to measure'}", file=sys.stderr)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Calibrate and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--encoder", type=Path, help="folder with config.json and *.safetensors")
    what.add_argument("--plugin", help="name of an installed detector")
    parser.add_argument("--kind", choices=("dinov2", "clip"), default="dinov2", help="of the encoder")
    parser.add_argument("--out", type=Path, required=True)
    try:
        print(json.dumps(run(parser.parse_args(arguments)), indent=1))
    except FoleymarkError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
