"""Masking: how strong a mark may be, place by place and clip by clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# How the amplitude follows a place's own detail (mean change over a few chips, 8-bit levels). Flat fields show a
# pattern first, whatever the motion, though VMAF hardly counts them: the amplitude there follows the strength only up
# to the knee, then slowly. With more detail it rises to the full strength, and falls again where detail is so strong
# that the picture drowns the mark and what is added only costs VMAF. At equal VMAF this reads a fifth better after
# H.264 CRF 40 (soft correlation, eight clips) than an amplitude that goes on rising with detail.
FLAT_KNEE = 0.7
FLAT_SLOPE = 0.15
FULL_DETAIL = 6.0
DETAIL_DECAY = 8.0
# code values and the share of the amplitude used there: flat bright skies and near-black show a pattern first
LUMINANCE_LEVELS = (16, 40, 150, 235)
LUMINANCE_SHARES = (0.5, 1.0, 1.0, 0.7)
# Strength at which VMAF 0.6.1 of the marked picture, before any encoder, falls to 95:
# exp(OFFSET) * (1 + motion) ** MOTION * room ** ROOM, motion being the median change of a chip from frame to frame in
# 8-bit levels, room what a strength of one comes to under the mask. Fitted on clips of 17 sources; on clips of 16
# others it is off by 0.15 in ln(strength), about 0.6 VMAF. Measuring VMAF's own parts (VIF, detail loss) on sampled
# pictures predicted no better.
VMAF_OFFSET = -0.77
VMAF_MOTION = 0.63
VMAF_ROOM = -3.05
# The fit is far too bold on a few rough pictures that move little. Little motion hides no strong pattern, so this is
# the most for a picture without motion, and what each level of motion adds.
CALM_MOST = 1.7
MOTION_MOST = 0.25
# What a mark takes from VMAF grows with this power of its strength (four clips, strengths 0.9 to 1.11: 0.9 to 1.3).
LOSS_POWER = 1.15
# the fit knows no pictures with less
LEAST_ROOM = 0.6
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
    # VMAF of the marked picture that no clip falls below where it can be measured
    least_vmaf: float
    # for a still, which has one picture to be read from and nobody compares in motion
    still: float


PROFILES = {
    "subtle": Profile(factor=0.55, most=2.0, least=0.55, least_vmaf=97.0, still=1.8),
    "balanced": Profile(factor=1.0, most=3.4, least=0.65, least_vmaf=94.2, still=3.0),
    "strong": Profile(factor=1.4, most=5.0, least=0.9, least_vmaf=90.0, still=4.5),
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
    drowning = 1 + np.maximum(detail - np.float32(FULL_DETAIL), 0) / np.float32(DETAIL_DECAY)
    return (flat + (strength - flat) * hiding) / drowning * _luminance_share(local)


def motion_levels(grays: Sequence[np.ndarray]) -> float:
    """Median over neighbouring pictures of the mean change of a chip, in 8-bit levels; 0 for one picture."""
    changes = [float(np.abs(one - other).mean()) for one, other in zip(grays, grays[1:], strict=False)]
    return float(np.median(changes)) if changes else 0.0


def room(grays: Sequence[np.ndarray]) -> float:
    """Root mean square amplitude that a strength of one comes to in these pictures; low where much is drowned."""
    return float(np.mean([np.square(amplitude(gray, 1.0)).mean() for gray in grays]) ** 0.5)


def strength_for(grays: Sequence[np.ndarray], *, profile: Profile, short_px: int) -> float:
    """Strength for a clip with these pictures on the grid and this short side."""
    motion, hidden = motion_levels(grays), max(room(grays), LEAST_ROOM)
    fitted = float(np.exp(VMAF_OFFSET) * (1 + motion) ** VMAF_MOTION * hidden**VMAF_ROOM)
    bold = profile.factor * min(fitted, CALM_MOST + MOTION_MOST * motion)
    return _small_gain(short_px) * min(max(bold, profile.least), profile.most)


def lowered(strength: float, measured_vmaf: float, *, profile: Profile) -> float:
    """The strength, or a lower one that reaches the profile's least VMAF when the measured one does not.

    Never a higher one: VMAF sees little of a pattern in flat fields, where people see it first.
    """
    if measured_vmaf >= profile.least_vmaf:
        return strength
    wanted = strength * ((100 - profile.least_vmaf) / (100 - measured_vmaf)) ** (1 / LOSS_POWER)
    return max(wanted, profile.least)


def strength_for_still(*, profile: Profile, short_px: int) -> float:
    """Strength for a lone picture with this short side."""
    return _small_gain(short_px) * profile.still


def _small_gain(short_px: int) -> float:
    return min(SMALL_GAIN_MOST, max(1.0, (SMALL_SIDE_PX / max(short_px, 1)) ** 0.5))


def _luminance_share(local: np.ndarray) -> np.ndarray:
    # by table: interpolating every chip would cost more than all the rest of the mask
    shares = np.interp(np.arange(256), LUMINANCE_LEVELS, LUMINANCE_SHARES).astype(np.float32)
    return shares[np.clip(local, 0, 255).astype(np.uint8)]
