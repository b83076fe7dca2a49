"""Parts: what each player does in a bar, as notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from pipeline.sound.music.fills import accents, fill, has_fill
from pipeline.sound.music.melody import Motif
from pipeline.sound.music.notes import Note
from pipeline.sound.music.score import Bar, Score
from pipeline.sound.music.style import DRUM_PANS
from pipeline.sound.noise import stream

if TYPE_CHECKING:
    import numpy as np

_Lane = TypeVar("_Lane", str, dict[str, str])
STEPS_PER_BEAT = 4
# share of the soft hits that play in the calmest scene
SOFT_HITS = 0.6


def play(score: Score) -> Iterator[list[Note]]:
    """Notes of each bar in turn; none begins before its bar, and those cut off by the start of the piece are left out.

    Notes depend on the seed and on the number of the bar alone.
    """
    motif = Motif.invent(score)
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
    lane = _choice(lanes[min(bar.level, len(lanes)) - 1], score, bar, "bass")
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
    lane = _choice(style.arp_lanes, score, bar, "arp")
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


def _comp(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    # chords in rhythm, by a hand that runs over strings or keys: the last chord of the piece is rolled
    style = score.style
    if not style.comp or (bar.level < style.comp_from and not bar.is_last):
        return []
    if bar.is_last:
        return _strum(bar, score, rng, at=(0.0, bar.beats), velocity=0.75, spread_s=4 * style.comp_spread_s)
    lane = _choice(style.comp_lanes[max(0, min(bar.level, len(style.comp_lanes)) - 1)], score, bar, "comp")
    notes = []
    for position, mark, length in _held_steps(lane, bar, marks="xou"):
        velocity = {"x": 0.85, "o": 0.6, "u": 0.5}[mark] * rng.uniform(0.9, 1.0)
        notes += _strum(
            bar, score, rng, at=(position, length), velocity=velocity, spread_s=style.comp_spread_s, up=mark == "u"
        )
    return notes


def _strum(
    bar: Bar,
    score: Score,
    rng: np.random.Generator,
    *,
    at: tuple[float, float],
    velocity: float,
    spread_s: float,
    up: bool = False,
) -> list[Note]:
    position, length = at
    first = max(0.0, bar.at(position)) + _late(rng, score, position)
    end = score.length_s if bar.is_last else bar.at(position + length)
    voices = bar.chord.voices[::-1] if up else bar.chord.voices
    notes = []
    for place, pitch in enumerate(voices):
        # a later string is a little softer, and an up-stroke leaves the lowest ones out
        if not (up and place > 2):
            start = first + place * spread_s * rng.uniform(0.8, 1.2)
            strength = velocity * (1 - 0.05 * place)
            notes.append(Note(start, max(0.02, end - start), pitch, strength, score.style.comp, "comp", pan=-0.22))
    return notes


def _drums(bar: Bar, score: Score, rng: np.random.Generator) -> list[Note]:
    style = score.style
    if bar.level < style.drums_from or bar.is_last or not style.drums:
        return []
    notes = []
    filled_from = bar.beats - 2 if has_fill(bar, score) else bar.beats
    kits = style.drums[min(bar.level - style.drums_from, len(style.drums) - 1)]
    for drum, lane in _choice(kits, score, bar, "drums").items():
        for position, mark in _steps(lane, bar):
            is_thin = mark == "o" and rng.uniform() > SOFT_HITS + bar.shade.arousal
            if mark != "." and position < filled_from and not is_thin:
                # a hand does not hit every off-beat alike
                velocity = (0.95 if mark == "x" else 0.5) * rng.uniform(0.82, 1.0)
                start = bar.at(position) + _late(rng, score, position)
                notes.append(Note(start, 0.0, 0, velocity, drum, "drums", pan=DRUM_PANS.get(drum, 0.0)))
    return notes


PLAYERS: tuple[Callable[[Bar, Score, np.random.Generator], list[Note]], ...] = (
    _pad,
    _bass,
    _comp,
    _arp,
    _drums,
    fill,
    accents,
)


# ------------------------------------------------------------------- lanes
def _steps(lane: str, bar: Bar) -> Iterator[tuple[float, str]]:
    # a lane is four beats long: it starts again in a longer bar and is cut by a shorter one
    count = round(bar.beats * STEPS_PER_BEAT)
    for index in range(count):
        yield index / STEPS_PER_BEAT, lane[index % len(lane)]


def _choice(lanes: Sequence[_Lane], score: Score, bar: Bar, part: str) -> _Lane:
    # one pattern for each phrase of four bars; ears like it when things come back
    return lanes[int(stream(score.seed, part, bar.index // 4 % 2).integers(len(lanes)))]


def _held_steps(lane: str, bar: Bar, *, marks: str = "R58") -> Iterator[tuple[float, str, float]]:
    steps = [mark for _, mark in _steps(lane, bar)]
    for index, mark in enumerate(steps):
        if mark in marks:
            end = index + 1
            while end < len(steps) and steps[end] == "-":
                end += 1
            yield index / STEPS_PER_BEAT, mark, (end - index) / STEPS_PER_BEAT


def _late(rng: np.random.Generator, score: Score, position: float) -> float:
    # players are loose between beats and together on them
    lateness = float(rng.uniform(0, score.style.looseness_s))
    swing = (
        score.style.swing * 60 / score.tempo.base_bpm / STEPS_PER_BEAT if position * STEPS_PER_BEAT % 2 == 1 else 0.0
    )
    return lateness + swing if position % 1 else 0.0
