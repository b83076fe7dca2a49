"""Which ambiences a place gets: what the prompt names, what is seen to sound, what the picture looks like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipeline.records import Mood, Texture, TextureKind
from pipeline.sound.lexicon.scene import Scene

# levels of the first and the second bed by how sure we are of them, dB; 0 dB is -26 LUFS
_NAMED_DB = (-3.0, -8.0)
_SEEN_DB = (-7.0, -11.0)
_FALLBACK_DB = (-10.0, -15.0)
# a third layer is only ever something that is plainly seen
_THIRD_DB = -12.0
# under a voice that the prompt promises, a bed is only air
_SPEECH_DB = -6.0
# sparse sounds that stand out of their bed
_STANDS_OUT_DB = {"birds": -6.0, "night": -3.0, "insects": -4.0, "crowd": -3.0, "cafe": -2.0, "waterfall": -2.0}
# share of the picture from which leaves, sky or water choose a bed, and share of all three that only says "outdoors"
_MUCH_GREEN, _MUCH_SKY, _MUCH_WATER, _OUTSIDE = 0.3, 0.3, 0.45, 0.25
# `Mood.night`, or mean brightness, from which a picture of the open is night
_NIGHT, _DARK = 0.6, 0.18
# `Mood.indoor` that counts as a roof, as open air
_INDOOR, _OUTDOOR = 0.65, 0.35
# places where crickets sing after dark
_OPEN_LAND = frozenset(("forest", "jungle", "garden", "meadow", "countryside", "lake", "mountain", "river", "desert"))
# beds that are heard outdoors, beds that need a roof, and the room from which a place has one
OPEN_BEDS = frozenset(
    (
        "rain",
        "rain-leaves",
        "wind",
        "sea",
        "stream",
        "waterfall",
        "forest",
        "jungle",
        "leaves",
        "birds",
        "insects",
        "night",
    )
    + ("city", "traffic", "air", "snow", "storm", "engine")
)
ROOFED_BEDS = frozenset(("room", "office", "cafe", "hall", "rain-roof", "rain-window"))
_INDOORS = 0.2
# how sure a texture must be: where the prompt names no ambience, where it names others, and for a third layer
_TEXTURE_SILENT, _TEXTURE_BESIDE, _TEXTURE_THIRD = 0.45, 0.6, 0.75
# share of the picture a texture needs, and the share from which it has its full level
_LEAST_TEXTURE, _FULL_TEXTURE = 0.02, 0.25
# beds that a texture drives, by kind
TEXTURE_BEDS: dict[TextureKind, tuple[str, ...]] = {
    "rain": ("rain", "rain-roof", "rain-leaves", "rain-window", "storm"),
    "snow": ("snow",),
    "fire": ("fire",),
    "water": ("sea", "stream", "waterfall"),
    "leaves": ("leaves", "forest", "jungle"),
    "crowd": ("crowd", "cafe"),
}
_TEXTURE_CATEGORIES = {"rain": "RAIN", "fire": "FIRE", "water": "WATER", "leaves": "VEGETATION", "crowd": "CROWDS"}
_TEXTURE_WORDS = {"rain": "rain", "snow": "falling snow", "fire": "flames", "water": "moving water"} | {
    "leaves": "leaves in the wind",
    "crowd": "many people",
}
# water that fills so much of the picture, or lies under so much sky, is a sea
_SEA_EXTENT = 0.35


@dataclass(frozen=True)
class Bed:
    """One ambience that was chosen."""

    name: str
    category: str
    level_db: float
    why: str
    confidence: float
    parameters: dict[str, float] = field(default_factory=dict)
    # follows the movement in the picture
    drive: bool = False
    # the prompt asks for it; or only comes along with what it asks for
    named: bool = False
    second: bool = False
    # what is seen to make it, whose strength it follows
    texture: Texture | None = None


def choose_beds(
    scene: Scene,
    mood: Mood,
    *,
    textures: tuple[Texture, ...] = (),
    taken: frozenset[str] = frozenset(),
    roofed: bool | None = None,
) -> tuple[Bed, ...]:
    """Two different ambiences, the leading one first, and a third only where the picture plainly shows it.

    Beds the prompt takes away ("no wind") are never chosen. A prompt that wants no ambience at all gets a single, very
    quiet room tone, because digital silence sounds like a fault.

    Parameters
    ----------
    textures : tuple of Texture
        What is seen to sound as a whole.
    taken : frozenset of str
        Beds whose sound another layer makes already.
    roofed : bool, optional
        The part of the clip in hand is surely under a roof, or surely not: of what the prompt names, only what fits.
    """
    if scene.refuses("wish", "ambience"):
        return (
            Bed("room", "AMBIENCE", -22.0, "the prompt wants no ambience; a trace of air hides digital silence", 1.0),
        )
    shown = tuple(texture for texture in textures if texture.extent >= _LEAST_TEXTURE)
    named = [bed for bed in _named(scene) if _fits(bed.name, roofed)]
    refused = _refused(scene) | taken
    found: dict[str, Bed] = {}
    seen = _shown(shown, mood, _TEXTURE_BESIDE if named else _TEXTURE_SILENT)
    for bed in (*_led(named, shown), *seen, *_seen(mood, shown), *_fallback(scene, mood, roofed)):
        if bed.name not in refused and not (not bed.named and _is_double(bed.name, found)):
            found.setdefault(bed.name, bed)
    chosen = list(found.values())
    third = [bed for bed in chosen[2:3] if bed.texture and bed.texture.confidence >= _TEXTURE_THIRD]
    speech = _SPEECH_DB if "speech" in scene.effects else 0.0
    return tuple(_level(bed, place, speech_db=speech) for place, bed in enumerate((*chosen[:2], *third)))


def is_night(mood: Mood) -> bool:
    """Dark as the open is at night."""
    return mood.night >= _NIGHT or mood.brightness < _DARK


def _refused(scene: Scene) -> frozenset[str]:
    heads = {concept.beds[0] for concept in scene.excluded if concept.beds}
    # who wants no rain wants it on no roof either
    return frozenset(heads | {bed for name in heads for bed in TEXTURE_BEDS["rain"] if name == "rain"})


def _fits(name: str, roofed: bool | None) -> bool:
    return roofed is None or name not in (OPEN_BEDS if roofed else ROOFED_BEDS)


def _is_double(name: str, found: dict[str, Bed]) -> bool:
    # two waters, or two rains, are one seen twice
    return any(name in beds and not found.keys().isdisjoint(beds) for beds in TEXTURE_BEDS.values())


# ------------------------------------------------------- what the prompt names
def _named(scene: Scene) -> list[Bed]:
    night = scene.has("time", "night") and bool(_OPEN_LAND & set(scene.names("place")))
    beds = []
    for heard, mention in scene.beds:
        name = _rain(scene) if heard == "rain" else heard
        if night and name in ("birds", "insects"):
            continue
        why = f'the prompt says "{mention.word}"'
        # what comes along with a thing that moves stays where it is
        second = heard != mention.concept.beds[0]
        drive = mention.concept.drive and not second
        own = _parameters(name, scene)
        beds.append(Bed(name, mention.concept.category, 0.0, why, 0.9, own, drive, named=True, second=second))
    if scene.has("action", "pour"):
        word = next(m.word for m in scene.mentions if (m.concept.kind, m.concept.name) == ("action", "pour"))
        beds.insert(
            1, Bed("stream", "WATER", 0.0, f'the prompt says "{word}"', 0.9, {"intensity": 0.3}, True, named=True)
        )
    if night:
        beds.insert(
            min(1, len(beds)), Bed("night", "AMBIENCE", 0.0, f'the prompt says "{scene.word("time")}"', 0.8, named=True)
        )
    return beds


def _rain(scene: Scene) -> str:
    # under a roof it is heard at the window, unless the words say otherwise
    under = scene.room is not None and scene.room >= _INDOORS
    return "rain-window" if scene.rain == "rain" and under else scene.rain


def _parameters(name: str, scene: Scene) -> dict[str, float]:
    if name == "forest" and (scene.refuses("animal", "bird") or scene.has("time", "night")):
        return {"birds": 0.0}
    if (name in ("wind", "sea") or name.startswith("rain")) and scene.has("weather", "storm"):
        return {"intensity": 0.9}
    if name in ("wind", "sea") and scene.has("weather", "calm"):
        return {"intensity": 0.2}
    return {}


def _led(named: list[Bed], shown: tuple[Texture, ...]) -> list[Bed]:
    # a named bed that is also seen follows what is seen
    led = []
    for bed in named:
        texture = next((t for t in shown if bed.name in TEXTURE_BEDS.get(t.kind, ())), None)
        led.append(bed if texture is None else replace(bed, texture=texture, why=f"{bed.why} and the picture shows it"))
    return led


# -------------------------------------------------------- what the picture shows
def _shown(textures: tuple[Texture, ...], mood: Mood, least: float) -> list[Bed]:
    beds = []
    for texture in textures:
        name = _texture_bed(texture, mood)
        if name and texture.confidence >= least:
            why = f"the picture shows {_TEXTURE_WORDS[texture.kind]}"
            category = _TEXTURE_CATEGORIES.get(texture.kind, "AMBIENCE")
            beds.append(Bed(name, category, 0.0, why, round(texture.confidence, 3), texture=texture))
    return beds


def _texture_bed(texture: Texture, mood: Mood) -> str:
    # smoke makes no sound; under a roof rain is at the window, and there is neither snow nor leaves
    indoors = mood.indoor >= _INDOOR
    if texture.kind == "water":
        wide = texture.extent >= _SEA_EXTENT or mood.water >= _MUCH_WATER or mood.sky >= _MUCH_SKY
        return "sea" if wide and not indoors else "stream"
    if texture.kind == "rain" and indoors:
        return "rain-window"
    if texture.kind == "smoke" or (indoors and texture.kind in ("snow", "leaves")):
        return ""
    return TEXTURE_BEDS[texture.kind][0]


def _seen(mood: Mood, shown: tuple[Texture, ...]) -> list[Bed]:
    if mood.indoor >= _INDOOR:
        return []
    dark = is_night(mood)
    leaves = Bed("forest", "AMBIENCE", 0.0, "much of the picture is green", 0.5, {"birds": 0.0 if dark else 0.5})
    water = Bed("sea", "WATER", 0.0, "much of the picture looks like water", 0.4, {"intensity": 0.3})
    wind = Bed("wind", "WIND", 0.0, "much of the picture looks like sky", 0.4, {"intensity": 0.3})
    # blue walls and clothes pass for water, and still water is silent: only where some of it is seen to move
    wet = mood.water / _MUCH_WATER if any(texture.kind == "water" for texture in shown) else 0.0
    shows = [(mood.foliage / _MUCH_GREEN, leaves), (mood.sky / _MUCH_SKY, wind), (wet, water)]
    beds = [bed for share, bed in sorted(shows, key=lambda show: -show[0]) if share >= 1]
    if dark and mood.foliage >= _MUCH_GREEN:
        beds.insert(1, Bed("night", "AMBIENCE", 0.0, "the picture is dark and green", 0.4))
    return beds


# ----------------------------------------------------------- when nothing tells
def _fallback(scene: Scene, mood: Mood, roofed: bool | None) -> list[Bed]:
    outside = _is_outside(scene, mood, roofed)
    first, second = ("air", "wind") if outside else ("room", "air")
    layer = "a second layer, so that the first never stands alone"
    looks = "nothing names a place; the picture looks like " + ("open air" if outside else "indoors")
    why = layer if scene.beds and roofed is None else looks
    quiet = {"intensity": 0.2} if second == "wind" else {}
    return [
        Bed(first, "AMBIENCE", 0.0, why, 0.2),
        Bed(second, "AMBIENCE", 0.0, layer, 0.2, quiet),
        Bed("room", "AMBIENCE", 0.0, layer, 0.2),
        Bed("air", "AMBIENCE", 0.0, layer, 0.2),
    ]


def _is_outside(scene: Scene, mood: Mood, roofed: bool | None) -> bool:
    if roofed is not None:
        return not roofed
    if scene.room is not None:
        return scene.room < _INDOORS
    if scene.beds and scene.beds[0][0] in OPEN_BEDS | ROOFED_BEDS:
        return scene.beds[0][0] in OPEN_BEDS
    if not _OUTDOOR < mood.indoor < _INDOOR:
        return mood.indoor <= _OUTDOOR
    return mood.sky + mood.foliage + mood.water >= _OUTSIDE


def _level(bed: Bed, place: int, *, speech_db: float) -> Bed:
    from math import log2

    if place == 2:
        level_db = _THIRD_DB
    else:
        levels = _NAMED_DB if bed.named else _SEEN_DB if bed.confidence >= 0.4 else _FALLBACK_DB
        level_db = levels[max(place, int(bed.second))]
    if bed.texture and not bed.named:
        # what takes up little of the picture is far away
        level_db += min(max(2.0 * log2(bed.texture.extent / _FULL_TEXTURE), -6.0), 0.0)
    return replace(bed, level_db=level_db + _STANDS_OUT_DB.get(bed.name, 0.0) + speech_db)
