"""Train the patch network: five members, each without one fold.

    python -m models.train patches --material material --minutes 60 [--resume]

Reads the crops of `python -m models.material`; makes deliveries of them beside it on the first run (a quarter of an
hour of one core for 270 clips). Logs a line of JSON a minute to OUT/member-K.jsonl and keeps a checkpoint beside it.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.folds import FOLDS
from models.train_options import TrainOptions

# clips in a batch, half of either label, and crops of each
BAGS, BAG = 8, 6
CROP_PX = 128
# share of camera bags that go through a decoder of the zoo, as negatives of nothing but it
PAIRED = 0.35
LEARNING_RATE, DECAY = 2e-3, 2e-2
# weight of the loss of single crops beside that of the clip
CROP_LOSS = 0.3
# weight of the second answer
DECODED_LOSS = 0.5
# steps of a member at the most; time may end it sooner, the schedule follows whichever comes first
STEPS = 4000
SMOOTHING = 0.05


@dataclass(frozen=True)
class Bag:
    """One delivered clip as training sees it."""

    # uint8 [N, T, side, side], memory-mapped
    pixels: NDArray[np.uint8]
    generated: float
    decoded: float
    clip: str
    source: str
    fold: int


def read_bags(material: Path) -> list[Bag]:
    """Every variant of every clip below a material folder."""
    bags = []
    with (material / "index.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            for path in sorted(material.glob(f"{row['clip']}*.npy")):
                zoo = ".zoo-" in path.name
                generated = float(row["label"] == "ai")
                pixels = np.load(path, mmap_mode="r")
                if len(pixels):
                    bags.append(
                        Bag(pixels, generated, float(zoo or generated), row["clip"], row["source"], int(row["fold"]))
                    )
    return bags


class Draws:
    """Random batches: labels alike, sources alike within a label, variants alike within a clip."""

    def __init__(self, bags: list[Bag], rng: np.random.Generator) -> None:
        self._rng = rng
        groups: dict[str, dict[str, dict[str, list[Bag]]]] = {"ai": {}, "camera": {}, "decoded": {}}
        for bag in bags:
            name = "ai" if bag.generated else "decoded" if bag.decoded else "camera"
            groups[name].setdefault(bag.source, {}).setdefault(bag.clip, []).append(bag)
        self._groups = groups

    def batch(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Pixels uint8 [BAGS, BAG, T, CROP_PX, CROP_PX] and answers [BAGS, 2]."""
        names = ["ai"] * (BAGS // 2) + [self._camera() for _ in range(BAGS // 2)]
        drawn = [self._draw(name) for name in names]
        pixels = np.stack([self._cut(bag) for bag in drawn])
        return pixels, np.array([[bag.generated, bag.decoded] for bag in drawn], np.float32)

    def _camera(self) -> str:
        return "decoded" if self._groups["decoded"] and self._rng.random() < PAIRED else "camera"

    def _draw(self, name: str) -> Bag:
        sources = self._groups[name]
        # between clips alike and sources alike: a source of one clip must not be learnt by heart
        sizes = np.array([len(clips) for clips in sources.values()], float) ** 0.5
        clips = list(sources.values())[self._rng.choice(len(sizes), p=sizes / sizes.sum())]
        variants = list(clips.values())[self._rng.integers(len(clips))]
        return variants[self._rng.integers(len(variants))]

    def _cut(self, bag: Bag) -> NDArray[np.uint8]:
        rng, side = self._rng, bag.pixels.shape[-1]
        chosen = rng.choice(len(bag.pixels), BAG, replace=len(bag.pixels) < BAG)
        top, left = rng.integers(0, side - CROP_PX + 1, (2, BAG))
        cuts = [bag.pixels[n, :, t : t + CROP_PX, x : x + CROP_PX] for n, t, x in zip(chosen, top, left, strict=True)]
        return _turned(np.stack(cuts), rng)


def _turned(crops: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    # mirrored and upright or upside down, never lying: encoders treat rows and columns alike, cameras' shake does not
    if rng.random() < 0.5:
        crops = crops[..., ::-1]
    if rng.random() < 0.5:
        crops = crops[..., ::-1, :]
    if rng.random() < 0.5:
        crops = crops[:, ::-1]
    return np.ascontiguousarray(crops)


class Member:
    """One network in training."""

    def __init__(self, number: int, bags: list[Bag], options: TrainOptions) -> None:
        import torch

        from models.patches.net import PatchNet

        torch.manual_seed(options.seed * FOLDS + number)
        self.number, self.options = number, options
        net: Any = PatchNet().to(options.device)
        self.net = net.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
        self.draws = Draws([b for b in bags if b.fold != number], np.random.default_rng([options.seed, number]))
        self.unseen = [b for b in bags if b.fold == number]
        self.step, self.spent_s = 0, 0.0
        self.folder = options.out / f"member-{number}"
        if options.resume and self.folder.with_suffix(".pt").exists():
            self._restore()

    def run(self, seconds: float) -> None:
        """Train until the steps or the seconds are spent."""
        import torch

        began, told, losses = time.monotonic() - self.spent_s, self.spent_s, []
        while self.step < STEPS and self.spent_s < seconds:
            share = max(self.step / STEPS, self.spent_s / seconds)
            for group in self.optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min(1.0, (self.step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * share))
            losses.append(self._step(torch))
            self.spent_s = time.monotonic() - began
            if self.spent_s - told > 60:
                self._tell(float(np.mean(losses)))
                told, losses = self.spent_s, []
        self._tell(float(np.mean(losses)) if losses else 0.0)

    def _step(self, torch: Any) -> float:
        from models.patches.net import pool

        pixels, answers = self.draws.batch()
        x = torch.from_numpy(pixels).to(self.options.device).flatten(0, 1)
        y = torch.from_numpy(answers).to(self.options.device)
        y = y * (1 - 2 * SMOOTHING) + SMOOTHING
        self.net.train()
        logits, weights = self.net(x)
        logits, weights = logits.reshape(BAGS, BAG, -1), weights.reshape(BAGS, BAG)
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        scale = torch.tensor([1.0, DECODED_LOSS], device=x.device)
        whole = loss(pool(logits, weights), y, weight=scale)
        single = loss(logits, y[:, None].expand_as(logits), weight=scale)
        total = whole + CROP_LOSS * single
        self.optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        return float(total.detach())

    def _tell(self, loss: float) -> None:
        import torch

        line = {"member": self.number, "step": self.step, "seconds": round(self.spent_s), "loss": round(loss, 4)}
        line |= unseen_auc(self.net, self.unseen)
        with self.folder.with_suffix(".jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        state = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict()}
        torch.save(state | {"step": self.step, "spent_s": self.spent_s}, self.folder.with_suffix(".pt"))

    def _restore(self) -> None:
        import torch

        state = torch.load(self.folder.with_suffix(".pt"), weights_only=True, map_location=self.options.device)
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent_s = state["step"], state["spent_s"]


def scores(net: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The two pooled logits of one clip's crops uint8 [N, T, side, side]."""
    import torch

    from models.patches.net import pool

    net.eval()
    side = (pixels.shape[-1] - CROP_PX) // 2
    middle = np.ascontiguousarray(pixels[..., side : side + CROP_PX, side : side + CROP_PX])
    with torch.inference_mode():
        logits, weights = net(torch.from_numpy(middle).to(next(net.parameters()).device))
        return np.asarray(pool(logits, weights).cpu().numpy(), np.float64)


def unseen_auc(net: Any, bags: list[Bag], most: int = 12) -> dict[str, float]:
    """Areas under the ROC curve of the fold that was left out; shown while training, never used to stop it."""
    found = [(bag, scores(net, bag.pixels[:most])) for bag in bags[::2]]
    genuine = [(s[0], bag.generated) for bag, s in found if bag.generated or not bag.decoded]
    paired = [(s[1], bag.decoded) for bag, s in found if not bag.generated]
    return {"auc": auc(genuine), "auc_decoded": auc(paired)}


def auc(pairs: list[tuple[float, float]]) -> float:
    """Share of (positive, negative) pairs that stand in order, ties half (Hanley & McNeil 1982); nan without either."""
    ours = np.array([s for s, y in pairs if y])
    theirs = np.array([s for s, y in pairs if not y])
    if not len(ours) or not len(theirs):
        return float("nan")
    above = (ours[:, None] > theirs).mean() + 0.5 * (ours[:, None] == theirs).mean()
    return round(float(above), 4)


def train(options: TrainOptions) -> None:
    """Train all members one after the other and register their weights."""
    import torch

    from models.registry import save

    torch.set_num_threads(options.threads)
    bags = read_bags(options.material)
    arrays: dict[str, Any] = {}
    for member in members(bags, options):
        member.run(60 * options.minutes / FOLDS)
        arrays |= {
            f"{member.number}.{name}": value.cpu().numpy().astype(np.float16)
            for name, value in member.net.state_dict().items()
            if value.is_floating_point()
        }
    parameters = sum(p.numel() for p in member.net.parameters())
    save("patches", arrays, about={"members": FOLDS, "parameters": parameters, "seed": options.seed})


def members(bags: list[Bag], options: TrainOptions) -> Iterator[Member]:
    """The members, one after the other."""
    for number in range(FOLDS):
        yield Member(number, bags, options)
