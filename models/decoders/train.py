"""Train the zoo of decoders on crops of camera footage.

    python -m models.train decoders --material material --minutes 20

Each net learns without one fifth of the origins (LEFT_OUT), and is checkpointed with its
optimisers in OUT every half minute; with --resume finished nets are kept and an unfinished one goes on. The weights of
all nets are registered together, in float16.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models import registry
from models.decoders.losses import Critic, critic_loss, likeness, pleased
from models.decoders.nets import Autoencoder, Enlarger, build
from models.decoders.patchwise import patches_of, principal_basis
from models.decoders.zoo import NETS, PATCHES, WEIGHTS
from models.train_options import TrainOptions

# camera footage; talking heads stay out, some of them are generated
KINDS = ("real", "av")
STEPS = 900
# nets that begin with what another one of the same factor learned, and steps they still need; none of the held-out
# families begins with one that is not
BEGUN_AS = {
    "f8-nearest-t2": "f8-nearest",
    "f8-bilinear": "f8-nearest",
    "f8-shuffle": "f8-nearest",
    "f4-bilinear": "f4-nearest",
    "f4-shuffle-t2": "f4-nearest",
    "f16-transposed-t2": "f16-transposed",
}
STEPS_BEGUN = 400
# the fold that a net never sees, by factor, since nets of a factor begin with what one of them learned
LEFT_OUT = {"f4": 1, "f8": 0, "f16": 2, "x2": 0, "pca8": 3, "pca16": 4}
# what a step sees, as [clips, pictures] by stride: where pictures are coded alone, many different ones
PICTURES = {1: (8, 1), 2: (2, 5)}
# 3200 pictures of 96 pixels are 115 000 patches of 16 and 230 000 pairs of 8
BASIS_PICTURES, BASIS_BATCHES = (16, 2), 100
SIDE_PX = 96
RATE = 2e-3
# the critic comes when there is something to criticise
CRITIC_FROM = 0.3
# of latents of mean square 1: what a generator gets wrong in them, and what makes nets robust to it
LATENT_NOISE = 0.1
KEEP_S = 30.0
LOG_STEPS = 50


@dataclass
class Learner:
    """One net, its critic and their optimisers."""

    net: Autoencoder | Enlarger
    critic: Critic
    of_net: torch.optim.Optimizer
    of_critic: torch.optim.Optimizer
    steps: int = 0
    spent_s: float = 0.0

    @classmethod
    def new(cls, net: Autoencoder | Enlarger, device: str = "cpu") -> Learner:
        """Untrained, with a fresh critic."""
        critic = Critic()
        for part in (net, critic):
            # half the time of the usual order on a CPU
            torch.nn.utils.convert_conv2d_weight_memory_format(part.to(torch.device(device)), torch.channels_last)
        of_net, of_critic = (torch.optim.Adam(part.parameters(), RATE, (0.9, 0.99)) for part in (net, critic))
        return cls(net, critic, of_net, of_critic)

    def parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        """What a checkpoint holds, by name."""
        return {"net": self.net, "critic": self.critic, "of_net": self.of_net, "of_critic": self.of_critic}

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {name: part.state_dict() for name, part in self.parts().items()}
        beside = path.with_name(path.name + ".new")
        torch.save(state | {"steps": self.steps, "spent_s": self.spent_s}, beside)
        beside.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.steps, self.spent_s = state["steps"], state["spent_s"]


def step(learner: Learner, real: Tensor, progress: float) -> float:
    """Learn from pictures [clips, pictures, height, width] in -1..1; the likeness loss before the step."""
    for optimiser in (learner.of_net, learner.of_critic):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (0.02 + 0.98 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2)
    with torch.autocast(real.device.type, torch.bfloat16):
        made = learner.net(real, LATENT_NOISE)
    made, truth = made.float().flatten(0, 1)[:, None], real.flatten(0, 1)[:, None]
    far = likeness(made, truth)
    loss = far
    if progress >= CRITIC_FROM:
        _apply(learner.of_critic, critic_loss(learner.critic(truth), learner.critic(made.detach())), learner.critic)
        loss = far + pleased(learner.critic(made))
    _apply(learner.of_net, loss, learner.net)
    learner.steps += 1
    return float(far.detach())


def _apply(optimiser: torch.optim.Optimizer, loss: Tensor, part: torch.nn.Module) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(part.parameters(), 1.0)
    optimiser.step()


def clips(material: Path, wanted: Callable[[int], bool]) -> list[NDArray[np.uint8]]:
    """Crops [N, T, side, side] of camera clips of the wanted folds, large enough and not yet read from disk."""
    with (material / "index.csv").open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["kind"] in KINDS and wanted(int(row["fold"]))]
    found = [np.load(material / f"{row['clip']}.npy", mmap_mode="r", allow_pickle=False) for row in rows]
    usable = [crops for crops in found if min(crops.shape[2:]) >= SIDE_PX]
    if not usable:
        raise ValueError(f"{material} holds no camera clip of the folds wanted; cut more with models.material.")
    return usable


def batches(crops: list[NDArray[np.uint8]], size: tuple[int, int], seed: int) -> Iterator[Tensor]:
    """Endless pictures float32 [clips, pictures, side, side] in -1..1, clips drawn alike however long they are."""
    rng = np.random.default_rng(seed)
    count, length = size
    while True:
        chosen = np.stack([_busier(crops[rng.integers(len(crops))], length, rng) for _ in range(count)])
        yield torch.from_numpy(chosen.astype(np.float32) / 127.5 - 1)


def _busier(crops: NDArray[np.uint8], length: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    # of two places the one that shows more: empty sky teaches nothing
    found = [_place(crops[rng.integers(len(crops))], length, rng) for _ in range(2)]
    return max(found, key=lambda place: float(np.std(place[0])))


def _place(crop: NDArray[np.uint8], length: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    first = rng.integers(len(crop) - length + 1)
    y, x = (rng.integers(side - SIDE_PX + 1) for side in crop.shape[1:])
    place = np.array(crop[first : first + length, y : y + SIDE_PX, x : x + SIDE_PX])
    place = place[:, :, :: rng.choice((-1, 1))]
    return np.swapaxes(place, 1, 2) if rng.random() < 0.5 else place


def learn(name: str, options: TrainOptions, seconds: float) -> Learner:
    """Train one net for at most so long, or go on with it."""
    torch.manual_seed(options.seed)
    net = build(name)
    learner = Learner.new(
        _begun(net, options.out / f"{BEGUN_AS[name]}.pt") if name in BEGUN_AS else net, options.device
    )
    kept = options.out / f"{name}.pt"
    if options.resume and kept.exists():
        learner.restore(kept)
    drawn = batches(seen_by(name, options.material), PICTURES[stride(name)], options.seed + learner.steps)
    steps, saved_s = (STEPS_BEGUN if name in BEGUN_AS else STEPS), learner.spent_s
    while learner.steps < steps and learner.spent_s < seconds:
        before_s = time.monotonic()
        progress = max(learner.steps / steps, learner.spent_s / seconds)
        loss = step(learner, next(drawn).to(options.device), progress)
        learner.spent_s += time.monotonic() - before_s
        if learner.steps % LOG_STEPS == 0:
            _log(options.out, net=name, step=learner.steps, seconds=round(learner.spent_s, 1), loss=round(loss, 4))
        if learner.spent_s - saved_s > KEEP_S:
            learner.save(kept)
            saved_s = learner.spent_s
    learner.save(kept)
    return learner


def _begun(net: Autoencoder | Enlarger, kept: Path) -> Autoencoder | Enlarger:
    """Take over what another net of the same factor has learned wherever the layouts agree."""
    state = net.state_dict()
    other = torch.load(kept, map_location="cpu", weights_only=True)["net"]
    net.load_state_dict(state | {key: v for key, v in other.items() if key in state and v.shape == state[key].shape})
    return net


def stride(name: str) -> int:
    """Pictures to a latent."""
    return 2 if name.endswith("-t2") else 1


def left_out(name: str) -> int:
    """The fold that a family's weights have not seen."""
    return LEFT_OUT[name.split("-")[0]]


