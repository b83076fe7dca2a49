"""Acts of people who walk and run, seen from any side; a footstep is where and when a heel strikes.

Joints are placed in metres in space and seen through a pinhole. A planted foot does not move; knees follow from hip
and ankle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.events import scenes_brush as brush
from models.events.scenes_stage import Act, Draw, Stage, Touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.events.scenes_brush import Colour, View

# metres, of a person 1.75 m tall
THIGH, SHIN, FOOT, HIP, TORSO, HEAD, HALF_HIPS = 0.44, 0.44, 0.2, 0.9, 0.52, 0.12, 0.1


@dataclass(frozen=True)
class Gait:
    """When and where heels strike, forward along the way; step n is foot n % 2."""

    times_s: NDArray[np.float64]
    forward_m: NDArray[np.float64]
    # steps a foot stays on the ground: above 1 walking, below running
    planted: float
    # how high a foot is lifted, and how far the hips bob
    lift_m: float
    bob_m: float


@dataclass(frozen=True)
class Pinhole:
    """From metres to the picture: a place on the way, how far along and to its left, and how high."""

    # short sides per metre at one metre's distance
    focal: float
    # the eye's height
    eye_m: float
    # of the point where the way begins
    distance_m: float
    # direction of the way: 0 to the right, pi / 2 towards the camera
    heading: float
    middle_x: float
    horizon: float

    def see(self, forward: float, left: float, up: float) -> tuple[NDArray[np.float64], float]:
        """(place in the picture, short sides per metre there)."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        depth = max(self.distance_m - forward * sin + left * cos, 0.4)
        scale = self.focal / depth
        x = self.middle_x + scale * (forward * cos + left * sin)
        return np.array([x, self.horizon + scale * (self.eye_m - up)]), scale


def gait(random: np.random.Generator, *, start_s: float, end_s: float) -> Gait:
    """Steps that vary a little, walking or running."""
    runs = random.random() < 0.3
    step_s = random.uniform(0.27, 0.38) if runs else random.uniform(0.42, 0.72)
    step_m = random.uniform(0.8, 1.4) if runs else random.uniform(0.5, 0.8)
    count = int((end_s - start_s) / step_s) + 6
    times = start_s + np.cumsum(step_s * random.uniform(0.95, 1.05, count))
    forward = np.cumsum(step_m * random.uniform(0.95, 1.05, count))
    planted = random.uniform(0.6, 0.8) if runs else random.uniform(1.1, 1.3)
    bob = -random.uniform(0.03, 0.06) if runs else random.uniform(0.015, 0.035)
    return Gait(times, forward, planted, random.uniform(0.12, 0.3) if runs else random.uniform(0.06, 0.14), bob)


def foot(way: Gait, side: int, time_s: float) -> tuple[float, float, float]:
    """(heel forward, heel up, pitch of the toes in radians) of one foot."""
    n = int(np.searchsorted(way.times_s, time_s, side="right")) - 1
    mine = int(np.clip(n if n % 2 == side else n - 1, 0, len(way.times_s) - 3))
    step_s = way.times_s[mine + 1] - way.times_s[mine]
    leaves_s = way.times_s[mine] + way.planted * step_s
    if time_s <= leaves_s:
        # toes come down after the heel; the heel comes up before the foot leaves, about the ball
        since = (time_s - way.times_s[mine]) / step_s
        down = 0.3 * max(1 - since / 0.18, 0.0) ** 2
        rise = 0.7 * max((since - way.planted + 0.45) / 0.45, 0.0) ** 2
        return float(way.forward_m[mine] + FOOT * (1 - np.cos(rise))), FOOT * float(np.sin(rise)), down - rise
    u = (time_s - leaves_s) / (way.times_s[mine + 2] - leaves_s)
    begin, begin_up = way.forward_m[mine] + FOOT * (1 - np.cos(0.7)), FOOT * np.sin(0.7)
    share = u * u * (3 - 2 * u)
    forward = begin + (way.forward_m[mine + 2] - begin) * share
    up = begin_up * (1 - u) ** 2 + way.lift_m * np.sin(np.pi * u) * (1 - 0.3 * u)
    return float(forward), float(up), float(-0.7 * (1 - u) ** 2 + 0.3 * u * u)


