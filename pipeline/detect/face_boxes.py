"""Where faces are: Haar boxes in a small grey picture, followed from look to look, and crops of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# x0, y0, x1, y1 as fractions of the picture
Box = tuple[float, float, float, float]
# x, y, width, height in pixels of the picture that was searched
Rect = tuple[int, int, int, int]

# longer side of the grey picture that is searched as a whole
SEARCH_PX = 320
# smallest face there: the cascades were trained on 20 pixels
SMALLEST_PX = 24
# and in the picture itself; what is smaller has nothing left to judge
SMALLEST_NATIVE_PX = 56
# a known face is followed in a region around it, scaled until the face is this wide
FOLLOW_PX = 48
# boxes of one face in neighbouring looks overlap at least by this much
SAME_OVERLAP = 0.3
# a face that is not seen again for so long is gone
GONE_S = 1.2
# a box that comes and goes is no face: eyes are looked for as well
LEAST_LOOKS, LEAST_EYES = 3, 2
# more faces than this at once are a crowd, whose faces are small
MOST_FACES = 2


class FaceFinder(Protocol):
    """What finds faces."""

    def find(self, gray: NDArray[Any], smallest_px: int) -> tuple[Rect, ...]:
        """Boxes of faces that look into the camera, uint8 [h, w]."""
        ...

    def has_eyes(self, face: NDArray[Any]) -> bool:
        """Whether a grey picture of a face, uint8 [h, w], has an eye in its upper part."""
        ...

    def agrees(self, gray: NDArray[Any]) -> bool:
        """Whether a second cascade sees a face in a region, uint8 [h, w]."""
        ...


class HaarFinder:
    """The frontal cascades that come with OpenCV (Viola and Jones 2001; Lienhart and Maydt 2002)."""

    def __init__(self) -> None:
        import cv2

        folder: str = cv2.data.haarcascades  # type: ignore[attr-defined]
        names = ("frontalface_alt2", "frontalface_default", "eye")
        self._face, self._second, self._eye = (cv2.CascadeClassifier(f"{folder}haarcascade_{n}.xml") for n in names)

    def find(self, gray: NDArray[Any], smallest_px: int) -> tuple[Rect, ...]:
        """Boxes of faces that look into the camera."""
        found = self._face.detectMultiScale(gray, 1.2, 4, minSize=(smallest_px, smallest_px))
        return tuple((int(x), int(y), int(w), int(h)) for x, y, w, h in found)

    def has_eyes(self, face: NDArray[Any]) -> bool:
        """Whether an eye is found in the upper two thirds."""
        import cv2

        upper = face[: max(1, 2 * face.shape[0] // 3)]
        scale = 128 / max(1, upper.shape[1])
        large = cv2.resize(
            upper, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        )
        return len(self._eye.detectMultiScale(large, 1.1, 3, minSize=(20, 20))) > 0

    def agrees(self, gray: NDArray[Any]) -> bool:
        """Whether the second cascade sees a face of at least half the region."""
        least = max(20, min(gray.shape) // 2)
        return len(self._second.detectMultiScale(gray, 1.1, 2, minSize=(least, least))) > 0


@dataclass
class Track:
    """One face over time."""

    number: int
    box: Box
    seen_s: float
    looks: int = 1
    eyes: int = 0

    @property
    def confirmed(self) -> bool:
        return self.looks >= LEAST_LOOKS and self.eyes >= LEAST_EYES


@dataclass
class FaceTracks:
    """Faces that are followed; give it every look in order of time."""

    finder: FaceFinder
    # the whole picture is searched this often, the regions of known faces at every look
    search_every_s: float = 1.0
    open: list[Track] = field(default_factory=list)
    # numbers of faces that were seen often enough, and how many boxes came to nothing
    confirmed: set[int] = field(default_factory=set)
    dropped: int = 0
    _count: int = 0
    _searched_s: float = -math.inf

    def look(self, gray: NDArray[Any], time_s: float, *, native_width_px: int, starts: bool) -> tuple[Track, ...]:
        """Faces in this picture.

        Parameters
        ----------
        gray : uint8 [h, w]
            The whole picture at the scale it is searched at.
        native_width_px : int
            Width of the picture itself.
        starts : bool
            Nothing that was known before goes on: a cut, a jump.

        Returns
        -------
        The largest faces, at most MOST_FACES.
        """
        self._close(time_s, everything=starts)
        smallest_px = max(SMALLEST_PX, math.ceil(SMALLEST_NATIVE_PX * gray.shape[1] / native_width_px))
        seen = [track for track in self.open if self._follow(track, gray, time_s)]
        if starts or time_s >= self._searched_s + self.search_every_s:
            self._searched_s = time_s
            seen += self._search(gray, time_s, smallest_px)
        for track in seen:
            if track.confirmed:
                self.confirmed.add(track.number)
        return tuple(sorted(seen, key=lambda t: (-area(t.box), t.number))[:MOST_FACES])

    def _close(self, time_s: float, *, everything: bool) -> None:
        gone = [t for t in self.open if everything or time_s > t.seen_s + GONE_S]
        self.dropped += sum(not t.confirmed for t in gone)
        self.open = [t for t in self.open if t not in gone]

    def _follow(self, track: Track, gray: NDArray[Any], time_s: float) -> bool:
        box = follow(self.finder, gray, track.box)
        if box is None:
            return False
        track.box, track.seen_s, track.looks = box, time_s, track.looks + 1
        self._look_for_eyes(track, gray)
        return True

    def _search(self, gray: NDArray[Any], time_s: float, smallest_px: int) -> list[Track]:
        new = []
        for rect in self.finder.find(gray, smallest_px):
            box = as_box(rect, gray)
            if any(overlap(box, track.box) > SAME_OVERLAP for track in self.open):
                continue
            track = Track(self._count, box, time_s)
            self._count += 1
            self._look_for_eyes(track, gray)
            self.open.append(track)
            new.append(track)
        return new

    def _look_for_eyes(self, track: Track, gray: NDArray[Any]) -> None:
        if track.eyes < LEAST_EYES:
            track.eyes += self.finder.has_eyes(inside(gray, track.box))


def follow(finder: FaceFinder, gray: NDArray[Any], box: Box) -> Box | None:
    """The box of a face a moment later, searched for in the region around where it was; None when it is not there."""
    import cv2

    height, width = gray.shape
    side = box[2] - box[0]
    region = (
        box[0] - side / 2,
        box[1] - side / 2 * width / height,
        box[2] + side / 2,
        box[3] + side / 2 * width / height,
    )
    left, top, right, bottom = pixels(clipped(region), width, height)
    scale = FOLLOW_PX / max(1.0, side * width)
    part = cv2.resize(gray[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    if min(part.shape) < SMALLEST_PX:
        return None
    best: Box | None = None
    for x, y, w, h in finder.find(part, round(0.7 * FOLLOW_PX)):
        rect = (left + x / scale, top + y / scale, left + (x + w) / scale, top + (y + h) / scale)
        found = (rect[0] / width, rect[1] / height, rect[2] / width, rect[3] / height)
        if overlap(found, box) > max(SAME_OVERLAP, overlap(best, box) if best else 0.0):
            best = found
    return best


def as_box(rect: Rect, gray: NDArray[Any]) -> Box:
    """Pixels of a picture as fractions of it."""
    x, y, w, h = rect
    height, width = gray.shape[:2]
    return x / width, y / height, (x + w) / width, (y + h) / height


def clipped(box: Box) -> Box:
    """The part of a box that lies in the picture."""
    x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
    return x0, y0, x1, y1


def pixels(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a box in whole pixels, at least one wide and high."""
    left, top = min(int(box[0] * width), width - 1), min(int(box[1] * height), height - 1)
    return left, top, max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))


