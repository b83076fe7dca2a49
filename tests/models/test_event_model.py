"""The event model: features that know no frame rate, trees climbed as scikit-learn climbs them, checked files."""

from pathlib import Path

import numpy as np
import pytest

from models.events import features, train, trees


def cues(rate_hz: float, seconds: float = 6.0) -> tuple[dict, dict, dict]:
    """Made-up cues: a bump in every column each second, drawn at some frame rate."""
    edge_s = np.arange(0, seconds, 1 / rate_hz)
    start_s, end_s = edge_s[:-1], edge_s[1:]

    def bumps(time_s: np.ndarray) -> np.ndarray:
        return np.exp(-(((time_s % 1.0 - 0.5) / 0.15) ** 2))

    middle_s = (start_s + end_s) / 2
    names = (*features.PAIR_CUES, *features.PAIR_SIGNED, *features.PAIR_PLACES, "lowest")
    pairs = {"start_s": start_s, "end_s": end_s, **{name: bumps(middle_s) for name in names}}
    turn_s = edge_s[1:-1]
    turns = {"time_s": turn_s, **{name: bumps(turn_s) for name in (*features.TURN_CUES, *features.TURN_PLACES)}}
    return pairs, turns, {"time_s": edge_s, "flare": bumps(edge_s)}


def table(rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    (chunk,) = features.context(*cues(rate_hz))
    return chunk


def test_features_are_the_same_at_any_frame_rate():
    slow_s, slow = table(25)
    fast_s, fast = table(50)
    shared = np.isin(np.round(fast_s, 6), np.round(slow_s, 6))
    middle = slice(30, -30)
    assert np.abs(slow[middle] - fast[shared][middle]).max() < 0.12
    assert slow.shape[1] == len(features.feature_names())


def test_long_clips_come_in_chunks_that_agree(monkeypatch):
    whole = np.concatenate([x for _, x in features.context(*cues(25))])
    monkeypatch.setattr(features, "CHUNK_ROWS", 40)
    parts = [x for _, x in features.context(*cues(25))]
    assert len(parts) > 2
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_clip_without_turns_gives_nothing():
    pairs, turns, light = cues(25)
    assert not list(features.context(pairs, {name: column[:0] for name, column in turns.items()}, light))


def example(name: str, seed: int) -> train.Example:
    random = np.random.default_rng(seed)
    x = random.normal(size=(400, 6)).astype(np.float32)
    time_s = 0.1 * np.arange(400)
    struck = (x[:, 0] > 1.0) & (x[:, 1] > 0)
    return train.Example(name, "labels", time_s, x, time_s[struck], np.ones(400, bool))


def test_trees_agree_with_scikit_learn_and_survive_the_disk(tmp_path: Path, monkeypatch):
    from sklearn.ensemble import HistGradientBoostingClassifier

    grown = []
    fit = HistGradientBoostingClassifier.fit
    monkeypatch.setattr(
        HistGradientBoostingClassifier, "fit", lambda self, *a, **k: grown.append(fit(self, *a, **k)) or self
    )
    found = train.fit([example("a", 1), example("b", 2)])
    x = example("c", 3).x
    assert np.abs(found.probability(x) - grown[0].predict_proba(x)[:, 1]).max() < 1e-5
    found.save(tmp_path / "t.npz")
    again = trees.load(tmp_path / "t.npz", features=6)
    assert np.array_equal(again.probability(x), found.probability(x))


def test_a_model_over_other_features_is_refused(tmp_path: Path):
    train.fit([example("a", 1)]).save(tmp_path / "t.npz")
    with pytest.raises(ValueError, match="holds no trees over 7 features"):
        trees.load(tmp_path / "t.npz", features=7)


def test_the_model_learns_what_it_was_shown():
    found = train.fit([example("a", 1), example("b", 2)])
    unseen = example("c", 3)
    times_s = train.found_s(unseen.time_s, found.probability(unseen.x), 0.5)
    assert train.f1(times_s, unseen.truth_s) > 0.8


@pytest.mark.parametrize(
    ("found", "truth", "score"),
    [
        ([1.0, 2.0], [1.05, 2.2], 0.5),
        ([], [], 1.0),
        ([1.0], [], 0.0),
        ([1.0, 1.05], [1.02], 2 / 3),
        ([0.95, 1.0], [1.0, 1.05], 1.0),
    ],
)
def test_f1_matches_one_to_one(found, truth, score):
    assert train.f1(np.array(found), np.array(truth)) == pytest.approx(score)


def test_the_installed_model_fits_its_features():
    from pipeline.analysis.fusion import load_trees

    installed = load_trees()
    assert installed is not None
    assert len(installed.roots) == train.TREES["max_iter"]


def test_every_filmed_clip_of_the_training_has_a_model_that_did_not_see_it():
    from models.events.left_out import _folds, trees_for

    clips = _folds()
    assert len(clips) >= 10
    assert all(trees_for(clip) is not None for clip in clips)
    assert trees_for("somebody/else.mp4") is None
