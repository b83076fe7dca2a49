"""Teach the patch network to tell camera crops from the same crops behind a decoder: five members in folds.

    python -m models.material --manifest index.csv --out material --zoo
    python -m models.train traces --material material --minutes 60 [--resume]

No generated clip is used. The two of a pair lie in the same batch, cut and turned alike, so that nothing but the
decoder tells them apart.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.folds import FOLDS
from models.patches.training import BAGS, Bag, Member, cut, draw_places, train_members
from models.train_options import TrainOptions

STEPS = 450


@dataclass(frozen=True)
class Pair:
    """The same crops, delivered alike."""

    plain: Bag
    decoded: Bag


def read_pairs(material: Path) -> list[Pair]:
    """Every aligned pair below a material folder."""
    pairs = []
    with (material / "index.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            for path in sorted(material.glob(f"{row['clip']}.zoo-*.npy")):
                ways = ((path.with_name(path.name.replace(".zoo-", ".plain-")), 0.0), (path, 1.0))
                bags = [
                    Bag(np.load(at, mmap_mode="r"), label, row["clip"], row["source"], int(row["fold"]))
                    for at, label in ways
                ]
                pairs.append(Pair(*bags))
    return pairs


class Draws:
    """Random batches of pairs, sources by the root of their size."""

    def __init__(self, pairs: list[Pair], rng: np.random.Generator) -> None:
        self._rng, self._pairs = rng, pairs
        names = [pair.plain.source for pair in pairs]
        weights = np.array([1.0 / np.sqrt(names.count(name)) for name in names])
        self._shares = weights / weights.sum()

    def batch(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Pixels uint8 [BAGS, BAG, T, CROP_PX, CROP_PX] and labels [BAGS]."""
        pixels = []
        for number in self._rng.choice(len(self._pairs), BAGS // 2, p=self._shares):
            pair = self._pairs[number]
            places = draw_places(pair.plain.pixels.shape, self._rng)
            pixels += [cut(pair.plain.pixels, places), cut(pair.decoded.pixels, places)]
        return np.stack(pixels), np.array([0.0, 1.0] * (BAGS // 2), np.float32)


def member(number: int, pairs: list[Pair], options: TrainOptions) -> Member:
    """The member that never sees one fold."""
    draws = Draws([p for p in pairs if p.plain.fold != number], np.random.default_rng([options.seed, number]))
    unseen = [bag for p in pairs if p.plain.fold == number for bag in (p.plain, p.decoded)]
    return Member(number, draws, unseen, options=options, steps=STEPS)


def train(options: TrainOptions) -> None:
    """Train all members one after the other and register their weights."""
    pairs = read_pairs(options.material)
    if not pairs:
        raise SystemExit(f"{options.material} holds no pairs; make them with `python -m models.material --zoo`")
    train_members("traces", (member(number, pairs, options) for number in range(FOLDS)), options)