def inside(image: NDArray[Any], box: Box) -> NDArray[Any]:
    """The part of a picture in a box."""
    left, top, right, bottom = pixels(clipped(box), image.shape[1], image.shape[0])
    return image[top:bottom, left:right]


def area(box: Box) -> float:
    """Share of the picture that a box covers."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    both = area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    return both / (area(a) + area(b) - both) if both else 0.0


def cut(rgb: NDArray[np.uint8], box: Box, *, side_px: int, reach: float) -> NDArray[np.uint8]:
    """A square around a face.

    Parameters
    ----------
    rgb : uint8 [H, W, 3], native scale
    box : of the face, fractions of the picture
    side_px : int
        Side of what is returned.
    reach : float
        Side of the square over the side of the box.

    Returns
    -------
    uint8 [side_px, side_px, 3]; what would lie outside repeats the picture's edge.
    """
    import cv2
    import numpy as np

    height, width = rgb.shape[:2]
    side = max(2, round(reach * (box[2] - box[0]) * width))
    left, top = (round((box[i] + box[i + 2]) / 2 * size - side / 2) for i, size in ((0, width), (1, height)))
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    # a box half outside leaves a part; one wholly outside would be nothing
    part: NDArray[Any] = rgb[min(y0, height - 1) : max(y1, 1), min(x0, width - 1) : max(x1, 1)]
    missing = (max(0, y0 - top), max(0, top + side - y1), max(0, x0 - left), max(0, left + side - x1))
    if any(missing):
        part = cv2.copyMakeBorder(part, *missing, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > side_px else cv2.INTER_CUBIC
    return cv2.resize(part, (side_px, side_px), interpolation=how).astype(np.uint8, copy=False)
