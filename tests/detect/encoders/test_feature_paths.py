"""The D3 and ReStraV measures on paths whose shape is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.detect.encoders import second_order, straightness
from pipeline.detect.encoders.path import FeaturePath


def walked(points: np.ndarray, starts: tuple[int, ...] = (0,)) -> FeaturePath:
    path = FeaturePath()
    for index, point in enumerate(np.asarray(points, np.float32)):
        path.add(point, starts=index in starts)
    return path


def test_a_straight_even_path_neither_bends_nor_changes_speed():
    points = np.arange(20)[:, None] * np.array([3.0, 4.0, 0.0]) + np.array([100.0, 0.0, 0.0])
    path = walked(points)
    straight, second = straightness.figures(path), second_order.figures(path)
    assert straight["step_mean"] == pytest.approx(5.0, abs=1e-4) and straight["step_variance"] < 1e-6
    assert straight["bend_max"] == pytest.approx(0.0, abs=0.1)
    assert second["d3_euclid"] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("parts", [6, 12, 36])
def test_a_circle_bends_by_its_own_angle_everywhere(parts):
    """A regular polygon of n sides on a circle of radius r: chord 2 r sin(pi/n), outer angle 360/n."""
    angle = 2 * np.pi * np.arange(24) / parts
    path = walked(10.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    found = straightness.figures(path)
    assert found["step_mean"] == pytest.approx(20.0 * math.sin(math.pi / parts), rel=1e-4)
    for how in ("mean", "min", "max"):
        assert found[f"bend_{how}"] == pytest.approx(360.0 / parts, abs=0.05)
    assert found["bend_variance"] < 1e-3
    assert path.cosines == pytest.approx([1.0 - math.cos(2 * math.pi / parts)] * 23, abs=1e-5)


def test_turning_back_is_half_a_turn():
    path = walked(np.array([[0.0], [1.0], [0.0], [1.0], [0.0], [1.0], [0.0], [1.0], [0.0]]) + 5.0)
    assert straightness.figures(path)["bend_mean"] == pytest.approx(180.0)


def test_second_order_is_the_spread_of_the_changes_of_step():
    # steps 1, 3, 1, 3, ...: changes +2, -2, ... have a spread of 2
    points = np.cumsum([0.0] + [1.0, 3.0] * 8)[:, None] + 10.0
    path = walked(points)
    assert path.step_changes == pytest.approx([2.0, -2.0] * 7 + [2.0])
    assert second_order.figures(path)["d3_euclid"] == pytest.approx(2.0, abs=0.01)
    # even acceleration changes every step by the same, and has no spread
    even = walked(np.cumsum(np.cumsum(np.ones(20)))[:, None])
    assert second_order.figures(even)["d3_euclid"] == pytest.approx(0.0, abs=1e-4)


def test_nothing_is_measured_across_a_start():
    line = np.arange(12)[:, None] * np.ones(4)
    path = walked(np.concatenate([line, line + 1000.0]), starts=(0, 12))
    assert max(path.steps) == pytest.approx(2.0) and len(path.steps) == 22 and len(path.step_changes) == 20


def test_rest_and_short_paths_are_not_measured():
    assert straightness.figures(walked(np.ones((30, 3)))) == {}
    assert straightness.figures(walked(np.arange(5)[:, None] * np.ones(2))) == {}
    assert second_order.figures(walked(np.arange(6)[:, None] * np.ones(2))) == {}


def test_names_are_what_is_measured():
    path = walked(np.random.default_rng(1).normal(size=(20, 8)))
    assert tuple(second_order.figures(path)) == second_order.NAMES
    assert tuple(straightness.figures(path)) == straightness.NAMES


def test_memory_holds_numbers_and_two_vectors():
    path = walked(np.random.default_rng(1).normal(size=(40, 2_000)))
    kept = [v for v in vars(path).values() if isinstance(v, np.ndarray)]
    assert len(kept) == 2 and all(isinstance(value, float) for value in path.steps)
