"""Spotting: from what is seen and what the prompt says to a cue sheet.

Policy
------
Effects. The picture says when, where, how hard and how large; the prompt says what. Contacts become footsteps where
the prompt walks, splashes where it swims, blows on the named material where it strikes. The less a prompt asks for
blows, the surer a contact must be; where it only talks ("interview", "talking head") contacts are dropped: faces and
hands move without touching anything. Of too many at once the strongest are kept. Flashes sound only where the prompt
names thunder, shots or explosions. A whoosh ends where its movement ends, or on the cut right behind it.

Ambience. Always two (see `atmosphere`).

Music. One bed over the whole clip unless the prompt or the caller wants none; where effects sound it lies well below
them, because what is seen has to be heard first.

Production sound. When the clip brings sound of its own, that stays in front: effects 9 dB lower and only sure ones, no
whooshes, ambience 12 dB lower, and music only where the prompt asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.records import Analysis, Cue, Event, Mood, SoundPlan
from pipeline.sound.atmosphere import choose_beds, follow_motion
from pipeline.sound.catalogue import MATERIAL_CATEGORIES, family_of
from pipeline.sound.modal import MATERIALS
from pipeline.sound.noise import key_of
from pipeline.sound.scene import Scene, read_prompt

# what is lowered beside the clip's own sound, dB
_PRODUCTION_EFFECTS_DB = -9.0
_PRODUCTION_AMBIENCE_DB = -12.0
_MUSIC_DB = -5.0
# a bed at 0 dB is about as loud as a blow at 0 dB is in its loudest 50 ms, so under blows it has to go far down
_MUSIC_UNDER_EFFECTS_DB = -12.0
# the surest pan: a sound at the picture's edge still comes from the screen
_WIDEST_PAN = 0.8
# confidences a contact needs: the prompt asks for blows, names things, is not there at all, names nothing that strikes
_ASKED, _LIKELY, _CLEAR, _SURE = 0.2, 0.4, 0.5, 0.65
# most blows in any one second, and the least time between two of one family
_MOST_PER_S = {"impact": 7, "footstep": 6, "splash": 4, "burst": 7, "thunder": 1, "whoosh": 2}
_LEAST_GAP_S = {"impact": 0.07, "footstep": 0.2, "splash": 0.15, "burst": 0.08, "thunder": 1.5, "whoosh": 0.35}
# more than this nobody can edit, and a cue sheet may not hold: the strongest are kept
MAX_EFFECTS = 6_000
# feet are below this
_FEET_Y = 0.5
# a cut this near behind a movement is where its whoosh ends
_CUT_REACH_S = 0.25
_WHOOSH_S = (0.35, 1.4)
# a metal blow rings on; a thud is over
_RING_S = {"metal": 3.0, "glass": 1.5, "ceramic": 1.0, "rubber": 0.6}
# speed (picture heights a second) and area (share of the picture) of an everyday blow, which gets level 0 and size 0.5
_USUAL_SPEED = 1.0
_USUAL_EXTENT = 0.02


@dataclass(frozen=True)
class ContactPolicy:
    """What becomes of contacts in one clip."""

    # family of sound, or empty when contacts stay silent
    family: str
    least_confidence: float
    level_db: float
    # for the cue sheet
    why: str


def spot(
    analysis: Analysis, *, prompt: str = "", seed: int = 0, music: bool = True, existing_sound: bool = False
) -> SoundPlan:
    """Write the cue sheet of a clip; the policy is at the head of this module.

    Parameters
    ----------
    analysis : Analysis
    prompt : str
        What the clip was made from, or what a person says it shows; may be empty.
    seed : int
        Of the plan; each cue's own seed follows from it and the cue's id.
    music : bool
        False leaves the music out.
    existing_sound : bool
        The clip has production sound that stays.

    Returns
    -------
    SoundPlan
        Cues in order of time, with ids that come out the same when the same things are seen again.
    """
    scene = read_prompt(prompt)
    cuts_s = tuple(shot.start_s for shot in analysis.shots if shot.start_s > 0)
    effects = [
        *_contact_cues(analysis, scene, contact_policy(scene, prompt=prompt, existing_sound=existing_sound)),
        *_flash_cues(analysis.events, scene),
        *([] if existing_sound else _whoosh_cues(analysis, scene, cuts_s)),
    ]
    if scene.refuses("wish", "effects"):
        effects = []
    cues = [*_shift(_thin(effects), _PRODUCTION_EFFECTS_DB if existing_sound else 0.0)]
    cues += _shift(_bed_cues(analysis, scene), _PRODUCTION_AMBIENCE_DB if existing_sound else 0.0)
    if music and _wants_music(scene, existing_sound=existing_sound):
        cues.append(_music_cue(analysis, scene, under_effects=bool(effects)))
    inside = [cue for cue in cues if 0 <= cue.time_s < analysis.duration_s]
    return SoundPlan(
        duration_s=analysis.duration_s,
        cues=_named(inside, seed),
        prompt=prompt,
        seed=seed,
        markers_s=tuple(round(time_s, 3) for time_s in cuts_s),
        mood=analysis.mood,
    )


def contact_policy(scene: Scene, *, prompt: str, existing_sound: bool = False) -> ContactPolicy:
    """What the prompt makes of contacts."""
    wanted = scene.effects & {"impact", "footstep", "splash"}
    least = _SURE if existing_sound else 0.0
    if "speech" in scene.effects and not wanted:
        return ContactPolicy("", 1.0, 0.0, f'the prompt says "{_effect_word(scene, "speech")}"')
    if wanted:
        family = next(name for name in ("impact", "footstep", "splash") if name in wanted)
        why = f'the prompt says "{_effect_word(scene, family)}"'
        return ContactPolicy(family, max(least, _ASKED), 0.0, why)
    if scene.materials:
        return ContactPolicy(
            "impact", max(least, _LIKELY), -3.0, "the prompt names things but no blow, so only clear contacts sound"
        )
    if prompt.strip():
        return ContactPolicy(
            "impact",
            max(least, _SURE),
            -8.0,
            "nothing in the prompt suggests blows, so only the surest contact sounds, softly",
        )
    return ContactPolicy("impact", max(least, _CLEAR), -5.0, "no prompt says what it is, so it sounds soft and plain")


def choose_style(scene: Scene, mood: Mood) -> tuple[str, str]:
    """Music style and the reason for it."""
    if scene.names("style"):
        return scene.names("style")[0], f'the prompt says "{scene.word("style")}"'
    if mood.cuts_per_minute > 25 and mood.motion > 0.4:
        return "electronic", "many cuts and much movement"
    if mood.brightness < 0.28:
        return ("tense", "a dark picture that moves") if mood.motion > 0.3 else ("ambient", "a dark, quiet picture")
    if mood.brightness > 0.55 and mood.saturation > 0.45 and mood.motion > 0.25:
        return "playful", "bright, colourful and lively"
    return ("cinematic", "movement in an even light") if mood.motion > 0.2 else ("ambient", "a quiet picture")


def _contact_cues(analysis: Analysis, scene: Scene, policy: ContactPolicy) -> list[Cue]:
    if not policy.family:
        return []
    contacts = [e for e in analysis.events if e.kind == "contact" and e.confidence >= policy.least_confidence]
    steps = [e for e in analysis.events if e.kind == "footstep"] if "footstep" in scene.effects else []
    if steps:
        # an even pace was seen: feet are where it says, and what else touches low in the picture is the same feet
        contacts = steps + [e for e in contacts if e.y < _FEET_Y and policy.family != "footstep"]
    cues = [_contact_cue(event, scene, policy) for event in contacts]
    return [cue for cue in cues if cue is not None]


def _contact_cue(event: Event, scene: Scene, policy: ContactPolicy) -> Cue | None:
    family = policy.family
    if event.kind == "footstep":
        family = "footstep"
    elif "footstep" in scene.effects:
        # feet are low in the picture; what happens above is a blow, if the prompt has blows at all
        if event.y >= _FEET_Y or (event.y >= 0.3 and family == "footstep"):
            family = "footstep"
        elif family == "footstep":
            return None
    if family == "impact" and not scene.materials and "splash" in scene.effects:
        family = "splash"
    maker = {"impact": _impact, "footstep": _footstep, "splash": _splash}[family]
    cue = maker(event, scene)
    room = scene.room if scene.room is not None else (0.0 if scene.beds else 0.2)
    parameters = {**cue.parameters, "room": round(room, 2), "distance": _distance(event)}
    level_db = cue.level_db + policy.level_db + _force_db(event)
    seen = "step" if event.kind == "footstep" else "contact"
    why = f"{seen} seen at {event.time_s:.2f} s; {policy.why}"
    return replace(cue, parameters=parameters, level_db=round(level_db, 2), why=why)


def _impact(event: Event, scene: Scene) -> Cue:
    named = scene.materials
    # of three and more materials each third of the picture keeps its own, so that a thing sounds the same each time
    material = named[min(int(event.x * len(named)), len(named) - 1)] if len(named) > 2 else (named or _plain(scene))[0]
    other = named[1] if len(named) == 2 else ""
    # the softer of the two sets the contact
    hardness = min(MATERIALS[name].hardness for name in (material, other) if name)
    hardness = 0.6 * hardness + 0.4 * MATERIALS[material].hardness + 0.1 * _log2(event.speed / _USUAL_SPEED)
    if not named:
        hardness = min(hardness, 0.4)
    parameters = {"size": _size(event), "hardness": _share(hardness)}
    description = f"{material} on {other}" if other else f"{material} struck"
    length_s = _RING_S.get(material, 0.8)
    return _cue(event, f"impact/{material}", length_s, MATERIAL_CATEGORIES[material], description, parameters)


def _plain(scene: Scene) -> tuple[str]:
    # the least wrong body when nobody says what it is: ground outdoors, wood indoors
    return ("earth",) if scene.beds and (scene.room or 0.0) < 0.2 else ("wood",)


def _footstep(event: Event, scene: Scene) -> Cue:
    surface = scene.surface or "concrete"
    running = scene.has("action", "run")
    parameters = {"size": 0.6 if running else 0.5, "hardness": 0.6 if running else 0.5}
    return _cue(event, f"footstep/{surface}", 0.7, "FOOTSTEPS", f"step on {surface}", parameters)


def _splash(event: Event, scene: Scene) -> Cue:
    return _cue(event, "splash/water", 1.6, "WATER", "splash", {"size": _size(event), "hardness": 0.5})


def _flash_cues(events: tuple[Event, ...], scene: Scene) -> list[Cue]:
    flashes = [event for event in events if event.kind == "flash"]
    room = round(scene.room or 0.0, 2)
    if "burst" in scene.effects:
        kind = "firework" if scene.has("action", "fireworks") else "gun" if scene.has("action", "shoot") else "blast"
        why = f'flash seen, and the prompt says "{_effect_word(scene, "burst")}"'
        size = {"gun": 0.25, "firework": 0.5, "blast": 0.9}[kind]
        category = {"gun": "GUNS", "firework": "FIREWORKS", "blast": "EXPLOSIONS"}[kind]
        parameters = {"size": size, "hardness": 0.7, "room": room}
        return [replace(_cue(e, f"burst/{kind}", 0.5 + 3 * size, category, kind, parameters), why=why) for e in flashes]
    if "thunder" in scene.effects:
        why = f'flash seen, and the prompt says "{_effect_word(scene, "thunder")}"'
        cue = [_cue(e, "thunder/clap", 6.0, "WEATHER", "thunder", {"size": 0.6, "hardness": 0.5}) for e in flashes]
        return [replace(c, level_db=2.0, pan=round(0.4 * c.pan, 2), why=why) for c in cue]
    return []


def _whoosh_cues(analysis: Analysis, scene: Scene, cuts_s: tuple[float, ...]) -> list[Cue]:
    if "speech" in scene.effects:
        return []
    lively = scene.has("action") or scene.has("vehicle") or not scene.mentions
    least = 0.5 if lively else 0.65
    cues = []
    for event in (e for e in analysis.events if e.kind == "whoosh"):
        # a whole picture that sweeps is a camera, and a camera makes no wind unless it whips
        if event.confidence < (0.75 if event.extent > 0.9 else least):
            continue
        stop_s = min(event.time_s + 0.5 * event.length_s, analysis.duration_s)
        cut_s = next((cut for cut in cuts_s if -0.05 <= cut - stop_s <= _CUT_REACH_S), None)
        end_s = stop_s if cut_s is None else cut_s
        length_s = min(max(2.0 * event.length_s, _WHOOSH_S[0]), _WHOOSH_S[1], end_s)
        if length_s < _WHOOSH_S[0]:
            continue
        parameters = {"size": _size(event), "hardness": _share(0.4 + 0.12 * _log2(event.speed / _USUAL_SPEED))}
        cue = _cue(event, "whoosh/air", round(length_s, 3), "SWOOSHES", "fast movement", parameters)
        why = "fast movement that ends " + ("here" if cut_s is None else "in the cut")
        cues.append(replace(cue, time_s=round(end_s - length_s, 3), level_db=round(-6 + _force_db(event), 2), why=why))
    return cues


def _bed_cues(analysis: Analysis, scene: Scene) -> list[Cue]:
    cues = []
    for bed in choose_beds(scene, analysis.mood):
        driven = follow_motion(analysis.motion, duration_s=analysis.duration_s) if bed.drive else ()
        cues.append(
            Cue(
                id="",
                stem="BG",
                time_s=0.0,
                length_s=round(analysis.duration_s, 3),
                category=bed.category,
                sound=f"ambience/{bed.name}",
                description=f"{bed.name} ambience",
                confidence=bed.confidence,
                level_db=round(bed.level_db, 2),
                parameters=bed.parameters,
                automation=driven,
                why=bed.why + ("; its level follows the movement" if driven else ""),
            )
        )
    return cues


def _music_cue(analysis: Analysis, scene: Scene, *, under_effects: bool) -> Cue:
    style, why = choose_style(scene, analysis.mood)
    return Cue(
        id="",
        stem="MX",
        time_s=0.0,
        length_s=round(analysis.duration_s, 3),
        category="MUSICAL",
        sound=f"music/{style}",
        description=f"{style} music",
        confidence=0.8 if scene.names("style") else 0.4,
        level_db=_MUSIC_UNDER_EFFECTS_DB if under_effects else _MUSIC_DB,
        why=why,
    )


def _wants_music(scene: Scene, *, existing_sound: bool) -> bool:
    if scene.refuses("wish", "music"):
        return False
    return scene.has("wish", "music") or not existing_sound


def _cue(
    event: Event, sound: str, length_s: float, category: str, description: str, parameters: dict[str, float]
) -> Cue:
    family = family_of(sound)
    assert family is not None, sound
    return Cue(
        id="",
        stem=family.stems[0],
        time_s=round(event.time_s, 3),
        length_s=length_s,
        category=category,
        sound=sound,
        description=description,
        confidence=round(event.confidence, 3),
        pan=round(min(max(_WIDEST_PAN * (2 * event.x - 1), -_WIDEST_PAN), _WIDEST_PAN), 2),
        parameters=parameters,
    )


def _thin(cues: list[Cue]) -> list[Cue]:
    # strongest first; one that stands too near or makes a second too full is left out
    kept: dict[tuple[str, int], list[Cue]] = {}
    ranked = sorted(cues, key=lambda cue: (-cue.confidence * 10 ** (cue.level_db / 20), cue.time_s))
    for cue in ranked[:MAX_EFFECTS]:
        family, second = cue.sound.partition("/")[0], int(cue.time_s)
        beside = [other for near in range(second - 2, second + 3) for other in kept.get((family, near), ())]
        gaps_s = [abs(other.time_s - cue.time_s) for other in beside]
        if min(gaps_s, default=60.0) >= _LEAST_GAP_S[family] and sum(gap < 0.5 for gap in gaps_s) < _MOST_PER_S[family]:
            kept.setdefault((family, second), []).append(cue)
    return [cue for group in kept.values() for cue in group]


def _named(cues: list[Cue], seed: int) -> tuple[Cue, ...]:
    # in order of time, with ids from what and when, and a seed from the id: the same thing seen again keeps both
    taken: dict[str, int] = {}
    named = []
    for cue in sorted(cues, key=lambda cue: (cue.time_s, cue.stem, cue.sound, cue.pan)):
        family, _, name = cue.sound.partition("/")
        base = f"{family}-{name}" if cue.stem in ("BG", "MX") else f"{family}-{cue.time_s:.2f}"
        taken[base] = taken.get(base, 0) + 1
        cue_id = base if taken[base] == 1 else f"{base}-{taken[base]}"
        named.append(replace(cue, id=cue_id, seed=key_of(seed, cue_id) & 0x7FFFFFFF))
    return tuple(named)


def _shift(cues: list[Cue], level_db: float) -> list[Cue]:
    return [replace(cue, level_db=round(cue.level_db + level_db, 2)) for cue in cues]


def _effect_word(scene: Scene, effect: str) -> str:
    return next(mention.word for mention in scene.mentions if mention.concept.effect == effect)


def _force_db(event: Event) -> float:
    # louder when faster and when surer
    return min(max(2.5 * _log2(event.speed / _USUAL_SPEED), -9.0), 4.0) - 5.0 * (1 - event.confidence)


def _size(event: Event) -> float:
    return _share(0.5 + 0.13 * _log2(event.extent / _USUAL_EXTENT), low=0.1, high=0.95)


def _distance(event: Event) -> float:
    # what takes up little of the picture is far away
    return _share(0.15 - 0.06 * _log2(event.extent / _USUAL_EXTENT), high=0.5)


def _log2(ratio: float) -> float:
    import math

    return math.log2(max(ratio, 1e-3))


def _share(value: float, *, low: float = 0.0, high: float = 1.0) -> float:
    return round(min(max(value, low), high), 3)
