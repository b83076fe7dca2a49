"""The whole job over a folder of clips, against one plain ffmpeg transcode of each with the same encoder settings.

    python -m benchmarks.end_to_end --clips DIR [--clips DIR2] [--json] [--keep FOLDER] [--preset NAME]

The job is `foleymark run` as a person would call it: its own process, Prefect's start included. Clips are declared
as "not generated", because the benchmark does not know where they come from.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import Finished, ffmpeg, measure, note, show, videos_below
from pipeline.config import load_settings
from pipeline.errors import UnreadableInput
from pipeline.keys import Keys
from pipeline.mark_reading import read_marks
from pipeline.media.probe import probe
from pipeline.provenance.reading.reader import read_credential


def main() -> None:
    arguments = _arguments()
    clips = videos_below(arguments.clips)
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        work = Path(folder)
        output = arguments.keep or work / "out"
        os.environ["FOLEYMARK_HOME"] = str(work / "home")
        _foleymark("keys", "init", "--organisation", "Benchmark")
        note(f"{len(clips)} clips: foleymark run ...")
        report, run_s, peak_mb = _run(arguments.clips, output, arguments.preset)
        note(f"{run_s:.0f} s; plain transcodes ...")
        transcode_s, transcode_peak_mb = _transcode_all(clips, work, arguments.preset)
        note(f"{transcode_s:.0f} s; reading every output back ...")
        figures = _figures(report, Keys(work / "home"))
    figures["wall_ratio_vs_transcode"] = run_s / transcode_s
    figures["peak_rss_mb"], figures["transcode_peak_rss_mb"] = peak_mb, transcode_peak_mb
    figures["run_s"], figures["transcode_s"] = run_s, transcode_s
    for job in report["jobs"]:
        if job["error"] or job["warnings"]:
            note(f"{job['source']}: {job['error']} {' '.join(job['warnings'])}")
    show(figures, as_json=arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", required=True, help="folder of videos; may be repeated")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, help="keep finished clips and report here")
    parser.add_argument("--preset", default="web")
    return parser.parse_args()


def _foleymark(*arguments: str) -> Finished:
    return measure([sys.executable, "-m", "pipeline.app.cli", *arguments])


def _run(folders: list[Path], output: Path, preset: str) -> tuple[dict[str, Any], float, float]:
    paths = [str(folder) for folder in folders]
    options = ["-o", str(output), "--preset", preset, "--not-generated", "--json"]
    done = _foleymark("run", *paths, *options)
    if done.code not in (0, 1):
        sys.exit(done.stderr.decode(errors="replace") or done.stdout.decode())
    return json.loads(done.stdout), done.seconds, done.peak_mb


def _transcode_all(clips: list[Path], work: Path, preset: str) -> tuple[float, float]:
    settings = load_settings(preset=preset, environment={}).encode
    spent = peak_mb = 0.0
    for path in clips:
        try:
            deep = probe(path).video.bit_depth > 8
        except UnreadableInput as error:
            note(str(error))
            continue
        codec = ["libx265", "-x265-params", "log-level=none"] if deep else ["libx264"]
        done = ffmpeg(
            *("-i", f"file:{path}", "-map", "0:v:0", "-map", "0:a:0?", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"),
            *("-c:v", *codec, "-preset", settings.preset, "-crf", str(settings.crf)),
            *("-pix_fmt", "yuv420p10le" if deep else "yuv420p", "-c:a", "aac", "-b:a", str(settings.audio_bit_rate)),
            *("-movflags", "+faststart", str(work / "plain.mp4")),
        )
        spent += done.seconds
        peak_mb = max(peak_mb, done.peak_mb)
    return spent, peak_mb


def _figures(report: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """Counts from the files themselves, read anew, not from what the run says of itself."""
    trust = keys.trust()
    ok = signed = marked = 0
    for job in report["jobs"]:
        if job["state"] != "done":
            continue
        output = Path(job["output"])
        ok += _plays(output)
        credential = read_credential(output, trust=trust)
        signed += credential is not None and credential.integrity == "exact" and credential.signer == "own"
        payload = read_marks(output, keys=keys.mark).payload
        marked += payload is not None and payload.id == job["mark"]["payload"]["id"]
    return {
        "clips": report["clips"],
        "ok": ok,
        "failed": report["clips"] - ok,
        "signed_valid": signed,
        "mark_read": marked,
        "mark_read_share": marked / max(1, ok),
    }


def _plays(path: Path) -> bool:
    """A second decoder gets through the file without an error."""
    try:
        ffmpeg("-xerror", "-i", f"file:{path}", "-f", "null", "-")
    except RuntimeError as error:
        note(f"{path}: {error}")
        return False
    return True


if __name__ == "__main__":
    main()
