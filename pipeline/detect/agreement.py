"""Whether a verdict holds when the file is delivered once more: compressed, shrunk, cut, shifted by a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.detect.fusion import conformal_set, fuse
from pipeline.detect.quality import Quality
from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    # crops uint8 [N, T, h, w] to one logit
    Score = Callable[[NDArray[np.uint8]], float]

# of what platforms do to a file on its way; each is a name and how the sentence calls it
OPERATIONS = {
    "crf30": "stronger compression",
    "scale75": "shrinking to three quarters",
    "centre": "cutting to the middle",
    "shift": "starting one picture later",
}
CRF = 30
SHRINK = 0.75
# share of a side that is kept when only the middle is
MIDDLE = 0.75
# more crops cost time and change little; they are spread over all there are
MOST_CROPS = 8
# codec blocks; sides of what is encoded are multiples of it
EVEN_PX = 16


@dataclass(frozen=True)
class Agreement:
    """What became of the fused score under each operation."""

    # name of the operation and the log-likelihood ratio it leaves
    llrs: tuple[tuple[str, float], ...] = ()
    # those under which the verdict would not be given
    flips: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the verdict holds under all of them; False when none was tried."""
        return bool(self.llrs) and not self.flips

    @property
    def sentence(self) -> str:
        """In plain words."""
        if not self.llrs:
            return "Whether the answer would survive another compression could not be tried."
        if self.agrees:
            return f"The answer holds under {_listed([OPERATIONS[name] for name, _ in self.llrs])}."
        return f"The answer does not survive {_listed([OPERATIONS[name] for name in self.flips])}."

    def evidence(self) -> Evidence:
        """A line for the table of evidence; it leans to neither side."""
        raw = {name: round(llr, 3) for name, llr in self.llrs}
        return Evidence("agreement", "content", self.sentence, applicable=bool(self.llrs), raw=raw)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def agree(
    fused: Evidence,
    evidence: tuple[Evidence, ...],
    crops: NDArray[np.uint8],
    scorers: Mapping[str, Score],
    *,
    quality: Quality,
    held_out: int | None = None,
) -> Agreement:
    """Deliver the crops anew and see whether the answer stays.

    The detectors that look at crops are asked again and all others keep their score. What an operation changes in the
    score of a few crops is added to the score of the whole clip, so that the choice of crops does not count.

    Parameters
    ----------
    fused : Evidence
        What was concluded; its conformal set must be "ai" or "camera".
    evidence : what all detectors said
    crops : uint8 [N, T, h, w]
        Native-scale luma, at least two pictures in a row.
    scorers : by name of the detector
    quality, held_out : as for `fuse`

    Returns
    -------
    Agreement; an operation flips the verdict when afterwards the other kind is no longer ruled out.
    """
    kind = conformal_set(fused)
    said = {item.name: item for item in evidence if item.scope == "content" and item.applicable}
    asked = {name: score for name, score in scorers.items() if name in said}
    if not asked or not len(crops):
        return Agreement()
    few = _few(crops)
    before = {name: score(few) for name, score in asked.items()}
    llrs, flips = [], []
    for name, change in _changes().items():
        again = {detector: score(change(few)) - before[detector] for detector, score in asked.items()}
        moved = tuple(_moved(item, again.get(item.name, 0.0)) for item in evidence)
        now = fuse(moved, quality=quality, held_out=held_out)
        llrs.append((name, now.llr))
        if not _holds(now, kind):
            flips.append(name)
    return Agreement(tuple(llrs), tuple(flips))


def _holds(now: Evidence, kind: str) -> bool:
    """Whether the score still rules the other kind out."""
    return now.applicable and math.isfinite(now.llr) and conformal_set(now) == kind


def _moved(item: Evidence, step: float) -> Evidence:
    if not step or item.scope != "content":
        return item
    return replace(item, raw=item.raw | {"logit": item.raw.get("logit", item.llr) + step})


def _few(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import numpy as np

    if len(crops) <= MOST_CROPS:
        return crops
    return crops[np.linspace(0, len(crops) - 1, MOST_CROPS).round().astype(int)]


def _changes() -> dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]]:
    return {"crf30": recompressed, "scale75": shrunk, "centre": middle, "shift": shifted}


def recompressed(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The crops through H.264 at a high rate factor, all beside each other in one picture; same shape."""
    import numpy as np

    from pipeline.media.recode import recode

    count, length, height, width = crops.shape
    padded = np.pad(crops, ((0, 0), (0, 0), (0, -height % EVEN_PX), (0, -width % EVEN_PX)), mode="edge")
    beside = np.concatenate(list(padded), axis=2)
    back = recode(np.ascontiguousarray(beside), crf=CRF)
    step = padded.shape[3]
    return np.stack([back[:, :height, i * step : i * step + width] for i in range(count)])


def shrunk(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The crops at three quarters of their size, and through the codec once more as a platform would."""
    import cv2
    import numpy as np

    size = round(SHRINK * crops.shape[3]), round(SHRINK * crops.shape[2])
    small = [[cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in crop] for crop in crops]
    return np.array(small, np.uint8)


def middle(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of each crop."""
    import numpy as np

    height, width = (round(MIDDLE * side) for side in crops.shape[2:])
    top, left = (crops.shape[2] - height) // 2, (crops.shape[3] - width) // 2
    return np.ascontiguousarray(crops[:, :, top : top + height, left : left + width])


def shifted(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each crop without its first picture; the last comes twice so that the length stays."""
    import numpy as np

    return np.concatenate([crops[:, 1:], crops[:, -1:]], axis=1)
