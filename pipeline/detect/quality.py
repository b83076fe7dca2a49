"""How good the pictures are that a judgement would rest on: size, length, sharpness, blocks, plainness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipeline.records import Clip, Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.pictures import Picture

QualityBin = Literal["good", "fair", "poor"]
BINS: tuple[QualityBin, ...] = ("good", "fair", "poor")
Gate = Literal["passed", "low", "failed"]

# smaller than nearly all clips that detectors were measured on; of such pictures all crops are the same
LEAST_SIDE_PX = 160
# less than this is no clip (brief pictures have no course of time to look at)
LEAST_LENGTH_S = 1.0
# share of plain pictures from which there is nothing to measure
MOST_FLAT = 0.9
# one picture in so many is measured; sharpness does not change faster
EVERY = 4
# as much of the middle of a picture is measured
MOST_SIDE_PX = 1024
# standard deviation of 8-bit luma in a 16 px block below which it is plain: under the step of usual quantisers
PLAIN_STD = 2.0
# share of blocks with anything in them below which a whole picture is plain
PLAIN_PICTURE = 0.02
BLOCK_PX = 16
# edges of the codec's transform blocks
GRID_PX = 8
# finest octave of detail against the next, in dB: most clips have -4 to 5, scaled up twofold -6 to 0
FAIR_SHARPNESS_DB, POOR_SHARPNESS_DB = -2.5, -4.5
# steps at block edges against those within; 0.95 to 1.2 in most clips, 1.5 where blocks are plain to see
FAIR_BLOCKS, POOR_BLOCKS = 1.2, 1.5
# bits a picture element: below the lower one a file holds little but what moved; H.264 at rate factor 28 has about 0.05
FAIR_BITS, POOR_BITS = 0.05, 0.015


@dataclass(frozen=True)
class Quality:
    """What is known of the pictures' quality."""

    bin: QualityBin
    gate: Gate
    # why the gate is not passed; empty when it is
    reason: str
    width_px: int
    height_px: int
    # of the pictures that were looked at
    duration_s: float
    # finest octave of detail against the next one, dB; NaN where nothing could be measured
    sharpness_db: float
    # mean step across the edges of 8 px blocks over the mean step within them; 1 has no blocks
    blockiness: float
    # share of pictures that are plain
    flat_share: float
    # of the file, 0 when unknown
    bits_per_pixel: float

    def evidence(self) -> Evidence:
        """The same as a line in the table of evidence; it leans to neither side."""
        names = {"good": "good", "fair": "middling", "poor": "poor"}
        said = f"The pictures ({self.width_px}x{self.height_px}) are of {names[self.bin]} quality for measuring."
        if self.gate == "failed":
            said = f"The pictures cannot be judged: {self.reason}."
        raw = {"width_px": float(self.width_px), "height_px": float(self.height_px)}
        measured = {
            "sharpness_db": self.sharpness_db,
            "blockiness": self.blockiness,
            "flat_share": self.flat_share,
            "bits_per_pixel": self.bits_per_pixel,
        }
        raw |= {name: round(value, 4) for name, value in measured.items() if math.isfinite(value)}
        applicable = self.gate != "failed"
        return Evidence("quality", "content", said, applicable=applicable, reason=self.reason, gate=self.gate, raw=raw)


