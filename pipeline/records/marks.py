"""The invisible mark: its payload, what was embedded and what was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Payload:
    """What a mark says: 4 bits of version and flags, 60 bits of random id."""

    # 0..15; version 1 is the first in use
    version: int
    # 60 bits
    id: int

    @property
    def hex(self) -> str:
        """All 64 bits as 16 hex digits, version first."""
        return f"{(self.version << 60) | self.id:016x}"

    @classmethod
    def from_hex(cls, text: str) -> Payload:
        """Read what `hex` wrote; ValueError when it is not 16 hex digits."""
        if len(text) != 16:
            raise ValueError(f"a payload is 16 hex digits, not {text!r}")
        value = int(text, 16)
        return cls(version=value >> 60, id=value & ((1 << 60) - 1))


MarkState = Literal["read", "unreadable", "none", "error"]


@dataclass(frozen=True)
class MarkSegment:
    """A stretch of one track that says the same throughout."""

    start_s: float
    end_s: float
    state: MarkState
    payload: Payload | None = None
    z: float = 0.0
    geometry: str = ""
    key_id: str = ""


@dataclass(frozen=True)
class MarkReading:
    """What the reader found in one track."""

    # "unreadable": our mark is surely there (z) but its check fails
    state: MarkState
    payload: Payload | None = None
    # synchronisation peak in standard deviations of an unmarked clip
    z: float = 0.0
    # geometry hypothesis that gave the reading, e.g. "grid 180"
    geometry: str = ""
    frames: int = 0
    # one plain sentence
    sentence: str = ""
    # z that had to be reached; what is above it is margin
    needed_z: float = 0.0
    # `keys.key_id` of the key that read it
    key_id: str = ""
    # when asked for: stretches by what they carry, in order, without gaps
    segments: tuple[MarkSegment, ...] = ()


MarkAgreement = Literal["both", "picture only", "sound only", "conflict", "none"]


@dataclass(frozen=True)
class Marks:
    """What the picture and the sound of one file carry; made by `Marks.of`."""

    # None for a track that is not there or was not looked at
    picture: MarkReading | None = None
    sound: MarkReading | None = None
    # the id that was read; None when the file contradicts itself
    payload: Payload | None = None
    # "conflict" when more than one id was read, anywhere in the file: it was put together
    agreement: MarkAgreement = "none"

    @classmethod
    def of(cls, picture: MarkReading | None, sound: MarkReading | None) -> Marks:
        """Compare what two tracks say."""
        readings = [reading for reading in (picture, sound) if reading]
        ids = {reading.payload for reading in readings} | {part.payload for one in readings for part in one.segments}
        ids.discard(None)
        if len(ids) > 1:
            return cls(picture, sound, None, "conflict")
        in_picture, in_sound = (bool(reading and reading.payload) for reading in (picture, sound))
        agreement: MarkAgreement = "both" if in_picture and in_sound else "none"
        if in_picture != in_sound:
            agreement = "picture only" if in_picture else "sound only"
        return cls(picture, sound, next(iter(ids), None), agreement)


@dataclass(frozen=True)
class MarkReport:
    """What was embedded, and what came back from the encoded file."""

    payload: Payload
    # amplitude in 8-bit levels; 0 where there is no picture
    strength: float
    # of the marked luma against the original, before the codec; 0 where there is no picture
    psnr_db: float
    # encodes of the picture it took until the mark read back
    attempts: int
    marks: Marks
    # root mean square gain of a cell; 0 when the sound was not marked
    sound_strength_db: float = 0.0
    # of the marked sound against the original, before the codec
    sound_snr_db: float = 0.0
    # why a track carries no mark, a sentence each
    notes: tuple[str, ...] = ()
    # marks of other makers that were put in as well, a sentence each
    beside: tuple[str, ...] = ()

    @property
    def came_back(self) -> bool:
        """Whether the id that was put in is read, from the picture where there is one, and no other."""
        picture = self.marks.picture
        return self.marks.payload == self.payload and (picture is None or picture.payload == self.payload)
