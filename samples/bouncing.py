"""Balls that fly, bounce, collide and roll in one vertical plane, solved event by event.

Between events every ball moves with constant acceleration, so the time of a contact is a root of a
polynomial and exact to rounding; nothing is stepped frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

GRAVITY = 9.81
# share of g that slows a rolling ball down
ROLLING = 0.012
# a ball that leaves the floor slower than this (m/s) stays on it
SETTLE = 0.28


@dataclass(frozen=True)
class Kind:
    """A ball's make."""

    material: str
    radius: float
    density: float
    restitution: float
    # comes rolling along the floor, not falling
    rolls: bool = False

    @property
    def mass(self) -> float:
        """Of the solid sphere, in kg."""
        return 4 / 3 * np.pi * self.radius**3 * self.density


@dataclass(frozen=True)
class Segment:
    """Motion of one ball from `time_s` until its next segment."""

    time_s: float
    position: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    angle: float
    # radians per second, positive is counter-clockwise
    spin: float

    def at(self, time_s: float) -> tuple[np.ndarray, float]:
        """(position [2], angle)."""
        t = time_s - self.time_s
        return self.position + self.velocity * t + self.acceleration * (t * t / 2), self.angle + self.spin * t

    def moved(self, time_s: float) -> Segment:
        """The same motion written from a later instant."""
        position, angle = self.at(time_s)
        velocity = self.velocity + self.acceleration * (time_s - self.time_s)
        return Segment(time_s, position, velocity, self.acceleration, angle, self.spin)


@dataclass(frozen=True)
class Hit:
    """A contact: ball `ball` with ball `other`, or with the floor when `other` is None."""

    time_s: float
    ball: int
    other: int | None
    # where they touch
    place: np.ndarray
    # closing speed in m/s
    speed: float


@dataclass
class Table:
    """The state while events are worked off; afterwards a record of every ball's path."""

    kinds: list[Kind]
    paths: list[list[Segment]]
    hits: list[Hit] = field(default_factory=list)

    def where(self, ball: int, time_s: float) -> tuple[np.ndarray, float]:
        """(position [2], angle) of a ball."""
        path = self.paths[ball]
        current = path[0]
        for segment in path:
            if segment.time_s > time_s:
                break
            current = segment
        return current.at(time_s)


def play(kinds: list[Kind], starts: list[Segment], duration_s: float) -> Table:
    """Work off all contacts until `duration_s`; a start later than 0 holds the ball where it is until then."""
    table = Table(kinds, [_held(start) for start in starts])
    # a release is an event of its own: the ball's path is known from the start
    for _ in range(5000):
        event = _next_event(table)
        if event is None or event[0] > duration_s:
            return table
        _resolve(table, *event)
    raise RuntimeError("the balls never come to rest; change their starts")


def _held(start: Segment) -> list[Segment]:
    still = np.zeros(2)
    if start.time_s <= 0:
        return [start]
    return [Segment(0.0, start.position, still, still, start.angle, 0.0), start]


def _active(path: list[Segment]) -> Segment:
    return path[-1]


def _next_event(table: Table) -> tuple[float, int, int | None] | None:
    best: tuple[float, int, int | None] | None = None
    for ball, kind in enumerate(table.kinds):
        times: list[tuple[float | None, int | None]] = [(_floor_time(_active(table.paths[ball]), kind.radius), None)]
        times += [(_pair_time(table, ball, other), other) for other in range(ball)]
        for time_s, partner in times:
            if time_s is not None and (best is None or time_s < best[0]):
                best = (time_s, ball, partner)
    return best


def _floor_time(segment: Segment, radius: float) -> float | None:
    """When a flying ball reaches the floor, or a rolling one stops."""
    if segment.acceleration[1] == 0.0:
        pull = segment.acceleration[0]
        return segment.time_s - segment.velocity[0] / pull if pull else None
    drop, fall = segment.position[1] - radius, segment.velocity[1]
    return segment.time_s + (fall + np.sqrt(max(fall * fall + 2 * GRAVITY * drop, 0.0))) / GRAVITY


