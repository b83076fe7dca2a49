"""Peak memory of the whole job on one clip, long against short; flat means that hours of video fit.

    python -m benchmarks.memory [--clip FILE] [--short 10] [--long 600] [--json]

The clip is looped by packet copy to both lengths. Each job runs in a process of its own, without Prefect, and with the
draft encoder preset, because memory does not depend on it as much as patience does.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.common import ffmpeg, measure, note, show

JOB = """
import sys
from pathlib import Path
from pipeline import batch
from pipeline.keys import Keys
from pipeline.config import home, load_settings
source, output = Path(sys.argv[1]), Path(sys.argv[2])
[job] = batch.plan_jobs([source], output=output, container=".mp4")
result = batch.finish_clip(job, settings=load_settings(preset="draft"), keys=Keys(home()))
assert result.state == "done", result.error
assert batch.is_signed(result) and batch.is_marked(result), result.warnings
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, default=Path("samples/balls.mp4"))
    parser.add_argument("--short", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--long", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        work = Path(folder)
        os.environ["FOLEYMARK_HOME"] = str(work / "home")
        measure([sys.executable, "-m", "pipeline.app.cli", "keys", "init"])
        short_mb = _peak_mb(arguments.clip, arguments.short, work)
        long_mb = _peak_mb(arguments.clip, arguments.long, work)
    figures = {
        "short_s": arguments.short,
        "long_s": arguments.long,
        "short_peak_mb": short_mb,
        "long_peak_mb": long_mb,
        "ratio": long_mb / short_mb,
    }
    show(figures, as_json=arguments.json)


def _peak_mb(clip: Path, seconds: float, work: Path) -> float:
    looped = work / f"{seconds:g}.mp4"
    ffmpeg("-stream_loop", "-1", "-i", f"file:{clip}", "-t", str(seconds), "-c", "copy", str(looped))
    note(f"{seconds:g} s ...")
    done = measure([sys.executable, "-c", JOB, str(looped), str(work / f"out-{seconds:g}")])
    if done.code:
        sys.exit(done.stderr.decode(errors="replace"))
    return done.peak_mb


if __name__ == "__main__":
    main()
