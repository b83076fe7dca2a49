"""How often the exact id comes back after what happens to a clip on its way, and what the mark costs.

    python -m benchmarks.watermark --clips DIR [--limit 24] [--attacks NAME,..] [--quick] [--jobs 2] [--json]

Clips are drawn evenly from the sources in the folders, cut without loss to at most five seconds (`watermark_clips`),
marked and encoded as `foleymark mark` does it (x264 medium, CRF 20); each attack (`watermark_attacks`) starts from that
file, and colluders from two seconds of it. Clips under 432 lines or 3 s stand apart under "small".

exact_id is the share of clips whose whole 64-bit payload comes back, z the median of the synchronisation peak,
wrong_ids how many other ids came back. psnr (of luma), ssim and vmaf (0.6.1; every fifth picture) compare the marked
pictures with their source, without the encoder's loss; vmaf_delivered compares the encoded clip with and without the
mark, size_change their sizes. embed_cpu_ms_1080p is CPU time per picture of 1920x1080, read_s_per_clip CPU time with
decoding.

"peers" holds dwtDct and dwtDctSvd, and us again, all three on the same few clips of two seconds: they take up to 0.6 s
a picture. They mark the colours, which vmaf, ssim and psnr do not see; psnr_yuv does. bit_accuracy is theirs; with 64
raw bits and no check they cannot tell a wrong id from a right one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import watermark_attacks as attacks
from benchmarks import watermark_clips as clips
from benchmarks.common import ffmpeg, note
from benchmarks.watermark_peers import METHODS, InvisibleWatermark, why_absent
from benchmarks.watermark_schemes import Delivered, Foleymark, Read, Scheme
from pipeline.records import Clip

OURS = "foleymark"
SCHEMES: dict[str, Callable[[str], Scheme]] = {
    OURS: Foleymark,
    **{name: partial(InvisibleWatermark, name) for name in METHODS},
}
LIMIT, SMALL_LIMIT, PEER_CLIPS = 24, 6, 4
QUICK_LIMIT, QUICK_SMALL_LIMIT, QUICK_PEER_CLIPS = 6, 2, 1
PEER_LONGEST_S = 2.0
# what a mark costs, and digits worth telling
COSTS = {"psnr": 2, "psnr_yuv": 2, "vmaf": 2, "ssim": 4, "size_change": 4, "embed_cpu_ms_1080p": 2}
# Roughly how long one attack takes a scheme against ours on as many samples, and how many million samples it could work
# on in the time that every attack takes whatever the size; only for saying how long a run will take.
RELATIVE_COST = {OURS: 1.0, "dwtDct": 1.2, "dwtDctSvd": 1.8}
BASE_SAMPLES = 85.0


@dataclass(frozen=True)
class Job:
    """One clip through one scheme."""

    group: str
    scheme: str
    clip: Clip
    names: tuple[str, ...]
    longest_s: float

    @property
    def cost(self) -> float:
        return (BASE_SAMPLES + clips.samples_of(self.clip, longest_s=self.longest_s)) * RELATIVE_COST[self.scheme]


@dataclass
class Measured:
    """What one job gave."""

    job: Job
    # COSTS, vmaf_delivered and attempts
    figures: dict[str, float] = field(default_factory=dict)
    reads: dict[str, Read] = field(default_factory=dict)
    # CPU seconds of reading, a copy each
    read_s: list[float] = field(default_factory=list)
    # what could not be measured, by attack
    errors: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def main() -> None:
    arguments = _arguments()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    skipped = {name: why for name in arguments.attacks if (why := attacks.reason_to_skip(name, attacks.encoders()))}
    names = tuple(name for name in arguments.attacks if name not in skipped)
    absent = why_absent() if arguments.peer_clips else ""
    jobs = _jobs(arguments, names, peers=arguments.peer_clips > 0 and not absent)
    if not jobs:
        sys.exit("None of these clips can be read; give a folder of videos.")
    found = list(_run(jobs, workers=arguments.jobs))
    groups = defaultdict(list)
    for measured in found:
        groups[measured.job.group].append(measured)
    figures = {
        **summary(groups["large"]),
        "peers": {name: summary(_of_scheme(groups["peers"], name)) for name in SCHEMES} if groups["peers"] else {},
        "small": summary(groups["small"]),
        "skipped": skipped | ({"peers": absent} if absent else {}),
    }
    print(json.dumps(figures, indent=2) if arguments.json else table(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, action="append", required=True, help="a folder of videos")
    parser.add_argument("--limit", type=int, help="clips to draw")
    parser.add_argument("--small-limit", type=int, help="smaller clips to draw")
    parser.add_argument("--peer-clips", type=int, help="clips that the peers are measured on; 0 for none")
    parser.add_argument("--attacks", type=_names, help=f"some of: {', '.join(attacks.NAMES)}")
    parser.add_argument("--quick", action="store_true", help="few clips and the attacks that tell most")
    parser.add_argument("--jobs", type=int, default=2, help="processes that clips are shared among")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    quick = arguments.quick
    usual = {
        "limit": QUICK_LIMIT if quick else LIMIT,
        "small_limit": QUICK_SMALL_LIMIT if quick else SMALL_LIMIT,
        "peer_clips": QUICK_PEER_CLIPS if quick else PEER_CLIPS,
        "attacks": attacks.QUICK if quick else attacks.NAMES,
    }
    vars(arguments).update({name: value for name, value in usual.items() if getattr(arguments, name) is None})
    return arguments


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in attacks.NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no attack {', '.join(unknown)}; there are {', '.join(attacks.NAMES)}")
    return names


# ------------------------------------------------------------------- work
def _jobs(arguments: argparse.Namespace, names: tuple[str, ...], *, peers: bool) -> list[Job]:
    """Dearest first, so that no process is left alone with a long one; but the cheapest of ours tells the pace."""
    large, small = clips.drawn(arguments.clips, large=arguments.limit, small=arguments.small_limit)
    jobs = [Job("large", OURS, clip, names, clips.LONGEST_S) for clip in large]
    jobs += [Job("small", OURS, clip, names, clips.LONGEST_S) for clip in small]
    if peers:
        chosen = clips.evenly(large or small, arguments.peer_clips)
        jobs += [Job("peers", scheme, clip, names, PEER_LONGEST_S) for clip in chosen for scheme in SCHEMES]
    jobs.sort(key=lambda job: -job.cost)
    pace = min((job for job in jobs if job.scheme == OURS), key=lambda job: job.cost, default=None)
    return [pace, *(job for job in jobs if job is not pace)] if pace else []


def _run(jobs: Sequence[Job], *, workers: int) -> Iterable[Measured]:
    """Measure in several processes and tell how long it will take."""
    note(f"{len(jobs)} clips, {len(jobs[0].names)} attacks, {workers} processes")
    spent_s = done = 0.0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        for number, future in enumerate(as_completed([pool.submit(measure, job) for job in jobs]), start=1):
            measured = future.result()
            spent_s, done = spent_s + measured.seconds, done + measured.job.cost
            left_s = spent_s / done * (sum(job.cost for job in jobs) - done) / workers
            what = f"{measured.job.scheme} {measured.job.clip.path.name}"
            note(f"{number} of {len(jobs)}: {what} in {measured.seconds:.0f} s; about {left_s / 60:.0f} min left")
            yield measured


def _quiet() -> None:
    """One thread a process: what is timed is then CPU time."""
    import cv2

    cv2.setNumThreads(1)


def measure(job: Job) -> Measured:
    """Mark one clip, attack it in every way and read it; what goes wrong is told in the figures and ends no run."""
    began = time.monotonic()
    measured = Measured(job)
    scheme = SCHEMES[job.scheme](job.clip.sha256)
    with tempfile.TemporaryDirectory(prefix="foleymark-bench-") as folder:
        try:
            plain = job.group == "peers"
            source = clips.cut(job.clip, Path(folder) / "source.mp4", longest_s=job.longest_s, plain=plain)
            delivered = scheme.deliver(source, Path(folder))
            measured.figures = _costs(scheme, source, delivered)
        except Exception as error:
            measured.errors["marking"] = f"{type(error).__name__}: {error}"
            return measured
        for attack in job.names:
            try:
                _attack(attack, scheme, source, delivered, measured)
            except Exception as error:
                measured.errors[attack] = f"{type(error).__name__}: {error}"
                # whoever is to blame, the id did not come back
                measured.reads[attack] = Read(exact=False, wrong=False)
    measured.seconds = time.monotonic() - began
    return measured


def _attack(name: str, scheme: Scheme, source: Path, delivered: Delivered, measured: Measured) -> None:
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        if name in attacks.COLLUDERS:
            read = scheme.collude(source, Path(folder), attacks.COLLUDERS[name])
            if read:
                measured.reads[name] = read
            return
        copy = attacks.ATTACKS[name].run(delivered.marked, Path(folder))
        began = time.process_time()
        measured.reads[name] = scheme.read(copy)
        measured.read_s.append(time.process_time() - began)


def _costs(scheme: Scheme, source: Path, delivered: Delivered) -> dict[str, float]:
    lossless = _compared(delivered.lossless, source)
    return {
        "psnr": lossless["psnr_y"],
        "psnr_yuv": _psnr_yuv(lossless),
        "vmaf": lossless["vmaf"],
        "ssim": lossless["float_ssim"],
        "vmaf_delivered": _compared(delivered.marked, delivered.plain)["vmaf"],
        "size_change": delivered.marked.stat().st_size / delivered.plain.stat().st_size - 1,
        "attempts": delivered.attempts,
        "embed_cpu_ms_1080p": scheme.embed_ms(source),
    }


def _compared(changed: Path, source: Path) -> dict[str, float]:
    """VMAF, PSNR of luma in dB and SSIM, means over every fifth picture."""
    # with other tags on one side ffmpeg would convert the colours of the other, luma too
    tags = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    even = f"{tags},format=yuv420p,settb=1/25,setpts=N"
    features = "feature=name=psnr|name=float_ssim:n_subsample=5:n_threads=1:log_fmt=xml:log_path="
    log = changed.with_name("compared.xml")
    graph = f"[0:v]{even}[m];[1:v]{even}[s];[m][s]libvmaf={features}{log}"
    ffmpeg("-threads", "1", "-i", f"file:{changed}", "-i", f"file:{source}", "-lavfi", graph, "-f", "null", "-")
    return {k: float(v) for k, v in re.findall(r'<metric name="(\w+)"[^>]* mean="([\d.]+)"', log.read_text())}


def _psnr_yuv(figures: dict[str, float]) -> float:
    """PSNR in dB of all samples of a 4:2:0 picture, of which two thirds are luma."""
    error = sum(w * 10 ** (-figures[f"psnr_{plane}"] / 10) for plane, w in (("y", 4 / 6), ("cb", 1 / 6), ("cr", 1 / 6)))
    return -10 * math.log10(error)


# ---------------------------------------------------------------- figures
def summary(found: Sequence[Measured]) -> dict[str, Any]:
    """Rates, medians and means over clips; None for what no clip gave."""
    done = [measured for measured in found if measured.figures]
    reads: dict[str, dict[str, Read]] = defaultdict(dict)
    for measured in done:
        for attack, read in measured.reads.items():
            reads[attack][measured.job.clip.path.name] = read
    means = {name: _mean((one.figures[name] for one in done), digits) for name, digits in COSTS.items()}
    bits = {attack: [read.bits for read in ones.values() if read.bits is not None] for attack, ones in reads.items()}
    return {
        "clips": len(done),
        "exact_id": {attack: _mean((read.exact for read in ones.values()), 3) for attack, ones in reads.items()},
        "z": {attack: _median([read.z for read in ones.values()]) for attack, ones in reads.items()},
        **means,
        "read_s_per_clip": _mean((seconds for one in done for seconds in one.read_s), 2),
        "vmaf_delivered": _mean((one.figures["vmaf_delivered"] for one in done), 2),
        "vmaf_least": min((round(one.figures["vmaf"], 1) for one in done), default=None),
        "attempts_mean": _mean((one.figures["attempts"] for one in done), 2),
        "wrong_ids": sum(read.wrong for ones in reads.values() for read in ones.values()),
        "bit_accuracy": {attack: _mean(values, 3) for attack, values in bits.items() if values},
        "missed": {
            attack: names
            for attack, ones in reads.items()
            if (names := sorted(name for name, read in ones.items() if not read.exact))
        },
        "errors": {one.job.clip.path.name: one.errors for one in found if one.errors},
    }


def _of_scheme(found: Sequence[Measured], name: str) -> list[Measured]:
    return [measured for measured in found if measured.job.scheme == name]


def _mean(values: Iterable[float], digits: int) -> float | None:
    numbers = list(values)
    return round(float(statistics.mean(numbers)), digits) if numbers else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 1) if known else None


def table(figures: dict[str, Any]) -> str:
    """The same for people: a row for every attack, a column for every group."""
    columns = {"large": figures, "small": figures["small"], **figures["peers"]}
    columns = {name: column for name, column in columns.items() if column["clips"]}
    rows = [["", *(f"{name} ({column['clips']})" for name, column in columns.items())]]
    names = [name for name in attacks.NAMES if any(name in column["exact_id"] for column in columns.values())]
    rows += [[name, *(_cell(column, name) for column in columns.values())] for name in names]
    costs = (*COSTS, "read_s_per_clip", "wrong_ids")
    rows += [[name, *(str(column[name]) for column in columns.values())] for name in costs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *(f"skipped {name}: {why}" for name, why in figures["skipped"].items())])


def _cell(column: dict[str, Any], attack: str) -> str:
    if attack not in column["exact_id"]:
        return "-"
    z, bits = column["z"].get(attack), column["bit_accuracy"].get(attack)
    more = [f"z {z}" if z is not None else "", f"bits {bits:.2f}" if bits else ""]
    return " ".join([f"{column['exact_id'][attack]:.0%}", *filter(None, more)])


if __name__ == "__main__":
    main()
