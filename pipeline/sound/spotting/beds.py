"""Beds: where an ambience begins and ends, what it follows, and when it steps back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.records import Cue, Mood, Texture
from pipeline.sound.spotting.atmosphere import OPEN_BEDS, ROOFED_BEDS, Bed, choose_beds
from pipeline.sound.spotting.continuous import engines_of
from pipeline.sound.spotting.follow import BED_STEP_S, MOST_POINTS, STILL, Points, follow_level
from pipeline.sound.spotting.policy import (
    BED_EARLY_S,
    BED_LATE_S,
    BED_RUN_S,
    DENSE_PER_S,
    LOUD_DB,
    MOST_BED_RUNS,
    UNDER_EFFECTS_DB,
)
from pipeline.sound.spotting.session import INDOORS, OUTDOORS, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

# levels between which a driven bed moves, dB: by the movement, and by the strength of what is seen
_DRIVE_DB, _STRENGTH_DB = (-7.0, 2.0), (-8.0, 1.0)
# beds of what moves as a whole, the half of the picture it is seen in, and how far it sways
_SWAYS = {"wind": "upper", "leaves": "upper", "sea": "lower", "stream": "lower", "waterfall": "lower"}
_SWAY_DB = (-4.0, 1.0)
# a bed leans to the side of what makes it, as far as a bed can
_LEAN = 0.35
# effects that go on do not make a second dense
_ONGOING = ("engine", "scrape", "roll", "whoosh", "riser")


@dataclass(frozen=True)
class Run:
    """Shots that share their ambience."""

    start_s: float
    end_s: float
    mood: Mood
    # surely under a roof, surely not, or None: the whole clip, whatever it shows
    roofed: bool | None = None


def bed_cues(session: Session, effects: list[Cue]) -> list[Cue]:
    """Ambience of the whole clip: one set of beds, or one a place where the places differ clearly."""
    runs = place_runs(session)
    taken = _taken(session)
    struck = _Struck.of(effects)
    found = []
    for run in runs:
        textures = tuple(t for t in session.analysis.textures if _strongest(t, run) > 0)
        beds = choose_beds(session.scene, run.mood, textures=textures, taken=taken, roofed=run.roofed)
        found += [_bed_cue(session, run, bed, struck) for bed in beds]
    return _joined(found)


def _taken(session: Session) -> frozenset[str]:
    # the bed of a vehicle whose engine is an effect
    engines = engines_of(session)
    heads = {said.concept.beds[0] for sound, said in session.named("engine") if sound in engines and said.concept.beds}
    return frozenset(heads & {"engine", "machine"})


def place_runs(session: Session) -> list[Run]:
    """Runs of shots in one place; a single run unless indoors and outdoors follow each other clearly.

    A prompt that names one sort of place is believed before the picture: then the beds stay, too.
    """
    analysis = session.analysis
    whole = [Run(0.0, analysis.duration_s, analysis.mood)]
    if len(analysis.shot_moods) != len(analysis.shots) or _names_one_place(session):
        return whole
    runs: list[Run] = []
    for shot, mood in zip(analysis.shots, analysis.shot_moods, strict=True):
        roofed = True if mood.indoor >= INDOORS else False if mood.indoor <= OUTDOORS else None
        unchanged = runs and (roofed is None or runs[-1].roofed in (None, roofed))
        if unchanged:
            last = runs[-1]
            runs[-1] = replace(last, end_s=shot.end_s, roofed=last.roofed if roofed is None else roofed)
        else:
            runs.append(Run(shot.start_s, shot.end_s, mood, roofed))
    runs = _without_cutaways(runs, max(BED_RUN_S, analysis.duration_s / MOST_BED_RUNS))
    if len(runs) < 2:
        return whole
    edges = [0.0, *(run.start_s for run in runs[1:]), analysis.duration_s]
    return [replace(run, start_s=a, end_s=b) for run, a, b in zip(runs, edges, edges[1:], strict=False)]


def _names_one_place(session: Session) -> bool:
    # True when the words settle indoors or outdoors for the whole clip
    names = {name for name, mention in session.scene.beds if mention.concept.kind == "place"}
    roofed, open_air = bool(names & ROOFED_BEDS), bool(names & OPEN_BEDS)
    if not roofed and not open_air:
        return session.scene.room is not None
    return roofed != open_air


def _without_cutaways(runs: list[Run], least_s: float) -> list[Run]:
    # a glance elsewhere keeps the ambience of the scene around it
    kept: list[Run] = []
    for run in runs:
        if kept and (run.end_s - run.start_s < least_s or kept[-1].roofed == run.roofed):
            kept[-1] = replace(kept[-1], end_s=run.end_s)
        else:
            kept.append(run)
    if len(kept) > 1 and kept[0].end_s - kept[0].start_s < least_s:
        kept = [replace(kept[1], start_s=kept[0].start_s), *kept[2:]]
    return kept


def _bed_cue(session: Session, run: Run, bed: Bed, struck: _Struck) -> Cue:
    duration_s = session.analysis.duration_s
    start_s = max(run.start_s - BED_EARLY_S, 0.0) if run.start_s > 0 else 0.0
    end_s = min(run.end_s + BED_LATE_S, duration_s) if run.end_s < duration_s else duration_s
    driven, follows = _driven(session, bed, start_s, end_s)
    place = f"; for the shots from {run.start_s:.1f} to {run.end_s:.1f} s" if run.roofed is not None else ""
    return Cue(
        id="",
        stem="BG",
        time_s=round(start_s, 3),
        length_s=round(end_s - start_s, 3),
        category=bed.category,
        sound=f"ambience/{bed.name}",
        description=f"{bed.name} ambience",
        confidence=bed.confidence,
        pan=_lean(bed.texture),
        level_db=round(bed.level_db, 2),
        parameters=bed.parameters,
        automation=_stepped_back(driven, struck, start_s, end_s),
        why=bed.why + follows + place,
    )


def _driven(session: Session, bed: Bed, start_s: float, end_s: float) -> tuple[Points, str]:
    if bed.texture and len(bed.texture.times_s) > 1:
        times_s, strength = np.asarray(bed.texture.times_s, float), np.asarray(bed.texture.strength, float)
        top = float(strength.max(initial=0.0))
        points = follow_level(
            times_s, strength, start_s=start_s, end_s=end_s, range_db=_STRENGTH_DB, top=top, step_s=BED_STEP_S
        )
        return points, "; its level follows what is seen" if points else ""
    if bed.drive:
        curves = session.curves
        points = follow_level(
            curves.times_s, curves.energy, start_s=start_s, end_s=end_s, range_db=_DRIVE_DB, step_s=BED_STEP_S
        )
        return points, "; its level follows the movement" if points else ""
    if bed.name in _SWAYS:
        times_s, energy = session.curves.half(lower=_SWAYS[bed.name] == "lower")
        points = follow_level(
            times_s, energy, start_s=start_s, end_s=end_s, range_db=_SWAY_DB, step_s=BED_STEP_S, rest=STILL
        )
        return points, f"; its level sways with the {_SWAYS[bed.name]} half of the picture" if points else ""
    return (), ""


def _lean(texture: Texture | None) -> float:
    if texture is None:
        return 0.0
    return round(_LEAN * (2 * texture.x - 1) * (1 - min(texture.extent, 1.0)), 2)


def _strongest(texture: Texture, run: Run) -> float:
    # a texture of another scene is none of this one's
    if not texture.times_s:
        return 1.0
    inside = (s for t, s in zip(texture.times_s, texture.strength, strict=True) if run.start_s <= t <= run.end_s)
    return max(inside, default=0.0)


@dataclass(frozen=True)
class _Struck:
    """When effects strike, in order: all of them, and the loud ones."""

    all_s: NDArray[Any]
    loud_s: NDArray[Any]

    @classmethod
    def of(cls, effects: list[Cue]) -> _Struck:
        """Take the times out of the effects."""
        struck = [cue for cue in effects if cue.sound.partition("/")[0] not in _ONGOING]
        loud = [cue.time_s for cue in struck if cue.level_db >= LOUD_DB]
        return cls(np.sort([cue.time_s for cue in struck]), np.sort(loud))

    def busy(self, times_s: NDArray[Any], step_s: float) -> NDArray[Any]:
        """Where, around some times, effects are dense or loud; bool [times]."""
        reach_s = max(0.5, step_s / 2)

        def counted(sorted_s: NDArray[Any]) -> NDArray[Any]:
            return np.searchsorted(sorted_s, times_s + reach_s) - np.searchsorted(sorted_s, times_s - reach_s)

        return np.asarray((counted(self.all_s) >= DENSE_PER_S * 2 * reach_s) | (counted(self.loud_s) > 0))


def _stepped_back(points: Points, struck: _Struck, start_s: float, end_s: float) -> Points:
    # the bed's own curve, lowered where effects are dense or loud
    step_s = max(BED_STEP_S, (end_s - start_s) / (MOST_POINTS - 2))
    grid_s = np.asarray([t for t, _ in points]) if points else np.arange(0.0, end_s - start_s + 0.5 * step_s, step_s)
    busy = struck.busy(grid_s + start_s, step_s)
    if not busy.any():
        return points
    levels_db = np.asarray([level for _, level in points]) if points else np.zeros(grid_s.size)
    levels_db = levels_db + UNDER_EFFECTS_DB * busy
    return tuple((round(float(t), 3), round(float(level), 2)) for t, level in zip(grid_s, levels_db, strict=True))


def _joined(cues: list[Cue]) -> list[Cue]:
    # the same bed on both sides of a change goes on as one
    joined: list[Cue] = []
    for cue in cues:
        before = next((c for c in joined if c.sound == cue.sound and c.time_s + c.length_s > cue.time_s), None)
        if before is None or before.automation or cue.automation:
            joined.append(cue)
        else:
            longer = replace(before, length_s=round(cue.time_s + cue.length_s - before.time_s, 3))
            joined[joined.index(before)] = longer
    return joined
