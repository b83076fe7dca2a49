"""Signatures of pictures (MPEG-7, ISO/IEC 15938-3 amendment 4) and of sound (chromaprint), by the bundled ffmpeg.

Pictures are given small: a signature compares sums over 32 x 32 blocks of the whole picture, so a picture that was
averaged down to a multiple of that says the same, and decoding stays where the other stages need it anyway.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UnreadableInput

if TYPE_CHECKING:
    import numpy as np

# values of one signature, each 0 (darker), 1 (alike) or 2 (brighter)
DIMENSIONS = 380
# pictures are signed in parts, so that memory stays flat: some two minutes at five a second
PICTURES_A_PART = 600
# what chromaprint works at itself
PRINT_RATE_HZ = 11_025
# one value of chromaprint each 4096/3 samples (its fingerprinter 1: frames of 4096, overlapping by two thirds)
PRINT_STEP_S = 4096 / 3 / PRINT_RATE_HZ
TIMEOUT_S = 120

_VALUES = re.compile(rb"<FrameSignature>([012 \s]+)</FrameSignature>")


def frame_signatures(pictures: np.ndarray) -> np.ndarray:
    """The signature of each picture.

    Parameters
    ----------
    pictures : uint8 [n, height, width]
        Luma; 128 x 128 tells as much as the whole picture.

    Returns
    -------
    uint8 [n, 380]

    Raises
    ------
    UnreadableInput
        When the bundled ffmpeg is missing or cannot do it.
    """
    import numpy as np

    parts = [_signed(pictures[at : at + PICTURES_A_PART]) for at in range(0, len(pictures), PICTURES_A_PART)]
    return np.concatenate(parts) if parts else np.zeros((0, DIMENSIONS), np.uint8)


def sound_print(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Chromaprint of a sound: int32 [n], one value each `PRINT_STEP_S`; none for less than some 3 s.

    Parameters
    ----------
    blocks : iterable of float32 [1, samples]
        Mono at `PRINT_RATE_HZ`.
    """
    import numpy as np

    with tempfile.TemporaryFile() as samples:
        for block in blocks:
            samples.write((np.clip(block[0], -1, 1) * 32767).astype("<i2").tobytes())
        samples.seek(0)
        source = ("-f", "s16le", "-ar", str(PRINT_RATE_HZ), "-ac", "1", "-i", "pipe:0")
        said = _ffmpeg((*source, "-f", "chromaprint", "-fp_format", "raw", "pipe:1"), stdin=samples)
    return np.frombuffer(said[: len(said) // 4 * 4], "<i4")


def _signed(pictures: np.ndarray) -> np.ndarray:
    import numpy as np

    _, height, width = pictures.shape
    source = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", "5", "-i", "pictures")
    with tempfile.TemporaryDirectory(prefix="foleymark-") as folder:
        (Path(folder) / "pictures").write_bytes(np.ascontiguousarray(pictures).tobytes())
        # in the folder, so that no path has to be quoted inside the filter
        _ffmpeg((*source, "-vf", "signature=format=xml:filename=signed", "-f", "null", "-"), folder=folder)
        found = _VALUES.findall((Path(folder) / "signed").read_bytes())
    values = [np.array(text.split(), dtype=np.uint8) for text in found]
    if len(values) != len(pictures) or any(len(one) != DIMENSIONS for one in values):
        raise UnreadableInput("The bundled ffmpeg gave no signatures for these pictures; reinstall imageio-ffmpeg.")
    return np.stack(values)


def _ffmpeg(arguments: tuple[str, ...], *, folder: str | None = None, stdin: object = None) -> bytes:
    import imageio_ffmpeg

    try:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-threads", "1", *arguments]
        done = subprocess.run(  # noqa: S603 a path that our own dependency gives, and no shell
            command,
            cwd=folder,
            stdin=stdin if stdin is not None else subprocess.DEVNULL,  # type: ignore[call-overload]
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        )
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise UnreadableInput(
            "The bundled ffmpeg cannot make a fingerprint; reinstall imageio-ffmpeg, or unset IMAGEIO_FFMPEG_EXE."
        ) from error
    output: bytes = done.stdout
    return output