def seen_by(name: str, material: Path) -> list[NDArray[np.uint8]]:
    """Crops that a family may learn from."""
    return clips(material, lambda fold: fold != left_out(name))


def basis(name: str, options: TrainOptions) -> NDArray[np.float16]:
    """Principal components of patches of camera footage, for one of the learned patch codecs."""
    side_px, depth, (_, most) = PATCHES[name]
    drawn = batches(seen_by(name, options.material), BASIS_PICTURES, options.seed)
    places = np.concatenate([np.concatenate(next(drawn).numpy()[:, :depth]) for _ in range(BASIS_BATCHES)])
    return principal_basis(patches_of(places, side_px, depth), most).astype(np.float16)


def train(options: TrainOptions) -> None:
    """Train every net of the zoo, fit the patch codecs, and register all weights together."""
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[np.float16]] = {}
    about = {}
    for name in NETS:
        learner = learn(name, options, 60 * options.minutes / len(NETS))
        state = {key: value.detach().cpu().half().numpy() for key, value in learner.net.state_dict().items()}
        arrays |= {f"{name}/{key}": value for key, value in state.items()}
        parameters = sum(value.size for value in state.values())
        about[name] = {"parameters": parameters, "steps": learner.steps, "left_out_fold": left_out(name)}
    for name in (name for name in PATCHES if name.startswith("pca")):
        arrays[f"{name}/basis"] = basis(name, options)
    registry.save(WEIGHTS, arrays, about={"seed": options.seed, "minutes": options.minutes, "nets": about})
    _log(options.out, registered=WEIGHTS, arrays=len(arrays))


def _log(out: Path, **line: object) -> None:
    text = json.dumps(line)
    print(text, flush=True)
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(text + "\n")
