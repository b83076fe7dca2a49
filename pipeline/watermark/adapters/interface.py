"""What every adapter offers, and the records of what it wrote and read; none of it is Foleymark's own mark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from pipeline.records import Payload

Medium = Literal["picture", "sound"]
# "id": all 64 bits and a keyed check; "hint": a few digits of the id, which many ids share
Carries = Literal["id", "hint"]
# "read": our id, its check passed; "hint": a few digits of an id; "unreadable": the maker's reader sees a mark under
# our key and the check fails; "other": a mark of this kind that is not ours; "none": no mark that can be told
ForeignState = Literal["read", "hint", "unreadable", "other", "none"]


@dataclass(frozen=True)
class ForeignTool:
    """Whose algorithm it was, exactly."""

    name: str
    # of the package or program
    version: str
    # SHA-256 of every weights file by its name
    weights_sha256: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ForeignMark:
    """What an adapter was given to embed."""

    tool: ForeignTool
    carries: Carries
    payload: Payload
    # the digits that a hint carries; empty when the whole id is carried
    hint: str = ""
    # one plain sentence
    sentence: str = ""


@dataclass(frozen=True)
class ForeignReading:
    """What another maker's reader found; it is never counted as Foleymark's own mark."""

    tool: ForeignTool
    state: ForeignState
    payload: Payload | None = None
    # last hex digits of an id, when that is all the mark carries
    hint: str = ""
    # `keys.key_id` of the mark key that read it
    key_id: str = ""
    # 0..1 in the terms of this maker; not comparable between adapters
    confidence: float = 0.0
    # bits that guard the id: a mark that is not there passes once in 2**check_bits, or less often
    check_bits: int = 0
    # one plain sentence
    sentence: str = ""
    # the maker's own figures by name
    raw: dict[str, float] = field(default_factory=dict)


class PictureAdapter(Protocol):
    """A mark in single pictures; uint8 [H, W, 3], red green blue."""

    name: str
    capacity_bits: int
    tool: ForeignTool

    def mark(self, rgb: np.ndarray, payload: Payload) -> np.ndarray:
        """A marked copy of one picture."""
        ...

    def read(self, pictures: Iterable[np.ndarray]) -> ForeignReading:
        """What the pictures of one clip say together; a still is a list of one."""
        ...


class SoundAdapter(Protocol):
    """A mark in a sound; float32 [channels, samples]."""

    name: str
    capacity_bits: int
    tool: ForeignTool

    def mark(self, sound: np.ndarray, sample_rate_hz: int, payload: Payload) -> np.ndarray:
        """A marked copy of the sound, of the same length."""
        ...

    def read(self, sound: np.ndarray, sample_rate_hz: int) -> ForeignReading:
        """What the sound says."""
        ...


def validate_picture(rgb: np.ndarray) -> None:
    """ValueError when it is not uint8 [H, W, 3] with both sides of at least one pixel."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise ValueError(f"an adapter takes pictures as uint8 [H, W, 3], not {rgb.dtype} {rgb.shape}")


def validate_sound(sound: np.ndarray, sample_rate_hz: int) -> None:
    """ValueError when it is not finite float32 [channels, samples] with a rate."""
    if sound.dtype != np.float32 or sound.ndim != 2 or 0 in sound.shape:
        raise ValueError(f"an adapter takes sound as float32 [channels, samples], not {sound.dtype} {sound.shape}")
    if not np.isfinite(sound).all():
        raise ValueError("the sound holds values that are not numbers")
    if sample_rate_hz <= 0:
        raise ValueError(f"a sample rate of {sample_rate_hz} Hz cannot be")
