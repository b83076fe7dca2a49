"""Copies that are alike, and baselines whose figures are known for signals whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.common import ffmpeg
from benchmarks.detection import baselines, metrics
from benchmarks.detection.canonical import make_copy, window_pictures
from pipeline.errors import UnreadableInput
from pipeline.media.probe import probe


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two clips that differ in rate, length, codec, sound and tags."""
    folder = tmp_path_factory.mktemp("sources")
    slow, fast = folder / "slow.mkv", folder / "fast.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x121:r=10:d=2.5", "-c:v", "mpeg4", "-q:v", "3", str(slow))
    sound = ("-f", "lavfi", "-i", "sine=d=4", "-shortest", "-c:a", "aac", "-metadata", "title=made by AI")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:r=30:d=4", *sound, "-c:v", "libx264", "-crf", "10", str(fast))
    return {"slow": slow, "fast": fast}


@pytest.mark.parametrize(("variant", "size_px"), [("clean", (160, 120)), ("degraded", (120, 90))])
def test_copies_are_alike(tmp_path: Path, sources: dict[str, Path], variant: str, size_px: tuple[int, int]) -> None:
    for name, source in sources.items():
        copy = tmp_path / f"{name}.mp4"
        make_copy(source, copy, variant=variant, pictures=16, duration_s=probe(source).duration_s)
        clip = probe(copy)
        assert (clip.video.frames, clip.video.frame_rate, clip.video.codec) == (16, 8, "h264")
        assert clip.video.upright_size_px == size_px
        assert clip.audio is None and "title" not in clip.metadata


def test_a_copy_is_of_the_middle(tmp_path: Path) -> None:
    source, copy = tmp_path / "source.mp4", tmp_path / "copy.mp4"
    half = "color=black:s=64x64:r=8:d=3[a];color=white:s=64x64:r=8:d=3[b];[a][b]concat=n=2:v=1[v]"
    ffmpeg("-filter_complex", half, "-map", "[v]", str(source))
    make_copy(source, copy, variant="clean", pictures=16, duration_s=6.0)
    from pipeline.media.frames import read_frames

    levels = [float(frame.luma.mean()) for frame in read_frames(copy)]
    assert np.mean(levels[:7]) < 40 and np.mean(levels[-7:]) > 200


def test_what_cannot_be_decoded_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 4096)
    with pytest.raises(UnreadableInput, match=r"broken\.mp4 cannot be re-encoded"):
        make_copy(broken, tmp_path / "copy.mp4", variant="clean", pictures=16, duration_s=2.0)


def test_the_window_is_what_most_clips_of_either_label_fill() -> None:
    assert window_pictures({"ai": [5.0] * 20, "real": [30.0] * 20}) == 40
    assert window_pictures({"ai": [60.0], "real": [30.0]}) == 48
    assert window_pictures({"ai": [0.4] * 5, "real": [30.0]}) == 12
    # one short clip of twenty does not shorten all
    assert window_pictures({"ai": [5.0] * 19 + [1.0], "real": [30.0]}) == 40


