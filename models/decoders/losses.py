"""What a decoder is taught to please: the pixels, their edges, the amount of fine detail, and a critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# Shares of the loss. Pixels alone give blur, which no generator shows today; detail and critic ask for as much fine
# structure as there was, wherever it is, as perceptual and adversarial losses do for the large ones (judgement)
EDGES, DETAIL, CRITIC = 0.5, 0.7, 0.05
# detail is counted over places of this side
PLACE_PX = 8
# 4 grey levels of 255: below, detail is noise of the camera
FLOOR = 4 / 127.5
# differences of neighbours across, down and on both diagonals, and of a picture from its surroundings
_DETAILS = (
    ((0, 0, 0), (0, -1, 1), (0, 0, 0)),
    ((0, 0, 0), (0, -1, 0), (0, 1, 0)),
    ((0, 0, 0), (0, -1, 0), (0, 0, 1)),
    ((0, 0, 0), (0, 0, -1), (0, 1, 0)),
    ((0, -0.5, 0), (-0.5, 2, -0.5), (0, -0.5, 0)),
)


class Critic(nn.Module):
    """Says place by place how much a picture looks like a camera's (Isola et al. 2017, a patch discriminator)."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            nn.Conv2d(2, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1), nn.GroupNorm(4, 2 * width), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.GroupNorm(4, 2 * width), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """[pictures, 1, height, width] -> [pictures, 1, rows, columns]."""
        # what is fine is shown apart and larger: it is what has to be judged
        fine = pictures - functional.avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False)
        return self.steps(torch.cat([pictures, 4 * fine], 1))


def details(pictures: Tensor) -> Tensor:
    """Responses [pictures, 5, height - 2, width - 2] of small difference filters to [pictures, 1, height, width]."""
    return functional.conv2d(pictures, torch.tensor(_DETAILS, dtype=pictures.dtype, device=pictures.device)[:, None])


def likeness(made: Tensor, real: Tensor) -> Tensor:
    """Distance of pictures [pictures, 1, height, width] in pixels, edges and local amount of detail; one number."""
    fine, wanted = details(made), details(real)
    pixels = (made - real).abs().mean()
    edges = (fine - wanted).abs().mean()
    amount = (_amount(fine) - _amount(wanted)).abs().mean()
    return pixels + EDGES * edges + DETAIL * amount


def pleased(verdict: Tensor) -> Tensor:
    """What the decoder pays for a critic's verdict on its pictures."""
    return -CRITIC * verdict.mean()


def critic_loss(on_real: Tensor, on_made: Tensor) -> Tensor:
    """What the critic pays (hinge loss, Lim and Ye 2017)."""
    return functional.relu(1 - on_real).mean() + functional.relu(1 + on_made).mean()


def _amount(fine: Tensor) -> Tensor:
    # like loudness: twice the detail counts as much in dim places as in busy ones, down to the camera's noise
    return torch.log(functional.avg_pool2d(fine.square(), PLACE_PX).add(FLOOR**2)) / 2
