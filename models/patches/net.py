"""The network: fixed high-pass filters, a trunk shared by all pictures, a temporal head, attention over crops."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# pictures that are looked at; the first of a crop only serves as what came before
STEPS = 3
# residuals are clipped at this many times their mean size: beyond lies contour, not texture (Fridrich & Kodovsky 2012)
CLIP = 4.0
# 8-bit code values added to that size, so that rounding noise is not blown up to texture
FLOOR = 0.4
CHANNELS = (24, 48, 72, 96)
EMBEDDING = 64

_LAPLACE = ((0.0, -0.25, 0.0), (-0.25, 1.0, -0.25), (0.0, -0.25, 0.0))
# the kernel of Ker & Böhme (2008), as the rich models use it
_KB = ((-0.25, 0.5, -0.25), (0.5, -1.0, 0.5), (-0.25, 0.5, -0.25))
_ACROSS = ((0.0, 0.0, 0.0), (-0.5, 1.0, -0.5), (0.0, 0.0, 0.0))
_DOWN = ((0.0, -0.5, 0.0), (0.0, 1.0, 0.0), (0.0, -0.5, 0.0))


def high_pass(crops: Tensor) -> Tensor:
    """Residuals of crops.

    Parameters
    ----------
    crops : uint8 or float [N, T, H, W], 8-bit code values; T is STEPS + 1 at least

    Returns
    -------
    float [N * STEPS, 6, H, W], -1 to 1: four spatial residuals, the change since the picture before and its residual,
    all relative to the crop's own fine detail. How sharp or noisy a clip is differs between collections for reasons
    that have nothing to do with AI; without it, the same figures hold better on origins that were not seen.
    """
    pixels = crops[:, : STEPS + 1].to(torch.float32)
    count, _, height, width = pixels.shape
    kernels = torch.tensor([_LAPLACE, _KB, _ACROSS, _DOWN], device=pixels.device)[:, None]
    flat = functional.pad(pixels.reshape(-1, 1, height, width), (1, 1, 1, 1), mode="replicate")
    spatial = functional.conv2d(flat, kernels).reshape(count, STEPS + 1, 4, height, width)
    change = pixels[:, 1:] - pixels[:, :-1]
    fine = spatial[:, 1:, 0] - spatial[:, :-1, 0]
    found = torch.cat([spatial[:, 1:], change[:, :, None] * 0.5, fine[:, :, None]], dim=2)
    size = spatial[:, 1:, :1].abs().mean(dim=(1, 2, 3, 4), keepdim=True) + FLOOR
    return (found / (CLIP * size)).clamp(-1, 1).reshape(count * STEPS, 6, height, width)


class PatchNet(nn.Module):
    """Logits of crops and of the clip they come from."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 6
        for index, width in enumerate(CHANNELS):
            size = 5 if index == 0 else 3
            layers += [
                nn.Conv2d(before, width, size, stride=2, padding=size // 2, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            before = width
        self.trunk = nn.Sequential(*layers)
        # mean and spread over the crop of every channel, then mean and spread over time
        self.embed = nn.Sequential(nn.Linear(4 * before, EMBEDDING), nn.ReLU(), nn.Dropout(0.5))
        self.answer = nn.Linear(EMBEDDING, 1)
        self.weigh = nn.Linear(EMBEDDING, 1)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N] of crops [N, T, H, W] and the unnormalised attention [N] of each."""
        return self.judge(high_pass(crops))

    def judge(self, residuals: Tensor) -> tuple[Tensor, Tensor]:
        """The same from what `high_pass` gave, which is alike for every member."""
        maps = self.trunk(residuals.contiguous(memory_format=torch.channels_last))
        spread = maps.flatten(2).std(dim=2)
        steps = torch.cat([maps.mean(dim=(2, 3)), spread], dim=1).reshape(len(residuals) // STEPS, STEPS, -1)
        found = self.embed(torch.cat([steps.mean(dim=1), steps.std(dim=1)], dim=1))
        return self.answer(found).squeeze(1), self.weigh(found).squeeze(1)


def pool(logits: Tensor, weights: Tensor) -> Tensor:
    """Attention-weighted mean over crops: [..., N] and [..., N] -> [...]."""
    return (torch.softmax(weights, dim=-1) * logits).sum(dim=-1)
