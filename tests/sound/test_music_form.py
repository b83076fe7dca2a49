"""Harmony, form and parts of a piece, before any sound is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.records import Cue, Feeling, Mood, SoundPlan
from pipeline.sound.music.feeling import Shade, shades
from pipeline.sound.music.form import lay_form
from pipeline.sound.music.harmony import (
    BASS_RANGE,
    MODE_NAMES,
    MODES,
    PAD_RANGE,
    Chord,
    Key,
    lead_voices,
    outer_parallel,
    pitch_hz,
)
from pipeline.sound.music.parts import play
from pipeline.sound.music.score import Score, compose
from pipeline.sound.music.styles import STYLES


def music_cue(style: str = "cinematic", length_s: float = 8.0, **changes: Any) -> Cue:
    values: dict[str, Any] = {"id": "m", "stem": "MX", "time_s": 0.0, "category": "MUSICAL", "seed": 3, **changes}
    return Cue(sound=f"music/{style}", length_s=length_s, **values)


def plan_of(cue: Cue, markers: tuple[float, ...] = (), **fields: Any) -> SoundPlan:
    usual: dict[str, Any] = {"mood": Mood(motion=0.5), **fields}
    return SoundPlan(duration_s=cue.time_s + cue.length_s, cues=(cue,), markers_s=markers, **usual)


def random_score(number: int) -> tuple[Score, list[float]]:
    rng = np.random.default_rng(number)
    length_s = float(rng.uniform(4, 90))
    cuts = [float(c) for c in np.cumsum(np.exp(rng.normal(np.log(2.2), 0.8, 120))) if c < length_s]
    edges = [0.0, 0.3 * length_s, 0.6 * length_s, length_s]
    feelings = tuple(
        Feeling(a, b, float(rng.uniform(-1, 1)), float(rng.uniform(0, 1)))
        for a, b in zip(edges, edges[1:], strict=False)
    )
    cue = music_cue(list(STYLES)[number % len(STYLES)], length_s, seed=number)
    return compose(cue, plan_of(cue, tuple(cuts), feelings=feelings)), cuts


def notes_of(score: Score) -> list[Any]:
    return [note for notes in play(score) for note in notes]


# ----------------------------------------------------------------- harmony
def test_pitch_and_scale():
    assert pitch_hz(69) == 440
    assert [Key(48, "ionian").pitch(s) - 48 for s in (0, 2, 4, 7, -1)] == [0, 4, 7, 12, -1]


@pytest.mark.parametrize("mode", list(MODES))
def test_voices_stay_in_key_and_range_and_move_little(mode):
    key = Key(50, mode)
    degrees = [0, 4, 5, 3, 1, 4, 0, 6]
    chords = lead_voices(key, degrees, colours=[(0, 2, 4)] * len(degrees))
    scale = {(key.tonic + s) % 12 for s in MODES[mode]}
    for chord, degree in zip(chords, degrees, strict=True):
        assert {v % 12 for v in chord.voices} == {key.pitch(degree + s) % 12 for s in (0, 2, 4)} <= {*scale}
        assert PAD_RANGE[0] <= chord.voices[0] and chord.voices[-1] <= PAD_RANGE[1]
        assert chord.bass % 12 == key.pitch(degree) % 12
        assert BASS_RANGE[0] <= chord.bass <= BASS_RANGE[1]
    voices = np.array([chord.voices for chord in chords])
    moves = np.abs(np.diff(voices, axis=0))
    assert np.mean(moves) <= 3


def test_outer_voices_make_no_parallel_fifths_or_octaves():
    fifth = Chord(0, (0, 2, 4), (60, 64, 67), 36)
    assert outer_parallel(fifth, Chord(1, (0, 2, 4), (62, 65, 69), 38))
    assert not outer_parallel(fifth, Chord(1, (0, 2, 4), (57, 62, 65), 38))
    assert not outer_parallel(fifth, fifth)
    changes = 0
    for number in range(24):
        bars = random_score(number)[0].bars
        for before, after in zip(bars, bars[1:], strict=False):
            changes += before.chord != after.chord
            assert not outer_parallel(before.chord, after.chord)
    assert changes > 200


# ------------------------------------------------------------------- score
def test_every_cut_begins_a_bar_with_a_new_chord_and_an_accent():
    cue = music_cue("cinematic", 24.0)
    cuts = (5.2, 11.9, 17.3)
    score = compose(cue, plan_of(cue, cuts))
    for cut in cuts:
        (bar,) = [b for b in score.bars if abs(b.times_s[0] - cut) < 0.005]
        before = score.bars[bar.index - 1]
        assert bar.on_marker and before.before_turn
        assert bar.chord.degree != before.chord.degree
        notes = next(notes for index, notes in enumerate(play(score)) if index == bar.index)
        assert [n for n in notes if n.part == "accent" and abs(n.time_s - cut) < 0.005]
    assert score.bars[-1].chord.degree == 0


@pytest.mark.parametrize("number", range(16))
def test_bars_fill_the_piece_and_every_cut_has_a_note(number):
    score, cuts = random_score(number)
    for before, after in zip(score.bars, score.bars[1:], strict=False):
        assert after.times_s[0] == pytest.approx(before.times_s[-1])
    assert score.bars[0].times_s[0] <= 0.6 and score.bars[-1].times_s[-1] >= score.length_s
    times = np.array([note.time_s for note in notes_of(score)])
    assert all(np.abs(times - cut).min() < 0.005 for cut in cuts)
    assert times.min() >= -1e-9 and times.max() < score.length_s


def test_a_piece_ends_on_the_tonic_with_time_to_ring():
    for number in range(24):
        score, _ = random_score(number)
        last = score.bars[-1]
        assert last.is_last and last.section == "ending" and last.chord.degree == 0
        assert last.chord.bass % 12 == score.key.tonic % 12
        ring_s = score.length_s - last.times_s[0]
        assert 0.4 < ring_s < max(0.5 * score.length_s, 2.4 * score.style.ring_s)


def test_markers_count_from_the_start_of_the_cue():
    cue = music_cue(length_s=10.0, time_s=4.0)
    score = compose(cue, plan_of(cue, (2.0, 9.5)))
    assert [b.times_s[0] for b in score.bars if b.on_marker] == pytest.approx([5.5])


def test_mood_moves_mode_tempo_and_density():
    cue = music_cue("cinematic", 20.0)
    dark = compose(cue, plan_of(cue, mood=Mood(brightness=0.1, saturation=0.2, warmth=-0.5)))
    bright = compose(cue, plan_of(cue, mood=Mood(brightness=0.9, saturation=0.8, warmth=0.5, motion=1.0)))
    assert dark.key.mode == "aeolian" and bright.key.mode == "lydian"
    assert bright.tempo.base_bpm > dark.tempo.base_bpm
    assert len(notes_of(bright)) / len(bright.bars) > len(notes_of(dark)) / len(dark.bars)


def test_tempo_key_and_mode_can_be_fixed():
    cue = music_cue(parameters={"bpm": 90.0, "key": 2.0, "mode": float(MODE_NAMES.index("dorian"))})
    score = compose(cue, plan_of(cue, (2.9, 5.2)))
    assert score.tempo.base_bpm == 90
    assert max(abs(bpm / 90 - 1) for bpm in score.tempo.bpm) <= 0.031
    assert (score.key.tonic % 12, score.key.mode) == (2, "dorian")
    assert {bar.key for bar in score.bars} == {score.key}


@pytest.mark.parametrize(
    "changes",
    [
        {"style": "polka"},
        {"length_s": 0.0},
        {"length_s": float("nan")},
        {"parameters": {"bpm": 1e9}},
        {"parameters": {"bpm": float("nan")}},
        {"parameters": {"key": 40.0}},
        {"parameters": {"key": float("nan")}},
        {"parameters": {"mode": 6.0}},
        {"parameters": {"valence": -1.5}},
        {"parameters": {"arousal": float("nan")}},
    ],
)
def test_nonsense_is_refused_with_a_sentence(changes):
    cue = music_cue(**changes)
    with pytest.raises(UsageError) as caught:
        compose(cue, SoundPlan(duration_s=8, cues=(cue,)))
    assert str(caught.value).endswith(".")


# -------------------------------------------------------------------- form
def flat(count, arousal=0.5):
    return [Shade(0.0, arousal)] * count


def test_sections_cover_the_bars_in_order():
    for count in range(1, 60):
        sections = lay_form(flat(count), [False] * count, least=1)
        assert [s.first for s in sections] == [0, *(s.end for s in sections[:-1])]
        assert sections[-1].end == count and sections[-1].kind == "ending"
        assert all(s.end - s.first <= 9 for s in sections)
        assert all(s.end - s.first >= 2 for s in sections[:-1]) or count < 4


def test_a_long_piece_without_a_story_makes_an_arch_of_its_own():
    sections = lay_form(flat(49), [False] * 49, least=2)
    kinds = [s.kind for s in sections]
    assert kinds[0] == "intro" and kinds[-1] == "ending" and "breakdown" in kinds and "lift" in kinds
    levels = [s.level for s in sections]
    assert levels[0] < max(levels) and min(levels[1:-1]) < max(levels)


def test_a_turn_of_feeling_begins_a_section_on_its_cut():
    calm, wild = Shade(-0.4, 0.15), Shade(0.4, 0.85)
    on_marker = [bar in (3, 9, 14) for bar in range(20)]
    # the bar before the cut lies across the change
    feelings = [calm] * 8 + [Shade(-0.1, 0.4)] + [wild] * 11
    sections = lay_form(feelings, on_marker, least=1)
    turn = next(s for s in sections if s.first == 9)
    before = next(s for s in sections if s.end == 9)
    assert turn.level > before.level
    assert turn.kind == "lift"


def test_a_calm_scene_in_the_middle_breaks_down():
    feelings = tuple(Feeling(20.0 * n, 20.0 * (n + 1), 0.0, 0.2 if n == 1 else 0.8) for n in range(3))
    cue = music_cue("cinematic", 60.0)
    score = compose(cue, plan_of(cue, (20.0, 40.0), feelings=feelings))

    def density(start_s, end_s):
        bars = [b for b in score.bars if start_s <= b.times_s[0] < end_s]
        return np.mean([len(n) for n, b in zip(play(score), score.bars, strict=True) if b in bars])

    assert any(s.kind == "breakdown" for s in score.sections)
    assert density(22, 38) < 0.6 * density(42, 54)
    assert density(22, 38) < 0.6 * density(8, 18)


def test_a_dark_scene_in_a_bright_piece_borrows_from_minor_unless_the_mode_was_chosen():
    feelings = (Feeling(0, 30, 0.8, 0.5), Feeling(30, 40, -0.9, 0.5), Feeling(40, 60, 0.8, 0.5))
    cue = music_cue("playful", 60.0)
    score = compose(cue, plan_of(cue, (30.0, 40.0), feelings=feelings))
    assert score.key.mode == "ionian"
    inside = {b.key.mode for b in score.bars if 31 < b.times_s[0] < 38}
    assert inside == {"aeolian"}
    assert score.bars[-1].key == score.key
    chosen = music_cue("playful", 60.0, parameters={"mode": float(MODE_NAMES.index("ionian"))})
    assert {b.key.mode for b in compose(chosen, plan_of(chosen, (30.0, 40.0), feelings=feelings)).bars} == {"ionian"}


def test_bright_scenes_lie_higher():
    def mean_pitch(valence, arousal):
        cue = music_cue("cinematic", 40.0)
        score = compose(cue, plan_of(cue, feelings=(Feeling(0, 40, valence, arousal),)))
        return np.mean([v for bar in score.bars for v in bar.chord.voices])

    assert mean_pitch(0.8, 0.9) > mean_pitch(-0.8, 0.1) + 3


def test_wishes_move_the_centre_and_scenes_still_differ():
    feelings = (Feeling(0, 10, 0.6, 0.8), Feeling(10, 20, 0.2, 0.4))
    cue = music_cue(length_s=20.0, parameters={"valence": -0.5, "arousal": 0.5})
    first, second = shades(cue, plan_of(cue, feelings=feelings), [(0, 10), (10, 20)])
    assert (first.valence + second.valence) / 2 == pytest.approx(-0.5)
    assert first.valence - second.valence == pytest.approx(0.2)
    assert first.arousal - second.arousal == pytest.approx(0.2)
    plain = music_cue(length_s=20.0)
    (whole,) = shades(plain, plan_of(plain, feelings=feelings), [(0, 20)])
    assert (whole.valence, whole.arousal) == pytest.approx((0.4, 0.6))


# ------------------------------------------------------------------- parts
def test_a_fill_and_a_riser_lead_into_a_new_section_and_not_into_every_cut():
    cue = music_cue("cinematic", 60.0)
    cuts = tuple(float(t) for t in np.arange(3.0, 58, 3.0))
    score = compose(cue, plan_of(cue, cuts, mood=Mood(motion=1.0)))
    ends = [s.end - 1 for s in score.sections[:-1] if s.level >= 2]
    risers = [i for i, notes in enumerate(play(score)) if any(n.voice == "riser" for n in notes)]
    assert risers == ends
    assert len(ends) < len(cuts) / 2


def test_a_strong_moment_on_a_beat_is_marked():
    cue = music_cue("ambient", 20.0)
    beat = compose(cue, plan_of(cue)).tempo.beats_s[7]
    plain = {(n.part, round(n.time_s, 3)) for n in notes_of(compose(cue, plan_of(cue)))}
    marked = compose(cue, plan_of(cue, accents_s=(beat,)))
    more = {(n.part, round(n.time_s, 3)) for n in notes_of(marked)} - plain
    assert any(abs(time_s - beat) < 0.02 for _, time_s in more)


def test_the_melody_repeats_in_sequence_answers_and_breathes():
    cue = music_cue("cinematic", 80.0)
    score = compose(cue, plan_of(cue, mood=Mood(motion=0.6)))
    theme = next(s for s in score.sections if s.kind in ("theme", "lift") and s.end - s.first >= 4)
    leads = [[n for n in notes if n.part == "lead"] for notes in play(score)]
    bars = [leads[theme.first + place] for place in range(4)]

    def rhythm(notes, bar):
        return [round(n.time_s - score.bars[theme.first + bar].times_s[0], 3) for n in notes]

    assert len(bars[0]) >= 3
    assert rhythm(bars[0], 0) == pytest.approx(rhythm(bars[1], 1), abs=0.02)
    assert [n.pitch for n in bars[0]] != [n.pitch for n in bars[1]]
    assert not bars[3]
    scale = {(score.key.tonic + s) % 12 for s in MODES[score.key.mode]}
    assert {n.pitch % 12 for notes in bars for n in notes} <= scale
    intro = [n for notes in leads[: score.sections[0].end] for n in notes]
    assert len(intro) < len(bars[0]) * score.sections[0].end


def test_notes_depend_on_the_seed_alone():
    score, _ = random_score(5)
    again, _ = random_score(5)
    assert notes_of(score) == notes_of(again)
    cue = music_cue("cinematic", 30.0)
    other = music_cue("cinematic", 30.0, seed=4)
    assert notes_of(compose(cue, plan_of(cue))) != notes_of(compose(other, plan_of(other)))


def test_an_introduction_stands_on_the_tonic_and_minor_leads_home_by_its_leading_note():
    cue = music_cue("cinematic", 60.0, parameters={"mode": float(MODE_NAMES.index("aeolian"))})
    score = compose(cue, plan_of(cue))
    tonic = score.key.tonic % 12
    intro = [bar for bar in score.bars if bar.section == "intro"]
    assert intro and {bar.chord.bass % 12 for bar in intro} == {tonic}
    before_last = score.bars[-2].chord
    assert (tonic + 11) % 12 in {voice % 12 for voice in before_last.voices}
    assert before_last.bass % 12 == (tonic + 7) % 12


def test_every_bar_has_something_to_hear():
    for number in range(16):
        score, _ = random_score(number)
        for bar, notes in zip(score.bars, play(score), strict=True):
            assert notes or bar.times_s[-1] <= 0, (score.style, bar.index)


def test_the_tonic_has_its_third_and_a_suspension_on_it_resolves():
    for number in range(24):
        score, _ = random_score(number)
        chords = [bar.chord for bar in score.bars]
        may_be_bare = all(2 not in colour for colour in score.style.colours)
        for chord, after in zip(chords, chords[1:], strict=False):
            if chord.degree == 0 and not may_be_bare:
                assert 6 not in chord.colour
                assert 2 in chord.colour or (after.degree == 0 and 2 in after.colour)
