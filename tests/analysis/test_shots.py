"""Cuts at known times, and what must not be taken for one."""

from __future__ import annotations

import analysis_scenes as scenes
import cv2
import numpy as np
import pytest

from pipeline.analysis.shots import ShotDetector
from pipeline.records import Shot


def detect(pictures, duration_s):
    detector = ShotDetector()
    for picture in pictures:
        detector.add(picture.time_s, picture.image)
    return detector.shots(duration_s)


def starts(pictures, duration_s):
    return [shot.start_s for shot in detect(pictures, duration_s)[1:]]


def cutting(cuts_s):
    def draw(time_s):
        return scenes.texture(20 + sum(time_s >= cut_s for cut_s in cuts_s))

    return draw


@pytest.mark.parametrize("rate_hz", [8, 24, 60])
def test_cuts_begin_with_the_first_picture_of_the_new_shot(rate_hz):
    times_s = scenes.times(rate_hz, 4)
    truth = [times_s[rate_hz], times_s[5 * rate_hz // 2]]
    shots = detect(scenes.film(cutting(truth), times_s), 4.0)
    assert shots == (Shot(0.0, truth[0]), Shot(truth[0], truth[1]), Shot(truth[1], 4.0))


def test_cuts_with_irregular_presentation_times():
    times_s = np.cumsum(np.random.default_rng(1).uniform(0.01, 0.12, 60)).tolist()
    truth = [times_s[17], times_s[41]]
    assert starts(scenes.film(cutting(truth), times_s), times_s[-1] + 0.05) == truth


def test_cuts_in_repeated_pictures():
    # 8 different pictures per second in a file of 30
    wall = scenes.texture(30, scenes.WIDTH_PX * 2)

    def draw(time_s):
        shown_s = int(time_s * 8 + 1e-6) / 8
        left = round(60 * shown_s)
        return wall[:, left : left + scenes.WIDTH_PX] if shown_s < 1.5 else scenes.texture(31)

    assert starts(scenes.film(draw, scenes.times(30, 3)), 3.0) == [1.5]


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_a_flash_is_not_a_cut(pictures):
    wall = scenes.texture(32).astype(float)

    def draw(time_s):
        lit = 1.0 <= time_s < 1.0 + pictures / 25 - 1e-6
        return np.clip(wall * 0.4 + (190 if lit else 0), 0, 255).astype(np.uint8)

    film = scenes.film(draw, scenes.times(25, 2))
    assert starts(film, 2.0) == []
    events = scenes.analyse_pictures(film, 2.0).events
    assert [(event.kind, event.time_s) for event in events] == [("flash", 1.0)]


def test_a_light_that_stays_on_is_no_flash():
    wall = scenes.texture(33).astype(float)
    film = scenes.film(lambda t: np.clip(wall * (0.6 if t < 1 else 1.0), 0, 255).astype(np.uint8), scenes.times(25, 2))
    assert [event for event in scenes.analyse_pictures(film, 2.0).events if event.kind == "flash"] == []


def test_fast_movement_and_a_whip_pan_are_not_cuts():
    wall = scenes.texture(34, scenes.WIDTH_PX * 6)

    def whip(time_s):
        left = round(40 * time_s + 1000 * np.clip(time_s - 1, 0, 0.8))
        return wall[:, left : left + scenes.WIDTH_PX]

    assert starts(scenes.film(whip, scenes.times(30, 2.5)), 2.5) == []
    assert starts(scenes.film(scenes.drop_scene(1.0, rebound=0.9), scenes.times(30, 2.5)), 2.5) == []


def test_a_cut_between_pillarboxed_shots():
    def draw(time_s):
        image = np.zeros((scenes.HEIGHT_PX, scenes.WIDTH_PX, 3), np.uint8)
        image[:, 110:210] = scenes.texture(35 if time_s < 1 else 36)[:, 110:210]
        return image

    assert starts(scenes.film(draw, scenes.times(25, 2)), 2.0) == [1.0]


def test_a_dark_scene_is_cut_too():
    def draw(time_s):
        return (scenes.texture(37 if time_s < 1 else 38) // 6).astype(np.uint8)

    assert starts(scenes.film(draw, scenes.times(25, 2)), 2.0) == [1.0]


def test_one_shot_when_there_is_little_to_see():
    wall = scenes.texture(39)
    assert detect([], 0.0) == (Shot(0.0, 0.0),)
    assert detect(scenes.film(lambda _: wall, [0.0]), 0.04) == (Shot(0.0, 0.04),)
    assert detect(scenes.film(lambda _: wall, scenes.times(25, 2)), 2.0) == (Shot(0.0, 2.0),)


def test_a_zoom_is_not_a_cut():
    wall = scenes.texture(40)

    def draw(time_s):
        scale = 1 + 0.8 * time_s
        matrix = cv2.getRotationMatrix2D((scenes.WIDTH_PX / 2, scenes.HEIGHT_PX / 2), 0, scale)
        return cv2.warpAffine(wall, matrix, (scenes.WIDTH_PX, scenes.HEIGHT_PX), borderMode=cv2.BORDER_REFLECT)

    assert starts(scenes.film(draw, scenes.times(12, 2)), 2.0) == []


def test_known_joins_count_and_what_is_seen_in_them_does_not_count_twice():
    # a real cut at 1 s; a dissolve from 2 to 3 s, of which the pictures show nothing, and a cut 0.1 s after it
    times_s = scenes.times(20, 5)
    detector = ShotDetector(joins=((2.0, 3.0),))
    for picture in scenes.film(cutting([1.0, 3.1]), times_s):
        detector.add(picture.time_s, picture.image)
    assert [shot.start_s for shot in detector.shots(5.0)] == [0.0, 1.0, 2.5]
