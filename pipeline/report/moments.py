"""Moments to look at, and what a person should look for there. Shown, never claimed, never counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.records import CheckResult, Evidence
from pipeline.report.evidence import name_of, picture_of, place_words, span_words

Kind = Literal["video", "still", "sound"]

# more crops than this are not looked at by anybody
MOST_MOMENTS = 12


@dataclass(frozen=True)
class Question:
    """One illogical thing and how to look for it."""

    what: str
    how: str
    # for a picture that does not move; empty where it only makes sense in time
    still: str = ""
    kinds: tuple[Kind, ...] = ("video",)


# what people who annotate generated clips find most: things that break physics or common sense
CHECKLIST = (
    Question(
        "Limbs",
        "Count fingers, arms, legs and paws at a moment of fast movement, then again a second later.",
        "Count fingers, arms, legs and paws, also of those in the background.",
    ),
    Question(
        "Hands",
        "Watch what a hand holds: does the grip close around it, or does one pass into the other?",
        "Does each hand close around what it holds, or does one run into the other?",
    ),
    Question(
        "Faces",
        "Stop at a turn of the head: do teeth, both eyes, ears, glasses and earrings stay the same and stay a pair?",
        "Are teeth, pupils, ears, glasses and earrings whole and a pair, also in the last row?",
    ),
    Question(
        "Text and signs",
        "Read every sign, label, number plate and clock: real letters, and the same ones a second later?",
        "Read every sign, label, number plate and clock: real letters, real words?",
    ),
    Question(
        "Physics",
        "Follow one thing that falls, flows, breaks or is bitten: does it speed up, spread, and stay broken or bitten?",
        "Does everything rest on something, hang from something, and fit through the way it came?",
    ),
    Question(
        "Direction",
        "Do wheels turn and legs step the way they travel? Do smoke, flags and hair follow one wind? "
        "Is anything mirrored?",
        "Do smoke, flags and hair follow one wind? Is lettering, a clock or a hand mirrored?",
    ),
    Question(
        "Things that come and go",
        "Keep an eye on something small behind a passer-by: is it still there, and the same, when they have passed?",
        "Follow lines behind people and poles: do edges, rails and horizons go on where they should?",
    ),
    Question(
        "Reflections and shadows",
        "Does a mirror, window or puddle show what stands before it? Do all shadows point away from one light?",
        "Does a mirror, window or puddle show what stands before it? Do all shadows point away from one light?",
    ),
    Question("From shot to shot", "Compare clothes, hair, rooms and the number of people before and after a cut."),
    Question(
        "Sound that does not fit",
        "Do lips, steps and impacts fall together with what is heard? Does the room sound like the room that is seen?",
    ),
    Question(
        "Voice",
        "Listen for breaths, for the room behind the words, and for names and numbers spoken in the wrong rhythm.",
        kinds=("sound",),
    ),
    Question(
        "Background",
        "Does the noise of the room go on under the words, or does it stop, jump or repeat?",
        kinds=("sound",),
    ),
)


def kind_of(result: CheckResult) -> Kind:
    """What a checked file is: by its streams, else by its name."""
    from pipeline.media import sounds, stills

    if result.clip is None and stills.is_still(Path(result.path.name)):
        return "still"
    return "sound" if result.clip is None and result.path.suffix.lower() in sounds.SUFFIXES else "video"


def questions(kind: Kind) -> list[tuple[str, str]]:
    """The checklist for a video, a still or a sound: what, and how to look."""
    if kind == "still":
        return [(one.what, one.still) for one in CHECKLIST if one.still]
    return [(one.what, one.how) for one in CHECKLIST if kind in one.kinds]


def ranked(found: tuple[Evidence, ...]) -> list[Evidence]:
    """Moments, the most conspicuous first."""
    moments = [one for one in found if one.scope == "moment"]
    return sorted(moments, key=lambda one: -one.raw.get("score", 0.0))[:MOST_MOMENTS]


def moments_view(found: tuple[Evidence, ...]) -> list[dict[str, Any]]:
    """What the page shows of each moment."""
    return [
        {
            "number": number,
            "at_s": one.t0_s,
            "when": span_words(one) or "no time given",
            "where": place_words(one.box),
            "sentence": one.sentence,
            "name": name_of(one),
            "score": f"{one.raw['score']:.3g}" if "score" in one.raw else "",
            "picture": picture_of(one),
        }
        for number, one in enumerate(ranked(found), start=1)
    ]
