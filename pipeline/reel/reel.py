"""A reel as a person writes it down, checked, and as it lies on a time line."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pipeline.records import Clip

TransitionKind = Literal["cut", "dissolve", "dip", "wipe"]
Fit = Literal["fit", "fill", "blur", "smart"]
Direction = Literal["left", "right", "up", "down"]


@dataclass(frozen=True)
class Transition:
    """How one piece of the film goes over into the next."""

    kind: TransitionKind = "cut"
    # of the overlap (dissolve, wipe), or of going down and up again (dip); 0 for a cut
    length_s: float = 0.0
    # of a dip
    colour: str = "#000000"
    # where a wipe's edge moves to
    direction: Direction = "left"


@dataclass(frozen=True)
class Title:
    """Words over the picture."""

    text: str
    # from the start of the piece it lies over
    start_s: float = 0.0
    # 0 to the end of the piece
    length_s: float = 0.0
    position: Literal["top", "middle", "bottom"] = "bottom"
    colour: str = "#ffffff"
    # height of a line against the picture's height; of an upright picture against 1.2 times its width
    size: float = 0.06
    # how long it takes to come and to go
    fade_s: float = 0.3


@dataclass(frozen=True)
class Card:
    """A piece without footage: words on a plain ground."""

    text: str
    length_s: float
    background: str = "#101014"
    colour: str = "#ffffff"


@dataclass(frozen=True)
class Part:
    """One piece of the reel: a clip, a still or a card."""

    # exactly one of these; a still stands as a clip whose end is its length
    clip: Path | None = None
    card: Card | None = None
    # of the source, s; an end of 0 means to its end
    start_s: float = 0.0
    end_s: float = 0.0
    # the same as time codes (HH:MM:SS:FF) from the clip's first picture; they stand over the seconds
    start_timecode: str = ""
    end_timecode: str = ""
    # 2 plays twice as fast, 0.5 half as fast
    speed: float = 1.0
    # how it fits the frame when its shape is another; None takes the reel's
    fit: Fit | None = None
    titles: tuple[Title, ...] = ()
    # how it comes after the piece before; of the first one only a dip (from a colour) counts
    transition: Transition = Transition()
    # level of its own sound; None leaves it out
    sound_db: float | None = 0.0
    # what it shows, where neither sidecar nor tags say so
    prompt: str = ""


@dataclass(frozen=True)
class Reel:
    """What reel.yaml says."""

    parts: tuple[Part, ...]
    title: str = ""
    # upright; even numbers; None takes the clips' own
    size_px: tuple[int, int] | None = None
    # None takes the highest constant rate among the clips, at most 60
    frame_rate: Fraction | None = None
    fit: Fit = "blur"
    # how the reel ends: a dip goes down to its colour
    ending: Transition = Transition()
    # settings of the sound, the same fields as `sound:` of a settings file
    sound: dict[str, object] | None = None


@dataclass(frozen=True)
class Segment:
    """A part on the time line. Segments overlap where they dissolve or wipe."""

    index: int
    part: Part
    # probed source; None for a card
    clip: Clip | None
    # of the film, whole frames of its rate
    start_s: float
    end_s: float
    # of the source
    source_start_s: float
    source_end_s: float
    fit: Fit

    @property
    def length_s(self) -> float:
        """How long it is seen, transitions included."""
        return self.end_s - self.start_s

    def source_time_s(self, time_s: float) -> float:
        """Time in the source of a moment of the film."""
        return self.source_start_s + (time_s - self.start_s) * self.part.speed


@dataclass(frozen=True)
class Timeline:
    """The film: what is seen when."""

    segments: tuple[Segment, ...]
    size_px: tuple[int, int]
    frame_rate: Fraction
    # pictures in the film
    frames: int
    ending: Transition = Transition()
    # what could not be done as it was written, for people
    notes: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the film."""
        return float(self.frames / self.frame_rate)

    @property
    def joins_s(self) -> tuple[float, ...]:
        """Where one segment gives way to the next: the cut, or the middle of the transition."""
        pairs = zip(self.segments, self.segments[1:], strict=False)
        return tuple((before.end_s + after.start_s) / 2 for before, after in pairs)
