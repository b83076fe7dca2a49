"""Sounds the prompt names: it says what, the picture when and where, a seed when the picture says nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.records import Cue, Event
from pipeline.sound.lexicon.scene import Mention
from pipeline.sound.noise import stream
from pipeline.sound.spotting.policy import (
    ASKED,
    CLUE,
    KEY_DB,
    KEY_GAP_S,
    KEY_PAUSE_S,
    KEYS,
    KEYS_UNSEEN_DB,
    PLACINGS,
    SILENT_DB,
    SILENT_SHARE,
    SURE,
    UNSEEN,
    Placing,
)
from pipeline.sound.spotting.session import PLACED, Session, any_near, distance_of, effect, force_db, pan_of, size_of

# animals that are heard in the bed of their place
_IN_BEDS = ("animal/bird", "animal/frog")
# one that is only there answers nothing weaker than this, and is this share as sure
_SURE_CLUE, _ONLY_THERE = 0.6, 0.6
# what a hand does to a key takes up no more of the picture than this
_KEY_EXTENT = 0.06
# a sound without a place may lie so far from the middle
_SPREAD = 0.35


@dataclass(frozen=True)
class _Place:
    """When and where one named sound goes, and what told so."""

    event: Event
    seen: str
    # True when the event belongs to this sound alone
    claims: bool = False


def prompted_cues(session: Session) -> tuple[list[Cue], frozenset[Event]]:
    """Cues of named sounds, and the events they take for themselves."""
    cues: list[Cue] = []
    claimed: set[Event] = set()
    for sound, mention in session.named(*PLACED):
        if not _is_heard(session, sound, mention):
            continue
        if sound == "click/key":
            cues += _typing(session, mention)
            claimed |= set(_keys(session))
            continue
        placing = _placing(sound, mention)
        for place in _places(session, sound, placing, claimed):
            cues.append(_named_cue(session, sound, mention, placing, place))
            if place.claims:
                claimed.add(place.event)
    return cues, frozenset(claimed)


def _is_heard(session: Session, sound: str, mention: Mention) -> bool:
    # an animal that is only there may be silent: it is where its bed sounds, where somebody talks, beside real sound
    if mention.concept.kind != "animal":
        return True
    return not (sound in _IN_BEDS or session.talks or session.existing_sound)


def _placing(sound: str, mention: Mention) -> Placing:
    placing = PLACINGS[sound]
    if mention.concept.kind != "animal":
        return placing
    return replace(
        placing,
        level_db=placing.level_db + SILENT_DB,
        per_minute=placing.per_minute * SILENT_SHARE,
        least_gap_s=2 * placing.least_gap_s,
        row=1,
        clue=_SURE_CLUE,
    )


def _places(session: Session, sound: str, placing: Placing, claimed: set[Event]) -> list[_Place]:
    wanted = min(max(round(placing.per_minute * session.analysis.duration_s / 60), 1), placing.most)
    if placing.on in ("strong", "large", "small", "last", "first"):
        found = _at_contacts(session, placing, wanted, claimed)
    elif placing.on == "flash":
        flashes = [_Place(e, "flash seen", claims=True) for e in session.events("flash") if e not in claimed]
        found = _apart(flashes, placing.least_gap_s, wanted)
        found = found or (_at_contacts(session, placing, wanted, claimed) if placing.most == 1 else [])
    elif placing.on == "slide":
        found = _at_slides(session, wanted, claimed)
    elif placing.on == "moment" and not session.existing_sound:
        found = _at_moments(session, placing, wanted)
    else:
        found = []
    if found:
        return [each for place in found for each in _row(session, sound, placing, place)]
    if session.existing_sound or placing.clue > CLUE:
        return []
    return _by_seed(session, sound, placing, wanted)


def _at_contacts(session: Session, placing: Placing, wanted: int, claimed: set[Event]) -> list[_Place]:
    least = SURE if session.existing_sound else ASKED
    touched = [e for e in session.events("contact", "collision", least=least) if e not in claimed]
    guessed = [e for e in touched if e.guess and e.guess in ("door", "shatter", "glass")]
    order = {
        "strong": lambda e: -(e.confidence * (1 + e.speed) * (0.02 + e.extent) ** 0.3),
        "large": lambda e: -(e.confidence * e.extent) - (10 if e in guessed else 0) - 0.02 * e.time_s,
        "small": lambda e: e.extent / max(e.confidence, 0.1),
        "last": lambda e: -e.time_s,
        "first": lambda e: e.time_s,
    }.get(placing.on, lambda e: -e.confidence)
    best = {"large": "largest", "small": "smallest", "strong": "strongest"}.get(placing.on, placing.on)
    seen = f"{best} contact" if placing.on != "flash" else "surest contact"
    return _apart(
        [_Place(e, f"{seen} seen", claims=True) for e in sorted(touched, key=order)], placing.least_gap_s, wanted
    )


def _at_slides(session: Session, wanted: int, claimed: set[Event]) -> list[_Place]:
    slides = [e for e in session.events("slide", "whoosh", least=ASKED) if e not in claimed]
    longest = sorted(slides, key=lambda e: (e.kind != "slide", -e.length_s * e.confidence))
    return [_Place(e, f"{e.kind} seen", claims=True) for e in longest[:wanted]]


def _at_moments(session: Session, placing: Placing, wanted: int) -> list[_Place]:
    places = [
        _Place(Event(m.time_s, "appearance", round(0.3 + 0.4 * m.strength, 3), x=m.x, extent=0.05, speed=1.0), m.seen)
        for m in session.moments
        if m.strength >= placing.clue and m.time_s < session.analysis.duration_s - 0.5 * placing.length_s
    ]
    return _apart(places, placing.least_gap_s, wanted)


def _apart(places: list[_Place], gap_s: float, wanted: int) -> list[_Place]:
    # the first ones that keep their distance from each other
    kept: list[_Place] = []
    for place in places:
        if len(kept) == wanted:
            break
        if all(abs(place.event.time_s - other.event.time_s) >= gap_s for other in kept):
            kept.append(place)
    return kept


def _row(session: Session, sound: str, placing: Placing, place: _Place) -> list[_Place]:
    # a dog barks twice or three times, never in step
    rng = stream(session.seed, sound, f"{place.event.time_s:.1f}")
    count = int(rng.integers(1, placing.row + 1))
    places = [place]
    for _ in range(count - 1):
        last = places[-1].event
        time_s = last.time_s + placing.row_gap_s * rng.uniform(0.8, 1.3)
        if time_s + 0.5 * placing.length_s < session.analysis.duration_s:
            places.append(_Place(replace(last, time_s=time_s), "it goes on"))
    return places


def _by_seed(session: Session, sound: str, placing: Placing, wanted: int) -> list[_Place]:
    # one in each even part of the clip, somewhere in it: irregular, yet never crowded
    rng = stream(session.seed, sound, "free")
    usable_s = max(session.analysis.duration_s - 0.8 * placing.length_s, 0.1 * session.analysis.duration_s)
    wanted = max(min(wanted, int(usable_s / placing.least_gap_s)), 1)
    spot_s = (rng.uniform(0.15, 0.75, wanted) if placing.on != "free" else rng.uniform(0.4, 0.45, wanted)) / wanted
    seen = "nothing in the picture tells when, so the time is free"
    x = 0.5 + rng.uniform(-_SPREAD, _SPREAD) if placing.distance >= 0.25 else 0.5
    places = [
        _Place(Event(float((i / wanted + part) * usable_s), "appearance", UNSEEN, x=x, speed=1.0), seen)
        for i, part in enumerate(spot_s)
    ]
    return [each for place in places for each in _row(session, sound, placing, place)]


def _named_cue(session: Session, sound: str, mention: Mention, placing: Placing, place: _Place) -> Cue:
    event = place.event
    seen = event.kind not in ("appearance", "flash")
    length_s = min(max(event.length_s, 0.6), 4.0) if event.kind in ("slide", "whoosh") else placing.length_s
    parameters = {
        "size": size_of(event) if seen else 0.5,
        "hardness": 0.5,
        "room": session.room,
        "distance": distance_of(event) if seen else placing.distance,
    }
    cue = effect(event, sound, length_s, sound.replace("/", ", "), parameters=parameters)
    level_db = placing.level_db + (force_db(event) if seen else 0.0)
    start_s = event.time_s - (event.length_s / 2 if event.kind == "whoosh" else 0.0)
    return replace(
        cue,
        time_s=round(max(start_s, 0.0), 3),
        level_db=round(level_db, 2),
        confidence=round(cue.confidence * (_ONLY_THERE if placing.clue > CLUE else 1.0), 3),
        why=f'the prompt says "{mention.word}"; {_when(place)}',
    )


def _when(place: _Place) -> str:
    if place.event.kind == "appearance":
        return place.seen + (f" at {place.event.time_s:.2f} s" if place.event.confidence > UNSEEN else "")
    return f"{place.seen} at {place.event.time_s:.2f} s"


# ------------------------------------------------------------------- typing
def _keys(session: Session) -> tuple[Event, ...]:
    # in a close-up keys are large; where something else strikes as well, only small contacts are keys
    widest = _KEY_EXTENT if "impact" in session.touches else 1.0
    return tuple(e for e in session.events("contact", least=ASKED) if e.extent <= widest)


def _typing(session: Session, mention: Mention) -> list[Cue]:
    # small contacts are keys; where too few are seen, a plausible run of them while something moves
    said = f'the prompt says "{mention.word}"'
    seen = _keys(session)
    cues = [
        replace(_key(session, event, KEY_DB), why=f"small contact seen at {event.time_s:.2f} s; {said}")
        for event in seen
    ]
    if session.existing_sound or len(seen) > session.analysis.duration_s:
        return cues
    from pipeline.sound.spotting.follow import moving_runs

    runs = moving_runs(session) or [(0.0, session.analysis.duration_s)]
    why = f"{said}; single keys cannot be seen, so this is a plausible rhythm"
    times_s = [t for start_s, end_s in runs for t in _key_times(session, start_s, end_s)]
    seen_s = [event.time_s for event in seen]
    free = [t for t in times_s if not any_near(seen_s, t, 0.1)]
    x = 0.5 if not seen else sum(event.x for event in seen) / len(seen)
    events = [Event(t, "contact", UNSEEN, x=x, extent=0.005, speed=0.6) for t in free]
    return cues + [replace(_key(session, event, KEYS_UNSEEN_DB), why=why) for event in events]


def _key_times(session: Session, start_s: float, end_s: float) -> list[float]:
    rng = stream(session.seed, "typing", f"{start_s:.1f}")
    times_s: list[float] = []
    time_s = start_s + rng.uniform(0.05, 0.4)
    while time_s < end_s - 0.1:
        for _ in range(int(rng.integers(*KEYS))):
            if time_s < end_s - 0.1:
                times_s.append(float(time_s))
            time_s += rng.uniform(*KEY_GAP_S)
        time_s += rng.uniform(*KEY_PAUSE_S)
    return times_s


def _key(session: Session, event: Event, level_db: float) -> Cue:
    rng = stream(session.seed, "key", f"{event.time_s:.3f}")
    parameters = {
        "size": 0.3,
        "hardness": round(float(rng.uniform(0.4, 0.6)), 3),
        "room": session.room,
        "distance": 0.1,
    }
    cue = effect(event, "click/key", 0.25, "key", parameters=parameters)
    return replace(cue, level_db=round(level_db + float(rng.uniform(-2, 1)), 2), pan=pan_of(event.x))
