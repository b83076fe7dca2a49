"""Acts of hands with tools: drumsticks, hammers, knives, fists; they strike, rebound, rest, and sometimes miss.

One number tells how high a tool is lifted: 0 where it touches, 1 at the top of its swing. Its course is a chain of
curves in closed form, so the time of a touch is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events.scenes_stage import Act, Draw, Stage, Touch, ease, wander

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.scenes_brush import Colour, View


@dataclass(frozen=True)
class Part:
    """A stretch of a stroke: the lift goes from `begin` to `end`."""

    start_s: float
    length_s: float
    begin: float
    end: float
    # "ease" softly, "fall" ever faster, "bounce" ever slower
    way: str = "ease"
    power: float = 2.0

    def at(self, time_s: float) -> float:
        """The lift."""
        u = min(max((time_s - self.start_s) / self.length_s, 0.0), 1.0)
        share = {"ease": ease, "fall": lambda u: u**self.power, "bounce": lambda u: 1 - (1 - u) ** self.power}[self.way]
        return self.begin + (self.end - self.begin) * share(u)


@dataclass(frozen=True)
class Stroke:
    """The course of one tool."""

    parts: tuple[Part, ...]
    # when it touches, and how fast the lift falls then, per second
    hits: tuple[tuple[float, float], ...]

    def lift(self, time_s: float) -> float:
        """0 touching .. 1 lifted."""
        starts = [part.start_s for part in self.parts]
        return self.parts[max(int(np.searchsorted(starts, time_s, side="right")) - 1, 0)].at(time_s)


@dataclass(frozen=True)
class Rhythm:
    """How somebody strikes."""

    # seconds from hit to hit, at least
    shortest_s: float
    longest_s: float
    # share of swings that turn back in the air
    feints: float
    # share of the speed it comes back with; 0 rests where it struck
    rebound: float
    # seconds the tool rests on what it struck
    rest_s: float
    power: float = 2.2


def stroke(
    random: np.random.Generator,
    rhythm: Rhythm,
    *,
    start_s: float,
    end_s: float,
    swing_s: tuple[float, float] = (0.1, 0.28),
) -> Stroke:
    """Swings, hits and feints from `start_s` until `end_s`; each comes down within `swing_s`."""
    parts, hits = [Part(-1e3, 1.0, 1.0, 1.0)], list[tuple[float, float]]()
    time_s, lift = start_s, 1.0
    while True:
        period_s = random.uniform(rhythm.shortest_s, rhythm.longest_s)
        raised = random.uniform(0.5, 1.0) if period_s < 0.6 else random.uniform(0.7, 1.0)
        fall_s = min(random.uniform(*swing_s), 0.4 * period_s)
        up_s = period_s - fall_s - (rhythm.rest_s if lift == 0 else 0.0)
        parts += [Part(time_s, up_s * 0.85, lift, raised), Part(time_s + up_s * 0.85, up_s * 0.15, raised, raised)]
        time_s += up_s
        if time_s + fall_s > end_s:
            return Stroke(tuple(parts), tuple(hits))
        if random.random() < rhythm.feints:
            lift = raised * random.uniform(0.25, 0.7)
            parts.append(Part(time_s, 2 * fall_s, raised, lift))
            time_s += 2 * fall_s
            continue
        power = rhythm.power * random.uniform(0.85, 1.15)
        parts.append(Part(time_s, fall_s, raised, 0.0, "fall", power))
        time_s += fall_s
        speed = raised * power / fall_s
        hits.append((time_s, speed))
        lift, lasts_s = _after(rhythm, raised, speed)
        parts.append(Part(time_s, lasts_s, 0.0, lift, "bounce"))
        time_s += lasts_s


def _after(rhythm: Rhythm, raised: float, speed: float) -> tuple[float, float]:
    """(lift it comes back to, seconds that takes)."""
    if rhythm.rebound <= 0:
        return 0.0, max(rhythm.rest_s, 0.01)
    # slowed evenly from rebound * speed to rest
    lift = rhythm.rebound * raised
    return lift, 2 * lift / (rhythm.rebound * speed)


@dataclass(frozen=True)
class Tool:
    """What strikes, when it touches its target at (0, 0) coming from above."""

    # hand to tip
    length: float
    width: float
    # of the tool when it touches: 0 level with the hand on the left, clockwise
    slope: float
    # radians it is turned up at full lift
    turn: float
    # how far the hand goes up at full lift
    rise: float
    head: float
    style: str
    tone: Colour
    sleeve: Colour
    # where the elbow is
    elbow: tuple[float, float]
    metal: Colour = (90.0, 92.0, 98.0)

    @property
    def thick(self) -> float:
        """From its middle line to the face that touches."""
        faces = {"hammer": 1.4 * self.head, "mallet": self.head, "fist": self.head, "knife": 0.0}
        return faces.get(self.style, self.width)

    def pose(self, lift: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(hand, tip) about the place it touches."""
        hand = -self.length * np.array([np.cos(self.slope), np.sin(self.slope)]) + [0.0, -self.rise * lift]
        angle = self.slope - self.turn * lift
        return hand, hand + self.length * np.array([np.cos(angle), np.sin(angle)])

    def speed(self, per_s: float) -> float:
        """Of the tip in short sides per second when the lift falls so fast."""
        small = 1e-4
        return float(np.hypot(*(self.pose(small)[1] - self.pose(0.0)[1]))) / small * per_s


