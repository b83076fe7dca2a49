"""Small sound codecs whose decoders up-sample in the ways that published ones do.

They stand in for the decoders at the end of sound generators: what matters is not that they sound good, but that each
way of coming from a slow rate back to samples leaves its own regular trace.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Kind = Literal["transposed", "nearest", "subpixel", "spectral"]
MEL_BANDS = 80
# widest and narrowest layer of a decoder: what two minutes of one core can train
WIDEST, NARROWEST = 72, 12


@dataclass(frozen=True)
class Codec:
    """How one codec is built."""

    name: str
    # codecs of one family share the way they come back to samples, and are held out together
    family: str
    kind: Kind
    rate_hz: int
    # factors of the up-sampling steps; their product is the hop
    strides: tuple[int, ...]
    # kernel of a transposed convolution over its stride: 1 never overlaps, 2 is usual
    overlap: int = 2
    # from a mel spectrogram, as vocoders are, instead of from a learned code
    from_mel: bool = False
    latent: int = 64

    @property
    def hop(self) -> int:
        return math.prod(self.strides)


# Hops and rates after EnCodec (24 kHz, 320; arXiv:2210.13438), DAC (44.1 kHz, 512; arXiv:2306.06546),
# HiFi-GAN (22.05 kHz, 256; arXiv:2010.05646) and Vocos (24 kHz, 256; arXiv:2306.00814); the rest fills the range.
CODECS = (
    Codec("transposed_320", "transposed", "transposed", 24_000, (8, 5, 4, 2)),
    Codec("transposed_512", "transposed", "transposed", 44_100, (8, 8, 4, 2), overlap=1, latent=96),
    Codec("vocoder_256", "vocoder", "transposed", 22_050, (8, 8, 4), from_mel=True),
    Codec("vocoder_160", "vocoder", "transposed", 16_000, (5, 4, 4, 2), from_mel=True),
    Codec("nearest_256", "nearest", "nearest", 24_000, (8, 8, 4)),
    Codec("subpixel_64", "subpixel", "subpixel", 32_000, (8, 8), latent=24),
    Codec("subpixel_480", "subpixel", "subpixel", 48_000, (8, 6, 5, 2), latent=96),
    Codec("spectral_256", "spectral", "spectral", 24_000, (256,), from_mel=True),
    Codec("spectral_512", "spectral", "spectral", 44_100, (512,), latent=128),
)
# classical: phases found by iteration, nothing trained
GRIFFIN_LIM = Codec("griffin_lim_256", "griffin_lim", "spectral", 22_050, (256,), from_mel=True)
FAMILIES = ("transposed", "vocoder", "nearest", "subpixel", "spectral", "griffin_lim")


class Autoencoder(nn.Module):
    """Sound [batch, samples] to sound of the same length, through a code at the rate of hops."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec
        hop = codec.hop
        self.encode: nn.Module
        if codec.from_mel:
            self.encode = LogMel(codec.rate_hz, hop)
        else:
            self.encode = _encoder(codec)
        latent = MEL_BANDS if codec.from_mel else codec.latent
        self.decode = SpectralHead(latent, hop) if codec.kind == "spectral" else Staircase(latent, codec)

    def forward(self, sound: Tensor) -> Tensor:
        """[batch, samples] -> [batch, samples]."""
        length = sound.shape[-1]
        hop = self.codec.hop
        padded = functional.pad(sound, (0, -length % hop + hop))
        decoded: Tensor = self.decode(self.encode(padded[:, None]))
        return functional.pad(decoded, (0, max(0, length - decoded.shape[-1])))[:, :length]


