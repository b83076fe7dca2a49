"""Bodies that fly, bounce, roll, slide and collide, solved from contact to contact.

Between contacts each body has a constant acceleration, so the time of a contact is a root of a polynomial and exact
to rounding; nothing is stepped frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from models.events.scenes_stage import QUIET, Touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

# more contacts than this in one scene: something rattles for ever
MAX_CONTACTS = 250


@dataclass(frozen=True)
class Body:
    """A ball, or a box that does not turn."""

    # half its width and half its height
    half: tuple[float, float]
    mass: float
    restitution: float
    # share of gravity that slows it along the ground: about 0.01 rolling, 0.3 sliding
    friction: float = 0.01
    round: bool = True


@dataclass(frozen=True)
class Room:
    """What bodies bounce off."""

    # short sides per second squared; 0 when seen from above
    gravity: float
    # (reaches to this x, lies at this y), from left to right, each no higher than the one before
    floors: tuple[tuple[float, float], ...] = ((np.inf, np.inf),)
    left: float = -np.inf
    right: float = np.inf
    top: float = -np.inf
    # slows what slides on a table seen from above, short sides per second squared
    drag: float = 0.0
    # a bounce whose flight would be shorter is not flown: the body stays on the ground
    settle_s: float = 0.13


@dataclass(frozen=True)
class Leg:
    """Motion of one body from `time_s` on: constant acceleration."""

    time_s: float
    place: NDArray[np.float64]
    velocity: NDArray[np.float64]
    pull: NDArray[np.float64]
    angle: float = 0.0
    spin: float = 0.0
    grounded: bool = False
    # a first leg is reached from rest by an even push of so long: nothing seen starts with a jerk
    push_s: float = 0.0

    def at(self, time_s: float) -> tuple[NDArray[np.float64], float]:
        """(place [2], angle)."""
        t = time_s - self.time_s
        return self.place + self.velocity * t + self.pull * (t * t / 2), self.angle + self.spin * t

    def moved(self, time_s: float) -> Leg:
        """The same motion written from a later instant."""
        place, angle = self.at(time_s)
        velocity = self.velocity + self.pull * (time_s - self.time_s)
        return Leg(time_s, place, velocity, self.pull, angle, self.spin, self.grounded)


@dataclass
class Record:
    """Every body's path, and the contacts met on the way."""

    bodies: tuple[Body, ...]
    room: Room
    paths: list[list[Leg]]
    touches: list[Touch] = field(default_factory=list)

    def at(self, body: int, time_s: float) -> tuple[NDArray[np.float64], float]:
        """(place [2], angle) of a body."""
        path = self.paths[body]
        n = next((n for n in range(len(path) - 1, -1, -1) if path[n].time_s <= time_s), 0)
        return path[n].at(time_s)


def play(bodies: tuple[Body, ...], starts: tuple[Leg, ...], room: Room, *, until_s: float) -> Record | None:
    """Follow all bodies from contact to contact.

    Parameters
    ----------
    bodies, starts : tuple
        The bodies and where each is let go; before its start a body waits at that place.
    room : Room
        Floors, walls, gravity.
    until_s : float
        End of the scene.

    Returns
    -------
    Record or None
        None when the bodies rattle for ever (more than `MAX_CONTACTS`).
    """
    record = Record(bodies, room, [_waiting(start) for start in starts])
    for _ in range(MAX_CONTACTS):
        time_s, body, what = _next(record)
        if time_s > until_s:
            return record
        if isinstance(what, int):
            _collide(record, time_s, body, what)
        else:
            _meet(record, time_s, body, what)
    return None


def start(time_s: float, place: tuple[float, float], velocity: tuple[float, float], room: Room) -> Leg:
    """A body let go in the air, or on a table seen from above when there is no gravity."""
    leg = Leg(time_s, np.array(place), np.array(velocity), np.array([0.0, room.gravity]))
    return leg if room.gravity else _sliding(leg, Body((0.0, 0.0), 1.0, 1.0), room)


def along_floor(time_s: float, x: float, speed: float, body: Body, room: Room, *, push_s: float = 0.0) -> Leg:
    """A body that rolls or slides on the floor."""
    floor = next(y for end, y in room.floors if x < end)
    place, velocity = np.array([x, floor - body.half[1]]), np.array([speed, 0.0])
    return replace(_sliding(Leg(time_s, place, velocity, np.zeros(2)), body, room), push_s=push_s)


