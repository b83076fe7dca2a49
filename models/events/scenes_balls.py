"""Acts of balls and boxes: dropped, thrown at walls, rolled, slid, shot at each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events.scenes_bodies import Body, Room, along_floor, play, start
from models.events.scenes_stage import Act, Draw, Stage, Touch
from models.events.scenes_strokes import Part, Stroke

if TYPE_CHECKING:
    from models.events.scenes_bodies import Leg, Record
    from models.events.scenes_brush import View

# (restitution, density) of clay, wood, glass, rubber, leather, steel
MAKES = ((0.05, 1.6), (0.5, 0.7), (0.6, 2.5), (0.82, 1.1), (0.72, 0.2), (0.65, 7.8))
# a bounce that flies shorter than this is not flown
CLEAN_SETTLE_S = 0.24


def drop(stage: Stage) -> Act | None:
    """Balls fall into the picture and bounce, until they lie or leave."""
    random = stage.random
    room = _room(stage, floor=random.uniform(0.7, 0.95) * stage.height)
    count = 1 if stage.clean else int(random.choice([1, 2, 3]))
    bodies = tuple(_ball(stage) for _ in range(count))
    together = random.random() < 0.3
    first_s = random.uniform(0.0, 0.5 * stage.duration_s)
    starts = []
    for n in range(count):
        begin_s = first_s if together else random.uniform(0.0, 0.7 * stage.duration_s)
        begin_s = random.uniform(-0.3, 1.0) if stage.clean else begin_s
        # each has its own lane, for balls here pass each other in depth
        x = stage.width * (n + random.uniform(0.2, 0.8)) / count
        speed = random.choice([0.0, random.uniform(-0.5, 0.5) * stage.width])
        starts.append(start(begin_s, (x, random.uniform(-0.5, -0.15)), (speed, random.uniform(0.0, 0.5)), room))
    return _alone(stage, bodies, tuple(starts), room)


def stairs(stage: Stage) -> Act | None:
    """A ball hops down a flight of steps, or rolls over a table's edge and falls."""
    random = stage.random
    count = int(random.integers(1, 5))
    ends = np.sort(random.uniform(0.2, 0.95, count)) * stage.width
    heights = np.linspace(random.uniform(0.3, 0.6), random.uniform(0.75, 0.95), count + 1) * stage.height
    floors = tuple(zip([*ends.tolist(), np.inf], heights.tolist(), strict=True))
    room = Room(random.uniform(4.0, 12.0), floors)
    body = _ball(stage)
    begin_s = random.uniform(0.0, 0.35 * stage.duration_s)
    speed = random.uniform(0.15, 0.6) * stage.width
    first = (
        along_floor(begin_s, -body.half[0], speed, body, room)
        if random.random() < 0.5
        else start(begin_s, (random.uniform(-0.1, 0.2) * stage.width, -body.half[1]), (speed, 0.0), room)
    )
    return _acted(stage, play((body,), (first,), room, until_s=stage.duration_s), steps=True)


def wall(stage: Stage) -> Act | None:
    """Balls go to and fro between walls, in the air over a floor or seen from above."""
    random = stage.random
    above = bool(random.random() < 0.5)
    left, right = random.uniform(0.0, 0.15) * stage.width, random.uniform(0.85, 1.0) * stage.width
    body = _ball(stage, lively=True)
    speed = random.choice([-1, 1]) * random.uniform(0.7, 2.2)
    # on its way already when the clip begins
    begin_s = random.uniform(-0.5, -0.05)
    place = (random.uniform(0.3, 0.7) * stage.width, random.uniform(0.2, 0.5) * stage.height)
    if above:
        bottom, top = random.uniform(0.85, 1.0) * stage.height, random.uniform(0.0, 0.15) * stage.height
        room = Room(0.0, ((np.inf, bottom),), left, right, top, drag=random.uniform(0.0, 0.2))
        begin = start(begin_s, place, (speed, random.uniform(-0.8, 0.8)), room)
    else:
        floor = random.uniform(0.75, 0.95) * stage.height
        room = Room(random.uniform(2.0, 8.0), ((np.inf, floor),), left, right)
        begin = (
            start(begin_s, place, (speed, random.uniform(-1.0, 0.3)), room)
            if random.random() < 0.5
            else along_floor(begin_s, place[0], speed, body, room)
        )
    return _acted(stage, play((body,), (begin,), room, until_s=stage.duration_s))


