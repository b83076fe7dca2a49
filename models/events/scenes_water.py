"""Acts of things that fall into water: the splash is when their lowest point touches the surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events.scenes_stage import Act, Draw, Stage, Touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.scenes_brush import Colour, View


@dataclass(frozen=True)
class Plunge:
    """One fall into the water."""

    time_s: float
    # of its lowest point as it touches
    place: NDArray[np.float64]
    velocity: NDArray[np.float64]
    gravity: float
    radius: float
    # how fast the water stops it, per second
    drag: float
    sinks: float
    # where the water begins
    shore: float

    def at(self, time_s: float) -> NDArray[np.float64]:
        """Its middle: free fall, and below the surface a slowed sinking."""
        age = time_s - self.time_s
        middle = self.place - [0.0, self.radius]
        if age <= 0:
            return middle + self.velocity * age + [0.0, self.gravity * age * age / 2]
        slowed = (1 - np.exp(-self.drag * age)) / self.drag
        return middle + (self.velocity - [0.0, self.sinks]) * slowed + [0.0, self.sinks * age]


def splash(stage: Stage) -> Act:
    """Things fall or are thrown into water; spray and rings follow."""
    random = stage.random
    shore = random.uniform(0.4, 0.75) * stage.height
    tone = brush.colour(random, 0.2, 0.6, vivid=0.8)
    draw = [_water(stage, shore, tone)]
    touches = []
    time_s = random.uniform(0.4, 1.8)
    while time_s < stage.duration_s:
        plunge = _plunge(stage, float(time_s), shore)
        draw.append(_drawn(stage, plunge, tone))
        speed = float(np.hypot(*plunge.velocity))
        touches.append(Touch(plunge.time_s, "splash", float(plunge.place[0]), float(plunge.place[1]), speed))
        time_s += random.uniform(0.3, 3.0)
    return Act(tuple(draw), tuple(touches), str(random.choice(["sky", "room"])), shore)


def _plunge(stage: Stage, time_s: float, shore: float) -> Plunge:
    random = stage.random
    # anywhere on the water that is seen, or on its edge when it is seen from the side
    y = shore + (random.random() < 0.7) * random.uniform(0.02, 0.9) * (0.95 * stage.height - shore)
    gravity = random.uniform(3.0, 9.0)
    fall = np.sqrt(2 * gravity * random.uniform(0.2, 1.0) * stage.height)
    velocity = np.array([random.choice([0.0, random.uniform(-1.2, 1.2)]), fall])
    place = np.array([random.uniform(0.1, 0.9) * stage.width, y])
    radius = float(np.exp(random.uniform(np.log(0.02), np.log(0.11))))
    return Plunge(time_s, place, velocity, gravity, radius, random.uniform(4, 12), random.uniform(0.05, 0.3), shore)


def _water(stage: Stage, shore: float, tone: Colour) -> Draw:
    random = stage.random
    count = int(random.integers(10, 60))
    y = shore + (stage.height - shore + 0.3) * random.random(count) ** 1.5
    x, length = random.uniform(-0.3, stage.width + 0.3, count), random.uniform(0.03, 0.25, count)
    phases, rate_hz, size = random.uniform(0, 6, count), random.uniform(0.2, 1.2), random.uniform(0.004, 0.03)
    light, far = brush.shade(tone, random.uniform(1.1, 1.6)), 1.0 + stage.width
    sea = [(-far, shore), (2 * far, shore), (2 * far, stage.height + 1), (-far, stage.height + 1)]

    def draw(view: View, time_s: float) -> None:
        brush.polygon(view, sea, tone)
        sway = size * np.sin(2 * np.pi * rate_hz * time_s + phases)
        for n in range(count):
            left = (x[n] + sway[n] * 3, y[n] + max(sway[n], 0))
            brush.line(view, [left, (left[0] + length[n], left[1])], 0.004, light)

    return draw


def _drawn(stage: Stage, plunge: Plunge, tone: Colour) -> Draw:
    random = stage.random
    skin = brush.ball(random, plunge.radius, stage.step)
    count = int(random.integers(12, 50))
    force = float(np.hypot(*plunge.velocity)) * random.uniform(0.25, 0.6)
    lean = random.normal(0, 0.5, count)
    speeds = (force * random.uniform(0.3, 1.0, count))[:, None] * np.column_stack([np.sin(lean), -np.cos(lean)])
    sizes = random.uniform(0.003, 0.012, count)
    starts = plunge.place + np.column_stack([random.uniform(-1, 1, count) * plunge.radius, np.zeros(count)])
    foam = brush.shade(tone, 2.2)

    def draw(view: View, time_s: float) -> None:
        _above_water(view, plunge, skin, time_s)
        age = time_s - plunge.time_s
        if age < 0:
            return
        _rings(view, plunge, age, foam)
        drops = starts + speeds * age + [0.0, plunge.gravity * age * age / 2]
        for drop, size in zip(drops, sizes, strict=True):
            if drop[1] <= plunge.place[1]:
                brush.disc(view, drop, size, foam)

    return draw


def _above_water(view: View, plunge: Plunge, skin: brush.Stamp, time_s: float) -> None:
    """The water hides what is below the place where it went in."""
    middle = plunge.at(time_s)
    if middle[1] - plunge.radius > plunge.place[1]:
        return
    row = max(round(float(view.pixels(plunge.place)[1])), 0)
    hidden = view.canvas[row:].copy() if time_s > plunge.time_s else None
    brush.stamp(view, skin, middle)
    if hidden is not None:
        view.canvas[row:] = hidden


def _rings(view: View, plunge: Plunge, age: float, foam: Colour) -> None:
    angle = np.linspace(0, 2 * np.pi, 32)
    for n in range(3):
        own = age - 0.15 * n
        if 0 < own < 1.5:
            reach = plunge.radius + 0.35 * own
            # seen from the side no ring stands above the water
            deep = min(0.25 * reach, plunge.place[1] - plunge.shore + 0.003)
            ring = plunge.place + np.column_stack([reach * np.cos(angle), deep * np.sin(angle)])
            brush.line(view, ring, 0.01 * (1 - own / 1.5), foam)
