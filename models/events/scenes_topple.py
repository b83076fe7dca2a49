"""Acts of things that tumble: dropped boxes, sticks and bottles, and what is knocked over.

A rigid outline over a floor, in steps of half a millisecond: falls freely, and wherever a corner meets the floor an
impulse throws it back, with friction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events import scenes_strokes as strokes
from models.events.scenes_stage import QUIET, Act, Draw, Stage, Touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.scenes_brush import View

STEP_S = 0.0005
# slower impulses do not throw back: what lies, lies
STICKS = 0.12
# a corner and the face after it clatter as one
CLATTER_S = 0.1
# share of the strongest touch below which rocking is not heard
FAINT = 0.15
# asleep when slower than this for so long
SLOW, SLEEP_S = 0.04, 0.15


@dataclass(frozen=True)
class Thing:
    """A rigid convex outline [N, 2] about its centre of mass, of mass 1."""

    outline: NDArray[np.float64]
    # moment of inertia over mass
    inertia: float
    restitution: float
    friction: float


@dataclass(frozen=True)
class Path:
    """Where a thing was at each step from `start_s` on, float64 [steps, 3]: x, y, angle."""

    start_s: float
    states: NDArray[np.float64]
    touches: tuple[Touch, ...]

    def at(self, time_s: float) -> NDArray[np.float64]:
        """[x, y, angle], between steps in proportion; before and after at rest."""
        place = float(np.clip((time_s - self.start_s) / STEP_S, 0, len(self.states) - 1))
        n = min(int(place), len(self.states) - 2)
        return self.states[n] + (self.states[n + 1] - self.states[n]) * (place - n)


def tumble(
    thing: Thing,
    state: tuple[float, float, float],
    speed: tuple[float, float, float],
    *,
    gravity: float,
    floor: float,
    start_s: float,
    end_s: float,
) -> Path:
    """Let a thing go at (x, y, angle) with its speeds, above a floor, until it lies still.

    Returns
    -------
    Path
        With a touch for each clatter.
    """
    x, y, angle = state
    vx, vy, spin = speed
    states, raw, asleep_s = [(x, y, angle)], list[Touch](), 0.0
    reach = float(np.hypot(*thing.outline.T).max())
    for n in range(1, int((end_s - start_s) / STEP_S) + 2):
        vy += gravity * STEP_S
        x, y, angle = x + vx * STEP_S, y + vy * STEP_S, angle + spin * STEP_S
        if y + reach < floor:
            states.append((x, y, angle))
            continue
        cos, sin = np.cos(angle), np.sin(angle)
        corners = thing.outline @ [[cos, sin], [-sin, cos]]
        depth = corners[:, 1] + (y - floor)
        for corner in np.flatnonzero(depth > 0):
            rx, ry = corners[corner]
            falls = vy + spin * rx
            if falls <= 0:
                continue
            bounce = thing.restitution if falls > STICKS else 0.0
            push = (1 + bounce) * falls / (1 + rx * rx / thing.inertia)
            slide = vx - spin * ry
            rub = np.clip(slide / (1 + ry * ry / thing.inertia), -thing.friction * push, thing.friction * push)
            vx, vy = vx - rub, vy - push
            spin += (-rx * push + ry * rub) / thing.inertia
            if falls > QUIET:
                raw.append(Touch(start_s + n * STEP_S, "contact", float(x + rx), floor, float(falls)))
        y -= max(float(depth.max()), 0.0)
        states.append((x, y, angle))
        calm = abs(vx) + abs(vy) + abs(spin) * 0.1 < SLOW and depth.max() > -1e-3
        asleep_s = asleep_s + STEP_S if calm else 0.0
        if asleep_s > SLEEP_S:
            break
    return Path(start_s, np.array(states), _clatters(raw))


def _clatters(raw: list[Touch]) -> tuple[Touch, ...]:
    """Each clatter as one touch, at the first one of it that counts; without what is faint beside the hardest."""
    groups: list[list[Touch]] = []
    for touch in raw:
        if groups and touch.time_s - groups[-1][0].time_s <= CLATTER_S:
            groups[-1].append(touch)
        else:
            groups.append([touch])
    hardest = [max(touch.strength for touch in group) for group in groups]
    return tuple(
        replace(next(touch for touch in group if touch.strength > FAINT * strength), strength=strength)
        for group, strength in zip(groups, hardest, strict=True)
        if strength > FAINT * max(hardest)
    )


def topple(stage: Stage) -> Act:
    """Things fall, turn in the air, land and stay, or stand and tip over."""
    random = stage.random
    floor = random.uniform(0.65, 0.95) * stage.height
    gravity = random.uniform(3.3, 10.0)
    count = int(random.choice([1, 2, 3]))
    draw: list[Draw] = []
    touches: list[Touch] = []
    for n in range(count):
        x, start_s = stage.width * (n + random.uniform(0.3, 0.7)) / count, random.uniform(0.1, 0.7) * stage.duration_s
        thing = _thing(random)
        if random.random() < 0.6:
            speed = (random.uniform(-0.3, 0.3), random.uniform(0, 0.5), random.uniform(-6, 6))
            state = (float(x), -random.uniform(0.15, 0.4), random.uniform(-3.2, 3.2))
        else:
            state, speed = _tipped(thing, random, float(x), floor, gravity)
        path = tumble(thing, state, speed, gravity=gravity, floor=floor, start_s=start_s, end_s=stage.duration_s)
        draw.append(_drawn(stage, thing, path))
        touches += path.touches
    return Act(tuple(draw), tuple(touches), "room", floor)


def knock(stage: Stage) -> Act:
    """A blow from the side knocks something over or away."""
    random = stage.random
    floor, gravity = random.uniform(0.65, 0.95) * stage.height, random.uniform(3.3, 10.0)
    side, thing = int(random.choice([-1, 1])), _thing(random)
    high = thing.outline.max(axis=0)
    x = stage.width * random.uniform(0.35, 0.65)
    hit_s = random.uniform(0.3, 0.7) * stage.duration_s
    # from above, sideways: the tool comes from the left when its target is to fall to the right
    fall_s, power = random.uniform(0.1, 0.28), random.uniform(1.8, 3.0)
    rest_s = random.uniform(0.02, 0.4)
    course = strokes.Stroke(
        (
            strokes.Part(-1e3, 1.0, 0.3, 0.3),
            strokes.Part(hit_s - 1.4, 0.8, 0.3, 1.0),
            strokes.Part(hit_s - fall_s, fall_s, 1.0, 0.0, "fall", power),
            strokes.Part(hit_s, rest_s, 0.0, 0.0),
            strokes.Part(hit_s + rest_s, 0.9, 0.0, 0.6),
        ),
        ((hit_s, power / fall_s),),
    )
    tool = replace(strokes.some_tool(stage), slope=random.uniform(0.0, 0.15), elbow=(-0.7, random.uniform(-0.1, 0.3)))
    height = random.uniform(0.05, 0.9) * high[1]
    place = np.array([x + _edge(thing.outline, -height, -side), floor - high[1] - height])
    blow = side * min(0.25 * tool.speed(power / fall_s), 1.6)
    # an impulse to the right at a height above the middle turns it clockwise
    speed = (blow, 0.0, blow * height / thing.inertia * random.uniform(0.3, 0.8))
    speed = (speed[0], speed[1], float(np.clip(speed[2], -12, 12)))
    state = (x, floor - high[1], 0.0)
    path = tumble(thing, state, speed, gravity=gravity, floor=floor, start_s=hit_s, end_s=stage.duration_s)
    blow_touch = Touch(hit_s, "contact", float(place[0]), float(place[1]), tool.speed(power / fall_s))
    later = tuple(touch for touch in path.touches if touch.time_s > hit_s + CLATTER_S)
    arm = strokes.arm(stage, tool, course, lambda t: place, side=side, tilt=-side * np.pi / 2)
    return Act((_drawn(stage, thing, path), arm), (blow_touch, *later), "room", floor)


def _thing(random: np.random.Generator) -> Thing:
    style = str(random.choice(["box", "stick", "bottle", "stone"]))
    if style == "stone":
        count = int(random.integers(5, 9))
        angle = 2 * np.pi * (np.arange(count) + random.uniform(-0.2, 0.2, count)) / count
        outline = random.uniform(0.05, 0.12) * np.column_stack([np.cos(angle), np.sin(angle) * random.uniform(0.6, 1)])
    elif style == "bottle":
        half, tall = random.uniform(0.03, 0.06), random.uniform(0.11, 0.2)
        neck = 0.4 * half
        outline = np.array([[-half, tall], [-half, -0.2 * tall], [-neck, -tall], [neck, -tall], [half, -0.2 * tall]])
        outline = np.concatenate([outline, [[half, tall]]])
    else:
        half = random.uniform(0.05, 0.13) if style == "box" else random.uniform(0.008, 0.025)
        tall = random.uniform(0.05, 0.13) if style == "box" else random.uniform(0.12, 0.25)
        outline = np.array([[-half, tall], [-half, -tall], [half, -tall], [half, tall]])
    inertia = float((outline**2).sum(axis=1).mean()) / 3
    return Thing(outline, inertia, random.uniform(0.0, 0.45), random.uniform(0.2, 0.7))


def _edge(outline: NDArray[np.float64], y: float, side: int) -> float:
    """Where a level line meets an outline, leftmost (side -1) or rightmost (1)."""
    found = []
    for begin, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if (begin[1] - y) * (end[1] - y) <= 0 and begin[1] != end[1]:
            found.append(begin[0] + (end[0] - begin[0]) * (y - begin[1]) / (end[1] - begin[1]))
    return float(side * max(side * x for x in found))


def _tipped(
    thing: Thing, random: np.random.Generator, x: float, floor: float, gravity: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Standing on its base, pushed just hard enough to go over a corner."""
    side = int(random.choice([-1, 1]))
    base = thing.outline[thing.outline[:, 1] > thing.outline[:, 1].max() - 1e-9]
    corner = base[np.argmax(side * base[:, 0])]
    arm = float(np.hypot(*corner))
    # energy to lift the middle over the corner, and a little more
    needed = 2 * gravity * (arm - corner[1]) / (thing.inertia + arm * arm)
    spin = side * float(np.sqrt(needed)) * random.uniform(1.1, 1.6) + side * 0.3
    # turning about the corner: the middle moves at right angles to it
    return (x, floor - float(corner[1]), 0.0), (spin * float(corner[1]), -spin * float(corner[0]), spin)


def _drawn(stage: Stage, thing: Thing, path: Path) -> Draw:
    skin = brush.figure(stage.random, thing.outline, stage.step)

    def draw(view: View, time_s: float) -> None:
        x, y, angle = path.at(time_s)
        brush.stamp(view, skin, (x, y), angle=angle)

    return draw
