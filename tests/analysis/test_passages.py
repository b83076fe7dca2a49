"""What slides along or is suddenly there, with known truth."""

import pytest
from analysis_scenes import HEIGHT_PX, WIDTH_PX, analyse_pictures, ball, film, texture, times


def of_kind(analysis, kind):
    return [event for event in analysis.events if event.kind == kind]


@pytest.mark.parametrize(("seed", "sign"), [(1, 1), (2, -1)])
def test_a_thing_that_moves_steadily_slides_as_long_as_it_moves(seed, sign):
    def draw(time_s):
        along = min(max(time_s - 0.8, 0.0), 1.4)
        return ball(texture(seed), WIDTH_PX / 2 + sign * (90 * along - 60), 120, 26)

    (slide,) = of_kind(analyse_pictures(film(draw, times(25, 3.0))), "slide")
    assert slide.time_s == pytest.approx(0.8, abs=0.12)
    assert slide.length_s == pytest.approx(1.4, abs=0.2)
    assert slide.speed == pytest.approx(90 / HEIGHT_PX, rel=0.4)
    assert slide.guess == "slide"


def test_a_waving_thing_does_not_slide():
    import math

    def draw(time_s):
        return ball(texture(3), WIDTH_PX / 2 + 30 * math.sin(2 * math.pi * 2.5 * time_s), 90)

    assert not of_kind(analyse_pictures(film(draw, times(25, 3.0))), "slide")


def test_what_is_suddenly_there_appears_once():
    def draw(time_s):
        return ball(texture(4), 220, 60, 22) if time_s >= 1.2 else texture(4)

    (found,) = of_kind(analyse_pictures(film(draw, times(25, 2.5))), "appearance")
    assert found.time_s == pytest.approx(1.2, abs=0.021)


def test_movement_cuts_and_flashes_are_no_appearance():
    def moving(time_s):
        return ball(texture(5), 60 + 80 * time_s, 90)

    def cut(time_s):
        return texture(6 if time_s < 1.2 else 7)

    def flash(time_s):
        return (texture(8) * 0.4 + (140 if 1.2 <= time_s < 1.25 else 0)).astype("uint8")

    for draw in (moving, cut, flash):
        assert not of_kind(analyse_pictures(film(draw, times(25, 2.5))), "appearance")
