"""Picture mark: a tiled, keyed pattern added to luma."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.payload import encode_payload, variant_of
from pipeline.watermark.picture import grid, masking, tile
from pipeline.watermark.picture.reader import PictureReader

__all__ = ["PROFILES", "STEP_UP", "PictureMarker", "PictureReader", "choose_strength"]

PROFILES = tuple(masking.PROFILES)
# factor to the next stronger notch when an encoded file does not read back; about 2.6 dB
STEP_UP = 1.35
# pictures that are enough to judge a clip's motion, and to measure a PSNR on
MOTION_FRAMES = 24
PSNR_FRAMES = 4
# Levels that the pattern deviates by where the mask allows one; all that was fitted in `masking` was fitted with it.
BAND_GAIN = 0.82
# 8-bit code values of black and white in limited range (ITU-R BT.709-6, 3.5)
BLACK, WHITE = 16, 235


class PictureMarker:
    """Adds one mark to the pictures of a clip, and keeps count of the error that costs.

    Parameters
    ----------
    width_px, height_px : int
        Size of the upright luma, any from 1 up.
    payload, key
        What the mark says, and the mark key.
    strength : float
        Amplitude in 8-bit levels where there is a little detail; see `choose_strength`.
    display_aspect : Fraction or float
        Displayed width over height of the upright picture, sample aspect applied.
    bit_depth : int
        8 for uint8 luma; 9 to 16 for uint16.
    """

    def __init__(
        self,
        width_px: int,
        height_px: int,
        *,
        payload: Payload,
        key: bytes,
        strength: float,
        display_aspect: Fraction | float,
        bit_depth: int = 8,
    ) -> None:
        self._size_px = (width_px, height_px)
        self._bit_depth = bit_depth
        self._grid_size = grid.grid_size(grid.lines_for(width_px, height_px), display_aspect)
        chips = tile.marked_tile(tile.tile_code(key), encode_payload(payload, key=key), variant_of(payload))
        columns, rows = self._grid_size
        self._pattern = tile.spread(chips, rows, columns) * np.float32(BAND_GAIN * 2.0 ** (bit_depth - 8))
        self._strength = strength
        # kept from picture to picture: fresh ones would cost more than the arithmetic
        self._change = np.empty((height_px, width_px), dtype=np.float32)
        scale, kind = 1 << (bit_depth - 8), np.uint8 if bit_depth == 8 else np.uint16
        self._black = np.full((height_px, width_px), BLACK * scale, dtype=kind)
        self._white = np.full((height_px, width_px), WHITE * scale, dtype=kind)
        self._limit = np.empty_like(self._black)
        self._squared_error = 0.0
        self._samples = 0

    def __call__(self, luma: np.ndarray) -> np.ndarray:
        """Mark one picture.

        Parameters
        ----------
        luma : uint8 or uint16 [H, W]
            Upright; left as it is.

        Returns
        -------
        uint8 or uint16 [H, W]
            A new array. Nothing leaves the limited range that was not outside it before.

        Raises
        ------
        ValueError
            When size or type are not those the marker was made for.
        """
        import cv2

        self._validate(luma)
        gray = grid.gray_levels(luma, self._grid_size, bit_depth=self._bit_depth)
        change = grid.resize(self._pattern * masking.amplitude(gray, self._strength), self._size_px, out=self._change)
        marked = cv2.add(luma, change, dtype=cv2.CV_16U if luma.dtype == np.uint16 else cv2.CV_8U)
        cv2.max(marked, cv2.min(luma, self._black, dst=self._limit), dst=marked)
        cv2.min(marked, cv2.max(luma, self._white, dst=self._limit), dst=marked)
        self._squared_error += cv2.norm(luma, marked, cv2.NORM_L2SQR)
        self._samples += luma.size
        return marked

    @property
    def psnr_db(self) -> float:
        """Of all pictures marked so far against their originals; infinite before the first."""
        if self._squared_error == 0:
            return math.inf
        peak = (1 << self._bit_depth) - 1
        return 10 * math.log10(peak**2 * self._samples / self._squared_error)

    def _validate(self, luma: np.ndarray) -> None:
        if luma.shape != self._limit.shape or luma.dtype != self._limit.dtype:
            taken = f"{self._limit.dtype} {self._limit.shape}"
            raise ValueError(f"the marker takes {taken}, not {luma.dtype} {luma.shape}")


def choose_strength(
    frames: Iterable[np.ndarray],
    *,
    profile: str = "balanced",
    still: bool = False,
    target_psnr_db: float | None = None,
    display_aspect: Fraction | float | None = None,
    bit_depth: int = 8,
) -> float:
    """Strength that gives a clip the quality asked for.

    Parameters
    ----------
    frames : iterable of uint8 or uint16 [H, W]
        Neighbouring pictures of the clip, upright. Runs of at least three from several places serve best: what
        changes between one and the next is taken for motion. At most 24 are drawn.
    profile : str
        "subtle" (VMAF about 98), "balanced" (about 95 to 96) or "strong".
    still : bool
        Whether the picture is a still: more is added, 46 dB under "balanced", because one picture must do.
    target_psnr_db : float or None
        When given, decides instead of the profile; reached within 0.5 dB unless rounding and clipping forbid it.
    display_aspect : Fraction or float or None
        Displayed width over height; None for square samples.
    bit_depth : int

    Returns
    -------
    float
        For `PictureMarker`.

    Raises
    ------
    UsageError
        When there is no such profile.
    """
    if profile not in masking.PROFILES:
        raise UsageError(f"There is no mark profile {profile!r}; use one of {', '.join(PROFILES)}.")
    drawn = itertools.islice(frames, MOTION_FRAMES)
    grays, kept = [], []
    for luma in drawn:
        height_px, width_px = luma.shape
        aspect = width_px / height_px if display_aspect is None else float(display_aspect)
        size = grid.grid_size(grid.lines_for(width_px, height_px), aspect)
        grays.append(grid.gray_levels(luma, size, bit_depth=bit_depth))
        if target_psnr_db is not None and len(grays) % (MOTION_FRAMES // PSNR_FRAMES) == 1:
            kept.append(luma)
    if not grays:
        return masking.PROFILES[profile].least
    limits, short_px = masking.PROFILES[profile], min(height_px, width_px)
    if still:
        chosen = masking.strength_for_still(profile=limits, short_px=short_px)
    else:
        chosen = masking.strength_for(grays, profile=limits, short_px=short_px)
    if target_psnr_db is None:
        return chosen
    return _strength_for_psnr(kept, target_psnr_db, start=chosen, aspect=aspect, bit_depth=bit_depth)


def _strength_for_psnr(
    frames: list[np.ndarray], target_psnr_db: float, *, start: float, aspect: float, bit_depth: int
) -> float:
    strength = start
    # rounding bends the curve a little, so the step that would suffice on paper is taken a few times
    for _ in range(4):
        marker = PictureMarker(
            frames[0].shape[1],
            frames[0].shape[0],
            payload=Payload(version=0, id=0),
            key=bytes(32),
            strength=strength,
            display_aspect=aspect,
            bit_depth=bit_depth,
        )
        for luma in frames:
            marker(luma)
        off_db = min(marker.psnr_db, target_psnr_db + 20) - target_psnr_db
        strength *= 10 ** (off_db / 20)
    return strength
