"""Evidence in words a reader knows: what a detector is called, which way it pulls, whether it counts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.records import Evidence
from pipeline.report.words import Tone

FUSED = "fused"
NAMES = {
    FUSED: "All picture and sound measurements together",
    "residual": "Finest detail of the picture",
    "colour": "Colour beside brightness",
    "patches": "Patches of the picture (neural network)",
    "motion": "How things move (block motion)",
    "glitches": "Things that come and go",
    "faces": "Faces",
    "sound": "Sound: traces of a decoder",
    "speech": "Speech",
    "kind": "Kind of material",
    "quality": "Quality of the picture",
    "agreement": "The same file, delivered anew",
    "container": "Wrapping of the file",
}
# these lean to neither side: they say what may be concluded at all
CONDITIONS = ("kind", "quality", "agreement")
# a log-likelihood ratio below this says nothing: odds of 1.2 to 1
SILENT_LLR = 0.2
# from these odds on, in words; up to 2 to 1 is "slightly"
_GRADES = ((20.0, "very clearly"), (6.0, "clearly"), (2.0, "somewhat"), (0.0, "slightly"))
# what is far beyond anything measured is not spelled out
_MOST_ODDS = 100.0
# this log-likelihood ratio (odds of 20 to 1) is where the scale of the page ends
_SCALE_LLR = 3.0
# no clip lasts a hundred hours; a damaged figure must not fill the page
LONGEST_S = 359_999.0
_PNG_URI = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Standing:
    """Whether a piece of evidence counts, and why not."""

    words: str
    # the same for a narrow column
    short: str
    tone: Tone
    counts: bool = False


_NOT_WEIGHED = Standing("Not counted: it was not weighed", "not weighed", "neutral")


@dataclass(frozen=True)
class Row:
    """One line of the table of evidence."""

    evidence: Evidence
    name: str
    standing: Standing
    # what it adds to the odds, as a logarithm: above 0 towards generated
    pull: float = 0.0
    # whether it leans to a side at all, counted or not
    leans: bool = False


def rows(found: Iterable[Evidence]) -> list[Row]:
    """Picture and sound: all together, detectors that count, strongest first, then those that do not, then conditions.

    A detector counts if it was weighed together with the others, and pulls as far as it did there.
    """
    content = [one for one in found if one.scope == "content"]
    fused = next((one for one in content if one.name == FUSED), None)
    foreign = any(one.name == "kind" for one in content)
    made = [_row(one, fused, foreign=foreign) for one in content]
    return sorted(made, key=_rank)


def _rank(row: Row) -> tuple[bool, bool, bool, bool, float]:
    name, status = row.evidence.name, row.standing
    return name != FUSED, name in CONDITIONS, not status.counts, not row.leans, -abs(row.pull)


def _row(one: Evidence, fused: Evidence | None, *, foreign: bool) -> Row:
    name, status = name_of(one), standing(one)
    leans = status.counts and one.name not in CONDITIONS
    pull = one.llr
    if leans and one.name != FUSED:
        added = fused.raw.get(f"from_{one.name}") if fused is not None and fused.applicable else None
        pull = one.llr if added is None else added
        status = _NOT_WEIGHED if added is None else status
    if leans and foreign:
        status = Standing("Not counted: not made for such material", "no (material)", "neutral")
    return Row(one, name, status, pull, leans)


def standing(evidence: Evidence) -> Standing:
    """Whether it counts: by what it is, by what it needs, by how good the material is."""
    if not evidence.applicable:
        return Standing("Does not apply", "does not apply", "neutral")
    if evidence.scope == "hint":
        return Standing("Shown, never counted", "never", "neutral")
    if evidence.name in CONDITIONS:
        return Standing("Decides what may be concluded", "sets limits", "neutral")
    if evidence.gate == "failed":
        return Standing("Not counted: too little quality to measure", "no (quality)", "neutral")
    if evidence.gate == "low":
        return Standing("Counts less: poor quality", "less (quality)", "caution", counts=True)
    return Standing("Counts", "yes", "good", counts=True)


def name_of(evidence: Evidence) -> str:
    """The detector as a reader knows it; one from elsewhere by its own name."""
    return NAMES.get(evidence.name, evidence.name)


def leaning(pull: float) -> str:
    """Which way and how far, e.g. "clearly like generated clips"."""
    if abs(pull) < SILENT_LLR:
        return "says nothing either way"
    grade = next(word for least, word in _GRADES if _times(pull) >= least)
    return f"{grade} like {_side(pull)} clips"


def odds(pull: float) -> str:
    """The same as a figure, e.g. "8 to 1 for generated"; empty where it says nothing."""
    if abs(pull) < SILENT_LLR:
        return ""
    times = _times(pull)
    if times > _MOST_ODDS:
        figure = f"more than {_MOST_ODDS:.0f}"
    else:
        figure = f"{times:.0f}" if times >= 10 else f"{times:.1f}".removesuffix(".0")
    return f"{figure} to 1 for {_side(pull)}"


def _times(pull: float) -> float:
    # far beyond what is told, and not yet beyond what a float holds
    return math.exp(min(abs(pull), 50.0))


def _side(pull: float) -> str:
    return "generated" if pull > 0 else "camera"


def place(pull: float) -> int:
    """Where it stands on a scale from 5 (camera) over 50 (says nothing) to 95 (generated)."""
    return round(50 + 45 * max(-1.0, min(1.0, pull / _SCALE_LLR)))


def picture_of(evidence: Evidence) -> str:
    """Its picture, if that is a PNG inside the record and nothing else."""
    return evidence.picture if _PNG_URI.fullmatch(evidence.picture) else ""


def content_views(found: Iterable[Evidence]) -> list[dict[str, Any]]:
    """What the page shows of picture and sound detectors."""
    return [row_view(row) for row in rows(found)]


def row_view(row: Row) -> dict[str, Any]:
    """What the page shows of one detector."""
    one = row.evidence
    return {
        "id": one.name,
        "name": row.name,
        "sentence": one.sentence,
        "reason": "" if one.reason in one.sentence else one.reason,
        "counts": row.standing.counts,
        "leans": row.leans,
        "standing": row.standing.words,
        "tone": row.standing.tone,
        "leaning": leaning(row.pull),
        "odds": odds(row.pull),
        "percent": "" if one.probability is None else f"{100 * one.probability:.0f}",
        "place": place(row.pull),
        "raw": [(name, f"{value:.4g}") for name, value in sorted(one.raw.items())],
        "picture": picture_of(one),
        "strongest": ", ".join(filter(None, (span_words(one), place_words(one.box)))),
    }


def span_words(evidence: Evidence) -> str:
    """ "at 3.2 s" or "from 3.2 s to 4.0 s"; empty without a time."""
    if evidence.t0_s is None:
        return ""
    if evidence.t1_s is None or evidence.t1_s - evidence.t0_s < 0.05:
        return f"at {clock(evidence.t0_s)}"
    return f"from {clock(evidence.t0_s)} to {clock(evidence.t1_s)}"


def clock(at_s: float) -> str:
    """3.2 s, 1:05 from a minute on, 1:02:09 from an hour on."""
    at_s = min(max(at_s, 0.0), LONGEST_S)
    if at_s < 59.95:
        return f"{at_s:.1f} s"
    minutes, seconds = divmod(round(at_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def place_words(box: tuple[float, float, float, float] | None) -> str:
    """In which ninth of the picture the middle of a box lies, e.g. "upper left"."""
    if box is None:
        return ""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
    down = "upper" if y < 1 / 3 else "lower" if y > 2 / 3 else ""
    if across and down:
        return f"{down} {across}"
    return {"upper": "top", "lower": "bottom"}.get(down, across) or "middle"
