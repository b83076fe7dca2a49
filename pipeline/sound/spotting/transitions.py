"""Transitions: whooshes that end with their movement or in the cut, and the risers and hits of a trailer."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from pipeline.records import Cue, Event
from pipeline.sound.spotting.policy import (
    CUT_REACH_S,
    HEAVY_EXTENT,
    HIT_DB,
    HIT_GAP_S,
    RISER_DB,
    RISER_GAP_S,
    RISER_S,
    WHOOSH_S,
)
from pipeline.sound.spotting.session import USUAL_SPEED, Session, effect, force_db, log2, share, size_of

# confidence a whoosh needs: in a lively clip, in any other, and when the whole picture sweeps (a camera makes no wind
# unless it whips)
_LIVELY, _PLAIN, _WHIP = 0.5, 0.65, 0.75
_WHOLE_PICTURE = 0.9
_WHOOSH_DB = -6.0
# a movement that seems to end this little behind a cut ended in it
_EARLY_S = 0.05
# words of the cinematic style that mean its accents, not just its light
_TRAILER_STYLES = ("cinematic",)
# a clip with fewer cuts a minute has no rhythm to stress
_LEAST_CUTS_PER_MINUTE = 6.0


def whoosh_cues(session: Session, *, claimed: frozenset[Event] = frozenset()) -> list[Cue]:
    """Fast movement without a stop; nothing where the prompt only talks or the clip brings its own sound."""
    if session.talks or session.existing_sound:
        return []
    asked = bool(session.named("whoosh"))
    lively = session.scene.has("action") or session.scene.has("vehicle") or not session.is_prompted
    least = 0.3 if asked else _LIVELY if lively else _PLAIN
    cues = []
    for event in session.events("whoosh"):
        if event in claimed or event.confidence < (_WHIP if event.extent > _WHOLE_PICTURE else least):
            continue
        cue = _whoosh(session, event)
        if cue is not None:
            cues.append(cue)
    return cues


def _whoosh(session: Session, event: Event) -> Cue | None:
    stop_s = min(event.time_s + 0.5 * event.length_s, session.analysis.duration_s)
    at = bisect_left(session.cuts_s, stop_s - _EARLY_S)
    cut_s = next((cut for cut in session.cuts_s[at : at + 1] if cut - stop_s <= CUT_REACH_S), None)
    end_s = stop_s if cut_s is None else cut_s
    length_s = min(max(2.0 * event.length_s, WHOOSH_S[0]), WHOOSH_S[1], end_s)
    if length_s < WHOOSH_S[0]:
        return None
    heavy = HEAVY_EXTENT <= event.extent <= _WHOLE_PICTURE or "whoosh/heavy" in dict(session.named("whoosh"))
    parameters = {"size": size_of(event), "hardness": share(0.4 + 0.12 * log2(event.speed / USUAL_SPEED))}
    why = "fast movement that ends " + ("here" if cut_s is None else "in the cut")
    return effect(
        replace(event, time_s=end_s - length_s),
        "whoosh/heavy" if heavy else "whoosh/air",
        length_s,
        "fast movement",
        level_db=round(_WHOOSH_DB + force_db(event), 2),
        parameters=parameters,
        why=why,
    )


def accent_cues(session: Session) -> list[Cue]:
    """Hits on cuts and risers into them, where the prompt or its style asks, and never in a calm clip."""
    named = dict(session.named("hit", "riser"))
    often = 60 * len(session.cuts_s) >= _LEAST_CUTS_PER_MINUTE * session.analysis.duration_s
    styled = session.scene.has("style", *_TRAILER_STYLES) and often
    if session.existing_sound or session.talks or session.is_calm or not (named or styled):
        return []
    said = f'the prompt says "{next((m.word for m in named.values()), session.scene.word("style"))}"'
    hits = _apart(session.cuts_s, HIT_GAP_S) if styled or "hit/deep" in named else []
    risers = _apart(session.cuts_s, RISER_GAP_S) if styled or "riser/air" in named else []
    return [*(_hit(session, cut_s, said) for cut_s in hits), *_risers(session, risers, said)]


def _hit(session: Session, cut_s: float, said: str) -> Cue:
    event = Event(cut_s, "cut", 0.7)
    parameters = {"size": 0.7, "hardness": 0.5, "room": max(session.room, 0.4)}
    why = f"a cut at {cut_s:.2f} s; {said}"
    return effect(event, "hit/deep", 3.0, "hit on the cut", level_db=HIT_DB, parameters=parameters, why=why)


def _risers(session: Session, cuts_s: list[float], said: str) -> list[Cue]:
    cues = []
    for cut_s in cuts_s:
        before_s = max((cut for cut in (0.0, *session.cuts_s) if cut < cut_s), default=0.0)
        length_s = min(cut_s - before_s, RISER_S[1])
        if length_s >= RISER_S[0]:
            event = Event(cut_s - length_s, "cut", 0.6)
            why = f"rises into the cut at {cut_s:.2f} s; {said}"
            parameters = {"size": 0.5, "hardness": 0.5}
            cues.append(
                effect(event, "riser/air", length_s, "riser", level_db=RISER_DB, parameters=parameters, why=why)
            )
    return cues


def _apart(times_s: tuple[float, ...], gap_s: float) -> list[float]:
    kept: list[float] = []
    for time_s in times_s:
        if not kept or time_s - kept[-1] >= gap_s:
            kept.append(time_s)
    return kept