def strike(stage: Stage, rhythm: Rhythm | None = None) -> Act:
    """Sticks, hammers or fists strike things that tremble, swing or give way."""
    random = stage.random
    rhythm = rhythm or _rhythm(stage)
    sides = [int(random.choice([-1, 1]))]
    if not stage.clean and random.random() < 0.3:
        sides = [-1, 1]
    floor = random.uniform(0.5, 0.85) * stage.height
    count = 1 if stage.clean else int(random.choice([1, 1, 2, 3]))
    middle = stage.width * random.uniform(0.3, 0.7)
    xs = np.sort(middle + random.uniform(-0.25, 0.25, count) * stage.width)
    tilt = 0.0 if random.random() < 0.7 else random.uniform(-1.6, 1.6)
    draw, touches = [], []
    hits: list[list[float]] = [[] for _ in xs]
    for side in sides:
        course = stroke(random, rhythm, start_s=random.uniform(0.0, 0.6), end_s=stage.duration_s)
        chosen = random.integers(0, count, len(course.hits) + 1)
        tool = some_tool(stage)
        place = _aimed(course, np.column_stack([xs, np.full(count, floor)])[chosen])
        draw.append(arm(stage, tool, course, place, side=side, tilt=tilt))
        for (time_s, per_s), n in zip(course.hits, chosen, strict=False):
            hits[n].append(time_s)
            touches.append(Touch(time_s, "contact", float(xs[n]), floor, tool.speed(per_s)))
    things = [_thing(stage, (float(x), floor), tuple(sorted(times)), tilt) for x, times in zip(xs, hits, strict=True)]
    return Act((*things, *draw), tuple(touches), "room", floor + random.uniform(0.0, 0.3))


def chop(stage: Stage) -> Act:
    """A knife goes through something on a board, again and again, and moves on."""
    random = stage.random
    pace = random.uniform(0.3, 0.7) if not stage.clean else random.uniform(0.4, 0.7)
    rhythm = Rhythm(pace, pace * random.uniform(1.02, 1.3), 0.0, 0.0, random.uniform(0.02, 0.08), 1.7)
    course = stroke(random, rhythm, start_s=random.uniform(0.0, 0.8), end_s=stage.duration_s)
    floor, side = random.uniform(0.6, 0.85) * stage.height, int(random.choice([-1, 1]))
    x0, x1 = stage.width * random.uniform(0.35, 0.65) + np.array([0.1, -0.1]) * side
    share = np.linspace(0, 1, len(course.hits) + 1)[:, None]
    stops = np.array([[x0, floor]]) * (1 - share) + np.array([[x1, floor]]) * share
    tool = replace(some_tool(stage), style="knife", slope=random.uniform(0.0, 0.06), turn=random.uniform(0.15, 0.5))
    tool = replace(tool, rise=random.uniform(0.02, 0.12), length=random.uniform(0.25, 0.45))
    place = _aimed(course, stops)
    touches = [
        Touch(time_s, "contact", float(stop[0]), floor, tool.speed(per_s))
        for (time_s, per_s), stop in zip(course.hits, stops, strict=False)
    ]
    food = _food(stage, floor, float(x0), float(x1))
    return Act((food, arm(stage, tool, course, place, side=side, tilt=0.0)), tuple(touches), "room", floor)


