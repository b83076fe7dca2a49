"""Pictures through an encoder in memory, and the motion it finds."""

import numpy as np
import pytest

from pipeline.media.recode import recode, recode_with_vectors


def wandering(steps: int = 8, dx: int = 3, dy: int = 2) -> np.ndarray:
    import cv2

    ground = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (400, 500)).astype(np.uint8), (0, 0), 2)
    ground = cv2.normalize(ground, None, 0, 255, cv2.NORM_MINMAX)
    return np.stack([ground[20 + dy * t : 180 + dy * t, 30 + dx * t : 270 + dx * t] for t in range(steps)])


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_pictures_come_back_coarser_the_higher_the_rate_factor(codec):
    pictures = wandering(5)
    errors = []
    for crf in (12, 36):
        back = recode(pictures, crf=crf, codec=codec)
        assert back.shape == pictures.shape and back.dtype == np.uint8
        errors.append(np.abs(back.astype(int) - pictures).mean())
    assert 0 < errors[0] < errors[1] < 20


def test_vectors_say_where_the_picture_went():
    # the window walks right and down, so what it shows walks left and up
    _, vectors = recode_with_vectors(wandering())
    assert len(vectors) == 8 and len(vectors[0]) == 0
    for found in vectors[1:]:
        assert np.median(found[:, 2]) == pytest.approx(-3, abs=0.3)
        assert np.median(found[:, 3]) == pytest.approx(-2, abs=0.3)


def test_odd_sides_are_refused():
    with pytest.raises(ValueError, match="odd side"):
        recode(np.zeros((3, 33, 32), np.uint8), crf=20)
