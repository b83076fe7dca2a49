"""Crops at native scale: where, when, how many."""

import numpy as np
import pytest

from pipeline.detect.crops import MOMENTS, PICTURES, PLACES, CropSampler


class Shown:
    """A picture as the sampler needs it."""

    def __init__(self, time_s: float, *, width: int = 640, height: int = 360, flat: bool = False, starts: bool = False):
        self.time_s, self.starts = time_s, starts
        rng = np.random.default_rng(round(time_s * 1000))
        self.luma = np.full((height, width), 60, np.uint8) if flat else rng.integers(0, 255, (height, width), np.uint8)

    def rgb(self, width_px: int) -> np.ndarray:
        return np.zeros((90, width_px, 3), np.uint8)


def sampled(pictures, **options):
    sampler = CropSampler(**options)
    for picture in pictures:
        sampler.add(picture)
    return sampler.crops()


def test_crops_are_native_pixels_of_pictures_in_a_row():
    pictures = [Shown(i / 8) for i in range(PICTURES)]
    found = sampled(pictures)
    assert found.pixels.shape == (PLACES, PICTURES, 176, 176)
    x0, y0, x1, y1 = found.boxes[0]
    left, top = round(x0 * 640), round(y0 * 360)
    assert np.array_equal(found.pixels[0, 3], pictures[3].luma[top : top + 176, left : left + 176])
    assert (x1 - x0) * 640 == pytest.approx(176) and found.times_s[0] == 0.0


def test_memory_stays_flat_however_long_the_clip_is():
    long = sampled(Shown(i / 8) for i in range(8 * 60))
    assert len(long.shown) <= MOMENTS and long.times_s[-1] > 30


def test_a_cut_within_a_run_starts_it_anew():
    found = sampled([Shown(0.0), Shown(0.125), *(Shown(0.25 + i / 8, starts=not i) for i in range(PICTURES))])
    assert set(found.times_s) == {0.25}


def test_flat_small_and_short_say_why():
    assert "flat" in sampled(Shown(i / 8, flat=True) for i in range(8)).reason
    assert "smaller" in sampled(Shown(i / 8, width=120) for i in range(8)).reason
    assert "short" in sampled(Shown(i / 8) for i in range(2)).reason


def test_a_still_is_one_picture_repeated():
    found = sampled([Shown(0.0)], still=True)
    assert len(found) == PLACES and np.array_equal(found.pixels[:, 0], found.pixels[:, -1])
