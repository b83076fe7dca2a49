"""Fitting fusion on scores whose truth is known."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from models.fusion import train as program
from models.fusion.figures import AI, CAMERA, NONE, auc, calibration_error, report, verdicts
from models.fusion.fit import find_points, fit, fit_scale
from models.fusion.form import NEVER, Calibrator, Scale
from models.fusion.table import Table, balance, read_table
from models.train_options import TrainOptions

CLIPS = 300


def made_table(*, seed: int = 3, strength: float = 1.0, clips: int = CLIPS) -> Table:
    """Scores of clips of which half are AI: two useful detectors, one of noise, one seldom there."""
    generator = np.random.default_rng(seed)
    y = np.arange(clips) % 2.0
    sign = 2 * y - 1
    scores = generator.normal(0, 1, (clips, 4))
    scores[:, 0] += strength * sign
    scores[:, 1] = 10 * (scores[:, 1] + 0.7 * strength * sign)
    scores[generator.random(clips) < 0.3, 1] = np.nan
    scores[30:, 3] = np.nan
    # so few AI clips have the last that it cannot be judged
    scores[(y == 1) & (np.arange(clips) > 10), 3] = np.nan
    names = np.array([f"clip{i}" for i in range(clips)])
    return Table(
        ("residual", "patches", "motion", "sound"),
        scores,
        y,
        np.arange(clips) // 2 % 5,
        names,
        np.array([f"source{int(kind)}{i // 2 % 7}" for i, kind in enumerate(y)]),
        np.array([f"origin{i // 2 % 20}" for i in range(clips)]),
        np.full(clips, "native"),
        np.array(["good", "fair", "poor"])[np.arange(clips) % 3],
    )


def test_fused_scores_are_better_than_the_best_detector_and_calibrated():
    table = made_table()
    _, logits = fit(table)
    alone = auc(table.scores[:, 0], table.y)
    assert auc(logits, table.y) > alone


def test_enough_clips_make_it_as_sure_as_it_is_right():
    """How sure it may be is held where few clips would tear it about, so few clips leave it timid."""
    few, many = (made_table(clips=count) for count in (300, 3000))
    errors = [calibration_error(fit(t)[1], t.y, np.ones(len(t.y))) for t in (few, many)]
    assert errors[1] < 0.16 and errors[1] < errors[0]


def test_weights_are_never_negative_and_noise_adds_little():
    table = made_table()
    fusion, logits = fit(table)
    for member in fusion.members:
        assert min(member.weights.values()) >= 0
        assert all(scale.slope >= 0 for scale in member.scales.values())
        # noise cannot move the answer, whatever its weight
        moved = [abs(member.weights["motion"] * member.scales["motion"].llr(s)) for s in (-2.0, 2.0)]
        assert max(moved) < 0.4


def test_a_detector_that_judged_too_few_clips_is_left_out():
    fusion, _ = fit(made_table())
    assert all("sound" not in member.scales for member in fusion.members)


def test_absence_of_a_face_or_a_sound_adds_nothing():
    table = made_table()
    for name in ("faces", "sound", "speech"):
        renamed = replace(table, detectors=("residual", name, "motion", "glitches"))
        # absent in nearly all AI clips: a shortcut that a fit would love
        scores = renamed.scores.copy()
        scores[(renamed.y == 1) & (np.arange(CLIPS) > 80), 1] = np.nan
        fusion, _ = fit(replace(renamed, scores=scores))
        assert all(abs(member.absent[name]) < 1e-3 for member in fusion.members)


def test_an_inverted_detector_is_silenced_and_not_turned_round():
    table = made_table()
    scores = table.scores.copy()
    scores[:, 0] *= -1
    fusion, _ = fit(replace(table, scores=scores))
    assert all(member.scales["residual"].slope == 0 for member in fusion.members)


def test_false_alarms_keep_to_the_operating_point_on_fresh_clips():
    fusion, _ = fit(made_table())
    fresh = made_table(seed=77, clips=4000)
    logits = np.array([fusion.logit(fresh.row(i), fresh.quality[i]) for i in range(len(fresh.y))])
    above = logits > fusion.points.ai
    # 150 camera clips set the point: one in 151 is expected above it, and four times that would be a mistake
    assert above[fresh.y == 0].mean() < 0.03
    assert above[fresh.y == 1].mean() > 0.05
    below = logits < fusion.points.camera
    assert below[fresh.y == 0].sum() / max(1, below.sum()) > 0.5
    assert below[fresh.y == 1].sum() / max(1, below.sum()) < 0.1


def test_with_few_clips_nothing_is_promised():
    few = tuple(Calibrator(float(i), i % 5, 1.0) for i in range(50))
    points = find_points(few, few)
    assert points.ai == NEVER


def test_p_values_are_those_of_ranks():
    fusion, _ = fit(made_table())
    ranked = replace(
        fusion,
        calibration_ai=tuple(Calibrator(float(i), i % 5, 1.0) for i in range(9)),
        calibration_camera=tuple(Calibrator(float(-i), i % 5, 1.0) for i in range(9)),
    )
    p_ai, p_camera = ranked.p_values(0.5)
    assert (p_ai, p_camera) == (pytest.approx(0.2), pytest.approx(0.1))
    # the held-out fold's own clips do not speak
    assert ranked.p_values(0.5, held_out=0)[0] == pytest.approx(1 / 8)


def test_conformal_sets_keep_their_promise_on_fresh_clips():
    fusion, _ = fit(made_table())
    fresh = made_table(seed=5, clips=2000)
    left_out = 0
    for i in range(len(fresh.y)):
        p_ai, p_camera = fusion.p_values(fusion.logit(fresh.row(i), fresh.quality[i]))
        left_out += (p_ai if fresh.y[i] else p_camera) <= fusion.risk
    assert left_out / len(fresh.y) < 0.08


def test_verdicts_of_a_fold_rest_on_the_other_folds():
    table = made_table(strength=2.5)
    fusion, logits = fit(table)
    called = verdicts(fusion, table, logits)
    assert {AI, CAMERA, NONE} == set(called.tolist())
    given = called != NONE
    assert (called[given] == table.y[given]).mean() > 0.95
    assert report(fusion, table, logits)["native"]["coverage"] == pytest.approx(given.mean(), abs=1e-3)


def test_a_score_unlike_any_in_calibration_counts_as_absent():
    scale = Scale(1.0, 0.0, -2.0, 2.0)
    assert scale.llr(3.9) is not None
    assert scale.llr(4.1) is None and scale.llr(-4.1) is None


def test_a_strong_detector_is_bounded():
    scores = np.concatenate([np.full(20, -5.0), np.full(20, 5.0)])
    scale = fit_scale(scores, (scores > 0).astype(float), np.ones(40))
    assert 0 < scale.llr(5.0) <= np.log(30) + 1e-9


def test_small_sources_do_not_outweigh_large_ones():
    table = made_table()
    source = table.source.copy()
    source[0] = "a source of one clip"
    weight = balance(replace(table, source=source))
    assert weight[table.y == 0].sum() == pytest.approx(weight[table.y == 1].sum())
    assert weight[0] < 6 * np.median(weight)


def write_csv(path, table: Table) -> None:
    columns = ["path", "sha256", "label", "source", "origin", "fold", "variant", "quality", "gate"]
    columns += [f"{name}.{what}" for name in table.detectors for what in ("logit", "applicable")]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for i in range(len(table.y)):
            about = [f"{i}.mp4", table.clip[i], "ai" if table.y[i] else "real", table.source[i], table.origin[i]]
            about += [table.fold[i], table.variant[i], table.quality[i], "failed" if i == 7 else "passed"]
            given = [(s, 1) if np.isfinite(s) else ("", 0) for s in table.scores[i]]
            writer.writerow(about + [value for pair in given for value in pair])


def test_the_program_writes_coefficients_that_load(tmp_path, monkeypatch, capsys):
    from models.fusion.form import Fusion
    from pipeline.records import from_data

    table = made_table()
    write_csv(tmp_path / "scores.csv", table)
    monkeypatch.setattr(program, "COEFFICIENTS", tmp_path / "coefficients.json")
    program.train(TrainOptions(material=tmp_path, out=tmp_path / "out"))
    data = json.loads((tmp_path / "coefficients.json").read_text())
    loaded = from_data(data, Fusion)
    assert loaded.figures["native"]["clips_ai"] + loaded.figures["native"]["clips_camera"] == CLIPS - 1
    assert "AUC" in capsys.readouterr().out
    again, _ = fit(read_table(tmp_path / "scores.csv"))
    assert replace(loaded, figures={}) == again


def test_a_table_of_one_kind_is_refused(tmp_path):
    table = made_table()
    write_csv(tmp_path / "scores.csv", table.take(table.y == 1))
    with pytest.raises(ValueError, match="both labels"):
        read_table(tmp_path / "scores.csv")
