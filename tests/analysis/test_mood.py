"""Mood statistics of pictures made to a recipe."""

from __future__ import annotations

import analysis_scenes as scenes
import numpy as np
import pytest

from pipeline.analysis import mood
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


def room():
    """Smooth walls, a bright window, a door and shelves: edges that stand, and no leaves."""
    picture = np.full((72, 128, 3), (196, 190, 180), np.uint8)
    picture[52:] = (120, 96, 70)
    picture[12:40, 14:34] = 250
    for x in (50, 56, 90, 96, 104, 110, 116):
        picture[6:60, x : x + 3] = (40, 34, 30)
    return picture


def meadow():
    generator = np.random.default_rng(5)
    picture = np.full((72, 128, 3), (150, 190, 235), np.float64)
    picture[30:] = np.array((70, 125, 45)) + generator.normal(0, 28, (42, 128, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def statistics(picture):
    return dict(zip(mood._COLUMNS[1:], picture_statistics(picture), strict=True))


def test_a_room_and_a_meadow():
    assert statistics(room())["indoor"] > 0.75
    assert statistics(meadow())["indoor"] < 0.1
    # white walls are no sky where they are surely walls
    assert statistics(room())["sky"] < 0.1
    assert statistics(meadow())["sky"] > 0.35


def test_night_is_dark_everywhere_and_not_in_lamp_light():
    sky = (rough(14, 17, 28, 4), plain(16, 18, 30))
    assert all(statistics(picture)["night"] > 0.9 for picture in sky)
    lamps = plain(14, 16, 28)
    lamps[50:60, 20:100:12] = 255
    assert statistics(lamps)["night"] > 0.9
    # a face by candle light, a grey day, black under a bright sky
    assert statistics(plain(60, 26, 8))["night"] < 0.1
    assert statistics(plain(110, 112, 118))["night"] == 0
    assert statistics(np.vstack([plain(190, 200, 220)[:30], plain(8, 8, 10)[:42]]))["night"] == 0


@pytest.mark.parametrize("size", [(1, 1), (72, 1), (1, 128), (2, 3)])
def test_the_smallest_pictures(size):
    values = picture_statistics(np.full((*size, 3), 90, np.uint8))
    assert len(values) == len(mood._COLUMNS) - 1
    assert np.isfinite(values).all()


def test_place_of_each_shot():
    meter = MoodMeter()
    for time_s in scenes.times(25, 4):
        meter.add(time_s, room() if time_s < 2 else meadow())
    still = MotionCurve((), (), (), ())
    inside, outside = meter.shot_moods((Shot(0.0, 2.0), Shot(2.0, 4.0)), still)
    assert inside.indoor > 0.75 and outside.indoor < 0.1
    assert outside.indoor < meter.mood(end_s=4.0).indoor < inside.indoor
    assert inside.night == outside.night == 0
