"""Training one member of the patch network, whatever it is taught to tell apart."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.folds import FOLDS
from models.train_options import TrainOptions

# clips in a batch, half of either label, and crops of each
BAGS, BAG = 8, 6
CROP_PX = 128
LEARNING_RATE, DECAY = 2e-3, 1e-1
# what is kept is a running mean of the weights over about so many steps: single steps follow single collections
AVERAGED_STEPS = 80
# weight of the loss of single crops beside that of the clip
CROP_LOSS = 0.3
SMOOTHING = 0.1
# between lines of the log, which cost a look at the clips that were left out
TELL_EVERY_S = 180.0


@dataclass(frozen=True)
class Bag:
    """One delivered clip as training sees it."""

    # uint8 [N, T, side, side], memory-mapped
    pixels: NDArray[np.uint8]
    # 1 for what is to be found
    label: float
    clip: str
    source: str
    fold: int


class Draws(Protocol):
    """Random batches."""

    def batch(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Pixels uint8 [BAGS, BAG, T, CROP_PX, CROP_PX] and labels [BAGS]."""
        ...


@dataclass(frozen=True)
class Places:
    """Which crops of a clip are cut, where, and how they are turned."""

    chosen: NDArray[np.intp]
    top: NDArray[np.intp]
    left: NDArray[np.intp]
    mirrored: bool
    upside_down: bool
    backwards: bool


def draw_places(shape: Sequence[int], rng: np.random.Generator) -> Places:
    """Places in pixels of shape [N, T, side, side].

    Mirrored and upside down, but never lying: encoders treat rows and columns alike, a camera's shake does not.
    """
    chosen = rng.choice(shape[0], BAG, replace=shape[0] < BAG)
    top, left = rng.integers(0, shape[-1] - CROP_PX + 1, (2, BAG))
    mirrored, upside_down, backwards = (bool(flip) for flip in rng.random(3) < 0.5)
    return Places(chosen, top, left, mirrored, upside_down, backwards)


def cut(pixels: NDArray[np.uint8], places: Places) -> NDArray[np.uint8]:
    """Crops uint8 [BAG, T, CROP_PX, CROP_PX]."""
    corners = zip(places.chosen, places.top, places.left, strict=True)
    crops = np.stack([pixels[n, :, y : y + CROP_PX, x : x + CROP_PX] for n, y, x in corners])
    crops = crops[..., ::-1] if places.mirrored else crops
    crops = crops[..., ::-1, :] if places.upside_down else crops
    return np.ascontiguousarray(crops[:, ::-1] if places.backwards else crops)


