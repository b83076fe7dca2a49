"""What the benchmarks share: finding clips, running ffmpeg, printing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.batch import VIDEO_SUFFIXES


def videos_below(folders: list[Path]) -> list[Path]:
    """Every video file below the folders, in order of name."""
    found = [p for folder in folders for p in sorted(folder.rglob("*")) if p.suffix.lower() in VIDEO_SUFFIXES]
    if not found:
        sys.exit(f"no video below {', '.join(map(str, folders))}")
    return found


@dataclass(frozen=True)
class Finished:
    """A process that has ended."""

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    # of the largest single process among it and its children
    peak_mb: float


def measure(command: Sequence[str]) -> Finished:
    """Run a command to its end and take its time and memory."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        # ru_maxrss is in KiB on Linux
        return Finished(process.returncode, out.read(), err.read(), seconds, usage.ru_maxrss / 1024)


def ffmpeg(*arguments: str) -> Finished:
    """Run the ffmpeg binary that comes with moviepy; raises RuntimeError with its words when it fails."""
    import imageio_ffmpeg

    done = measure([imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments])
    if done.code:
        raise RuntimeError(done.stderr.decode(errors="replace").strip())
    return done


def show(figures: Mapping[str, Any], *, as_json: bool) -> None:
    """Print figures for a program or for a person."""
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:.3f}" if isinstance(value, float) else f"{name:<{width}}  {value}")


def show_text(found: Mapping[str, Any], text: Callable[[Any], str], *, as_json: bool) -> None:
    """Print what was found as JSON, or as the text made of it; names of files cannot write on the terminal."""
    from pipeline.app.terminal import visible, visible_json

    print(visible_json(json.dumps(found, indent=2)) if as_json else visible(text(found)))


def note(text: str) -> None:
    """Progress for whoever waits; stdout stays clean."""
    print(text, file=sys.stderr, flush=True)
