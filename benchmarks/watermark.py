"""How often the exact id comes back after what happens to a clip on its way.

    python -m benchmarks.watermark --clips DIR [--clips DIR2] [--limit 24] [--attacks NAME,..] [--quick] [--json]

Clips are drawn evenly from the folders, marked and encoded as `foleymark mark` does it, and each attack starts from
that file. The rate is of clips from which the exact id reads; z is the median of the synchronisation peak. Clips of
at least 432 lines stand apart from smaller ones. PSNR is of the marked luma before the encoder; VMAF and SSIM are of
the delivered file against its source, so they count the encoder's own loss too.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.common import ffmpeg, note, show, videos_below
from pipeline import steps
from pipeline.config import load_settings
from pipeline.media.probe import probe
from pipeline.records import Clip, MarkReading, Payload
from pipeline.watermark.keys import create_key, load_key


def _filtered(chain: str, *, crf: int = 23) -> tuple[str, ...]:
    """Options for a filter and a plain x264 encode; sides are made even and samples square."""
    return ("-vf", f"{chain},crop=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1", "-crf", str(crf))


def _cropped(share: float) -> str:
    # off the middle, by no round number of pixels
    return f"crop=iw*{share}:ih*{share}:iw*{0.37 * (1 - share):.4f}:ih*{0.61 * (1 - share):.4f}"


CAPTION = "drawbox=x=0:y=ih*0.78:w=iw:h=ih*0.14:color=black:t=fill"
LOGO = "drawbox=x=iw*0.72:y=ih*0.06:w=iw*0.22:h=ih*0.16:color=white:t=fill"
# a bar above and one below, each an eighth of the picture's height
LETTERBOX = "pad=iw:ih*1.25:0:(oh-ih)/2"
# name -> ffmpeg options; x264 medium unless an option says otherwise
ATTACKS: dict[str, tuple[str, ...]] = {
    **{f"h264_crf{crf}": ("-crf", str(crf)) for crf in (18, 23, 28, 33, 38, 40, 45)},
    **{f"h265_crf{crf}": ("-c:v", "libx265", "-x265-params", "log-level=error", "-crf", str(crf)) for crf in (28, 32)},
    "resize_1_2": _filtered("scale=iw/2:ih/2", crf=20),
    "resize_1_2_crf28": _filtered("scale=iw/2:ih/2", crf=28),
    "resize_1_3": _filtered("scale=iw/3:ih/3", crf=20),
    "resize_09_11": _filtered("scale=iw*0.9:ih*1.1"),
    "crop_071": _filtered(_cropped(0.71)),
    "crop_055": _filtered(_cropped(0.55)),
    "crop_040": _filtered(_cropped(0.40)),
    "crop_9_16": _filtered("crop=min(iw\\,ih*9/16):ih"),
    "crop_055_resized": _filtered(f"{_cropped(0.55)},scale=iw*1.4:ih*1.4"),
    "rotate_2": _filtered("rotate=2*PI/180"),
    "rotate_5": _filtered("rotate=5*PI/180"),
    "rotate_10": _filtered("rotate=-10*PI/180"),
    "rotate_90": _filtered("transpose=1"),
    "flip": _filtered("hflip"),
    "flip_crop_071": _filtered(f"hflip,{_cropped(0.71)}"),
    "letterbox": _filtered(LETTERBOX),
    "pillarbox_1_2": _filtered("scale=trunc(iw/4)*2:trunc(ih/4)*2,pad=iw*1.6:ih:(ow-iw)/2:0"),
    "caption_bar": _filtered(CAPTION),
    "logo": _filtered(LOGO),
    "crf30_crop_071_dark": _filtered(f"{_cropped(0.71)},lutyuv=y=16+(val-16)*0.5", crf=30),
}
# what tells most for the least time
QUICK = ("h264_crf28", "h264_crf40", "resize_1_3", "resize_09_11", "crop_055", "rotate_5", "flip", "letterbox")
QUICK_CLIPS = 6
LARGE_LINES = 432
# longer clips are read by their first pictures anyway
MAX_DURATION_S = 12.0


@dataclass
class Tally:
    """What was found over a group of clips."""

    clips: int = 0
    psnr_db: list[float] = field(default_factory=list)
    vmaf: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    read_s: list[float] = field(default_factory=list)
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
            "psnr": _mean(self.psnr_db, 1),
            "vmaf": _mean(self.vmaf, 1),
            "ssim": _mean(self.ssim, 4),
            "attempts_mean": _mean(self.attempts, 2),
            "read_s_per_clip": _mean(self.read_s, 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", required=True)
    parser.add_argument("--limit", type=int, default=24, help="clips to draw")
    parser.add_argument("--attacks", type=_names, default=tuple(ATTACKS), help=f"some of: {', '.join(ATTACKS)}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_CLIPS} clips and the attacks that tell most")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    attacks, limit = (QUICK, QUICK_CLIPS) if arguments.quick else (arguments.attacks, arguments.limit)
    groups = {"large": Tally(), "small": Tally()}
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        create_key(Path(folder) / "mark.key")
        key = load_key(Path(folder) / "mark.key")
        for path in _drawn(videos_below(arguments.clips), limit):
            _measure(path, Path(folder), key, attacks, groups)
    figures = {name: tally.figures() for name, tally in groups.items() if tally.clips}
    if not figures:
        sys.exit(f"No clip of at most {MAX_DURATION_S:.0f} seconds was drawn; give other folders or a higher --limit.")
    show(figures if arguments.json else _flat(figures), as_json=arguments.json)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in ATTACKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no attack {', '.join(unknown)}; there are {', '.join(ATTACKS)}")
    return names


def _mean(values: list[Any], digits: int) -> float | None:
    return round(statistics.mean(values), digits) if values else None


def _drawn(paths: list[Path], limit: int) -> list[Path]:
    step = max(1, math.ceil(len(paths) / limit))
    return paths[::step]


def _measure(path: Path, folder: Path, key: bytes, attacks: tuple[str, ...], groups: dict[str, Tally]) -> None:
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
    _quality(clip, marked, tally)
    tally.add("none", steps.read_mark(marked, key=key), report.payload)
    for name in attacks:
        ffmpeg("-i", f"file:{marked}", "-an", "-c:v", "libx264", "-preset", "medium", *ATTACKS[name], str(attacked))
        began = time.process_time()
        reading = steps.read_mark(attacked, key=key)
        tally.read_s.append(time.process_time() - began)
        tally.add(name, reading, report.payload)


def _quality(clip: Clip, marked: Path, tally: Tally) -> None:
    """VMAF 0.6.1 and SSIM of the delivered file, every fifth picture; odd sides lose their last line."""
    even = "crop=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p,settb=1/25,setpts=N"
    graph = f"[0:v]{even}[m];[1:v]{even}[s];[m][s]libvmaf=feature=name=float_ssim:n_subsample=5:log_fmt=xml:log_path="
    log = marked.with_name("vmaf.xml")
    ffmpeg("-i", f"file:{marked}", "-i", f"file:{clip.path}", "-lavfi", f"{graph}{log}", "-f", "null", "-")
    means = dict(re.findall(r'<metric name="(\w+)"[^>]* mean="([\d.]+)"', log.read_text()))
    tally.vmaf.append(float(means["vmaf"]))
    tally.ssim.append(float(means["float_ssim"]))


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for group, values in figures.items():
        rows |= {
            f"{group}: {name}": values[name]
            for name in ("clips", "psnr", "vmaf", "ssim", "attempts_mean", "read_s_per_clip")
        }
        for attack, rate in values["exact_id"].items():
            rows[f"{group}: {attack}"] = f"{rate:.0%}  z {values['z'][attack]}"
    return rows


if __name__ == "__main__":
    main()
