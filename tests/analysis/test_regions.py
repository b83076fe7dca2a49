"""Movement of each part of the picture, from steps made by hand and from films."""

from __future__ import annotations

import analysis_scenes as scenes
import numpy as np
import pytest

from pipeline.analysis.regions import COLUMNS, ROWS, RegionMeter, region_means
from pipeline.analysis.turns import Step


def step(start_s: float, end_s: float, right: float, down: float = 0.0, *, shape=(16, 28)) -> Step:
    """Everything moves alike."""
    velocity = np.broadcast_to(np.float32([right, down]), (*shape, 2))
    return Step(start_s, end_s, np.zeros((*shape, 2), np.float32), velocity)


def test_means_of_parts_are_exact():
    velocity = np.zeros((16, 28, 2), np.float32)
    # the lower right: 8 rows, and of 28 columns the last 9 and a third
    velocity[8:, 19:] = (0.3, -0.4)
    means = region_means(velocity)
    assert means.shape == (ROWS, COLUMNS, 3)
    assert means[1, 2] == pytest.approx((0.5 * 27 / 28, 0.3 * 27 / 28, -0.4 * 27 / 28), abs=0.02)
    assert means[0].max() == means[1, 0].max() == 0
    assert means[..., 0].mean() == pytest.approx(np.hypot(*velocity.transpose(2, 0, 1)).mean(), rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (16, 16), (64, 16), (16, 64), (6, 9)])
def test_any_grid(shape):
    assert region_means(step(0, 1, 0.3, -0.4, shape=shape).velocity)[..., 0] == pytest.approx(0.5)


def test_parts_cover_the_picture_row_by_row():
    meter = RegionMeter()
    meter.add(step(0, 0.04, 0.1))
    boxes = [region.box for region in meter.regions()]
    assert len(boxes) == 6
    assert boxes[0] == pytest.approx((0, 0, 1 / 3, 1 / 2))
    assert boxes[2] == pytest.approx((2 / 3, 0, 1, 1 / 2))
    assert boxes[3] == pytest.approx((0, 1 / 2, 1 / 3, 1))
    assert sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes) == pytest.approx(1)


def test_samples_are_means_and_at_most_so_many():
    meter = RegionMeter()
    for index in range(240):
        meter.add(step(index / 30, (index + 1) / 30, 0.1 if index % 2 else 0.3))
    region = meter.regions(heights_per_short_side=0.5)[0]
    times_s = np.array(region.times_s)
    assert len(times_s) == len(region.energy) == len(region.velocity_x) == len(region.velocity_y)
    assert np.diff(times_s).mean() == pytest.approx(0.08, abs=0.005)
    assert len(times_s) <= 12.5 * 8 + 1
    assert np.mean(region.energy) == pytest.approx(0.1, abs=0.005)
    assert region.velocity_y == (0.0,) * len(times_s)


def test_slow_film_keeps_its_own_steps():
    meter = RegionMeter()
    for index in range(8):
        meter.add(step(index / 8, (index + 1) / 8, -0.01 * index))
    region = meter.regions()[5]
    assert region.times_s == pytest.approx(np.arange(8) / 8 + 1 / 16, abs=1e-3)
    assert region.velocity_x == pytest.approx(-0.01 * np.arange(8), abs=1e-4)


def test_what_seems_to_move_across_a_cut_is_left_out():
    meter = RegionMeter()
    for index in range(10):
        meter.add(step(index / 10, (index + 1) / 10, 5.0 if index == 4 else 0.1))
    assert max(meter.regions()[0].energy) == pytest.approx(5)
    # the picture at 0.5 s belongs to the new shot
    assert max(meter.regions(cuts_s=(0.5,))[0].energy) == pytest.approx(0.1)


def test_nothing_measured():
    assert RegionMeter().regions() == ()
    meter = RegionMeter()
    meter.add(step(0, 0.1, 1.0))
    assert meter.regions(cuts_s=(0.05,)) == ()


def test_a_ball_moves_only_where_it_is():
    wall = scenes.texture(4)
    draw = lambda t: scenes.ball(wall, 270, 45 + 25 * np.sin(9 * t), 22)  # noqa: E731
    analysis = scenes.analyse_pictures(scenes.film(draw, scenes.times(25, 3)), 3.0)
    energy = [float(np.mean(region.energy)) for region in analysis.regions]
    # the upper right part
    assert int(np.argmax(energy)) == 2
    assert energy[2] > 4 * max(energy[0], energy[3], energy[4])
    fall = np.array(analysis.regions[2].velocity_y)
    assert fall.max() > 0.01 and fall.min() < -0.01


def test_a_pan_is_taken_out():
    wall = scenes.texture(5, scenes.WIDTH_PX * 3)
    draw = lambda t: wall[:, round(60 * t) : round(60 * t) + scenes.WIDTH_PX]  # noqa: E731
    analysis = scenes.analyse_pictures(scenes.film(draw, scenes.times(25, 2)), 2.0)
    assert max(float(np.mean(region.energy)) for region in analysis.regions) < 0.05
    assert np.mean(analysis.motion.camera) > 0.2
