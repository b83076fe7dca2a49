"""Gradient-boosted trees as plain arrays: what scikit-learn grew, read and climbed with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# deepest climb; training grows no deeper tree
MAX_DEPTH = 16
MAX_NODES = 100_000


@dataclass(frozen=True)
class Trees:
    """An ensemble of binary trees; nodes of all trees in one row, children by index."""

    # column to look at, -1 in a leaf
    feature: NDArray[np.int16]
    # to the left when the value is at most this
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    # what a leaf adds to the log-odds
    value: NDArray[np.float32]
    roots: NDArray[np.int32]
    # log-odds before any tree
    baseline: float
    # features it was trained on
    columns: int

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability of an event for each row of features, float64 [rows]."""
        odds = np.full(len(x), self.baseline, np.float64)
        rows = np.arange(len(x))
        for root in self.roots:
            node = np.full(len(x), root, np.int64)
            for _ in range(MAX_DEPTH):
                feature = self.feature[node]
                if (feature < 0).all():
                    break
                below = x[rows, np.maximum(feature, 0)] <= self.threshold[node]
                node = np.where(feature < 0, node, np.where(below, self.left[node], self.right[node]))
            odds += self.value[node]
        return 1.0 / (1.0 + np.exp(-odds))

    def save(self, path: Path) -> None:
        """Write as a compressed .npz without pickled objects."""
        arrays = {name: getattr(self, name) for name in ("feature", "threshold", "left", "right", "value", "roots")}
        np.savez_compressed(path, baseline=np.float64(self.baseline), columns=np.int64(self.columns), **arrays)


def load(path: Path, *, features: int) -> Trees:
    """Read what `Trees.save` wrote.

    Raises
    ------
    ValueError
        When the file is not such an ensemble over just so many features.
    """
    with np.load(path, allow_pickle=False) as arrays:
        trees = Trees(
            **{name: arrays[name] for name in Trees.__annotations__ if name not in ("baseline", "columns")},
            baseline=float(arrays["baseline"]),
            columns=int(arrays["columns"]),
        )
    nodes = trees.feature.size
    sizes = {getattr(trees, name).size for name in ("threshold", "left", "right", "value")}
    fits = sizes == {nodes} and 0 < nodes <= MAX_NODES and trees.feature.max() < features == trees.columns
    children = np.concatenate([trees.left, trees.right, trees.roots])
    if not fits or children.min() < 0 or children.max() >= nodes:
        raise ValueError(f"{path} holds no trees over {features} features")
    return trees
