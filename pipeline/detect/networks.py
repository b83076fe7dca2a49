"""Running the patch network, whatever it was taught, over crops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# crops that go through the network together: memory stays small
CHUNK = 16


@dataclass(frozen=True)
class Seen:
    """What the members say of every crop."""

    # mean logit of each crop, and its share of the answer (sums to 1)
    logits: NDArray[np.float64]
    shares: NDArray[np.float64]
    # pooled logit of every member
    pooled: NDArray[np.float64]

    @property
    def logit(self) -> float:
        """Mean over members."""
        return float(self.pooled.mean())


def see(name: str, pixels: NDArray[np.uint8], *, held_out: int | None = None) -> Seen:
    """Run a network over crops.

    Parameters
    ----------
    name : str
        Of registered weights: "patches" or "traces".
    pixels : uint8 [N, T, side, side]
        At least one crop of 128 pixels and 4 pictures.
    held_out : int, optional
        Only the member that never saw this fold speaks.

    Raises
    ------
    UntrustedWeights
        The weights are missing or not the registered ones.
    ValueError
        They belong to another network.
    """
    import numpy as np
    import torch

    from models.patches.net import high_pass, pool

    nets = _nets(name, held_out)
    parts: list[list[Any]] = [[] for _ in nets]
    found = []
    with torch.inference_mode():
        for start in range(0, len(pixels), CHUNK):
            # filtered once for all members, which takes as long as one of them
            residuals = high_pass(torch.from_numpy(pixels[start : start + CHUNK]))
            for net, mine in zip(nets, parts, strict=True):
                mine.append(net.judge(residuals))
        for mine in parts:
            every, weights = torch.cat([p[0] for p in mine]), torch.cat([p[1] for p in mine])
            found.append((every.numpy(), torch.softmax(weights, 0).numpy(), pool(every, weights).numpy()))
    logits, shares, pooled = (np.stack([member[i] for member in found]).astype(np.float64) for i in range(3))
    return Seen(logits.mean(axis=0), shares.mean(axis=0), pooled)


@lru_cache(maxsize=12)
def _nets(name: str, held_out: int | None) -> tuple[Any, ...]:
    from models.folds import members
    from models.registry import load

    arrays = load(name)
    return tuple(_net(arrays, number) for number in members(held_out))


def _net(arrays: dict[str, Any], number: int) -> Any:
    import torch

    from models.patches.net import PatchNet

    net: Any = PatchNet()
    mine = {k.split(".", 1)[1]: torch.from_numpy(v).float() for k, v in arrays.items() if k.startswith(f"{number}.")}
    missing, unexpected = net.load_state_dict(mine, strict=False)
    # counters of batches are not needed to judge
    if unexpected or any(not key.endswith("num_batches_tracked") for key in missing):
        raise ValueError(f"the weights of the patch network do not fit it: {missing} {unexpected}")
    return _folded(net.eval()).to(memory_format=torch.channels_last)


def _folded(net: Any) -> Any:
    """Batch normalisation folded into the convolution before it: the same answers in less time."""
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    layers = list(net.trunk)
    folded = [
        fuse_conv_bn_eval(layer, layers[i + 1]) if isinstance(layer, torch.nn.Conv2d) else layer
        for i, layer in enumerate(layers)
        if not isinstance(layer, torch.nn.BatchNorm2d)
    ]
    net.trunk = torch.nn.Sequential(*folded)
    return net
