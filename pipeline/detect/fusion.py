"""Several detectors' evidence into one: calibrated, weighed, and honest about what it leaves open."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from models.fusion.form import Fusion
from pipeline.detect.quality import Quality
from pipeline.records import Evidence

NAME = "fused"
# a lean below this is none: less than two to one
NO_LEAN = math.log(2.0)
# detectors that the user's settings name, and what share of their llr is added
OWN, OWN_WEIGHT = ("plugin:", "encoder"), 0.5
# how detectors are called in a sentence
WORDS = {
    "residual": "the finest detail of the picture",
    "patches": "the texture of small pieces of the picture",
    "colour": "how colour goes with brightness",
    "motion": "how things move",
    "faces": "the faces",
    "sound": "the sound",
    "speech": "the voices",
    "glitches": "sudden changes of things",
}


@lru_cache(maxsize=1)
def load_fusion() -> Fusion | None:
    """The fusion that ships; None where none has been fitted."""
    from pipeline.records import from_data

    path = files("models.fusion") / "coefficients.json"
    if not path.is_file():
        return None
    return from_data(json.loads(path.read_text(encoding="utf-8")), Fusion)


def scores_of(evidence: Iterable[Evidence]) -> dict[str, float]:
    """The score of every detector that has something to say: its raw "logit", or else its log-likelihood ratio."""
    found = {}
    for item in evidence:
        counts = item.scope == "content" and item.applicable and item.gate != "failed"
        score = item.raw.get("logit", item.llr)
        if counts and math.isfinite(score):
            found[item.name] = score
    return found


def fuse(
    evidence: Iterable[Evidence], *, quality: Quality, held_out: int | None = None, fusion: Fusion | None = None
) -> Evidence:
    """What all detectors together say.

    Parameters
    ----------
    evidence : of any scope; only what detectors measured counts, and never what the file says of itself. What the
        user's own detectors say is added, but how often that is wrong is not known here: it can withhold a verdict
        and never bring one about
    quality : Quality
        Of the pictures; decides how sure the answer may be.
    held_out : int, optional
        Only the member speaks that never saw this fold: for figures on clips that training used.
    fusion : Fusion, optional
        Other coefficients than those that ship.

    Returns
    -------
    Evidence named "fused". Its raw figures: "score", the calibrated logit at even odds; "p_ai" and "p_camera", how
    unusual the score is among clips of either kind; "set_ai" and "set_camera", 1 for each kind that is not ruled out at
    5 % risk; "point_ai" and "point_camera", 1 beyond the operating point of that verdict; "detectors", how many spoke;
    "from_NAME", what each of them added.
    """
    evidence = tuple(evidence)
    fusion = fusion or load_fusion()
    if fusion is None:
        return silent("the detectors have not been calibrated together (python -m models.train fusion)")
    if quality.gate == "failed":
        return silent(quality.reason)
    scores = scores_of(evidence)
    spoke = fusion.inside(scores, held_out=held_out)
    if not spoke:
        return silent("no detector found anything it can measure")
    logit = fusion.logit(scores, quality.bin, held_out=held_out)
    extra = _of_the_user(evidence)
    raw = _figures(fusion, logit, held_out, extra=sum(extra.values())) | {"detectors": float(len(spoke))}
    logit += sum(extra.values())
    parts = fusion.parts(scores, held_out=held_out)
    raw |= {f"from_{name}": round(parts[name], 3) for name in spoke}
    raw |= {f"from_{name}": round(value, 3) for name, value in extra.items()}
    return Evidence(
        NAME,
        "content",
        sentence(logit, raw),
        reason=measured(fusion.figures),
        gate=quality.gate,
        raw=raw,
        llr=round(logit, 3),
        probability=round(1.0 / (1.0 + math.exp(-logit)), 3),
    )


def _of_the_user(evidence: Iterable[Evidence]) -> dict[str, float]:
    """What detectors add that fusion was not fitted with; each by half, as they may look at the same things."""
    counting = (item for item in evidence if item.scope == "content" and item.applicable and item.gate != "failed")
    return {item.name: OWN_WEIGHT * item.llr for item in counting if item.llr and item.name.startswith(OWN)}


def _figures(fusion: Fusion, logit: float, held_out: int | None, *, extra: float) -> dict[str, float]:
    low, high = min(logit, logit + extra), max(logit, logit + extra)
    p_ai, p_camera = fusion.p_values(high, held_out=held_out)[0], fusion.p_values(low, held_out=held_out)[1]
    points = fusion.points_for(held_out)
    return {
        "score": round(logit + extra, 3),
        "p_ai": round(p_ai, 4),
        "p_camera": round(p_camera, 4),
        "set_ai": float(p_ai > fusion.risk),
        "set_camera": float(p_camera > fusion.risk),
        "point_ai": float(low > points.ai),
        "point_camera": float(high < points.camera),
    }


def silent(reason: str) -> Evidence:
    """Fused evidence where nothing can be fused."""
    said = f"The detectors together say nothing: {reason}."
    return Evidence(NAME, "content", said, applicable=False, reason=reason, gate="failed")


def conformal_set(fused: Evidence) -> str:
    """Which kinds are not ruled out: "ai", "camera", "both" or "neither"."""
    if not fused.applicable:
        return "both"
    names = {(1.0, 0.0): "ai", (0.0, 1.0): "camera", (1.0, 1.0): "both"}
    return names.get((fused.raw["set_ai"], fused.raw["set_camera"]), "neither")


def leaning(fused: Evidence) -> str:
    """The verdict that the score alone would allow: "ai", "camera", or "" between the operating points."""
    kind = conformal_set(fused)
    return kind if kind in ("ai", "camera") and fused.raw[f"point_{kind}"] else ""


def sentence(logit: float, raw: Mapping[str, float]) -> str:
    """What the fused score says, in words."""
    count = int(raw["detectors"])
    alone = count == 1
    subject = (
        "The one detector that could judge it finds" if alone else f"The {count} detectors that could judge it find"
    )
    if abs(logit) < NO_LEAN:
        return f"{subject} as much for a camera as for AI."
    odds = math.exp(min(abs(logit), math.log(99)))
    more, less = ("a generator", "a camera") if logit > 0 else ("a camera", "a generator")
    return f"{subject} the clip about {round(odds)} times as likely from {more} as from {less}."


def reasons(fused: Evidence, evidence: Iterable[Evidence]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What speaks for AI and what for a camera, the strongest first, as names of what was looked at."""
    parts = {name.removeprefix("from_"): value for name, value in fused.raw.items() if name.startswith("from_")}
    known = {item.name for item in evidence if item.scope == "content"}
    ranked = sorted((name for name in parts if name in known), key=lambda name: -abs(parts[name]))
    ai = tuple(WORDS.get(name, name) for name in ranked if parts[name] >= 0.2)
    camera = tuple(WORDS.get(name, name) for name in ranked if parts[name] <= -0.2)
    return ai, camera


