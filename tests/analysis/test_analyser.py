"""The whole pass: odd clips, shapes and the records it returns."""

from __future__ import annotations

import json

import analysis_scenes as scenes
import numpy as np
import pytest

from pipeline.analysis.analyser import Analyser, analyse
from pipeline.analysis.events import peaks, running_rms
from pipeline.analysis.motion import work_size_px
from pipeline.records import Analysis, from_json, to_json


@pytest.mark.parametrize("count", [1, 2, 3, 16])
def test_very_short_clips(count):
    draw = scenes.drop_scene(1.0)
    analysis = scenes.analyse_pictures(scenes.film(draw, [i / 8 for i in range(count)]), count / 8)
    assert analysis.duration_s == count / 8
    assert len(analysis.shots) == len(analysis.shot_moods) == 1
    curve = analysis.motion
    assert len(curve.times_s) == len(curve.energy) == len(curve.camera) == len(curve.centre_x) == count
    assert np.isfinite([curve.energy, curve.camera, curve.centre_x]).all()
    json.loads(to_json(analysis))
    assert from_json(to_json(analysis), Analysis) == analysis


def test_no_picture_at_all():
    analysis = Analyser().result(1.0)
    assert analysis.events == ()
    assert analysis.motion.times_s == ()
    assert len(analysis.shots) == 1


def test_the_last_picture_is_inside_the_clip():
    pictures = scenes.film(lambda _: scenes.texture(1), scenes.times(10, 2))
    assert scenes.analyse_pictures(pictures, 1.0).duration_s == pytest.approx(1.9)
    assert scenes.analyse_pictures(pictures).duration_s == pytest.approx(1.9)


@pytest.mark.parametrize("size_px", [(16, 16), (333, 127), (90, 640), (1200, 60)])
def test_any_shape(size_px):
    texture = scenes.texture(2, *size_px)
    pictures = scenes.film(lambda t: np.roll(texture, round(20 * t), axis=1), scenes.times(12, 1))
    analysis = scenes.analyse_pictures(pictures, 1.0)
    assert all(0 <= event.x <= 1 and 0 <= event.y <= 1 and 0 <= event.confidence <= 1 for event in analysis.events)


def test_two_pictures_with_one_time_do_no_harm():
    texture = scenes.texture(3)
    times_s = [0.0, 0.0, 0.04, 0.04, 0.08]
    pictures = [scenes.Picture(t, np.roll(texture, 3 * i, axis=1)) for i, t in enumerate(times_s)]
    assert np.isfinite(scenes.analyse_pictures(pictures).motion.camera).all()


def test_work_size_keeps_the_short_side_and_whole_cells():
    assert work_size_px(16 / 9) == (224, 128)
    assert work_size_px(9 / 16) == (128, 224)
    assert work_size_px(1.0) == (128, 128)
    assert work_size_px(100.0) == (512, 128)


def test_a_whoosh_is_fast_movement_that_does_not_stop_in_the_picture():
    wall = scenes.texture(4)
    draw = lambda t: scenes.ball(wall, -60 + 330 * max(t - 0.6, 0), 90, 30)  # noqa: E731
    events = scenes.analyse_pictures(scenes.film(draw, scenes.times(30, 2.5)), 2.5).events
    whooshes = [event for event in events if event.kind == "whoosh"]
    assert len(whooshes) == 1
    # the ball crosses the picture from 0.7 to 1.85 s
    assert 0.7 < whooshes[0].time_s < 1.85
    assert 0.2 < whooshes[0].length_s < 1.4
    assert whooshes[0].speed > 1


def test_running_rms_and_peaks():
    time_s = np.arange(200) / 25
    values = np.zeros(200)
    values[[50, 53, 120]] = (4.0, 3.0, 2.0)
    assert running_rms(time_s, np.full(200, 3.0)) == pytest.approx(3.0)
    # 3 pictures of 25 per second later is too close to the stronger one
    assert peaks(time_s, values, threshold=1.0, gap_s=0.2).tolist() == [50, 120]
    assert peaks(time_s, values, threshold=2.5, gap_s=0.1).tolist() == [50, 53]
    assert peaks(time_s, values, threshold=5.0, gap_s=0.2).size == 0


def test_a_real_clip(corpus):
    analysis = analyse(corpus / "real" / "moviepy-media" / "media_audrey.mp4")
    assert [round(shot.start_s, 2) for shot in analysis.shots] == [0.0, 1.92]
    assert analysis.mood.brightness < 0.5


def test_the_pass_fills_surfaces_and_parts():
    import surface_films as films

    draw = films.rain(films.pan(20.0))
    analysis = scenes.analyse_pictures(scenes.film(draw, scenes.times(24, 4)), 4.0)
    assert [texture.kind for texture in analysis.textures] == ["rain"]
    assert len(analysis.regions) == 6
    assert len({region.times_s for region in analysis.regions}) == 1
    assert 0 <= analysis.mood.indoor <= 1 and len(analysis.shot_moods) == len(analysis.shots)
    assert from_json(to_json(analysis), Analysis) == analysis
