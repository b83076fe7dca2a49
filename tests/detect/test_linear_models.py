"""The reading side of small linear models: same numbers as training, and no file may surprise it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models import linear
from pipeline.detect.linear import parse_model, read_model, weigh
from pipeline.errors import UsageError

NAMES = ("a", "b")


def table(clips: int = 400, apart: float = 1.5) -> linear.Table:
    """Clips of 20 origins, of which the first figure is higher for AI by `apart` spreads."""
    generator = np.random.default_rng(3)
    y = (np.arange(clips) % 2).astype(float)
    x = generator.normal(size=(clips, 2))
    x[:, 0] += apart * y
    place = np.arange(clips) % 20
    return linear.Table(x, y, np.char.add("o", place.astype(str)), np.char.add("s", place.astype(str)), place % 5)


def written(apart: float = 1.5) -> str:
    data = table(apart=apart)
    return json.dumps(linear.as_data(NAMES, linear.train_members(data), {"auc_unseen": 0.8, "clips": [200, 200]}))


def test_reader_and_trainer_agree():
    data = table()
    members = linear.train_members(data)
    model = parse_model(json.dumps(linear.as_data(NAMES, members, {"auc_unseen": 0.8})), name="m")
    inside = ~linear.outside(data, members)
    expected = linear.unseen(data, members)
    for row in np.flatnonzero(inside)[:40]:
        figures = dict(zip(NAMES, data.x[row], strict=True))
        found = weigh(figures, model, limit=50.0, held_out=int(data.fold[row]))
        assert found.llr == pytest.approx(expected[row], abs=1e-3)


def test_without_a_fold_the_members_are_averaged():
    model = parse_model(written(), name="m")
    figures = {"a": 1.2, "b": 0.1}
    each = [weigh(figures, model, limit=50.0, held_out=k).llr for k in range(5)]
    assert len(set(each)) == 5
    assert weigh(figures, model, limit=50.0).llr == pytest.approx(np.mean(each))


def test_scores_of_unseen_origins_find_what_is_there_and_nothing_where_nothing_is():
    data, empty = table(), table(apart=0.0)
    found = linear.auc(linear.unseen(data, linear.train_members(data)), data.y)
    # two unit normals 1.5 apart: Phi(1.5 / sqrt 2) = 0.856
    assert found == pytest.approx(0.856, abs=0.04)
    assert linear.auc(linear.unseen(empty, linear.train_members(empty)), empty.y) == pytest.approx(0.5, abs=0.08)
    assert max(m.shrink * np.abs(m.weight).max() for m in linear.train_members(empty).values()) < 0.15


def test_calibrated_scores_are_likelihood_ratios():
    data = table(clips=4000)
    scores = linear.unseen(data, linear.train_members(data))
    near = np.abs(scores - np.log(3.0)) < 0.25
    # three to one means three AI clips in four
    assert data.y[near].mean() == pytest.approx(0.75, abs=0.06)


def test_large_sources_do_not_drown_small_ones():
    data = table()
    weight = linear.balance(data)
    assert weight[data.y == 1].sum() == pytest.approx(weight[data.y == 0].sum())
    assert weight.mean() == pytest.approx(1.0)


def test_the_sign_of_a_figure_is_counted_over_origins():
    (first, same), (second, _) = linear.sign_of_features(table(clips=2000))
    assert first == pytest.approx(0.856, abs=0.03) and same == 1.0
    assert second == pytest.approx(0.5, abs=0.04)


def test_far_away_says_nothing_and_scores_are_bounded():
    model = parse_model(written(), name="m")
    far = weigh({"a": 50.0, "b": 0.0}, model, limit=1.0)
    assert far.llr == 0.0 and far.outside == ("a",)
    assert weigh({"a": 3.0, "b": 0.0}, model, limit=0.25).llr == 0.25
    with pytest.raises(UsageError, match="without fold 9"):
        weigh({"a": 0.0, "b": 0.0}, model, limit=1.0, held_out=9)


def test_hostile_files_are_refused_in_one_sentence(tmp_path):
    good = json.loads(written())
    member = good["members"][0]
    bad = [
        "",
        "[" * 100_000,
        "{}",
        json.dumps({**good, "features": ["a"]}),
        json.dumps({**good, "members": []}),
        json.dumps({**good, "auc_unseen": 3}),
        json.dumps({**good, "members": [{**member, "weight": [float("inf"), 0.0]}]}),
        json.dumps({**good, "members": [{**member, "scale": [0.0, 1.0]}]}),
        json.dumps({**good, "members": [{**member, "shrink": 7.0}]}),
        json.dumps({**good, "members": "many"}),
    ]
    for text in bad:
        with pytest.raises(UsageError) as caught:
            parse_model(text, name="m.json")
        assert "m.json" in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read_model(tmp_path / "none.json")
    (tmp_path / "large.json").write_bytes(b" " * (2 << 20))
    with pytest.raises(UsageError, match="too large"):
        read_model(tmp_path / "large.json")
