"""Spotting: from what is seen and what the prompt says to a cue sheet. The policy, in words: `docs/spotting.md`.

The prompt says what, the picture says when, where, how hard and how large. Foreground: what touches, shoots, breaks.
Then what goes on (engines, friction), then calls and foley, then two beds, then music. At one moment the stronger
sound wins, foley yields to blows, beds to dense effects, and everything to speech and to the clip's own sound.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.records import Analysis, Cue, SoundPlan
from pipeline.sound.lexicon.scene import read_prompt
from pipeline.sound.noise import key_of
from pipeline.sound.spotting.beds import bed_cues
from pipeline.sound.spotting.contacts import contact_cues
from pipeline.sound.spotting.continuous import continuous_cues
from pipeline.sound.spotting.feelings import scene_feelings, strong_moments
from pipeline.sound.spotting.flashes import flash_cues
from pipeline.sound.spotting.music import MusicWishes, missed_cuts, music_cues
from pipeline.sound.spotting.policy import PRODUCTION_AMBIENCE_DB, PRODUCTION_EFFECTS_DB
from pipeline.sound.spotting.prompted import prompted_cues
from pipeline.sound.spotting.session import Session
from pipeline.sound.spotting.transitions import accent_cues, whoosh_cues
from pipeline.sound.spotting.yields import settle


def spot(
    analysis: Analysis,
    *,
    prompt: str = "",
    seed: int = 0,
    music: bool = True,
    music_wishes: MusicWishes = MusicWishes(),
    existing_sound: bool = False,
) -> SoundPlan:
    """Write the cue sheet of a clip.

    Parameters
    ----------
    analysis : Analysis
    prompt : str
        What the clip was made from, or what a person says it shows; may be empty.
    seed : int
        Of the plan; each cue's own seed follows from it and the cue's id.
    music : bool
        False leaves the music out.
    music_wishes : MusicWishes
        What a person asks of it, e.g. `music.read_wishes` of the settings.
    existing_sound : bool
        The clip has production sound that stays.

    Returns
    -------
    SoundPlan
        Cues in order of time, with ids that come out the same when the same things are seen again.

    Raises
    ------
    UsageError
        The music would begin behind the end of the clip.
    """
    session = Session(analysis, read_prompt(prompt), prompt=prompt, seed=seed, existing_sound=existing_sound)
    effects = effect_cues(session)
    cues = _shift(effects, PRODUCTION_EFFECTS_DB if existing_sound else 0.0)
    cues += _shift(bed_cues(session, effects), PRODUCTION_AMBIENCE_DB if existing_sound else 0.0)
    if music:
        cues += music_cues(session, wishes=music_wishes, under_effects=bool(effects))
    plan = SoundPlan(
        duration_s=analysis.duration_s,
        cues=_named([cue for cue in cues if 0 <= cue.time_s < analysis.duration_s], seed),
        prompt=prompt,
        seed=seed,
        markers_s=tuple(round(time_s, 3) for time_s in session.cuts_s),
        mood=analysis.mood,
        accents_s=strong_moments(session),
        feelings=scene_feelings(analysis, prompt=prompt),
    )
    return missed_cuts(plan)


def effect_cues(session: Session) -> list[Cue]:
    """Everything in the effects stems, after it is settled what yields."""
    if session.scene.refuses("wish", "effects"):
        return []
    placed, claimed = prompted_cues(session)
    return settle(
        [
            *placed,
            *contact_cues(session, claimed=claimed),
            *flash_cues(session, claimed=claimed),
            *continuous_cues(session, claimed=claimed),
            *whoosh_cues(session, claimed=claimed),
            *accent_cues(session),
        ]
    )


def _named(cues: list[Cue], seed: int) -> tuple[Cue, ...]:
    # in order of time, with ids from what and when, and a seed from the id: the same thing seen again keeps both
    taken: dict[str, int] = {}
    named = []
    for cue in sorted(cues, key=lambda cue: (cue.time_s, cue.stem, cue.sound, cue.pan)):
        family, _, name = cue.sound.partition("/")
        lasting = cue.stem in ("BG", "MX") and cue.time_s == 0
        base = f"{family}-{name}" if lasting else f"{family}-{cue.time_s:.2f}"
        taken[base] = taken.get(base, 0) + 1
        cue_id = base if taken[base] == 1 else f"{base}-{taken[base]}"
        named.append(replace(cue, id=cue_id, seed=key_of(seed, cue_id) & 0x7FFFFFFF))
    return tuple(named)


def _shift(cues: list[Cue], level_db: float) -> list[Cue]:
    return [replace(cue, level_db=round(cue.level_db + level_db, 2)) for cue in cues]
