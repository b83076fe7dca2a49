"""Events in time and picture: which are one and the same, which are right, and how good a ranking of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]

# an event is right when its time is within this of the truth's ...
RIGHT_S = 0.3
# ... and it overlaps the truth's box by this much, or has its centre inside
RIGHT_IOU = 0.1
# events that overlap so much at one time are one
SAME_IOU = 0.1
SAME_S = 0.13


@dataclass(frozen=True)
class Event:
    """One place and time that may be a glitch."""

    # "sudden" or "boil"
    family: str
    t0_s: float
    t1_s: float
    # x0, y0, x1, y1 as fractions of the picture
    box: Box
    log_odds: float


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    total = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / total if total > 0 else 0.0


def gap_s(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Time between two stretches, 0 when they touch."""
    return max(0.0, a[0] - b[1], b[0] - a[1])


def is_right(event: Event, *, t0_s: float, t1_s: float, box: Box) -> bool:
    """Whether an event is the glitch that was put in: time within `RIGHT_S`, and place (see above)."""
    if gap_s((event.t0_s, event.t1_s), (t0_s, t1_s)) > RIGHT_S + 1e-9:
        return False
    x, y = (event.box[0] + event.box[2]) / 2, (event.box[1] + event.box[3]) / 2
    inside = box[0] < x < box[2] and box[1] < y < box[3]
    return inside or iou(event.box, box) >= RIGHT_IOU


def strongest(events: Sequence[Event], most: int) -> list[Event]:
    """The most likely events, each place and time once, highest first."""
    kept: list[Event] = []
    for event in sorted(events, key=lambda e: (-e.log_odds, e.t0_s, e.box)):
        if len(kept) == most:
            break
        if not any(_same(event, other) for other in kept):
            kept.append(event)
    return kept


def _same(a: Event, b: Event) -> bool:
    return gap_s((a.t0_s, a.t1_s), (b.t0_s, b.t1_s)) <= SAME_S and iou(a.box, b.box) > SAME_IOU


def average_precision(found: Sequence[tuple[float, bool]], truths: int) -> float:
    """Area under precision over recall, precision taken as the best at that recall or more (Everingham et al. 2010).

    Parameters
    ----------
    found : score and whether it is right, of every event; a glitch found twice counts once, the other time as wrong
    truths : glitches that there are
    """
    ranked = sorted(found, key=lambda item: -item[0])
    right, precisions = 0, []
    for count, (_, hit) in enumerate(ranked, start=1):
        right += hit
        precisions.append(right / count)
    best, area = 0.0, 0.0
    for precision, (_, hit) in zip(reversed(precisions), reversed(ranked), strict=True):
        best = max(best, precision)
        area += best * hit
    return area / truths if truths else 0.0
