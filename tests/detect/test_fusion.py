"""Fusing evidence: what counts, what is left open, and the words for it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from models.fusion.form import NEVER, Calibrator, Points
from pipeline.detect.fusion import conformal_set, fuse, leaning, measured, reasons
from pipeline.records import Evidence
from tests.detect.made_fusion import FUSION, both, said


@pytest.mark.parametrize(
    ("logit", "kind", "lean"),
    [(2.0, "ai", "ai"), (-2.0, "camera", "camera"), (0.0, "neither", ""), (0.75, "ai", "")],
)
def test_set_and_operating_point(quality, logit, kind, lean):
    fused = fuse(both(logit), quality=quality(), fusion=FUSION)
    assert conformal_set(fused) == kind
    assert leaning(fused) == lean
    assert fused.llr == fused.raw["score"]
    assert fused.probability == pytest.approx(1 / (1 + math.exp(-fused.llr)), abs=1e-3)


def test_overlapping_kinds_leave_both(quality):
    wide = replace(FUSION, calibration_ai=tuple(Calibrator(-3 + i / 16, i % 5, 1.0) for i in range(100)))
    assert conformal_set(fuse(both(-1.5), quality=quality(), fusion=wide)) == "both"


def test_members_are_averaged_or_the_one_that_is_held_out_speaks(quality):
    scores = both(1.0)
    assert fuse(scores, quality=quality(), fusion=FUSION).llr == pytest.approx(1.52)
    assert fuse(scores, quality=quality(), fusion=FUSION, held_out=4).llr == pytest.approx(1.54)
    assert fuse(scores, quality=quality(), fusion=FUSION, held_out=4).raw["point_ai"] == 0.0


def test_quality_divides_how_sure_it_is(quality):
    sure, less = (fuse(both(1.0), quality=quality(bin=level), fusion=FUSION).llr for level in ("good", "poor"))
    assert less == pytest.approx(sure / 2, abs=1e-3)


@pytest.mark.parametrize(
    "change",
    [{"scope": "hint"}, {"scope": "moment"}, {"applicable": False}, {"gate": "failed"}, {"raw": {"logit": math.nan}}],
)
def test_what_does_not_count(quality, change):
    plain = fuse((said("patches", 1.0),), quality=quality(), fusion=FUSION)
    more = fuse((said("patches", 1.0), said("residual", 4.0, **change)), quality=quality(), fusion=FUSION)
    assert (plain.llr, plain.raw["detectors"]) == (more.llr, more.raw["detectors"])


def test_container_hints_and_declarations_never_count(quality):
    hints = (Evidence("container", "hint", "24 a second.", llr=9.0), Evidence("container", "declared", "AI.", llr=9.0))
    assert fuse((*both(1.0), *hints), quality=quality(), fusion=FUSION) == fuse(
        both(1.0), quality=quality(), fusion=FUSION
    )


def test_a_score_unlike_calibration_is_absent(quality):
    fused = fuse((said("patches", 1.0), said("residual", 30.0)), quality=quality(), fusion=FUSION)
    assert fused.raw["detectors"] == 1.0
    assert "from_residual" not in fused.raw


def test_llr_stands_in_for_a_logit(quality):
    quiet = Evidence("patches", "content", "x.", llr=1.0)
    assert fuse((quiet,), quality=quality(), fusion=FUSION) == fuse(
        (said("patches", 1.0),), quality=quality(), fusion=FUSION
    )


def test_nothing_to_fuse_is_said_with_its_reason(quality):
    assert "no detector" in fuse((), quality=quality(), fusion=FUSION).reason
    failed = quality(gate="failed", reason="they are black")
    silent = fuse(both(3.0), quality=failed, fusion=FUSION)
    assert not silent.applicable and silent.reason == "they are black"
    assert conformal_set(silent) == "both" and leaning(silent) == ""


def test_detectors_of_the_user_withhold_and_never_bring_about_a_verdict(quality):
    own = replace(said("plugin:mine", 0.0), raw={}, llr=-3.0)
    certain = fuse((*both(1.0),), quality=quality(), fusion=FUSION)
    doubted = fuse((*both(1.0), own), quality=quality(), fusion=FUSION)
    assert leaning(certain) == "ai" and leaning(doubted) == ""
    assert doubted.llr < certain.llr
    pushed = fuse((*both(0.0), replace(own, llr=5.0)), quality=quality(), fusion=FUSION)
    assert pushed.llr > 2 and leaning(pushed) == ""


def test_reasons_are_named_strongest_first(quality):
    found = (said("patches", 1.0), said("residual", -3.0), said("sound", 3.0))
    fused = fuse(found, quality=quality(), fusion=FUSION)
    for_ai, for_camera = reasons(fused, found)
    assert for_ai == ("the texture of small pieces of the picture",)
    assert for_camera == ("the finest detail of the picture",)


def test_measured_says_counts_and_what_few_clips_can_promise():
    text = measured(FUSION.figures)
    assert "of 130 camera clips 1 was called AI-made" in text
    assert "of 128 generated clips 40 were called AI-made" in text
    # one of 130: the one-sided 95 % bound of Clopper and Pearson is 3.6 %
    assert "up to 4 in 100" in text
    assert measured({}) == ""


def test_never_means_that_no_score_is_high_enough(quality):
    shut = replace(FUSION, points=Points(NEVER, -NEVER))
    assert leaning(fuse(both(4.0), quality=quality(), fusion=shut)) == ""


def test_what_ships_can_be_loaded_and_is_sound():
    from pipeline.detect.fusion import load_fusion

    fusion = load_fusion()
    assert fusion is not None
    assert len(fusion.members) == len(fusion.points_without) == 5
    assert all(weight >= 0 for m in fusion.members for weight in m.weights.values())
    assert {c.fold for c in fusion.calibration_ai} <= set(range(5))
    assert fusion.points.camera < fusion.points.ai
