"""Quality: how far changed pictures are from their source, as VMAF sees it."""

from __future__ import annotations

import json
import logging
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger(__name__)

# VMAF 0.6.1 was made for 1080 lines; larger pictures cost more and say no more
MOST_LINES = 1080
# smaller ones VMAF cannot measure: its fourth scale would have no pixels left
LEAST_SIDE_PX = 64
TIMEOUT_S = 120


def vmaf(source: Sequence[np.ndarray], changed: Sequence[np.ndarray], *, bit_depth: int = 8) -> float | None:
    """VMAF 0.6.1 of luma against its source, mean over the pictures.

    Measured by the ffmpeg that comes with imageio-ffmpeg; pictures of at most 1080 lines are measured as they are.

    Parameters
    ----------
    source, changed : sequences of uint8 or uint16 [H, W]
        In order of time; neighbours tell VMAF of movement.
    bit_depth : int
        8 or 10.

    Returns
    -------
    float or None
        0 to 100; None where there is no ffmpeg with libvmaf, or the pictures are too small for it.
    """
    program = _ffmpeg()
    if program is None or not source or min(source[0].shape) < LEAST_SIDE_PX:
        return None
    size_px, depth = _measured_size(source[0].shape, bit_depth)
    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        for name, pictures in (("changed", changed), ("source", source)):
            _write_raw(Path(folder) / name, pictures, size_px, bit_depth=bit_depth, depth=depth)
        return _measured(program, Path(folder), size_px, depth)


@cache
def _ffmpeg() -> str | None:
    import imageio_ffmpeg

    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
        filters = subprocess.run(  # noqa: S603 a path that our own dependency gives, and no shell
            [program, "-hide_banner", "-filters"], capture_output=True, text=True, timeout=TIMEOUT_S, check=True
        ).stdout
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        logger.info("quality is not measured: %s", error)
        return None
    return program if " libvmaf " in filters else None


def _measured_size(shape: tuple[int, ...], bit_depth: int) -> tuple[tuple[int, int], int]:
    """(width, height) that is measured, even for 4:2:0, and the depth; scaling leaves fractions, which 10 bits keep."""
    height, width = shape
    share = min(1.0, MOST_LINES / min(width, height))
    size_px = (int(width * share) // 2 * 2, int(height * share) // 2 * 2)
    return size_px, 10 if share < 1 else bit_depth


def _write_raw(
    path: Path, pictures: Iterable[np.ndarray], size_px: tuple[int, int], *, bit_depth: int, depth: int
) -> None:
    """Raw 4:2:0 with grey chroma: ffmpeg would scale the range of a plain grey format."""
    import cv2
    import numpy as np

    width, height = size_px
    kind = np.uint8 if depth == 8 else np.uint16
    chroma = np.full(width * height // 2, 1 << (depth - 1), kind).tobytes()
    with open(path, "wb") as stream:
        for picture in pictures:
            if min(picture.shape) > MOST_LINES:
                scaled = cv2.resize(picture.astype(np.float32), size_px, interpolation=cv2.INTER_AREA)
                luma = np.rint(scaled * 2.0 ** (depth - bit_depth)).astype(kind)
            else:
                luma = picture[:height, :width]
            stream.write(np.ascontiguousarray(luma).tobytes())
            stream.write(chroma)


def _measured(program: str, folder: Path, size_px: tuple[int, int], depth: int) -> float | None:
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p" if depth == 8 else "yuv420p10le", "-s", f"{size_px[0]}x{size_px[1]}"]
    graph = "[0:v][1:v]libvmaf=log_fmt=json:log_path=vmaf.json:n_threads=2"
    command = [program, "-nostdin", "-loglevel", "error", *raw, "-i", "changed", *raw, "-i", "source"]
    try:
        # in the folder, so that no path has to be quoted inside the filter
        subprocess.run(  # noqa: S603 as above
            [*command, "-lavfi", graph, "-f", "null", "-"],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
        return float(json.loads((folder / "vmaf.json").read_text())["pooled_metrics"]["vmaf"]["mean"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        logger.info("quality is not measured: %s", error)
        return None