def _waiting(leg: Leg) -> list[Leg]:
    if leg.push_s <= 0:
        return [Leg(-1e3, leg.place, np.zeros(2), np.zeros(2), leg.angle), leg]
    begin_s, place = leg.time_s - leg.push_s, leg.place - leg.velocity * leg.push_s / 2
    angle = leg.angle - leg.spin * leg.push_s / 2
    rest = Leg(-1e3, place, np.zeros(2), np.zeros(2), angle)
    return [rest, Leg(begin_s, place, np.zeros(2), leg.velocity / leg.push_s, angle, leg.spin / 2), leg]


def _next(record: Record) -> tuple[float, int, str | int]:
    best: tuple[float, int, str | int] = (np.inf, -1, "")
    for n, body in enumerate(record.bodies):
        leg = record.paths[n][-1]
        found = [*_walls(leg, body, record.room), _ground(leg, body, record.room)]
        found += [(_meeting(record, n, other), other) for other in range(n)]
        for time_s, what in found:
            if time_s < best[0]:
                best = (time_s, n, what)
    return best


def _walls(leg: Leg, body: Body, room: Room) -> list[tuple[float, str | int]]:
    """When it reaches each side; the top counts only for a table seen from above."""
    half_x, half_y = body.half
    times: list[tuple[float, str | int]] = [
        (_reach(leg, 0, room.right - half_x, 1), "right"),
        (_reach(leg, 0, room.left + half_x, -1), "left"),
    ]
    return [*times, (_reach(leg, 1, room.top + half_y, -1), "top")] if room.top > -np.inf else times


def _ground(leg: Leg, body: Body, room: Room) -> tuple[float, str | int]:
    """When it lands, comes to rest, or runs over an edge, whichever is first."""
    if not leg.grounded or not room.gravity:
        lands = min(_landing(leg, body, room, n) for n in range(len(room.floors)))
        rests = _rest(leg) if leg.grounded else np.inf
        return min((lands, "floor"), (rests, "rest"))
    edges = [_reach(leg, 0, end, 1) for end, _ in room.floors if end < np.inf]
    return min((_rest(leg), "rest"), (min(edges, default=np.inf), "edge"))


def _landing(leg: Leg, body: Body, room: Room, n: int) -> float:
    end, floor = room.floors[n]
    begin = room.floors[n - 1][0] if n else -np.inf
    time_s = _reach(leg, 1, floor - body.half[1], 1)
    return time_s if np.isfinite(time_s) and begin <= leg.at(time_s)[0][0] < end else np.inf


def _rest(leg: Leg) -> float:
    pull = float(np.hypot(*leg.pull))
    return leg.time_s + float(np.hypot(*leg.velocity)) / pull if pull > 0 else np.inf


def _reach(leg: Leg, axis: int, limit: float, side: int) -> float:
    """First time the coordinate passes `limit` going to `side` (1 or -1)."""
    if not np.isfinite(limit):
        return np.inf
    gap, speed, pull = side * (leg.place[axis] - limit), side * leg.velocity[axis], side * leg.pull[axis]
    if abs(pull) < 1e-12:
        t = -gap / speed if speed > 1e-12 else np.inf
    else:
        root = speed * speed - 2 * pull * gap
        # the later root of a growing parabola, the earlier of a shrinking one: there it moves towards the limit
        t = (-speed + np.sqrt(root)) / pull if root >= 0 else np.inf
    return leg.time_s + max(t, 0.0) if -1e-9 < t < np.inf and speed + pull * t > 1e-9 else np.inf


def _meeting(record: Record, first: int, second: int) -> float:
    """When two bodies touch while closing: the first such root of a quartic."""
    a, b = record.paths[first][-1], record.paths[second][-1]
    begin = max(a.time_s, b.time_s)
    a, b = a.moved(begin), b.moved(begin)
    one, two = record.bodies[first], record.bodies[second]
    gap, drift, pull = a.place - b.place, a.velocity - b.velocity, (a.pull - b.pull) / 2
    if not (one.round and two.round):
        # boxes on one floor meet side to side
        gap, drift, pull = gap[:1], drift[:1], pull[:1]
    reach = one.half[0] + two.half[0]
    square = np.array([pull @ pull, 2 * pull @ drift, drift @ drift + 2 * pull @ gap, 2 * gap @ drift, gap @ gap])
    square[4] -= reach * reach
    if not np.any(np.abs(square[:4]) > 1e-14):
        return np.inf
    roots = np.roots(np.where(np.abs(square) < 1e-14, 0.0, square))
    real = np.sort(roots[np.abs(roots.imag) < 1e-9].real)
    slope = np.polyder(square)
    closing = [t for t in real if t > -1e-9 and np.polyval(slope, max(t, 0.0)) < -1e-7]
    return begin + max(closing[0], 0.0) if closing else np.inf