class Member:
    """One network in training, without one fold.

    Parameters
    ----------
    number : int
        Of the fold it must not see.
    draws : what it is taught with
    unseen : bags of that fold, for the log
    steps : int
        At the most; time may end it sooner, and the schedule follows whichever comes first.
    """

    def __init__(self, number: int, draws: Draws, unseen: Sequence[Bag], *, options: TrainOptions, steps: int) -> None:
        import torch

        from models.patches.net import PatchNet

        torch.manual_seed(options.seed * FOLDS + number)
        self.number, self.options, self.steps = number, options, steps
        net: Any = PatchNet().to(options.device)
        self.net = net.to(memory_format=torch.channels_last)
        self.mean: Any = copy.deepcopy(self.net)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
        self.draws, self.unseen = draws, unseen
        self.step, self.spent_s = 0, 0.0
        self.folder = options.out / f"member-{number}"
        if options.resume and self.folder.with_suffix(".pt").exists():
            self._restore()

    def run(self, seconds: float) -> None:
        """Train until the steps or the seconds are spent."""
        import torch

        began, told, losses = time.monotonic() - self.spent_s, self.spent_s, []
        while self.step < self.steps and self.spent_s < seconds:
            share = max(self.step / self.steps, self.spent_s / seconds)
            for group in self.optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min(1.0, (self.step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * share))
            losses.append(self._step(torch))
            self.spent_s = time.monotonic() - began
            if self.spent_s - told > TELL_EVERY_S:
                self._tell(float(np.mean(losses)))
                told, losses = self.spent_s, []
        self._tell(float(np.mean(losses)) if losses else 0.0)

    def _step(self, torch: Any) -> float:
        from models.patches.net import pool

        pixels, labels = self.draws.batch()
        x = torch.from_numpy(pixels).to(self.options.device).flatten(0, 1)
        y = torch.from_numpy(labels).to(self.options.device) * (1 - 2 * SMOOTHING) + SMOOTHING
        self.net.train()
        logits, weights = (found.reshape(len(labels), -1) for found in self.net(x))
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        total = loss(pool(logits, weights), y) + CROP_LOSS * loss(logits, y[:, None].expand_as(logits))
        self.optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        self._average(torch)
        return float(total.detach())

    def _average(self, torch: Any) -> None:
        share = max(1 / AVERAGED_STEPS, 1 / self.step)
        with torch.no_grad():
            for kept, new in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True):
                if kept.is_floating_point():
                    kept.lerp_(new, share)

    def _tell(self, loss: float) -> None:
        import torch

        line = {"member": self.number, "step": self.step, "seconds": round(self.spent_s), "loss": round(loss, 4)}
        line |= {"auc": unseen_auc(self.mean, self.unseen)}
        with self.folder.with_suffix(".jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        state = {name: getattr(self, name).state_dict() for name in ("net", "mean", "optimiser")}
        torch.save(state | {"step": self.step, "spent_s": self.spent_s}, self.folder.with_suffix(".pt"))

    def _restore(self) -> None:
        import torch

        state = torch.load(self.folder.with_suffix(".pt"), weights_only=True, map_location=self.options.device)
        for name in ("net", "mean", "optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.spent_s = state["step"], state["spent_s"]


def train_members(name: str, members: Iterable[Member], options: TrainOptions) -> None:
    """Train members one after the other and register their mean weights, half precision."""
    import torch

    from models.registry import save

    torch.set_num_threads(options.threads)
    arrays: dict[str, Any] = {}
    parameters = 0
    for member in members:
        member.run(60 * options.minutes / FOLDS)
        arrays |= {
            f"{member.number}.{key}": value.cpu().numpy().astype(np.float16)
            for key, value in member.mean.state_dict().items()
            if value.is_floating_point()
        }
        parameters = sum(p.numel() for p in member.mean.parameters())
    save(name, arrays, about={"members": FOLDS, "parameters": parameters, "seed": options.seed})


def score(net: Any, pixels: NDArray[np.uint8]) -> float:
    """The pooled logit of one clip's crops uint8 [N, T, side, side]."""
    import torch

    from models.patches.net import pool

    net.eval()
    side = (pixels.shape[-1] - CROP_PX) // 2
    middle = np.array(pixels[..., side : side + CROP_PX, side : side + CROP_PX])
    with torch.inference_mode():
        logits, weights = net(torch.from_numpy(middle).to(next(net.parameters()).device))
        return float(pool(logits, weights))


def unseen_auc(net: Any, bags: Sequence[Bag], *, most: int = 6, every: int = 3) -> float:
    """Area under the ROC curve of the fold that was left out; shown while training, never used to stop it."""
    return auc([(score(net, bag.pixels[:most]), bag.label) for bag in bags[::every]])


def auc(pairs: Sequence[tuple[float, float]]) -> float:
    """Share of (positive, negative) pairs that stand in order, ties half (Hanley & McNeil 1982); nan without either."""
    ours = np.array([s for s, y in pairs if y])
    theirs = np.array([s for s, y in pairs if not y])
    if not len(ours) or not len(theirs):
        return float("nan")
    above = (ours[:, None] > theirs).mean() + 0.5 * (ours[:, None] == theirs).mean()
    return round(float(above), 4)
