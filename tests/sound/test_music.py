"""Tempo maps, harmony and the rendered bed."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.records import Cue, Mood, SoundPlan
from pipeline.sound.mix.loudness import LoudnessMeter
from pipeline.sound.music.harmony import MODES, PAD_RANGE, Key, lead_voices, pitch_hz
from pipeline.sound.music.music import iter_music
from pipeline.sound.music.parts import play
from pipeline.sound.music.score import compose
from pipeline.sound.music.styles import STYLES
from pipeline.sound.music.synth import MODAL, PADS, STRUCK, modal_note, pad_loop, struck_note
from pipeline.sound.music.tempo import MAX_DEVIATION, beat_errors_s, best_constant, plan_tempo, usable_markers

RATE = 48_000


def music_cue(style: str = "cinematic", length_s: float = 8.0, **changes: Any) -> Cue:
    values: dict[str, Any] = {"id": "m", "stem": "MX", "time_s": 0.0, "category": "MUSICAL", "seed": 3, **changes}
    return Cue(sound=f"music/{style}", length_s=length_s, **values)


def plan_of(cue: Cue, markers: tuple[float, ...] = (), mood: Mood = Mood(motion=0.5)) -> SoundPlan:
    return SoundPlan(duration_s=cue.time_s + cue.length_s, cues=(cue,), markers_s=markers, mood=mood)


def render(cue: Cue, plan: SoundPlan, rate: int = RATE, block: int = 20_000) -> np.ndarray:
    return np.concatenate(list(iter_music(cue, plan, sample_rate_hz=rate, block_samples=block)), axis=1)


def random_edit(rng: np.random.Generator) -> tuple[list[float], float]:
    cuts = np.cumsum(np.exp(rng.normal(np.log(2.2), 0.6, 30)))
    duration = float(rng.uniform(8, 60))
    return [float(c) for c in cuts if c < duration - 0.3], duration


# ------------------------------------------------------------------- tempo
def test_without_markers_the_tempo_is_the_wished_one():
    tempo = plan_tempo([], duration_s=10, base_bpm=120)
    np.testing.assert_allclose(tempo.beats_s, np.arange(0, 10.01, 0.5))
    assert tempo.downbeats == (0, 4, 8, 12, 16)


def test_cuts_on_a_steady_grid_keep_a_constant_tempo():
    cuts = [2.4, 4.8, 9.6, 10.8]
    tempo = plan_tempo(cuts, duration_s=14, base_bpm=96)
    np.testing.assert_allclose(tempo.bpm, 100, rtol=1e-6)
    assert beat_errors_s(tempo.beats_s, cuts).max() < 1e-9


def test_cuts_land_on_beats_where_fixed_tempos_miss():
    rng = np.random.default_rng(11)
    ours, fixed, constant, drift = [], [], [], []
    for _ in range(40):
        cuts, duration = random_edit(rng)
        tempo = plan_tempo(cuts, duration_s=duration, base_bpm=float(rng.uniform(70, 130)))
        kept = usable_markers(cuts, duration_s=duration)
        ours += beat_errors_s(tempo.beats_s, kept).tolist()
        fixed.append(beat_errors_s(np.arange(0, duration + 1, 0.5), kept).mean())
        constant.append(best_constant(kept, low_bpm=60, high_bpm=150)[2])
        drift += np.abs(np.array(tempo.bpm) / tempo.base_bpm - 1).tolist()
    assert max(ours) < 0.005
    assert np.mean(fixed) > 0.1
    assert np.mean(constant) > 0.03
    assert np.median(drift) <= MAX_DEVIATION
    assert np.quantile(drift, 0.9) <= MAX_DEVIATION * 1.02


@pytest.mark.parametrize("seed", range(5))
def test_a_tempo_map_is_well_formed(seed):
    cuts, duration = random_edit(np.random.default_rng(seed))
    tempo = plan_tempo(cuts, duration_s=duration, base_bpm=100)
    beats = np.array(tempo.beats_s)
    assert beats[0] <= 0 < beats[1] and beats[-1] >= duration
    assert (np.diff(beats) > 0).all()
    assert len(tempo.units) == len(beats) - 1 and set(tempo.units) <= {0.25, 0.5, 0.75, 1.0}
    assert abs(tempo.base_bpm / 100 - 1) <= 0.125
    bars = np.diff(tempo.downbeats)
    assert ((bars >= 1) & (bars <= 5)).all() and (bars[1:-1] >= 2).all()


def test_hostile_markers_are_left_out():
    markers = [float("nan"), float("inf"), -3.0, 0.01, 4.0, 4.05, 99.0]
    assert usable_markers(markers, duration_s=10) == [4.0]
    with pytest.raises(ValueError):
        plan_tempo([], duration_s=float("nan"), base_bpm=100)


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
    voices = np.array([chord.voices for chord in chords])
    moves = np.abs(np.diff(voices, axis=0))
    assert np.mean(moves) <= 3


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
    assert sum(map(len, play(bright))) / len(bright.bars) > sum(map(len, play(dark))) / len(dark.bars)


def test_tempo_and_key_can_be_fixed():
    cue = music_cue(parameters={"bpm": 90.0, "key": 2.0})
    score = compose(cue, plan_of(cue))
    assert score.tempo.base_bpm == pytest.approx(90)
    assert score.key.tonic % 12 == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"style": "polka"},
        {"length_s": 0.0},
        {"length_s": float("nan")},
        {"parameters": {"bpm": 1e9}},
        {"parameters": {"bpm": float("nan")}},
        {"parameters": {"key": 40.0}},
    ],
)
def test_nonsense_is_refused_with_a_sentence(changes):
    cue = music_cue(**changes)
    with pytest.raises(UsageError):
        compose(cue, SoundPlan(duration_s=8, cues=(cue,)))


# ------------------------------------------------------------------ voices
@pytest.mark.parametrize("pitch", [40, 57, 69])
@pytest.mark.parametrize("name", ["felt", "pluck", "upright", "marimba", "warm"])
def test_voices_are_in_tune(name, pitch):
    if name in STRUCK:
        sound = struck_note(STRUCK[name], pitch, sample_rate_hz=RATE)
    elif name in MODAL:
        sound = modal_note(MODAL[name], pitch, sample_rate_hz=RATE)
    else:
        sound = pad_loop(PADS[name], pitch, sample_rate_hz=RATE)
    mono = sound.mean(axis=0)
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 19)) ** 2
    grid = np.fft.rfftfreq(1 << 19, 1 / RATE)
    near = np.abs(grid / pitch_hz(pitch) - 1) < 0.03
    # a pad is a narrow band of noise: its centre of gravity is its pitch
    found = np.average(grid[near], weights=power[near])
    assert abs(1200 * np.log2(found / pitch_hz(pitch))) < 15


def test_pads_have_no_seam_and_survive_mono():
    for pad in PADS.values():
        loop = pad_loop(pad, 60, sample_rate_hz=RATE).astype(np.float64)
        seam = np.abs(loop[:, 0] - loop[:, -1]).max()
        assert seam <= np.abs(np.diff(loop, axis=1)).max()
        assert np.mean(loop.mean(axis=0) ** 2) > 0.5 * np.mean(loop**2)


# ------------------------------------------------------------------- sound
@pytest.mark.parametrize("style", list(STYLES))
def test_a_bed_has_level_width_an_end_and_the_right_length(style):
    cue = music_cue(style, 8.1234)
    sound = render(cue, plan_of(cue, (3.1, 5.7)))
    assert sound.shape == (2, round(8.1234 * RATE)) and sound.dtype == np.float32
    assert np.isfinite(sound).all()
    meter = LoudnessMeter(RATE, 2)
    meter.add(sound)
    assert meter.integrated_lufs is not None and -24 < meter.integrated_lufs < -17
    assert 0.2 < np.corrcoef(sound)[0, 1] < 0.98
    # it begins within a second and fades to nothing without a cut
    assert np.abs(sound[:, :RATE]).max() > 0.01
    assert np.abs(sound[:, -48:]).max() < 1e-3
    assert np.abs(sound[:, -2 * RATE : -RATE]).max() > 0.01


@pytest.mark.parametrize("style", ["ambient", "playful", "tense"])
def test_the_accent_is_heard_within_five_ms_of_the_cut(style):
    from scipy.signal import butter, sosfilt

    cut = 5.2
    cue = music_cue(style, 12.0)
    mono = render(cue, plan_of(cue, (cut,))).mean(axis=0)
    energy = sosfilt(butter(4, 1500, "highpass", fs=RATE, output="sos"), mono) ** 2
    window = int(0.002 * RATE)
    level = np.convolve(energy, np.ones(window) / window)[: len(energy)] + 1e-9
    around = np.arange(int((cut - 0.2) * RATE), int((cut + 0.2) * RATE))
    before = np.maximum.reduce([level[around - k * window] for k in (1, 3, 6)])
    loudest_rise = around[(level[around] / before).argmax()] / RATE
    assert abs(loudest_rise - cut) < 0.005


def test_block_length_changes_nothing_and_seeds_do():
    cue = music_cue("electronic", 5.0)
    plan = plan_of(cue, (2.0,))
    sound = render(cue, plan, block=48_000)
    np.testing.assert_array_equal(sound, render(cue, plan, block=1_001))
    other = music_cue("electronic", 5.0, seed=4)
    assert not np.allclose(sound, render(other, plan_of(other, (2.0,))))


def test_blocks_have_the_length_that_was_asked_for():
    cue = music_cue("ambient", 1.0)
    sizes = [b.shape[1] for b in iter_music(cue, plan_of(cue), sample_rate_hz=RATE, block_samples=10_000)]
    assert sizes == [10_000] * 4 + [8_000]


@pytest.mark.parametrize("length_s", [0.001, 0.05, 0.3, 1.0, 2.5])
def test_very_short_cues(length_s):
    cue = music_cue("cinematic", length_s)
    sound = render(cue, plan_of(cue, (0.5 * length_s,)))
    assert sound.shape == (2, round(length_s * RATE))
    assert np.isfinite(sound).all()


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
def test_other_sample_rates_give_the_same_piece(rate):
    cue = music_cue("playful", 4.0)
    sound, reference = render(cue, plan_of(cue), rate), render(cue, plan_of(cue))
    assert sound.shape[1] == 4 * rate
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(np.sqrt(np.mean(reference**2)), rel=0.25)


def test_sustained_voices_do_not_click():
    from scipy.signal import butter, sosfilt

    # a drone of pads, bass and bells has next to nothing above 15 kHz; a click would
    cue = music_cue("ambient", 12.0)
    sound = render(cue, plan_of(cue, (4.0, 8.0)))
    high = sosfilt(butter(8, 15_000, "highpass", fs=RATE, output="sos"), sound, axis=1)
    assert np.abs(high).max() < 10 ** (-45 / 20)


def test_memory_does_not_grow_with_length():
    peaks = []
    for length_s in (60.0, 240.0):
        cue = music_cue("ambient", length_s)
        tracemalloc.start()
        for _ in iter_music(cue, plan_of(cue), sample_rate_hz=16_000, block_samples=16_000):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.25 * peaks[0]