def _meet(record: Record, time_s: float, n: int, what: str) -> None:
    """Floor, wall, edge, or come to rest."""
    leg, body, room = record.paths[n][-1].moved(time_s), record.bodies[n], record.room
    if what == "rest":
        record.paths[n].append(Leg(time_s, leg.place, np.zeros(2), np.zeros(2), leg.angle, 0.0, leg.grounded))
    elif what == "edge":
        # a hair beyond the edge, so that the floor it left is not met again
        place = leg.place + [1e-9, 0.0]
        record.paths[n].append(Leg(time_s, place, leg.velocity, np.array([0.0, room.gravity]), leg.angle, leg.spin))
    else:
        axis, side = {"floor": (1, 1), "top": (1, -1), "left": (0, -1), "right": (0, 1)}[what]
        _bounce(record, leg, n, axis, side)
        place = leg.place + side * np.eye(2)[axis] * body.half[axis]
        _note(record, time_s, "contact", place, abs(float(leg.velocity[axis])))


def _bounce(record: Record, leg: Leg, n: int, axis: int, side: int) -> None:
    body, room = record.bodies[n], record.room
    velocity = leg.velocity.copy()
    velocity[axis] *= -body.restitution
    velocity[1 - axis] *= 0.97 if body.round else 0.8
    # a rubbing contact makes a ball turn with its way
    spin = side * (velocity[0] if axis else -velocity[1]) / body.half[0] if body.round else 0.0
    new = Leg(leg.time_s, leg.place, velocity, leg.pull, leg.angle, spin if axis else leg.spin, leg.grounded)
    settles = axis == 1 and room.gravity and 2 * abs(velocity[1]) < room.settle_s * room.gravity
    if settles or leg.grounded or not room.gravity:
        new = _sliding(new, body, room)
    record.paths[n].append(new)


def _sliding(leg: Leg, body: Body, room: Room) -> Leg:
    """Along the ground, slowed against its way."""
    velocity = leg.velocity * [1.0, 0.0] if room.gravity else leg.velocity
    speed = float(np.hypot(*velocity))
    brake = body.friction * room.gravity if room.gravity else room.drag
    pull = -velocity / speed * brake if speed > 1e-9 else np.zeros(2)
    spin = velocity[0] / body.half[0] if body.round and body.half[0] else 0.0
    return Leg(leg.time_s, leg.place, velocity, pull, leg.angle, spin, grounded=True)


def _collide(record: Record, time_s: float, first: int, second: int) -> None:
    a, b = (record.paths[n][-1].moved(time_s) for n in (first, second))
    one, two = record.bodies[first], record.bodies[second]
    normal = a.place - b.place
    if not (one.round and two.round):
        normal = normal * [1.0, 0.0]
    normal = normal / np.hypot(*normal)
    closing = float((b.velocity - a.velocity) @ normal)
    # slow touches stick: without this, bodies lying against each other would rattle for ever
    bounce = np.sqrt(one.restitution * two.restitution) if closing > QUIET else 0.0
    impulse = (1 + bounce) * closing / (1 / one.mass + 1 / two.mass)
    _note(record, time_s, "collision", b.place + normal * two.half[0], closing)
    for n, leg, body, push in ((first, a, one, impulse), (second, b, two, -impulse)):
        record.paths[n].append(_pushed(leg, body, record.room, leg.velocity + normal * push / body.mass))


def _pushed(leg: Leg, body: Body, room: Room, velocity: NDArray[np.float64]) -> Leg:
    new = Leg(leg.time_s, leg.place, velocity, leg.pull, leg.angle, leg.spin, leg.grounded)
    if not room.gravity:
        return _sliding(new, body, room)
    if not leg.grounded:
        return new
    # what is pushed into the floor comes back up
    rise = abs(velocity[1]) * (body.restitution if velocity[1] > 0 else 1.0)
    if 2 * rise < room.settle_s * room.gravity:
        return _sliding(new, body, room)
    up = np.array([velocity[0], -rise])
    return Leg(leg.time_s, leg.place, up, np.array([0.0, room.gravity]), leg.angle, leg.spin)


def _note(record: Record, time_s: float, kind: str, place: NDArray[np.float64], speed: float) -> None:
    if speed >= QUIET:
        record.touches.append(Touch(float(time_s), kind, float(place[0]), float(place[1]), float(speed)))
