"""Faces: whether one was pasted over another or re-made, judged by nets that were trained on real faces only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pipeline.detect.face_boxes import FaceFinder, HaarFinder
from pipeline.detect.face_looks import FaceLooks, Look, Picture, look_at_still
from pipeline.records import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.faces.calibration import Calibration

NAME = "faces"
# looks that are judged; between half and all of these in a long clip
MOST_LOOKS = 24
# a face narrower than this is enlarged before it is judged
SMALL_PX = 80.0
# sharpness (face_looks) below which hardly any or none of the detail is left; see models/faces/README.md
BLURRED, SOFT = 0.03, 0.06
# a look is shown when blends are at least this likely there
SHOWN_FROM = 0.5
# a moment lasts as long as there is between two looks, at most
MOMENT_S = 0.375
NO_FACE = "there is no face large enough to judge"

Gate = Literal["passed", "low", "failed"]


@dataclass(frozen=True)
class Weights:
    """The nets that may speak, and what their logits are worth."""

    nets: tuple[Any, ...]
    calibration: Calibration
    # AUC on blends and on clips of origins that were not trained on
    blend_auc: float
    clip_auc: float

    def logits(self, looks: tuple[Look, ...]) -> NDArray[np.float64]:
        """One logit per look."""
        import cv2

        from models.faces.net import logits

        return logits(self.nets, np.stack([cv2.cvtColor(look.cut, cv2.COLOR_RGB2YCrCb) for look in looks]))


@lru_cache(maxsize=8)
def load_weights(held_out: int | None = None) -> Weights:
    """The weights that ship; with `held_out` only what has not seen that fold."""
    from models.faces import calibration
    from models.faces.net import from_arrays
    from models.folds import members
    from models.registry import entries, load

    arrays, about = load(NAME), entries()[NAME]["about"]
    nets = tuple(from_arrays(member, arrays) for member in members(held_out))
    return Weights(nets, calibration.read(arrays["calibration"], held_out), about["blend_auc"], about["clip_auc"])


class FaceDetector:
    """Feed every picture in order; a bounded number of faces is kept and judged when evidence is asked for.

    Parameters
    ----------
    held_out : int, optional
        Only the net that never saw this fold speaks.
    finder, weights
        Other ones than those that ship, for tests.
    """

    name = NAME

    def __init__(
        self, held_out: int | None = None, *, finder: FaceFinder | None = None, weights: Weights | None = None
    ) -> None:
        from models.faces.sizes import CUT_PX, CUT_REACH

        self._held_out, self._weights = held_out, weights
        self._looks = FaceLooks(finder, side_px=CUT_PX, reach=CUT_REACH, most=MOST_LOOKS)

    def add(self, picture: Picture) -> None:
        """Look for faces in one picture; times must not go back."""
        self._looks.add(picture)

    def evidence(self) -> tuple[Evidence, ...]:
        """One piece about all faces and, where one looks suspicious, the moment; asking does not end the pass."""
        looks = self._looks.looks()
        if not looks:
            return (_silent(NO_FACE),)
        return weigh(looks, self._weights or load_weights(self._held_out))


def judge_still(
    rgb: NDArray[np.uint8],
    held_out: int | None = None,
    *,
    finder: FaceFinder | None = None,
    weights: Weights | None = None,
) -> tuple[Evidence, ...]:
    """The same for one picture, uint8 [H, W, 3]."""
    from models.faces.sizes import CUT_PX, CUT_REACH

    looks = look_at_still(rgb, finder or HaarFinder(), side_px=CUT_PX, reach=CUT_REACH)[:MOST_LOOKS]
    if not looks:
        return (_silent(NO_FACE),)
    found = weigh(looks, weights or load_weights(held_out))
    # a still has no times
    return tuple(replace(one, t0_s=None, t1_s=None, curve=()) for one in found)


def weigh(looks: tuple[Look, ...], weights: Weights) -> tuple[Evidence, ...]:
    """Evidence from looks at faces.

    Parameters
    ----------
    looks : at least one
    weights : nets and calibration

    Returns
    -------
    Evidence of scope "content" and, when a look is suspicious, one of scope "moment".
    """
    figures = {
        "faces": float(len({look.track for look in looks})),
        "looks": float(len(looks)),
        "width_px": round(float(np.median([look.side_px for look in looks])), 1),
        "sharpness": round(float(np.median([look.sharpness for look in looks])), 4),
    }
    gate, limit = quality(figures["width_px"], figures["sharpness"])
    if gate == "failed":
        return (replace(_silent(limit), gate="failed", raw=figures),)
    logits = weights.logits(looks)
    likely = [weights.calibration.probability(float(x)) for x in logits]
    mean = float(logits.mean())
    # what is worth less is said more quietly
    llr = weights.calibration.llr(mean) * (0.5 if gate == "low" else 1.0)
    whole = Evidence(
        name=NAME,
        scope="content",
        sentence=_sentence(float(np.mean(likely)), max(likely), llr),
        reason=" ".join(filter(None, (limit, limits(weights)))),
        gate=gate,
        raw=figures | {"logit": round(mean, 3), "score": round(float(np.mean(likely)), 3)},
        llr=round(llr, 3),
        probability=round(1.0 / (1.0 + float(np.exp(-llr))), 3),
        curve=curve(looks, likely),
    )
    worst = int(np.argmax(likely))
    return (whole, _moment(looks[worst], likely[worst])) if likely[worst] >= SHOWN_FROM else (whole,)


def quality(width_px: float, sharpness: float) -> tuple[Gate, str]:
    """Whether faces of this median width and sharpness can be judged, and what limits it."""
    if sharpness < BLURRED:
        return "failed", "the faces are too blurred to judge"
    if sharpness < SOFT:
        return "low", "The faces are soft."
    if width_px < SMALL_PX:
        return "low", f"The faces are small (about {width_px:.0f} pixels wide)."
    return "passed", ""


def curve(looks: tuple[Look, ...], likely: list[float]) -> tuple[tuple[float, float], ...]:
    """Time and the mean score of the faces seen then."""
    times = sorted({look.time_s for look in looks})
    at = {time: [p for look, p in zip(looks, likely, strict=True) if look.time_s == time] for time in times}
    return tuple((round(time, 3), round(float(np.mean(at[time])), 3)) for time in times)


def _moment(look: Look, likely: float) -> Evidence:
    from pipeline.detect.drawing import png_uri

    return Evidence(
        name=NAME,
        scope="moment",
        sentence="Of all faces this one looks most as if it had been blended in: look at its edge, teeth and eyes.",
        t0_s=round(look.time_s, 3),
        t1_s=round(look.time_s + MOMENT_S, 3),
        box=look.box,
        raw={"score": round(likely, 3)},
        picture=png_uri(look.cut),
    )


def _sentence(mean: float, most: float, llr: float) -> str:
    if mean >= SHOWN_FROM:
        seen = "The faces show traces as if they had been blended in or worked on."
    elif most >= SHOWN_FROM:
        seen = "Some of the looks at faces show traces as if they had been blended in or worked on, most do not."
    else:
        seen = "The faces show no seam or patch as a pasted face would."
    if llr == 0.0:
        return f"{seen} This does not count: whole generated pictures have no seams, and filters leave some."
    return seen


def _silent(reason: str) -> Evidence:
    sentence = f"Faces were not judged: {reason}."
    return Evidence(name=NAME, scope="content", sentence=sentence, applicable=False, reason=reason)


def limits(weights: Weights) -> str:
    """How far to trust the detector, in measured figures."""
    return (
        f"On faces of sources it has not seen, it tells a face that we blended in from an untouched one in "
        f"{round(100 * weights.blend_auc)} of 100 pairs, but a generated clip from a camera clip in only "
        f"{round(100 * weights.clip_auc)} of 100; guessing gives 50."
    )