class QualityMeter:
    """Fed with the same pictures as the detectors; measures one in four of them."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._count = 0
        self._times_s = (math.inf, -math.inf)
        self._plain: list[float] = []
        self._sharp: list[float] = []
        self._blocks: list[float] = []

    def add(self, picture: Picture) -> None:
        """Look at one picture."""
        luma = picture.luma
        self._size = (luma.shape[1], luma.shape[0])
        self._times_s = (min(self._times_s[0], picture.time_s), max(self._times_s[1], picture.time_s))
        self._count += 1
        if (self._count - 1) % EVERY or min(luma.shape) < 2 * BLOCK_PX:
            return
        middle = _middle(luma)
        filled = filled_share(middle)
        self._plain.append(float(filled < PLAIN_PICTURE))
        if filled >= PLAIN_PICTURE:
            self._sharp.append(sharpness_db(middle))
            self._blocks.append(blockiness(middle))

    def quality(self, clip: Clip | None = None) -> Quality:
        """What was measured; `clip` tells the bits that the file spends on a pixel, none for a still."""
        import numpy as np

        sharp = float(np.median(self._sharp)) if self._sharp else math.nan
        blocks = float(np.median(self._blocks)) if self._blocks else 1.0
        flat = float(np.mean(self._plain)) if self._plain else 1.0
        bits = bits_per_pixel(clip) if clip else 0.0
        seconds = max(0.0, self._times_s[1] - self._times_s[0]) if self._count else 0.0
        level = _bin(sharp, blocks, bits)
        gate, reason = _gate(self._size, seconds, flat, is_still=clip is None)
        if gate == "passed" and level == "poor":
            gate, reason = "low", "compression or scaling has taken most of the fine detail away"
        return Quality(level, gate, reason, *self._size, seconds, sharp, blocks, flat, bits)


def _gate(size: tuple[int, int], seconds: float, flat: float, *, is_still: bool) -> tuple[Gate, str]:
    if min(size) < LEAST_SIDE_PX:
        return "failed", f"{size[0]}x{size[1]} pixels are too few; at least {LEAST_SIDE_PX} on each side are needed"
    if seconds < LEAST_LENGTH_S - 0.2 and not is_still:
        return "failed", "the clip is shorter than a second"
    if flat >= MOST_FLAT:
        return "failed", "they are black, plain or almost without detail"
    return "passed", ""


def _bin(sharp: float, blocks: float, bits: float) -> QualityBin:
    poor = not sharp > POOR_SHARPNESS_DB or blocks > POOR_BLOCKS or 0 < bits < POOR_BITS
    if poor:
        return "poor"
    fair = sharp < FAIR_SHARPNESS_DB or blocks > FAIR_BLOCKS or 0 < bits < FAIR_BITS
    return "fair" if fair else "good"


def bits_per_pixel(clip: Clip) -> float:
    """Bits of the file for each pixel of each picture, its sound included where the track's own rate is unknown."""
    pixels = clip.video.width_px * clip.video.height_px * max(clip.video.frames, 1)
    bits = clip.video.bit_rate * clip.video.duration_s or clip.size_bytes * 8
    return bits / pixels if pixels else 0.0


def _middle(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = luma.shape
    # on the grid of the codec's blocks, or their edges would not lie where they are looked for
    top = max(0, height - MOST_SIDE_PX) // 2 // BLOCK_PX * BLOCK_PX
    left = max(0, width - MOST_SIDE_PX) // 2 // BLOCK_PX * BLOCK_PX
    return luma[top : top + MOST_SIDE_PX, left : left + MOST_SIDE_PX]


def filled_share(luma: NDArray[np.uint8]) -> float:
    """Share of 16 px blocks that hold any detail; luma uint8 [H, W], at least 16 px on each side."""
    return float((block_std(luma, BLOCK_PX) > PLAIN_STD).mean())


def block_std(luma: NDArray[np.uint8], block_px: int) -> NDArray[np.float32]:
    """Standard deviation of every block, float32 [H // block_px, W // block_px]."""
    import cv2
    import numpy as np

    rows, columns = luma.shape[0] // block_px, luma.shape[1] // block_px
    values = luma[: rows * block_px, : columns * block_px].astype(np.float32)
    mean = cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA)
    square = cv2.resize(values * values, (columns, rows), interpolation=cv2.INTER_AREA)
    spread: NDArray[np.float32] = np.sqrt(np.maximum(square - mean * mean, 0))
    return spread


def sharpness_db(luma: NDArray[np.uint8]) -> float:
    """Energy of the finest octave of detail over that of the next one, dB; contrast does not change it.

    Parameters
    ----------
    luma : uint8 [H, W]

    Returns
    -------
    float
        About 5 for fine noise, 0 for most clips, below -4 for a picture scaled up.
    """
    import cv2
    import numpy as np

    values = luma.astype(np.float32)
    # differences of Gaussians one octave apart (Burt and Adelson 1983)
    fine, coarse, coarser = values, cv2.GaussianBlur(values, (0, 0), 1.0), cv2.GaussianBlur(values, (0, 0), 2.0)
    high, low = float(np.mean((fine - coarse) ** 2)), float(np.mean((coarse - coarser) ** 2))
    return 10 * math.log10((high + 1e-3) / (low + 1e-3))


def blockiness(luma: NDArray[np.uint8]) -> float:
    """Mean step across the edges of 8 px blocks over the mean step elsewhere (after Wang, Bovik and Evans 2000)."""
    import numpy as np

    ratios = []
    for axis in (0, 1):
        steps = np.abs(np.diff(luma.astype(np.int16), axis=axis)).mean(axis=1 - axis)
        at_edge = np.arange(steps.size) % GRID_PX == GRID_PX - 1
        ratios.append((steps[at_edge].mean() + 0.1) / (steps[~at_edge].mean() + 0.1))
    return float(np.mean(ratios))
