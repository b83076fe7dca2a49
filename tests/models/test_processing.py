"""Processed real pictures: each process does what its name says, and gives the same again."""

import numpy as np
import pytest

from models.processing.process import PROCESSES, apply


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """Crops [2, 5, 64, 64]: a disc that moves over a gradient, with a sensor's noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    pictures = [80 + x + 60 * ((x - 20 - 4 * t) ** 2 + (y - 32) ** 2 < 150) for t in range(5)]
    return np.clip(np.stack([pictures, pictures]) + rng.normal(0, 5, (2, 5, 64, 64)), 0, 255).astype(np.uint8)


def fine(crops: np.ndarray) -> float:
    """Mean square of second differences: noise and detail."""
    return float(np.mean(np.diff(crops.astype(float), 2, axis=-1) ** 2))


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_changes_pictures_and_gives_the_same_again(name, crops):
    before = crops.copy()
    done = apply(name, crops, seed=3)
    assert done.shape == crops.shape and done.dtype == np.uint8
    assert np.array_equal(crops, before) and not np.array_equal(done, crops)
    assert np.array_equal(done, apply(name, crops, seed=3))
    assert not np.array_equal(done, apply(name, crops, seed=4))
    assert np.corrcoef(done.ravel(), crops.ravel())[0, 1] > 0.8


@pytest.mark.parametrize("name", ["denoise-patches", "denoise-edges", "smooth-skin", "upscale"])
def test_smoothers_take_noise_away(name, crops):
    assert fine(apply(name, crops)) < 0.85 * fine(crops)


@pytest.mark.parametrize("name", ["sharpen", "grain"])
def test_others_add_to_what_is_fine(name, crops):
    assert fine(apply(name, crops)) > 1.1 * fine(crops)


def test_filtering_over_time_steadies_what_is_still(crops):
    corner = np.s_[:, :, :8]
    before, after = (np.diff(c.astype(float), axis=1)[corner].std() for c in (crops, apply("denoise-time", crops)))
    assert after < 0.9 * before


def test_blended_pictures_are_mixtures_of_neighbours(crops):
    done = apply("blend-pictures", crops).astype(int)
    low, high = np.minimum(crops[:, :-1], crops[:, 1:]), np.maximum(crops[:, :-1], crops[:, 1:])
    for number in range(5):
        between = [((low[0, k] <= done[0, number]) & (done[0, number] <= high[0, k])).all() for k in range(4)]
        assert any(between)


@pytest.mark.parametrize("name", PROCESSES)
def test_one_small_picture_is_enough(name):
    assert apply(name, np.full((1, 1, 16, 18), 200, np.uint8)).shape == (1, 1, 16, 18)


def test_unknown_processes_and_other_arrays_are_refused():
    with pytest.raises(ValueError, match="no process"):
        apply("colourise", np.zeros((1, 1, 16, 16), np.uint8))
    with pytest.raises(ValueError, match="Crops must be"):
        apply("grade", np.zeros((1, 1, 16, 16)))
