"""Train the event model and measure it on clips left out of training.

    python -m models.events.train --cues models/events/cues.npz --out models/events/trees.npz

The table comes from `python -m benchmarks.event_features`. Deterministic; about three minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.events.features import context, feature_names
from models.events.trees import Trees

# a turn this near to a hit shows it: one and a half pictures at 50 per second, less than one at 30
NEAR_S = 0.03
# cues closer than this are one
GAP_S = 0.2
# how near is right
RIGHT_S = 0.1
FOLDS = 5
# rows count by where their truth comes from: people, a microphone, a renderer
WEIGHTS = {"labels": 1.0, "sound": 0.2, "scene": 0.4}
# of turns that show an event: people date hits to a fifteenth of a second and a microphone hears what is out of the
# picture, so that their turns look less certain than a renderer's; this brings all three to one threshold
EVENT_WEIGHTS = {"labels": 3.0, "sound": 2.0, "scene": 1.0}
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(2, 40))
# few leaves and much shrinkage: there are some 300 labelled hits
TREES = {
    "max_iter": 200,
    "learning_rate": 0.05,
    "max_leaf_nodes": 14,
    "max_depth": 12,
    "min_samples_leaf": 15,
    "l2_regularization": 1.0,
    "max_features": 0.3,
    "early_stopping": False,
}


@dataclass(frozen=True)
class Example:
    """One clip as the model sees it."""

    name: str
    # "labels", "sound" or "scene"
    kind: str
    time_s: NDArray[np.float64]
    # [turns, features]
    x: NDArray[np.float32]
    truth_s: NDArray[np.float64]
    # turns behind the last label are not
    usable: NDArray[np.bool_]

    @property
    def y(self) -> NDArray[np.bool_]:
        """Which turns show an event."""
        return _nearest_s(self.time_s, self.truth_s) < NEAR_S

    @property
    def weight(self) -> NDArray[np.float64]:
        """How much each turn counts."""
        return WEIGHTS[self.kind] * np.where(self.y, EVENT_WEIGHTS[self.kind], 1.0)


def read_examples(path: Path) -> Iterator[Example]:
    """Clips of a table of cues; KeyError names what is missing in it."""
    with np.load(path, allow_pickle=False) as table:
        flat = {key: table[key] for key in table.files}
    for i, name in enumerate(flat["names"]):
        parts: dict[str, dict[str, Any]] = {"pairs": {}, "turns": {}, "light": {}, "": {}}
        for key in [key for key in flat if key.startswith(f"{i}/")]:
            group, _, column = key[len(f"{i}/") :].rpartition("/")
            parts[group][column] = flat.pop(key).astype(np.float64)
        chunks = list(context(parts["pairs"], parts["turns"], parts["light"]))
        if chunks:
            time_s = np.concatenate([chunk[0] for chunk in chunks])
            usable = time_s < parts[""]["until_s"]
            x = np.concatenate([chunk[1] for chunk in chunks])
            yield Example(str(name), str(name).partition(":")[0], time_s, x, parts[""]["truth_s"], usable)


def fit(examples: list[Example], *, seed: int = 0) -> Trees:
    """Grow trees on all usable turns."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.concatenate([example.x[example.usable] for example in examples])
    y = np.concatenate([example.y[example.usable] for example in examples])
    weight = np.concatenate([example.weight[example.usable] for example in examples])
    forest = HistGradientBoostingClassifier(**TREES, random_state=seed).fit(x, y, sample_weight=weight)
    return flatten(forest)


