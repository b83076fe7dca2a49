"""Whether verdicts hold when files are re-encoded, filtered, or marked and given sound by ourselves.

    python -m benchmarks.detection.sweep --manifest CSV [--json] [--limit 24] [--operations NAME,..] [--cache DIR]

Each operation starts from the file itself (from its first six seconds, as packets, when it is longer than eight). A
flip is a verdict that becomes likely_ai or stops being it; "changed" counts verdicts with another name. "moved" is the
mean absolute change of the score (log-likelihood ratio) and "shift" its mean, by label.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import note, show_text
from benchmarks.detection.manifest import Entry, drawn, read_manifest
from benchmarks.detection.metrics import rounded
from benchmarks.detection.operations import OPERATIONS, OWN, cut
from benchmarks.detection.scoring import JUDGING, Judged, code_version, fold_for, in_processes, judge, recalled
from pipeline.detect.pictures import Thoroughness
from pipeline.errors import FoleymarkError, UsageError
from pipeline.files import sha256_file

LIMIT = 24
# what changes the files themselves
CHANGING = ("benchmarks/detection/operations.py", "pipeline/marking.py", "pipeline/watermark", "pipeline/sound")


@dataclass(frozen=True)
class Swept:
    """One clip before and after every operation."""

    entry: Entry
    before: Judged | None = None
    after: dict[str, Judged] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def main(words: Sequence[str] | None = None) -> int:
    """Run the sweep and print it; 2 for a manifest or a name that cannot be used."""
    arguments = _arguments(words)
    try:
        found = sweep(arguments)
    except UsageError as error:
        note(str(error))
        return 2
    show_text(found, as_text, as_json=arguments.json)
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--limit", type=int, default=LIMIT, help="draw so many clips evenly; 0 for all")
    parser.add_argument("--operations", default=",".join(OPERATIONS), help="names with commas between")
    parser.add_argument("--thoroughness", choices=("fast", "normal", "thorough"), default="normal")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args(words)


def sweep(arguments: argparse.Namespace) -> dict[str, Any]:
    """Judge clips before and after each operation; UsageError for names or a manifest that cannot be used."""
    names = tuple(arguments.operations.split(","))
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise UsageError(f"There is no operation {', '.join(unknown)}; there are {', '.join(OPERATIONS)}.")
    entries = drawn(read_manifest(arguments.manifest), arguments.limit)
    note(f"{len(entries)} clips, {len(names)} operations")
    version = code_version((*JUDGING, *CHANGING))
    work = partial(sweep_clip, names=names, thoroughness=arguments.thoroughness, cache=arguments.cache, version=version)
    return summary(list(in_processes(work, entries, jobs=max(1, arguments.jobs))), names)


def sweep_clip(
    entry: Entry, *, names: Sequence[str], thoroughness: Thoroughness, cache: Path | None, version: str
) -> Swept:
    """Judge one clip before and after; an operation that fails is told and ends no run."""
    from pipeline.media.probe import probe

    sha256 = sha256_file(entry.path)
    held_out = fold_for(sha256, entry.origin)
    swept = Swept(entry)
    with tempfile.TemporaryDirectory(prefix="foleymark-sweep-") as folder:
        try:
            source = cut(entry.path, Path(folder), duration_s=probe(entry.path).duration_s)
        except (FoleymarkError, RuntimeError) as error:
            return Swept(entry, failed={"cut": str(error)})
        for name in ("", *names):
            key = f"sweep {sha256} {name} {held_out} {thoroughness} {version}"
            try:
                swept.after[name] = recalled(cache, key, partial(_judged_after, name, source, held_out, thoroughness))
            except (FoleymarkError, RuntimeError) as error:
                swept.failed[name] = str(error)
    return Swept(entry, swept.after.pop("", None), swept.after, swept.failed)


def _judged_after(name: str, source: Path, held_out: int | None, thoroughness: Thoroughness) -> Judged:
    with tempfile.TemporaryDirectory(prefix="foleymark-sweep-") as folder:
        changed = OPERATIONS[name](source, Path(folder)) if name else source
        return judge(changed, held_out=held_out, thoroughness=thoroughness)


# ---------------------------------------------------------------- figures
def summary(swept: Sequence[Swept], names: Sequence[str]) -> dict[str, Any]:
    """Flip rates by operation, and of our own operations together."""
    operations = {name: _operation(swept, name) for name in names}
    own = [operations[name] for name in names if name in OWN]
    pairs = sum(about["clips"] for about in own)
    return rounded(  # type: ignore[no-any-return]
        {
            "clips": sum(one.before is not None for one in swept),
            "before": dict(Counter(one.before.verdict for one in swept if one.before)),
            "own_flip_rate": sum(about["flips"] for about in own) / pairs if pairs else None,
            "operations": operations,
            "failed": {str(one.entry.path): one.failed for one in swept if one.failed},
        }
    )


def _operation(swept: Sequence[Swept], name: str) -> dict[str, Any]:
    pairs = [(one.before, one.after[name], one.entry) for one in swept if one.before and name in one.after]
    moves = {kind: [b.score - a.score for a, b, entry in pairs if entry.kind == kind] for kind in ("ai", "real")}
    flips = sum(is_flip(a.verdict, b.verdict) for a, b, _ in pairs)
    return {
        "clips": len(pairs),
        "flips": flips,
        "flip_rate": flips / len(pairs) if pairs else None,
        "changed": sum(a.verdict != b.verdict for a, b, _ in pairs),
        "moved": float(np.mean([abs(b.score - a.score) for a, b, _ in pairs])) if pairs else None,
        "shift": {kind: float(np.mean(by)) if by else None for kind, by in moves.items()},
        "verdicts": dict(Counter(b.verdict for _, b, _ in pairs)),
    }


def is_flip(before: str, after: str) -> bool:
    """Whether somebody is accused by one verdict and not by the other."""
    return (before == "likely_ai") != (after == "likely_ai")


def as_text(found: dict[str, Any]) -> str:
    """The record as a table for a person."""
    lines = [f"{found['clips']} clips, before: {found['before']}", ""]
    lines.append(f"{'operation':<20}{'clips':>7}{'flips':>7}{'rate':>8}{'changed':>9}{'moved':>8}  shift ai, real")
    for name, about in found["operations"].items():
        shift = ", ".join("-" if by is None else f"{by:+.2f}" for by in about["shift"].values())
        rate, moved = ("-" if about[key] is None else f"{about[key]:.3f}" for key in ("flip_rate", "moved"))
        counts = f"{about['clips']:>7}{about['flips']:>7}{rate:>8}{about['changed']:>9}{moved:>8}"
        lines.append(f"{name:<20}{counts}  {shift}")
    lines += ["", f"flip rate of our own operations: {found['own_flip_rate']}"]
    return "\n".join(lines + [f"failed: {path}: {why}" for path, why in found["failed"].items()])


if __name__ == "__main__":
    sys.exit(main())
