"""Pictures for reports: right size, right place, nothing hidden by odd input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.records import Analysis, Cue, Event, Mood, MotionCurve, Region, Shot, SoundPlan, Texture
from pipeline.report import cue_lanes, plots, timeline


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
    placed = cue_lanes.spread([cue(0.1 * i, 0.3) for i in range(60)], 8.0)
    assert max(lane for _, lane, _ in placed) == 3
    for lane in range(4):
        labelled = [(c.time_s, len(text)) for c, at, text in placed if at == lane and text]
        ends = [start + length * 8.0 / 145 for start, length in labelled]
        starts = [c.time_s for c, at, _ in placed if at == lane]
        for (start, _), end in zip(labelled, ends, strict=True):
            assert not [other for other in starts if start < other < end]


def test_every_cue_stays_visible():
    assert len(cue_lanes.spread([cue(1.0, 0.3) for _ in range(30)], 8.0)) == 30


def drawn(analysis: Analysis, plan: SoundPlan) -> np.ndarray:
    return decode(plots.cue_picture([], analysis, plan))[..., :3].astype(int)


def full(made, duration_s: float = 8.0, *, events: int = 8, shots: int = 2) -> Analysis:
    """An analysis with everything in it."""
    generator = np.random.default_rng(6)
    kinds = ("contact", "collision", "footstep", "slide", "whoosh", "flash", "appearance")
    seen = tuple(
        Event(float(t), kinds[i % 7], float(c), x=float(x), length_s=0.1 * (i % 3))
        for i, (t, c, x) in enumerate(generator.uniform((0, 0, 0), (duration_s, 1, 1), (events, 3)))
    )
    fast_s, slow_s = (tuple(np.arange(0, duration_s, step).tolist()) for step in (0.08, 0.2))
    energy = tuple(np.abs(np.sin(np.array(fast_s))).tolist())
    regions = tuple(
        Region((c / 3, r / 2, (c + 1) / 3, (r + 1) / 2), fast_s, energy, energy, energy)
        for r in range(2)
        for c in range(3)
    )
    textures = (
        Texture("rain", 0.9, 0.5, 0.5, 0.8, slow_s, (0.7,) * len(slow_s)),
        Texture("fire", 0.3, 0.2, 0.7, 0.1),
    )
    cuts = np.linspace(0, duration_s, shots + 1).tolist()
    return replace(
        made.make_analysis(),
        duration_s=duration_s,
        events=seen,
        shots=tuple(Shot(start, end) for start, end in zip(cuts, cuts[1:], strict=False)),
        regions=regions,
        textures=textures,
    )


def test_cue_picture_grows_by_what_there_is_to_show(made):
    bare = replace(made.make_analysis(), shots=(Shot(0, 8.0),))
    heights = [
        drawn(analysis, made.make_plan()).shape[0]
        for analysis in (
            bare,
            replace(bare, regions=full(made).regions),
            replace(bare, regions=full(made).regions, textures=full(made).textures),
            replace(full(made), events=bare.events),
        )
    ]
    assert heights == sorted(set(heights))


def test_every_event_stands_where_and_as_high_as_it_is_sure(made):
    def stalks(confidence: float, x: float) -> np.ndarray:
        analysis = replace(made.make_analysis(), shots=(Shot(0, 8),), events=(Event(4.0, "contact", confidence, x=x),))
        picture = drawn(analysis, SoundPlan(8.0, ()))
        lane = picture[104:150]
        return np.argwhere(np.abs(lane[..., 0] - lane[..., 2]) > 60)

    sure, unsure = stalks(1.0, 0.0), stalks(0.3, 0.0)
    middle_px = 1600 * (plots._LEFT + plots._RIGHT) / 2
    assert sure[:, 1].mean() == pytest.approx(middle_px, abs=2)
    assert sure[:, 0].min() < unsure[:, 0].min() - 8
    # blue on the left, orange on the right, grey in the middle
    assert len(stalks(1.0, 0.5)) == 0
    assert len(stalks(1.0, 1.0)) > 20


@pytest.mark.parametrize(
    ("duration_s", "events", "shots", "cues"), [(600.0, 400, 60, 500), (8.0, 0, 1, 0), (8.0, 1, 1, 1)]
)
def test_cue_picture_of_any_amount(made, duration_s, events, shots, cues):
    analysis = full(made, duration_s, events=events, shots=shots)
    times_s = np.linspace(0, duration_s, cues, endpoint=False)
    plan = SoundPlan(duration_s, tuple(cue(float(time_s), 0.4) for time_s in times_s))
    picture = drawn(analysis, plan)
    assert picture.shape[1] == 1600
    # a screen and a half at most, however much there is
    assert picture.shape[0] < 1300


def test_levels_along_a_sound_are_drawn(made):
    bed = Cue("b", "BG", 0.0, 8.0, "AMBIENCE", "ambience/rain", "rain")
    ridden = replace(bed, automation=((0.0, 0.0), (4.0, -30.0), (8.0, -30.0)))
    plain_bar, levels = (drawn(made.make_analysis(), SoundPlan(8.0, (c,))) for c in (bed, ridden))
    changed = np.argwhere((plain_bar != levels).any(-1))
    assert 150 < changed[:, 1].min() < 170
    # nothing is drawn where the level is at the foot of the bar
    assert changed[:, 1].max() < 880


def test_the_name_of_a_late_sound_stays_in_the_picture():
    late = cue(7.9, 0.1, "a metal ball on a stone floor")
    start_s = cue_lanes._label_start_s(late, late.description, 8.0)
    assert 0 < start_s < 8.0 - len(late.description) * 8.0 / 145
    (placed,) = cue_lanes.spread([late], 8.0)
    assert placed[2] == late.description
    # it does not write over the one before it
    before = cue(7.0, 0.1, "a metal ball")
    assert [lane for _, lane, _ in cue_lanes.spread([before, late], 8.0)] == [0, 1]


@pytest.mark.parametrize("duration_s", [0.04, 0.5, 8.0, 61.0, 600.0, 7200.0, 50000.0])
def test_the_time_axis_has_a_readable_number_of_marks(duration_s):
    assert duration_s / plots._tick_s(duration_s) <= 17


def test_minutes_carry():
    assert plots._minutes(119.7) == "2:00"
    assert plots._minutes(605.2) == "10:05"


def test_columns_keep_the_peaks():
    times_s = np.arange(0, 600, 1 / 24)
    values = np.zeros(times_s.size)
    values[[5000, 9000]] = (1.0, 0.7)
    at_s, kept = timeline.in_columns(times_s.tolist(), values.tolist(), 600.0)
    assert len(at_s) == len(kept) == timeline.COLUMNS
    assert sorted(kept)[-2:] == [0.7, 1.0]
    assert np.abs(at_s[kept.argmax()] - times_s[5000]) < 0.5
    assert timeline.in_columns((1.0, 2.0), (np.nan, 3.0), 8.0)[1].tolist() == [0.0, 3.0]
