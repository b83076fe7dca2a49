"""Masking: how strong a mark may be, place by place and clip by clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Share of a place's own detail (8-bit levels) that is added to what a flat place hides. Textures hide more than this,
# but there the picture itself drowns the mark: at equal VMAF, gains of 0.1 and 0.5 read two and six times worse.
DETAIL_GAIN = 0.03
# In flat fields the amplitude follows the strength only up to a level or so, then slowly: there a pattern is seen
# whatever the motion, though VMAF hardly counts it. From this much detail on it follows fully.
FLAT_KNEE = 1.0
FLAT_SLOPE = 0.3
FULL_DETAIL = 4.0
# code values and the share of the amplitude used there: flat bright skies and near-black show a pattern first
LUMINANCE_LEVELS = (16, 60, 150, 235)
LUMINANCE_SHARES = (0.8, 1.0, 1.0, 0.7)
# Strength at which VMAF 0.6.1 falls to 95 is exp(OFFSET) * (1 + motion) ** SLOPE, motion being the median change of a
# chip from frame to frame in 8-bit levels. Fitted on 73 clips of 40 sources; standard error 0.18 in ln(strength),
# about 2 VMAF. Texture, brightness and size explained nothing more. (Fitted before the rule for flat fields above,
# which only helps; with it, 12 clips of at least 432 lines came out at 95.5 on average under "balanced".)
VMAF_95_OFFSET = -0.305
VMAF_95_SLOPE = 0.475
# a small picture holds few chips of few pixels and is seldom watched full screen: it is marked up to 1.5 times stronger
SMALL_SIDE_PX = 432
SMALL_GAIN_MOST = 1.5


@dataclass(frozen=True)
class Profile:
    """How far a mark may go."""

    # multiplies the strength that the model gives for VMAF 95
    factor: float
    # 8-bit levels; motion hides a still pattern less than VMAF believes
    most: float
    # below about half a level rounding to 8 bits wipes the mark out
    least: float


PROFILES = {
    "subtle": Profile(factor=0.65, most=1.1, least=0.55),
    "balanced": Profile(factor=0.9, most=1.8, least=0.65),
    "strong": Profile(factor=1.4, most=2.7, least=0.9),
}


def amplitude(gray: np.ndarray, strength: float) -> np.ndarray:
    """How strong the mark is at each chip.

    Parameters
    ----------
    gray : float32 [rows, columns]
        The picture on the canonical grid, 8-bit levels.
    strength : float
        Amplitude wherever there is a little detail to hide in, 8-bit levels.

    Returns
    -------
    float32 [rows, columns]
        8-bit levels.
    """
    import cv2

    local = cv2.blur(gray, (5, 5))
    # the mean root, squared: texture on all sides counts, a lone edge beside a flat field hardly does
    detail = np.square(cv2.blur(cv2.sqrt(cv2.absdiff(gray, local)), (5, 5)))
    flat = strength if strength <= FLAT_KNEE else FLAT_KNEE + FLAT_SLOPE * (strength - FLAT_KNEE)
    hiding = np.minimum(detail / np.float32(FULL_DETAIL), 1)
    levels = flat + (strength - flat) * hiding + np.float32(strength * DETAIL_GAIN) * detail
    return levels * _luminance_share(local)


def motion_levels(grays: Sequence[np.ndarray]) -> float:
    """Median over neighbouring pictures of the mean change of a chip, in 8-bit levels; 0 for one picture."""
    changes = [float(np.abs(one - other).mean()) for one, other in zip(grays, grays[1:], strict=False)]
    return float(np.median(changes)) if changes else 0.0


def strength_for(motion: float, *, profile: Profile, short_px: int) -> float:
    """Strength for a clip with this motion and this short side."""
    at_95 = float(np.exp(VMAF_95_OFFSET) * (1 + motion) ** VMAF_95_SLOPE)
    small = min(SMALL_GAIN_MOST, max(1.0, (SMALL_SIDE_PX / max(short_px, 1)) ** 0.5))
    return small * min(max(profile.factor * at_95, profile.least), profile.most)


def _luminance_share(local: np.ndarray) -> np.ndarray:
    # by table: interpolating every chip would cost more than all the rest of the mask
    shares = np.interp(np.arange(256), LUMINANCE_LEVELS, LUMINANCE_SHARES).astype(np.float32)
    return shares[np.clip(local, 0, 255).astype(np.uint8)]
