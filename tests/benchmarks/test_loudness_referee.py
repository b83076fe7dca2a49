"""What the loudness benchmark measures by: ffmpeg's meter, and its own eyes for ducking."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.loudness import HOP_S, _lufs_of, _production, _Voices
from benchmarks.referee import read, read_after_loudnorm
from benchmarks.spoken import talk
from pipeline.sound.mix.loudness import LoudnessMeter

RATE = 48_000


def noise(seconds: float, level: float) -> np.ndarray:
    return level * np.random.default_rng(2).standard_normal((2, round(seconds * RATE)))


def test_the_referee_reads_a_tone_as_the_standard_says():
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * np.arange(5 * RATE) / RATE)
    reading = read(np.stack([tone, tone]), RATE)
    assert reading.integrated_lufs == pytest.approx(-23, abs=0.05)
    assert reading.true_peak_db == pytest.approx(-23, abs=0.1)
    assert len(reading.momentary_lufs) == 50
    assert read(np.zeros((2, RATE)), RATE).integrated_lufs is None


def test_loudness_of_marked_stretches_by_ffmpeg_is_that_of_the_meter():
    sound = np.concatenate([noise(2, 0.2), noise(2, 0.02), noise(2, 0.05)], axis=1)
    steps = np.zeros(60, dtype=bool)
    steps[22:55] = True
    meter = LoudnessMeter(RATE, 2)
    meter.add(sound)
    own = meter.lufs_of(steps)
    assert own is not None
    assert _lufs_of(sound, steps, RATE) == pytest.approx(own, abs=0.02)


def test_loudnorm_in_one_pass_is_measured_at_the_rate_it_got():
    reading = read_after_loudnorm(noise(5, 0.01), RATE, target_lufs=-14, ceiling_dbtp=-1)
    assert reading.integrated_lufs is not None and -17 < reading.integrated_lufs < -12
    assert len(reading.momentary_lufs) == pytest.approx(50, abs=1)


def test_made_clips_speak_when_the_benchmark_says():
    sound, spoken_s = _production("speech", 8.0, RATE, np.random.default_rng(5), _Voices(None))
    assert sound is not None and spoken_s
    power = (sound**2).mean(axis=0).reshape(-1, round(HOP_S * RATE)).mean(axis=1)
    start = round(spoken_s[0][0] / HOP_S)
    assert power[: start - 1].max() < 1e-5 < power[start + 5 : start + 50].max()
    assert talk(1.0, [(0.2, 0.6)]).shape == (2, RATE)
