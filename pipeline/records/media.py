"""Clips and their streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path


@dataclass(frozen=True)
class ColorTags:
    """How code values map to colour; the names are those of ITU-T H.273 as ffmpeg spells them."""

    primaries: str = "unknown"
    transfer: str = "unknown"
    matrix: str = "unknown"
    # "tv" (limited), "pc" (full) or "unknown"
    range: str = "unknown"


@dataclass(frozen=True)
class VideoStream:
    """The picture of a clip."""

    codec: str
    # coded size, before rotation and sample aspect
    width_px: int
    height_px: int
    pixel_format: str
    bit_depth: int
    # average rate; with a variable rate, only a hint
    frame_rate: Fraction
    # seconds per tick of the stream's presentation times
    time_base: Fraction
    # pictures in the stream, counted or from the container
    frames: int
    start_s: float
    duration_s: float
    # clockwise turn to apply for display: 0, 90, 180 or 270
    rotation_deg: int = 0
    sample_aspect: Fraction = Fraction(1)
    is_variable_rate: bool = False
    bit_rate: int = 0
    color: ColorTags = ColorTags()

    @property
    def upright_size_px(self) -> tuple[int, int]:
        """(width, height) in stored pixels after the rotation flag."""
        turned = self.rotation_deg in (90, 270)
        return (self.height_px, self.width_px) if turned else (self.width_px, self.height_px)

    @property
    def display_aspect(self) -> Fraction:
        """Width over height as a person sees it: rotation and sample aspect applied."""
        aspect = Fraction(self.width_px, self.height_px) * self.sample_aspect
        return 1 / aspect if self.rotation_deg in (90, 270) else aspect


@dataclass(frozen=True)
class AudioStream:
    """The first sound track of a clip."""

    codec: str
    sample_rate_hz: int
    channels: int
    start_s: float
    duration_s: float


@dataclass(frozen=True)
class Clip:
    """One probed media file."""

    path: Path
    sha256: str
    size_bytes: int
    # short names of the container as the demuxer gives them, e.g. "mov,mp4,m4a,3gp,3g2,mj2"
    container: str
    duration_s: float
    video: VideoStream
    audio: AudioStream | None = None
    # where the clip's time zero (its first picture or sound) lies on the container's own clock
    origin_s: Fraction = Fraction(0)
    # container tags such as title, comment, creation_time
    metadata: dict[str, str] = field(default_factory=dict)
