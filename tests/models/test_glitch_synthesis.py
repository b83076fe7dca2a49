"""Glitches put into real pictures are where they are said to be, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.glitches.disturbances import DISTURBANCES, disturb
from models.glitches.masking import masked
from models.glitches.synthesis import KINDS, add_glitch


def scene(*, count: int = 18, step_px: float = 2.0, colour: bool = False) -> np.ndarray:
    """A textured wall that slides evenly to the left, uint8 [T, 120, 200]."""
    noise = np.random.default_rng(5).normal(size=(160, 320)).astype(np.float32)
    wall = sum(cv2.GaussianBlur(noise, (0, 0), s) * s * g for s, g in ((2.0, 50.0), (6.0, 60.0)))
    wall = np.clip(wall + 128, 0, 255).astype(np.uint8)
    shown = [cv2.getRectSubPix(wall, (200, 120), (110 + step_px * i, 80)) for i in range(count)]
    pictures = np.stack(shown)
    return np.repeat(pictures[..., None], 3, axis=-1) if colour else pictures


@pytest.mark.parametrize("kind", KINDS)
def test_a_glitch_changes_its_box_and_nothing_before_it(kind):
    pictures = scene()
    made, truth = add_glitch(pictures, kind, seed=3)
    assert truth.kind == kind
    assert np.array_equal(made[: truth.first], pictures[: truth.first])
    height, width = pictures.shape[1:]
    x0, y0, x1, y1 = (np.array(truth.box) * [width, height, width, height]).astype(int)
    change = np.abs(made[truth.first].astype(int) - pictures[truth.first])
    outside = change.copy()
    # the soft edge of the mask reaches a little beyond the box
    outside[max(0, y0 - 5) : y1 + 6, max(0, x0 - 5) : x1 + 6] = 0
    assert change[y0:y1, x0:x1].mean() > 4
    assert outside.max() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_glitch(kind):
    first, second, other = (add_glitch(scene(), kind, seed=seed) for seed in (7, 7, 8))
    assert first[1] == second[1]
    assert np.array_equal(first[0], second[0])
    assert other is None or other[1] != first[1]


def test_a_boil_ends_and_the_others_stay():
    boiled, truth = add_glitch(scene(), "boil", seed=1)
    assert truth.first < truth.last
    assert np.array_equal(boiled[truth.last + 1 :], scene()[truth.last + 1 :])
    appeared, truth = add_glitch(scene(), "appear", seed=1)
    assert not np.array_equal(appeared[-1], scene()[-1])


def test_what_appears_moves_with_what_it_sits_on():
    pictures = scene()
    made, truth = add_glitch(pictures, "appear", seed=2)
    changed = [np.abs(a.astype(int) - b) > 12 for a, b in zip(made, pictures, strict=True)]
    centres = [np.nonzero(each)[1].mean() for each in changed[truth.first :]]
    # the wall slides two pixels to the left in every picture
    assert np.diff(centres).mean() == pytest.approx(-2.0, abs=0.4)


def test_colour_and_another_donor_are_taken():
    donor = np.full((2, 120, 200, 3), (250, 20, 20), np.uint8)
    made, truth = add_glitch(scene(colour=True), "appear", seed=4, donor=donor)
    x, y = (truth.box[0] + truth.box[2]) / 2, (truth.box[1] + truth.box[3]) / 2
    red, green, _ = made[truth.first, round(y * 120), round(x * 200)]
    assert red > 200 > 60 > green


def test_where_nothing_would_be_seen_there_is_no_glitch():
    plain = np.full((18, 120, 200), 90, np.uint8)
    assert all(add_glitch(plain, kind, seed=1) is None for kind in KINDS)


def test_too_few_pictures_are_refused():
    with pytest.raises(ValueError, match="at least 12"):
        add_glitch(scene(count=8), "boil", seed=1)


@pytest.mark.parametrize("kind", DISTURBANCES)
def test_disturbances_change_something_the_same_way_each_time(kind):
    pictures = scene()
    first, second = (disturb(pictures, kind, seed=3) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.shape[1:] == pictures.shape[1:]
    assert len(first) < len(pictures) if kind == "dropped" else not np.array_equal(first, pictures)


def test_masking_takes_the_glitch_away():
    pictures = scene()
    made, truth = add_glitch(pictures, "appear", seed=2)
    again = masked(made, box=truth.box, before=truth.first - 1)
    x0, y0, x1, y1 = (np.array(truth.box) * [200, 120, 200, 120]).astype(int)
    wrong, left = (
        np.abs(p[truth.first, y0:y1, x0:x1].astype(int) - pictures[truth.first, y0:y1, x0:x1]) for p in (made, again)
    )
    assert left.mean() < 0.35 * wrong.mean()
    assert np.array_equal(again[: truth.first], made[: truth.first])
