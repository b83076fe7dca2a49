"""How well `foleymark check` tells AI clips from camera clips, with the controls that published figures lack.

    python -m benchmarks.detection --manifest CSV [--json] [--native] [--cache DIR] [--limit N] [--jobs 2]

The manifest has the columns path (relative to its folder), label (ai or real), source and, if known, origin. Both
labels are re-encoded alike: 8 pictures a second, the same number of pictures from the middle, x264 CRF 20, no sound, no
tags ("clean": the main figures), and again at 0.75x and CRF 28 ("degraded"). "native" holds the files as they are.

The score is the log-likelihood ratio of the fused evidence, 0 where nothing can be said. Verdicts likely_ai and
no_ai_evidence answer, all others abstain; fpr_real is the share of camera clips called likely_ai. balanced_accuracy is
at a score of 0, ece at equal priors. tpr_at_1fpr is read off each variant's own curve; controls.fixed_threshold holds
what one threshold set on clean copies does. Intervals draw whole origins (sources where there are none). Clips that
training has seen are judged by the member that has not seen their origin; baselines never see the origin they judge.
metadata_only_auc is what rate, size, length and bit rate of the original files give away.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import note, show_text
from benchmarks.detection.canonical import VARIANTS, window_pictures
from benchmarks.detection.manifest import Entry, drawn, read_manifest
from benchmarks.detection.scoring import NATIVE, Plan, score_all
from pipeline.errors import FoleymarkError, UnreadableInput, UsageError


def main(words: Sequence[str] | None = None) -> int:
    """Run the audit and print it; 2 for a manifest that cannot be used."""
    arguments = _arguments(words)
    try:
        found = audit(arguments)
    except UsageError as error:
        note(str(error))
        return 2
    from benchmarks.detection.report import as_text

    show_text(found, as_text, as_json=arguments.json)
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--native", action="store_true", help="judge the files as they are, too")
    parser.add_argument("--cache", type=Path, help="folder that remembers judgements, to go on after a stop")
    parser.add_argument("--limit", type=int, default=0, help="draw so many clips evenly from the sources")
    parser.add_argument("--pictures", type=int, default=0, help="pictures of every copy; 0 chooses by the lengths")
    parser.add_argument("--thoroughness", choices=("fast", "normal", "thorough"), default="normal")
    parser.add_argument("--jobs", type=int, default=2, help="clips at a time")
    return parser.parse_args(words)


def audit(arguments: argparse.Namespace) -> dict[str, object]:
    """Judge the clips of a manifest; UsageError when that cannot be done with it."""
    entries = drawn(read_manifest(arguments.manifest), arguments.limit)
    variants = (*VARIANTS, *((NATIVE,) if arguments.native else ()))
    pictures = arguments.pictures or _pictures(entries)
    note(f"{len(entries)} clips, {', '.join(variants)}, {pictures} pictures each")
    plan = Plan(pictures, variants, arguments.thoroughness, arguments.cache, max(1, arguments.jobs))
    scored = score_all(entries, plan)
    if {one.entry.label for one in scored if not one.failed} != {0, 1}:
        raise UsageError(
            f"None of one label's clips could be judged: {next(one.failed for one in scored if one.failed)}"
        )
    from benchmarks.detection.report import build

    return build(scored, plan)


def _pictures(entries: Sequence[Entry]) -> int:
    from pipeline.media.probe import probe

    lengths: dict[str, list[float]] = {"ai": [], "real": []}
    for entry in entries:
        try:
            lengths[entry.kind].append(probe(entry.path).duration_s)
        except UnreadableInput as error:
            note(f"{error}")
    return window_pictures({kind: found for kind, found in lengths.items() if found})


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FoleymarkError as error:
        note(str(error))
        sys.exit(error.exit_code)
