"""Every sound a cue can name, and what is usual for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pipeline.records import StemName

# what a cue sheet may ask of a recipe; each 0..1
PARAMETERS = ("size", "hardness", "room", "distance", "intensity", "birds", "pitch", "shoe", "wet", "speed")

# what a cue sheet may ask of music, with limits; key 0 C .. 11 B and mode (place in `harmony.MODE_NAMES`) are whole
MUSIC_PARAMETERS: dict[str, tuple[float, float]] = {
    "bpm": (40.0, 200.0),
    "key": (0.0, 11.0),
    "mode": (0.0, 5.0),
    "valence": (-1.0, 1.0),
    "arousal": (0.0, 1.0),
}
WHOLE_PARAMETERS = ("key", "mode")


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
    # goes on as long as its cue and follows its automation; it has no attack and begins at time_s
    continuous: bool = False


@cache
def families() -> dict[str, Family]:
    """Families by name; a cue's `sound` is "family/name"."""
    from pipeline.sound.beds.ambience import AMBIENCES
    from pipeline.sound.effects import (
        animals,
        bells,
        breakage,
        bursts,
        cinematic,
        clicks,
        doors,
        engines,
        friction,
        rolling,
    )
    from pipeline.sound.effects.footsteps import SURFACES
    from pipeline.sound.effects.modal import MATERIALS
    from pipeline.sound.effects.shaping import LONGEST_S
    from pipeline.sound.effects.whooshes import WHOOSHES
    from pipeline.sound.music.styles import STYLES

    blows: tuple[StemName, ...] = ("FX-impacts", "FX-foley")
    foley = blows[::-1]
    return {
        "impact": Family(tuple(MATERIALS), blows, "OBJECTS", 1.5, LONGEST_S),
        "footstep": Family(tuple(SURFACES), foley, "FOOTSTEPS", 0.7, LONGEST_S),
        "whoosh": Family(tuple(WHOOSHES), foley, "SWOOSHES", 0.6, LONGEST_S),
        "splash": Family(("water",), blows, "WATER", 1.5, LONGEST_S),
        "thunder": Family(("clap",), (*blows, "BG"), "WEATHER", 6.0, LONGEST_S),
        "burst": Family(tuple(bursts.BURSTS), blows, "EXPLOSIONS", 2.0, LONGEST_S),
        "shatter": Family(tuple(breakage.SHATTERS), blows, "DESTRUCTION", 2.0, LONGEST_S),
        "scrape": Family(tuple(friction.SCRAPES), foley, "OBJECTS", 1.0, None, continuous=True),
        "roll": Family(tuple(rolling.ROLLS), foley, "OBJECTS", 1.5, None, continuous=True),
        "door": Family(tuple(doors.DOORS), blows, "DOORS", 1.0, LONGEST_S),
        "click": Family(tuple(clicks.CLICKS), foley, "MECHANICAL", 0.3, LONGEST_S),
        "bell": Family(tuple(bells.BELLS), blows, "BELLS", 4.0, LONGEST_S),
        "engine": Family(tuple(engines.ENGINES), foley, "VEHICLES", 3.0, None, continuous=True),
        "animal": Family(tuple(animals.ANIMALS), foley, "ANIMALS", 1.5, LONGEST_S),
        "riser": Family(("air",), foley, "DESIGNED", 2.0, LONGEST_S),
        "hit": Family(tuple(cinematic.HITS), blows, "DESIGNED", 3.0, LONGEST_S),
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
    "water": "WATER",
}
