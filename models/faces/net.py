"""The net that judges one face crop, and its five members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.faces.sizes import CROP_PX, CUT_PX

# widths of the four stages and of the comparison; 100 thousand parameters
WIDTHS, COMPARED = (24, 40, 64, 96), 32


class FaceNet(nn.Module):
    """One logit per face: above 0 the face was blended into its surroundings or re-made."""

    def __init__(self) -> None:
        super().__init__()
        # four pixels become four channels: all of the detail at a quarter of the work
        stages: list[nn.Module] = [nn.PixelUnshuffle(2)]
        before = 16
        for index, width in enumerate(WIDTHS):
            stages += [
                nn.Conv2d(before, width, 3, stride=2 if index else 1, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            before = width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(nn.Linear(3 * before, COMPARED), nn.ReLU(), nn.Linear(COMPARED, 1))

    def forward(self, planes: Tensor) -> Tensor:
        """float32 [N, 4, CROP_PX, CROP_PX] of `planes` -> logits [N]."""
        seen = self.stages(planes)
        # a face stands in the middle: what differs between it and its surroundings is what a blend leaves
        inner = seen[:, :, 1:-1, 1:-1]
        rim = seen.sum((2, 3)) - inner.sum((2, 3))
        around = rim / (seen[0, 0].numel() - inner[0, 0].numel())
        pooled = torch.cat([inner.mean((2, 3)), around, seen.amax((2, 3))], dim=1)
        return self.head(pooled).squeeze(1)  # type: ignore[no-any-return]


def planes(crops: NDArray[np.uint8]) -> Tensor:
    """What the net reads of crops.

    Parameters
    ----------
    crops : uint8 [N, CROP_PX, CROP_PX, 3] as OpenCV's YCrCb (luma first)

    Returns
    -------
    float32 [N, 4, CROP_PX, CROP_PX]: luma and both colours about 0, and the neighbour residual of luma,
    amplified, so that a small net need not learn to look for fine detail first.
    """
    whole = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2).float()
    luma = whole[:, :1]
    spread = luma.std((2, 3), keepdim=True).clamp_min(8.0)
    level = (luma - luma.mean((2, 3), keepdim=True)) / (2 * spread)
    colour = (whole[:, 1:] - whole[:, 1:].mean((2, 3), keepdim=True)) / 16.0
    around = nn.functional.avg_pool2d(nn.functional.pad(luma, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return torch.cat([level, colour, (luma - around) / 8.0], dim=1).contiguous()


def centre(cuts: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle CROP_PX of cuts; [N, CUT_PX, CUT_PX, 3] -> [N, CROP_PX, CROP_PX, 3]."""
    edge = (CUT_PX - CROP_PX) // 2
    return cuts[:, edge : edge + CROP_PX, edge : edge + CROP_PX]


def to_arrays(member: int, net: FaceNet) -> dict[str, NDArray[Any]]:
    """A member's weights by name, float16 where floating."""
    found = {}
    for name, value in net.state_dict().items():
        if "num_batches" not in name:
            found[f"{member}.{name}"] = value.detach().cpu().numpy().astype(np.float16)
    return found


def from_arrays(member: int, arrays: Mapping[str, NDArray[Any]]) -> FaceNet:
    """A member from registered arrays, ready to judge."""
    net = FaceNet()
    start = f"{member}."
    state = {
        name.removeprefix(start): torch.from_numpy(value.astype(np.float32))
        for name, value in arrays.items()
        if name.startswith(start)
    }
    missing, unexpected = net.load_state_dict(state, strict=False)
    if unexpected or any("num_batches" not in name for name in missing):
        raise KeyError(f"the weights of member {member} do not fit the net")
    return net.eval()


def logits(nets: Sequence[FaceNet], cuts: NDArray[np.uint8], *, batch: int = 16) -> NDArray[np.float64]:
    """Mean logit of the nets per cut; uint8 [N, CUT_PX, CUT_PX, 3] -> [N]."""
    if not len(cuts):
        return np.zeros(0)
    found = []
    with torch.inference_mode():
        for first in range(0, len(cuts), batch):
            seen = planes(centre(cuts[first : first + batch]))
            found.append(torch.stack([net(seen) for net in nets]).mean(0).double().numpy())
    return np.concatenate(found)
