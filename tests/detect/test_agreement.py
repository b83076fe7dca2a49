"""A verdict that another delivery would overturn is found out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.detect import agreement, fusion
from pipeline.detect.agreement import Agreement, agree
from tests.detect.looked_at import film
from tests.detect.made_fusion import FUSION, said


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    monkeypatch.setattr(fusion, "load_fusion", lambda: FUSION)


@pytest.fixture
def crops() -> np.ndarray:
    pictures = np.stack([p[..., 0] for p in film(5)])
    return np.stack([pictures[:, y : y + 176, x : x + 176] for y in (0, 150) for x in (0, 200, 400)])


def found(crops, scorer, quality, *, logit: float = 2.0):
    evidence = (said("patches", logit), said("residual", logit))
    fused = fusion.fuse(evidence, quality=quality())
    return agree(fused, evidence, crops, {"patches": scorer}, quality=quality())


def test_a_steady_score_agrees_under_all_four(crops, quality):
    result = found(crops, lambda pixels: 2.0, quality)
    assert [name for name, _ in result.llrs] == ["crf30", "scale75", "centre", "shift"]
    assert result.agrees and "holds" in result.sentence
    assert result.evidence().applicable


def test_a_score_that_lives_on_grain_does_not_survive_compression(crops, quality):
    def grain(pixels):
        # the second difference across and down is grain, and nearly nothing of soft texture
        return 2.0 * float(np.abs(np.diff(np.diff(pixels.astype(float), axis=2), axis=3)).mean() > 3)

    assert grain(crops) == 2.0
    result = found(crops, grain, quality, logit=1.0)
    assert "crf30" in result.flips
    assert "does not survive" in result.sentence and "compression" in result.sentence


def test_each_operation_does_what_it_says(crops):
    assert agreement.recompressed(crops).shape == crops.shape
    error = np.abs(agreement.recompressed(crops).astype(int) - crops).mean()
    assert 0.5 < error < 20
    assert agreement.shrunk(crops).shape == (*crops.shape[:2], 132, 132)
    assert (agreement.middle(crops) == crops[:, :, 22:154, 22:154]).all()
    assert (agreement.shifted(crops)[:, :-1] == crops[:, 1:]).all()


def test_crops_come_back_in_their_places():
    crops = np.stack([np.full((3, 20, 30), level, np.uint8) for level in (20, 200, 90)])
    back = agreement.recompressed(crops)
    assert np.abs(back.astype(int).mean(axis=(1, 2, 3)) - (20, 200, 90)).max() < 6


def test_what_scores_do_not_move_keeps_the_rest_of_the_evidence(crops, quality):
    seen = []

    def scorer(pixels):
        seen.append(len(pixels))
        return 1.0

    many = np.concatenate([crops] * 5)
    result = found(many, scorer, quality)
    # a bounded number of crops, once as they are and once for each operation
    assert seen == [agreement.MOST_CROPS] * 5
    assert all(llr == pytest.approx(result.llrs[0][1]) for _, llr in result.llrs)


def test_the_camera_side_is_held_to_the_same(crops, quality):
    steps = iter((-2.0, -2.0, 3.0, -2.0, -2.0))
    result = found(crops, lambda pixels: next(steps), quality, logit=-2.0)
    assert result.flips == ("scale75",)


@pytest.mark.parametrize("empty", ["crops", "scorers"])
def test_without_anything_to_try_it_does_not_agree(crops, quality, empty):
    evidence = (said("patches", 2.0),)
    fused = fusion.fuse(evidence, quality=quality())
    none = agree(
        fused,
        evidence,
        crops[:0] if empty == "crops" else crops,
        {} if empty == "scorers" else {"patches": lambda pixels: 2.0},
        quality=quality(),
    )
    assert none == Agreement() and not none.agrees
    assert "could not be tried" in none.sentence


def test_a_detector_that_was_silent_is_not_asked(crops, quality):
    evidence = (said("patches", 2.0), replace(said("residual", 2.0), applicable=False))
    fused = fusion.fuse(evidence, quality=quality())

    def never(pixels):
        raise AssertionError("asked")

    result = agree(fused, evidence, crops, {"patches": lambda p: 2.0, "residual": never}, quality=quality())
    assert len(result.llrs) == 4