def _pair_time(table: Table, first: int, second: int) -> float | None:
    """When two balls touch while closing: the first such root of a quartic."""
    a, b = _active(table.paths[first]), _active(table.paths[second])
    start_s = max(a.time_s, b.time_s)
    a, b = a.moved(start_s), b.moved(start_s)
    gap, drift, pull = a.position - b.position, a.velocity - b.velocity, (a.acceleration - b.acceleration) / 2
    reach = table.kinds[first].radius + table.kinds[second].radius
    square = np.array([pull @ pull, 2 * pull @ drift, drift @ drift + 2 * pull @ gap, 2 * gap @ drift, gap @ gap])
    square[4] -= reach * reach
    slope = np.polyder(square)
    roots = np.roots(np.where(np.abs(square) < 1e-14, 0.0, square))
    real = np.sort(roots[np.abs(roots.imag) < 1e-9].real)
    closing = [t for t in real if t > -1e-9 and np.polyval(slope, max(t, 0.0)) < -1e-6]
    return start_s + max(closing[0], 0.0) if closing else None


def _resolve(table: Table, time_s: float, ball: int, other: int | None) -> None:
    if other is None:
        _land(table, time_s, ball)
    else:
        _collide(table, time_s, ball, other)


def _land(table: Table, time_s: float, ball: int) -> None:
    kind, now = table.kinds[ball], _active(table.paths[ball]).moved(time_s)
    if now.acceleration[1] == 0.0:
        table.paths[ball].append(_rolling(now, kind.radius, 0.0))
        return
    place = np.array([now.position[0], 0.0])
    fall = -now.velocity[1]
    table.hits.append(Hit(time_s, ball, None, place, float(fall)))
    table.paths[ball].append(_leave(now, kind, np.array([now.velocity[0] * 0.985, kind.restitution * fall])))


def _leave(now: Segment, kind: Kind, velocity: np.ndarray) -> Segment:
    """Fly on with a new velocity after touching the floor, or roll when it is too slow to bounce."""
    if velocity[1] < SETTLE:
        return _rolling(now, kind.radius, float(velocity[0]))
    position = np.array([now.position[0], kind.radius])
    # friction turns the ball until it rolls
    return Segment(now.time_s, position, velocity, _fall(), now.angle, -velocity[0] / kind.radius)


def _rolling(now: Segment, radius: float, speed: float) -> Segment:
    position, velocity = np.array([now.position[0], radius]), np.array([speed, 0.0])
    brake = np.array([-np.sign(speed) * ROLLING * GRAVITY, 0.0])
    return Segment(now.time_s, position, velocity, brake, now.angle, -speed / radius)


def _fall() -> np.ndarray:
    return np.array([0.0, -GRAVITY])


def _collide(table: Table, time_s: float, first: int, second: int) -> None:
    a, b = (_active(table.paths[ball]).moved(time_s) for ball in (first, second))
    one, two = table.kinds[first], table.kinds[second]
    normal = a.position - b.position
    normal = normal / np.linalg.norm(normal)
    closing = float((b.velocity - a.velocity) @ normal)
    # slow touches stick: without this, balls lying against each other would rattle for ever
    bounce = np.sqrt(one.restitution * two.restitution) if closing > 0.1 else 0.0
    impulse = (1 + bounce) * closing / (1 / one.mass + 1 / two.mass)
    if closing > 0.05 and not _is_known(table, time_s, first, second):
        table.hits.append(Hit(time_s, first, second, b.position + normal * two.radius, closing))
    for ball, state, kind, push in ((first, a, one, impulse), (second, b, two, -impulse)):
        table.paths[ball].append(_pushed(state, kind, state.velocity + normal * (push / kind.mass)))


def _is_known(table: Table, time_s: float, first: int, second: int) -> bool:
    """Whether the two met within this millisecond: a squeezed ball is resolved in several steps of one contact."""
    return any(hit.ball == first and hit.other == second and time_s - hit.time_s < 1e-3 for hit in table.hits[-6:])


def _pushed(now: Segment, kind: Kind, velocity: np.ndarray) -> Segment:
    if now.acceleration[1] != 0.0:
        return Segment(now.time_s, now.position, velocity, now.acceleration, now.angle, now.spin)
    # a ball on the floor that is pushed into it comes back up
    return _leave(now, kind, np.array([velocity[0], abs(velocity[1]) * (kind.restitution if velocity[1] < 0 else 1)]))
