"""An editing session as data: what every project file we write says in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pipeline.records import StemName

# (seconds from the start of the session, dB), straight lines between points, level before the first and after the last
Curve = tuple[tuple[float, float], ...]
# a picture without a rate of its own still needs frames to count
DEFAULT_FRAME_RATE = Fraction(25)
# colours that people tell apart on a dark timeline, RGB; stems keep theirs in every program
STEM_COLOURS: dict[StemName, str] = {
    "DX": "#4f9dde",
    "FX-impacts": "#e2703a",
    "FX-foley": "#e8b83a",
    "BG": "#5fae6b",
    "MX": "#a678d4",
}


@dataclass(frozen=True)
class SessionClip:
    """One piece of sound on a track."""

    # of the cue; unique in the session
    id: str
    name: str
    # stereo WAV, before `gain_db`
    file: Path
    # samples in the file
    file_samples: int
    # where its first heard sample lies in the session, in samples; never negative
    start_samples: int
    # first sample of the file that is heard, and how many are
    source_start_samples: int
    length_samples: int
    gain_db: float = 0.0
    # what a person wants to know of it: why, licence, author
    note: str = ""


@dataclass(frozen=True)
class SessionTrack:
    """A stem: its clips and how its level moves. Clips may overlap in time."""

    name: StemName
    colour: str
    clips: tuple[SessionClip, ...]
    # ducking, on top of the clips' own gains; empty when nothing moves
    automation: Curve = ()


@dataclass(frozen=True)
class SessionMarker:
    """A moment with a name."""

    time_s: float
    name: str
    kind: Literal["cut", "accent", "music"] = "cut"
    colour: str = "#d04a4a"


@dataclass(frozen=True)
class Session:
    """Everything an editor finds when the project is opened.

    The sum of all clips with their gains and their track's automation, times `master_gain_db`, is the mix before its
    limiter.
    """

    name: str
    # of the picture; times in project files are whole frames of it where the format knows no samples
    frame_rate: Fraction
    sample_rate_hz: int
    length_samples: int
    # picture size, upright
    size_px: tuple[int, int]
    tracks: tuple[SessionTrack, ...]
    markers: tuple[SessionMarker, ...] = ()
    # the clip whose pictures belong to it, or None
    picture: Path | None = None
    master_gain_db: float = 0.0
    # tempo of the music: (seconds, BPM) where it changes, and (seconds, bar number) of downbeats
    tempo: tuple[tuple[float, float], ...] = ()
    downbeats: tuple[tuple[float, int], ...] = ()
    # of the whole, e.g. {"loudness": "-14.0 LUFS"}
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.length_samples / self.sample_rate_hz
