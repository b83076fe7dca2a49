"""Contacts: blows, collisions, steps and splashes, where and when the picture shows them."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, replace

from pipeline.records import Cue, Event
from pipeline.sound.catalogue import MATERIAL_CATEGORIES
from pipeline.sound.effects.modal import MATERIALS
from pipeline.sound.noise import stream
from pipeline.sound.spotting.follow import moving_runs, stops
from pipeline.sound.spotting.policy import ALARMING, ASKED, CLEAR, LIKELY, PACE_DB, PACE_S, SURE, UNSEEN
from pipeline.sound.spotting.session import (
    OPENING_S,
    USUAL_SPEED,
    Session,
    any_near,
    distance_of,
    effect,
    force_db,
    log2,
    share,
    size_of,
)

# feet are below this, and legs, where nothing else is said to strike
_FEET_Y, _LEGS_Y = 0.5, 0.3
# a contact this near to a step is that step
_SAME_FOOT_S = 0.3
# with fewer seen steps than this in a second of movement the pace is filled up, by steps this far from a low contact
_STEPS_PER_S, _DRAWN_S = 0.8, 0.12
# least gap between two steps as a share of the pace
_IN_STEP = 0.7
# a walk goes on where the body moves little: share of the clip's strong movement
_WALKING_SHARE = 0.1
# a metal blow rings on; a thud is over
_RING_S = {"metal": 3.0, "glass": 1.5, "ceramic": 1.0, "rubber": 0.6}
# two moving things meet harder than one that stops
_COLLISION_DB = 2.0
# parameters of a step by what the prompt says of the gait
_GAITS = {"run": (0.6, 0.6, 0.85), "walk": (0.5, 0.5, 0.4)}
# soles when nobody says, of people and of hooves; and ground that is wet
_SOFT_SOLE, _HOOF, _WET = 0.35, 0.8, 0.7
# a step is not a blow: at the same level the first one of a walk would decide how loud the whole mix may be
_STEP_DB = -5.0
# paws are hardly heard
PAWS = frozenset(("dog", "cat", "wild", "bird", "seabird", "crow"))
_PAWS_DB = -8.0


@dataclass(frozen=True)
class ContactPolicy:
    """What becomes of contacts in one clip."""

    # family of sound, or empty when contacts stay silent
    family: str
    least_confidence: float
    level_db: float
    # for the cue sheet
    why: str
    # in any second
    most_per_s: int = 7


def contact_policy(session: Session) -> ContactPolicy:
    """What the prompt makes of contacts."""
    scene = session.scene
    wanted = session.touches & {"impact", "footstep", "splash"}
    least = SURE if session.existing_sound else 0.0
    if session.talks and not wanted:
        return ContactPolicy("", 1.0, 0.0, session.says("speech"))
    if wanted:
        family = next(name for name in ("impact", "footstep", "splash") if name in wanted)
        return ContactPolicy(family, max(least, ASKED), 0.0, session.says(family))
    if scene.has("vehicle"):
        why = "the prompt names a vehicle, so only the surest contact sounds, softly"
        return ContactPolicy("impact", ALARMING, -8.0, why, 1)
    if scene.materials:
        why = "the prompt names things but no blow, so only clear contacts sound"
        return ContactPolicy("impact", max(least, LIKELY), -3.0, why, 4)
    if session.is_prompted:
        why = "nothing in the prompt suggests blows, so only the surest contact sounds, softly"
        return ContactPolicy("impact", max(least, SURE), -8.0, why, 1)
    return ContactPolicy("impact", max(least, CLEAR), -5.0, "no prompt says what it is, so it sounds soft and plain", 2)


def contact_cues(session: Session, *, claimed: frozenset[Event] = frozenset()) -> list[Cue]:
    """Cues of everything that touches, but for the events another sound has claimed."""
    policy = contact_policy(session)
    if not policy.family:
        return []
    starts_s = [] if policy.least_confidence <= ASKED else [shot.start_s for shot in session.analysis.shots]
    cues = [
        _contact_cue(event, session, policy)
        for event in _heard(session, policy)
        if event not in claimed
        and event.confidence >= policy.least_confidence
        and not any_near(starts_s, event.time_s, OPENING_S)
    ]
    found = _sparse([cue for cue in cues if cue is not None], policy.most_per_s)
    steps = [cue for cue in found if cue.sound.startswith("footstep")]
    if steps and not session.events("footstep"):
        steps = _in_step(steps, session)
        found = [cue for cue in found if not cue.sound.startswith("footstep")] + steps
    found += _pace_cues(session, steps)
    return found or _unseen_blows(session, policy)


def _unseen_blows(session: Session, policy: ContactPolicy) -> list[Cue]:
    # the prompt asks for blows and no contact is seen at all: then they fall where a movement ends
    if policy.family != "impact" or policy.least_confidence > ASKED:
        return []
    cues = []
    for moment in stops(session):
        event = Event(moment.time_s, "contact", UNSEEN, x=moment.x, extent=0.02, speed=USUAL_SPEED)
        cue = _contact_cue(event, session, policy)
        if cue is not None:
            why = f"{policy.why} and no contact is seen, so it falls where {moment.seen} at {moment.time_s:.2f} s"
            cues.append(replace(cue, why=why))
    return cues


def _heard(session: Session, policy: ContactPolicy) -> list[Event]:
    # an even pace that was seen takes the place of low contacts: they are the same feet
    contacts = list(session.events("contact", "collision"))
    if "footstep" in session.scene.effects:
        steps = list(session.events("footstep"))
        if steps:
            return steps + [e for e in contacts if e.y < _FEET_Y and policy.family != "footstep"]
        return contacts
    # nobody is said to walk: a pace that is seen all the same has to be sure, and may be no hammer
    struck = session.touches & {"impact", "splash"}
    steps = [] if struck else list(session.events("footstep", least=SURE))
    times_s = [step.time_s for step in steps]
    return steps + [e for e in contacts if e.y < _FEET_Y or not any_near(times_s, e.time_s, _SAME_FOOT_S)]


def _contact_cue(event: Event, session: Session, policy: ContactPolicy) -> Cue | None:
    family = _family(event, session, policy)
    if not family:
        return None
    cue = {"impact": _impact, "footstep": _footstep, "splash": _splash, "door": _door}[family](event, session)
    parameters = {**cue.parameters, "room": session.room, "distance": distance_of(event)}
    level_db = cue.level_db + policy.level_db + force_db(event) + (_COLLISION_DB if event.kind == "collision" else 0.0)
    seen = {"footstep": "step", "collision": "collision"}.get(event.kind, "contact")
    looks = f" that looks like a {event.guess}" if event.guess and family == event.guess else ""
    why = f"{seen}{looks} seen at {event.time_s:.2f} s; {policy.why}"
    return replace(cue, parameters=parameters, level_db=round(level_db, 2), why=why)


def _family(event: Event, session: Session, policy: ContactPolicy) -> str:
    # the prompt before the looks; the looks only where the prompt leaves room for them
    effects = session.scene.effects
    if event.kind == "footstep":
        return "footstep"
    wet = "splash" in effects or _has_water(session) or event.confidence >= SURE
    if event.guess == "splash" and wet and not session.scene.refuses("action", "splash"):
        return "splash"
    if event.guess == "door" and session.is_roofed is not False and event.confidence >= CLEAR:
        return "door"
    family = policy.family
    if "footstep" in effects:
        # feet are low in the picture; what happens above is a blow, if the prompt has blows at all
        if event.y >= _FEET_Y or (event.y >= _LEGS_Y and family == "footstep"):
            # arms swing too: what no even pace backs has to be clear
            return "footstep" if event.confidence >= CLEAR else ""
        if family == "footstep":
            return ""
    if family == "impact" and not session.scene.materials and "splash" in effects:
        return "splash"
    return family


def _has_water(session: Session) -> bool:
    named = session.scene.has("place", "sea", "lake", "river", "pool", "beach", "harbour", "waterfall")
    return named or any(texture.kind == "water" for texture in session.analysis.textures)


def _impact(event: Event, session: Session) -> Cue:
    material, other = _materials(event, session)
    named = session.scene.materials
    # the softer of the two sets the contact
    hardness = min(MATERIALS[name].hardness for name in (material, other) if name)
    hardness = 0.6 * hardness + 0.4 * MATERIALS[material].hardness + 0.1 * log2(event.speed / USUAL_SPEED)
    if not named:
        hardness = min(hardness, 0.4)
    return effect(
        event,
        f"impact/{material}",
        _RING_S.get(material, 0.8),
        f"{material} on {other}" if other else f"{material} struck",
        category=MATERIAL_CATEGORIES[material],
        parameters={"size": size_of(event), "hardness": share(hardness)},
    )


def _materials(event: Event, session: Session) -> tuple[str, str]:
    # what is struck, and what strikes it; the second is empty unless the prompt names just two
    named = session.scene.materials
    if len(named) > 2:
        # each third of the picture keeps its own, so that a thing sounds the same each time
        return named[min(int(event.x * len(named)), len(named) - 1)], ""
    if named:
        return named[0], named[1] if len(named) == 2 else ""
    return plain_material(session), ""


def plain_material(session: Session) -> str:
    """The least wrong body when nobody says what it is: ground outdoors, wood indoors."""
    if session.is_roofed is None:
        return "earth" if session.scene.beds else "wood"
    return "wood" if session.is_roofed else "earth"


def _splash(event: Event, session: Session) -> Cue:
    return effect(event, "splash/water", 1.6, "splash", parameters={"size": size_of(event), "hardness": 0.5})


def _door(event: Event, session: Session) -> Cue:
    return effect(event, "door/close", 1.2, "door closes", parameters={"size": size_of(event), "hardness": 0.5})


# -------------------------------------------------------------------- steps
def _footstep(event: Event, session: Session) -> Cue:
    surface = surface_of(session)
    level_db = _PAWS_DB if session.walker in PAWS else _STEP_DB
    return effect(
        event,
        f"footstep/{surface}",
        0.7,
        f"step on {surface}",
        level_db=level_db,
        parameters=_gait(session, surface),
    )


def surface_of(session: Session) -> str:
    """What feet touch: by the prompt, else the least wrong by the picture."""
    if session.scene.surface:
        return session.scene.surface
    if session.is_prompted or session.is_roofed is None:
        return "concrete"
    if session.is_roofed:
        return "wood"
    return "grass" if session.analysis.mood.foliage > 0.3 else "dirt"


def _gait(session: Session, surface: str) -> dict[str, float]:
    scene = session.scene
    size, hardness, speed = _GAITS["run" if scene.has("action", "run") else "walk"]
    shoe = _SOFT_SOLE if scene.shoe is None else scene.shoe
    if session.walker:
        shoe, hardness = (0.0, 0.2) if session.walker in PAWS else (_HOOF, 0.7)
    wet = _WET if scene.has("weather", "rain", "storm") and surface != "puddle" else 0.0
    return {"size": size, "hardness": hardness, "speed": speed, "shoe": shoe, "wet": wet}


def _in_step(steps: list[Cue], session: Session) -> list[Cue]:
    # of contacts that pass for steps, no two closer than a walk allows; the strongest first
    gap_s = _IN_STEP * PACE_S["walk" if session.scene.has("action", "walk") else "run"]
    kept: list[float] = []
    found = []
    for step in steps:
        if not any_near(kept, step.time_s, gap_s):
            insort(kept, step.time_s)
            found.append(step)
    return found


def _pace_cues(session: Session, steps: list[Cue]) -> list[Cue]:
    # somebody walks and hardly a foot is seen: an even pace, softly, while something moves, drawn to what touches low
    gait = next((name for name in ("run", "walk") if session.scene.has("action", name)), "")
    if not gait or session.existing_sound or session.walker in PAWS:
        return []
    runs = moving_runs(session, share=_WALKING_SHARE)
    if len(steps) >= _STEPS_PER_S * sum(end_s - start_s for start_s, end_s in runs):
        return []
    rng = stream(session.seed, "pace", gait)
    seen_s = sorted(step.time_s for step in steps)
    low = [event for event in session.events("contact", least=ASKED) if event.y >= _FEET_Y]
    low_s = [event.time_s for event in low]
    cues = []
    for start_s, end_s in runs:
        time_s = start_s + 0.5 * PACE_S[gait]
        while time_s < end_s - 0.1:
            near = bisect_left(low_s, time_s - _DRAWN_S)
            drawn = near < len(low) and low_s[near] <= time_s + _DRAWN_S
            time_s = low_s[near] if drawn else time_s
            if not any_near(seen_s, time_s, _IN_STEP * PACE_S[gait]):
                cues.append(_pace_step(time_s, gait, session, low[near] if drawn else None))
            time_s += PACE_S[gait] * rng.uniform(0.95, 1.05)
    return cues


def _pace_step(time_s: float, gait: str, session: Session, low: Event | None) -> Cue:
    event = low or Event(time_s, "footstep", UNSEEN, x=session.curves.x_at(time_s), extent=0.02, speed=USUAL_SPEED)
    cue = _footstep(event, session)
    said = f'the prompt says "{session.word_of("action", gait)}"'
    return replace(
        cue,
        level_db=PACE_DB,
        parameters={**cue.parameters, "room": session.room, "distance": 0.2},
        why=f"{said} and hardly a foot is seen, so this is an even pace"
        + (f"; drawn to the contact at {time_s:.2f} s" if low else ""),
    )


def _sparse(cues: list[Cue], most_per_s: int) -> list[Cue]:
    # the strongest few of every second, where the picture alone suggests blows
    kept: dict[int, list[float]] = {}
    found = []
    for cue in sorted(cues, key=lambda cue: (-cue.confidence * 10 ** (cue.level_db / 20), cue.time_s)):
        second = int(cue.time_s)
        beside = [t for near in (second - 1, second, second + 1) for t in kept.get(near, ())]
        if sum(abs(t - cue.time_s) < 0.5 for t in beside) < most_per_s:
            kept.setdefault(second, []).append(cue.time_s)
            found.append(cue)
    return found