def collision(stage: Stage) -> Act | None:
    """Balls meet in the air or on the ground."""
    random = stage.random
    floor = random.uniform(0.65, 0.95) * stage.height
    thrown = random.random() < 0.4
    # what is thrown across the picture in a second must not fall through it
    room = Room(random.uniform(1.5, 4.0) if thrown else random.uniform(4.0, 12.0), ((np.inf, floor),))
    bodies = (_ball(stage), _ball(stage))
    meet_s, x = random.uniform(0.25, 0.7) * stage.duration_s, random.uniform(0.3, 0.7) * stage.width
    if not thrown:
        starts = _rolled_together(stage, bodies, room, meet_s=meet_s, x=x)
    else:
        starts = _thrown_together(stage, bodies, room, meet_s=meet_s, place=(x, random.uniform(0.3, 0.9) * floor))
    record = play(bodies, starts, room, until_s=stage.duration_s)
    return _acted(stage, record, needs="collision")


def _rolled_together(stage: Stage, bodies: tuple[Body, ...], room: Room, *, meet_s: float, x: float) -> tuple[Leg, ...]:
    random = stage.random
    side, speed = random.choice([-1, 1]), random.uniform(0.5, 1.8)
    # the second waits, or comes the other way
    other = random.choice([0.0, random.uniform(0.3, 1.2)])
    run_s = min(meet_s, 1.5)
    push_s = random.uniform(0.3, 0.7)
    start_x = x - side * (speed * run_s + bodies[0].half[0])
    first = along_floor(meet_s - run_s, start_x, side * speed, bodies[0], room, push_s=push_s)
    place = x + side * (other * run_s + bodies[1].half[0])
    return first, along_floor(meet_s - run_s, place, -side * other, bodies[1], room, push_s=push_s)


def _thrown_together(
    stage: Stage, bodies: tuple[Body, ...], room: Room, *, meet_s: float, place: tuple[float, float]
) -> tuple[Leg, ...]:
    """Each flies in from its side of the picture, then they touch at `place`."""
    random = stage.random
    tilt = random.uniform(-0.5, 0.5)
    towards = np.array([np.cos(tilt), np.sin(tilt)])
    starts = []
    for body, side in zip(bodies, (-1, 1), strict=True):
        meeting = np.array(place) + side * towards * body.half[0]
        speed, falls = random.uniform(0.7, 2.2), random.uniform(-0.5, 0.5)
        outside = stage.width + body.half[0] if side > 0 else -body.half[0]
        flight_s = (outside - meeting[0]) / (side * speed)
        y = meeting[1] - falls * flight_s - room.gravity * flight_s**2 / 2
        starts.append(start(meet_s - flight_s, (outside, float(y)), (-side * speed, falls), room))
    return tuple(starts)


def billiard(stage: Stage) -> Act | None:
    """Balls on a table seen from above."""
    random = stage.random
    rim = random.uniform(0.02, 0.12)
    room = Room(
        0.0,
        ((np.inf, stage.height - rim),),
        rim,
        stage.width - rim,
        rim,
        drag=random.uniform(0.1, 0.5),
    )
    radius = random.uniform(0.035, 0.09)
    bodies = tuple(Body((radius, radius), 1.0, random.uniform(0.8, 0.97)) for _ in range(int(random.integers(2, 6))))
    places = _scattered(stage, len(bodies), radius, rim)
    if places is None:
        return None
    begin_s = random.uniform(0.2, 0.4 * stage.duration_s)
    aim = places[1] - places[0] + random.uniform(-0.5, 0.5, 2) * radius
    shot = aim / np.hypot(*aim) * random.uniform(0.8, 2.5)
    speeds = [shot, *[np.zeros(2)] * (len(bodies) - 1)]
    starts = tuple(
        start(begin_s, (float(p[0]), float(p[1])), (float(v[0]), float(v[1])), room)
        for p, v in zip(places, speeds, strict=True)
    )
    act = _acted(stage, play(bodies, starts, room, until_s=stage.duration_s), needs="collision", table=True)
    return act and _shot(stage, act, begin_s, places[0], shot / np.hypot(*shot), radius)


def _shot(stage: Stage, act: Act, hit_s: float, place: np.ndarray, way: np.ndarray, radius: float) -> Act:
    """With the cue that starts it all."""
    random = stage.random
    back, swing_s, power = random.uniform(0.1, 0.3), random.uniform(0.12, 0.3), random.uniform(1.5, 2.5)
    course = Stroke(
        (
            Part(-1e3, 1.0, 0.1, 0.1),
            Part(hit_s - swing_s - 0.6, 0.6, 0.1, 1.0),
            Part(hit_s - swing_s, swing_s, 1.0, 0.0, "fall", power),
            Part(hit_s, 0.15, 0.0, -0.2, "bounce"),
            Part(hit_s + 0.4, 0.8, -0.2, 1.5),
        ),
        ((hit_s, power / swing_s),),
    )
    tone = brush.colour(random, 0.2, 0.9)

    def draw(view: View, time_s: float) -> None:
        tip = place - way * (radius + back * course.lift(time_s))
        brush.capsule(view, tip - 1.2 * way, tip - 0.008 * way, (0.02, 0.008), tone)

    point = place - way * radius
    touch = Touch(hit_s, "collision", float(point[0]), float(point[1]), back * power / swing_s)
    return replace(act, draw=(*act.draw, draw), touches=(touch, *act.touches))


