"""Which events are one, which are right, and how good a ranking is."""

from __future__ import annotations

import numpy as np
import pytest

from models.events.trees import Trees
from models.folds import FOLDS
from models.glitches.figures import BOIL_FEATURES, SUDDEN_FEATURES
from models.glitches.matching import Event, average_precision, iou, is_right, strongest
from models.glitches.scoring import (
    FAMILIES,
    LIMIT,
    Coefficients,
    clip_figures,
    load_coefficients,
    load_trees,
    log_odds,
    pack,
    unpack,
)

BOX = (0.2, 0.2, 0.4, 0.4)


def event(t0_s=1.0, box=BOX, log_odds=1.0, family="sudden"):
    return Event(family, t0_s, t0_s + 0.125, box, log_odds)


def stump(leaf: float) -> Trees:
    """Adds `leaf` when the first feature is above 0, and takes it away otherwise."""
    return Trees(
        feature=np.array([0, -1, -1], np.int16),
        threshold=np.zeros(3, np.float32),
        left=np.array([1, 1, 2], np.int32),
        right=np.array([2, 1, 2], np.int32),
        value=np.array([0, -leaf, leaf], np.float32),
        roots=np.zeros(1, np.int32),
        baseline=0.0,
        columns=1,
    )


def test_overlap_of_boxes():
    assert iou(BOX, BOX) == pytest.approx(1.0)
    assert iou(BOX, (0.3, 0.2, 0.5, 0.4)) == pytest.approx(1 / 3)
    assert iou(BOX, (0.6, 0.6, 0.7, 0.7)) == 0.0
    assert iou((0.1, 0.1, 0.1, 0.1), (0.1, 0.1, 0.1, 0.1)) == 0.0


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (event(), True),
        (event(1.4), True),
        (event(1.6), False),
        (event(box=(0.28, 0.28, 0.32, 0.32)), True),
        (event(box=(0.39, 0.39, 0.6, 0.6)), False),
    ],
)
def test_an_event_is_right_in_time_and_place(found, right):
    assert is_right(found, t0_s=1.0, t1_s=1.125, box=BOX) is right


def test_the_strongest_of_overlapping_events_stays():
    near, other, later = event(log_odds=3.0), event(box=(0.6, 0.6, 0.8, 0.8), log_odds=2.0), event(2.0, log_odds=0.5)
    assert strongest([event(1.05), later, other, near], 6) == [near, other, later]
    assert strongest([event(1.05), later, other, near], 2) == [near, other]


def test_average_precision_of_known_rankings():
    assert average_precision([(3, True), (2, True), (1, False)], 2) == 1.0
    assert average_precision([(3, False), (2, True)], 1) == 0.5
    assert average_precision([(3, True)], 4) == 0.25
    # precision 1, 2/4 and 3/5, each taken as the best at that recall or more
    ranking = [(5, True), (4, False), (3, False), (2, True), (1, True)]
    assert average_precision(ranking, 3) == pytest.approx((1 + 0.6 + 0.6) / 3)
    assert average_precision([], 3) == 0.0


def test_only_the_member_that_never_saw_the_fold_speaks():
    trees = unpack(pack({family: tuple(stump(float(k)) for k in range(FOLDS)) for family in FAMILIES}))
    x = np.array([[1.0], [-1.0]], np.float32)
    assert log_odds("boil", x, held_out=3, trees=trees) == pytest.approx([3.0, -3.0], abs=1e-5)
    assert log_odds("boil", x, held_out=None, trees=trees) == pytest.approx([2.0, -2.0], abs=1e-5)
    assert log_odds("boil", x[:0], held_out=None, trees=trees).size == 0
    loud = {"boil": (stump(40.0),) * FOLDS}
    assert log_odds("boil", x, held_out=0, trees=loud).tolist() == [LIMIT, -LIMIT]


def test_figures_of_a_clip():
    figures = clip_figures([2.0, -1.0, 0.5], [1.0], seconds=4.0)
    assert figures == {"strongest_sudden": 2.0, "strongest_boil": 1.0, "third_strongest": 0.5, "likely_per_s": 0.75}
    assert clip_figures([], [], seconds=0.0)["strongest_boil"] == -LIMIT


def test_what_is_told_apart_by_chance_says_nothing():
    fitted = dict.fromkeys(("mean", "scale"), (0.0,) * 4) | {"scale": (1.0,) * 4}
    rest = {"show_above": 0.0, "false_events_per_minute": 0.0, "auc_unseen": 0.5, "auc_interval": (0.4, 0.6)}
    members = {"weight": ((1.0,) * 4,) * FOLDS, "intercept": tuple(float(k) for k in range(FOLDS))}
    figures = clip_figures([2.0], [], seconds=3.0)
    speaks, silent = (Coefficients(**fitted, **rest, **members, shrink=shrink) for shrink in (0.5, 0.0))
    assert silent.logit(figures) == 0.0
    assert speaks.logit(figures, held_out=4) - speaks.logit(figures, held_out=0) == pytest.approx(2.0)
    assert speaks.logit(figures) == pytest.approx(speaks.logit(figures, held_out=2))


def test_what_ships_fits_the_figures_that_are_measured():
    trees, coefficients = load_trees(), load_coefficients()
    assert [len(trees[family]) for family in FAMILIES] == [FOLDS, FOLDS]
    assert {one.columns for one in trees["sudden"]} == {len(SUDDEN_FEATURES)}
    assert {one.columns for one in trees["boil"]} == {len(BOIL_FEATURES)}
    assert len(coefficients.weight) == len(coefficients.intercept) == FOLDS
    assert coefficients.auc_interval[0] <= coefficients.auc_unseen <= coefficients.auc_interval[1]
    assert coefficients.shrink == 0.0 or coefficients.auc_interval[0] > 0.5
