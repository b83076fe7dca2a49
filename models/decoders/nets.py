"""Small autoencoders shaped like those that video generators decode their pictures with."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

# how pictures grow in the decoder: each leaves its own traces (Odena et al. 2016; Shi et al. 2016)
UPSAMPLERS = ("nearest", "bilinear", "transposed", "shuffle")
# channels at full, half, quarter ... size; few at full size, where nearly all the time goes
WIDTHS = (8, 16, 32, 48, 64)
# numbers of a latent for each square of factor x factor pixels: 1 for 5 pixels at f4 to 1 for 11 at f16, as much as
# luma gets of the latents of published video autoencoders
LATENTS = {4: 3, 8: 6, 16: 24}
GROUP_CHANNELS = 8
_NAME = re.compile(rf"f(4|8|16)-({'|'.join(UPSAMPLERS)})(?:-t(2))?")


@dataclass(frozen=True)
class Layout:
    """What sets one family of decoders apart from another."""

    # pixels to a side of one latent
    factor: int
    upsampler: str
    # pictures to a latent
    stride: int = 1
    widths: tuple[int, ...] = WIDTHS

    @classmethod
    def of(cls, name: str) -> Layout:
        """Read a name such as ``f8-nearest`` or ``f16-transposed-t2``; ValueError for anything else."""
        found = _NAME.fullmatch(name)
        if not found:
            raise ValueError(f"{name!r} names no decoder; write f4, f8 or f16, an up-sampler and, if wanted, t2.")
        return cls(int(found[1]), found[2], int(found[3] or 1))

    @property
    def levels(self) -> int:
        """How often size doubles."""
        return self.factor.bit_length() - 1


class Autoencoder(nn.Module):
    """Pictures -> latents -> pictures; with stride 2 a latent holds two of them.

    Parameters
    ----------
    layout
        Factor, up-sampler and stride.

    Notes
    -----
    Pictures are float32 [clips, pictures, height, width] in -1..1, sides divisible by the factor. With stride 2 the
    first picture is coded alone and the others in pairs, as causal video autoencoders do, so 5 pictures are 3 latents.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.factor = layout.factor
        widths = layout.widths[: layout.levels + 1]
        deep, latents = widths[-1], LATENTS[layout.factor]
        # encoders leave no trace in the picture; so this one starts at half size at once, where it costs a quarter
        down: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(4, widths[1], 3, padding=1)]
        for here, below in zip(widths[1:], widths[2:], strict=False):
            down += [_Block(here), nn.Conv2d(here, below, 3, stride=2, padding=1)]
        self.down = nn.Sequential(*down, _Block(deep))
        self.together = nn.Conv2d(deep * layout.stride, latents, 1)
        self.apart = nn.Conv2d(latents, deep * layout.stride, 3, padding=1)
        timed = reversed(widths[2:]) if layout.stride > 1 else ()
        timed = reversed(widths[2:]) if layout.stride > 1 else ()
        self.over_time = nn.ModuleList(_OverTime(width) for width in timed)
        self.up = nn.ModuleList(
            nn.Sequential(_Block(below), _grow(layout.upsampler, below, here))
            for here, below in zip(reversed(widths[:-1]), reversed(widths[1:]), strict=True)
        )
        self.out = nn.Sequential(_norm(widths[0]), nn.SiLU(), nn.Conv2d(widths[0], 1, 3, padding=1))

    def encode(self, pictures: Tensor) -> Tensor:
        """Latents [clips, latents in time, channels, rows, columns], each of mean square 1."""
        clips, count = pictures.shape[:2]
        if self.layout.stride > 1:
            # an odd count: the first picture stands twice, and its pair is a picture coded alone
            pictures = torch.cat([pictures[:, :1]] * (count % 2) + [pictures], 1)
        deep = self.down(pictures.flatten(0, 1)[:, None])
        pairs = deep.reshape(clips, -1, self.layout.stride * deep.shape[1], *deep.shape[2:])
        latents = self.together(pairs.flatten(0, 1))
        scale = latents.square().mean((1, 2, 3), keepdim=True).add(1e-6).rsqrt()
        return (latents * scale).unflatten(0, (clips, -1))

    def decode(self, latents: Tensor, count: int) -> Tensor:
        """Pictures [clips, count, height, width] of latents."""
        clips = len(latents)
        deep = self.apart(latents.flatten(0, 1))
        # [clips * latents in time, stride * channels] -> [clips * pictures, channels]
        x = deep.unflatten(1, (self.layout.stride, -1)).flatten(0, 1)
        for level, up in enumerate(self.up):
            if level < len(self.over_time):
                x = self.over_time[level](x, clips)
            x = up(x)
        pictures = self.out(x)[:, 0].unflatten(0, (clips, -1))
        return pictures[:, pictures.shape[1] - count :]

    def forward(self, pictures: Tensor, noise: float = 0.0) -> Tensor:
        """Pictures through the latents, with noise of that size added there."""
        latents = self.encode(pictures)
        return self.decode(latents + noise * torch.randn_like(latents), pictures.shape[1])


