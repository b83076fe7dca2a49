"""An even pace is found with its steps, and nothing else is taken for one."""

import numpy as np
import pytest

from pipeline.analysis.footsteps import GRID_HZ, SETTLE_S, footsteps, pace
from pipeline.analysis.motion import MotionFeatures


def walking(steps_s, *, duration_s: float, rate_hz: float = 24.0, noise: float = 0.0):
    """Speed of the legs: a bump between every two steps that is over `SETTLE_S` before the foot is down."""
    edges = np.arange(0, duration_s, 1 / rate_hz)
    middle = (edges[:-1] + edges[1:]) / 2
    speed = np.full(middle.size, 0.2) + noise * np.random.default_rng(3).random(middle.size)
    for start, end in zip(steps_s, steps_s[1:], strict=False):
        share = (middle - start) / (end - start)
        swing = (share >= 0) & (share < 1)
        speed[swing] += 0.4 * (1 - np.cos(2 * np.pi * (share[swing] + 0.0)))
    zeros = np.zeros(middle.size)
    pairs = {
        "start_s": edges[:-1],
        "end_s": edges[1:],
        "fast": speed,
        "fast_x": zeros + 0.4,
        "fast_y": zeros + 0.8,
        "fast_extent": zeros + 0.02,
    }
    return MotionFeatures(turns={}, pairs=pairs, light={}, heights_per_short_side=1.0)


def test_steps_of_an_uneven_walker_are_found():
    steps_s = np.cumsum([0.3, 0.52, 0.56, 0.5, 0.55, 0.53, 0.5, 0.57, 0.52, 0.54, 0.51, 0.55])
    found = footsteps(walking(steps_s, duration_s=7.0, noise=0.1), start_s=0.0, end_s=7.0)
    times = np.array([event.time_s for event in found])
    # the middle of the fall is a quarter of a step before the foot is down in this signal
    expected = steps_s[1:] - 0.25 * np.diff(steps_s) + SETTLE_S
    assert len(times) == pytest.approx(len(expected), abs=1)
    assert max(np.abs(expected - time).min() for time in times) < 0.06
    assert all(event.kind == "footstep" and event.y == pytest.approx(0.8) for event in found)


def test_no_pace_no_steps():
    noise = walking([], duration_s=7.0, noise=1.0)
    assert footsteps(noise, start_s=0.0, end_s=7.0) == ()
    assert footsteps(walking([0.5, 1.0], duration_s=1.2), start_s=0.0, end_s=1.2) == ()
    single = walking([2.0, 2.5], duration_s=7.0)
    assert footsteps(single, start_s=0.0, end_s=7.0) == ()


@pytest.mark.parametrize("period_s", [0.4, 0.55, 0.7])
def test_pace_is_the_period(period_s):
    beat = np.sin(2 * np.pi * np.arange(0, 8, 1 / GRID_HZ) / period_s)
    found_s, evenness = pace(beat)
    assert found_s == pytest.approx(period_s, abs=0.021) and evenness > 0.9


def test_the_walker_of_the_samples():
    import json
    from pathlib import Path

    from pipeline.analysis.analyser import analyse

    path = Path(__file__).parents[2] / "samples" / "walker.mp4"
    truth = np.array([step["time_s"] for step in json.loads(path.with_suffix(".truth.json").read_text())["contacts"]])
    steps = [event for event in analyse(path).events if event.kind == "footstep"]
    near = [np.abs(truth - event.time_s).min() <= 0.1 for event in steps]
    assert 12 <= len(steps) <= 16 and np.mean(near) >= 0.75
