"""Movement that makes no sound: acts without events, and what moves about in the other scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events.scenes_stage import Act, Draw, Stage, ease, visits, wander

if TYPE_CHECKING:
    from models.events.scenes_brush import View


def silent(stage: Stage) -> Act:
    """Several movements and no event at all."""
    random = stage.random
    backdrop = str(random.choice(["room", "table", "sky", "dark"]))
    count = int(random.integers(1, 4))
    draw = tuple(_MOVES[int(random.integers(len(_MOVES)))](stage) for _ in range(count))
    return Act(draw, (), backdrop, stage.height * random.uniform(0.5, 1.2))


def distractors(stage: Stage, *, before: bool = False) -> tuple[Draw, ...]:
    """None to two movements without sound behind an act, or at most a thin one before it."""
    random, moves = stage.random, _THIN if before else _MOVES
    count = int(random.choice([0, 1], p=[0.9, 0.1]) if before else random.choice([0, 1, 2], p=[0.55, 0.3, 0.15]))
    return tuple(moves[int(random.integers(len(moves)))](stage) for _ in range(count))


def occluder(stage: Stage, x: float) -> Draw:
    """A post near `x` that hides part of what happens there."""
    random = stage.random
    width = random.uniform(0.03, 0.1)
    left = x + random.uniform(-0.1, 0.1)
    tone = brush.colour(random, 0.1, 0.8, vivid=0.6)
    top = random.choice([-1.0, random.uniform(0.3, 0.8) * stage.height])

    def draw(view: View, _time_s: float) -> None:
        corners = [(left, top), (left + width, top), (left + width, stage.height + 1), (left, stage.height + 1)]
        brush.polygon(view, corners, tone)

    return draw


def hands(stage: Stage) -> Draw:
    """An arm that gestures: goes from place to place softly and pauses in the air."""
    random = stage.random
    side = random.choice([-1, 1])
    shoulder = np.array([stage.width / 2 + side * stage.width * random.uniform(0.3, 0.7), stage.height * 1.1])
    places = np.column_stack([random.uniform(0.1, 0.9, 6) * stage.width, random.uniform(0.2, 0.8, 6) * stage.height])
    goes = visits(random, places, start_s=-1.0, end_s=stage.duration_s + 1)
    wobble = wander(random, 0.01, fastest_hz=3.0)
    wrist, skin = random.uniform(0.03, 0.06), brush.colour(random, 0.35, 0.9, vivid=0.45)
    sleeve = brush.colour(random, 0.1, 0.9)
    spread = random.uniform(0.15, 0.6)

    def draw(view: View, time_s: float) -> None:
        hand = goes(time_s) + [wobble(time_s), wobble(time_s + 7)]
        brush.capsule(view, shoulder, hand, (2 * wrist, wrist), sleeve)
        brush.disc(view, hand, 1.3 * wrist, skin)
        along = np.arctan2(*(hand - shoulder)[::-1])
        for finger in (-1.5, -0.5, 0.5, 1.5):
            angle = along + finger * spread * (0.6 + 0.4 * np.sin(wobble(time_s) * 60))
            tip = hand + 2.6 * wrist * np.array([np.cos(angle), np.sin(angle)])
            brush.capsule(view, hand, tip, (0.4 * wrist, 0.3 * wrist), skin)

    return draw


def leaves(stage: Stage) -> Draw:
    """Twigs at the edge sway in the wind."""
    random = stage.random
    count = int(random.integers(8, 30))
    roots = np.column_stack([random.uniform(0, stage.width, count), np.full(count, random.choice([0.0, stage.height]))])
    inward = 1.0 if roots[0, 1] == 0 else -1.0
    sizes, tones = random.uniform(0.1, 0.35, count), [brush.colour(random, 0.15, 0.6) for _ in range(count)]
    leans = random.uniform(-0.6, 0.6, count)
    gust, own = wander(random, 0.3, slowest_hz=0.1, fastest_hz=1.0), wander(random, 0.12, slowest_hz=0.5)

    def draw(view: View, time_s: float) -> None:
        for n in range(count):
            lean = leans[n] + gust(time_s - roots[n, 0] * 0.3) + own(time_s + n)
            tip = roots[n] + sizes[n] * np.array([np.sin(lean), inward * np.cos(lean)])
            brush.capsule(view, roots[n], tip, (0.012, 0.004), tones[n])
            brush.disc(view, tip, 0.12 * sizes[n], tones[n])

    return draw


def passer(stage: Stage) -> Draw:
    """Something large goes by in the background."""
    random = stage.random
    side = random.choice([-1, 1])
    width, height = random.uniform(0.15, 0.6), random.uniform(0.1, 0.5)
    y, speed = random.uniform(0.2, 0.9) * stage.height, random.uniform(0.15, 1.2)
    enters_s = random.uniform(-1.0, 0.6 * stage.duration_s)
    skin = brush.box(random, width, height, stage.step)
    bob = wander(random, 0.008, fastest_hz=2.0)

    def draw(view: View, time_s: float) -> None:
        gone = speed * (time_s - enters_s) - width / 2
        x = gone if side > 0 else stage.width - gone
        brush.stamp(view, skin, (x, y + bob(time_s)))

    return draw


def pulse(stage: Stage) -> Draw:
    """Something grows and shrinks, or breathes."""
    random = stage.random
    x, y = random.uniform(0.1, 0.9) * stage.width, random.uniform(0.1, 0.9) * stage.height
    radius = random.uniform(0.06, 0.25)
    rate_hz, size = random.uniform(0.3, 2.0), random.uniform(0.05, 0.35)
    skin = brush.ball(random, radius, stage.step)
    return lambda view, t: brush.stamp(view, skin, (x, y), scale=1 + size * np.sin(2 * np.pi * rate_hz * t))


def wheel(stage: Stage) -> Draw:
    """A wheel or fan turns."""
    random = stage.random
    x, y, radius = random.uniform(0, stage.width), random.uniform(0, stage.height), random.uniform(0.1, 0.35)
    count, rate_hz = int(random.integers(2, 8)), random.choice([-1, 1]) * random.uniform(0.1, 2.5)
    tone = brush.colour(random, 0.1, 0.9)

    def draw(view: View, time_s: float) -> None:
        for n in range(count):
            angle = 2 * np.pi * (rate_hz * time_s + n / count)
            rim = (x + radius * np.cos(angle), y + radius * np.sin(angle))
            brush.capsule(view, (x, y), rim, (0.01, 0.03), tone)

    return draw


def pendulum(stage: Stage) -> Draw:
    """A weight swings on a string."""
    random = stage.random
    x, length = random.uniform(0.2, 0.8) * stage.width, random.uniform(0.3, 0.8) * stage.height
    swing, rate_hz, phase = random.uniform(0.1, 0.8), random.uniform(0.3, 1.1), random.uniform(0, 6)
    bob = brush.ball(random, random.uniform(0.03, 0.1), stage.step)
    tone = brush.colour(random, 0.0, 0.5)

    def draw(view: View, time_s: float) -> None:
        angle = swing * np.sin(2 * np.pi * rate_hz * time_s + phase)
        end = (x + length * np.sin(angle), length * np.cos(angle))
        brush.line(view, [(x, 0.0), end], 0.005, tone)
        brush.stamp(view, bob, end, angle=angle)

    return draw


def cloth(stage: Stage) -> Draw:
    """A flag or curtain ripples."""
    random = stage.random
    x, y = random.uniform(0, 0.6) * stage.width, random.uniform(0, 0.6) * stage.height
    width, height = random.uniform(0.3, 0.8), random.uniform(0.2, 0.5)
    tones = [brush.colour(random, 0.2, 0.9), brush.colour(random, 0.2, 0.9)]
    rate_hz, size, waves = random.uniform(0.4, 2.5), random.uniform(0.01, 0.06), random.uniform(1, 3)
    u = np.linspace(0, 1, 24)

    def draw(view: View, time_s: float) -> None:
        ripple = size * u * np.sin(2 * np.pi * (waves * u - rate_hz * time_s))
        edge = np.column_stack([x + width * u, y + ripple])
        for n, tone in enumerate(tones):
            upper, lower = edge + [0, n * height / 2], edge + [0, (n + 1) * height / 2]
            brush.polygon(view, np.concatenate([upper, lower[::-1]]), tone)

    return draw


def floating(stage: Stage) -> Draw:
    """Birds, fish, balloons or motes drift about and turn gently."""
    random = stage.random
    count, radius = int(random.integers(1, 12)), random.uniform(0.008, 0.06)
    starts = random.uniform(0, 1, (count, 2)) * [stage.width, stage.height]
    drifts = random.uniform(-0.25, 0.25, (count, 2))
    paths = [(wander(random, 0.1), wander(random, 0.1)) for _ in range(count)]
    tones = [brush.colour(random) for _ in range(count)]

    def draw(view: View, time_s: float) -> None:
        for begin, drift, (x, y), tone in zip(starts, drifts, paths, tones, strict=True):
            brush.disc(view, begin + drift * time_s + [x(time_s), y(time_s)], radius, tone)

    return draw


def smoke(stage: Stage) -> Draw:
    """Puffs rise, widen and fade."""
    random = stage.random
    x, y = random.uniform(0.1, 0.9) * stage.width, random.uniform(0.5, 1.0) * stage.height
    rate_hz, rise = random.uniform(1.0, 4.0), random.uniform(0.1, 0.4)
    drift = wander(random, 0.15, fastest_hz=0.6)

    def draw(view: View, time_s: float) -> None:
        born = np.arange(np.floor((time_s - 2.5) * rate_hz) + 1, np.floor(time_s * rate_hz) + 1) / rate_hz
        age = time_s - born
        places = np.column_stack([x + np.array([drift(t) for t in born]) * age, y - rise * age])
        alphas = [0.55 * ease(a / 0.4) * max(1 - a / 2.5, 0.0) for a in age]
        brush.haze(view, places, 0.06 + 0.1 * age, alphas)

    return draw


_MOVES = (hands, hands, leaves, passer, pulse, wheel, pendulum, cloth, floating, smoke)
# these do not hide what happens behind them
_THIN = (hands, leaves, wheel, pendulum, floating)
