"""What must never be called AI-made: drawn, rendered, recorded from a screen, still, black, noisy, denoised.

    python -m benchmarks.detection.not_ai [--manifest CSV] [--limit 6] [--keep DIR] [--json]

Ten materials are rendered on the spot. With a manifest, so many of its camera clips are denoised heavily, and denoised
and sharpened as telephones do. "check_seconds" is what the whole check takes for ten seconds of 1080p; compare it only
on a machine without other load. Ends with 1 when anything is called likely_ai.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import note, show_text
from benchmarks.detection import hard_material
from benchmarks.detection.manifest import Entry, drawn, read_manifest
from benchmarks.detection.operations import Filter, cut
from benchmarks.detection.scoring import Judged, fold_for, judge, quiet
from pipeline.errors import FoleymarkError, UsageError
from pipeline.files import sha256_file

LIMIT = 6
DENOISED = {
    "denoised": Filter("hqdn3d=14:10:18:14"),
    "denoised and sharpened": Filter("hqdn3d=8:6:10:8,unsharp=5:5:1.2"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Judge everything and print it; 1 when anything is called AI-made, 2 for a bad manifest."""
    arguments = _arguments(words)
    quiet()
    try:
        entries = read_manifest(arguments.manifest) if arguments.manifest else ()
    except UsageError as error:
        note(str(error))
        return 2
    real = drawn(entries, 2 * arguments.limit)
    with tempfile.TemporaryDirectory(prefix="foleymark-not-ai-") as folder:
        found = run([entry for entry in real if not entry.label], arguments.keep or Path(folder))
    show_text(found, as_text, as_json=arguments.json)
    return 1 if found["likely_ai"] else 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--limit", type=int, default=LIMIT, help="camera clips to denoise")
    parser.add_argument("--keep", type=Path, help="folder to leave the rendered clips in")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)


def run(camera: Sequence[Entry], folder: Path) -> dict[str, Any]:
    """Verdict and score of every material, and the time of a whole check."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, Any]] = {}
    for name, maker in hard_material.MAKERS.items():
        clip = hard_material.write(maker(), folder / f"{name.replace(' ', '_')}.mp4")
        found[name] = _told(name, judge(clip))
    failed: dict[str, str] = {}
    for entry in camera:
        try:
            found |= _denoised(entry)
        except (FoleymarkError, RuntimeError) as error:
            failed[str(entry.path)] = str(error)
    return {
        "likely_ai": [name for name, about in found.items() if about["verdict"] == "likely_ai"],
        "material": found,
        "check_seconds": _seconds(folder),
        "failed": failed,
    }


def _told(name: str, judged: Judged) -> dict[str, Any]:
    note(f"{name}: {judged.verdict}")
    return {
        "verdict": judged.verdict,
        "score": round(judged.score, 3),
        "seconds": judged.seconds,
        "said": judged.detectors,
    }


def _denoised(entry: Entry) -> dict[str, dict[str, Any]]:
    from pipeline.media.probe import probe

    held_out = fold_for(sha256_file(entry.path), entry.origin)
    found = {}
    with tempfile.TemporaryDirectory(prefix="foleymark-not-ai-") as folder:
        source = cut(entry.path, Path(folder), duration_s=probe(entry.path).duration_s)
        for kind, change in DENOISED.items():
            name = f"{kind}: {entry.source}/{entry.path.name}"
            found[name] = _told(name, judge(change(source, Path(folder)), held_out=held_out))
    return found


def _seconds(folder: Path) -> float:
    """Wall time of a whole check of ten seconds of 1080p."""
    from pipeline.checking import check
    from pipeline.keys import Keys

    clip = hard_material.write(hard_material.camera_like(), folder / "ten_seconds_1080p.mp4")
    return check(clip, keys=Keys(folder / "home")).seconds


def as_text(found: dict[str, Any]) -> str:
    """The record as a table for a person."""
    lines = [f"{'material':<60}{'verdict':<18}{'score':>8}{'s':>7}"]
    for name, about in found["material"].items():
        lines.append(f"{name[:58]:<60}{about['verdict']:<18}{about['score']:>8.2f}{about['seconds']:>7.2f}")
    lines += ["", f"called AI-made: {', '.join(found['likely_ai']) or 'none'}"]
    lines += [f"check of ten seconds of 1080p: {found['check_seconds']:.1f} s"]
    return "\n".join(lines + [f"failed: {path}: {why}" for path, why in found["failed"].items()])


if __name__ == "__main__":
    sys.exit(main())
