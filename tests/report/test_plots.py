"""Pictures for reports: right size, right place, nothing hidden by odd input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.records import Analysis, Cue, Mood, MotionCurve, SoundPlan
from pipeline.report import plots


def decode(data: bytes) -> np.ndarray:
    import cv2

    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def plain(value: int, height: int = 90, width: int = 160) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_filmstrip_is_in_order_and_fills_the_width():
    strip = plots.strip_pixels([plain(10), plain(120), plain(240)], 640)
    assert strip.shape == (118, 640, 4)
    assert [int(strip[60, x, 0]) for x in (5, 320, 635)] == [10, 120, 240]
    # the gap lets the page show through
    assert strip[60, 212, 3] == 0


def test_a_single_portrait_picture_is_whole():
    assert plots.strip_pixels([plain(10, 160, 90)], 90).shape == (160, 90, 4)


def test_filmstrip_keeps_red_red():
    picture = plain(0)
    picture[..., 0] = 255
    blue, green, red = decode(plots.filmstrip([picture], 64))[5, 5, :3].tolist()
    assert red > 245 and max(blue, green) < 10


@pytest.mark.parametrize("size", [(400, 20), (20, 400), (1, 1), (91, 161)])
def test_filmstrip_of_odd_shapes(size):
    strip = plots.strip_pixels([plain(10), plain(200, *size)], 300)
    assert strip.shape[1] == 300 and strip.shape[0] <= 90


def test_filmstrip_refuses_nothing_and_too_much():
    with pytest.raises(ValueError, match="needs between"):
        plots.filmstrip([], 640)
    with pytest.raises(ValueError, match="needs between"):
        plots.filmstrip([plain(1)] * 100, 640)


def test_cue_picture_is_as_wide_as_asked_and_repeats(made):
    arguments = (made.make_frames(6), made.make_analysis(), made.make_plan(), made.make_audio())
    png = plots.cue_picture(*arguments)
    assert decode(png).shape[1] == 1600
    assert png == plots.cue_picture(*arguments)


def test_cue_picture_shows_the_sound_when_it_is_heard(made):
    audio = np.zeros((2, 48000 * 8), np.float32)
    audio[:, 48000 * 4 :] = np.sin(np.arange(48000 * 4) / 20)
    picture = decode(plots.cue_picture([], made.make_analysis(), SoundPlan(8.0, ()), audio))[..., :3].astype(int)
    # the lower part holds the sound: blue where there is some
    bottom = picture[int(picture.shape[0] * 0.8) :]
    blue = (bottom[..., 0] - bottom[..., 2] > 60).sum(axis=0)
    assert blue[200:780].max() < 6
    assert blue[900:1500].min() > 10


def test_cue_picture_of_nothing_at_all():
    empty = Analysis(0.0, (), (), MotionCurve((), (), (), ()), Mood())
    assert decode(plots.cue_picture([], empty, SoundPlan(0.0, ()))).shape[1] == 1600
    assert decode(plots.cue_picture([], empty, SoundPlan(0.0, ()), np.zeros((2, 0), np.float32))).shape[1] == 1600


def test_cue_picture_survives_hostile_words_and_samples(made):
    cue = made.make_plan().cues[0]
    texts = ("$x^{", r"\frac{1}{0}", "日本語のキュー", made.HOSTILE, "_" * 500, "\n\n\n")
    cues = tuple(replace(cue, id=str(i), time_s=0.5 * i, description=text) for i, text in enumerate(texts))
    audio = np.full((2, 4800), np.nan, np.float32)
    plots.cue_picture(made.make_frames(2), made.make_analysis(), SoundPlan(8.0, cues), audio)


def cue(time_s: float, length_s: float, text: str = "a metal ball") -> Cue:
    return Cue("x", "FX-impacts", time_s, length_s, "IMPACTS", "impact/metal", text)


def test_labels_never_overlap_in_a_lane():
    placed = plots._spread([cue(0.1 * i, 0.3) for i in range(60)], 8.0)
    assert max(lane for _, lane, _ in placed) == 3
    for lane in range(4):
        labelled = [(c.time_s, len(text)) for c, at, text in placed if at == lane and text]
        ends = [start + length * 8.0 / 145 for start, length in labelled]
        starts = [c.time_s for c, at, _ in placed if at == lane]
        for (start, _), end in zip(labelled, ends, strict=True):
            assert not [other for other in starts if start < other < end]


def test_every_cue_stays_visible():
    assert len(plots._spread([cue(1.0, 0.3) for _ in range(30)], 8.0)) == 30
