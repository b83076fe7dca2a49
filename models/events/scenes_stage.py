"""The stage a scene is played on: its size, what an act consists of, and smooth ways to move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.events.scenes_brush import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

Draw = Callable[[View, float], None]
# slower than this, in short sides per second, a touch makes no sound worth a cue
QUIET = 0.15


@dataclass(frozen=True)
class Stage:
    """Where an act is played; lengths in short sides of the picture, x right, y down, (0, 0) at the top left."""

    random: np.random.Generator
    width: float
    height: float
    short_px: int
    duration_s: float
    # nothing but the physics: a still camera, nothing in the way, events well apart
    clean: bool = False

    @property
    def step(self) -> float:
        """World units across a pixel of a stamp: a little finer than the picture."""
        return 0.8 / self.short_px


@dataclass(frozen=True)
class Touch:
    """An event in the world, before the camera."""

    time_s: float
    kind: str
    x: float
    y: float
    # closing speed in short sides per second; of light, the share of white it adds at its middle
    strength: float


@dataclass(frozen=True)
class Act:
    """What happens: draw these back to front, and this is what would be heard."""

    draw: tuple[Draw, ...]
    touches: tuple[Touch, ...] = ()
    # what is behind: "room" with a floor, "table" seen from above, "dark", "sky"
    backdrop: str = "room"
    # where the floor meets the wall
    horizon: float = 0.8
    # the camera goes along with this place
    follow: Callable[[float], tuple[float, float]] | None = None


def ease(share: float) -> float:
    """From 0 to 1 as a hand moves: starts and ends at rest with no jerk (Flash and Hogan 1985)."""
    u = min(max(share, 0.0), 1.0)
    return u * u * u * (10 - 15 * u + 6 * u * u)


def wander(
    random: np.random.Generator, amount: float, *, slowest_hz: float = 0.1, fastest_hz: float = 1.5
) -> Callable[[float], float]:
    """A smooth aimless movement of about `amount`, never stopping abruptly."""
    rates = np.exp(random.uniform(np.log(slowest_hz), np.log(fastest_hz), 5))
    sizes = random.standard_normal(5) * amount / np.sqrt(rates / slowest_hz) / 2
    phases = random.uniform(0, 2 * np.pi, 5)
    return lambda time_s: float(sizes @ np.sin(2 * np.pi * rates * time_s + phases))


def visits(
    random: np.random.Generator, places: NDArray[np.float64], *, start_s: float, end_s: float, pause_s: float = 1.0
) -> Callable[[float], NDArray[np.float64]]:
    """A hand that goes softly from one place [N, 2] to another and pauses there."""
    starts, lengths, order = [], [], [int(random.integers(len(places)))]
    time_s = start_s
    while time_s < end_s:
        time_s += random.uniform(0.05, pause_s)
        starts.append(time_s)
        lengths.append(random.uniform(0.35, 1.4))
        order.append(int(random.integers(len(places))))
        time_s += lengths[-1]
    onsets = np.array(starts)

    def at(time_s: float) -> NDArray[np.float64]:
        n = int(np.searchsorted(onsets, time_s, side="right")) - 1
        if n < 0:
            return places[order[0]]
        share = ease((time_s - starts[n]) / lengths[n])
        return places[order[n]] + (places[order[n + 1]] - places[order[n]]) * share

    return at
