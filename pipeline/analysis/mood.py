"""Mood: picture statistics over time that colour music and choose ambiences."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.records import Mood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.records import MotionCurve, Shot

# mood changes slowly: five pictures a second are enough
STEP_S = 0.2
# Rec. 709 luma weights, of gamma-coded values
LUMA_WEIGHTS = (0.2126, 0.7152, 0.0722)
# spread between the 5th and 95th percentile that counts as full contrast
FULL_CONTRAST = 0.85
# mean of largest minus smallest of R, G, B that counts as fully saturated; a bright toy shop
FULL_CHROMA = 0.5
# mean red minus blue that counts as fully warm; a sunset
FULL_WARMTH = 0.25
# residual movement, picture heights per second, that counts as half of frantic
HALF_MOTION = 0.15
# OpenCV hue (0..179): green leaves; blue of sky and water, from cyan on
LEAF_HUES = (30, 85)
BLUE_HUES = (85, 130)
# standard deviation of lightness in 3x3 px that separates smooth sky from waves and leaves, code values
SMOOTH_LEVELS = 3.0

# Slopes (of 0..1 luma, Sobel 3x3) that make an edge, and how upright an edge must be: door posts, shelves, walls
EDGE_SLOPE, UPRIGHT = 0.25, 0.25
# Logistic regression on 215 clips of 44 sources, marked indoors or outdoors by hand, one vote per scene; in eight folds
# by scene .76 of both are right, .81 where it is sure by .65 (two clips in three), .89 where it is sure by .75
INDOOR_WEIGHTS = {
    "upright": 6.52,
    "foliage": -7.22,
    "sky": -4.87,
    "contrast": 2.52,
    "smooth": 6.15,
    "fine": 1.13,
    "top_smooth": -2.01,
}
INDOOR_BIAS = -6.32
# from "surely a room" to "may be open air": white walls and blue things there are neither sky nor water. Over a tenth
# of sky was seen in 21 % of 75 clips of rooms without this and in 5 % with it; in 50 clips with sky, in 68 and 66 %
ROOFED = (0.8, 0.5)
# median luma from which it is surely day, and under which it is surely dark; the upper third, where sky would be
DAY_LUMA, DARK_LUMA = 0.25, 0.12
DAY_TOP_LUMA, DARK_TOP_LUMA = 0.45, 0.2
# mean red minus blue: darkness outdoors is cold; what is lit by a lamp on black is warm
LAMP_WARMTH, MOON_WARMTH = 0.14, 0.06

_COLUMNS = ("time_s", "brightness", "contrast", "saturation", "warmth", "sky", "water", "foliage", "indoor", "night")


class MoodMeter:
    """Collects colour statistics of a stream of pictures; keeps ten numbers per fifth of a second."""

    def __init__(self) -> None:
        self._rows = array("d")
        self._next_s = float("-inf")

    def add(self, time_s: float, rgb: NDArray[Any]) -> None:
        """Take the next picture, uint8 [H, W, 3]; small is enough."""
        if time_s < self._next_s:
            return
        self._next_s = time_s + STEP_S - 1e-6
        self._rows.extend((time_s, *picture_statistics(rgb)))

    def mood(
        self,
        *,
        start_s: float = 0.0,
        end_s: float = float("inf"),
        motion: MotionCurve | None = None,
        cuts: int = 0,
    ) -> Mood:
        """Mean mood of a span of time; the neutral default where no picture was seen."""
        table = np.array(self._rows).reshape(-1, len(_COLUMNS))
        if not table.size:
            return Mood()
        inside = table[(table[:, 0] >= start_s) & (table[:, 0] < end_s)]
        if not len(inside):
            # a shot shorter than the step takes the nearest picture
            inside = table[[np.abs(table[:, 0] - start_s).argmin()]]
        means = dict(zip(_COLUMNS[1:], (float(value) for value in inside[:, 1:].mean(0)), strict=True))
        return replace(
            Mood(**means),
            motion=_motion(motion, start_s, end_s),
            cuts_per_minute=60 * cuts / (end_s - start_s) if 0 < end_s - start_s < float("inf") else 0.0,
        )

    def shot_moods(self, shots: tuple[Shot, ...], motion: MotionCurve) -> tuple[Mood, ...]:
        """One mood per shot; each has the cut rate of the whole clip, as a shot alone has none."""
        length_s = shots[-1].end_s - shots[0].start_s if shots else 0.0
        rate = 60 * (len(shots) - 1) / length_s if length_s > 0 else 0.0
        moods = (self.mood(start_s=shot.start_s, end_s=shot.end_s, motion=motion) for shot in shots)
        return tuple(replace(mood, cuts_per_minute=rate) for mood in moods)


def picture_statistics(rgb: NDArray[Any]) -> tuple[float, ...]:
    """All of `_COLUMNS` but the time, of one picture; ranges as in `Mood`."""
    values = rgb.astype(np.float32) / 255
    luma = values @ np.array(LUMA_WEIGHTS, np.float32)
    low, high = np.percentile(luma, (5, 95))
    chroma = values.max(-1) - values.min(-1)
    red_over_blue = float((values[..., 0] - values[..., 2]).mean())
    contrast = min(1.0, float(high - low) / FULL_CONTRAST)
    sky, water, foliage = scenery(rgb)
    inside = indoor(rgb, luma, contrast=contrast, sky=sky, foliage=foliage)
    open_air = _between(inside, *ROOFED)
    return (
        float(luma.mean()),
        contrast,
        min(1.0, float(chroma.mean()) / FULL_CHROMA),
        max(-1.0, min(1.0, red_over_blue / FULL_WARMTH)),
        sky * open_air,
        water * open_air,
        foliage,
        inside,
        night(luma, red_over_blue),
    )


def indoor(rgb: NDArray[Any], luma: NDArray[Any], *, contrast: float, sky: float, foliage: float) -> float:
    """How much a picture looks like a room, 0..1: upright edges, smooth walls, no leaves and no sky.

    Parameters
    ----------
    rgb : uint8 [H, W, 3]
        About 72 px high.
    luma : float32 [H, W]
        Of the same picture, 0..1.
    contrast, sky, foliage : float
        As in `Mood`.
    """
    import cv2

    rough = _roughness(rgb.max(-1))
    across = np.abs(cv2.Sobel(luma, cv2.CV_32F, 1, 0))
    down = np.abs(cv2.Sobel(luma, cv2.CV_32F, 0, 1))
    edges = np.hypot(across, down) > EDGE_SLOPE
    looks = {
        # twenty: a handful of edges says nothing
        "upright": float((edges & (down < UPRIGHT * across)).sum() / (edges.sum() + 20)),
        "foliage": foliage,
        "sky": sky,
        "contrast": contrast,
        "smooth": float((rough < SMOOTH_LEVELS).mean()),
        "fine": float(np.log(rough.mean() + 0.5)),
        "top_smooth": float((rough[: max(1, len(rough) // 3)] < SMOOTH_LEVELS).mean()),
    }
    score = INDOOR_BIAS + sum(INDOOR_WEIGHTS[name] * value for name, value in looks.items())
    return float(1 / (1 + np.exp(-score)))


def night(luma: NDArray[Any], red_over_blue: float) -> float:
    """How much a picture looks like night, 0..1: most of it dark, the upper third too, and not in warm light."""
    top = luma[: max(1, len(luma) // 3)]
    dark = _between(float(np.median(luma)), DAY_LUMA, DARK_LUMA)
    dark_top = _between(float(np.median(top)), DAY_TOP_LUMA, DARK_TOP_LUMA)
    return dark * dark_top * _between(red_over_blue, LAMP_WARMTH, MOON_WARMTH)


def _between(value: float, none: float, full: float) -> float:
    return min(1.0, max(0.0, (value - none) / (full - none)))


def scenery(rgb: NDArray[Any]) -> tuple[float, float, float]:
    """Shares of the picture that look like sky, water and foliage by colour, texture and place.

    Sky is smooth, blue or bright grey, and joined to the top edge; water is blue, not joined to the top as smooth sky
    is, and reaches into the lower two thirds; foliage is green and rough. Colour alone cannot tell a blue wall from
    the sea: these are hints for choosing an ambience when nothing better is known.
    """
    import cv2

    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    rough = _roughness(value)
    blue = (hue >= BLUE_HUES[0]) & (hue <= BLUE_HUES[1]) & (saturation > 40) & (value > 40)
    pale = (saturation < 50) & (value > 170)
    sky = _joined_to_top((blue | pale) & (rough < SMOOTH_LEVELS))
    lower = np.arange(rgb.shape[0])[:, None] >= rgb.shape[0] / 3
    water = blue & ~sky & lower
    leaf = (hue >= LEAF_HUES[0]) & (hue <= LEAF_HUES[1]) & (saturation > 50) & (value > 25)
    foliage = leaf & (rough >= SMOOTH_LEVELS)
    return float(sky.mean()), float(water.mean()), float(foliage.mean())


def _roughness(value: NDArray[Any]) -> NDArray[Any]:
    import cv2

    level = value.astype(np.float32)
    mean = cv2.blur(level, (3, 3))
    return np.sqrt(np.maximum(cv2.blur(level * level, (3, 3)) - mean * mean, 0))


def _joined_to_top(mask: NDArray[Any]) -> NDArray[Any]:
    import cv2

    # one pixel of closing bridges wires, birds and grain
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    labels = cv2.connectedComponents(closed)[1]
    top = np.unique(labels[: max(1, mask.shape[0] // 20)])
    return np.isin(labels, top[top > 0])


def _motion(curve: MotionCurve | None, start_s: float, end_s: float) -> float:
    if curve is None or not curve.times_s:
        return 0.0
    times_s = np.array(curve.times_s)
    energy = np.array(curve.energy)[(times_s >= start_s) & (times_s < end_s)]
    typical = float(energy.mean()) if energy.size else 0.0
    return typical / (typical + HALF_MOTION)
