"""Colour beside brightness: what is measured, and that the detector knows its limits."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.colour.features import FEATURES, Planes, measure, planes
from pipeline.detect import colour
from pipeline.detect.colour import ColourDetector, load_model


class Shown:
    """A picture as the detector needs it: soft colours that wander, with noise of their own or of brightness."""

    def __init__(self, number: int, *, own: float = 3.0, shared: float = 0.0, grey: bool = False, starts: bool = False):
        self.time_s, self.starts = number / 8, starts
        rng = np.random.default_rng(number)
        still = np.random.default_rng(1).normal(0, 300, (3, 300, 400)).astype(np.float32)
        soft = np.stack([cv2.GaussianBlur(one, (0, 0), 5) for one in still])[:, 20:260, 20 + number : 340 + number]
        detail = rng.normal(0, 6, (240, 320))
        self.luma = _byte(cv2.resize(128 + soft[0] + detail, (640, 480), interpolation=cv2.INTER_NEAREST))
        noise = own * rng.normal(0, 1, (2, 240, 320)) + shared * detail
        found = np.full((2, 240, 320), 128.0) if grey else 128 + soft[1:] + noise
        self.chroma = tuple(_byte(one) for one in found)


def _byte(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def figures(**kind) -> dict[str, float]:
    before, after = (planes(s.luma, s.chroma, most_px=480) for s in (Shown(0, **kind), Shown(1, **kind)))
    return dict(zip(FEATURES, measure(before, after), strict=True))


def run(pictures) -> ColourDetector:
    detector = ColourDetector()
    for one in pictures:
        detector.add(one)
    return detector


def test_noise_of_colour_is_told_from_detail_it_shares_with_brightness():
    own, shared = figures(own=3.0), figures(own=0.0, shared=0.5)
    assert shared["with_brightness"] > 0.8 > 0.2 > own["with_brightness"]
    assert figures(own=6.0)["floor"] > own["floor"] + 0.3


def test_how_colourful_a_picture_is_does_not_speak():
    shown = [planes(s.luma, s.chroma, most_px=480) for s in (Shown(0), Shown(1))]
    tinted = [Planes(p.luma, p.blue + 25, p.red - 15) for p in shown]
    assert np.allclose(measure(*shown), measure(*tinted), atol=1e-3)


def test_only_the_middle_of_a_large_picture_is_measured():
    shown = Shown(0)
    part = planes(shown.luma, shown.chroma, most_px=100)
    assert part.luma.shape == part.blue.shape == (100, 100)
    assert np.array_equal(part.blue, shown.chroma[0][70:170, 110:210].astype(np.float32))


def test_pairs_are_taken_now_and_then_and_never_over_a_cut():
    assert run(Shown(n) for n in range(16))._pairs == 4
    assert run(Shown(n, starts=True) for n in range(16))._pairs == 0


def test_grey_small_and_short_clips_say_why():
    said = {
        "no colour": run(Shown(n, grey=True) for n in range(16)),
        "too short": run(Shown(n) for n in range(2)),
        "smaller": run([_tiny()]),
    }
    for reason, detector in said.items():
        (found,) = detector.evidence()
        assert not found.applicable and found.gate == "failed" and reason in found.sentence


def _tiny() -> Shown:
    shown = Shown(0)
    shown.luma = shown.luma[:100, :100]
    return shown


def test_what_ships_is_a_model_of_these_figures_and_limits_itself():
    model = load_model()
    assert model.features == FEATURES and sorted(m.fold for m in model.members) == [0, 1, 2, 3, 4]
    middle = dict(zip(FEATURES, model.members[0].mean, strict=True))
    loud = replace(model, members=tuple(replace(m, intercept=50.0, shrink=1.0) for m in model.members))
    assert colour.judge(middle, loud).llr == pytest.approx(colour.MAX_LLR, abs=1e-3)
    assert not colour.judge(middle | {"power": 99.0}, model).applicable
