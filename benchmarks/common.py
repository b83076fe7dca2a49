"""What the benchmarks share: finding clips, running ffmpeg, printing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.batch import VIDEO_SUFFIXES


def videos_below(folders: list[Path]) -> list[Path]:
    """Every video file below the folders, in order of name."""
    found = [p for folder in folders for p in sorted(folder.rglob("*")) if p.suffix.lower() in VIDEO_SUFFIXES]
    if not found:
        sys.exit(f"no video below {', '.join(map(str, folders))}")
    return found


def ffmpeg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the ffmpeg binary that comes with moviepy; raises when it fails."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments]
    return subprocess.run(command, capture_output=True, check=True)


def show(figures: Mapping[str, Any], *, as_json: bool) -> None:
    """Print figures for a program or for a person."""
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:.3f}" if isinstance(value, float) else f"{name:<{width}}  {value}")


def note(text: str) -> None:
    """Progress for whoever waits; stdout stays clean."""
    print(text, file=sys.stderr, flush=True)
