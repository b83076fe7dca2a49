"""How long signing and reading take and how much memory, against the bare SDK in the same run.

Each measurement of memory is a process of its own, and what counts is the whole tree below it: reading works in a
child process. Times of reading are taken in turns in one process, because machines have other things to do.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import note
from benchmarks.credential_files import write_large_video

SAMPLE_S = 0.004
# a read of a small file takes milliseconds: many, to see through the noise
READS = {1: 41, 50: 11, 500: 5}

BEFORE = """
import sys, time
from pathlib import Path
from benchmarks.credential_signing import SDK_DEFAULT, plan_for, sdk_sign
from pipeline.provenance.signing.authority import load_authority
source, done = Path(sys.argv[1]), Path(sys.argv[2])
identity = load_authority(Path(sys.argv[3]))
"""
JOBS = {
    "sign": """
from pipeline.provenance.signing.sign import sign_media
began = time.perf_counter()
assert sign_media(source, done, plan=plan_for(source), authority=identity).credential.integrity == "exact"
""",
    "sdk_sign": """
began = time.perf_counter()
sdk_sign(source, done, SDK_DEFAULT, identity)
""",
    "read": """
from pipeline.provenance.reading.reader import read_credential
from pipeline.provenance.trust.lists import Trust
began = time.perf_counter()
assert read_credential(source, trust=Trust(own_pem=identity.root_pem)).integrity == "exact"
""",
    "sdk_read": """
import c2pa
began = time.perf_counter()
with c2pa.Reader(str(source)) as reader:
    assert reader.get_validation_state() == "Valid", reader.get_validation_state()
    reader.json()
""",
    "nothing": "began = time.perf_counter()",
}
AFTER = "\nprint(time.perf_counter() - began)\n"


@dataclass(frozen=True)
class Job:
    """One run of one job in a process of its own."""

    seconds: float
    # of the process and everything below it, at the same moment
    peak_mb: float


def speeds(sizes_mb: list[int], authority: Path, folder: Path) -> list[dict[str, Any]]:
    """One row for each size."""
    return [_speed(size_mb, authority, folder) for size_mb in sizes_mb]


def _speed(size_mb: int, authority: Path, folder: Path) -> dict[str, Any]:
    note(f"{size_mb} MB ...")
    source, ours, bare = (folder / f"{name}.mp4" for name in ("large", "ours", "bare"))
    write_large_video(source, size_mb)
    jobs = {
        "nothing": _run("nothing", source, ours, authority),
        "sign": _run("sign", source, ours, authority),
        "sdk_sign": _run("sdk_sign", source, bare, authority),
        "read": _run("read", ours, bare, authority),
        "sdk_read": _run("sdk_read", ours, bare, authority),
        # what our files cost whoever reads them with the SDK, against the SDK's own files
        "sdk_read_own": _run("sdk_read", bare, ours, authority),
    }
    times = _reading_in_turns(ours, bare, authority, READS.get(size_mb, 5))
    theirs = _other_verifier(ours, authority)
    for path in (source, ours, bare):
        path.unlink()
    row: dict[str, Any] = {"size_mb": float(size_mb), "theirs": theirs}
    for name, job in jobs.items():
        row |= {f"{name}_peak_mb": job.peak_mb}
        if "sign" in name:
            row |= {f"{name}_s": job.seconds}
    row |= times
    return row | {
        "cold_read_s": jobs["read"].seconds,
        "cold_sdk_read_s": jobs["sdk_read"].seconds,
        "read_ratio": times["read_s"] / times["sdk_read_s"],
        "read_ratio_same_trust": times["read_s"] / times["sdk_read_trust_s"],
        "read_ratio_of_defaults": times["read_s"] / times["sdk_read_own_s"],
        "sign_ratio": jobs["sign"].seconds / jobs["sdk_sign"].seconds,
    }


def _other_verifier(path: Path, authority: Path) -> str:
    """What encypher-c2pa says of the file."""
    from benchmarks.credential_tampering import SignedFile
    from benchmarks.credential_verdicts import their_word
    from pipeline.provenance.signing.authority import load_authority
    from pipeline.provenance.trust.lists import Trust

    trust = Trust(own_pem=load_authority(authority).root_pem)
    return their_word(SignedFile(path.suffix, path.read_bytes(), b""), trust)[0]


def _run(job: str, source: Path, done: Path, authority: Path) -> Job:
    command = [sys.executable, "-c", BEFORE + JOBS[job] + AFTER, *map(str, (source, done, authority))]
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stdin=subprocess.DEVNULL)
        peaks = [0.0]
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, ended))
        watcher.start()
        process.wait()
        ended.set()
        watcher.join()
        if process.returncode:
            sys.exit(f"{job} of {source} failed with {process.returncode}")
        out.seek(0)
        return Job(float(out.read().split()[-1]), max(peaks))


def _watch(pid: int, peaks: list[float], ended: threading.Event) -> None:
    # the system keeps the peak of each process, so that only the sum can be missed between two looks; the figure
    # that it gives for an ended process is no use, because it begins with what its parent held
    while not ended.wait(SAMPLE_S):
        now, highest = zip(*map(_resident_mb, _tree(pid)), strict=True)
        peaks[0] = max(peaks[0], sum(now), *highest)


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                # it ended while we looked
                continue
    return found


def _resident_mb(pid: int) -> tuple[float, float]:
    """What a process holds now, and the most it ever held."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    kib = {line.partition(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return float(kib.get("VmRSS", 0)) / 1024, float(kib.get("VmHWM", 0)) / 1024


def _reading_in_turns(ours: Path, bare: Path, authority: Path, count: int) -> dict[str, float]:
    """Median seconds of reading: ours with a warm child, the bare SDK on the same file, and on a file of its own."""
    import c2pa

    from pipeline.provenance.reading.reader import read_credential
    from pipeline.provenance.signing.authority import load_authority
    from pipeline.provenance.trust.lists import Trust

    trust = Trust(own_pem=load_authority(authority).root_pem)

    def sdk(path: Path) -> None:
        with c2pa.Reader(str(path)) as reader:
            reader.json()

    def sdk_with_trust() -> None:
        # the bare SDK, asked the same question: whether the signer is on the list
        settings = {"version": 1, "trust": {"anchors": trust.anchors()}}
        with (
            c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
            c2pa.Reader(str(ours), context=context) as reader,
        ):
            assert reader.get_validation_state() == "Trusted", reader.get_validation_state()
            reader.json()

    turns = {
        "read_s": lambda: read_credential(ours, trust=trust),
        "sdk_read_trust_s": sdk_with_trust,
        "sdk_read_s": lambda: sdk(ours),
        "sdk_read_own_s": lambda: sdk(bare),
    }
    # the child process starts with the first file: `cold_read_s` has that
    for turn in turns.values():
        turn()
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(count):
        for name, turn in turns.items():
            began = time.perf_counter()
            turn()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(one) for name, one in taken.items()}