def clap(stage: Stage) -> Act:
    """Two hands, two glasses, two blades come together."""
    random = stage.random
    course = stroke(random, _rhythm(stage), start_s=random.uniform(0.0, 0.6), end_s=stage.duration_s)
    place = np.array([stage.width * random.uniform(0.3, 0.7), stage.height * random.uniform(0.3, 0.7)])
    tools = [replace(some_tool(stage), style="stick", rise=0.0) for _ in "lr"]
    share = random.uniform(0.2, 0.8)
    draw = []
    for tool, side, part in zip(tools, (-1, 1), (share, 1 - share), strict=True):
        # each goes its part of the way; turned so that they come from the sides
        slow = replace(tool, turn=tool.turn * 2 * part)
        draw.append(arm(stage, slow, course, lambda t: place, side=side, tilt=-side * random.uniform(0.9, 1.5)))
    speed = sum(replace(t, turn=t.turn * 2 * p).speed(1.0) for t, p in zip(tools, (share, 1 - share), strict=True))
    touches = tuple(Touch(s, "collision", float(place[0]), float(place[1]), speed * v) for s, v in course.hits)
    return Act(tuple(draw), touches, "room", stage.height * random.uniform(0.6, 1.2))


def feint(stage: Stage) -> Act:
    """Swings that all turn back in the air."""
    return strike(stage, replace(_rhythm(stage), feints=1.0))


def _rhythm(stage: Stage) -> Rhythm:
    random = stage.random
    shortest_s = random.uniform(0.22, 0.8) if not stage.clean else random.uniform(0.4, 0.9)
    rebound = random.choice([0.0, random.uniform(0.1, 0.5)])
    return Rhythm(
        shortest_s,
        shortest_s * random.uniform(1.1, 2.5),
        0.0 if stage.clean else float(random.choice([0.0, 0.15, 0.35])),
        float(rebound),
        random.uniform(0.02, 0.3 * shortest_s),
        random.uniform(1.8, 3.0),
    )


def some_tool(stage: Stage) -> Tool:
    """A stick, hammer, mallet or fist."""
    random = stage.random
    style = str(random.choice(["stick", "hammer", "fist", "mallet"]))
    length = random.uniform(0.06, 0.14) if style == "fist" else random.uniform(0.2, 0.5)
    skin = brush.colour(random, 0.35, 0.9, vivid=0.45)
    tool = Tool(
        length,
        random.uniform(0.008, 0.03),
        random.uniform(0.0, 0.15 if style == "hammer" else 0.5),
        random.uniform(0.35, 1.2),
        random.uniform(0.15, 0.4) if style == "fist" else random.uniform(0.0, 0.25),
        random.uniform(0.03, 0.09),
        style,
        brush.colour(random, 0.1, 0.9),
        skin if random.random() < 0.5 else brush.colour(random, 0.1, 0.9),
        (-length - random.uniform(0.25, 0.5), random.uniform(-0.2, 0.4)),
    )
    if not stage.clean:
        return tool
    return replace(tool, tone=brush.pale(tool.tone), sleeve=brush.pale(tool.sleeve), metal=brush.pale(tool.metal))


def _aimed(course: Stroke, stops: NDArray[np.float64]) -> Callable[[float], NDArray[np.float64]]:
    """Where the tool is aimed: stop n [N, 2] at hit n, moved over while it is in the air."""
    times = [time_s for time_s, _ in course.hits]

    def at(time_s: float) -> NDArray[np.float64]:
        n = int(np.searchsorted(times, time_s, side="right"))
        if n == 0 or n >= len(times):
            return stops[min(n, len(stops) - 1) if n == 0 else n - 1]
        gap_s = times[n] - times[n - 1]
        share = ease((time_s - times[n - 1] - 0.25 * gap_s) / (0.45 * gap_s))
        return stops[n - 1] + (stops[n] - stops[n - 1]) * share

    return at


