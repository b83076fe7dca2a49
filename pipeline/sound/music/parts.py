"""Parts: what each player does in a bar, as notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.sound.music.score import Bar, Score
from pipeline.sound.noise import stream

if TYPE_CHECKING:
    import numpy as np

STEPS_PER_BEAT = 4
# a melody sits above the pad, where it is heard without being loud: C5 to A5
LEAD_RANGE = (72, 81)
RISER_S = 1.6
# rhythms of a one-bar motif: (position, length) in quarter notes
MOTIF_RHYTHMS = (
    ((0.0, 1.5), (1.5, 0.5), (2.0, 2.0)),
    ((0.0, 1.0), (1.0, 1.0), (2.0, 0.5), (2.5, 1.5)),
    ((0.0, 2.0), (3.0, 0.5), (3.5, 0.5)),
    ((0.5, 0.5), (1.0, 1.0), (2.0, 2.0)),
)
# shapes of a motif in scale steps from its first note
MOTIF_SHAPES = ((0, 1, 2, 1), (0, 2, 1, -1), (0, -1, 0, 2), (0, 3, 2, 1), (0, -2, -1, 0))


@dataclass(frozen=True)
class Note:
    """One sound of one player."""

    time_s: float
    # how long it is held; struck and plucked voices ring on by themselves
    length_s: float
    # MIDI note number; 0 for drums
    pitch: int
    # 0..1
    velocity: float
    voice: str
    # part it belongs to: pad, bass, arp, lead, drums
    part: str
    pan: float = 0.0
    # attack of a held voice, s
    attack_s: float = 0.0


def play(score: Score) -> Iterator[list[Note]]:
    """Notes of each bar in turn; none begins before its bar, and those cut off by the start of the piece are left out.

    Notes depend on the seed and on the number of the bar alone.
    """
    motif = _Motif.invent(score)
    for bar in score.bars:
        rng = stream(score.seed, "bar", bar.index)
        notes: list[Note] = []
        for player in PLAYERS:
            notes += player(bar, score, rng)
        notes += motif.play(bar, score)
        yield [note for note in notes if -1e-9 <= note.time_s < score.length_s]


def _pad(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    style = score.style
    if style.gate and bar.level >= 2 and not bar.is_last:
        return _gated_pad(bar, score)
    start = max(0.0, bar.times_s[0])
    end = score.length_s if bar.is_last else bar.at(bar.beats)
    # a slow pad still has to change with the cut
    attack = min(style.pad_attack_s, 0.06 if bar.on_marker else 0.4 * (end - start))
    return [Note(start, end - start, pitch, 0.8, style.pad, "pad", attack_s=attack) for pitch in bar.chord.voices]


def _gated_pad(bar: Bar, score: Score) -> list[Note]:
    # let through on some steps of the bar, as if the kick pushed it away
    notes = []
    for position, mark in _steps(score.style.gate, bar):
        if mark == "x" or (position == 0 and bar.on_marker):
            start = bar.at(position)
            length = bar.at(min(position + 1 / STEPS_PER_BEAT, bar.beats)) - start
            voices = bar.chord.voices
            notes += [Note(start, length, p, 0.8, score.style.pad, "pad", attack_s=0.012) for p in voices]
    return notes


def _bass(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    style, lanes = score.style, score.style.bass_lanes
    root = bar.chord.bass
    if bar.is_last:
        start = max(0.0, bar.times_s[0])
        return [Note(start, score.length_s - start, root, 0.9, style.bass, "bass")]
    if bar.level == 0:
        return []
    lane = lanes[min(bar.level, len(lanes)) - 1]
    names = {"R": root, "5": root + 7, "8": root + 12}
    notes = []
    for position, mark, length in _held_steps(lane, bar):
        start = bar.at(position)
        velocity = (0.95 if position == 0 else 0.8) * rng.uniform(0.94, 1.0)
        notes.append(Note(start, bar.at(position + length) - start, names[mark], velocity, style.bass, "bass"))
    if not any(note.time_s == bar.times_s[0] for note in notes) and bar.on_marker:
        # a pattern without a first beat still lands on the cut
        notes.append(Note(bar.times_s[0], bar.at(0.5) - bar.times_s[0], root, 0.95, style.bass, "bass"))
    return notes


def _arp(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    style = score.style
    if bar.is_last or bar.level < style.arp_from:
        return []
    # one pattern for each phrase of four bars; ears like it when things come back
    lane = style.arp_lanes[int(stream(score.seed, "arp", bar.index // 4 % 2).integers(len(style.arp_lanes)))]
    ladder = [*bar.chord.voices, *(v + 12 for v in bar.chord.voices)]
    notes = []
    for position, mark in _steps(lane, bar):
        if mark == ".":
            continue
        velocity = (0.9 if position % 1 == 0 else 0.65) * rng.uniform(0.85, 1.0)
        start = bar.at(position) + _late(rng, score, position)
        side = 0.45 if int(position * STEPS_PER_BEAT) % 4 < 2 else -0.45
        notes.append(
            Note(
                start,
                bar.at(position + 0.25) - bar.at(position),
                ladder[int(mark)],
                velocity,
                style.arp,
                "arp",
                pan=side,
            )
        )
    return notes


def _drums(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    if bar.level < 2 or bar.is_last:
        return []
    notes = []
    for drum, lane in score.style.drums[bar.level - 2].items():
        for position, mark in _steps(lane, bar):
            if mark != ".":
                velocity = (0.95 if mark == "x" else 0.5) * rng.uniform(0.88, 1.0)
                start = bar.at(position) + _late(rng, score, position)
                notes.append(Note(start, 0.0, 0, velocity, drum, "drums", pan=DRUM_PANS.get(drum, 0.0)))
    return notes


def _accents(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    style = score.style
    notes: list[Note] = []
    if bar.on_marker or (bar.is_last and bar.index):
        for voice in style.accents:
            pitch = bar.chord.voices[-1] + 12 if voice == "bell" else 0
            notes.append(Note(bar.times_s[0], 3.0, pitch, 0.8, voice, "accent"))
    for position in bar.inner_markers:
        notes.append(Note(bar.at(position), 0.5, bar.chord.bass + 12, 0.9, style.bass, "bass"))
        notes += [Note(bar.at(position), 0.4, p, 0.9, style.arp, "arp") for p in bar.chord.voices[-2:]]
    if style.riser and bar.level >= 2 and bar.before_turn:
        # it grows for 1.6 s at most and ends on the turn
        length = min(RISER_S, bar.times_s[-1] - max(0.0, bar.times_s[0]))
        notes.append(Note(bar.times_s[-1] - length, length, 0, 0.6, "riser", "accent"))
    return notes


PLAYERS: tuple[Callable[[Bar, Score, np.random.Generator], list[Note]], ...] = (_pad, _bass, _arp, _drums, _accents)
DRUM_PANS = {"hat": 0.25, "shaker": -0.3, "tom": 0.3, "tick": -0.2, "taiko": -0.1}


@dataclass(frozen=True)
class _Motif:
    """A short figure that comes back: stated, repeated on the next chord, answered, and left to breathe."""

    rhythm: tuple[tuple[float, float], ...]
    shape: tuple[int, ...]
    voice: str

    @classmethod
    def invent(cls, score: Score) -> _Motif:
        """Choose rhythm and shape by seed."""
        rng = stream(score.seed, "motif")
        rhythm = MOTIF_RHYTHMS[int(rng.integers(len(MOTIF_RHYTHMS)))]
        return cls(rhythm, MOTIF_SHAPES[int(rng.integers(len(MOTIF_SHAPES)))], score.style.lead)

    def play(self, bar: Bar, score: Score) -> list[Note]:
        """The figure on this bar's chord; rests in the fourth bar of a phrase and in calm bars."""
        if bar.is_last:
            tonic = min(self._chord_steps(bar, score), key=lambda s: abs(score.key.pitch(s) - LEAD_RANGE[0]))
            start = max(0.0, bar.times_s[0])
            return [Note(start, 2.0, score.key.pitch(tonic), 0.75, self.voice, "lead")]
        place = bar.index % 4
        if bar.level < 1 or place == 3 or (bar.level == 1 and place % 2):
            return []
        # the answer runs the other way
        shape = [-step for step in self.shape] if place == 2 else list(self.shape)
        chord_steps = self._chord_steps(bar, score)
        anchor = min(chord_steps, key=lambda s: abs(score.key.pitch(s) - sum(LEAD_RANGE) / 2))
        notes = []
        for (position, length), offset in zip(self.rhythm, shape, strict=False):
            if position >= bar.beats:
                break
            step = anchor + offset
            if position % 2 == 0:
                step = min(chord_steps, key=lambda s: abs(s - step))
            start = bar.at(position)
            velocity = 0.8 if position == 0 else 0.65
            held = bar.at(min(position + length, bar.beats)) - start
            notes.append(Note(start, held, score.key.pitch(step), velocity, self.voice, "lead", pan=0.1))
        return notes

    @staticmethod
    def _chord_steps(bar: Bar, score: Score) -> list[int]:
        chord = {(bar.chord.degree + step) % 7 for step in bar.chord.colour if step in (0, 2, 4)}
        return [s for s in score.key.steps_of(LEAD_RANGE[0] - 7, LEAD_RANGE[1] + 7) if s % 7 in chord]


# ------------------------------------------------------------------- lanes
def _steps(lane: str, bar: Bar) -> Iterator[tuple[float, str]]:
    # a lane is four beats long: it starts again in a longer bar and is cut by a shorter one
    count = round(bar.beats * STEPS_PER_BEAT)
    for index in range(count):
        yield index / STEPS_PER_BEAT, lane[index % len(lane)]


def _held_steps(lane: str, bar: Bar) -> Iterator[tuple[float, str, float]]:
    marks = [mark for _, mark in _steps(lane, bar)]
    for index, mark in enumerate(marks):
        if mark in "R58":
            end = index + 1
            while end < len(marks) and marks[end] == "-":
                end += 1
            yield index / STEPS_PER_BEAT, mark, (end - index) / STEPS_PER_BEAT


def _late(rng: np.random.Generator, score: Score, position: float) -> float:
    # players are loose between beats and together on them
    lateness = float(rng.uniform(0, score.style.looseness_s))
    return lateness if position % 1 else 0.0
