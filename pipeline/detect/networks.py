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

    from models.patches.net import pool

    found = []
    with torch.inference_mode():
        for net in _nets(name, held_out):
            parts = [net(torch.from_numpy(pixels[i : i + CHUNK])) for i in range(0, len(pixels), CHUNK)]
            every, weights = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
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
    return net.eval().to(memory_format=torch.channels_last)
