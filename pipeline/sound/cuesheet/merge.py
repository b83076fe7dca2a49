"""A new analysis meets a sheet that a person edited: what they touched stays, the rest is renewed.

The sheet carries a note of what Foleymark wrote (`cuesheet_data.Made`): the digest of each cue's values, and where the
analysis saw it. A cue whose values are others than noted was edited; one that is noted and gone was deleted; one that
is not noted was added. Cues are known again by what and when: the same family of sound within `SAME_S` keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.records import Cue, SoundPlan
from pipeline.sound.cuesheet.data import Made, Sheet, digest, number, written

# an event that is seen again lies within a few pictures of where it was
SAME_S = 0.12


@dataclass(frozen=True)
class Merged:
    """What became of a sheet."""

    sheet: Sheet
    # edited, added or locked by a person
    kept: int
    renewed: int
    new: int
    # untouched, and no longer seen
    gone: int
    # deleted by a person, and not brought back
    deleted: int

    def __str__(self) -> str:
        parts = (
            (self.kept, "kept as you left them"),
            (self.renewed, "renewed"),
            (self.new, "new"),
            (self.gone, "no longer seen"),
            (self.deleted, "still deleted"),
        )
        return ", ".join(f"{count} {what}" for count, what in parts if count) or "nothing to hear"


def merge(old: Sheet, plan: SoundPlan) -> Merged:
    """Renew a sheet with the plan of a new analysis.

    Parameters
    ----------
    old : Sheet
        As the person left it; without its note every cue counts as theirs.
    plan : SoundPlan
        Of the new analysis; its head (duration, prompt, seed, mood) is the new sheet's, markers, accents and feelings
        too where nobody changed them.
    """
    noted = dict(old.made or {})
    there = {cue.id: cue for cue in old.plan.cues}
    seen = _seen_again(noted, there, plan.cues)
    kept = [cue for cue in old.plan.cues if old.is_edited(cue)]
    kept_ids = {cue.id for cue in kept}
    renewed = [
        _renewed(there[key], cue, same_seed=old.plan.seed == plan.seed)
        for key, cue in seen.items()
        if key in there and key not in kept_ids
    ]
    matched = {cue.id for cue in seen.values()}
    fresh = [cue for cue in plan.cues if cue.id not in matched and not any(_is_same(cue, mine) for mine in kept)]
    deleted = noted.keys() - there.keys()
    taken = kept_ids | {cue.id for cue in renewed} | deleted
    new = _with_free_ids(fresh, taken)
    cues = sorted((*kept, *renewed, *new), key=lambda cue: cue.time_s)
    # where a kept or deleted cue is seen now is noted too, so that it is known again when the analysis drifts
    made = {
        key: Made(number(seen[key].time_s), made.digest) if key in seen else made
        for key, made in noted.items()
        if key in kept_ids or key in deleted
    }
    made |= {cue.id: Made(number(cue.time_s), digest(cue)) for cue in (*renewed, *new)}
    head = {name: getattr(old.plan, name) for name in old.edited_head}
    sheet = written(replace(plan, cues=tuple(cues), **head))
    notes = {**sheet.made_head, **{name: old.made_head[name] for name in head}}
    sheet = replace(sheet, made=made, made_head=notes)
    gone = len(there) - len(kept) - len(renewed)
    return Merged(sheet, kept=len(kept), renewed=len(renewed), new=len(new), gone=gone, deleted=len(deleted))


def _seen_again(noted: dict[str, Made], there: dict[str, Cue], cues: Iterable[Cue]) -> dict[str, Cue]:
    # id of the note -> cue of the new analysis, nearest in time first, each once
    by_family: dict[str, list[tuple[str, Made]]] = {}
    for key, made in noted.items():
        by_family.setdefault(_family(key), []).append((key, made))
    pairs = []
    for cue in cues:
        for key, made in by_family.get(_family(cue.id), ()):
            apart_s = abs(made.time_s - cue.time_s)
            old_sound = there[key].sound if key in there else ""
            if apart_s <= SAME_S and (_family(key) != "ambience" or key == cue.id or old_sound == cue.sound):
                pairs.append((apart_s, key != cue.id, key, cue))
    found: dict[str, Cue] = {}
    used: set[str] = set()
    for _, _, key, cue in sorted(pairs, key=lambda pair: pair[:3]):
        if key not in found and cue.id not in used:
            found[key] = cue
            used.add(cue.id)
    return found


def _family(key: str) -> str:
    # ids of ours begin with the family of the sound: "footstep-1.20", "ambience-rain"
    return key.partition("-")[0]


def _is_same(cue: Cue, mine: Cue) -> bool:
    # what a person already placed is not placed again beside it
    if abs(cue.time_s - mine.time_s) > SAME_S:
        return False
    if _family(cue.id) == "ambience":
        return mine.sound == cue.sound or mine.id == cue.id
    return _family(cue.id) in (_family(mine.id), mine.sound.partition("/")[0])


def _renewed(old: Cue, new: Cue, *, same_seed: bool) -> Cue:
    # with its seed it keeps its voice, though the id that the seed came from would be another now
    return replace(new, id=old.id, seed=old.seed if same_seed else new.seed)


def _with_free_ids(cues: list[Cue], taken: set[str]) -> list[Cue]:
    found = []
    for cue in cues:
        free, number_ = cue.id, 1
        while free in taken:
            number_ += 1
            free = f"{cue.id}-{number_}"
        taken.add(free)
        found.append(replace(cue, id=free))
    return found