def _scattered(stage: Stage, count: int, radius: float, rim: float) -> list[np.ndarray] | None:
    places: list[np.ndarray] = []
    for _ in range(60):
        low, high = rim + 1.5 * radius, np.array([stage.width, stage.height]) - rim - 1.5 * radius
        place = stage.random.uniform(low, high)
        if all(np.hypot(*(place - other)) > 2.5 * radius for other in places):
            places.append(place)
        if len(places) == count:
            return places
    return None


def roll(stage: Stage) -> Act | None:
    """A ball rolls, which is no event, until it hits something; sometimes it just rolls out."""
    random = stage.random
    room = _room(stage, floor=random.uniform(0.6, 0.95) * stage.height)
    side = 1 if random.random() < 0.5 else -1
    body = _ball(stage)
    stop = random.uniform(0.5, 0.95) * stage.width
    limits = (-np.inf, stop) if side > 0 else (stage.width - stop, np.inf)
    room = Room(room.gravity, room.floors, *(limits if random.random() < 0.8 else (-np.inf, np.inf)))
    x = -body.half[0] if side > 0 else stage.width + body.half[0]
    begin = along_floor(random.uniform(0, 0.4 * stage.duration_s), x, side * random.uniform(0.4, 1.5), body, room)
    return _acted(stage, play((body,), (begin,), room, until_s=stage.duration_s))


def box(stage: Stage) -> Act | None:
    """A box slides and stops against a wall, or against another box."""
    random = stage.random
    floor, friction = random.uniform(0.6, 0.95) * stage.height, random.uniform(0.02, 0.2)
    side = 1 if random.random() < 0.5 else -1
    stop = random.uniform(0.6, 0.95) * stage.width
    left, right = (-np.inf, stop) if side > 0 else (stage.width - stop, np.inf)
    room = Room(random.uniform(4.0, 12.0), ((np.inf, floor),), left, right)
    moving = _box(stage, friction)
    speed = side * random.uniform(0.7, 2.2)
    x = stage.width * random.uniform(0.0, 0.2) if side > 0 else stage.width * random.uniform(0.8, 1.0)
    begin_s = random.uniform(0.2, 0.5 * stage.duration_s)
    bodies: tuple[Body, ...] = (moving,)
    starts: tuple[Leg, ...] = (along_floor(begin_s, x, speed, moving, room, push_s=random.uniform(0.3, 0.7)),)
    if random.random() < 0.35:
        second = _box(stage, friction)
        waits = random.uniform(0.45, 0.6) * stage.width
        bodies, starts = (moving, second), (*starts, along_floor(begin_s, waits, 0.0, second, room))
    record = play(bodies, starts, room, until_s=stage.duration_s)
    return _acted(stage, record, needs="")


def pass_by(stage: Stage) -> Act | None:
    """Balls that fly, roll and cross before each other and touch nothing in the picture."""
    random = stage.random
    # the floor lies below the picture, so nobody sees them land
    room = Room(random.uniform(2.0, 9.0), ((np.inf, stage.height + 0.5),))
    bodies = tuple(_ball(stage, lively=True) for _ in range(int(random.integers(1, 4))))
    starts = []
    for body in bodies:
        x, speed = random.uniform(0.1, 0.9) * stage.width, random.uniform(-0.6, 0.6)
        rise = np.sqrt(2 * room.gravity * random.uniform(0.6, 1.3) * stage.height)
        place = (x, stage.height + 0.5 - body.half[1])
        starts.append(start(random.uniform(0, 0.4) * stage.duration_s, place, (speed, -rise), room))
    return _alone(stage, bodies, tuple(starts), room)


def _alone(stage: Stage, bodies: tuple[Body, ...], starts: tuple[Leg, ...], room: Room) -> Act | None:
    """Bodies that pass each other in depth: each is played for itself."""
    records = [
        play((body,), (begin,), room, until_s=stage.duration_s) for body, begin in zip(bodies, starts, strict=True)
    ]
    acts = [_acted(stage, record) for record in records]
    first = acts[0]
    if first is None or any(act is None for act in acts):
        return None
    draw = tuple(one for act in acts if act for one in act.draw)
    touches = tuple(touch for act in acts if act for touch in act.touches)
    return Act(draw, touches, first.backdrop, first.horizon)