def hips(way: Gait, time_s: float) -> tuple[float, float]:
    """(forward, up) of the pelvis: half way between the feet; walking it is lowest when both are down."""
    middles = (way.forward_m[1:] + way.forward_m[:-1]) / 2
    forward = float(np.interp(time_s, way.times_s[1:], middles)) + 0.05
    n = int(np.clip(np.searchsorted(way.times_s, time_s) - 1, 0, len(way.times_s) - 2))
    share = (time_s - way.times_s[n]) / (way.times_s[n + 1] - way.times_s[n])
    crouch = 0.06 if way.planted < 1 else 0.03
    return forward, HIP - crouch - way.bob_m * float(np.cos(2 * np.pi * (share - 0.1)))


def walk(stage: Stage) -> Act:
    """Somebody walks or runs through the picture, is followed by the camera, or comes towards it."""
    random = stage.random
    way = gait(random, start_s=-1.5, end_s=stage.duration_s)
    style = str(random.choice(["across", "followed", "towards", "treadmill"], p=[0.4, 0.25, 0.25, 0.1]))
    eye, way = _eye(stage, way, style)
    draw = _person(stage, way, eye, belt=style == "treadmill")
    # the moment in the middle of the clip is in the middle of the picture
    follow = None
    if style == "followed":
        mean = np.polyfit(way.times_s, way.forward_m, 1)
        follow = _following(stage, eye, mean)
    touches = []
    for n, time_s in enumerate(way.times_s):
        forward = _belt(way, float(time_s)) if style == "treadmill" else 0.0
        place, scale = eye.see(float(way.forward_m[n]) - forward, HALF_HIPS * (1 - 2 * (n % 2)), 0.0)
        speed = scale * way.lift_m * np.pi / 0.4
        touches.append(Touch(float(time_s), "footstep", float(place[0]), float(place[1]), float(speed)))
    wall = eye.horizon + eye.focal * eye.eye_m / (eye.distance_m + random.uniform(1.5, 6.0))
    return Act((draw,), tuple(touches), "room", float(wall), follow)


def _eye(stage: Stage, way: Gait, style: str) -> tuple[Pinhole, Gait]:
    """A camera that has the walker in the picture about the middle of the clip, and the way measured from there."""
    random = stage.random
    heading = random.choice([0.0, np.pi]) + random.uniform(-0.35, 0.35)
    if style == "towards":
        heading = random.choice([-1, 1]) * (np.pi / 2 + random.uniform(-0.4, 0.4))
    middle_s = stage.duration_s / 2
    origin = float(np.interp(middle_s, way.times_s, way.forward_m))
    way = Gait(way.times_s, way.forward_m - origin, way.planted, way.lift_m, way.bob_m)
    # how tall a person is in the picture; above 1 only the legs are seen
    tall = random.uniform(0.4, 0.95) if random.random() < 0.7 else random.uniform(1.1, 2.4)
    speed = (way.forward_m[-1] - way.forward_m[0]) / (way.times_s[-1] - way.times_s[0])
    nearest = 1.5 + abs(np.sin(heading)) * speed * (middle_s + 0.5)
    distance, eye_m = nearest + random.uniform(1.5, 6.0), random.uniform(0.4, 1.8)
    focal = tall * stage.height * distance / 1.75
    ground = random.uniform(0.78, 0.95) * stage.height
    return Pinhole(focal, eye_m, distance, float(heading), stage.width / 2, ground - focal / distance * eye_m), way


def _following(stage: Stage, eye: Pinhole, mean: NDArray[np.float64]) -> Callable[[float], tuple[float, float]]:
    def follow(time_s: float) -> tuple[float, float]:
        return float(eye.see(float(np.polyval(mean, time_s)), 0.0, 0.0)[0][0]) - stage.width / 2, 0.0

    return follow


def _belt(way: Gait, time_s: float) -> float:
    """How far a treadmill's belt has gone."""
    return hips(way, time_s)[0]