# --------------------------------------------------------------- temporal
def scene(width: int = 480, height: int = 272) -> np.ndarray:
    import cv2

    cells = np.random.default_rng(0).integers(0, 255, (height // 6, width // 6), dtype=np.uint8)
    return cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)


def test_a_still_scene_has_no_motion() -> None:
    found = baselines.temporal(np.stack([scene()] * 12))
    assert found is not None and len(found) == baselines.TEMPORAL
    assert found[0] == 0.0 and found[1] == 1.0


def test_a_pan_is_as_fast_as_it_is_and_steadier_than_a_shake() -> None:
    wide = scene(width=900)
    shake = np.random.default_rng(1).integers(0, 14, 14)
    pan = baselines.temporal(np.stack([wide[:, 6 * t : 6 * t + 480] for t in range(14)]))
    shaken = baselines.temporal(np.stack([wide[:, 200 + s : 680 + s] for s in shake]))
    assert pan is not None and shaken is not None
    # mean length in pixels; blocks at the border point elsewhere
    assert pan[0] == pytest.approx(6, abs=1)
    # mean step of the length from picture to picture, and flatness of its spectrum
    assert pan[3] < 0.3 * shaken[3]
    assert len(pan) == len(shaken) == baselines.TEMPORAL


def test_too_few_pictures_have_no_course() -> None:
    assert baselines.temporal(np.stack([scene()] * 5)) is None


# --------------------------------------------------------------- spectral
def test_noise_has_the_correlation_of_its_filter() -> None:
    random = np.random.default_rng(2)
    before, after = np.clip(random.normal(128, 25, (2, 300, 300)), 0, 255).astype(np.uint8)
    found = baselines.spectral([(before, after)])
    assert found is not None and len(found) == baselines.SPECTRAL
    log_spread, log_kurtosis, skewness, lag_1, lag_2, hold, _ = found[-7:]
    # a high pass of 1 and four times -1/4: energy 1.25, -0.5 at one pixel, 1/16 at two
    assert 10**log_spread == pytest.approx(25 / 255 * np.sqrt(1.25), rel=0.03)
    assert 10**log_kurtosis == pytest.approx(3, rel=0.05)
    assert (skewness, lag_1, lag_2, hold) == pytest.approx((0, -0.4, 0.05, 0), abs=0.03)
    # and a flat spectrum: no slope, no lines
    assert found[baselines.RINGS] == pytest.approx(0, abs=0.05)
    same = baselines.spectral([(before, before)])
    assert same is not None and same[-2] == pytest.approx(1)


def test_an_upscaled_picture_has_a_steeper_spectrum() -> None:
    import cv2

    random = np.random.default_rng(3)
    fine = np.clip(random.normal(128, 25, (300, 300)), 0, 255).astype(np.uint8)
    coarse = cv2.resize(fine[:150, :150], (300, 300), interpolation=cv2.INTER_CUBIC)
    sharp, soft = baselines.spectral([(fine, fine)]), baselines.spectral([(coarse, coarse)])
    assert sharp is not None and soft is not None
    assert soft[baselines.RINGS] < sharp[baselines.RINGS] - 1


def test_small_and_plain_pictures_have_no_figures() -> None:
    assert baselines.spectral([(np.zeros((64, 64), np.uint8),) * 2]) is None
    assert baselines.spectral([(np.full((300, 300), 90, np.uint8),) * 2]) is None


def test_figures_of_a_copy(tmp_path: Path, sources: dict[str, Path]) -> None:
    copy = tmp_path / "copy.mp4"
    make_copy(sources["fast"], copy, variant="clean", pictures=16, duration_s=4.0)
    found = baselines.figures_of(copy)
    assert [len(found[name] or ()) for name in ("temporal", "spectral")] == [13, 23]
    assert np.isfinite([*(found["temporal"] or ()), *(found["spectral"] or ())]).all()
    rate, height, *_ = baselines.metadata_of(probe(sources["fast"])) or []
    assert (np.exp(rate), np.exp(height)) == pytest.approx((30, 120))


# -------------------------------------------------------------------- fit
def case(seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    random = np.random.default_rng(seed)
    groups = [f"g{number // 10}" for number in range(100)]
    labels = np.array([number // 10 % 2 for number in range(100)])
    # the first column is the label with noise, the second is the group's own
    own = random.normal(0, 3, 10)
    x = np.stack([labels + random.normal(0, 0.4, 100), np.repeat(own, 10), random.normal(0, 1, 100)], axis=1)
    return x, labels, groups


def test_a_fit_finds_what_holds_in_every_group() -> None:
    x, labels, groups = case()
    scores = baselines.held_out_scores(x, labels, groups)
    assert scores is not None and metrics.auc(labels, scores[0]) > 0.9


def test_what_is_each_groups_own_does_not_help() -> None:
    x, labels, groups = case()
    # within groups it gives the label away completely
    scores = baselines.held_out_scores(x[:, 1:2], labels, groups)
    assert scores is not None and metrics.auc(labels, scores[0]) < 0.75


def test_no_group_has_a_say_in_its_own_score() -> None:
    x, labels, groups = case()
    mine = np.array(groups) == "g3"
    other = np.where(mine, 1 - labels, labels)
    one = baselines.held_out_scores(x, labels, groups, also=[x + 0.1])
    two = baselines.held_out_scores(x, other, groups, also=[x + 0.1])
    assert one is not None and two is not None
    for a, b in zip(one, two, strict=True):
        assert a[mine] == pytest.approx(b[mine])


def test_squares_see_what_lies_in_the_middle() -> None:
    random = np.random.default_rng(4)
    x = random.uniform(-1, 1, (200, 1))
    labels = (np.abs(x[:, 0]) < 0.5).astype(int)
    groups = [f"{label} {number % 5}" for number, label in enumerate(labels)]
    straight = baselines.held_out_scores(x, labels, groups)
    squared = baselines.held_out_scores(x, labels, groups, squares=True)
    assert straight is not None and squared is not None
    assert metrics.auc(labels, squared[0]) > 0.95 > 0.7 > metrics.auc(labels, straight[0])


def test_missing_figures_and_too_few_groups() -> None:
    x, labels, groups = case()
    x[::7] = np.nan
    scores = baselines.held_out_scores(x, labels, groups)
    assert scores is not None and np.isfinite(scores[0]).all()
    assert baselines.held_out_scores(x, labels, [str(label) for label in labels]) is None
    assert np.isnan(baselines.table_of([None, [1.0, 2.0]], 2)[0]).all()
