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
}
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


def lead_voices(key: Key, degrees: Sequence[int], *, colours: Sequence[tuple[int, ...]]) -> list[Chord]:
    """Voice a progression so that each voice moves as little as possible.

    Parameters
    ----------
    key : Key
    degrees : sequence of int
        Scale step of each chord's root.
    colours : sequence of tuple of int
        Scale steps above the root of each chord, e.g. (0, 2, 4) for a triad, (0, 2, 4, 8) with a ninth.

    Returns
    -------
    list of Chord
    """
    chords: list[Chord] = []
    for degree, colour in zip(degrees, colours, strict=True):
        before = chords[-1] if chords else None
        choices = _close_positions([key.pitch(degree + step) for step in colour])
        voices = min(choices, key=lambda voices: _movement(before, voices))
        chords.append(Chord(degree, tuple(colour), voices, _bass(key.pitch(degree), before)))
    return chords


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


def _movement(before: Chord | None, voices: tuple[int, ...]) -> float:
    # the first chord sits in the middle; seconds at the bottom and semitones anywhere sound muddy
    mud = 2.0 * (voices[1] - voices[0] < 3) + 5.0 * sum(b - a < 2 for a, b in zip(voices, voices[1:], strict=False))
    if before is None:
        return abs(sum(voices) / len(voices) - sum(PAD_RANGE) / 2) + mud
    old = before.voices
    steps = sum(min(abs(new - other) for other in old) for new in voices)
    drift = abs(sum(voices) / len(voices) - sum(PAD_RANGE) / 2)
    return steps + abs(voices[-1] - old[-1]) + 0.15 * drift + mud


def _bass(pitch: int, before: Chord | None) -> int:
    low, high = BASS_RANGE
    choices = [p for p in range(low, high + 1) if p % 12 == pitch % 12]
    wished = before.bass if before else (low + high) // 2
    return min(choices, key=lambda p: abs(p - wished))
