"""Melody: a short motif that is stated, repeated on the next step, answered, and changes with the form."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.sound.music.notes import Note
from pipeline.sound.music.score import Bar, Score
from pipeline.sound.noise import stream

# a melody sits above the pad, where it is heard without being loud: C5 to A5
LEAD_RANGE = (72, 81)
# a bright or excited section sings this much higher, a dark or calm one lower, semitones
HIGHER_BY_SHADE = 3.0
# rhythms of a one-bar motif: (position, length) in quarter notes
MOTIF_RHYTHMS = (
    ((0.0, 1.5), (1.5, 0.5), (2.0, 2.0)),
    ((0.0, 1.0), (1.0, 1.0), (2.0, 0.5), (2.5, 1.5)),
    ((0.0, 2.0), (3.0, 0.5), (3.5, 0.5)),
    ((0.5, 0.5), (1.0, 1.0), (2.0, 2.0)),
    ((0.0, 0.75), (0.75, 0.75), (1.5, 0.5), (2.0, 2.0)),
    ((0.0, 1.5), (1.5, 1.0), (2.5, 0.5), (3.0, 1.0)),
)
# shapes of a motif in scale steps from its first note
MOTIF_SHAPES = ((0, 1, 2, 1), (0, 2, 1, -1), (0, -1, 0, 2), (0, 3, 2, 1), (0, -2, -1, 0), (0, 2, 4, 3))
# by how many steps the repetition is moved, if the chord lets it
SEQUENCE_STEPS = (1, -1, 2)

# scale steps of the tonic chord, and what it costs to begin on another note, semitones
HOME = (0, 2, 4)
UNREST = 3.0

Figure = tuple[tuple[float, float, int], ...]


@dataclass(frozen=True)
class Motif:
    """A short figure that comes back."""

    # (position, length) in quarter notes and steps from the anchor
    figure: Figure
    sequence: int
    voice: str

    @classmethod
    def invent(cls, score: Score) -> Motif:
        """Choose rhythm, shape and sequence by seed."""
        rng = stream(score.seed, "motif")
        rhythm = MOTIF_RHYTHMS[int(rng.integers(len(MOTIF_RHYTHMS)))]
        shape = MOTIF_SHAPES[int(rng.integers(len(MOTIF_SHAPES)))]
        figure = tuple((at, length, step) for (at, length), step in zip(rhythm, shape, strict=False))
        return cls(figure, SEQUENCE_STEPS[int(rng.integers(len(SEQUENCE_STEPS)))], score.style.lead)

    def play(self, bar: Bar, score: Score) -> list[Note]:
        """What the melody does in a bar; it breathes in every fourth bar of a phrase and in calm ones."""
        if not self.voice:
            return []
        if bar.is_last:
            tonic = min(_chord_steps(bar, only=(0,)), key=lambda step: abs(bar.key.pitch(step) - LEAD_RANGE[0]))
            start = max(0.0, bar.times_s[0])
            return [Note(start, 2.0, bar.key.pitch(tonic), 0.75, self.voice, "lead")]
        figure, moved = self._figure_of(bar)
        chord = _chord_steps(bar)
        middle = sum(LEAD_RANGE) / 2 + HIGHER_BY_SHADE * (bar.shade.valence / 2 + bar.shade.arousal - 0.5)
        # notes of the tonic chord draw the melody, so that one hears where home is
        anchor = min(chord, key=lambda step: _unrest(step) + abs(bar.key.pitch(step) - middle)) + moved
        notes = []
        for position, length, offset in figure:
            if position >= bar.beats:
                break
            step = anchor + offset
            if position % 2 == 0:
                # on strong beats the melody belongs to the chord
                step = min(chord, key=lambda other: abs(other - step) + 0.2 * _unrest(other))
            start = bar.at(position)
            velocity = 0.8 if position == 0 else 0.65
            held = bar.at(min(position + length, bar.beats)) - start
            notes.append(Note(start, held, bar.key.pitch(step), velocity, self.voice, "lead", pan=0.1))
        return notes

    def _figure_of(self, bar: Bar) -> tuple[Figure, int]:
        # the figure of this bar and by how many steps it is moved
        place, phrase = bar.place % 4, bar.place // 4
        if bar.level < 1 or (bar.level == 1 and bar.section != "breakdown" and place % 2):
            return (), 0
        if bar.section == "intro":
            # only the head of it, so that there is something to come
            return (self.figure[:2] if place == 0 else ()), 0
        if bar.section == "breakdown":
            return (_slower(self.figure, place) if place < 2 else ()), 0
        if place == 3:
            return (self._pickup() if bar.ends_section and bar.section == "lift" else ()), 0
        if place == 2:
            # the answer runs the other way and comes to rest
            return _rested(_turned(self.figure)), 0
        figure = _ornamented(self.figure) if phrase % 2 and place == 1 else self.figure
        return figure, self.sequence if place == 1 else 0

    def _pickup(self) -> Figure:
        # three rising steps into what comes next
        return ((2.5, 0.5, -2), (3.0, 0.5, -1), (3.5, 0.5, 0))


def _turned(figure: Figure) -> Figure:
    return tuple((at, length, -step) for at, length, step in figure)


def _rested(figure: Figure) -> Figure:
    # its last note is the longest one
    at, _, step = figure[-1]
    return (*figure[:-1], (at, max(4.0 - at, 1.0), step))


def _slower(figure: Figure, half: int) -> Figure:
    # twice as slow: one half of it a bar
    first = 4.0 * half
    return tuple((2 * at - first, 2 * length, step) for at, length, step in figure if first <= 2 * at < first + 4)


def _ornamented(figure: Figure) -> Figure:
    # its longest note goes by way of the step above
    longest = max(range(len(figure)), key=lambda index: figure[index][1])
    at, length, step = figure[longest]
    if length < 1:
        return figure
    turn = ((at, length / 2, step), (at + length / 2, length / 4, step + 1), (at + 3 * length / 4, length / 4, step))
    return (*figure[:longest], *turn, *figure[longest + 1 :])


def _unrest(step: int) -> float:
    return 0.0 if step % 7 in HOME else UNREST


def _chord_steps(bar: Bar, *, only: tuple[int, ...] = (0, 2, 4)) -> list[int]:
    chord = {(bar.chord.degree + step) % 7 for step in bar.chord.colour if step in only}
    return [s for s in bar.key.steps_of(LEAD_RANGE[0] - 9, LEAD_RANGE[1] + 9) if s % 7 in chord]
