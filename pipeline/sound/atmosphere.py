"""Which two ambiences a clip gets, and how loud: what the prompt names, then what the picture shows, never none."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.records import Mood, MotionCurve
from pipeline.sound.scene import Scene

# levels of the two beds by how sure we are of them, dB; 0 dB is -26 LUFS
_NAMED_DB = (-3.0, -8.0)
_SEEN_DB = (-7.0, -11.0)
_FALLBACK_DB = (-10.0, -15.0)
# under a voice that the prompt promises, a bed is only air
_SPEECH_DB = -6.0
# sparse sounds that stand out of their bed
_STANDS_OUT_DB = {"birds": -6.0, "night": -3.0, "crowd": -3.0}
# share of the picture from which leaves, sky or water choose a bed (blue walls and clothes pass for water, so it needs
# most), and share of all three that only says "outdoors"
_MUCH_GREEN, _MUCH_SKY, _MUCH_WATER, _OUTSIDE = 0.3, 0.3, 0.45, 0.25
# mean brightness under which a picture of the open is night
_DARK = 0.18
# places where crickets sing after dark
_OPEN_LAND = frozenset(("forest", "jungle", "garden", "meadow", "countryside", "lake", "mountain", "river", "desert"))
# beds that are heard outdoors, and the room from which a place has a roof
_OPEN_BEDS = frozenset(("rain", "wind", "sea", "stream", "forest", "birds", "night", "city", "air", "engine"))
_INDOORS = 0.2
# levels a driven bed moves between, dB; points are at least this far apart and at most so many
_DRIVE_DB = (-7.0, 2.0)
_DRIVE_STEP_S = 0.5
_DRIVE_POINTS = 120


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


def choose_beds(scene: Scene, mood: Mood) -> tuple[Bed, ...]:
    """Two different ambiences, the leading one first.

    Beds the prompt takes away ("no wind") are never chosen. A prompt that wants no ambience at all gets a single, very
    quiet room tone, because digital silence sounds like a fault.
    """
    if scene.refuses("wish", "ambience"):
        return (
            Bed("room", "AMBIENCE", -22.0, "the prompt wants no ambience; a trace of air hides digital silence", 1.0),
        )
    refused = {concept.beds[0] for concept in scene.excluded if concept.beds}
    found: dict[str, Bed] = {}
    for bed in (*_named(scene), *_seen(mood), *_fallback(scene, mood)):
        if bed.name not in refused:
            found.setdefault(bed.name, bed)
    chosen = list(found.values())[:2]
    speech = _SPEECH_DB if "speech" in scene.effects else 0.0
    return tuple(_level(bed, place, speech_db=speech) for place, bed in enumerate(chosen))


def follow_motion(motion: MotionCurve, *, duration_s: float) -> tuple[tuple[float, float], ...]:
    """Level points (seconds, dB) of a bed that moves with the picture; empty for a still picture."""
    import numpy as np

    energy = np.asarray(motion.energy, float)
    top = float(np.percentile(energy, 90)) if len(energy) > 1 else 0.0
    if top <= 1e-4:
        return ()
    step_s = max(_DRIVE_STEP_S, duration_s / _DRIVE_POINTS)
    points_s = np.arange(0.0, duration_s + 0.5 * step_s, step_s)
    slot = np.clip(np.searchsorted(points_s, np.asarray(motion.times_s, float) - 0.5 * step_s), 0, len(points_s) - 1)
    counts = np.bincount(slot, minlength=len(points_s))
    means = np.bincount(slot, weights=energy, minlength=len(points_s)) / np.maximum(counts, 1)
    held = np.interp(points_s, points_s[counts > 0], means[counts > 0])
    low, high = _DRIVE_DB
    levels_db = low + (high - low) * np.sqrt(np.clip(held / top, 0, 1))
    return tuple((round(float(t), 3), round(float(level), 2)) for t, level in zip(points_s, levels_db, strict=True))


def _named(scene: Scene) -> list[Bed]:
    night = scene.has("time", "night") and bool(_OPEN_LAND & set(scene.names("place")))
    beds = []
    for name, mention in scene.beds:
        if night and name == "birds":
            continue
        why = f'the prompt says "{mention.word}"'
        beds.append(Bed(name, mention.concept.category, 0.0, why, 0.9, _parameters(name, scene), mention.concept.drive))
    if night:
        beds.insert(min(1, len(beds)), Bed("night", "AMBIENCE", 0.0, f'the prompt says "{scene.word("time")}"', 0.8))
    return beds


def _parameters(name: str, scene: Scene) -> dict[str, float]:
    if name == "forest" and (scene.refuses("animal", "bird") or scene.has("time", "night")):
        return {"birds": 0.0}
    if name in ("rain", "wind", "sea") and scene.has("weather", "storm"):
        return {"intensity": 0.9}
    if name in ("wind", "sea") and scene.has("weather", "calm"):
        return {"intensity": 0.2}
    return {}


def _seen(mood: Mood) -> list[Bed]:
    dark = mood.brightness < _DARK
    leaves = Bed("forest", "AMBIENCE", 0.0, "much of the picture is green", 0.5, {"birds": 0.0 if dark else 0.5})
    water = Bed("sea", "WATER", 0.0, "much of the picture looks like water", 0.4, {"intensity": 0.3})
    wind = Bed("wind", "WIND", 0.0, "much of the picture looks like sky", 0.4, {"intensity": 0.3})
    shows = [(mood.foliage / _MUCH_GREEN, leaves), (mood.sky / _MUCH_SKY, wind), (mood.water / _MUCH_WATER, water)]
    beds = [bed for share, bed in sorted(shows, key=lambda show: -show[0]) if share >= 1]
    if dark and mood.foliage >= _MUCH_GREEN:
        beds.insert(1, Bed("night", "AMBIENCE", 0.0, "the picture is dark and green", 0.4))
    return beds


def _fallback(scene: Scene, mood: Mood) -> list[Bed]:
    if scene.room is not None:
        outside = scene.room < _INDOORS
    elif scene.beds:
        outside = scene.beds[0][0] in _OPEN_BEDS
    else:
        outside = mood.sky + mood.foliage + mood.water >= _OUTSIDE
    first, second = ("air", "wind") if outside else ("room", "air")
    layer = "a second layer, so that the first never stands alone"
    looks = "nothing names a place; the picture looks like " + ("open air" if outside else "indoors")
    why = layer if scene.beds else looks
    quiet = {"intensity": 0.2} if second == "wind" else {}
    return [
        Bed(first, "AMBIENCE", 0.0, why, 0.2),
        Bed(second, "AMBIENCE", 0.0, layer, 0.2, quiet),
        Bed("room", "AMBIENCE", 0.0, layer, 0.2),
        Bed("air", "AMBIENCE", 0.0, layer, 0.2),
    ]


def _level(bed: Bed, place: int, *, speech_db: float) -> Bed:
    from dataclasses import replace

    levels = _NAMED_DB if bed.confidence >= 0.8 else _SEEN_DB if bed.confidence >= 0.4 else _FALLBACK_DB
    return replace(bed, level_db=levels[place] + _STANDS_OUT_DB.get(bed.name, 0.0) + speech_db)
