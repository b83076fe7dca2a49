"""Pass real pictures through decoders, so that they bear what decoders of video generators leave behind.

The content stays, what is measured changes: pairs of a crop and its way through one family differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models import registry
from models.decoders.patchwise import cosine_basis, through
from models.decoders.spectrum import matched

if TYPE_CHECKING:
    from models.decoders.nets import Autoencoder, Enlarger

# name in the registry
WEIGHTS = "decoders"
# trained: pixels to a latent's side, how the decoder doubles size, and t2 where a latent holds two pictures
NETS = (
    "f8-nearest",
    "f4-nearest",
    "f8-nearest-t2",
    "f8-bilinear",
    "f8-shuffle",
    "f4-bilinear",
    "f4-shuffle-t2",
    "x2-shuffle",
    "f16-transposed",
    "f16-transposed-t2",
)
# side of a patch, pictures to one, and how many components are kept at least and at most
PATCHES = {
    "dct8": (8, 1, (4, 14)),
    "dct16-t2": (16, 2, (16, 70)),
    "pca8-t2": (8, 2, (6, 20)),
    "pca16": (16, 1, (12, 48)),
}
FAMILIES = NETS + tuple(PATCHES)
# no detector may learn from these: what they share with no other are f16, transposed convolution and learned patches
HELD_OUT = ("f16-transposed", "f16-transposed-t2", "pca8-t2", "pca16")
# for training detectors
TRAINING = tuple(name for name in FAMILIES if name not in HELD_OUT)
# generators do not hit the latents of a camera's picture exactly; nets are trained with as much
NOISE = 0.1
# how far the spectrum is raised before the original fills it up: 3 to 9 dB, drawn for each crop
RAISE = (1.4, 2.8)


def apply(name: str, crops: NDArray[np.uint8], *, seed: int = 0, blend: bool = True) -> NDArray[np.uint8]:
    """Pass crops through one family of decoders.

    Parameters
    ----------
    name
        One of FAMILIES.
    crops : uint8 [N, T, height, width]
        Luma; pictures of a crop follow each other. Any sides from 16 pixels.
    seed
        For where the latents' grid lies, how wrong latents are, how many components are kept: drawn for each crop.
    blend
        Give each crop its former radial spectrum (see `spectrum.matched`), so that nothing can be told from blur.

    Returns
    -------
    uint8 of the same shape, never the same array. Deterministic on one machine.

    Raises
    ------
    ValueError
        For an unknown family or arrays that are not crops.
    registry.UntrustedWeights
        When the weights are missing or not the registered ones.
    """
    check(name, crops, FAMILIES)
    codec = _codec(name)
    made = np.empty_like(crops)
    for number, crop in enumerate(crops):
        rng = np.random.default_rng((seed, number))
        rebuilt = codec(crop, rng)
        if blend:
            rebuilt = matched(rebuilt, crop, rng.uniform(*RAISE))
        made[number] = np.clip(np.rint(rebuilt), 0, 255)
    return made


def check(name: str, crops: NDArray[np.uint8], known: tuple[str, ...]) -> None:
    """ValueError for a name that is not known or arrays that are not crops."""
    if name not in known:
        raise ValueError(f"{name!r} is unknown; take one of {', '.join(known)}.")
    if crops.dtype != np.uint8 or crops.ndim != 4 or min(crops.shape[1:], default=0) < 1 or min(crops.shape[2:]) < 16:
        raise ValueError(
            f"Crops must be uint8 [N, T, height, width] of 16 pixels or more, not {crops.dtype} {crops.shape}."
        )


def _codec(name: str) -> Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.float32]]:
    if name in PATCHES:
        return partial(_patchwise, name)
    return partial(_by_net, network(name))


def network(name: str, known: Path = registry.REGISTRY) -> Autoencoder | Enlarger:
    """A net of the zoo with its weights, ready to be used."""
    import torch

    from models.decoders.nets import build

    net = build(name).eval()
    arrays = _arrays(known, name)
    net.load_state_dict({key: torch.from_numpy(value.astype(np.float32)) for key, value in arrays.items()})
    # half the time of the usual order
    torch.nn.utils.convert_conv2d_weight_memory_format(net, torch.channels_last)
    return net


@lru_cache(maxsize=2)
def _weights(known: Path) -> dict[str, NDArray[np.float16]]:
    return registry.load(WEIGHTS, known)


def _arrays(known: Path, name: str) -> dict[str, NDArray[np.float16]]:
    start = f"{name}/"
    return {key.removeprefix(start): value for key, value in _weights(known).items() if key.startswith(start)}


def _by_net(net: Autoencoder | Enlarger, crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    import torch

    factor, (height, width) = net.factor, crop.shape[1:]
    # the grid of latents begins anywhere
    top, left = rng.integers(0, factor, 2)
    bottom, right = factor + -(height + top) % factor, factor + -(width + left) % factor
    padded = np.pad(crop, ((0, 0), (top, bottom), (left, right)), mode="reflect")
    with torch.inference_mode():
        latents = net.encode(torch.from_numpy(padded.astype(np.float32) / 127.5 - 1)[None])
        wrong = rng.uniform(0, NOISE) * rng.standard_normal(tuple(latents.shape), np.float32)
        pictures = net.decode(latents + torch.from_numpy(wrong.astype(np.float32)), len(crop))[0]
    return np.asarray((pictures[:, top : top + height, left : left + width].numpy() + 1) * 127.5)


def _patchwise(name: str, crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    side_px, depth, (fewest, most) = PATCHES[name]
    count = int(rng.integers(fewest, most + 1))
    basis = _basis(name)[:count]
    top, left = rng.integers(0, side_px, 2)
    padded = np.pad(crop, ((0, 0), (top, 0), (left, 0)), mode="edge").astype(np.float32)
    return through(padded - 128, basis, side_px, depth)[:, top:, left:] + 128


@lru_cache(maxsize=len(PATCHES))
def _basis(name: str) -> NDArray[np.float32]:
    side_px, depth, (_, most) = PATCHES[name]
    if name.startswith("dct"):
        return cosine_basis(side_px, depth, most)
    return _arrays(registry.REGISTRY, name)["basis"].astype(np.float32)
