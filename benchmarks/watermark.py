"""How often the exact id comes back after what happens to a clip on its way.

    python -m benchmarks.watermark --clips DIR [--clips DIR2] [--limit 24] [--json]

Clips are drawn evenly from the folders, marked and encoded as `foleymark mark` does it, and each attack starts from
that file. The rate is of clips from which the exact id reads; z is the median of the synchronisation peak. Clips of
at least 432 lines stand apart from smaller ones.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.common import ffmpeg, note, show, videos_below
from pipeline import steps
from pipeline.config import load_settings
from pipeline.media.probe import probe
from pipeline.records import MarkReading, Payload
from pipeline.watermark.keys import create_key, load_key

HALF = "scale=trunc(iw/4)*2:trunc(ih/4)*2"
# name -> ffmpeg options; x264 medium unless an option says otherwise
ATTACKS: dict[str, tuple[str, ...]] = {
    "h264_crf23": ("-crf", "23"),
    "h264_crf28": ("-crf", "28"),
    "h264_crf33": ("-crf", "33"),
    "resize_1_2": ("-vf", HALF, "-crf", "20"),
    "resize_1_2_crf28": ("-vf", HALF, "-crf", "28"),
}
LARGE_LINES = 432
# longer clips are read by their first pictures anyway
MAX_DURATION_S = 12.0


@dataclass
class Tally:
    """What was found over a group of clips."""

    clips: int = 0
    psnr_db: list[float] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    found: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    z: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, attack: str, reading: MarkReading, payload: Payload) -> None:
        self.found[attack].append(reading.payload == payload)
        self.z[attack].append(reading.z)

    def figures(self) -> dict[str, Any]:
        return {
            "clips": self.clips,
            "exact_id": {attack: round(statistics.mean(hits), 3) for attack, hits in self.found.items()},
            "z": {attack: round(statistics.median(values), 1) for attack, values in self.z.items()},
            "psnr": round(statistics.mean(self.psnr_db), 1) if self.psnr_db else None,
            "attempts_mean": round(statistics.mean(self.attempts), 2) if self.attempts else None,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", required=True)
    parser.add_argument("--limit", type=int, default=24, help="clips to draw")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    groups = {"large": Tally(), "small": Tally()}
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        create_key(Path(folder) / "mark.key")
        key = load_key(Path(folder) / "mark.key")
        for path in _drawn(videos_below(arguments.clips), arguments.limit):
            _measure(path, Path(folder), key, groups)
    figures = {name: tally.figures() for name, tally in groups.items() if tally.clips}
    show(figures if arguments.json else _flat(figures), as_json=arguments.json)


def _drawn(paths: list[Path], limit: int) -> list[Path]:
    step = max(1, math.ceil(len(paths) / limit))
    return paths[::step]


def _measure(path: Path, folder: Path, key: bytes, groups: dict[str, Tally]) -> None:
    clip = probe(path)
    if clip.duration_s > MAX_DURATION_S:
        return
    note(str(path))
    tally = groups["large" if min(clip.video.upright_size_px) >= LARGE_LINES else "small"]
    marked, attacked = folder / "marked.mp4", folder / "attacked.mp4"
    report = steps.deliver(clip, marked, soundtrack=None, settings=load_settings(environment={}), mark_key=key)
    assert report
    tally.clips += 1
    tally.psnr_db.append(report.psnr_db)
    tally.attempts.append(report.attempts)
    tally.add("none", steps.read_mark(marked, key=key), report.payload)
    for name, options in ATTACKS.items():
        ffmpeg("-i", f"file:{marked}", "-an", "-c:v", "libx264", "-preset", "medium", *options, str(attacked))
        tally.add(name, steps.read_mark(attacked, key=key), report.payload)


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for group, values in figures.items():
        rows |= {f"{group}: {name}": values[name] for name in ("clips", "psnr", "attempts_mean")}
        for attack, rate in values["exact_id"].items():
            rows[f"{group}: {attack}"] = f"{rate:.0%}  z {values['z'][attack]}"
    return rows


if __name__ == "__main__":
    main()
