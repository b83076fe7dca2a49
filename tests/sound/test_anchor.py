"""The level of the clip's own sound."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.sound.mix.anchor import anchor_gain_db
from pipeline.sound.mix.loudness import LoudnessMeter

RATE = 48_000


def noise(level: float) -> np.ndarray:
    return (level * np.random.default_rng(1).standard_normal((2, 4 * RATE))).astype(np.float32)


@pytest.mark.parametrize("level", [0.5, 0.1, 0.02])
def test_sound_is_brought_to_the_level_of_a_programme(level):
    sound = noise(level)
    gain_db = anchor_gain_db(np.array_split(sound, 7, axis=1), sample_rate_hz=RATE)
    meter = LoudnessMeter(RATE)
    meter.add(sound * 10 ** (gain_db / 20))
    assert meter.integrated_lufs == pytest.approx(-23.0, abs=0.02)


def test_what_is_faint_stays_faint_and_silence_silence():
    assert anchor_gain_db([noise(0.001)], sample_rate_hz=RATE) == 6.0
    assert anchor_gain_db([np.zeros((2, RATE))], sample_rate_hz=RATE) == 0.0
    assert anchor_gain_db([], sample_rate_hz=RATE) == 0.0
