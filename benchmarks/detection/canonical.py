"""Copies in which only the pictures can tell AI from camera: same rate, length and codec, no sound, no tags."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UnreadableInput

# 8 pictures a second is the slowest rate among the generators
RATE_HZ = 8
# six seconds at most; with less than a second and a half there is hardly a course of time to look at
MOST_PICTURES, FEWEST_PICTURES = 48, 12
# the window is as long as nine in ten clips of either label are
SHARE_THAT_FILLS = 0.9
# a file that takes longer than this to decode a few seconds of is left out
PATIENCE_S = 300


@dataclass(frozen=True)
class Variant:
    """One way of making both labels alike."""

    # factor on both sides
    scale: float
    # rate factor of x264
    crf: int


# "degraded" is what a messenger or a social platform does to a file
VARIANTS = {"clean": Variant(1.0, 20), "degraded": Variant(0.75, 28)}


def window_pictures(durations_s: dict[str, Sequence[float]]) -> int:
    """How many pictures all clips are cut to.

    Parameters
    ----------
    durations_s
        Of every clip, by label.

    Returns
    -------
    int
        The most, between FEWEST_PICTURES and MOST_PICTURES, that SHARE_THAT_FILLS of the clips of each label have.
    """
    usual_s = min(float(np.quantile(lengths, 1 - SHARE_THAT_FILLS)) for lengths in durations_s.values())
    # a duration in a container is often a tick short
    return int(np.clip(np.floor(usual_s * RATE_HZ + 0.5), FEWEST_PICTURES, MOST_PICTURES))


def make_copy(source: Path, target: Path, *, variant: str, pictures: int, duration_s: float) -> None:
    """Re-encode the middle of a clip.

    Raises
    ------
    UnreadableInput
        ffmpeg cannot decode it.
    """
    import imageio_ffmpeg

    kind = VARIANTS[variant]
    length_s = pictures / RATE_HZ
    # the middle: heads are often black or a title
    start_s = max(0.0, (duration_s - length_s) / 2)
    even = f"scale=trunc(iw*{kind.scale / 2})*2:trunc(ih*{kind.scale / 2})*2:flags=bicubic" if kind.scale != 1 else ""
    steps = [f"fps={RATE_HZ}", even, "crop=trunc(iw/2)*2:trunc(ih/2)*2", "setsar=1", "format=yuv420p"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-threads", "1"]
    command += ["-ss", f"{start_s:.3f}", "-i", f"file:{source}", "-map", "0:v:0", "-map_metadata", "-1"]
    command += ["-map_chapters", "-1", "-vf", ",".join(filter(None, steps)), "-frames:v", str(pictures)]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(kind.crf), "-threads", "1", str(target)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        raise UnreadableInput(f"{source.name} takes more than {PATIENCE_S} s to decode; leave it away.") from error
    if done.returncode or not target.exists() or not target.stat().st_size:
        why = done.stderr.decode(errors="replace").strip().splitlines() or ["no picture"]
        raise UnreadableInput(f"{source.name} cannot be re-encoded ({why[-1][:200]}); export it again.")
