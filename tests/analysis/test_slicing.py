"""A stretch of a film analysed as a clip of its own."""

from __future__ import annotations

import pytest

from pipeline.analysis.slicing import slice_analysis
from pipeline.records import Analysis, Event, Mood, MotionCurve, Region, Shot, Texture

TIMES = tuple(index / 10 for index in range(100))


@pytest.fixture
def film() -> Analysis:
    return Analysis(
        duration_s=10.0,
        shots=(Shot(0.0, 4.0), Shot(4.0, 6.0), Shot(6.0, 10.0)),
        events=(Event(3.9, "contact", 0.9), Event(4.0, "flash", 0.8), Event(5.5, "contact", 0.7)),
        motion=MotionCurve(TIMES, TIMES, TIMES, TIMES),
        mood=Mood(),
        shot_moods=(Mood(brightness=0.2), Mood(brightness=0.8), Mood(brightness=0.5)),
        textures=(
            Texture("rain", 0.9, 0.5, 0.5, 0.5, (1.0, 4.5), (0.9, 0.0)),
            Texture("fire", 0.9, 0.5, 0.5, 0.5, (1.0, 4.5), (0.0, 0.9)),
            Texture("water", 0.9, 0.5, 0.5, 0.5),
        ),
        regions=(Region((0.0, 0.0, 0.5, 0.5), TIMES, TIMES, TIMES, TIMES),),
    )


def test_times_count_from_the_start_of_the_stretch(film):
    part = slice_analysis(film, 4.0, 8.0)
    assert part.duration_s == 4.0
    assert part.shots == (Shot(0.0, 2.0), Shot(2.0, 4.0))
    assert [(event.kind, event.time_s) for event in part.events] == [("flash", 0.0), ("contact", 1.5)]
    assert part.motion.times_s[0] == pytest.approx(0.0) and part.motion.energy[0] == pytest.approx(4.0)
    assert len(part.motion.times_s) == len(part.motion.centre_x) == 40
    assert part.regions[0].velocity_y[-1] == pytest.approx(7.9)


def test_the_mood_is_that_of_the_shots_by_how_long_they_are_seen(film):
    part = slice_analysis(film, 3.0, 6.0)
    assert part.mood.brightness == pytest.approx((0.2 * 1 + 0.8 * 2) / 3)
    assert [mood.brightness for mood in part.shot_moods] == [0.2, 0.8]


def test_a_surface_belongs_to_the_stretch_where_it_is_seen(film):
    assert [texture.kind for texture in slice_analysis(film, 4.0, 6.0).textures] == ["fire", "water"]


@pytest.mark.parametrize(("start_s", "end_s"), [(5.0, 5.0), (-1.0, 2.0), (9.0, 11.0)])
def test_no_stretch_outside_the_film(film, start_s, end_s):
    with pytest.raises(ValueError, match="no stretch"):
        slice_analysis(film, start_s, end_s)
