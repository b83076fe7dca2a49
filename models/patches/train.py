"""Train the patch network on generated and camera clips: five members, each without one fold.

    python -m models.train patches --material material --minutes 60 [--resume]

Reads the crops of `python -m models.material`. Logs lines of JSON to OUT/member-K.jsonl, with a checkpoint beside it.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.deliveries import DELIVERIES
from models.folds import FOLDS
from models.patches.training import BAGS, Bag, Member, cut, draw_places, train_members
from models.train_options import TrainOptions

# with a few hundred clips, longer training learns the collections by heart: on two folds of origins that were left out
# the area under the curve rose to .72 and .83 within 400 steps and fell to .60 and .79 by 770
STEPS = 450


def read_bags(material: Path) -> list[Bag]:
    """Every clip below a material folder, as it is and in every delivery."""
    bags = []
    with (material / "index.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            for variant in ("", *(f".{name}" for name in DELIVERIES)):
                pixels = np.load(material / f"{row['clip']}{variant}.npy", mmap_mode="r")
                bags.append(Bag(pixels, float(row["label"] == "ai"), row["clip"], row["source"], int(row["fold"])))
    return bags


class Draws:
    """Random batches: labels alike, sources by the root of their size, clips and their variants alike."""

    def __init__(self, bags: list[Bag], rng: np.random.Generator) -> None:
        self._rng = rng
        self._groups: dict[float, dict[str, dict[str, list[Bag]]]] = {1.0: {}, 0.0: {}}
        for bag in bags:
            self._groups[bag.label].setdefault(bag.source, {}).setdefault(bag.clip, []).append(bag)

    def batch(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Pixels uint8 [BAGS, BAG, T, CROP_PX, CROP_PX] and labels [BAGS]."""
        labels = [1.0, 0.0] * (BAGS // 2)
        drawn = [self._draw(label) for label in labels]
        pixels = np.stack([cut(bag.pixels, draw_places(bag.pixels.shape, self._rng)) for bag in drawn])
        return pixels, np.array(labels, np.float32)

    def _draw(self, label: float) -> Bag:
        sources = list(self._groups[label].values())
        # between clips alike and sources alike: a source of one clip must not be learnt by heart
        sizes = np.sqrt([len(clips) for clips in sources])
        clips = sources[self._rng.choice(len(sizes), p=sizes / sizes.sum())]
        variants = list(clips.values())[self._rng.integers(len(clips))]
        return variants[self._rng.integers(len(variants))]


def member(number: int, bags: list[Bag], options: TrainOptions) -> Member:
    """The member that never sees one fold."""
    draws = Draws([b for b in bags if b.fold != number], np.random.default_rng([options.seed, number]))
    return Member(number, draws, [b for b in bags if b.fold == number], options=options, steps=STEPS)


def train(options: TrainOptions) -> None:
    """Train all members one after the other and register their weights."""
    bags = read_bags(options.material)
    train_members("patches", (member(number, bags, options) for number in range(FOLDS)), options)