class _Block(nn.Module):
    """One residual step: normalise, bend, convolve, twice."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            _norm(width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1),
            _norm(width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return x + self.steps(x)


class _OverTime(nn.Module):
    """Neighbouring pictures smooth each other, where a latent held several."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # over [pictures, places] as if that were a picture: much faster on a CPU than a convolution in three dimensions
        self.mix = nn.Conv2d(width, width, (3, 1), padding=(1, 0))

    def forward(self, x: Tensor, clips: int) -> Tensor:
        """[clips * pictures, channels, rows, columns], the same shape."""
        over = functional.silu(x).unflatten(0, (clips, -1)).transpose(1, 2).flatten(3)
        return x + self.mix(over).transpose(1, 2).flatten(0, 1).unflatten(2, x.shape[2:])


def _norm(width: int) -> nn.Module:
    return nn.GroupNorm(max(1, width // GROUP_CHANNELS), width)


def _grow(upsampler: str, before: int, after: int) -> nn.Module:
    if upsampler == "transposed":
        return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
    if upsampler == "shuffle":
        return nn.Sequential(nn.Conv2d(before, 4 * after, 3, padding=1), nn.PixelShuffle(2))
    return nn.Sequential(_Resize(upsampler), nn.Conv2d(before, after, 3, padding=1))


class _Resize(nn.Module):
    """Twice the size without weights."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels, 2 rows, 2 columns]."""
        if self.mode == "nearest":
            return functional.interpolate(x, scale_factor=2.0, mode="nearest")
        return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class Enlarger(nn.Module):
    """Halve pictures and draw them at full size again, in one step (Shi et al. 2016, sub-pixel convolution)."""

    factor = 2

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2), *(_Block(width) for _ in range(3)), _norm(width), nn.SiLU(),
            nn.Conv2d(width, 4, 3, padding=1), nn.PixelShuffle(2),
        )  # fmt: skip

    def encode(self, pictures: Tensor) -> Tensor:
        """Half-size pictures [clips, pictures, 1, rows, columns], ten times as strong, so that noise does little."""
        return 10 * functional.avg_pool2d(pictures.flatten(0, 1)[:, None], 2).unflatten(0, pictures.shape[:2])

    def decode(self, latents: Tensor, count: int) -> Tensor:
        """Pictures [clips, count, height, width] of half-size ones."""
        small = latents.flatten(0, 1) / 10
        base = functional.interpolate(small, scale_factor=2.0, mode="bilinear", align_corners=False)
        return (base + self.steps(small))[:, 0].unflatten(0, (-1, count))

    def forward(self, pictures: Tensor, noise: float = 0.0) -> Tensor:
        """Pictures [clips, pictures, height, width] with even sides, halved, with noise added there, and doubled."""
        latents = self.encode(pictures)
        return self.decode(latents + noise * torch.randn_like(latents), pictures.shape[1])


def build(name: str) -> Autoencoder | Enlarger:
    """An untrained net by its name in the zoo."""
    return Enlarger() if name == "x2-shuffle" else Autoencoder(Layout.of(name))
