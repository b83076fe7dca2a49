"""Surfaces: how much each cell of a burst looks like rain, snow, flames, water, smoke, leaves or a crowd.

A rule a kind, over the maps of a burst (see `pipeline.analysis.bursts`). The thresholds were chosen on 257 clips of 44
sources and on rain, snow, flames, smoke and people rendered into them, for few false alarms rather than for many finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pipeline.records import TextureKind

    Maps = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Rule:
    """How one kind is told, and what its share of the picture means."""

    evidence: Callable[[Maps], NDArray[Any]]
    # share of the picture from which it is believed at all, and fully
    share: tuple[float, float]
    # how sure this rule can ever be: what else looks the same
    most: float
    # change that counts as half of full strength, levels
    vigour_levels: float


def ramp(values: Any, low: float, high: float) -> Any:
    """0 up to `low`, 1 from `high`, a straight line between; downhill when `high` is below `low`."""
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _slope(maps: Maps) -> NDArray[Any]:
    return maps["slope_x"] + maps["slope_y"]


def _flat(maps: Maps) -> NDArray[Any]:
    # 0.5 for texture of no direction, towards 1 for lines that lie, towards 0 for lines that stand
    return maps["slope_y"] / (_slope(maps) + 0.5)


def _chroma(maps: Maps) -> NDArray[Any]:
    channels = np.stack([maps["red"], maps["green"], maps["blue"]])
    return channels.max(0) - channels.min(0)


def _everywhere(cells: NDArray[Any]) -> NDArray[Any]:
    # what falls from the sky is on both sides and above as well as below; spray is not
    rows, columns = cells.shape
    halves = (cells[: (rows + 1) // 2], cells[rows // 2 :], cells[:, : (columns + 1) // 2], cells[:, columns // 2 :])
    least = min(float(half.mean()) for half in halves)
    return cells * ramp(least, 0.05, 0.2)


def _falling(maps: Maps) -> NDArray[Any]:
    # bright specks that the pictures before and after do not have; waves and leaves darken as much as they brighten
    bias = (maps["sparks"] + 0.03) / (maps["gaps"] + 0.03)
    return ramp(maps["sparks"], 0.05, 0.25) * ramp(bias, 1.2, 2.2)


def _upright(maps: Maps) -> NDArray[Any]:
    # 0.5 for round specks, towards 1 for upright streaks, whose slopes go across
    return maps["sparks_x"] / (maps["sparks_x"] + maps["sparks_y"] + 1e-3)


def _rain(maps: Maps) -> NDArray[Any]:
    return _everywhere(_falling(maps) * ramp(_upright(maps), 0.54, 0.62))


def _snow(maps: Maps) -> NDArray[Any]:
    round_specks = ramp(np.abs(_upright(maps) - 0.5), 0.12, 0.07)
    return _everywhere(_falling(maps) * round_specks * ramp(_chroma(maps), 0.45, 0.3))


def _fire(maps: Maps) -> NDArray[Any]:
    # a sunset on waves flickers in lying lines
    boils = ramp(_flat(maps), 0.78, 0.65)
    boils *= ramp(maps["left"], 3, 7) * ramp(maps["left"] / (_slope(maps) + 2), 0.15, 0.45)
    return ramp(maps["flame"], 0.15, 0.5) * boils


def _water(maps: Maps) -> NDArray[Any]:
    # Logistic regression on cells of 15 clips of open water and 215 others, hand-marked; in five folds by scene the
    # area under the ROC curve is .905 per cell. Waves lie flat: their slopes go down the picture, not across.
    slope = _slope(maps)
    rows = slope.shape[0]
    y = ((np.arange(rows) + 0.5) / rows)[:, None]
    cold = maps["blue"] - maps["red"]
    score = (
        0.82 * np.log(maps["left"] + 0.3)
        + 8.22 * _flat(maps)
        - 0.82 * np.log(slope + 1)
        + 4.29 * cold
        + 1.81 * y
        - 5.76
    )
    # a passing train or a fast pan is smeared flat, too
    slow = ramp(np.abs(maps["speed_x"]), 0.5, 0.25)
    return ramp(1 / (1 + np.exp(-score)), 0.5, 0.8) * slow


def _smoke(maps: Maps) -> NDArray[Any]:
    import cv2

    slope, left = _slope(maps), maps["left"]
    soft = ramp(slope, 12, 8) * ramp(slope, 0.7, 1.5) * ramp(_chroma(maps), 0.25, 0.15) * ramp(maps["sparks"], 0.5, 0.2)
    up = cv2.blur(maps["speed_y"], (3, 3))
    rises = ramp(up, -0.01, -0.04) * ramp(maps["spread"], 0.1, 0.05)
    # spray and mist over waves belong to the waves
    return (1 - _water(maps)) * soft * rises * ramp(left / (slope + 2), 0.1, 0.2)


def _leaves(maps: Maps) -> NDArray[Any]:
    slope, left = _slope(maps), maps["left"]
    green = ramp(maps["leaf"], 0.4, 0.8) * ramp(slope, 6, 10)
    return green * ramp(left, 0.8, 2.0) * ramp(left / (slope + 2), 0.9, 0.6)


def _crowd(maps: Maps) -> NDArray[Any]:
    import cv2

    speed = np.dstack([maps["speed_x"], maps["speed_y"]])
    # movement that the neighbours do not share; a single big thing or the camera moves all of them
    own = np.linalg.norm(speed - cv2.blur(speed, (3, 3)), axis=-1)
    change = maps["left"] / (_slope(maps) + 2)
    busy = ramp(own, 0.003, 0.009) * ramp(own, 0.09, 0.06) * ramp(_slope(maps), 5, 8)
    # people stand; and what falls before them is not them
    busy *= ramp(_flat(maps), 0.54, 0.46) * ramp(_falling(maps).mean(), 0.4, 0.2)
    return busy * ramp(change, 0.08, 0.16) * ramp(change, 0.8, 0.6) * ramp(maps["leaf"], 0.6, 0.3)


RULES: dict[TextureKind, Rule] = {
    "rain": Rule(_rain, (0.18, 0.4), 0.9, 5.0),
    "snow": Rule(_snow, (0.22, 0.45), 0.8, 4.0),
    "fire": Rule(_fire, (0.015, 0.06), 0.9, 15.0),
    "water": Rule(_water, (0.1, 0.4), 0.85, 5.0),
    "smoke": Rule(_smoke, (0.08, 0.25), 0.5, 3.0),
    "leaves": Rule(_leaves, (0.1, 0.3), 0.7, 4.0),
    "crowd": Rule(_crowd, (0.12, 0.4), 0.5, 5.0),
}
