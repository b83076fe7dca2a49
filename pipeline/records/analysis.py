"""What is seen in a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Shot:
    """A run of pictures between two cuts."""

    start_s: float
    end_s: float


EventKind = Literal["contact", "collision", "footstep", "slide", "whoosh", "flash", "appearance", "cut"]


@dataclass(frozen=True)
class Event:
    """Something seen that would be heard."""

    time_s: float
    kind: EventKind
    # 0..1
    confidence: float
    x: float = 0.5
    y: float = 0.5
    # share of the picture's area that takes part
    extent: float = 0.0
    # picture heights per second before the event
    speed: float = 0.0
    # how long the movement lasts (a whoosh, a slide); 0 for an instant
    length_s: float = 0.0
    # what it looks like, as far as the picture alone tells: "splash", "gun", "lightning", "roll", "door", ...; or empty
    guess: str = ""


@dataclass(frozen=True)
class MotionCurve:
    """Movement over time with the camera's own movement taken out; one value per picture."""

    times_s: tuple[float, ...]
    # mean residual speed, picture heights per second
    energy: tuple[float, ...]
    # speed of the camera itself, picture heights per second
    camera: tuple[float, ...]
    # energy-weighted horizontal centre of the movement, 0..1
    centre_x: tuple[float, ...]


@dataclass(frozen=True)
class Mood:
    """Picture statistics that colour the music; each 0..1 unless said otherwise."""

    brightness: float = 0.5
    contrast: float = 0.5
    saturation: float = 0.5
    # -1 cold (blue) .. 1 warm (orange)
    warmth: float = 0.0
    # typical residual movement, 0 still .. 1 frantic
    motion: float = 0.0
    cuts_per_minute: float = 0.0
    # share of picture that looks like sky, water or foliage by colour and place
    sky: float = 0.0
    water: float = 0.0
    foliage: float = 0.0
    # how much the picture looks like a room, and like night: 0 surely not .. 1 surely, 0.5 nobody knows
    indoor: float = 0.5
    night: float = 0.0


TextureKind = Literal["rain", "snow", "fire", "water", "smoke", "leaves", "crowd"]


@dataclass(frozen=True)
class Texture:
    """A surface that sounds as a whole: falling rain, flames, moving water, leaves in the wind, many people."""

    kind: TextureKind
    # 0..1
    confidence: float
    # where it is and the share of the picture it takes
    x: float
    y: float
    extent: float
    # strength over time, 0..1, for the level of its sound
    times_s: tuple[float, ...] = ()
    strength: tuple[float, ...] = ()


@dataclass(frozen=True)
class Region:
    """Movement in one part of the picture, camera taken out; for engines, friction, water and wind."""

    # x0, y0, x1, y1 as fractions of the picture
    box: tuple[float, float, float, float]
    times_s: tuple[float, ...]
    # mean residual speed, picture heights per second
    energy: tuple[float, ...]
    # its mean horizontal and vertical part, right and down positive
    velocity_x: tuple[float, ...]
    velocity_y: tuple[float, ...]


@dataclass(frozen=True)
class Analysis:
    """What the picture shows."""

    duration_s: float
    shots: tuple[Shot, ...]
    events: tuple[Event, ...]
    motion: MotionCurve
    # of the whole clip
    mood: Mood
    # one per shot, in order
    shot_moods: tuple[Mood, ...] = ()
    # surest first
    textures: tuple[Texture, ...] = ()
    # of a fixed grid of parts, row by row from the top left
    regions: tuple[Region, ...] = ()
