"""Whitening: evidence stays true to the mark beside edges, under light and on maps finer than the chips."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.watermark.picture.whitening import GRID_REACH, OPEN_REACH, chip_evidence, flatten_spectrum


def agreement(evidence: np.ndarray, pattern: np.ndarray) -> float:
    """Correlation of two maps, borders left out."""
    return float(np.corrcoef(evidence[4:-4, 4:-4].ravel(), pattern[4:-4, 4:-4].ravel())[0, 1])


@pytest.fixture
def pattern() -> np.ndarray:
    return np.random.default_rng(1).choice([-1.0, 1.0], size=(96, 160)).astype(np.float32)


@pytest.mark.parametrize("turn", [lambda stripes: stripes, np.transpose], ids=["rows", "columns"])
def test_stripes_far_stronger_than_the_mark_leave_it_legible(turn, pattern):
    # every row of its own brightness: only the neighbours in the row foretell a chip
    stripes = np.repeat(np.random.default_rng(2).uniform(40, 200, (96, 1)), 160, axis=1)
    marked = (stripes + pattern).astype(np.float32)
    assert agreement(turn(chip_evidence(np.ascontiguousarray(turn(marked)))), pattern) > 0.7


def test_a_busy_half_does_not_drown_a_quiet_half(pattern):
    busy = np.random.default_rng(3).normal(0, 40, pattern.shape)
    busy[:, :80] = 0
    evidence = chip_evidence((120 + busy + pattern).astype(np.float32))
    assert np.square(evidence[:, :76]).sum() > 5 * np.square(evidence[:, 84:]).sum()
    assert agreement(evidence, pattern) > 0.5


def test_brightness_does_not_matter(pattern):
    picture = 80 + 3 * pattern
    assert np.allclose(chip_evidence(picture), chip_evidence(picture + 60), atol=1e-4)


def test_an_even_picture_is_no_evidence():
    assert not chip_evidence(np.full((20, 30), 117, dtype=np.float32)).any()


def test_the_picture_is_left_as_it_is(pattern):
    picture = pattern.copy()
    chip_evidence(picture)
    assert np.array_equal(picture, pattern)


def test_the_wider_reach_serves_a_map_three_times_finer_than_the_chips(pattern):
    import cv2

    # soft shapes and the mark, each chip three samples wide
    random = np.random.default_rng(4)
    shapes = cv2.resize(random.normal(120, 30, (24, 40)).astype(np.float32), (480, 288), interpolation=cv2.INTER_CUBIC)
    wide = cv2.resize(pattern, (480, 288), interpolation=cv2.INTER_CUBIC)
    picture = shapes + wide + random.normal(0, 1, wide.shape).astype(np.float32)
    near, far = (agreement(chip_evidence(picture, reach=reach), wide) for reach in (GRID_REACH, OPEN_REACH))
    assert far > 1.2 * near > 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (108, 1728)])
def test_any_shape_is_taken(shape):
    picture = np.random.default_rng(5).uniform(16, 235, shape).astype(np.float32)
    for reach in (GRID_REACH, OPEN_REACH):
        evidence = chip_evidence(picture, reach=reach)
        assert evidence.shape == shape
        assert np.isfinite(evidence).all()


def test_flattening_evens_out_the_spectrum():
    slow = np.random.default_rng(6).normal(0, 1, (64, 128)).cumsum(axis=0).cumsum(axis=1)
    power = [np.square(np.abs(np.fft.rfft2(chips))) for chips in (slow, flatten_spectrum(slow.astype(np.float32)))]
    unevenness = [float(spectrum.max() / np.median(spectrum)) for spectrum in power]
    assert unevenness[1] < unevenness[0] / 100
