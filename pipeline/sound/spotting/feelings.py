"""Feelings of the scenes and strong moments inside them: what the music is told of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.records import Analysis, Feeling
from pipeline.sound.lexicon.moods import Tone, read_moods
from pipeline.sound.music.feeling import FAST_CUTS_PER_MINUTE, energy, valence

if TYPE_CHECKING:
    import numpy as np

    from pipeline.sound.spotting.session import Session

# music does not change its mind for less
SHORTEST_SCENE_S = 4.0
# scenes that differ by less, in distance squared times seconds, are one: 0.2 of arousal between two scenes of 6 s
SAME_SCENE = 0.12
# the pace of a moment is that of the cuts within this time of it on either side
PACE_S = 5.0
# how much a prompt that names feelings counts against what the picture looks like
PROMPT_SHARE = 0.5
# strong moments: this sure, this far from each other and from a cut or an end
SURE = 0.7
APART_S = 1.2
FROM_CUT_S = 0.3
STRONG = ("contact", "collision", "flash")


def scene_feelings(analysis: Analysis, *, prompt: str = "") -> tuple[Feeling, ...]:
    """What each scene feels like; scenes are neighbouring shots that feel alike, never shorter than 4 s.

    Brightness, colour and warmth of each shot give valence; its movement and the pace of the cuts around it arousal
    (`music.feeling`). Neighbouring shots are joined, the likest first (Ward's criterion, weighted by length), until
    none is too short or too like its neighbour, so that a shot of one second turns nothing. Feelings that the prompt
    names count for half.

    Parameters
    ----------
    analysis : Analysis
        Without moods of shots, the mood of the whole clip is one scene.
    prompt : str
    """
    tones = read_moods(prompt)
    if len(analysis.shot_moods) != len(analysis.shots) or not analysis.shots:
        whole = (valence(analysis.mood), energy(analysis.mood))
        return (_feeling(0.0, analysis.duration_s, *whole, tones),)
    edges_s, felt = _joined(analysis)
    edges_s = [0.0, *edges_s[1:-1], analysis.duration_s]
    spans = zip(edges_s[:-1], edges_s[1:], felt, strict=True)
    return tuple(_feeling(start_s, end_s, bright, excited, tones) for start_s, end_s, (bright, excited) in spans)


def strong_moments(session: Session) -> tuple[float, ...]:
    """Contacts, collisions and flashes of high confidence, s: sparse, the surest first, and away from the cuts."""
    if session.talks:
        return ()
    last_s = session.analysis.duration_s - FROM_CUT_S
    events = [e for e in session.events(*STRONG, least=SURE) if FROM_CUT_S <= e.time_s <= last_s]
    taken: list[float] = []
    for event in sorted(events, key=lambda e: (-e.confidence * (0.2 + e.speed), e.time_s)):
        is_free = all(abs(event.time_s - other) >= APART_S for other in _near(taken, event.time_s))
        if is_free and all(abs(event.time_s - cut) >= FROM_CUT_S for cut in _near(session.cuts_s, event.time_s)):
            taken.append(event.time_s)
            taken.sort()
    return tuple(round(time_s, 3) for time_s in taken)


def _near(times_s: tuple[float, ...] | list[float], time_s: float) -> tuple[float, ...] | list[float]:
    # the neighbours in a sorted run
    from bisect import bisect

    index = bisect(times_s, time_s)
    return times_s[max(0, index - 1) : index + 1]


def _feeling(start_s: float, end_s: float, bright: float, excited: float, tones: tuple[Tone, ...]) -> Feeling:
    if tones:
        bright += PROMPT_SHARE * (sum(t.valence for t in tones) / len(tones) - bright)
        excited += PROMPT_SHARE * (sum(t.arousal for t in tones) / len(tones) - excited)
    return Feeling(round(start_s, 3), round(end_s, 3), round(float(bright), 3), round(float(excited), 3))


def _joined(analysis: Analysis) -> tuple[list[float], np.ndarray]:
    # edges of the scenes, s, and their valence and arousal [scenes, 2]
    import numpy as np

    edges = [shot.start_s for shot in analysis.shots] + [analysis.shots[-1].end_s]
    lengths = np.maximum(np.diff(edges), 1e-3)
    felt = np.array(_shot_feelings(analysis))
    while len(lengths) > 1:
        apart = ((np.diff(felt, axis=0) * (0.5, 1.0)) ** 2).sum(axis=1)
        weight = lengths[1:] * lengths[:-1] / (lengths[1:] + lengths[:-1])
        too_short = np.minimum(lengths[1:], lengths[:-1]) < SHORTEST_SCENE_S
        cost = np.where(too_short, apart * weight - 1e6, apart * weight)
        at = int(cost.argmin())
        if cost[at] > SAME_SCENE:
            break
        total = lengths[at] + lengths[at + 1]
        felt[at] = (felt[at] * lengths[at] + felt[at + 1] * lengths[at + 1]) / total
        lengths[at] = total
        felt, lengths = np.delete(felt, at + 1, axis=0), np.delete(lengths, at + 1)
        del edges[at + 1]
    return edges, felt


def _shot_feelings(analysis: Analysis) -> list[tuple[float, float]]:
    from dataclasses import replace

    import numpy as np

    cuts = np.array([shot.start_s for shot in analysis.shots[1:]])
    found = []
    for shot, mood in zip(analysis.shots, analysis.shot_moods, strict=True):
        first_s, last_s = max(0.0, shot.start_s - PACE_S), min(analysis.duration_s, shot.end_s + PACE_S)
        count = int(((cuts >= first_s) & (cuts <= last_s)).sum())
        pace = min(60 * count / max(last_s - first_s, 2 * PACE_S), FAST_CUTS_PER_MINUTE)
        found.append((valence(mood), energy(replace(mood, cuts_per_minute=pace))))
    return found
