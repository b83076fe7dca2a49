"""The content detector: what it measures, how it streams, and that it knows its limits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from models.residual import features, train
from pipeline.detect import residual
from pipeline.detect.residual import ResidualDetector, load_coefficients


def run(pictures) -> ResidualDetector:
    detector = ResidualDetector()
    for one in pictures:
        detector.add(one)
    return detector


def test_same_pictures_same_figures(pictures):
    assert run(pictures(60)).evidence() == run(pictures(60)).evidence()


def test_streaming_equals_batch(pictures):
    """Pictures given one by one (asking in between) and the same moments measured all at once agree."""
    shown = pictures(60)
    detector = ResidualDetector()
    for one in shown:
        detector.add(one)
        detector.evidence()
    # at 24 a second: a pair starts every half second and closes with the third picture after
    details = {i: features.measure_frame(shown[i].luma) for start in range(0, 57, 12) for i in (start, start + 3)}
    rows = [
        np.concatenate(
            [(details[s].values + details[s + 3].values) / 2, features.measure_pair(details[s], details[s + 3])]
        )
        for s in range(0, 57, 12)
    ]
    assert list(detector.figures().values()) == pytest.approx(np.mean(rows, axis=0), abs=1e-12)


@pytest.mark.parametrize("rate_hz", [8.0, 24.0, 60.0])
def test_looks_at_few_pictures_whatever_the_rate(pictures, monkeypatch, rate_hz):
    looked = []
    measure = features.measure_frame
    monkeypatch.setattr(features, "measure_frame", lambda luma, depth: looked.append(1) or measure(luma, depth))
    run(pictures(int(rate_hz * 3), rate_hz=rate_hz))
    assert 9 <= len(looked) <= 13


def test_memory_does_not_grow_with_length(pictures, picture):
    shown = pictures(24)
    detector = ResidualDetector()
    for index in range(2000):
        detector.add(picture(index / 24, shown[index % 24].luma))
    kept = [v for v in vars(detector).values() if isinstance(v, list | dict | set)]
    assert kept == []


def test_ten_bit_measures_like_eight(pictures, picture):
    shown = pictures(40)
    deep = [picture(p.time_s, p.luma.astype(np.uint16) * 4, 10) for p in shown]
    eight, ten = run(shown).figures(), run(deep).figures()
    # 255 * 4 is not 1023: a scale error of 0.3 %
    assert [ten[k] for k in eight] == pytest.approx(list(eight.values()), abs=0.02)


def test_too_small_too_short_and_flat_are_not_judged(pictures, picture):
    cases = {
        "smaller than": pictures(60, size=(100, 320)),
        "too short": pictures(6),
        "too flat": [picture(i / 24, np.full((240, 320), 16, np.uint8)) for i in range(60)],
    }
    for reason, shown in cases.items():
        found = run(shown).evidence()
        assert not found.applicable and reason in found.reason and found.llr == 0


def test_unlike_anything_seen_is_not_judged(pictures):
    generator = np.random.default_rng(0)
    white = [replace(p, luma=generator.integers(0, 256, (240, 320), dtype=np.uint8)) for p in pictures(60)]
    found = run(white).evidence()
    assert not found.applicable and "unlike" in found.sentence and "outside the range" in found.reason


def test_says_it_is_weak_with_its_measured_figures():
    c = load_coefficients()
    found = residual.weigh(dict(zip(c.features, c.mean, strict=True)), c)
    assert found.applicable and found.scope == "content" and found.probability is None
    assert "weak" in found.sentence and "does not count" in found.sentence
    assert f"{round(100 * c.auc_unseen)} times in 100" in found.reason


def test_leans_both_ways_and_never_far():
    c = load_coefficients()
    up = {n: (h if w > 0 else low) for n, w, low, h in zip(c.features, c.weight, c.low, c.high, strict=True)}
    down = {n: (low if w > 0 else h) for n, w, low, h in zip(c.features, c.weight, c.low, c.high, strict=True)}
    assert residual.weigh(up, c).llr == pytest.approx(math.log(2), abs=1e-3)
    assert "like generated clips than" in residual.weigh(up, c).sentence
    assert residual.weigh(down, c).llr == pytest.approx(-math.log(2), abs=1e-3)
    assert "like camera footage than" in residual.weigh(down, c).sentence


def values(pixels: np.ndarray) -> dict[str, float]:
    found = features.measure_frame(pixels.clip(0, 255).astype(np.uint8))
    return dict(zip(features.FRAME_FEATURES, found.values, strict=True))


def test_enlarging_by_two_empties_the_end_of_the_spectrum():
    import cv2

    small = np.random.default_rng(1).normal(128, 30, (256, 256)).astype(np.float32)
    large = cv2.resize(small, (512, 512), interpolation=cv2.INTER_CUBIC)
    assert values(large)["tail"] < values(small)["tail"] - 1


def test_repeating_pixels_leaves_a_trough_at_two():
    small = np.random.default_rng(1).normal(128, 30, (256, 256))
    assert values(small.repeat(2, axis=0).repeat(2, axis=1))["line_2"] < values(small)["line_2"] - 0.5


@pytest.mark.parametrize("period", [2, 4, 8])
def test_repeated_pattern_stands_out_at_its_period(period):
    grain = np.random.default_rng(2).normal(128, 20, (256, 256))
    pattern = 40.0 * (np.arange(256) % period == 0)
    marked, plain = values(grain + pattern), values(grain)
    assert marked[f"peak_{period}"] > plain[f"peak_{period}"] + 0.2
    assert values(grain + pattern[:, None])[f"peak_{period}"] == pytest.approx(marked[f"peak_{period}"], abs=0.3)


def test_every_frequency_is_found_in_the_half_plane():
    power = np.abs(np.fft.fft2(np.random.default_rng(3).normal(size=(128, 128))))
    y, x = np.meshgrid(np.arange(-4, 132), np.arange(-4, 132), indexing="ij")
    assert power[:, :65][features._half(y, x)] == pytest.approx(power[y % 128, x % 128], rel=1e-9)


def test_coefficients_are_what_the_training_script_makes(tmp_path):
    from importlib.resources import files

    from pipeline.records import from_data

    table = train.read_table(files("models.residual") / "features.csv")
    made, report = train.build(table)
    shipped = load_coefficients()
    again = from_data(made, residual.Coefficients)
    assert again.weight == pytest.approx(shipped.weight, abs=1e-3)
    assert report["clean"]["auc"] == pytest.approx(shipped.auc_unseen, abs=0.002)


def test_shuffled_labels_leave_nothing_to_learn():
    from importlib.resources import files

    table = train.read_table(files("models.residual") / "features.csv")
    clean = table.take(table.variant == "clean")
    generator = np.random.default_rng(11)
    found = [
        train.auc(train.leave_origins_out(shuffled), shuffled.y)
        for shuffled in (replace(clean, y=generator.permutation(clean.y)) for _ in range(5))
    ]
    assert abs(np.mean(found) - 0.5) < 0.1
