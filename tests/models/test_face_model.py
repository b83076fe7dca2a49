"""The face nets: what blending changes, what the nets read, what a logit is worth."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from models.faces import calibration, train
from models.faces.blending import blend, changed, draw_delivery, mask, pair
from models.faces.calibration import Scored, auc, fit, interval, newton, read, report
from models.faces.net import FaceNet, centre, from_arrays, logits, planes, to_arrays
from models.faces.sizes import CROP_PX, CUT_PX, CUT_REACH
from models.train_options import TrainOptions

BOX_PX = CUT_PX / CUT_REACH


def texture(seed=0, side=CUT_PX):
    """Soft noise in three channels."""
    generator = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(generator.normal(0, 60, (side, side, 3)), (0, 0), 1.5)
    return np.clip(128 + 2 * soft, 0, 255).astype(np.uint8)


# ------------------------------------------------------------------ blending
@pytest.mark.parametrize("seed", range(12))
def test_only_the_masked_part_changes(seed):
    cut = texture(seed)
    untouched, blended = blend(cut, BOX_PX, np.random.default_rng(seed))
    covered = mask(CUT_PX, BOX_PX, np.random.default_rng(seed)) > 0
    assert covered.any() and not covered.all()
    assert np.array_equal(untouched[~covered], blended[~covered])
    assert not np.array_equal(untouched[covered], blended[covered])


def test_masks_are_soft_lie_in_the_middle_and_differ():
    masks = [mask(CUT_PX, BOX_PX, np.random.default_rng(seed)) for seed in range(40)]
    for one in masks:
        assert one.dtype == np.float32 and one.min() >= 0 and one.max() <= 1
        assert one[CUT_PX // 2 - 30 : CUT_PX // 2 + 40, CUT_PX // 2 - 20 : CUT_PX // 2 + 20].max() > 0.5
        assert one[0].max() < 0.6
    assert any(((one > 0.05) & (one < 0.5)).mean() > 0.02 for one in masks)
    assert len({round(float(one.mean()), 4) for one in masks}) > 30


def test_pairs_repeat_and_differ_only_by_the_blend():
    cut = texture()
    first, again = (pair(cut, BOX_PX, CROP_PX, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert first[0].shape == first[1].shape == (CROP_PX, CROP_PX, 3) and first[0].dtype == np.uint8


def test_the_other_source_is_the_same_face():
    cut = texture()
    for seed in range(10):
        other = changed(cut, np.random.default_rng(seed), moved=True)
        assert other.shape == cut.shape and np.abs(other.astype(float) - cut).mean() < 45


def test_deliveries_stay_inside_the_cut():
    for seed in range(50):
        way = draw_delivery(np.random.default_rng(seed), most_shift=8)
        assert 0.5 <= way.shrink <= 1 and way.quality <= 97 and max(map(abs, way.shift)) <= 8


# ----------------------------------------------------------------------- net
def test_planes_do_not_see_brightness_and_fit_the_net():
    crops = centre(np.stack([texture(1), texture(2)]))
    seen = planes(crops)
    assert seen.shape == (2, 4, CROP_PX, CROP_PX) and seen.dtype == torch.float32
    brighter = np.clip(crops.astype(int) // 2 + 100, 0, 255).astype(np.uint8)
    assert torch.allclose(planes(brighter)[:, 0], seen[:, 0], atol=0.1)
    assert torch.isfinite(planes(np.zeros_like(crops))).all()
    assert FaceNet()(seen).shape == (2,)
    assert sum(p.numel() for p in FaceNet().parameters()) < 150_000


def test_a_member_comes_back_as_it_was_kept():
    torch.manual_seed(1)
    net = FaceNet().eval()
    arrays = to_arrays(3, net)
    assert all(name.startswith("3.") for name in arrays)
    cuts = np.stack([texture(1), texture(2)])
    again = from_arrays(3, arrays)
    assert logits([again], cuts) == pytest.approx(logits([net], cuts), abs=5e-3)
    assert np.array_equal(logits([again, again], cuts, batch=1), logits([again], cuts, batch=1))
    assert logits([net], cuts[:0]).shape == (0,)
    with pytest.raises(KeyError, match="member 2"):
        from_arrays(2, arrays)


# --------------------------------------------------------------- calibration
def scored(shift, *, origins=10, each=6, seed=0, answers=(0, 1)):
    generator = np.random.default_rng(seed)
    return [
        Scored(float(generator.normal(shift * answer, 1)), answer, i % 5, f"{answer}/{i}", "x")
        for answer in answers
        for i in range(origins)
        for _ in range(each)
    ]


def test_slope_is_that_of_two_normal_clouds():
    # unit normals a distance d apart: the log-likelihood ratio is d * x - d^2 / 2 (exactly)
    found = scored(1.5, each=400)
    x, y = np.array([s.logit for s in found]), np.array([s.answer for s in found], float)
    slope, offset = newton(x, y, np.ones(len(x)), ridge=0.0)
    assert slope == pytest.approx(1.5, abs=0.1) and offset == pytest.approx(-1.125, abs=0.12)


def test_separable_figures_do_not_run_away():
    slope, offset = newton(np.array([-1.0, -2.0, 1.0, 2.0]), np.array([0.0, 0, 1, 1]), np.ones(4))
    assert math.isfinite(slope) and 0 < slope < 20 and abs(offset) < 1


def test_clips_that_cannot_be_told_apart_leave_it_silent():
    rows = fit(scored(2.0), scored(0.0, seed=5))
    silent = read(rows, None)
    assert silent.llr(50.0) == 0.0 and silent.probability(3.0) > 0.5


def test_clips_that_can_be_told_apart_speak_and_keep_to_the_limit():
    spoken = read(fit(scored(2.0), scored(2.0, seed=5)), None)
    assert spoken.llr(1.0) == pytest.approx(0.0, abs=0.5)
    assert spoken.llr(50.0) == pytest.approx(calibration.MOST_LLR, rel=1e-6)
    assert spoken.llr(-50.0) == pytest.approx(-calibration.MOST_LLR, rel=1e-6)


def test_a_held_out_row_knows_nothing_of_its_fold():
    clips = scored(2.0, seed=5)
    spoilt = [replace(s, logit=-9 * s.logit) if s.fold == 3 else s for s in clips]
    assert np.array_equal(fit(scored(2.0), clips)[3], fit(scored(2.0), spoilt)[3])
    assert not np.array_equal(fit(scored(2.0), clips)[5], fit(scored(2.0), spoilt)[5])


def test_auc_and_interval():
    assert auc(scored(0.0, answers=(1,))) != auc(scored(0.0, answers=(1,)))
    assert auc([Scored(1.0, 1, 0, "a", ""), Scored(0.0, 0, 0, "b", ""), Scored(1.0, 0, 0, "b", "")]) == 0.75
    low, high = interval(scored(1.5))
    assert low < auc(scored(1.5)) < high
    assert interval([]) == (0.0, 1.0)


# ------------------------------------------------------------------ training
@pytest.fixture
def material(tmp_path):
    """Crops of five folds, two clips each."""
    rows = []
    for number in range(10):
        name, label = f"clip{number}", "ai" if number >= 5 else "real"
        cuts = np.stack([texture(10 * number + i) for i in range(2)])
        np.savez(tmp_path / f"{name}.npz", faces=cuts, squares=cuts[:1] if label == "real" else cuts[:0])
        rows.append((name, label, f"s{number}", f"o{number}", number % 5))
    rows.append(("unknown", "real", "s", "o", ""))
    with (tmp_path / "index.csv").open("w", newline="") as target:
        csv.writer(target).writerows([("clip", "label", "source", "origin", "fold"), *rows])
    return tmp_path


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(train, "BEGIN_STEPS", 2)
    monkeypatch.setattr(train, "MEMBER_STEPS", 4)
    monkeypatch.setattr(train, "PAIRS", 2)
    monkeypatch.setattr(train, "LOG_EVERY", 2)


def options(material, **changes):
    out = material / "out"
    out.mkdir(exist_ok=True)
    return replace(TrainOptions(material, out, minutes=5, threads=1), **changes)


def test_nets_never_see_their_folds_nor_generated_clips(material, monkeypatch, short):
    given = {}
    train_net = train.train_net

    def spy(run, begin, clips, options, until):
        given[run.name] = run.without, begin is None
        return train_net(run, begin, clips, options, until)

    monkeypatch.setattr(train, "train_net", spy)
    drawn = []
    draws = train.Draws
    monkeypatch.setattr(train, "Draws", lambda clips: drawn.append(clips) or draws(clips))
    clips = train.read_clips(material)
    assert len(clips) == 10
    assert len(train.train_members(clips, options(material))) == 5
    for (without, first), seen in zip(given.values(), drawn, strict=True):
        assert seen and all(c.fold not in without and c.label == "real" for c in seen)
        assert len(seen) == 5 - len(without) and (first or len(without) == 1)
    for beginning, members in enumerate(train.BEGINNINGS):
        assert set(given[f"beginning-{beginning}"][0]) == set(members)
    assert sorted(m for members in train.BEGINNINGS for m in members) == list(range(5))


def test_going_on_gives_what_going_through_gives(material, monkeypatch, short):
    clips, run = train.read_clips(material), train.Run("net", 0, (0,), 4, 1e-3)
    through = train.train_net(run, None, clips, options(material), math.inf)
    (material / "out" / "net.pt").unlink()
    # the clock stops it after two of four steps
    ticks = iter([0.0, 0.0, 9.0])
    monkeypatch.setattr(train.time, "monotonic", lambda: next(ticks))
    train.train_net(run, None, clips, options(material), 1.0)
    monkeypatch.setattr(train.time, "monotonic", lambda: 0.0)
    again = train.train_net(run, None, clips, options(material, resume=True), math.inf)
    for a, b in zip(through.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_trains_measures_and_registers(material, monkeypatch, short):
    kept = {}
    monkeypatch.setattr(train, "save", lambda name, arrays, about: kept.update(name=name, arrays=arrays, about=about))
    train.train(options(material))
    assert kept["name"] == "faces" and kept["arrays"]["calibration"].shape == (6, 5)
    assert len({name.split(".")[0] for name in kept["arrays"]}) == 6
    assert kept["about"]["blends"] == 5 * 2 * train.BLENDS_EACH * 2 and kept["about"]["clips"] == [5, 5]
    json.dumps(kept["about"])
    lines = (material / "out" / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["net"] == "beginning-0" and "blend_auc" in json.loads(lines[-1])


def test_report_counts_clips_and_origins():
    told = report(scored(1.0), scored(1.0, origins=3, each=2))
    assert told["clips"] == [6, 6] and told["origins"] == [3, 3] and set(told["blend_auc_per_fold"]) == set("01234")
