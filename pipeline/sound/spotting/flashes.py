"""Flashes: shots, fireworks, explosions and thunder, where the picture lights up or the prompt promises them."""

from __future__ import annotations

from dataclasses import replace

from pipeline.records import Cue, Event
from pipeline.sound.noise import stream
from pipeline.sound.spotting.policy import ALARMING, CLUE, UNSEEN
from pipeline.sound.spotting.session import INDOORS, Session, effect, pan_of

_SIZES = {"gun": 0.25, "firework": 0.5, "blast": 0.9}
_CATEGORIES = {"gun": "GUNS", "firework": "FIREWORKS", "blast": "EXPLOSIONS"}
# by the looks of the flash alone
_GUESSED = {"gun": "gun", "shot": "gun", "firework": "firework", "explosion": "blast", "blast": "blast"}
_GUESSED_DB = -6.0
# far thunder and far fireworks that nobody sees: seconds between two, level
_UNSEEN_EVERY_S = {"thunder": 14.0, "firework": 2.5, "blast": 30.0}
_UNSEEN_DB = -6.0
_UNSEEN_THUNDER_DB = -10.0
_THUNDER_S = 6.0


def flash_cues(session: Session, *, claimed: frozenset[Event] = frozenset()) -> list[Cue]:
    """What the flashes of a clip sound like; nothing where neither prompt nor looks say what they are."""
    flashes = [event for event in session.events("flash") if event not in claimed]
    effects = session.scene.effects
    if "burst" in effects:
        kind = _burst_kind(session)
        found = [
            _burst(session, event, kind, f"flash seen at {event.time_s:.2f} s; {session.says('burst')}")
            for event in flashes
        ]
        return found or _unseen_bursts(session, kind)
    if "thunder" in effects:
        found = [
            _thunder(session, event, f"flash seen at {event.time_s:.2f} s; {session.says('thunder')}")
            for event in flashes
        ]
        return found or _unseen_thunder(session)
    return [cue for event in flashes for cue in _guessed(session, event)]


def _burst_kind(session: Session) -> str:
    scene = session.scene
    return "firework" if scene.has("action", "fireworks") else "gun" if scene.has("action", "shoot") else "blast"


def _guessed(session: Session, event: Event) -> list[Cue]:
    # nobody says so: only a flash that can hardly be anything else
    if session.existing_sound or session.talks or event.confidence < ALARMING:
        return []
    why = f"flash seen at {event.time_s:.2f} s that looks like {event.guess}, though nothing says so"
    if event.guess == "lightning" and session.analysis.mood.indoor < INDOORS:
        cue = _thunder(session, event, why)
        return [replace(cue, level_db=cue.level_db + _GUESSED_DB)]
    if event.guess in _GUESSED and not session.prompt.strip():
        cue = _burst(session, event, _GUESSED[event.guess], why)
        return [replace(cue, level_db=cue.level_db + _GUESSED_DB)]
    return []


def _unseen_bursts(session: Session, kind: str) -> list[Cue]:
    if session.existing_sound:
        return []
    if kind == "firework":
        why = f"{session.says('burst')}; no flash is seen, so the times are free and far away"
        return [
            replace(_burst(session, event, kind, why), level_db=_UNSEEN_DB)
            for event in _free(session, kind, _UNSEEN_EVERY_S[kind])
        ]
    struck = sorted(
        session.events("contact", "collision", "appearance", "whoosh", least=0.4),
        key=lambda e: -e.confidence * (1 + e.speed),
    )
    if struck:
        event = replace(struck[0], length_s=0.0)
        where = f"the strongest {event.kind} at {event.time_s:.2f} s"
        why = f"{session.says('burst')}; no flash is seen, so it goes to {where}"
        return [
            replace(_burst(session, event, kind, why), confidence=min(event.confidence, 0.4), level_db=_UNSEEN_DB / 2)
        ]
    begins = [moment for moment in session.moments if moment.strength >= CLUE][:1]
    return [
        replace(
            _burst(
                session,
                Event(moment.time_s, "flash", 0.3, x=moment.x),
                kind,
                f"{session.says('burst')}; no flash is seen, so it goes where {moment.seen} at {moment.time_s:.2f} s",
            ),
            level_db=_UNSEEN_DB / 2,
        )
        for moment in begins
    ]


def _unseen_thunder(session: Session) -> list[Cue]:
    if session.existing_sound:
        return []
    why = f"{session.says('thunder')}; no lightning is seen, so it rolls far away at a free time"
    cues = [_thunder(session, event, why) for event in _free(session, "thunder", _UNSEEN_EVERY_S["thunder"])]
    return [replace(c, level_db=_UNSEEN_THUNDER_DB, parameters={**c.parameters, "distance": 0.6}) for c in cues]


def _free(session: Session, name: str, every_s: float) -> list[Event]:
    # one in each even part of the clip, somewhere in its first half
    duration_s = session.analysis.duration_s
    count = max(int(duration_s / every_s), 1)
    rng = stream(session.seed, "free", name)
    return [
        Event((i + part) * duration_s / count, "flash", UNSEEN, x=x)
        for i, (part, x) in enumerate(zip(rng.uniform(0.1, 0.5, count), rng.uniform(0.2, 0.8, count), strict=True))
    ]


def _burst(session: Session, event: Event, kind: str, why: str) -> Cue:
    size = _SIZES[kind]
    parameters = {"size": size, "hardness": 0.7, "room": session.room}
    return effect(
        event, f"burst/{kind}", 0.5 + 3 * size, kind, category=_CATEGORIES[kind], parameters=parameters, why=why
    )


def _thunder(session: Session, event: Event, why: str) -> Cue:
    # thunder is wider than its lightning
    parameters = {"size": 0.6, "hardness": 0.5}
    pan = round(0.4 * pan_of(event.x), 2)
    return effect(event, "thunder/clap", _THUNDER_S, "thunder", pan=pan, level_db=2.0, parameters=parameters, why=why)
