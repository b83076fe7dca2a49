"""Harmony: modes, chords of a scale, and voices that move as little as they can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# semitones above the tonic of the seven steps of each mode
MODES: dict[str, tuple[int, ...]] = {
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    # minor with a leading note, for the chord that leads home
    "harmonic": (0, 2, 3, 5, 7, 8, 11),
}
# by name, from dark to bright; a music cue's parameter "mode" is a place in it
MODE_NAMES = ("phrygian", "aeolian", "dorian", "mixolydian", "ionian", "lydian")
MINOR_MODES = MODE_NAMES[:3]
# pads and inner voices stay between E3 and E5, where close chords are clear
PAD_RANGE = (52, 76)
# basses stay between E1 and E2
BASS_RANGE = (28, 40)
# MIDI note number of A4 and its frequency (ISO 16)
A4, A4_HZ = 69, 440.0


@dataclass(frozen=True)
class Key:
    """A tonic and a mode."""

    # MIDI note number of the tonic in the octave below middle C
    tonic: int
    mode: str

    def pitch(self, step: int) -> int:
        """MIDI note number of a scale step, 0 the tonic; steps run on over octaves in both directions."""
        scale = MODES[self.mode]
        return self.tonic + 12 * (step // len(scale)) + scale[step % len(scale)]

    def steps_of(self, low: int, high: int) -> list[int]:
        """Scale steps whose pitch lies within the range."""
        return [step for step in range(-28, 36) if low <= self.pitch(step) <= high]


@dataclass(frozen=True)
class Chord:
    """A chord as it sounds."""

    # scale step of the root, 0 the tonic
    degree: int
    # scale steps above the root that belong to it
    colour: tuple[int, ...]
    # MIDI note numbers of the upper voices, low to high
    voices: tuple[int, ...]
    # MIDI note number of the bass
    bass: int


def pitch_hz(pitch: float) -> float:
    """Frequency of a MIDI note number in equal temperament."""
    return A4_HZ * float(2 ** ((pitch - A4) / 12))


def lead_voices(
    key: Key | Sequence[Key],
    degrees: Sequence[int],
    *,
    colours: Sequence[tuple[int, ...]],
    centres: Sequence[float] | None = None,
    pedals: Sequence[bool] | None = None,
) -> list[Chord]:
    """Voice a progression so that each voice moves little and the outer ones never in parallel fifths or octaves.

    Parameters
    ----------
    key : Key or sequence of Key
        Of all chords, or of each.
    degrees : sequence of int
        Scale step of each chord's root.
    colours : sequence of tuple of int
        Scale steps above the root of each chord, e.g. (0, 2, 4) for a triad, (0, 2, 4, 8) with a ninth.
    centres : sequence of float, optional
        Pitch about which the upper voices of each chord lie; the middle of the range by default.
    pedals : sequence of bool, optional
        Whether the bass stays on the tonic under each chord.

    Returns
    -------
    list of Chord
    """
    keys = [key] * len(degrees) if isinstance(key, Key) else key
    chords: list[Chord] = []
    for index, (own, degree, colour) in enumerate(zip(keys, degrees, colours, strict=True)):
        before = chords[-1] if chords else None
        centre = centres[index] if centres else sum(PAD_RANGE) / 2
        uppers = _close_positions([own.pitch(degree + step) for step in colour])
        basses = _basses(own.pitch(0 if pedals and pedals[index] else degree))
        choices = [(voices, bass) for voices in uppers for bass in basses]
        voices, bass = min(choices, key=lambda choice: _cost(before, *choice, centre=centre))
        chords.append(Chord(degree, tuple(colour), voices, bass))
    return chords


def outer_parallel(before: Chord, after: Chord) -> bool:
    """Whether top voice and bass move together from one fifth or octave into another."""
    return _is_parallel((before.bass, before.voices[-1]), (after.bass, after.voices[-1]))


def _is_parallel(before: tuple[int, int], after: tuple[int, int]) -> bool:
    down, up = after[0] - before[0], after[1] - before[1]
    intervals = ((before[1] - before[0]) % 12, (after[1] - after[0]) % 12)
    return down * up > 0 and intervals[0] == intervals[1] and intervals[0] in (0, 7)


def _close_positions(pitches: list[int]) -> list[tuple[int, ...]]:
    # every inversion in every octave of the range; a spread version drops the second voice from the top
    classes = sorted({pitch % 12 for pitch in pitches})
    choices: list[tuple[int, ...]] = []
    for first in range(len(classes)):
        turned = [*classes[first:], *(c + 12 for c in classes[:first])]
        for octave in range(0, 108, 12):
            close = [octave + c for c in turned]
            choices += [tuple(close), tuple(sorted([*close[:-2], close[-2] - 12, close[-1]]))]
    return [voices for voices in choices if voices[0] >= PAD_RANGE[0] and voices[-1] <= PAD_RANGE[1]]


def _cost(before: Chord | None, voices: tuple[int, ...], bass: int, *, centre: float) -> float:
    # seconds at the bottom and semitones anywhere sound muddy; the first chord sits in the middle
    mud = 2.0 * (voices[1] - voices[0] < 3) + 5.0 * sum(b - a < 2 for a, b in zip(voices, voices[1:], strict=False))
    drift = abs(sum(voices) / len(voices) - centre)
    if before is None:
        return drift + mud + 0.3 * abs(bass - sum(BASS_RANGE) / 2)
    old = before.voices
    steps = sum(min(abs(new - other) for other in old) for new in voices)
    moved = steps + abs(voices[-1] - old[-1]) + abs(bass - before.bass)
    parallel = 40.0 * _is_parallel((before.bass, old[-1]), (bass, voices[-1]))
    return moved + 0.15 * drift + mud + parallel


def _basses(pitch: int) -> list[int]:
    return [p for p in range(BASS_RANGE[0], BASS_RANGE[1] + 1) if p % 12 == pitch % 12]
