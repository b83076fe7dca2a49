"""The spotting session: the picture, what the prompt says about it, and the marks an editor makes while looking."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.records import Analysis, Cue, Event
from pipeline.sound.catalogue import family_of
from pipeline.sound.lexicon.scene import Mention, Scene

if TYPE_CHECKING:
    from pipeline.sound.spotting.follow import Curves, Moment

# the widest pan: a sound at the picture's edge still comes from the screen
WIDEST_PAN = 0.8
# speed (picture heights a second) and area (share of the picture) of an everyday blow, which gets level 0 and size 0.5
USUAL_SPEED, USUAL_EXTENT = 1.0, 0.02
# the picture is surely a room above the first, surely open air below the second
INDOORS, OUTDOORS = 0.65, 0.35
# the room from which a place named by the prompt has a roof
ROOFED = 0.2
# families of sounds that `spotting_prompted` places one by one
PLACED = ("animal", "bell", "door", "click", "shatter")
# what happens this soon after a cut has not been seen to come
OPENING_S = 0.15
# kinds of words that say nothing about what is seen
_TELLS_NOTHING = frozenset(("style", "wish", "time"))
# words between an animal and what it does
_SUBJECT_REACH = 2
# mean movement (`Mood.motion`) of a quiet clip
CALM_MOTION = 0.12


@dataclass(frozen=True)
class Session:
    """Everything a decision about a sound may look at."""

    analysis: Analysis
    scene: Scene
    prompt: str = ""
    seed: int = 0
    # the clip has production sound that stays
    existing_sound: bool = False

    @cached_property
    def cuts_s(self) -> tuple[float, ...]:
        """Times of the cuts."""
        return tuple(shot.start_s for shot in self.analysis.shots if shot.start_s > 0)

    @cached_property
    def curves(self) -> Curves:
        """Movement of the clip as arrays."""
        from pipeline.sound.spotting.follow import Curves

        return Curves.of(self.analysis)

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """When something happens that a call or a bell may answer, strongest first."""
        from pipeline.sound.spotting.follow import moments

        return moments(self)

    @property
    def is_prompted(self) -> bool:
        """Somebody has said what the clip shows, in words that mean something for its sound."""
        return any(mention.concept.kind not in _TELLS_NOTHING for mention in self.scene.mentions)

    @property
    def talks(self) -> bool:
        """The prompt promises speech."""
        return "speech" in self.scene.effects

    @property
    def is_calm(self) -> bool:
        """A clip that wants no drama on its cuts."""
        named = self.scene.has("weather", "calm") or self.scene.has("style", "ambient")
        return named or self.analysis.mood.motion < CALM_MOTION

    @property
    def is_roofed(self) -> bool | None:
        """Under a roof by the prompt, else by the picture; None when neither is sure."""
        if self.scene.room is not None:
            return self.scene.room >= ROOFED
        indoor = self.analysis.mood.indoor
        return True if indoor >= INDOORS else False if indoor <= OUTDOORS else None

    @property
    def room(self) -> float:
        """Room around the effects, 0 open air .. 1 large hall."""
        if self.scene.room is not None:
            return round(self.scene.room, 2)
        if self.is_roofed is not None:
            return 0.3 if self.is_roofed else 0.0
        return 0.0 if self.scene.beds else 0.2

    def named(self, *families: str) -> tuple[tuple[str, Mention], ...]:
        """Sounds of some families that the prompt names directly."""
        return tuple((sound, said) for sound, said in self.scene.sounds if sound.partition("/")[0] in families)

    def events(self, *kinds: str, least: float = 0.0) -> tuple[Event, ...]:
        """Events of some kinds that are at least so sure, in order of time."""
        return tuple(e for e in self.analysis.events if e.kind in kinds and e.confidence >= least)

    def word_of(self, kind: str, *names: str) -> str:
        """The first word for one of some concepts as the prompt wrote it, or an empty string."""
        mentions = (m for m in self.scene.mentions if m.concept.kind == kind and m.concept.name in names)
        return next((mention.word for mention in mentions), "")

    @property
    def touches(self) -> frozenset[str]:
        """What contacts in general become by the prompt; a door or a key has a sound and a place of its own."""
        return frozenset(
            mention.concept.effect
            for mention in self.scene.mentions
            if mention.concept.effect and mention.concept.sound.partition("/")[0] not in PLACED
        )

    @cached_property
    def walker(self) -> str:
        """The animal that walks or runs by the prompt ("a cat walking"), or empty for a person."""
        steps = [m for m in self.scene.mentions if m.concept.effect == "footstep" and m.concept.kind == "action"]
        animals = [m for m in self.scene.mentions if m.concept.kind == "animal"]
        if not steps:
            return next((m.concept.name for m in animals if m.concept.effect == "footstep"), "")
        before = [m for m in animals if 0 <= steps[0].start - m.end <= _SUBJECT_REACH]
        return before[-1].concept.name if before else ""

    def says(self, effect: str) -> str:
        """The reason that stands behind an effect the prompt asks for."""
        word = next(mention.word for mention in self.scene.mentions if mention.concept.effect == effect)
        return f'the prompt says "{word}"'


def effect(event: Event, sound: str, length_s: float, description: str, **fields) -> Cue:
    """A cue at an event, in the family's own stem and category; it gets its id when the sheet is done."""
    family = family_of(sound)
    assert family is not None, sound
    return Cue(
        **{
            "id": "",
            "stem": family.stems[0],
            "time_s": round(event.time_s, 3),
            "length_s": round(length_s, 3),
            "category": family.category,
            "sound": sound,
            "description": description,
            "confidence": round(event.confidence, 3),
            "pan": pan_of(event.x),
            **fields,
        }
    )


def pan_of(x: float) -> float:
    """Pan of a place across the picture."""
    return round(min(max(WIDEST_PAN * (2 * x - 1), -WIDEST_PAN), WIDEST_PAN), 2)


def force_db(event: Event) -> float:
    """Louder when faster and when surer."""
    return min(max(2.5 * log2(event.speed / USUAL_SPEED), -9.0), 4.0) - 5.0 * (1 - event.confidence)


def size_of(event: Event) -> float:
    """A large thing sounds large: parameter `size` from the share of the picture."""
    return share(0.5 + 0.13 * log2(event.extent / USUAL_EXTENT), low=0.1, high=0.95)


def distance_of(event: Event) -> float:
    """What takes up little of the picture is far away."""
    return share(0.15 - 0.06 * log2(event.extent / USUAL_EXTENT), high=0.5)


def any_near(sorted_s: list[float], time_s: float, reach_s: float) -> bool:
    """Whether one of some times, in order, is this close."""
    at = bisect_left(sorted_s, time_s - reach_s)
    return at < len(sorted_s) and sorted_s[at] <= time_s + reach_s


def log2(ratio: float) -> float:
    """Octaves, with a floor for nothing at all."""
    import math

    return math.log2(max(ratio, 1e-3))


def share(value: float, *, low: float = 0.0, high: float = 1.0) -> float:
    """A parameter kept in its range, to three decimals."""
    return round(min(max(value, low), high), 3)
