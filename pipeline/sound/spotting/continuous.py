"""Sounds that go on: engines that follow their vehicle, friction as long as it is seen, clothes of people who move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.records import Cue, Event
from pipeline.sound.spotting.contacts import plain_material
from pipeline.sound.spotting.follow import STILL, centre_of, follow_level, follow_pan, moving_runs
from pipeline.sound.spotting.policy import (
    ENGINE_DB,
    ENGINE_RANGE_DB,
    ENGINE_SHOT_S,
    MOVES_DB,
    MOVES_LEAST,
    MOVES_RANGE_DB,
    PLAIN_MOVES_DB,
    SECOND_ENGINE_DB,
    SLIDE_DB,
    SLIDE_LEAST,
    SLIDE_RANGE_DB,
    SLIDE_S,
    SURE,
    UNSEEN,
)
from pipeline.sound.spotting.session import Session, distance_of, effect, force_db, log2, pan_of, share, size_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# the nearest body that can be dragged or rolled
_SCRAPED = {"rubber": "plastic", "flesh": "cloth", "water": "earth"}
_ROLLED = {"ceramic": "stone", "earth": "stone", "cloth": "rubber", "flesh": "rubber", "water": "rubber"}
# an engine is one vehicle: two at once are enough for any street, which has a bed of its own
_MOST_ENGINES = 2
# picture heights per second of a vehicle that goes by at an everyday speed
_CRUISE = 0.15
# share of the camera's own movement that counts as the vehicle's
_RIDE = 0.5
# textures this sure sound by themselves
_SHOWN = 0.45
_PLAIN_WHY = "no prompt says what moves, so it only rustles softly while something does"
# engines that fill the sky come from far
_FAR = {"aircraft": 0.35, "helicopter": 0.35, "train": 0.25, "boat": 0.25}


def continuous_cues(session: Session, *, claimed: frozenset[Event] = frozenset()) -> list[Cue]:
    """Engines, friction and clothes; beside production sound only friction that is sure."""
    slides = _slide_cues(session, claimed)
    if session.existing_sound:
        return slides
    return [*_engine_cues(session), *slides, *_moves_cues(session)]


# ------------------------------------------------------------------ engines
def engines_of(session: Session) -> tuple[str, ...]:
    """Engines that run as effects; inside a vehicle the engine is a bed."""
    if session.existing_sound or session.scene.has("place", "vehicle_cabin"):
        return ()
    return tuple(sound for sound, _ in session.named("engine"))[:_MOST_ENGINES]


def _engine_cues(session: Session) -> list[Cue]:
    words = {sound: mention.word for sound, mention in session.named("engine")}
    cues = []
    # a camera that rides along sees only the road move
    energy = session.curves.energy + _RIDE * session.curves.camera
    for place, sound in enumerate(engines_of(session)):
        level_db = ENGINE_DB + (SECOND_ENGINE_DB if place else 0.0)
        for start_s, end_s in _engine_shots(session):
            cues.append(_engine(session, sound, energy, words[sound], (start_s, end_s), level_db))
    return cues


def _engine_shots(session: Session) -> list[tuple[float, float]]:
    # one cue a shot, as the vehicle jumps at a cut; very short shots go together
    runs: list[tuple[float, float]] = []
    for shot in session.analysis.shots:
        if runs and (shot.end_s - shot.start_s < ENGINE_SHOT_S or runs[-1][1] - runs[-1][0] < ENGINE_SHOT_S):
            runs[-1] = (runs[-1][0], shot.end_s)
        else:
            runs.append((shot.start_s, shot.end_s))
    return runs


def _engine(
    session: Session, sound: str, energy: NDArray[Any], word: str, run: tuple[float, float], level_db: float
) -> Cue:
    start_s, end_s = run
    curves = session.curves
    name = sound.partition("/")[2]
    top, strong = (_strong(part) for part in (energy, energy[curves.between(start_s, end_s)]))
    moves = strong > STILL
    event = Event(start_s, "slide", 0.6 if moves else 0.3, x=centre_of(curves, start_s=start_s, end_s=end_s))
    driven = follow_level(curves.times_s, energy, start_s=start_s, end_s=end_s, range_db=ENGINE_RANGE_DB, top=top)
    path = follow_pan(curves, start_s=start_s, end_s=end_s)
    parameters = {
        "size": 0.5,
        "speed": share(0.45 + 0.12 * log2(strong / _CRUISE), low=0.1, high=0.9),
        "room": session.room,
        "distance": _FAR.get(name, 0.15),
    }
    return effect(
        event,
        sound,
        end_s - start_s,
        f"{name} engine",
        level_db=round(level_db + (0.0 if moves else ENGINE_RANGE_DB[0] / 2), 2),
        parameters=parameters,
        automation=driven,
        pan_automation=path,
        why=f'the prompt says "{word}"; {_followed(bool(driven), bool(path), moves)}',
    )


def _followed(level: bool, pan: bool, moves: bool) -> str:
    if not moves:
        return "nothing moves, so it only ticks over"
    if level and pan:
        return "its level and place follow the movement"
    if level or pan:
        return f"its {'level' if level else 'place'} follows the movement"
    return "the movement is even, and so is its level"


def _strong(energy: NDArray[Any]) -> float:
    import numpy as np

    return float(np.percentile(energy, 90)) if energy.size else 0.0


# ----------------------------------------------------------------- friction
def _slide_cues(session: Session, claimed: frozenset[Event]) -> list[Cue]:
    rank, why = _slide_rank(session)
    if rank is None:
        return []
    least = max(SLIDE_LEAST[rank], SURE if session.existing_sound else 0.0)
    slides = [event for event in session.events("slide", least=least) if event not in claimed]
    cues = [
        _slide(session, event, SLIDE_DB[rank], f"friction seen from {event.time_s:.2f} s; {why}") for event in slides
    ]
    if cues or rank or session.existing_sound:
        return cues
    return [
        _slide(
            session,
            Event(
                start_s,
                "slide",
                UNSEEN,
                x=centre_of(session.curves, start_s=start_s, end_s=end_s),
                extent=0.05,
                speed=1.0,
                length_s=end_s - start_s,
            ),
            SLIDE_DB[0],
            f"{why}; no single slide is seen, so it follows the movement",
        )
        for start_s, end_s in moving_runs(session)
    ]


def _slide_rank(session: Session) -> tuple[int | None, str]:
    # how much the prompt asks for friction; None for not at all
    named = session.named("scrape", "roll")
    if named:
        return 0, f'the prompt says "{named[0][1].word}"'
    if session.talks or engines_of(session):
        return None, ""
    if session.scene.materials:
        return 1, "the prompt names what it is made of"
    if session.is_prompted:
        return 3, "nothing in the prompt suggests it, so only the surest sounds, softly"
    return 2, "no prompt says what it is, so it sounds soft and plain"


def _slide(session: Session, event: Event, level_db: float, why: str) -> Cue:
    sound = _friction(session, event)
    length_s = min(max(event.length_s, SLIDE_S[0]), SLIDE_S[1], session.analysis.duration_s - event.time_s)
    times_s, energy = session.curves.near(event.x, event.y)
    end_s = event.time_s + length_s
    driven = follow_level(times_s, energy, start_s=event.time_s, end_s=end_s, range_db=SLIDE_RANGE_DB)
    parameters = {
        "size": size_of(event),
        "hardness": 0.5,
        "speed": share(0.5 + 0.12 * log2(event.speed), low=0.1, high=0.95),
        "room": session.room,
        "distance": distance_of(event),
    }
    return effect(
        event,
        sound,
        length_s,
        sound.replace("/", ", "),
        level_db=round(level_db + min(force_db(event), 0.0), 2),
        parameters=parameters,
        automation=driven,
        why=why + ("; its level follows the movement there" if driven else ""),
    )


def _friction(session: Session, event: Event) -> str:
    named = dict(session.named("scrape", "roll"))
    rolls = any(sound.startswith("roll") for sound in named)
    scrapes = any(sound.startswith("scrape") for sound in named)
    family = "roll" if (event.guess == "roll" and not (scrapes and not rolls)) or (rolls and not scrapes) else "scrape"
    said = next((sound for sound in named if sound.startswith(family) and not sound.endswith("/")), "")
    if said:
        return said
    material = (session.scene.materials or (plain_material(session),))[0]
    nearest = _ROLLED if family == "roll" else _SCRAPED
    return f"{family}/{nearest.get(material, material)}"


# -------------------------------------------------------------------- moves
def _moves_cues(session: Session) -> list[Cue]:
    # what moves rustles: the softest layer of foley, and the one that makes a picture feel touched
    word = session.word_of("action", "walk", "run", "dance", "fight")
    if session.walker or session.talks or engines_of(session) or not (word or _is_plain(session)):
        return []
    why = f'the prompt says "{word}": clothes rustle while somebody moves' if word else _PLAIN_WHY
    curves = session.curves
    cues = []
    for start_s, end_s in moving_runs(session, least=MOVES_LEAST):
        x = centre_of(curves, start_s=start_s, end_s=end_s)
        driven = follow_level(curves.times_s, curves.energy, start_s=start_s, end_s=end_s, range_db=MOVES_RANGE_DB)
        cues.append(
            effect(
                Event(start_s, "slide", 0.4 if word else UNSEEN, x=x),
                "scrape/cloth",
                end_s - start_s,
                "clothes" if word else "soft movement",
                category="CLOTH",
                level_db=MOVES_DB if word else PLAIN_MOVES_DB,
                parameters={"size": 0.5, "hardness": 0.3, "speed": 0.3, "room": session.room, "distance": 0.2},
                automation=driven,
                pan=round(0.5 * pan_of(x), 2),
                why=why,
            )
        )
    return cues


def _is_plain(session: Session) -> bool:
    # nobody says where or what it is, and the picture shows nothing that sounds by itself
    shown = any(texture.confidence >= _SHOWN for texture in session.analysis.textures)
    return not session.is_prompted and session.is_roofed is not False and not shown
