"""Heat-maps and PNGs of evidence."""

import base64
import io

import numpy as np
from PIL import Image

from pipeline.detect.drawing import heat, png_uri


def test_a_picture_survives_as_png():
    rgb = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    data = base64.b64decode(png_uri(rgb).split(",")[1])
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), rgb)


def test_hot_boxes_glow_and_what_was_not_looked_at_stays_grey():
    rgb = np.full((120, 240, 3), (60, 90, 140), np.uint8)
    before = rgb.copy()
    drawn = heat(rgb, [(0.0, 0.0, 0.3, 1.0), (0.4, 0.0, 0.6, 1.0)], [1.0, 0.0])
    assert np.array_equal(rgb, before)
    hot, cold, unseen = drawn[60, 30].astype(int), drawn[60, 120].astype(int), drawn[60, 230].astype(int)
    assert hot.sum() > cold.sum() + 100
    assert np.ptp(unseen) <= 2
