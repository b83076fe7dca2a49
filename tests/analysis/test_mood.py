"""Mood statistics of pictures made to a recipe."""

from __future__ import annotations

import analysis_scenes as scenes
import numpy as np
import pytest

from pipeline.analysis.mood import MoodMeter, picture_statistics, scenery
from pipeline.records import Mood, MotionCurve, Shot


def plain(red, green, blue):
    return np.full((72, 128, 3), (red, green, blue), np.uint8)


def rough(red, green, blue, spread=25):
    noise = np.random.default_rng(1).normal(0, spread, (72, 128, 1))
    return np.clip(np.array([red, green, blue]) + noise, 0, 255).astype(np.uint8)


def test_brightness_contrast_and_colour_follow_the_picture():
    dark, bright = picture_statistics(plain(20, 20, 20)), picture_statistics(plain(235, 235, 235))
    assert dark[0] == pytest.approx(20 / 255, abs=0.01)
    assert bright[0] > 0.9
    assert dark[1] == bright[1] == 0
    assert dark[2] == 0
    chess = (np.indices((72, 128)).sum(0) % 2 * 255).astype(np.uint8)
    assert picture_statistics(np.repeat(chess[..., None], 3, -1))[1] == 1
    assert picture_statistics(plain(230, 150, 60))[3] > 0.9
    assert picture_statistics(plain(60, 120, 220))[3] < -0.9


def test_sky_water_and_foliage():
    beach = np.vstack([plain(120, 180, 240)[:24], rough(30, 80, 140)[:48]])
    sky, water, foliage = scenery(beach)
    assert sky == pytest.approx(1 / 3, abs=0.05)
    assert water > 0.5
    assert foliage == 0
    assert scenery(rough(60, 120, 40))[2] > 0.8
    assert scenery(plain(200, 60, 40)) == (0, 0, 0)


def test_the_whole_clip_and_each_shot():
    meter = MoodMeter()
    for time_s in scenes.times(25, 4):
        meter.add(time_s, plain(230, 150, 60) if time_s < 2 else plain(20, 30, 60))
    times_s = tuple(scenes.times(25, 4))
    curve = MotionCurve(times_s, tuple(0.0 if t < 2 else 0.15 for t in times_s), (0.0,) * 100, (0.5,) * 100)
    shots = (Shot(0.0, 2.0), Shot(2.0, 4.0))
    first, second = meter.shot_moods(shots, curve)
    whole = meter.mood(end_s=4.0, motion=curve, cuts=1)
    assert first.warmth > 0.5 > second.warmth
    assert first.brightness > whole.brightness > second.brightness
    assert (first.motion, second.motion) == (0.0, pytest.approx(0.5))
    assert 0 < whole.motion < 0.5
    assert whole.cuts_per_minute == first.cuts_per_minute == pytest.approx(15)


def test_no_picture_gives_the_neutral_mood():
    assert MoodMeter().mood() == Mood()
