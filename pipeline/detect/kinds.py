"""Material that the detectors were not made for, recognised by what no camera makes.

Careful on purpose: a camera clip that is taken for a drawing loses its answer, so each rule asks for several things at
once. What slips through (painted backgrounds, games with a film look, beauty filters) has to fall to "inconclusive" by
the width of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.pictures import Picture

KindName = Literal["ordinary", "still", "slideshow", "screen", "cartoon"]

# widths at which pictures are looked at: for repeats, and for drawings, whose lines and text have to survive it
WIDTH_PX, DRAWN_WIDTH_PX = 320, 640
# one picture in so many is looked at for its drawing; all are for their repeats
EVERY = 4
# brightest change (8 bit) and mean change of a picture that is the one before over again; an encoder leaves less of a
# still picture, a camera's noise more
HELD_MAX, HELD_MEAN = 4, 0.08
# change against the first picture up to which a clip shows one still picture (its coding improves over time)
STILL_MAX = 12
# shares of repeats: of a still, and of slides with their cuts and fades between
STILL_SHARE, SLIDES_SHARE = 0.97, 0.75
# fewer pictures than this tell nothing of repeats
LEAST_PAIRS = 6
# slides follow each other this often at least
LEAST_SLIDES = 2
# Sobel magnitude of a drawn edge; of a full step from black to white it is about 1000
STRONG_EDGE = 160
# range in 3x3 pixels within which a place is flat
FLAT_RANGE = 2
# a picture of which this share has to be of the kind, over the pictures looked at
KIND_SHARE = 0.6


@dataclass(frozen=True)
class Kind:
    """What sort of material it is."""

    name: KindName
    # of the pictures that look it
    share: float
    # one plain sentence; empty for ordinary material
    sentence: str = ""

    @property
    def is_ordinary(self) -> bool:
        """Whether the detectors were made for it, as far as can be told."""
        return self.name == "ordinary"

    def evidence(self) -> tuple[Evidence, ...]:
        """A line for the table of evidence where there is something to say; it leans to neither side."""
        if self.is_ordinary:
            return ()
        raw: dict[str, float] = {self.name: round(self.share, 3)}
        return (Evidence("kind", "content", self.sentence, reason="nothing is concluded from such material", raw=raw),)


SENTENCES: dict[KindName, str] = {
    "still": "It shows one still picture, so there is no movement to measure.",
    "slideshow": "It is a series of still pictures, so there is no movement to measure.",
    "screen": "It looks like a recording of a screen: few colours, much small text or hard lines, large plain areas.",
    "cartoon": "It looks like a drawing or an animation: flat areas of few colours with hard edges between them.",
}


@dataclass(frozen=True)
class Drawing:
    """How much a picture looks drawn; all are shares of pixels but the levels."""

    # strong edges
    edges: float
    # colours (4 bits a channel): of the twelve commonest
    top_colours: float
    flat: float
    # places close to strong edges that are flat nevertheless: no camera's lens or grain does that
    flat_at_edges: float
    # how many of 256 levels of grey make four fifths of the picture
    levels: int

    @property
    def is_drawn(self) -> bool:
        """Flat areas of few greys, with hard borders that they reach up to."""
        return self.edges > 0.015 and self.flat > 0.55 and self.flat_at_edges > 0.65 and self.levels < 16

    @property
    def is_screen(self) -> bool:
        """The same, full of small hard things: text and windows."""
        return self.is_drawn and self.edges > 0.1 and self.top_colours > 0.9


class KindMeter:
    """Fed with the same pictures as the detectors."""

    def __init__(self) -> None:
        self._count = 0
        self._drawings: list[Drawing] = []
        self._pairs = 0
        self._held = 0
        self._slides = 0
        self._since_held = False
        self._before: NDArray[np.uint8] | None = None
        self._first: NDArray[np.uint8] | None = None
        self._slide: NDArray[np.uint8] | None = None
        self._furthest = 0

    def add(self, picture: Picture) -> None:
        """Look at one picture."""
        gray = picture.gray(WIDTH_PX)
        self._repeats(gray, starts=picture.starts)
        if self._count % EVERY == 0:
            width = min(DRAWN_WIDTH_PX, picture.luma.shape[1])
            self._drawings.append(drawing(picture.gray(width), picture.rgb(width)))
        self._count += 1

    def _repeats(self, gray: NDArray[np.uint8], *, starts: bool) -> None:
        before, self._before = self._before, gray
        if self._first is None:
            self._first = gray
        self._furthest = max(self._furthest, _largest(gray, self._first))
        if before is None or starts:
            return
        self._pairs += 1
        if not is_held(gray, before):
            return
        self._held += 1
        if self._slide is None or _largest(gray, self._slide) > STILL_MAX:
            self._slide = gray
            self._slides += 1

    def kind(self) -> Kind:
        """What the pictures so far are."""
        held = self._held / self._pairs if self._pairs >= LEAST_PAIRS else 0.0
        if held >= STILL_SHARE and self._furthest <= STILL_MAX:
            return Kind("still", held, SENTENCES["still"])
        if held >= SLIDES_SHARE and self._slides >= LEAST_SLIDES:
            return Kind("slideshow", held, SENTENCES["slideshow"])
        return self._drawn()

    def _drawn(self) -> Kind:
        if not self._drawings:
            return Kind("ordinary", 0.0)
        count = len(self._drawings)
        drawn = sum(d.is_drawn for d in self._drawings) / count
        if drawn < KIND_SHARE:
            return Kind("ordinary", 1.0 - drawn)
        name: KindName = "screen" if 2 * sum(d.is_screen for d in self._drawings) > count else "cartoon"
        return Kind(name, drawn, SENTENCES[name])


def is_held(gray: NDArray[np.uint8], before: NDArray[np.uint8]) -> bool:
    """Whether a picture (uint8 [h, w]) repeats the one before but for what an encoder leaves."""
    import cv2

    change = cv2.absdiff(gray, before)
    return bool(change.max() <= HELD_MAX and change.mean() <= HELD_MEAN)


def _largest(gray: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    import cv2

    return int(cv2.absdiff(gray, other).max())


def drawing(gray: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> Drawing:
    """Measure how much a picture looks drawn.

    Parameters
    ----------
    gray : uint8 [h, w]
    rgb : uint8 [h, w, 3]
        The same picture.
    """
    import cv2
    import numpy as np

    across, down = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    strong = np.hypot(across, down) > STRONG_EDGE
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(gray, kernel) - cv2.erode(gray, kernel)
    # the ring around edges that an edge's own slope and a coder's ringing do not reach
    away = cv2.distanceTransform((~strong).astype(np.uint8), cv2.DIST_L2, 3)
    ring = (away >= 3) & (away <= 5)
    return Drawing(
        edges=float(strong.mean()),
        top_colours=_top_colours(rgb),
        flat=float((spread <= FLAT_RANGE).mean()),
        flat_at_edges=float((spread[ring] <= FLAT_RANGE).mean()) if ring.any() else 0.0,
        levels=_levels(gray),
    )


def _top_colours(rgb: NDArray[np.uint8]) -> float:
    import numpy as np

    quantised = (rgb >> 4).astype(np.int64)
    codes = quantised[..., 0] * 256 + quantised[..., 1] * 16 + quantised[..., 2]
    counts = np.sort(np.bincount(codes.ravel(), minlength=4096))
    return float(counts[-12:].sum() / codes.size)


def _levels(gray: NDArray[np.uint8]) -> int:
    import numpy as np

    counts = np.sort(np.bincount(gray.ravel(), minlength=256))[::-1]
    return int(np.searchsorted(np.cumsum(counts), 0.8 * gray.size) + 1)
