"""Acts of light: shots, lightning, fireworks and blasts, which are heard; lamps, screens and fades, which are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events.scenes_stage import Act, Draw, Stage, Touch, ease, wander

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.scenes_brush import View

WARM = (255.0, 200.0, 120.0)


def flash(stage: Stage) -> Act:
    """A gun fires, lightning strikes, fireworks burst, something blows up."""
    make = (gun, lightning, firework, blast)[int(stage.random.integers(4))]
    return make(stage)


def gun(stage: Stage) -> Act:
    """Shots with a flash before the muzzle, recoil and smoke."""
    random = stage.random
    side, y = int(random.choice([-1, 1])), random.uniform(0.3, 0.75) * stage.height
    times = _moments(stage, shortest_s=random.uniform(0.15, 1.2), longest_s=2.5)
    length = random.uniform(0.12, 0.4)
    muzzle = np.array([stage.width * (0.5 + side * random.uniform(-0.1, 0.25)), y])
    decay_s, size, power = random.uniform(0.02, 0.06), random.uniform(0.03, 0.12), random.uniform(0.7, 1.5)
    kick, settles_s = random.uniform(0.05, 0.4), random.uniform(0.08, 0.25)
    sway = wander(random, 0.012, fastest_hz=2.0)
    metal, sleeve = brush.colour(random, 0.05, 0.35, vivid=0.2), brush.colour(random, 0.1, 0.7)
    spill = random.uniform(0.1, 0.6)

    def draw(view: View, time_s: float) -> None:
        since = _since(times, time_s)
        # thrown up within 30 ms, back again slowly
        up = kick * (1 - np.exp(-since / 0.012)) * np.exp(-since / settles_s)
        angle = up + sway(time_s + 9)
        grip = muzzle - [side * length, 0.0] + [-side * 0.15 * up, sway(time_s)]
        tip = grip + length * np.array([side * np.cos(angle), -np.sin(angle)])
        brush.capsule(view, grip + [-side * 0.5, 0.3], grip, (0.07, 0.04), sleeve)
        brush.capsule(view, grip, tip, (0.02, 0.016), metal)
        brush.capsule(view, grip, grip + [-side * 0.02, 0.07], (0.018, 0.018), metal)
        if since < 1.5:
            at = tip + [side * 0.1 * (1 - np.exp(-since / 0.1)), -0.15 * since]
            brush.haze(view, [at], [0.05 + 0.12 * since], [0.35 * (1 - since / 1.5)])
        glare = power * np.exp(-since / decay_s)
        brush.brighten(view, 1 + spill * glare)
        brush.glow(view, tip + [side * 0.03, 0.0], size, 2 * glare, WARM)

    touches = tuple(Touch(t, "flash", float(muzzle[0]), float(muzzle[1]), power) for t in times)
    backdrop = str(random.choice(["room", "dark", "sky"]))
    return Act((draw,), touches, backdrop, y + random.uniform(0.1, 0.5))


def lightning(stage: Stage) -> Act:
    """The sky lights up, two or three times in quick succession; a bolt may be seen."""
    random = stage.random
    times = _moments(stage, shortest_s=1.2, longest_s=3.0)
    bolts = [_bolt(stage) if random.random() < 0.7 else None for _ in times]
    again = [np.concatenate([[0.0], np.cumsum(random.uniform(0.04, 0.12, int(random.integers(0, 3))))]) for _ in times]
    powers = [random.uniform(0.35, 1.0) for _ in times]
    decay_s = random.uniform(0.03, 0.12)
    ground = _skyline(stage)

    def draw(view: View, time_s: float) -> None:
        ground(view, time_s)
        for begin, bolt, strokes, power in zip(times, bolts, again, powers, strict=True):
            since = time_s - begin - strokes
            light = power * float(np.sum(np.where(since >= 0, np.exp(-np.maximum(since, 0) / decay_s), 0)))
            if light > 0.01:
                brush.brighten(view, 1 + 1.5 * light, 110 * light)
            if bolt is not None and light > 0.15:
                for branch in bolt:
                    brush.line(view, branch, 0.008 * light, (235, 235, 255))

    places = [bolt[0][len(bolt[0]) // 2] if bolt else (stage.width / 2, stage.height / 2) for bolt in bolts]
    touches = tuple(
        Touch(t, "flash", float(place[0]), float(place[1]), power)
        for t, place, power in zip(times, places, powers, strict=True)
    )
    return Act((draw,), touches, "dark")


def firework(stage: Stage) -> Act:
    """Rockets climb in silence and burst into falling sparks."""
    random = stage.random
    times = _moments(stage, shortest_s=random.uniform(0.4, 1.5), longest_s=2.5)
    ground = _skyline(stage)
    bursts = [_burst(stage, t) for t in times]
    touches = tuple(Touch(t, "flash", *place, power) for t, (_, place, power) in zip(times, bursts, strict=True))
    return Act((ground, *(draw for draw, _, _ in bursts)), touches, "dark")


def blast(stage: Stage) -> Act:
    """A blast with a fireball, flying bits and smoke."""
    random = stage.random
    floor = random.uniform(0.6, 0.9) * stage.height
    times = _moments(stage, shortest_s=1.5, longest_s=4.0)
    draws, touches = [], []
    for begin in times:
        place = np.array([random.uniform(0.2, 0.8) * stage.width, floor])
        power = random.uniform(0.6, 1.0)
        draws.append(_fireball(stage, begin, place, power))
        touches.append(Touch(begin, "flash", float(place[0]), float(place[1]), power))
    return Act(tuple(draws), tuple(touches), str(random.choice(["room", "sky", "dark"])), floor)


def lamps(stage: Stage) -> Act:
    """Light that comes and goes without a sound: lamps, fades, signs, screens, candles, a beam going round."""
    random = stage.random
    styles = (_switched, _faded, _blinking, _screen, _candle, _headlights, _beam)
    count = int(random.integers(1, 3))
    draw = tuple(styles[int(n)](stage) for n in random.choice(len(styles), count, replace=False))
    return Act(draw, (), str(random.choice(["room", "dark"])), random.uniform(0.6, 1.0) * stage.height)


def _moments(stage: Stage, *, shortest_s: float, longest_s: float) -> list[float]:
    times, time_s = [], stage.random.uniform(0.2, 1.5)
    while time_s < stage.duration_s:
        times.append(float(time_s))
        time_s += stage.random.uniform(shortest_s, max(longest_s, shortest_s))
    return times


def _since(times: list[float], time_s: float) -> float:
    """Seconds since the last of these times; very long before the first."""
    n = int(np.searchsorted(times, time_s, side="right"))
    return time_s - times[n - 1] if n else 1e3


def _bolt(stage: Stage) -> list[NDArray[np.float64]]:
    """A jagged line from the sky, and a branch or two."""
    random = stage.random
    count = 16
    y = np.linspace(-0.05, random.uniform(0.5, 0.95), count) * stage.height
    x = random.uniform(0.2, 0.8) * stage.width + np.cumsum(random.normal(0, 0.03, count))
    lines = [np.column_stack([x, y])]
    for _ in range(int(random.integers(0, 3))):
        n = int(random.integers(3, count - 4))
        steps = random.normal([0.03 * random.choice([-1, 1]), 0.03], 0.02, (6, 2))
        lines.append(np.concatenate([lines[0][n : n + 1], lines[0][n] + np.cumsum(steps, axis=0)]))
    return lines


def _skyline(stage: Stage) -> Draw:
    random = stage.random
    x = np.linspace(-0.5, stage.width + 0.5, 30)
    y = stage.height * random.uniform(0.7, 0.95) - np.abs(random.normal(0, 0.06, 30))
    outline = np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])
    outline = np.concatenate([outline, [[stage.width + 0.5, stage.height + 0.5], [-0.5, stage.height + 0.5]]])
    tone = brush.colour(random, 0.0, 0.15)
    return lambda view, _t: brush.polygon(view, outline, tone)


def _burst(stage: Stage, begin_s: float) -> tuple[Draw, tuple[float, float], float]:
    random = stage.random
    place = np.array([random.uniform(0.15, 0.85) * stage.width, random.uniform(0.15, 0.5) * stage.height])
    count, speed = int(random.integers(25, 60)), random.uniform(0.6, 1.6)
    angle = random.uniform(0, 2 * np.pi, count)
    speeds = (speed * random.uniform(0.5, 1.0, count))[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    tone, lasts_s, power = brush.colour(random, 0.8, 1.0), random.uniform(0.7, 1.8), random.uniform(0.3, 1.0)
    climbs_s, drag = random.uniform(0.5, 1.0), random.uniform(1.5, 4.0)

    def draw(view: View, time_s: float) -> None:
        age = time_s - begin_s
        if -climbs_s < age < 0:
            tail = place + [0.0, (stage.height - place[1]) * (age / climbs_s) ** 2]
            brush.line(view, [tail, tail + [0.0, 0.03]], 0.006, WARM)
        elif 0 <= age < lasts_s:
            brush.brighten(view, 1.0, 45 * power * np.exp(-age / 0.08))
            brush.glow(view, place, 0.06 + 0.1 * power, 1.6 * power * np.exp(-age / 0.1), tone)
            fade = 1 - age / lasts_s
            reach = speeds * ((1 - np.exp(-drag * age)) / drag) + [0.0, 0.15 * age * age]
            for spark in place + reach:
                brush.disc(view, spark, 0.007 * fade + 0.002, brush.shade(tone, 0.3 + 0.9 * fade))

    return draw, (float(place[0]), float(place[1])), power


def _fireball(stage: Stage, begin_s: float, place: NDArray[np.float64], power: float) -> Draw:
    random = stage.random
    count = int(random.integers(10, 30))
    bits = np.column_stack([random.normal(0, 1.0, count), -random.uniform(0.5, 2.5, count)]) * power
    sizes = random.uniform(0.004, 0.015, count)
    tone, gravity = brush.colour(random, 0.05, 0.4), random.uniform(3.0, 8.0)
    size, decay_s = random.uniform(0.08, 0.25), random.uniform(0.06, 0.2)

    def draw(view: View, time_s: float) -> None:
        age = time_s - begin_s
        if age < 0:
            return
        spread = np.arange(-1, 2)
        puffs = place + np.column_stack([0.14 * spread * (1 + age), -0.15 - 0.05 * spread - 0.2 * age])
        brush.haze(view, puffs, [min(0.1 + 0.36 * age, 0.42)] * 3, [max(0.55 - 0.28 * age, 0.0)] * 3)
        glare = power * np.exp(-age / decay_s)
        ball = size * (1 - np.exp(-age / 0.05))
        if glare > 0.1:
            brush.disc(view, place + [0.0, -0.5 * ball], ball, (255, 120 + 100 * glare, 80 * glare))
        for bit, width in zip(bits, sizes, strict=True):
            brush.disc(view, place + bit * age + [0.0, gravity * age * age / 2], width, tone)
        brush.brighten(view, 1 + 0.8 * glare, 40 * glare)
        brush.glow(view, place, size, 1.5 * glare, WARM)

    return draw


def _lit(stage: Stage, level: Callable[[float], float]) -> Draw:
    """A lamp somewhere whose light follows `level` in 0..1."""
    random = stage.random
    place = (random.uniform(0.1, 0.9) * stage.width, random.uniform(0.1, 0.6) * stage.height)
    size, power, room = random.uniform(0.02, 0.15), random.uniform(0.4, 1.5), random.uniform(0.0, 0.8)
    tone, bulb = brush.colour(random, 0.7, 1.0, vivid=0.6), random.uniform(0.015, 0.05)

    def draw(view: View, time_s: float) -> None:
        light = float(np.clip(level(time_s), 0, 1))
        brush.brighten(view, 1 + room * light)
        brush.disc(view, place, bulb, brush.shade(tone, 0.4 + 0.6 * light))
        brush.glow(view, place, size, power * light, tone)

    return draw


def _switched(stage: Stage) -> Draw:
    """On or off, and it stays so for a second and more."""
    times = np.array(_moments(stage, shortest_s=1.0, longest_s=3.0))
    first, warms_s = int(stage.random.integers(2)), stage.random.uniform(0.005, 0.08)

    def level(time_s: float) -> float:
        n = int(np.searchsorted(times, time_s, side="right"))
        on = (n + first) % 2
        return on if n == 0 else 1 - on + (2 * on - 1) * (1 - np.exp(-(time_s - times[n - 1]) / warms_s))

    return _lit(stage, level)


def _faded(stage: Stage) -> Draw:
    """The whole picture fades in or out."""
    random = stage.random
    begin_s, lasts_s = random.uniform(0, 0.7) * stage.duration_s, random.uniform(0.4, 2.0)
    low, to_white, falls = random.uniform(0.0, 0.5), random.random() < 0.3, random.random() < 0.5

    def draw(view: View, time_s: float) -> None:
        share = ease((time_s - begin_s) / lasts_s)
        share = share if falls else 1 - share
        brush.brighten(view, 1 - (1 - low) * share, 220 * share if to_white else 0.0)

    return draw


def _blinking(stage: Stage) -> Draw:
    """A sign or beacon blinks evenly."""
    rate_hz, share = stage.random.uniform(0.5, 4.0), stage.random.uniform(0.3, 0.7)
    phase = stage.random.random()
    return _lit(stage, lambda t: float((rate_hz * t + phase) % 1 < share))


def _screen(stage: Stage) -> Draw:
    """A screen whose picture changes now and then."""
    random = stage.random
    times = _moments(stage, shortest_s=0.3, longest_s=1.5)
    tones = [brush.colour(random, 0.1, 1.0) for _ in range(len(times) + 1)]
    left, top = random.uniform(0.0, 0.6) * stage.width, random.uniform(0.0, 0.5) * stage.height
    width, height = random.uniform(0.2, 0.5), random.uniform(0.15, 0.35)
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]

    def draw(view: View, time_s: float) -> None:
        tone = tones[int(np.searchsorted(times, time_s, side="right"))]
        brush.polygon(view, corners, tone)
        brush.glow(view, (left + width / 2, top + height / 2), 0.2, 0.15, tone)

    return draw


def _candle(stage: Stage) -> Draw:
    """A flame flickers."""
    flicker = wander(stage.random, 0.25, slowest_hz=1.0, fastest_hz=9.0)
    return _lit(stage, lambda t: 0.6 + flicker(t))


def _headlights(stage: Stage) -> Draw:
    """A light passes by."""
    random = stage.random
    side, speed, enters_s = random.choice([-1, 1]), random.uniform(0.2, 1.0), random.uniform(-0.5, 0.6) * 4
    y, size, power = random.uniform(0.2, 0.9) * stage.height, random.uniform(0.02, 0.1), random.uniform(0.5, 1.5)

    def draw(view: View, time_s: float) -> None:
        gone = speed * (time_s - enters_s) - 0.3
        brush.glow(view, (gone if side > 0 else stage.width - gone, y), size, power, (255, 245, 225))

    return draw


def _beam(stage: Stage) -> Draw:
    """A light goes round and shines into the picture softly each time."""
    rate_hz, narrow = stage.random.uniform(0.2, 1.0), stage.random.uniform(2, 10)
    return _lit(stage, lambda t: (0.5 + 0.5 * float(np.cos(2 * np.pi * rate_hz * t))) ** narrow)
