"""Crops of the faces in a clip, a bounded number whatever its length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.detect.face_boxes import (
    SEARCH_PX,
    SMALLEST_NATIVE_PX,
    Box,
    FaceFinder,
    FaceTracks,
    HaarFinder,
    as_box,
    cut,
    inside,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# at most this often: three pictures of eight a second
LOOK_EVERY_S = 0.37
# a wider picture is scaled down to this before faces are cut: its faces are large enough then, too
MOST_WIDTH_PX = 1920
# a still has no second look, so both cascades and the eyes have to agree on a region this much larger than the box
STILL_MARGIN = 0.3


class Picture(Protocol):
    """What is needed of a picture; see pipeline.detect.pictures."""

    @property
    def time_s(self) -> float: ...
    @property
    def starts(self) -> bool: ...
    @property
    def luma(self) -> NDArray[np.uint8]: ...
    def gray(self, width_px: int) -> NDArray[np.uint8]: ...
    def rgb(self, width_px: int | None = None) -> NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Look:
    """One face in one picture."""

    # place in the order of all looks, and number of the face
    index: int
    track: int
    time_s: float
    box: Box
    # width of the face in the picture itself
    side_px: float
    # energy of the finest detail over that of the whole crop: low when blurred
    sharpness: float
    # uint8 [side, side, 3] RGB, wider than the box
    cut: NDArray[np.uint8]


class FaceLooks:
    """Feed every picture in order; keeps at most `most` looks, spread over the clip."""

    def __init__(self, finder: FaceFinder | None = None, *, side_px: int, reach: float, most: int) -> None:
        self.tracks = FaceTracks(finder or HaarFinder())
        self._side_px, self._reach, self._most = side_px, reach, most
        self._looks: list[Look] = []
        self._every, self._count = 1, 0
        self._next_s = -math.inf
        self._starts = False

    def add(self, picture: Picture) -> None:
        """Look at one picture, unless the last look was only just."""
        # a start between two looks counts for the next look
        self._starts |= picture.starts
        if picture.time_s < self._next_s and not picture.starts:
            return
        self._next_s = picture.time_s + LOOK_EVERY_S
        starts, self._starts = self._starts, False
        height, width = picture.luma.shape
        if min(height, width) < SMALLEST_NATIVE_PX:
            return
        gray = picture.gray(search_width_px(width, height))
        seen = self.tracks.look(gray, picture.time_s, native_width_px=width, starts=starts)
        if seen:
            self._keep(picture, [(track.number, track.box) for track in seen], width)

    def _keep(self, picture: Picture, faces: list[tuple[int, Box]], width: int) -> None:
        first, self._count = self._count, self._count + len(faces)
        wanted = [(first + i, face) for i, face in enumerate(faces) if (first + i) % self._every == 0]
        if not wanted:
            return
        rgb = picture.rgb(min(width, MOST_WIDTH_PX))
        for index, (track, box) in wanted:
            taken = cut(rgb, box, side_px=self._side_px, reach=self._reach)
            side_px = (box[2] - box[0]) * width
            self._looks.append(Look(index, track, picture.time_s, box, side_px, sharpness(taken), taken))
        self._thin()

    def _thin(self) -> None:
        alive = self.tracks.confirmed | {track.number for track in self.tracks.open}
        self._looks = [look for look in self._looks if look.track in alive]
        while len(self._looks) > self._most:
            self._every *= 2
            self._looks = [look for look in self._looks if look.index % self._every == 0]

    def looks(self) -> tuple[Look, ...]:
        """Looks at faces that were seen often enough, in order of time."""
        return tuple(look for look in self._looks if look.track in self.tracks.confirmed)


def look_at_still(rgb: NDArray[np.uint8], finder: FaceFinder, *, side_px: int, reach: float) -> tuple[Look, ...]:
    """Faces of one picture, largest first.

    Parameters
    ----------
    rgb : uint8 [H, W, 3]
    finder : a box counts when its second cascade and the eyes agree
    side_px, reach : of the cuts
    """
    import cv2

    height, width = rgb.shape[:2]
    if min(height, width) < SMALLEST_NATIVE_PX:
        return ()
    across = search_width_px(width, height)
    down = max(1, round(across * height / width))
    gray = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (across, down), interpolation=cv2.INTER_AREA)
    smallest = max(24, math.ceil(SMALLEST_NATIVE_PX * across / width))
    boxes = [as_box(rect, gray) for rect in finder.find(gray, smallest)]
    boxes = [b for b in boxes if finder.has_eyes(inside(gray, b)) and finder.agrees(inside(gray, _wider(b)))]
    found = []
    for number, box in enumerate(sorted(boxes, key=lambda b: (b[0] - b[2], b))):
        taken = cut(rgb, box, side_px=side_px, reach=reach)
        found.append(Look(number, number, 0.0, box, (box[2] - box[0]) * width, sharpness(taken), taken))
    return tuple(found)


def _wider(box: Box) -> Box:
    more_x, more_y = STILL_MARGIN * (box[2] - box[0]), STILL_MARGIN * (box[3] - box[1])
    return box[0] - more_x, box[1] - more_y, box[2] + more_x, box[3] + more_y


def search_width_px(width: int, height: int) -> int:
    """Width at which a picture is searched: its longer side becomes SEARCH_PX, and it is never enlarged."""
    return max(1, min(width, round(SEARCH_PX * width / max(width, height))))


def sharpness(rgb: NDArray[Any]) -> float:
    """Root mean square of the Laplacian over the spread of luma, 0 for a flat picture."""
    import cv2

    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    spread = float(luma.std())
    return float(cv2.Laplacian(luma, cv2.CV_32F).std()) / spread if spread > 1.0 else 0.0
