"""Measure every family on camera clips that its weights have not seen.

    python -m models.decoders.measure --material material

Prints a line of JSON a family: how near raw and blended pictures are to the original (PSNR), how far the blended radial
spectrum is off, which periods stand out of what was changed, and seconds of this processor for 24 crops.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.decoders import zoo
from models.decoders.spectrum import peaks_db, radial_levels
from models.decoders.train import clips, left_out

PERIODS_PX = (2, 4, 8, 16)
SIDE_PX = 256


def crops_of(material: Path, fold: int, most: int) -> NDArray[np.uint8]:
    """One crop of each clip of a fold, the busiest, [N, T, 256, 256]; N is `most` or fewer."""
    usable = [c for c in clips(material, lambda other: other == fold) if c.shape[2:] == (SIDE_PX, SIDE_PX)]
    return np.stack([max(found, key=lambda crop: float(np.std(crop[0]))) for found in usable[:most]])


def psnr_db(made: NDArray[np.uint8], real: NDArray[np.uint8]) -> float:
    """Mean over crops of the peak signal-to-noise ratio."""
    wrong = np.square(made.astype(np.float64) - real).mean((1, 2, 3))
    return float(np.mean(10 * np.log10(255**2 / np.maximum(wrong, 1e-3))))


def measured(name: str, crops: NDArray[np.uint8]) -> dict[str, Any]:
    """Figures of one family."""
    raw = zoo.apply(name, crops, blend=False)
    before_s = time.process_time()
    made = zoo.apply(name, crops)
    spent_s = time.process_time() - before_s
    changed = made.astype(np.float32) - crops
    off = [np.abs(radial_levels(a) - radial_levels(b))[1:36].mean() for a, b in zip(made, crops, strict=True)]
    return {
        "family": name,
        "held_out": name in zoo.HELD_OUT,
        "crops": len(crops),
        "psnr_raw_db": round(psnr_db(raw, crops), 1),
        "psnr_blended_db": round(psnr_db(made, crops), 1),
        "spectrum_off_db": round(10 / np.log(10) * float(np.mean(off)), 2),
        "peaks_db": {p: round(float(np.mean([peaks_db(crop, p) for crop in changed])), 1) for p in PERIODS_PX},
        "seconds_for_24": round(spent_s * 24 / len(crops), 1),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--crops", type=int, default=16)
    given = parser.parse_args()
    for name in zoo.FAMILIES:
        fold = 0 if name.startswith("dct") else left_out(name)
        print(json.dumps(measured(name, crops_of(given.material, fold, given.crops))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
