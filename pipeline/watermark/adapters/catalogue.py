"""Catalogue: which adapters there are, what each carries, and how one is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.records import Payload
from pipeline.watermark.adapters.interface import Carries, ForeignMark, Medium, PictureAdapter, SoundAdapter
from pipeline.watermark.adapters.message import hint_of


@dataclass(frozen=True)
class AdapterCard:
    """What is known of an adapter before it is opened."""

    name: str
    # as its makers write it
    title: str
    maker: str
    medium: Medium
    # bits of message; what the usual model or program holds
    capacity_bits: int
    carries: Carries
    # of code and published weights
    licence: str
    # what `weights` or `program` has to point at
    brings: str


CARDS: dict[str, AdapterCard] = {
    card.name: card
    for card in (
        AdapterCard(
            "trustmark",
            "TrustMark",
            "Adobe",
            "picture",
            75,
            "id",
            "MIT",
            "weights: a folder with trustmark_Q.yaml, encoder_Q.ckpt and decoder_Q.ckpt; and the package trustmark",
        ),
        AdapterCard(
            "videoseal",
            "VideoSeal",
            "Meta",
            "picture",
            256,
            "id",
            "MIT",
            "weights: the TorchScript file y_256b_img.jit",
        ),
        AdapterCard(
            "audioseal",
            "AudioSeal",
            "Meta",
            "sound",
            16,
            "hint",
            "MIT",
            "weights: a folder with generator_base.pth and detector_base.pth; and the package audioseal",
        ),
        AdapterCard(
            "audiowmark",
            "audiowmark",
            "Stefan Westerfeld",
            "sound",
            128,
            "id",
            "GPL-3.0-or-later, a program of its own",
            "the program on the PATH, or program: its path",
        ),
    )
}


def open_adapter(
    name: str, *, keys: Sequence[bytes], weights: Path | None = None, program: Path | None = None
) -> PictureAdapter | SoundAdapter:
    """Open an adapter by name; `CARDS[name].medium` says which of the two kinds it is.

    Parameters
    ----------
    name : str
        A name from `CARDS`.
    keys : sequence of bytes
        Mark keys, newest first: the first marks, all of them read. What the adapter gets is drawn from them.
    weights : Path or None
        The user's file or folder.
    program : Path or None
        Of audiowmark, when it is not on the PATH.

    Raises
    ------
    UsageError
        When there is no such adapter, or what it needs is missing; the sentence says what to install.
    """
    if name not in CARDS:
        raise UsageError(f"There is no mark adapter {name!r}; choose from {', '.join(CARDS)}.")
    if name == "trustmark":
        from pipeline.watermark.adapters.trustmark import TrustMarkAdapter

        return TrustMarkAdapter(weights, keys=keys)
    if name == "videoseal":
        from pipeline.watermark.adapters.videoseal import VideoSealAdapter

        return VideoSealAdapter(weights, keys=keys)
    if name == "audioseal":
        from pipeline.watermark.adapters.audioseal import AudioSealAdapter

        return AudioSealAdapter(weights)
    from pipeline.watermark.adapters.audiowmark import AudiowmarkAdapter

    return AudiowmarkAdapter(program, keys=keys)


def mark_record(adapter: PictureAdapter | SoundAdapter, payload: Payload) -> ForeignMark:
    """The record of what an adapter was given to embed."""
    card = CARDS[adapter.name]
    whole = f"{card.title}, {card.maker}'s algorithm, carries the id {payload.hex} beside Foleymark's own mark."
    if card.carries == "id":
        return ForeignMark(adapter.tool, "id", payload, sentence=whole)
    hint = hint_of(payload, card.capacity_bits)
    text = (
        f"{card.title}, {card.maker}'s algorithm, carries the digits {hint} beside Foleymark's own mark: "
        f"{card.capacity_bits} bits are a hint of an id, never the id."
    )
    return ForeignMark(adapter.tool, "hint", payload, hint, text)
