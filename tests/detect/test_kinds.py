"""Material that the detectors were not made for is recognised; camera footage is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.detect.kinds import Kind, KindMeter
from pipeline.media.recode import recode
from tests.detect.looked_at import cartoon, film, screen, shown


def kind_of(pictures: list[np.ndarray], *, starts: tuple[int, ...] = (0,)) -> Kind:
    meter = KindMeter()
    for picture in shown(pictures, starts=starts):
        meter.add(picture)
    return meter.kind()


def test_film_is_ordinary():
    for seed in range(2):
        assert kind_of(film(seed=seed)).is_ordinary


def test_a_still_camera_with_its_noise_is_ordinary():
    assert kind_of(film(drift=0, grain=1.5)).is_ordinary


def test_a_compressed_camera_that_stands_still_is_ordinary_as_soon_as_something_moves():
    lumas = np.stack([cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in film(drift=0, grain=1.5)])
    for i, luma in enumerate(lumas[8:]):
        cv2.circle(luma, (100 + 14 * i, 200), 12, 30, -1)
    pictures = [cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB) for luma in recode(lumas, crf=32)]
    assert kind_of(pictures).is_ordinary


def test_flat_sky_with_something_small_in_it_is_ordinary():
    sky = np.tile(np.linspace(150, 200, 360)[:, None, None], (1, 640, 3))
    pictures = []
    for i in range(20):
        picture = sky.astype(np.uint8)
        cv2.circle(picture, (60 + 20 * i, 120), 5, (40, 40, 40), -1)
        pictures.append(picture)
    assert kind_of(pictures).is_ordinary


@pytest.mark.parametrize("crf", [None, 30])
def test_one_picture_shown_as_video_is_still(crf):
    pictures = film(1) * 20
    if crf:
        lumas = recode(np.stack([cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures]), crf=crf)
        pictures = [cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB) for luma in lumas]
    found = kind_of(pictures)
    assert found.name == "still"
    assert "no movement" in found.sentence


def test_pictures_held_one_after_the_other_are_a_slideshow():
    slides = [film(1, seed=seed)[0] for seed in range(3)]
    assert kind_of([s for s in slides for _ in range(8)], starts=(0, 8, 16)).name == "slideshow"


def test_slides_that_fade_into_each_other_are_a_slideshow():
    first, second = (film(1, seed=seed)[0].astype(float) for seed in (1, 2))
    fade = [(first * (1 - a) + second * a).astype(np.uint8) for a in (0.25, 0.5, 0.75)]
    pictures = [first.astype(np.uint8)] * 14 + fade + [second.astype(np.uint8)] * 14
    assert kind_of(pictures).name == "slideshow"


def test_film_after_a_frozen_start_is_ordinary():
    assert kind_of(film(1) * 8 + film(20)).is_ordinary


@pytest.mark.parametrize("grain", [0.0, 0.6])
def test_flat_shapes_with_outlines_are_a_cartoon(grain):
    assert kind_of(cartoon(grain=grain)).name == "cartoon"


def test_a_cartoon_stays_one_after_compression():
    lumas = np.stack([cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in cartoon()])
    pictures = [cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB) for luma in recode(lumas, crf=26)]
    assert kind_of(pictures).name == "cartoon"


@pytest.mark.parametrize("dark", [False, True])
def test_text_in_windows_is_a_screen(dark):
    found = kind_of(screen(count=6, dark=dark))
    assert found.name == "screen" and "screen" in found.sentence


def test_a_cartoon_in_a_corner_of_film_is_ordinary():
    pictures = film()
    for picture, drawn in zip(pictures, cartoon(), strict=True):
        picture[:120, :200] = drawn[100:220, 100:300]
    assert kind_of(pictures).is_ordinary


def test_nothing_seen_is_ordinary():
    assert KindMeter().kind().is_ordinary


def test_only_what_is_not_ordinary_is_a_line_of_evidence():
    assert Kind("ordinary", 1.0).evidence() == ()
    (line,) = kind_of(cartoon()).evidence()
    assert (line.name, line.llr) == ("kind", 0.0)
