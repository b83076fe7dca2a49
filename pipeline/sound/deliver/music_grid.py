"""Cuts, accents, tempo and bars of a plan, as an editor's ruler shows them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pipeline.records import Cue, SoundPlan
from pipeline.sound.deliver.session import SessionMarker

CUT_COLOUR, ACCENT_COLOUR, MUSIC_COLOUR = "#d04a4a", "#e8b83a", "#a678d4"
# two tempos that differ by less are one on a ruler that shows hundredths of a BPM
_SAME_BPM = 0.005


def markers(plan: SoundPlan) -> tuple[SessionMarker, ...]:
    """Cuts and accents of the picture, and where music begins, in order of time."""
    found = [SessionMarker(time_s, f"Cut {number}") for number, time_s in enumerate(plan.markers_s, 1)]
    found += [
        SessionMarker(time_s, f"Accent {number}", "accent", ACCENT_COLOUR)
        for number, time_s in enumerate(plan.accents_s, 1)
    ]
    found += [
        SessionMarker(cue.time_s, f"Music: {cue.sound.partition('/')[2]}", "music", MUSIC_COLOUR)
        for cue in _music(plan)
    ]
    return tuple(sorted(found, key=lambda marker: marker.time_s))


@dataclass(frozen=True)
class Ruler:
    """Tempo and bars of the music, as the MIDI file has them."""

    # (seconds, BPM) wherever it changes
    tempo: tuple[tuple[float, float], ...] = ()
    # (seconds, bar number from 1)
    downbeats: tuple[tuple[float, int], ...] = ()


def ruler_of(plan: SoundPlan, *, track: Path | None = None) -> Ruler:
    """The ruler of a plan's music, of ours or of a person's own track; empty without music."""
    from pipeline.sound.deliver.midi import lay_grid
    from pipeline.sound.music.score import compose

    scores = [(cue, compose(cue, plan)) for cue in _music(plan) if cue.sound.startswith("music/")]
    if not scores and (track is None or not _music(plan)):
        return Ruler()
    points = lay_grid(plan, scores, track=track)
    tempo: list[tuple[float, float]] = []
    for point, after in pairwise(points):
        bpm = 60 * point.quarters / (after.time_s - point.time_s)
        if not tempo or abs(tempo[-1][1] - bpm) > _SAME_BPM:
            tempo.append((point.time_s, bpm))
    bars = [point.time_s for point in points[:-1] if point.is_downbeat]
    return Ruler(tuple(tempo), tuple((time_s, number) for number, time_s in enumerate(bars, 1)))


def _music(plan: SoundPlan) -> list[Cue]:
    return sorted((cue for cue in plan.cues if cue.stem == "MX"), key=lambda cue: cue.time_s)
