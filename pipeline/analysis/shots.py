"""Shots: where one picture no longer continues the one before.

Own detector rather than scenedetect's AdaptiveDetector, which compares a picture with the two on either side and so
takes a flash for a cut, and, where pictures are repeated (8 or 24 pictures per second in a file of 30), movement too.
Here a picture is compared with the last different one after movement between them is followed, relative to how
unlike two unrelated pictures of the same tones would be; a change that goes back within a moment is a flash.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.records import Shot

if TYPE_CHECKING:
    from numpy.typing import NDArray

# a cut shows at this size; more pixels find no more
SHORT_SIDE_PX = 48
# share of the unlikeness of unrelated pictures; 80 cuts between clips of a corpus lay at 0.65 and above, movement
# in 158 clips at 0.57 and below but for one that its frantic surroundings excuse
CUT_UNLIKENESS = 0.58
# times the median of the surroundings, so that a frantic scene needs more
CUT_RATIO = 2.5
SURROUNDINGS_S = 0.5
# pictures below this repeat the one before, and are left out of the surroundings
STILL_UNLIKENESS = 0.02
# a picture this like the one before a change has come back from it
SAME_UNLIKENESS = 0.48
# a change that goes back within this is a flash or a dropout, not two cuts
FLASH_S = 0.35
# shorter shots are one transition
MIN_SHOT_S = 0.25
# a picture or two of another scene at the very start or end belong to no shot of their own
EDGE_S = 0.1
# what is seen this near a join that is known is the join itself
JOIN_S = 0.25
# mean absolute difference in code values of a repeated picture
REPEAT_LEVELS = 0.1
# code values of noise that two pictures of one black scene may differ by
NOISE_LEVELS = 1.0
# Lab lightness (0..255) of black bars with coding noise
BLACK_LEVEL = 20
# what is left between bars must hold a few patches of the flow, 8x8 px each
MIN_FLOW_PX = 16


@dataclass(frozen=True)
class _Candidate:
    time_s: float
    # Lab picture before the change, uint8 [h, w, 3]
    before: NDArray[Any]


class ShotDetector:
    """Finds cuts in a stream of pictures; keeps a few thumbnails and two numbers per picture.

    `joins` are spans (start_s, end_s) in which one scene is known to give way to the next, as in a film we put together
    ourselves: the middle of each counts as a cut, whatever the pictures say.
    """

    def __init__(self, joins: Sequence[tuple[float, float]] = ()) -> None:
        import cv2

        self._joins = tuple(joins)

        self._flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._previous: NDArray[Any] | None = None
        # a few pictures of the last FLASH_S, oldest first
        self._recent: list[tuple[float, NDArray[Any]]] = []
        self._rows = array("d")
        self._open: list[_Candidate] = []
        self._cuts_s: list[float] = []

    def add(self, time_s: float, rgb: NDArray[Any]) -> None:
        """Take the next picture, uint8 [H, W, 3] of any size, in order of presentation time."""
        picture = _thumbnail(rgb)
        if self._previous is None or picture.shape != self._previous.shape:
            self._previous = picture
            return
        if _difference(picture, self._previous) < REPEAT_LEVELS:
            self._settle(time_s)
            return
        unlike = self._unlikeness(self._previous, picture)
        self._rows.extend((time_s, unlike))
        self._settle(time_s)
        came_back = self._close_flashes(picture, is_change=unlike >= CUT_UNLIKENESS)
        if unlike >= CUT_UNLIKENESS and not came_back:
            self._open.append(_Candidate(time_s, self._previous))
        self._remember(time_s, picture)
        self._previous = picture

    def shots(self, duration_s: float) -> tuple[Shot, ...]:
        """Shots from 0 to the duration; a cut is the presentation time of the new shot's first picture."""
        found = sorted([*self._cuts_s, *(candidate.time_s for candidate in self._open)])
        rows = np.array(self._rows).reshape(-1, 2)
        seen = [time_s for time_s in found if _stands_out(rows, time_s) and not self._is_join(time_s)]
        known = [(start_s + end_s) / 2 for start_s, end_s in self._joins]
        cuts_s = sorted([*_spread(seen, duration_s), *(time_s for time_s in known if 0 < time_s < duration_s)])
        edges = [0.0, *cuts_s, max(duration_s, 0.0)]
        return tuple(Shot(start, end) for start, end in zip(edges, edges[1:], strict=False))

    def _is_join(self, time_s: float) -> bool:
        return any(start_s - JOIN_S <= time_s <= end_s + JOIN_S for start_s, end_s in self._joins)

    def _close_flashes(self, picture: NDArray[Any], *, is_change: bool) -> bool:
        # True when the picture goes back to what was before an open change, or to what was there a moment ago
        for i, candidate in enumerate(self._open):
            if self._unlikeness(candidate.before, picture) < SAME_UNLIKENESS:
                del self._open[i:]
                return True
        return is_change and any(self._unlikeness(old, picture) < SAME_UNLIKENESS for _, old in self._recent)

    def _remember(self, time_s: float, picture: NDArray[Any]) -> None:
        self._recent = [item for item in self._recent if time_s - item[0] <= FLASH_S]
        if not self._recent or time_s - self._recent[-1][0] >= FLASH_S / 4:
            self._recent.append((time_s, picture))

    def _settle(self, time_s: float) -> None:
        self._cuts_s += [c.time_s for c in self._open if time_s - c.time_s > FLASH_S]
        self._open = [c for c in self._open if time_s - c.time_s <= FLASH_S]

    def _unlikeness(self, before: NDArray[Any], after: NDArray[Any]) -> float:
        """0 for the same scene moved, about 1 for two unrelated pictures of the same tones."""
        import cv2

        before, after = _without_bars(before, after)
        expected = NOISE_LEVELS + _unrelated_difference(before, after)
        plain = _difference(before, after) / expected
        if plain < 0.5 * SAME_UNLIKENESS:
            # following movement could only lower it
            return plain
        flow = self._flow.calc(np.ascontiguousarray(before[..., 0]), np.ascontiguousarray(after[..., 0]), None)
        height_px, width_px = before.shape[:2]
        x, y = np.meshgrid(np.arange(width_px, dtype=np.float32), np.arange(height_px, dtype=np.float32))
        followed = cv2.remap(
            after, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return min(plain, _difference(before, followed) / expected)


def _thumbnail(rgb: NDArray[Any]) -> NDArray[Any]:
    import cv2

    height_px, width_px = rgb.shape[:2]
    scale = SHORT_SIDE_PX / min(height_px, width_px)
    # the long side of a banner is squeezed: what matters is likeness, not shape
    size_px = tuple(min(4 * SHORT_SIDE_PX, max(SHORT_SIDE_PX, round(side * scale))) for side in (width_px, height_px))
    return cv2.cvtColor(cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)


def _without_bars(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    # black bars that two unrelated pictures share would make them alike
    lit = np.maximum(a[..., 0], b[..., 0]) > BLACK_LEVEL
    rows, columns = np.flatnonzero(lit.any(1)), np.flatnonzero(lit.any(0))
    if min(rows.size, columns.size) < MIN_FLOW_PX:
        return a, b
    inside = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray(a[inside]), np.ascontiguousarray(b[inside])


def _difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    import cv2

    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size


def _unrelated_difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Mean absolute difference to expect of two unrelated pictures with these means and spreads.

    For normal values of mean difference m and joint deviation s, E|d| <= sqrt(m^2 + 2/pi s^2); the bound is within
    a few percent, and needs no more than the moments.
    """
    import cv2

    (mean_a, spread_a), (mean_b, spread_b) = cv2.meanStdDev(a), cv2.meanStdDev(b)
    joint = spread_a**2 + spread_b**2
    return float(np.sqrt((mean_a - mean_b) ** 2 + 2 / np.pi * joint).mean())


def _stands_out(rows: NDArray[np.float64], time_s: float) -> bool:
    near = np.abs(rows[:, 0] - time_s) <= SURROUNDINGS_S
    own = rows[:, 0] == time_s
    # repeated pictures tell nothing of how lively the scene is
    others = rows[near & ~own & (rows[:, 1] > STILL_UNLIKENESS), 1]
    return others.size == 0 or bool(rows[own, 1].max() >= CUT_RATIO * np.median(others))


def _spread(cuts_s: list[float], duration_s: float) -> list[float]:
    # of cuts closer than the shortest shot the last stays: it begins what is then seen
    kept: list[float] = []
    for time_s in cuts_s:
        if kept and time_s - kept[-1] < MIN_SHOT_S:
            kept[-1] = time_s
        elif time_s >= EDGE_S:
            kept.append(time_s)
    return [time_s for time_s in kept if time_s <= duration_s - EDGE_S]
