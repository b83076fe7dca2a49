"""C2: what a small network sees in native-scale crops, where in the picture, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipeline.records import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.detect.crops import Crops

NAME = "patches"
# crops that go through the network together: memory stays small
CHUNK = 16
# pictures with a heat-map in a report
SHOWN = 3


@dataclass(frozen=True)
class Seen:
    """What the members say of every crop."""

    # mean logit of each crop, and its share of the verdict (sums to 1)
    logits: NDArray[np.float64]
    shares: NDArray[np.float64]
    # pooled logit of every member, for both answers: [members, 2]
    pooled: NDArray[np.float64]

    @property
    def logit(self) -> float:
        """Mean over members: made by a generator."""
        return float(self.pooled[:, 0].mean())

    @property
    def decoded(self) -> float:
        """Mean over members: passed through some learned decoder."""
        return float(self.pooled[:, 1].mean())


def see(pixels: NDArray[np.uint8], *, held_out: int | None = None) -> Seen:
    """Run the network over crops.

    Parameters
    ----------
    pixels : uint8 [N, T, side, side]
        At least one crop of 128 pixels and 4 pictures.
    held_out : int, optional
        Only the member that never saw this fold speaks.
    """
    import numpy as np
    import torch

    from models.patches.net import pool

    per_member = []
    with torch.inference_mode():
        for net in _nets(held_out):
            parts = [net(torch.from_numpy(pixels[i : i + CHUNK])) for i in range(0, len(pixels), CHUNK)]
            logits, weights = torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
            per_member.append((logits[:, 0].numpy(), torch.softmax(weights, 0).numpy(), pool(logits, weights).numpy()))
    single, shares, pooled = (np.stack([found[i] for found in per_member]).astype(np.float64) for i in range(3))
    return Seen(single.mean(axis=0), shares.mean(axis=0), pooled)


@lru_cache(maxsize=6)
def _nets(held_out: int | None) -> tuple[Any, ...]:
    from models.folds import members
    from models.registry import load

    arrays = load(NAME)
    return tuple(_net(arrays, number) for number in members(held_out))


def _net(arrays: dict[str, Any], number: int) -> Any:
    import torch

    from models.patches.net import PatchNet

    net: Any = PatchNet()
    mine = {k.split(".", 1)[1]: torch.from_numpy(v).float() for k, v in arrays.items() if k.startswith(f"{number}.")}
    missing, unexpected = net.load_state_dict(mine, strict=False)
    # counters of batches are not needed to judge
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"the weights of the patch network do not fit it: {missing} {unexpected}")
    return net.eval().to(memory_format=torch.channels_last)


def evidence(crops: Crops, *, held_out: int | None = None) -> Evidence:
    """What the network says of a clip, with a heat-map and a curve over time."""
    if not len(crops):
        return Evidence(
            name=NAME,
            scope="content",
            sentence=f"The network could not look at the picture: {crops.reason}.",
            applicable=False,
            reason=crops.reason,
            gate="failed",
        )
    seen = see(crops.pixels, held_out=held_out)
    strongest = int((seen.shares * seen.logits).argmax())
    return Evidence(
        name=NAME,
        scope="content",
        sentence=_sentence(seen.logit),
        raw={"logit": round(seen.logit, 4), "decoded": round(seen.decoded, 4), "crops": float(len(crops))},
        t0_s=round(crops.times_s[strongest], 3),
        box=crops.boxes[strongest],
        curve=curve(crops, seen),
        picture=heat_maps(crops, seen),
    )


def _sentence(logit: float) -> str:
    if abs(logit) < 0.4:
        return "A network that compares small pieces of the picture sees as much of a camera as of a generator."
    if logit > 0:
        return "A network that compares small pieces of the picture finds them more like generated clips."
    return "A network that compares small pieces of the picture finds them more like camera footage."


def curve(crops: Crops, seen: Seen) -> tuple[tuple[float, float], ...]:
    """Time and mean probability of every moment."""
    points = []
    for moment in sorted(set(crops.moments)):
        rows = [i for i, m in enumerate(crops.moments) if m == moment]
        points.append((round(crops.times_s[rows[0]], 3), round(_sigmoid(float(seen.logits[rows].mean())), 4)))
    return tuple(points)


def heat_maps(crops: Crops, seen: Seen) -> str:
    """The moments that speak loudest for AI beside each other, tinted, as a PNG data URI."""
    import numpy as np

    from pipeline.detect.drawing import heat, png_uri

    loudness = {m: max(seen.logits[i] for i, n in enumerate(crops.moments) if n == m) for m in set(crops.moments)}
    chosen = sorted(sorted(loudness, key=lambda m: -loudness[m])[:SHOWN])
    maps = []
    for moment in chosen:
        rows = [i for i, m in enumerate(crops.moments) if m == moment]
        scores = [_sigmoid(float(seen.logits[i])) for i in rows]
        maps.append(heat(crops.shown[moment], [crops.boxes[i] for i in rows], scores))
    return png_uri(np.concatenate(maps, axis=1))


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, x))))
