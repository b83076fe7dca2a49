"""Train the five face nets, and measure them on origins that each never saw.

    python -m benchmarks.face_crops --manifest index.csv --out faces
    python -m models.train faces --material faces --minutes 60 [--resume]

Training uses real footage only; crops of generated clips serve to measure and to calibrate. Every step draws from a
generator of its own, so a run that was stopped goes on as if it had not been. Logs a line of JSON now and then.
"""

from __future__ import annotations

import csv
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.faces import calibration
from models.faces.blending import pair
from models.faces.net import FaceNet, from_arrays, logits, planes, to_arrays
from models.faces.sizes import CROP_PX, CUT_PX, CUT_REACH
from models.folds import FOLDS
from models.registry import save
from models.train_options import TrainOptions

Cuts = NDArray[np.uint8]

# members that begin alike, with a net that saw none of their folds: half the work of five beginnings
BEGINNINGS = ((0, 1), (2, 3, 4))
# steps of a beginning and of what each member adds, and their highest learning rates
BEGIN_STEPS, BEGIN_RATE = 1100, 3e-3
MEMBER_STEPS, MEMBER_RATE = 350, 2e-3
PAIRS, DECAY = 12, 1e-2
# share of pairs made of faces; the rest are squares of anything, of which there are many more kinds
FACES = 0.6
LOG_EVERY = 50
# blends of every held-out face that are judged
BLENDS_EACH = 4
BOX_PX = CUT_PX / CUT_REACH


@dataclass(frozen=True)
class Clip:
    """One clip of the material."""

    name: str
    label: str
    source: str
    origin: str
    fold: int
    # uint8 [N, CUT_PX, CUT_PX, 3] as YCrCb
    faces: Cuts
    squares: Cuts


def read_clips(folder: Path) -> list[Clip]:
    """The material of `python -m benchmarks.face_crops`; clips of no fold are left out."""
    clips = []
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["fold"] == "":
                continue
            with np.load(folder / f"{row['clip']}.npz") as kept:
                faces, squares = (_luma_first(kept[name]) for name in ("faces", "squares"))
            about = (row["clip"], row["label"], row["source"], row["origin"], int(row["fold"]))
            clips.append(Clip(*about, faces=faces, squares=squares))
    return clips


def _luma_first(rgb: Cuts) -> Cuts:
    return np.array([cv2.cvtColor(cut, cv2.COLOR_RGB2YCrCb) for cut in rgb], np.uint8).reshape(rgb.shape)


class Draws:
    """Random cuts of real clips: sources by the root of their size, clips of a source alike."""

    def __init__(self, clips: list[Clip]) -> None:
        self._faces = _by_source([(clip.source, clip.faces) for clip in clips])
        self._squares = _by_source([(clip.source, clip.squares) for clip in clips])

    def batch(self, generator: np.random.Generator) -> tuple[Cuts, NDArray[np.float32]]:
        """Crops uint8 [2 * PAIRS, CROP_PX, CROP_PX, 3], and 1 for the blended."""
        pairs = [pair(self._cut(generator), BOX_PX, CROP_PX, generator) for _ in range(PAIRS)]
        untouched, blended = ([p[i] for p in pairs] for i in (0, 1))
        return np.stack(untouched + blended), np.repeat(np.array([0, 1], np.float32), PAIRS)

    def _cut(self, generator: np.random.Generator) -> Cuts:
        faces = self._faces if generator.random() < FACES and self._faces else self._squares
        sizes = np.array([len(clips) for clips in faces]) ** 0.5
        clips = faces[int(generator.choice(len(faces), p=sizes / sizes.sum()))]
        cuts = clips[int(generator.integers(len(clips)))]
        return cuts[int(generator.integers(len(cuts)))]


def _by_source(pairs: list[tuple[str, Cuts]]) -> list[list[Cuts]]:
    found: dict[str, list[Cuts]] = {}
    for source, cuts in pairs:
        if len(cuts):
            found.setdefault(source, []).append(cuts)
    return [found[source] for source in sorted(found)]


@dataclass(frozen=True)
class Run:
    """One net in training."""

    # of its checkpoint
    name: str
    number: int
    # folds that it must not see
    without: tuple[int, ...]
    steps: int
    rate: float


def train_net(run: Run, begin: FaceNet | None, clips: list[Clip], options: TrainOptions, until: float) -> FaceNet:
    """Train one net, from another one if given; ends after its steps or at `until` (time.monotonic)."""
    draws = Draws([clip for clip in clips if clip.fold not in run.without and clip.label == "real"])
    torch.manual_seed(options.seed + run.number)
    net = FaceNet()
    if begin is not None:
        net.load_state_dict(begin.state_dict())
    net.to(options.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=run.rate, weight_decay=DECAY)
    kept = options.out / f"{run.name}.pt"
    first = _resume(kept, net, optimizer) if options.resume else 0
    net.train()
    losses: list[float] = []
    began = time.monotonic()
    for step in range(first, run.steps):
        now = time.monotonic()
        if now > until:
            break
        # steps or time, whichever is nearer to its end
        done = max(step / run.steps, (now - began) / max(until - began, 1e-9))
        # warms up over fifty steps, then falls along a cosine
        optimizer.param_groups[0]["lr"] = run.rate * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * done))
        losses.append(_step(net, optimizer, draws, np.random.default_rng((options.seed, run.number, step))))
        if (step + 1) % LOG_EVERY == 0 or step + 1 == run.steps:
            _keep(kept, net, optimizer, step + 1)
            _log(options.out, net=run.name, step=step + 1, loss=round(float(np.mean(losses[-LOG_EVERY:])), 4))
    return net.cpu().eval()


