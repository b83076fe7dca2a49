"""Train the small codecs, about a minute of one core each.

    python -m benchmarks.sound_material --manifest index.csv --out sound
    python -m models.train codecs --material sound --minutes 12

Deterministic for a given seed as long as every codec ends by its steps and not by its time.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.codecs.nets import CODECS, Autoencoder, Codec
from models.registry import load, save
from models.train_options import TrainOptions

STEPS = 400
BATCH = 4
SEGMENT_S = 0.6
LEARNING_RATE = 2e-3
# windows of the spectral loss, in samples (Yamamoto et al. 2020, arXiv:1910.11480)
LOSS_WINDOWS = (256, 1024, 2048)
# weights of the waveform: relative to its level, and absolute
WAVEFORM, HINT = 6.0, 10.0
# name of the scales beside each array
SCALE = "/scale"


def train(options: TrainOptions) -> None:
    """Train every codec and register all of them as "codecs"; material as `benchmarks.sound_material` makes it."""
    torch.set_num_threads(options.threads)
    arrays: dict[str, NDArray[Any]] = {}
    log = []
    for codec in CODECS:
        checkpoint = options.out / f"{codec.name}.pt"
        if options.resume and checkpoint.exists():
            done = torch.load(checkpoint, weights_only=True)
        else:
            done = _train_one(codec, options)
            torch.save(done, checkpoint)
        loss, state = done
        log.append({"codec": codec.name, "loss": round(loss, 3)})
        print(json.dumps(log[-1]), flush=True)
        for key, value in state.items():
            arrays |= squeezed(f"{codec.name}/{key}", value.numpy())
    about = {"steps": STEPS, "seed": options.seed, "codecs": log, "parameters": sum(a.size for a in arrays.values())}
    save("codecs", arrays, about=about)


def _train_one(codec: Codec, options: TrainOptions) -> tuple[float, dict[str, Tensor]]:
    torch.manual_seed(options.seed)
    net = Autoencoder(codec).to(options.device)
    sounds = read_material(options.material, codec.rate_hz)
    random = np.random.default_rng(options.seed)
    optimiser = torch.optim.Adam(net.parameters(), LEARNING_RATE, betas=(0.8, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=STEPS, pct_start=0.1)
    until = time.monotonic() + 60 * options.minutes / len(CODECS)
    losses = []
    for _ in range(STEPS):
        batch = _batch(sounds, codec, random).to(options.device)
        loss = _loss(net(batch), batch, waveform=not codec.from_mel)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if time.monotonic() > until:
            break
    return float(np.mean(losses[-20:])), {key: value.cpu() for key, value in net.state_dict().items()}


def _batch(sounds: list[NDArray[np.float32]], codec: Codec, random: np.random.Generator) -> Tensor:
    """[BATCH, samples] of about equal loudness."""
    length = round(SEGMENT_S * codec.rate_hz)
    picked = np.zeros((BATCH, length), np.float32)
    for row in picked:
        sound = sounds[random.integers(len(sounds))]
        start = random.integers(max(1, sound.size - length))
        part = sound[start : start + length]
        row[: part.size] = part * (0.1 * random.uniform(0.5, 2.0) / (np.sqrt(np.mean(part**2)) + 1e-3))
    return torch.from_numpy(np.clip(picked, -1, 1))


def _loss(heard: Tensor, wanted: Tensor, *, waveform: bool) -> Tensor:
    """Distance of spectra, and of waveforms as far as the code can carry phases; a mel spectrogram cannot."""
    weight = WAVEFORM / wanted.abs().mean() if waveform else HINT
    loss = weight * functional.l1_loss(heard, wanted)
    for size in LOSS_WINDOWS:
        window = torch.hann_window(size, device=heard.device)
        mine, true = (torch.stft(x, size, size // 4, window=window, return_complex=True).abs() for x in (heard, wanted))
        loss = loss + functional.l1_loss(torch.log(mine + 1e-3), torch.log(true + 1e-3))
        loss = loss + torch.linalg.norm(mine - true) / (torch.linalg.norm(true) + 1e-3)
    return loss


def read_material(folder: Path, rate_hz: int) -> list[NDArray[np.float32]]:
    """Sounds at a rate, float32 [samples] each; those whose own rate is lower are left out."""
    from scipy.signal import resample_poly

    sounds = []
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            own = int(row["rate_hz"])
            if own >= rate_hz:
                sound = np.load(folder / row["file"]).astype(np.float32)
                common = np.gcd(own, rate_hz)
                sounds.append(resample_poly(sound, rate_hz // common, own // common).astype(np.float32))
    return sounds


def squeezed(name: str, weights: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Eight bits a weight and one scale a row: these codecs need not be good, and have to be small."""
    rows = weights.reshape(len(weights), -1)
    scale = np.abs(rows).max(axis=1, keepdims=True).astype(np.float16).astype(np.float32) / 127 + 1e-9
    return {name: np.round(rows / scale).clip(-127, 127).astype(np.int8).reshape(weights.shape), name + SCALE: scale}


def restored(name: str, arrays: Mapping[str, NDArray[Any]]) -> Tensor:
    """Weights as `squeezed` stored them."""
    rows = arrays[name].reshape(len(arrays[name]), -1) * arrays[name + SCALE]
    return torch.from_numpy(rows.reshape(arrays[name].shape).astype(np.float32))


def read_codec(codec: Codec) -> Autoencoder:
    """A trained codec from the registry, ready to run; UntrustedWeights when it was never trained."""
    net = Autoencoder(codec)
    prefix = codec.name + "/"
    arrays = load("codecs")
    names = [name for name in arrays if name.startswith(prefix) and not name.endswith(SCALE)]
    net.load_state_dict({name.removeprefix(prefix): restored(name, arrays) for name in names})
    return net.eval()
