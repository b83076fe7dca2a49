"""Progression: a chord for every bar, by section, with borrowed modes and cadences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.sound.music.feeling import Shade
from pipeline.sound.music.form import Section
from pipeline.sound.music.harmony import MINOR_MODES, PAD_RANGE, Chord, Key, lead_voices
from pipeline.sound.music.style import Style
from pipeline.sound.noise import stream

if TYPE_CHECKING:
    import numpy as np

# a section this much darker or brighter (valence) than the piece borrows from the parallel mode
BORROW = 0.4
# an ending this bright makes a minor piece end in major (the Picardy third)
PICARDY = 0.4
DARK_STAND_IN, BRIGHT_STAND_IN = "aeolian", "mixolydian"
# what leads home: the dominant, or its stand-in in modes without one
LEADS_HOME = {"phrygian": 1, "dorian": 6, "mixolydian": 6}
DOMINANT = 4
# a bright section lies higher and a calm one lower, semitones about the middle of the range
HIGHER_BY_VALENCE, HIGHER_BY_AROUSAL = 3.0, 4.0
TRIAD = (0, 2, 4)


def harmonise(
    key: Key,
    style: Style,
    sections: Sequence[Section],
    on_marker: Sequence[bool],
    *,
    whole: Shade,
    seed: int,
    may_borrow: bool = True,
) -> list[tuple[Key, Chord]]:
    """Key and chord of every bar: phrases of four chords, a step on at every cut, a half close before what comes next.

    Parameters
    ----------
    key : Key
        Of the piece; the ending is in it.
    sections : sequence of Section
        Intro, theme and lift share a progression, breakdowns have another.
    on_marker : sequence of bool
        Whether each bar begins on a cut.
    whole : Shade
        Of the piece; a section that differs much borrows from the parallel mode.
    may_borrow : bool
        False when a person chose the mode.
    """
    rng = stream(seed, "harmony")
    first, second = (int(i) for i in rng.permutation(max(len(style.bright), len(style.dark)))[:2])
    keys: list[Key] = []
    degrees: list[int] = []
    for number, section in enumerate(sections):
        own = _section_key(key, section, whole) if may_borrow else key
        pool = style.dark if own.mode in MINOR_MODES else style.bright
        chosen = pool[(second if section.kind == "breakdown" else first) % len(pool)]
        other = pool[(first if section.kind == "breakdown" else second) % len(pool)]
        # eight bars are a phrase and its answer; the third phrase goes elsewhere, as songs do
        phrases = (chosen, chosen, other)
        turns = on_marker[section.first : section.end]
        degrees += _degrees(phrases, turns, chord_bars=style.chord_bars, before=degrees[-1] if degrees else -1)
        keys += [own] * (section.end - section.first)
        is_close = section.end - section.first >= 4 or number + 2 == len(sections)
        if section.kind != "ending" and is_close and len(degrees) > 1:
            keys[-1] = _close(degrees, own, turn=bool(turns[-1]))
    degrees[-1] = 0
    keys[-1] = replace(key, mode="ionian") if _is_picardy(key, sections, may_borrow) else key
    colours = _colours(degrees, style, rng)
    owners = [section for section in sections for _ in range(section.first, section.end)]
    chords = lead_voices(
        keys,
        degrees,
        colours=colours,
        centres=[_centre(section.shade) for section in owners],
        # an introduction stands on its tonic
        pedals=[section.kind == "intro" for section in owners],
    )
    return list(zip(keys, chords, strict=True))


def _colours(degrees: Sequence[int], style: Style, rng: np.random.Generator) -> list[tuple[int, ...]]:
    # the tonic chord has its third and no seventh, which would make it another chord; a suspension on it resolves in
    # the next bar, where the chord is held so long
    plain = next((c for c in style.colours if 2 in c and 6 not in c), style.colours[0])
    colours: list[tuple[int, ...]] = []
    for index, degree in enumerate(degrees):
        drawn = style.colours[int(rng.integers(len(style.colours)))]
        if degree == 0:
            is_held_on = index + 1 < len(degrees) and degrees[index + 1] == 0
            began = index > 0 and degrees[index - 1] == 0
            drawn = style.colours[0] if style.chord_bars > 1 and is_held_on and not began else plain
        colours.append(drawn)
    colours[-1] = TRIAD
    return colours


def _degrees(phrases: Sequence[tuple[int, ...]], turns: Sequence[bool], *, chord_bars: int, before: int) -> list[int]:
    # roots of a section's bars; at a cut the chord changes, whatever the phrase says
    degrees: list[int] = []
    place, held = 0, 0
    for index, turn in enumerate(turns):
        if index and (turn or held >= chord_bars):
            place, held = place + 1, 0
        last = degrees[-1] if degrees else before
        for _ in range(4):
            degree = phrases[place // 4 % len(phrases)][place % 4]
            if not turn or degree != last:
                break
            place += 1
        degrees.append(degree)
        held += 1
    return degrees


def _close(degrees: list[int], key: Key, *, turn: bool) -> Key:
    # the last chord of a section leads home, unless that would repeat the chord before a cut; in minor the dominant
    # has a leading note
    home = LEADS_HOME.get(key.mode, DOMINANT)
    if not (turn and degrees[-2] == home):
        degrees[-1] = home
    return replace(key, mode="harmonic") if key.mode == "aeolian" and degrees[-1] == DOMINANT else key


def _section_key(key: Key, section: Section, whole: Shade) -> Key:
    difference = section.shade.valence - whole.valence
    if difference <= -BORROW and key.mode not in MINOR_MODES:
        return replace(key, mode=DARK_STAND_IN)
    if difference >= BORROW and key.mode in MINOR_MODES:
        return replace(key, mode=BRIGHT_STAND_IN)
    return key


def _is_picardy(key: Key, sections: Sequence[Section], may_borrow: bool) -> bool:
    return may_borrow and key.mode in MINOR_MODES and sections[-1].shade.valence >= PICARDY


def _centre(shade: Shade) -> float:
    low, high = PAD_RANGE
    return (low + high) / 2 + HIGHER_BY_VALENCE * shade.valence + HIGHER_BY_AROUSAL * (shade.arousal - 0.5)
