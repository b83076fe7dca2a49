"""How good pictures are is measured as what was done to them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.detect.quality import Quality, QualityMeter, blockiness, filled_share, sharpness_db
from tests.detect.looked_at import film, shown


def quality_of(pictures: list[np.ndarray], clip=None) -> Quality:
    meter = QualityMeter()
    for picture in shown(pictures):
        meter.add(picture)
    return meter.quality(clip)


@pytest.fixture
def made(clip):
    """A probed clip with so many bits a pixel."""

    def make(bits: float):
        at = clip(video={"bit_rate": int(bits * 640 * 360 * 30), "width_px": 640, "height_px": 360, "frames": 150})
        return replace(at, duration_s=5.0)

    return make


def test_film_passes(made):
    found = quality_of(film(), made(0.2))
    assert (found.bin, found.gate, found.reason) == ("good", "passed", "")
    assert (found.width_px, found.height_px) == (640, 360)
    assert found.duration_s == pytest.approx(19 / 8)
    assert found.bits_per_pixel == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize(("bits", "level"), [(0.2, "good"), (0.03, "fair"), (0.005, "poor")])
def test_bits_of_the_file_bound_the_bin(made, bits, level):
    assert quality_of(film(), made(bits)).bin == level


def test_poor_pictures_weigh_less_and_say_why(made):
    found = quality_of(film(), made(0.005))
    assert found.gate == "low" and "fine detail" in found.reason


def test_scaling_up_takes_sharpness():
    picture = film(1)[0][..., 0]
    small = cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, (640, 360), interpolation=cv2.INTER_CUBIC)
    assert sharpness_db(back) < sharpness_db(picture) - 2
    # contrast is not sharpness
    assert sharpness_db((picture // 2 + 60).astype(np.uint8)) == pytest.approx(sharpness_db(picture), abs=0.5)


def test_blocks_are_seen_on_their_grid():
    picture = film(1)[0][..., 0]
    coarse = cv2.resize(cv2.resize(picture, (80, 45), interpolation=cv2.INTER_AREA), (640, 360), interpolation=0)
    assert blockiness(coarse) > 3
    assert blockiness(picture) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_plain_pictures_fail(level, made):
    found = quality_of([np.full((360, 640, 3), level, np.uint8)] * 20, made(0.2))
    assert found.gate == "failed" and "plain" in found.reason
    assert not found.evidence().applicable


def test_a_few_black_pictures_do_not_fail(made):
    pictures = film()
    pictures[:4] = [np.zeros_like(pictures[0])] * 4
    assert quality_of(pictures, made(0.2)).gate == "passed"


def test_tiny_pictures_fail(made):
    found = quality_of([p[:100, :200] for p in film()], made(0.2))
    assert found.gate == "failed" and "200x100" in found.reason


def test_less_than_a_second_fails_but_a_still_does_not(made):
    assert "second" in quality_of(film(5), made(0.2)).reason
    assert quality_of(film(1)).gate == "passed"


def test_nothing_seen_fails():
    assert QualityMeter().quality().gate == "failed"


def test_pictures_smaller_than_a_block_fail_quietly(made):
    assert quality_of([p[:8, :8] for p in film()], made(0.2)).gate == "failed"


def test_filled_share_counts_blocks():
    picture = np.zeros((64, 64), np.uint8)
    picture[:32] = film(1)[0][:32, :64, 0]
    assert filled_share(picture) == pytest.approx(0.5)


def test_the_line_of_evidence_leans_to_neither_side(made):
    line = quality_of(film(), made(0.2)).evidence()
    assert (line.name, line.llr, line.gate) == ("quality", 0.0, "passed")
    assert "640x360" in line.sentence and line.raw["bits_per_pixel"] == pytest.approx(0.2, rel=0.01)
