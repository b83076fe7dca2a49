"""The finest detail of the picture: what is measured, and that the detector knows its limits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models import linear
from models.residual import features, train
from models.train_options import TrainOptions
from pipeline.detect import residual
from pipeline.detect.crops import Crops
from pipeline.detect.linear import parse_model

NAMES = features.FEATURES


def scene(seed: int, *, count: int = 4, noise: float = 3.0, move: int = 1) -> np.ndarray:
    """Crops of a soft texture that wanders, under fresh noise: uint8 [count, 5, 144, 144]."""
    import cv2

    rng = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(rng.normal(0, 200, (400, 400)).astype(np.float32), (0, 0), 3)
    crops = []
    for _ in range(count):
        y, x = rng.integers(0, 200, 2)
        shown = [ground[y : y + 144, x + move * t : x + move * t + 144] for t in range(5)]
        crops.append([np.clip(120 + one + rng.normal(0, noise, one.shape), 0, 255) for one in shown])
    return np.array(crops).astype(np.uint8)


def mean(crops: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, features.measure(crops).mean(axis=0), strict=True))


def as_crops(pixels: np.ndarray) -> Crops:
    count = len(pixels)
    return Crops(pixels, (0.0,) * count, ((0.0, 0.0, 1.0, 1.0),) * count, (0,) * count, ())


def test_up_sampling_leaves_lines_and_bends_the_spectrum():
    """Pixels doubled without a filter repeat every two pixels."""
    plain = scene(1)
    doubled = plain[:, :, ::2, ::2].repeat(2, axis=2).repeat(2, axis=3)
    assert mean(doubled)["line_2"] != pytest.approx(mean(plain)["line_2"], abs=0.3)
    assert mean(doubled)["lag_0_1"] > mean(plain)["lag_0_1"] + 0.2


def test_brightness_and_contrast_do_not_speak_in_the_shape_of_the_spectrum():
    plain = scene(2, noise=12)
    dimmed = (plain.astype(np.float32) * 0.7 + 20).astype(np.uint8)
    for name in ("slope", "beyond_9", "lag_1_1", "change_8", "hold"):
        assert mean(dimmed)[name] == pytest.approx(mean(plain)[name], abs=0.06), name


def test_noise_that_stays_is_told_from_noise_that_is_new():
    fresh = scene(3, move=0)
    frozen = fresh[:, :1].repeat(5, axis=1)
    assert mean(fresh)["hold"] < 0.2 < 0.9 < mean(frozen)["hold"]
    assert mean(frozen)["still"] == 1.0 and mean(fresh)["still"] < 0.5


def test_motion_is_measured_in_grey_levels_and_its_jerks():
    slow, fast = mean(scene(4, move=1)), mean(scene(4, move=6))
    assert fast["motion"] > slow["motion"]


def test_crops_too_small_are_refused():
    with pytest.raises(ValueError, match="too small"):
        features.measure(np.zeros((2, 5, 100, 100), np.uint8))
    with pytest.raises(ValueError, match="too small"):
        features.measure(np.zeros((2, 4, 128, 128), np.uint8))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Coefficients from a made-up collection: AI clips hold their noise between pictures."""
    folder = tmp_path_factory.mktemp("material")
    index = ["clip,label,source,origin,fold"]
    for number in range(24):
        ai = number % 2
        pixels = scene(number, count=4, noise=6)
        if ai:
            grain = np.random.default_rng(number).normal(0, 6, pixels.shape[-2:])
            pixels = np.clip(scene(number, count=4, noise=2) + grain, 0, 255).astype(np.uint8)
        for variant in ("", ".clean", ".small", ".wild"):
            np.save(folder / f"c{number}{variant}.npy", pixels)
        index.append(f"c{number},{'ai' if ai else 'real'},s{number % 6},o{number % 6},{number % 6 // 2}")
    (folder / "index.csv").write_text("\n".join(index) + "\n")
    out = tmp_path_factory.mktemp("out")
    kept, train.COEFFICIENTS = train.COEFFICIENTS, out / "coefficients.json"
    try:
        train.train(TrainOptions(material=folder, out=out))
    finally:
        train.COEFFICIENTS = kept
    return parse_model((out / "coefficients.json").read_text(), name="made")


def test_training_finds_what_the_labels_hang_on(trained):
    assert trained.auc_unseen > 0.9 and len(trained.members) == 3
    like_ai = np.clip(scene(90, noise=2) + np.random.default_rng(9).normal(0, 6, (144, 144)), 0, 255).astype(np.uint8)
    held = residual.judge(mean(like_ai), trained)
    fresh = residual.judge(mean(scene(91, noise=6)), trained)
    assert held.llr > 0 > fresh.llr and abs(held.llr) <= residual.MAX_LLR


def test_figures_unlike_anything_seen_are_not_judged(trained):
    odd = mean(scene(5)) | {"slope": 9.0}
    said = residual.judge(odd, trained)
    assert not said.applicable and said.llr == 0 and "unlike" in said.sentence and said.raw["slope"] == 9.0


def test_a_held_out_fold_asks_another_member(trained):
    silent = (0.0,) * len(NAMES)
    members = tuple(replace(m, weight=silent, intercept=0.1 * m.fold, shrink=1.0) for m in trained.members)
    found = mean(scene(91, noise=6))
    scores = [residual.judge(found, replace(trained, members=members), held_out=fold).llr for fold in range(3)]
    assert scores == [0.0, 0.1, 0.2]


def test_too_little_to_measure_says_so():
    nothing = Crops(np.zeros((0, 5, 176, 176), np.uint8), (), (), (), (), reason="the clip is too short to measure")
    said = residual.evidence(nothing)
    assert not said.applicable and said.gate == "failed" and "too short" in said.sentence
    assert residual.score(nothing.pixels) == 0.0


def test_what_ships_measures_the_same_figures():
    model = residual.load_model()
    assert model.features == NAMES
    assert sorted(m.fold for m in model.members) == [0, 1, 2, 3, 4]
    assert 0.5 < model.auc_unseen < 1.0
    said = residual.evidence(as_crops(scene(7)))
    assert said.name == "residual" and said.scope == "content"


def test_the_report_counts_clips_once_per_variant(trained):
    assert trained.clips == (12, 12)
    assert json.dumps(trained.features) and linear.RIDGE > 0
