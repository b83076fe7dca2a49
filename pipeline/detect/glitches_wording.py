"""What a glitch looks like, in plain words and a few figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline.detect.glitches_events import Candidate

Look = Literal["appears", "vanishes", "jumps", "boils"]

# a piece is the same when it is found again with this correlation; halfway between unrelated pieces and repeats
SAME = 0.6
SENTENCES: dict[Look, str] = {
    "appears": "Something appears here from nothing while the rest moves on.",
    "vanishes": "Something that was here is gone from one moment to the next.",
    "jumps": "A shape changes here from one moment to the next, without moving there.",
    "boils": "The texture here keeps changing although nothing moves that way.",
}
# figures that a reader may want to see
TELLING = {
    "sudden": ("found_before", "found_after", "stays", "was_there", "ratio"),
    "boil": ("relative", "relative_ring", "likeness", "steadiness"),
}


def look_of(candidate: Candidate) -> Look:
    """Which of the kinds it looks like."""
    if candidate.family == "boil":
        return "boils"
    figures = named(candidate)
    if figures["found_before"] >= SAME and figures["found_after"] >= SAME:
        return "jumps"
    return "appears" if figures["texture_after"] >= figures["texture_before"] else "vanishes"


def sentence_of(candidate: Candidate) -> str:
    """One plain sentence on what is to be seen."""
    return SENTENCES[look_of(candidate)]


def figures_of(candidate: Candidate) -> dict[str, float]:
    """The figures that tell most of it, rounded."""
    figures = named(candidate)
    return {name: round(figures[name], 3) for name in TELLING[candidate.family]}


def named(candidate: Candidate) -> dict[str, float]:
    """All figures of a candidate by name."""
    from models.glitches.figures import FEATURES

    names = FEATURES[candidate.family]
    return {name: float(value) for name, value in zip(names, candidate.values, strict=True)}
