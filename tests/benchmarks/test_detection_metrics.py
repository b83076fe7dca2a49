"""Figures of the audit: against hand calculation and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.detection import metrics

LABELS = np.array([1, 1, 1, 0, 0, 0, 0])
SCORES = np.array([3.0, 1.0, -1.0, 2.0, 1.0, -2.0, -3.0])


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, 80)
    # rounded, so that there are equal scores
    return labels, np.round(random.normal(labels, 1.0), 1)


def test_auc_by_hand() -> None:
    # 3 beats all 4; 1 beats 2 and ties with one; -1 beats 2
    assert metrics.auc(LABELS, SCORES) == pytest.approx((4 + 2.5 + 2) / 12)
    assert metrics.auc(LABELS, np.zeros(7)) == 0.5


@pytest.mark.parametrize("seed", range(5))
def test_against_scikit_learn(seed: int) -> None:
    from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score, roc_curve

    labels, scores = random_case(seed)
    assert metrics.auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert metrics.average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    # 0.55 lies between two scores, so that no tie is counted as a half
    called = (scores > 0.55).astype(int)
    assert metrics.balanced_accuracy(labels, scores, threshold=0.55) == pytest.approx(
        balanced_accuracy_score(labels, called)
    )
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    for rate in (0.01, 0.1, 0.3):
        assert metrics.tpr_at_fpr(labels, scores, rate) == pytest.approx(tpr[fpr <= rate].max())


def test_a_score_on_the_threshold_is_half_right() -> None:
    assert metrics.balanced_accuracy(np.array([1, 0]), np.array([0.0, -1.0])) == 0.75


def test_one_percent_of_few_camera_clips_is_none_and_of_a_hundred_is_one() -> None:
    labels = np.array([0] * 100 + [1, 1])
    scores = np.array([*range(100), 98.5, 97.5], float)
    assert metrics.threshold_at_fpr(labels, scores, 0.01) == 98
    assert metrics.tpr_at_fpr(labels, scores) == 0.5
    assert metrics.tpr_at_fpr(labels[1:], scores[1:]) == 0.0


def test_ece_by_hand() -> None:
    # one bin holds both: each label weighs a half, 0.8 is said and half of it is AI
    assert metrics.ece(np.array([1, 0, 0]), np.array([0.85, 0.85, 0.85])) == pytest.approx(0.35)
    # two bins, both right to 0.1
    assert metrics.ece(np.array([1, 0]), np.array([0.9, 0.1])) == pytest.approx(0.1)
    assert metrics.ece(np.array([1, 0]), np.array([1.0, 0.0])) == 0.0


def test_ece_does_not_depend_on_how_many_clips_a_label_has() -> None:
    labels, probabilities = np.array([1, 0]), np.array([0.7, 0.2])
    many = np.repeat([0, 1], [1, 9])
    assert metrics.ece(labels[many], probabilities[many]) == pytest.approx(metrics.ece(labels, probabilities))


def test_probability_of_a_log_likelihood_ratio() -> None:
    said = metrics.probability(np.array([0.0, math.log(3), -1e9, 1e9]))
    assert said == pytest.approx([0.5, 0.75, 0.0, 1.0])


def test_the_interval_draws_groups_and_not_clips() -> None:
    labels, scores = random_case(3)
    each = [str(number) for number in range(80)]
    few = [f"{label} {number % 3}" for number, label in enumerate(labels)]
    low, high = metrics.interval(labels, scores, each) or (0, 0)
    assert low < metrics.auc(labels, scores) < high
    # ten copies of each clip in its group are no news
    copies = np.tile(np.arange(80), 10)
    assert metrics.interval(labels[copies], scores[copies], [each[i] for i in copies]) == pytest.approx((low, high))
    assert metrics.interval(labels, scores, few) == metrics.interval(labels, scores, few)
    assert metrics.interval(labels, scores, ["one"] * 40 + ["two"] * 40) is not None


def test_there_is_no_interval_where_hardly_any_draw_has_both_labels() -> None:
    labels = np.array([1] + [0] * 30)
    groups = [str(number) for number in range(31)]
    assert metrics.interval(labels, labels.astype(float), groups) is not None
    assert metrics.interval(np.array([1, 1]), np.array([1.0, 2.0]), ["a", "b"]) is None


@pytest.mark.parametrize("figure", [metrics.auc, metrics.average_precision, metrics.ece, metrics.tpr_at_fpr])
def test_one_label_alone_is_refused(figure) -> None:
    with pytest.raises(ValueError, match="both labels"):
        figure(np.array([1, 1]), np.array([0.1, 0.2]))


def test_rounded_reaches_into_records() -> None:
    found = metrics.rounded({"a": (0.123456, None), "b": {"c": np.float64(2 / 3), "d": 3}})
    assert found == {"a": [0.1235, None], "b": {"c": 0.6667, "d": 3}}