def _step(net: FaceNet, optimizer: torch.optim.Optimizer, draws: Draws, generator: np.random.Generator) -> float:
    device = next(net.parameters()).device
    crops, answers = draws.batch(generator)
    seen = planes(crops).to(device, memory_format=torch.channels_last)
    loss = loss_of(net(seen), torch.from_numpy(answers).to(device))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def loss_of(guess: Tensor, answers: Tensor) -> Tensor:
    """Cross-entropy, and that of each pair's order: the two show the same face, so only the blend is left to see."""
    untouched, blended = guess[:PAIRS], guess[PAIRS:]
    order = functional.softplus(untouched - blended).mean()
    return functional.binary_cross_entropy_with_logits(guess, answers) + order


def _resume(kept: Path, net: FaceNet, optimizer: torch.optim.Optimizer) -> int:
    if not kept.exists():
        return 0
    state = torch.load(kept, weights_only=True)
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _keep(kept: Path, net: FaceNet, optimizer: torch.optim.Optimizer, step: int) -> None:
    beside = kept.with_suffix(".new")
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, beside)
    beside.replace(kept)


def _log(folder: Path, **figures: Any) -> None:
    line = json.dumps(figures)
    print(line, flush=True)
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def judge_blends(nets: list[FaceNet], clips: list[Clip], seed: int) -> list[calibration.Scored]:
    """Every held-out real face, untouched and blended, judged by the net that never saw its origin."""
    scored = []
    for number, clip in enumerate(clips):
        if clip.label != "real" or not len(clip.faces):
            continue
        generator = np.random.default_rng((seed, 99, number))
        pairs = [pair(cut, BOX_PX, CUT_PX, generator) for cut in clip.faces for _ in range(BLENDS_EACH)]
        for answer in (0, 1):
            found = logits([nets[clip.fold]], np.stack([p[answer] for p in pairs]))
            scored += [calibration.Scored(float(x), answer, clip.fold, clip.origin, clip.name) for x in found]
    return scored


def judge_clips(nets: list[FaceNet], clips: list[Clip]) -> list[calibration.Scored]:
    """Every clip with faces as it is, generated or real: mean logit of the net that never saw its origin."""
    return [
        calibration.Scored(
            float(logits([nets[clip.fold]], clip.faces).mean()),
            int(clip.label == "ai"),
            clip.fold,
            clip.origin,
            clip.source,
        )
        for clip in clips
        if len(clip.faces)
    ]


def train_members(clips: list[Clip], options: TrainOptions) -> list[FaceNet]:
    """The five nets, each trained without the fold of its number; time is shared out by steps."""
    began, done, nets = time.monotonic(), 0, {}
    total = len(BEGINNINGS) * BEGIN_STEPS + FOLDS * MEMBER_STEPS
    for number, members in enumerate(BEGINNINGS):
        done += BEGIN_STEPS
        run = Run(f"beginning-{number}", FOLDS + number, members, BEGIN_STEPS, BEGIN_RATE)
        begin = train_net(run, None, clips, options, began + 60 * options.minutes * done / total)
        for member in members:
            done += MEMBER_STEPS
            run = Run(f"member-{member}", member, (member,), MEMBER_STEPS, MEMBER_RATE)
            nets[member] = train_net(run, begin, clips, options, began + 60 * options.minutes * done / total)
    return [nets[member] for member in range(FOLDS)]


def train(options: TrainOptions) -> None:
    """Train, measure, calibrate, register."""
    torch.set_num_threads(options.threads)
    clips = read_clips(options.material)
    nets = train_members(clips, options)
    arrays: dict[str, NDArray[Any]] = {}
    for member, net in enumerate(nets):
        arrays |= to_arrays(member, net)
    # what ships has half the digits, and is what is measured
    nets = [from_arrays(member, arrays) for member in range(FOLDS)]
    blends, real = judge_blends(nets, clips, options.seed), judge_clips(nets, clips)
    arrays["calibration"] = calibration.fit(blends, real)
    report = calibration.report(blends, real)
    _log(options.out, **report)
    (options.out / "scores.json").write_text(json.dumps([vars(s) for s in real], indent=1), encoding="utf-8")
    parameters = sum(p.numel() for p in nets[0].parameters())
    save("faces", arrays, about={"members": FOLDS, "parameters": parameters, "seed": options.seed, **report})