def measured(figures: Mapping[str, Mapping[str, float]]) -> str:
    """How often it is right and wrong, as measured on sources left out; empty when it was not measured."""
    found = figures.get("native") or figures.get("clean")
    if not found:
        return ""
    n_ai, n_camera = round(found["clips_ai"]), round(found["clips_camera"])
    wrong, right = round(found["camera_called_ai"]), round(found["ai_called_ai"])
    missed, cleared = round(found["ai_called_camera"]), round(found["camera_called_camera"])
    return (
        f"Measured on clips from sources the detectors had not seen: of {n_camera} camera clips {wrong} "
        f"{_were(wrong)} called AI-made, and no sign of AI was found in {cleared}; of {n_ai} generated clips {right} "
        f"{_were(right)} called AI-made, and no sign was found in {missed}; the rest stayed open. With so few camera "
        f"clips, up to {_upper_bound(wrong, n_camera):.0f} in 100 could be called AI-made elsewhere."
    )


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _upper_bound(wrong: int, count: int) -> float:
    """Upper end of the 95 % interval of a share, per cent (Clopper and Pearson 1934), one-sided, by bisection."""
    low, high = wrong / count, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        at_most = sum(math.comb(count, k) * middle**k * (1 - middle) ** (count - k) for k in range(wrong + 1))
        low, high = (middle, high) if at_most > 0.05 else (low, middle)
    return math.ceil(100 * high)