def _acted(
    stage: Stage, record: Record | None, *, needs: str = "", steps: bool = False, table: bool = False
) -> Act | None:
    """The act of what was played; None without the contact it was made for."""
    if record is None or (needs and not any(touch.kind == needs for touch in record.touches)):
        return None
    room = record.room
    floor = room.floors[0][1]
    seen_from_above = table or not room.gravity
    draw = [_walls(stage, room)]
    if steps:
        draw.append(_steps(stage, room))
    draw += [_body(stage, record, n, shaded=not seen_from_above) for n in range(len(record.bodies))]
    horizon = 2 * stage.height if steps else floor
    return Act(tuple(draw), tuple(record.touches), "table" if seen_from_above else "room", horizon)


def _body(stage: Stage, record: Record, n: int, *, shaded: bool) -> Draw:
    random, body = stage.random, record.bodies[n]
    half_x, half_y = body.half
    skin = brush.ball(random, half_x, stage.step) if body.round else _crate(stage, body)
    skin = brush.paled(skin) if stage.clean else skin
    shade = brush.shadow(1.2 * half_x, stage.step) if shaded and random.random() < 0.6 else None
    floors = record.room.floors

    def draw(view: View, time_s: float) -> None:
        place, angle = record.at(n, time_s)
        if shade is not None:
            floor = next(y for end, y in floors if place[0] < end)
            above = max(floor - half_y - place[1], 0.0)
            # the higher, the wider and fainter
            spread = 1 + 1.5 * above
            brush.stamp(view, shade, (place[0], floor), scale=(spread, 0.25 * spread), alpha=0.7 / (1 + 6 * above))
        brush.stamp(view, skin, place, angle=angle if body.round else 0.0)

    return draw


def _crate(stage: Stage, body: Body) -> brush.Stamp:
    return brush.box(stage.random, 2 * body.half[0], 2 * body.half[1], stage.step)


def _walls(stage: Stage, room: Room) -> Draw:
    tone = brush.colour(stage.random, 0.15, 0.8, vivid=0.6)
    low = min(room.floors[-1][1], stage.height + 1)
    far = 1.0 + max(stage.width, stage.height)
    sides = []
    # a wall as high as the picture on each side that has one
    if np.isfinite(room.left):
        sides.append((-far, -far, room.left, low))
    if np.isfinite(room.right):
        sides.append((room.right, -far, stage.width + far, low))
    if np.isfinite(room.top):
        sides += [(-far, -far, stage.width + far, room.top), (-far, low, stage.width + far, stage.height + far)]

    def draw(view: View, _time_s: float) -> None:
        for left, top, right, bottom in sides:
            brush.polygon(view, [(left, top), (right, top), (right, bottom), (left, bottom)], tone)

    return draw


def _steps(stage: Stage, room: Room) -> Draw:
    tone = brush.colour(stage.random, 0.15, 0.8, vivid=0.6)
    far = 1.0 + max(stage.width, stage.height)

    def draw(view: View, _time_s: float) -> None:
        left = -far
        for n, (end, y) in enumerate(room.floors):
            right = min(end, stage.width + far)
            shade = brush.shade(tone, 1 - 0.1 * n)
            brush.polygon(view, [(left, y), (right, y), (right, stage.height + far), (left, stage.height + far)], shade)
            left = right

    return draw


def _room(stage: Stage, *, floor: float) -> Room:
    # the short side of the picture shows between one and three metres
    return Room(stage.random.uniform(3.3, 10.0), ((np.inf, floor),), settle_s=CLEAN_SETTLE_S if stage.clean else 0.13)


def _ball(stage: Stage, *, lively: bool = False) -> Body:
    random = stage.random
    radius = float(np.exp(random.uniform(np.log(0.06 if stage.clean else 0.035), np.log(0.16))))
    bounce, density = MAKES[int(random.integers(1 if lively else 0, len(MAKES)))]
    bounce = float(np.clip(bounce + random.uniform(-0.1, 0.1), 0.0, 0.92))
    return Body((radius, radius), density * radius**3, max(bounce, 0.6) if lively else bounce)


def _box(stage: Stage, friction: float) -> Body:
    random = stage.random
    half_x, half_y = random.uniform(0.05, 0.16), random.uniform(0.05, 0.16)
    return Body((half_x, half_y), half_x * half_y, random.uniform(0.0, 0.3), friction, round=False)
