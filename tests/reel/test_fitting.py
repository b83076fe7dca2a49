from fractions import Fraction

import numpy as np
import pytest

from pipeline.media.probe import probe
from pipeline.reel.fitting import Window, blurred_ground, filled, fit_of, inner_size, inside, resized, window_in


def ramp(width, height):
    """Brightness rises from left to right."""
    row = np.linspace(20, 230, width)
    return np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2).round().astype(np.uint8)


def test_untouched_where_nothing_changes():
    picture = ramp(64, 48)
    assert resized(picture, (64, 48)) is picture
    assert filled(picture, (64, 48), Window(64, 48, 0, 0)) is picture


@pytest.mark.parametrize("size", [(640, 360), (64, 36), (320, 90), (50, 300)])
def test_scaling_keeps_brightness_and_place(size):
    scaled = resized(ramp(192, 108), size)
    assert scaled.shape == (size[1], size[0], 3)
    expected = np.interp((np.arange(size[0]) + 0.5) / size[0], (np.arange(192) + 0.5) / 192, np.linspace(20, 230, 192))
    assert np.abs(scaled[size[1] // 2, 4:-4, 0] - expected[4:-4]).max() < 2


def test_bars_are_black_and_even():
    framed = inside(np.full((100, 100, 3), 200, np.uint8), (320, 180), 1.0, blurred=False)
    columns = framed.mean(axis=(0, 2))
    assert inner_size((320, 180), 1.0) == (180, 180)
    assert (columns[:70] == 0).all() and (columns[70:250] == 200).all() and (columns[250:] == 0).all()


def test_blurred_ground_is_the_darkened_picture():
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[:, :80], picture[:, 80:] = (200, 40, 40), (40, 40, 200)
    framed = inside(picture, (640, 240), 160 / 120, blurred=True)
    assert framed[120, 20, 0] == pytest.approx(110, abs=4) and framed[120, -20, 2] == pytest.approx(110, abs=4)
    # the picture itself is sharp and whole
    assert tuple(framed[120, 165]) == (200, 40, 40) and tuple(framed[120, 474]) == (40, 40, 200)
    # no edge survives the blur
    assert np.abs(np.diff(blurred_ground(picture, (640, 240), 4 / 3).astype(int), axis=1)).max() <= 3


def test_nearly_the_same_shape_gets_no_bars(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", width=320, height=182))
    assert fit_of(clip, (320, 180), "fit") == "fill" and fit_of(clip, (320, 320), "fit") == "fit"


def test_window_knows_sample_aspect_and_turn(make_clip, tmp_path):
    wide = probe(make_clip(tmp_path / "a.mp4", width=180, height=144, sample_aspect=Fraction(16, 9)))
    # 320x144 to a viewer; a square of it is 81 stored pixels wide
    assert window_in(wide, (400, 400)) == Window(81, 144, 99, 0)
    turned = probe(make_clip(tmp_path / "b.mp4", width=192, height=108, rotation=90))
    assert window_in(turned, (192, 108)) == Window(108, 61, 0, 131)


@pytest.mark.parametrize("upright", [False, True])
def test_a_window_slides_by_parts_of_a_pixel(upright):
    x = np.arange(400)
    blob = 20 + 200 * np.exp(-(((x - 120) / 9) ** 2))
    picture = np.repeat(np.tile(blob, (60, 1))[..., None], 3, axis=2).round().astype(np.uint8)
    picture = picture.swapaxes(0, 1).copy() if upright else picture
    window = Window(60, 100, 0, 300) if upright else Window(100, 60, 300, 0)
    size = (192, 320) if upright else (320, 192)
    starts = np.linspace(60, 66, 49)
    cuts = [filled(picture, size, window, start / 300).astype(float) for start in starts]
    lines = [(cut[:, 96, 0] if upright else cut[96, :, 0]) - 20 for cut in cuts]
    found = np.array([np.sum(line * np.arange(320)) / np.sum(line) for line in lines])
    # eighths of a source pixel; whole ones take another way and must not stand out
    assert found == pytest.approx(((120 - starts) + 0.5) * 3.2 - 0.5, abs=0.35)
    assert np.abs(np.diff(found) + 0.4).max() < 0.3


@pytest.mark.parametrize("place", [0.0, 0.5, 0.999, 1.0])
def test_a_window_never_leaves_the_picture(place):
    for axis in (0, 1):
        shape = (120, 200, 3) if axis == 0 else (200, 120, 3)
        window = Window(67, 120, 133, 0) if axis == 0 else Window(120, 67, 0, 133)
        size = (270, 480) if axis == 0 else (480, 270)
        assert filled(np.full(shape, 77, np.uint8), size, window, place).shape == (size[1], size[0], 3)


def test_the_centre_of_a_fill_is_the_centre():
    picture = ramp(401, 100)
    cut = filled(picture, (100, 100), Window(101, 100, 300, 0))
    assert cut[50, :, 0].mean() == pytest.approx(125, abs=1)
