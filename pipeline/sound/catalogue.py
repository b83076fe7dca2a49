"""Every sound a cue can name, and what is usual for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pipeline.records import StemName

# what a cue sheet may ask of a recipe; each 0..1
PARAMETERS = ("size", "hardness", "room", "distance", "intensity", "birds", "pitch")


@dataclass(frozen=True)
class Family:
    """Sounds that one recipe makes."""

    names: tuple[str, ...]
    # where its cues belong, the usual stem first
    stems: tuple[StemName, ...]
    # UCS category when nothing better is known
    category: str
    # usual length of a cue; 0 for one that lasts as long as the clip
    length_s: float
    # longest cue that makes sense; None for no limit
    longest_s: float | None


@cache
def families() -> dict[str, Family]:
    """Families by name; a cue's `sound` is "family/name"."""
    from pipeline.sound.ambience import AMBIENCES
    from pipeline.sound.foley import BURSTS, LONGEST_S, SURFACES
    from pipeline.sound.modal import MATERIALS
    from pipeline.sound.styles import STYLES

    effects: tuple[StemName, ...] = ("FX-impacts", "FX-foley")
    return {
        "impact": Family(tuple(MATERIALS), effects, "OBJECTS", 1.5, LONGEST_S),
        "footstep": Family(tuple(SURFACES), effects[::-1], "FOOTSTEPS", 0.7, LONGEST_S),
        "whoosh": Family(("air",), effects[::-1], "SWOOSHES", 0.6, LONGEST_S),
        "splash": Family(("water",), effects, "WATER", 1.5, LONGEST_S),
        "thunder": Family(("clap",), (*effects, "BG"), "WEATHER", 6.0, LONGEST_S),
        "burst": Family(tuple(BURSTS), effects, "EXPLOSIONS", 2.0, LONGEST_S),
        "ambience": Family(AMBIENCES, ("BG",), "AMBIENCE", 0.0, None),
        "music": Family(tuple(STYLES), ("MX",), "MUSICAL", 0.0, None),
    }


def family_of(sound: str) -> Family | None:
    """The family of a sound, or None when nothing makes it."""
    family, _, name = sound.partition("/")
    known = families().get(family)
    return known if known is not None and name in known.names else None


# UCS categories of materials, for impacts
MATERIAL_CATEGORIES = {
    "metal": "METAL",
    "glass": "GLASS",
    "ceramic": "CERAMICS",
    "stone": "ROCKS",
    "wood": "WOOD",
    "plastic": "PLASTIC",
    "rubber": "RUBBER",
    "flesh": "FIGHT",
    "earth": "DIRT & SAND",
    "cloth": "CLOTH",
}
