"""Feeling: how bright and how excited each moment of the music should be, from picture and wishes."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import UsageError
from pipeline.records import Cue, Feeling, Mood, SoundPlan

# cuts a minute at which an edit counts as frantic
FAST_CUTS_PER_MINUTE = 30.0
# a wish of the person sets the centre; scenes move around it by this share of what the picture says
SCENE_SHARE = 0.5


@dataclass(frozen=True)
class Shade:
    """Valence (-1 dark .. 1 bright) and arousal (0 calm .. 1 excited) of one moment."""

    valence: float
    arousal: float

    def away(self, other: Shade) -> float:
        """How different two shades are; valence has twice the range of arousal."""
        return math.hypot((self.valence - other.valence) / 2, self.arousal - other.arousal)


def valence(mood: Mood) -> float:
    """How bright the music should feel, -1 dark .. 1 bright."""
    light = 1.1 * (mood.brightness - 0.5) + 0.5 * (mood.saturation - 0.5) + 0.35 * mood.warmth
    return max(-1.0, min(1.0, light))


def energy(mood: Mood) -> float:
    """How much should happen in the music, 0..1."""
    # movement or a fast edit alone are enough, and each adds to the other
    pace = 0.6 * max(0.0, min(1.0, mood.cuts_per_minute / FAST_CUTS_PER_MINUTE))
    movement = 0.85 * max(0.0, min(1.0, mood.motion))
    return 1 - (1 - movement) * (1 - pace)


def shades(cue: Cue, plan: SoundPlan, spans_s: Sequence[tuple[float, float]]) -> list[Shade]:
    """The shade of each span of a music cue, seconds from its start; the wishes in its parameters count.

    Raises
    ------
    UsageError
        When a wished valence or arousal is out of range.
    """
    wish = _wish(cue)
    scenes = plan.feelings or (Feeling(0.0, plan.duration_s, valence(plan.mood), energy(plan.mood)),)
    middle = _mean(scenes, cue.time_s, cue.time_s + cue.length_s)
    found = []
    for start_s, end_s in spans_s:
        here = _mean(scenes, cue.time_s + start_s, cue.time_s + max(end_s, start_s + 1e-3))
        found.append(
            Shade(*(_around(*figures) for figures in zip(wish, _pair(here), _pair(middle), _LIMITS, strict=True)))
        )
    return found


_LIMITS = ((-1.0, 1.0), (0.0, 1.0))


def _wish(cue: Cue) -> tuple[float | None, float | None]:
    asked = []
    for name, (low, high) in zip(("valence", "arousal"), _LIMITS, strict=True):
        value = cue.parameters.get(name)
        if value is not None and not low <= value <= high:
            raise UsageError(f"The music cue {cue.id!r} asks for {name} {value}; choose {low:g} to {high:g}.")
        asked.append(value)
    return asked[0], asked[1]


def _pair(shade: Shade) -> tuple[float, float]:
    return shade.valence, shade.arousal


def _around(wish: float | None, here: float, middle: float, limits: tuple[float, float]) -> float:
    value = here if wish is None else wish + SCENE_SHARE * (here - middle)
    return min(max(value, limits[0]), limits[1])


def _mean(scenes: Sequence[Feeling], start_s: float, end_s: float) -> Shade:
    # weighted by how long each lasts inside; before the first and beyond the last scene their feeling goes on
    first = bisect_right(scenes, start_s, key=lambda s: s.end_s)
    inside = scenes[first : bisect_left(scenes, end_s, key=lambda s: s.start_s)]
    pairs = [(min(s.end_s, end_s) - max(s.start_s, start_s), s) for s in inside]
    total = sum(weight for weight, _ in pairs)
    if total <= 0:
        nearest = scenes[min(first, len(scenes) - 1)]
        return Shade(nearest.valence, nearest.arousal)
    return Shade(sum(w * s.valence for w, s in pairs) / total, sum(w * s.arousal for w, s in pairs) / total)