def found_s(time_s: NDArray[np.float64], probability: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Times of the most probable turns, at least `GAP_S` apart."""
    chosen: list[float] = []
    for i in np.argsort(-probability, kind="stable"):
        if probability[i] < threshold:
            break
        if all(abs(time_s[i] - other) >= GAP_S - 1e-6 for other in chosen):
            chosen.append(float(time_s[i]))
    return np.sort(chosen)


def f1(found: NDArray[np.float64], truth: NDArray[np.float64], *, window_s: float = RIGHT_S) -> float:
    """F1 of events matched one to one in order of time; 1 when there is nothing to find and nothing found."""
    if not found.size or not truth.size:
        return float(found.size == truth.size)
    hits = i = j = 0
    while i < found.size and j < truth.size:
        apart = found[i] - truth[j]
        hits += abs(apart) <= window_s
        i, j = (i + (apart <= window_s), j + (apart >= -window_s))
    return 2 * hits / (found.size + truth.size)


def measure(examples: list[Example], folder: Path) -> dict[str, Any]:
    """Scores of models that saw no row of the clip they judge; the threshold is the best for labelled clips.

    The models are kept in `folder`, with the names of the filmed clips that each of them did not see.
    """
    folder.mkdir(exist_ok=True)
    filmed = {e.name.partition(":")[2]: i % FOLDS for i, e in enumerate(examples) if e.kind != "scene"}
    (folder / "clips.json").write_text(json.dumps(filmed, indent=0, sort_keys=True) + "\n", "utf-8")
    judged: list[NDArray[np.float64]] = [np.zeros(0)] * len(examples)
    for fold in range(FOLDS):
        trees = fit([example for i, example in enumerate(examples) if i % FOLDS != fold])
        trees.save(folder / f"{fold}.npz")
        for i, example in enumerate(examples):
            if i % FOLDS == fold:
                judged[i] = trees.probability(example.x)
    scores = np.array(
        [[_score(e, p, threshold) for threshold in THRESHOLDS] for e, p in zip(examples, judged, strict=True)]
    )
    kinds = np.array([example.kind for example in examples])
    labelled = scores[kinds == "labels"]
    best = int(labelled.mean(0).argmax())
    # each clip at the threshold that is best for the others
    others = [int(np.delete(labelled, i, 0).mean(0).argmax()) for i in range(len(labelled))]
    figures: dict[str, Any] = {"threshold": THRESHOLDS[best]}
    figures["labels_nested"] = float(np.mean([row[column] for row, column in zip(labelled, others, strict=True)]))
    figures.update({kind: float(scores[kinds == kind, best].mean()) for kind in WEIGHTS if (kinds == kind).any()})
    return figures


def _score(example: Example, probability: NDArray[np.float64], threshold: float) -> float:
    found = found_s(example.time_s[example.usable], probability[example.usable], threshold)
    return f1(found, example.truth_s)


def _nearest_s(time_s: NDArray[np.float64], moments_s: NDArray[np.float64]) -> NDArray[np.float64]:
    if not moments_s.size:
        return np.full(time_s.shape, np.inf)
    return np.abs(time_s[:, None] - moments_s[None]).min(1)


def flatten(forest: Any) -> Trees:
    """What scikit-learn grew, as plain arrays."""
    # scikit-learn keeps a table of nodes per tree; the fields are those of its own TreePredictor
    tables = [stage[0].nodes for stage in forest._predictors]
    roots = np.cumsum([0, *(len(nodes) for nodes in tables[:-1])])
    nodes = np.concatenate(tables)
    shift = np.repeat(roots, [len(table) for table in tables])
    is_leaf = nodes["is_leaf"].astype(bool)
    here = np.arange(len(nodes))
    return Trees(
        feature=np.where(is_leaf, -1, nodes["feature_idx"]).astype(np.int16),
        # float32 features against a float64 threshold: rounded towards what lay on the left in training
        threshold=np.where(is_leaf, 0.0, nodes["num_threshold"]).astype(np.float32),
        left=np.where(is_leaf, here, nodes["left"] + shift).astype(np.int32),
        right=np.where(is_leaf, here, nodes["right"] + shift).astype(np.int32),
        value=np.where(is_leaf, nodes["value"], 0.0).astype(np.float32),
        roots=roots.astype(np.int32),
        baseline=float(forest._baseline_prediction.ravel()[0]),
        columns=int(forest.n_features_in_),
    )


def main() -> int:
    """Train, measure, write, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cues", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="train only; do not measure on clips left out")
    arguments = parser.parse_args()
    examples = list(read_examples(arguments.cues))
    figures = {} if arguments.quick else measure(examples, arguments.out.parent / "left_out")
    trees = fit(examples)
    trees.save(arguments.out)
    print(
        json.dumps(
            {"clips": len(examples), "features": len(feature_names()), "trees": len(trees.roots), **figures}, indent=2
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
