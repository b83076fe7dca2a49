"""What yields: the weaker of two sounds at once, foley beside blows, and whatever would make a second too full."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import replace

from pipeline.records import Cue
from pipeline.sound.spotting.policy import BESIDE_DB, BESIDE_S, DENSITIES, LAYERS, MAX_EFFECTS, TOGETHER_S

# sounds of one contact: at one moment they are one thing
_TOUCHES = frozenset(("impact", "footstep", "splash", "click", "door", "shatter", "burst"))
# two of these may speak at once, as two blows of one family may not
_VOICES = frozenset(("engine", "bell", "animal"))


def settle(cues: list[Cue]) -> list[Cue]:
    """Effects that may stay, with the levels they keep, in order of time."""
    kept = _together(_thin(sorted(cues, key=_rank)[:MAX_EFFECTS]))
    return _step_back(sorted(kept, key=lambda cue: cue.time_s))


def family(cue: Cue) -> str:
    """The family of a cue's sound."""
    return cue.sound.partition("/")[0]


def _rank(cue: Cue) -> tuple[float, float, str]:
    # strongest first
    level_db = cue.level_db + DENSITIES[family(cue)].rank_db
    return (-(0.3 + cue.confidence) * 10 ** (level_db / 20), cue.time_s, cue.sound)


def _thin(ranked: list[Cue]) -> list[Cue]:
    # one that stands too near to a stronger one of its family, or makes a second too full, is left out
    times: dict[str, list[float]] = {}
    kept = []
    for cue in ranked:
        voice = cue.sound if family(cue) in _VOICES else family(cue)
        density, taken = DENSITIES[family(cue)], times.setdefault(voice, [])
        if _count(taken, cue.time_s, density.least_gap_s) == 0 and _count(taken, cue.time_s, 0.5) < density.most_per_s:
            insort(taken, cue.time_s)
            kept.append(cue)
    return kept


def _together(ranked: list[Cue]) -> list[Cue]:
    # of two families at one moment only the stronger is heard, unless they are layers of one thing
    kept: list[Cue] = []
    struck: dict[str, list[float]] = {}
    for cue in ranked:
        mine = family(cue)
        if mine in _TOUCHES:
            others = (name for name in struck if name != mine and (name, mine) not in LAYERS)
            if any(_count(struck[name], cue.time_s, TOGETHER_S) for name in others):
                continue
            insort(struck.setdefault(mine, []), cue.time_s)
        kept.append(cue)
    return kept


def _step_back(cues: list[Cue]) -> list[Cue]:
    # foley beside a blow that is no softer is only felt
    blows = [cue for cue in cues if cue.stem == "FX-impacts"]
    times_s = [blow.time_s for blow in blows]
    settled = []
    for cue in cues:
        if cue.stem == "FX-foley" and family(cue) in _TOUCHES:
            near = blows[bisect_left(times_s, cue.time_s - BESIDE_S) : bisect_right(times_s, cue.time_s + BESIDE_S)]
            if any(blow.level_db >= cue.level_db for blow in near):
                cue = replace(cue, level_db=round(cue.level_db + BESIDE_DB, 2))
        settled.append(cue)
    return settled


def _count(times_s: list[float], time_s: float, reach_s: float) -> int:
    # sorted times closer than the reach
    if not reach_s:
        return 0
    return bisect_left(times_s, time_s + reach_s) - bisect_right(times_s, time_s - reach_s)