def _encoder(codec: Codec) -> nn.Module:
    """Samples to the code, in two steps: loudness of what is too fast to be coded needs something that bends."""
    slow, fast = codec.strides[0], codec.hop // codec.strides[0]
    if fast == 1:
        slow, fast = 8, codec.hop // 8
    return nn.Sequential(
        nn.Conv1d(1, WIDEST, 2 * fast, fast, padding=fast // 2),
        nn.LeakyReLU(0.1),
        nn.Conv1d(WIDEST, codec.latent, 2 * slow, slow, padding=slow // 2),
    )


class Staircase(nn.Module):
    """Code [batch, latent, frames] to samples in a few up-sampling steps, each with a dilated residual unit."""

    def __init__(self, latent: int, codec: Codec) -> None:
        super().__init__()
        width = WIDEST
        layers: list[nn.Module] = [nn.Conv1d(latent, width, 5, padding=2)]
        for stride in codec.strides:
            narrower = max(NARROWEST, width // 2)
            layers += [nn.LeakyReLU(0.1), _up(codec, width, narrower, stride), Residual(narrower)]
            width = narrower
        layers += [nn.LeakyReLU(0.1), nn.Conv1d(width, 1, 7, padding=3)]
        self.layers = nn.Sequential(*layers)

    def forward(self, code: Tensor) -> Tensor:
        """[batch, latent, frames] -> [batch, samples]."""
        samples: Tensor = self.layers(code)[:, 0]
        return samples


def _up(codec: Codec, wide: int, narrow: int, stride: int) -> nn.Module:
    if codec.kind == "nearest":
        return nn.Sequential(nn.Upsample(scale_factor=stride), nn.Conv1d(wide, narrow, 2 * stride + 1, padding=stride))
    if codec.kind == "subpixel":
        return nn.Sequential(nn.Conv1d(wide, narrow * stride, 3, padding=1), Shuffle(stride))
    kernel = codec.overlap * stride
    # the odd strides of a kernel twice as long need one sample more
    return nn.ConvTranspose1d(
        wide, narrow, kernel, stride, padding=(kernel - stride + 1) // 2, output_padding=(kernel - stride) % 2
    )


class Shuffle(nn.Module):
    """[batch, channels * stride, frames] -> [batch, channels, frames * stride] (Shi et al. 2016, in one dimension)."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Interleave."""
        batch, channels, frames = x.shape
        apart = x.reshape(batch, channels // self.stride, self.stride, frames)
        return apart.transpose(2, 3).reshape(batch, channels // self.stride, frames * self.stride)


class Residual(nn.Module):
    """A dilated convolution and a pointwise one, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide = nn.Conv1d(width, width, 5, padding=6, dilation=3)
        self.point = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        out: Tensor = x + self.point(functional.leaky_relu(self.wide(functional.leaky_relu(x, 0.1)), 0.1))
        return out


class SpectralHead(nn.Module):
    """Code to magnitude and phase of a short-time spectrum, back to samples by overlap-add (after Vocos)."""

    window: Tensor

    def __init__(self, latent: int, hop: int) -> None:
        super().__init__()
        self.hop, self.size = hop, 4 * hop
        self.body = nn.Sequential(nn.Conv1d(latent, WIDEST, 5, padding=2), *(Mixer(WIDEST) for _ in range(3)))
        self.head = nn.Conv1d(WIDEST, self.size + 2, 1)
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)

    def forward(self, code: Tensor) -> Tensor:
        """[batch, latent, frames] -> [batch, samples]."""
        level, phase = self.head(self.body(code)).chunk(2, dim=1)
        level = level.clamp(max=6.0).exp()
        spectrum = torch.complex(level * phase.cos(), level * phase.sin())
        return torch.istft(spectrum, self.size, self.hop, window=self.window)


class Mixer(nn.Module):
    """A depthwise convolution over frames and two pointwise ones, added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.over = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.wide = nn.Conv1d(width, 2 * width, 1)
        self.back = nn.Conv1d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        out: Tensor = x + self.back(functional.gelu(self.wide(self.over(x))))
        return out


class LogMel(nn.Module):
    """Sound [batch, 1, samples] to log mel energies [batch, 80, frames], one frame a hop."""

    window: Tensor
    bank: Tensor

    def __init__(self, rate_hz: int, hop: int) -> None:
        super().__init__()
        self.hop, self.size = hop, 4 * hop
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)
        self.register_buffer("bank", mel_bank(rate_hz, self.size), persistent=False)

    def forward(self, sound: Tensor) -> Tensor:
        """[batch, 1, samples] -> [batch, MEL_BANDS, frames]."""
        spectrum = torch.stft(sound[:, 0], self.size, self.hop, window=self.window, return_complex=True).abs()
        return torch.log(self.bank @ spectrum[:, :, :-1] + 1e-4)


def mel_bank(rate_hz: int, size: int, bands: int = MEL_BANDS) -> Tensor:
    """Triangles on the mel scale (O'Shaughnessy 1987: 2595 log10(1 + f / 700)), [bands, size / 2 + 1]."""
    top = 2595 * math.log10(1 + rate_hz / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, bands + 2) / 2595) - 1)
    hz = torch.linspace(0, rate_hz / 2, size // 2 + 1)
    rising = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    bank = torch.minimum(rising, falling).clamp(min=0)
    return bank / bank.sum(dim=1, keepdim=True).clamp(min=1e-6)


def griffin_lim(sound: Tensor, codec: Codec = GRIFFIN_LIM, *, rounds: int = 32) -> Tensor:
    """Sound [batch, samples] through its mel spectrogram, with phases found by iteration (Griffin and Lim 1984)."""
    mel = LogMel(codec.rate_hz, codec.hop)
    size, hop, window = mel.size, mel.hop, mel.window
    energies = torch.exp(mel(functional.pad(sound, (0, -sound.shape[-1] % hop + hop))[:, None])) - 1e-4
    level = (torch.linalg.pinv(mel.bank) @ energies).clamp(min=1e-6)
    turn = torch.Generator().manual_seed(0)
    phase = torch.exp(2j * math.pi * torch.rand(level.shape, generator=turn))
    for _ in range(rounds):
        heard = torch.istft(level * phase, size, hop, window=window)
        again = torch.stft(heard, size, hop, window=window, return_complex=True)
        phase = again / again.abs().clamp(min=1e-8)
    heard = torch.istft(level * phase, size, hop, window=window)
    return functional.pad(heard, (0, max(0, sound.shape[-1] - heard.shape[-1])))[:, : sound.shape[-1]]
