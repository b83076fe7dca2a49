"""Fills and accents: what leads into a new section, what marks a cut and a strong moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.sound.music.notes import Note
from pipeline.sound.music.score import Bar, Score
from pipeline.sound.music.style import DRUM_PANS

if TYPE_CHECKING:
    import numpy as np

# a riser grows for this long at most and ends on the turn
RISER_S = 1.6
# how strong a cut is marked where a section begins, where it does not, and inside a bar; and a strong moment
SECTION_VELOCITY, CUT_VELOCITY, INNER_VELOCITY, MOMENT_VELOCITY = 0.9, 0.75, 0.7, 0.55


def has_fill(bar: Bar, score: Score) -> bool:
    """Whether a drum fill leads out of a bar."""
    return bar.ends_section and not bar.is_last and bar.level >= 2 and bar.beats >= 3 and bool(score.style.fills)


def fill(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    """A drum fill over the last two beats before another section begins; nothing where no drums play."""
    if not has_fill(bar, score):
        return []
    kits = score.style.fills
    notes = []
    for drum, lane in kits[int(rng.integers(len(kits)))].items():
        for step, mark in enumerate(lane[8:16]):
            if mark != ".":
                # it grows into the turn
                velocity = (0.45 + 0.5 * step / 8) * (1.0 if mark == "x" else 0.7) * rng.uniform(0.92, 1.0)
                start = bar.at(bar.beats - 2 + step / 4)
                notes.append(Note(start, 0.0, 0, velocity, drum, "drums", pan=DRUM_PANS.get(drum, 0.0)))
    return notes


def accents(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    """What marks the cut that begins a bar, cuts and strong moments inside it, and the way to the next section."""
    style = score.style
    notes: list[Note] = []
    if bar.on_marker or (bar.is_last and bar.index):
        velocity = SECTION_VELOCITY if bar.place == 0 else CUT_VELOCITY
        notes += _struck(bar, score, at=0.0, velocity=velocity)
    for position in bar.inner_markers:
        notes += _stab(bar, score, position) + _struck(bar, score, at=position, velocity=INNER_VELOCITY)
    for position in bar.accents:
        if not (position < 1e-4 and bar.on_marker) and bar.level >= 1:
            notes += _stab(bar, score, position, velocity=MOMENT_VELOCITY)
    if style.riser and bar.level >= 2 and bar.ends_section:
        length = min(RISER_S, bar.times_s[-1] - max(0.0, bar.times_s[0]))
        notes.append(Note(bar.times_s[-1] - length, length, 0, 0.6, "riser", "accent"))
    return notes


def _struck(bar: Bar, score: Score, *, at: float, velocity: float) -> list[Note]:
    top = bar.chord.voices[-1] + 12
    return [
        Note(bar.at(at), 3.0, top if voice == "bell" else 0, velocity, voice, "accent") for voice in score.style.accents
    ]


def _stab(bar: Bar, score: Score, position: float, *, velocity: float = 0.9) -> list[Note]:
    style, start = score.style, bar.at(position)
    notes = [Note(start, 0.5, bar.chord.bass + 12, velocity, style.bass, "bass")] if style.bass else []
    if style.arp:
        notes += [Note(start, 0.4, pitch, velocity, style.arp, "arp") for pitch in bar.chord.voices[-2:]]
    return notes