def _person(stage: Stage, way: Gait, eye: Pinhole, *, belt: bool) -> Draw:
    random = stage.random
    trousers, shirt, shoes = (brush.colour(random, 0.1, 0.9) for _ in range(3))
    skin = brush.colour(random, 0.35, 0.9, vivid=0.45)
    stout = random.uniform(0.8, 1.4)
    shade = brush.shadow(0.4, stage.step)

    def draw(view: View, time_s: float) -> None:
        forward, up = hips(way, time_s)
        gone = _belt(way, time_s) if belt else 0.0
        middle, scale = eye.see(forward - gone, 0.0, 0.0)
        if not -1 < middle[0] < stage.width + 1:
            return
        brush.stamp(view, shade, middle, scale=(scale, 0.25 * scale), alpha=0.6)
        # the farther side first
        sides = (1, 0) if np.cos(eye.heading) < 0 else (0, 1)
        for n, side in enumerate(sides):
            tone = 0.75 if n == 0 else 1.0
            _limb(view, eye, _leg(way, side, time_s, gone), (0.085 * stout, 0.06, 0.045), brush.shade(trousers, tone))
            _shoe(view, eye, way, side, time_s, gone, brush.shade(shoes, tone))
            _limb(view, eye, _arm(way, side, time_s, gone), (0.05 * stout, 0.042, 0.035), brush.shade(shirt, tone))
            if n == 0:
                chest, neck = eye.see(forward - gone + 0.02, 0, up + TORSO)[0], eye.see(forward - gone, 0, up)[0]
                brush.capsule(view, neck, chest, (0.13 * stout * scale, 0.16 * stout * scale), shirt)
                head, size = eye.see(forward - gone + 0.05, 0, up + TORSO + 0.24)
                brush.disc(view, head, HEAD * size, skin)

    return draw


def _leg(way: Gait, side: int, time_s: float, gone: float) -> list[tuple[float, float, float]]:
    """Hip, knee, ankle as (forward, left, up)."""
    forward, up = hips(way, time_s)
    heel, heel_up, pitch = foot(way, side, time_s)
    left = HALF_HIPS * (1 - 2 * side)
    ankle = np.array([heel + 0.05 * np.cos(pitch) - 0.08 * np.sin(pitch), heel_up + 0.08 * np.cos(pitch)])
    hip = np.array([forward, up])
    line = ankle - hip
    distance = float(np.hypot(*line))
    reach = min(distance, (THIGH + SHIN) * 0.999)
    off = np.sqrt(max(THIGH**2 - (reach / 2) ** 2, 0.0))
    knee = hip + line / 2 + off * np.array([-line[1], line[0]]) / distance
    return [(float(p[0]) - gone, left, float(p[1])) for p in (hip, knee, ankle)]


def _arm(way: Gait, side: int, time_s: float, gone: float) -> list[tuple[float, float, float]]:
    """Shoulder, elbow, hand; each swings against the leg of its side."""
    forward, up = hips(way, time_s)
    swing = np.clip((foot(way, 1 - side, time_s)[0] - forward) / 0.7, -1, 1) * 0.5
    bend = 1.3 if way.planted < 1 else 0.3
    left, shoulder = 2 * HALF_HIPS * (1 - 2 * side), np.array([forward + 0.02, up + TORSO])
    elbow = shoulder + 0.29 * np.array([np.sin(swing), -np.cos(swing)])
    hand = elbow + 0.26 * np.array([np.sin(swing + bend), -np.cos(swing + bend)])
    return [(float(p[0]) - gone, left, float(p[1])) for p in (shoulder, elbow, hand)]


def _limb(
    view: View, eye: Pinhole, joints: list[tuple[float, float, float]], radii: tuple[float, ...], tone: Colour
) -> None:
    seen = [eye.see(*joint) for joint in joints]
    for n in range(len(seen) - 1):
        ends = (radii[n] * seen[n][1], radii[n + 1] * seen[n + 1][1])
        brush.capsule(view, seen[n][0], seen[n + 1][0], ends, tone)


def _shoe(view: View, eye: Pinhole, way: Gait, side: int, time_s: float, gone: float, tone: Colour) -> None:
    heel, up, pitch = foot(way, side, time_s)
    left, thick = HALF_HIPS * (1 - 2 * side), 0.035
    # drawn so that the sole, not the middle line, touches the ground
    back = (heel - gone + thick, left, up + thick)
    front = (heel - gone + FOOT * np.cos(pitch), left, up + thick + FOOT * np.sin(pitch))
    _limb(view, eye, [back, front], (thick, thick), tone)