def arm(
    stage: Stage,
    tool: Tool,
    course: Stroke,
    place: Callable[[float], NDArray[np.float64]],
    *,
    side: int,
    tilt: float,
) -> Draw:
    """Forearm, hand and tool; `side` 1 comes from the left, -1 from the right."""
    flip = np.array([side, 1.0])
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    wrist = stage.random.uniform(0.025, 0.05)
    # half the tool's thickness lies between its middle line and what it touches
    above = np.array([0.0, -tool.thick])
    # the free hand is never still, but where it strikes it strikes
    drift = wander(stage.random, 0.0 if stage.clean else 0.03, fastest_hz=2.0)

    def draw(view: View, time_s: float) -> None:
        lift = course.lift(time_s)
        sway = np.array([drift(time_s) * lift, 0.0])
        hand, tip, elbow = (
            place(time_s) + turn @ (flip * (point + sway + above)) for point in (*tool.pose(lift), np.array(tool.elbow))
        )
        brush.capsule(view, elbow, hand, (1.5 * wrist, wrist), tool.sleeve)
        _draw_tool(view, tool, hand, tip)
        brush.disc(view, hand, 1.15 * wrist, brush.shade(tool.sleeve, 0.9))

    return draw


def _draw_tool(view: View, tool: Tool, hand: NDArray[np.float64], tip: NDArray[np.float64]) -> None:
    along = (tip - hand) / np.hypot(*(tip - hand))
    across = np.array([-along[1], along[0]])
    if tool.style == "knife":
        down = across * np.sign(across[1] or 1.0)
        # the edge of the blade touches, not its back
        blade = [hand, tip - down * 0.1 * tool.length, tip, hand + down * 0.02]
        brush.polygon(view, blade, (205, 210, 215))
        return
    brush.capsule(view, hand, tip, (tool.width, tool.width), tool.tone)
    if tool.style == "hammer":
        side, reach = across * tool.head * 1.4, along * tool.head / 2
        corners = [tip + a * side + b * reach for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        brush.polygon(view, corners, tool.metal)
    elif tool.style == "mallet":
        brush.disc(view, tip, tool.head, brush.shade(tool.tone, 0.6))
    elif tool.style == "fist":
        brush.disc(view, tip, tool.head, brush.shade(tool.sleeve, 0.95))


def _thing(stage: Stage, place: tuple[float, float], times: tuple[float, ...], tilt: float) -> Draw:
    """What is struck: its top middle is at `place`; it answers each hit in its own way and comes to rest."""
    random = stage.random
    width, height = random.uniform(0.08, 0.4), random.uniform(0.04, 0.4)
    style = str(random.choice(["drum", "box", "cymbal", "slab"]))
    if style == "cymbal":
        height = random.uniform(0.008, 0.02)
    skin = brush.box(random, width, height, stage.step)
    skin = brush.paled(skin) if stage.clean else skin
    stand = brush.colour(random, 0.1, 0.6)
    answer = str(random.choice(["none", "shake"] if stage.clean else ["none", "shake", "swing", "shift"]))
    size = random.uniform(0.05, 0.25) if answer == "swing" else random.uniform(0.003, 0.02)
    size = 0.0 if answer == "none" else size
    rate_hz, decay_s = random.uniform(2.0, 12.0), random.uniform(0.08, 0.5)
    down = np.array([-np.sin(tilt), np.cos(tilt)])
    across = np.array([down[1], -down[0]])
    middle = np.array(place) + down * height / 2

    def draw(view: View, time_s: float) -> None:
        since = np.array([time_s - t for t in times if t <= time_s])
        wave = float(np.sum(np.exp(-since / decay_s) * np.sin(2 * np.pi * rate_hz * since))) * size
        if style in ("cymbal", "drum"):
            brush.line(view, [middle, np.array([middle[0], stage.height + 1])], 0.015, stand)
        if answer == "swing":
            brush.stamp(view, skin, middle, angle=tilt + wave)
        else:
            brush.stamp(view, skin, middle + (across * wave if answer == "shake" else down * abs(wave)), angle=tilt)

    return draw


def _food(stage: Stage, floor: float, x0: float, x1: float) -> Draw:
    random = stage.random
    board = brush.box(random, abs(x1 - x0) + 0.35, 0.03, stage.step)
    food = brush.ball(random, random.uniform(0.04, 0.08), stage.step)

    def draw(view: View, _time_s: float) -> None:
        brush.stamp(view, board, ((x0 + x1) / 2, floor + 0.015))
        for share in (0.1, 0.5, 0.9):
            brush.stamp(view, food, (x0 + (x1 - x0) * share, floor - 0.03), scale=(1.0, 0.8))

    return draw
