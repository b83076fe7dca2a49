"""Voices of the music and the rendered bed."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.records import Cue, Mood, SoundPlan
from pipeline.sound.mix.loudness import LoudnessMeter
from pipeline.sound.music.music import _finish, _perform, iter_music
from pipeline.sound.music.score import compose
from pipeline.sound.music.styles import STYLES

RATE = 48_000


def music_cue(style: str = "cinematic", length_s: float = 8.0, **changes: Any) -> Cue:
    values: dict[str, Any] = {"id": "m", "stem": "MX", "time_s": 0.0, "category": "MUSICAL", "seed": 3, **changes}
    return Cue(sound=f"music/{style}", length_s=length_s, **values)


def plan_of(cue: Cue, markers: tuple[float, ...] = (), mood: Mood = Mood(motion=0.5)) -> SoundPlan:
    return SoundPlan(duration_s=cue.time_s + cue.length_s, cues=(cue,), markers_s=markers, mood=mood)


def render(cue: Cue, plan: SoundPlan, rate: int = RATE, block: int = 20_000) -> np.ndarray:
    return np.concatenate(list(iter_music(cue, plan, sample_rate_hz=rate, block_samples=block)), axis=1)


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


@pytest.mark.parametrize(("style", "rate"), [("playful", 44_100), ("acoustic", 96_000), ("lo-fi", 44_100)])
def test_other_sample_rates_give_the_same_piece(style, rate):
    cue = music_cue(style, 4.0)
    sound, reference = render(cue, plan_of(cue, (1.9,)), rate), render(cue, plan_of(cue, (1.9,)))
    assert sound.shape[1] == 4 * rate
    assert loudness(sound, rate) == pytest.approx(loudness(reference), abs=0.4)
    # in step to a millisecond: the envelopes fit best where they lie
    one, other = envelope(sound, rate), envelope(reference, RATE)
    fits = [np.dot(one[20:-20], np.roll(other, shift)[20:-20]) for shift in range(-8, 9)]
    assert abs(int(np.argmax(fits)) - 8) <= 1


def loudness(sound: np.ndarray, rate: int = RATE) -> float:
    """Integrated loudness, LUFS."""
    meter = LoudnessMeter(rate, len(sound))
    meter.add(sound)
    assert meter.integrated_lufs is not None
    return meter.integrated_lufs


def envelope(sound: np.ndarray, rate: int) -> np.ndarray:
    """How much it rises in each millisecond."""
    frames = np.add.reduceat((sound**2).mean(axis=0), np.round(np.arange(0, 4, 0.001) * rate).astype(int))
    return np.maximum(np.diff(np.sqrt(frames / rate)), 0)


@pytest.mark.parametrize("style", list(STYLES))
def test_a_bed_survives_mono_and_never_runs_over(style):
    cue = music_cue(style, 8.0, seed=5)
    sound = render(cue, plan_of(cue, (3.1,), Mood(motion=1.0, cuts_per_minute=30)))
    assert np.abs(sound).max() < 0.9
    mono = np.repeat(sound.mean(axis=0, keepdims=True), 2, axis=0)
    assert loudness(sound) - loudness(mono) < 1.5
    # transients stand out
    assert 20 * np.log10(np.abs(sound).max() / np.sqrt((sound**2).mean())) > 11


@pytest.mark.parametrize("style", ["ambient", "lo-fi", "acoustic", "percussion"])
def test_what_happens_more_is_heard_as_more(style):
    cue = music_cue(style, 6.0)
    score = compose(cue, plan_of(cue))
    levels = []
    for level in (0, 1, 3):
        bars = tuple(replace(bar, level=level) for bar in score.bars)
        finished = _finish(
            _perform(replace(score, bars=bars, style=replace(score.style, loud_lufs=(-20.0,) * 4)), RATE, None),
            score,
            samples=6 * RATE,
            sample_rate_hz=RATE,
        )
        levels.append(loudness(np.concatenate(list(finished), axis=1)))
    assert levels[0] + 1 < levels[1] and levels[1] + 1 < levels[2]


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
