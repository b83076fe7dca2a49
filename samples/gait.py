"""How a person walks: where each foot, joint and hand is at any instant.

Feet are planted: from heel strike to toe off the foot turns about its heel, lies flat, then turns about its ball,
and none of these points moves. The knees follow from hip and ankle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# metres, of a person 1.75 m tall
THIGH, SHIN, FOOT, ANKLE = 0.43, 0.43, 0.185, 0.085
HIP, SHOULDER, UPPER_ARM, FOREARM = 0.913, 0.52, 0.29, 0.27


@dataclass(frozen=True)
class Walk:
    """Footsteps: step n is foot n % 2 (0 right, the near one); its heel strikes at times_s[n] on x_m[n]."""

    times_s: np.ndarray
    x_m: np.ndarray


@dataclass(frozen=True)
class Foot:
    """Heel, ball and ankle as (x, y); toes up is a positive pitch in radians."""

    heel: np.ndarray
    ball: np.ndarray
    ankle: np.ndarray
    pitch: float


def plan(random: np.random.Generator, *, start_s: float, end_s: float) -> Walk:
    """Steps that vary a little, as a person's do."""
    times, places = [start_s], [0.0]
    while times[-1] < end_s:
        times.append(times[-1] + random.uniform(0.50, 0.59))
        places.append(places[-1] + random.uniform(0.66, 0.74))
    return Walk(np.array(times), np.array(places))


def step_at(walk: Walk, time_s: float) -> tuple[int, float]:
    """(the last step that struck, how far on to the next one in 0..1)."""
    n = int(np.clip(np.searchsorted(walk.times_s, time_s, side="right") - 1, 0, len(walk.times_s) - 2))
    return n, float((time_s - walk.times_s[n]) / (walk.times_s[n + 1] - walk.times_s[n]))


def hips(walk: Walk, time_s: float) -> np.ndarray:
    """Middle of the pelvis (x, y): lowest when both feet are down, highest over the straight leg."""
    middle = np.empty_like(walk.x_m)
    middle[1:] = (walk.x_m[1:] + walk.x_m[:-1]) / 2 + 0.06
    middle[0] = walk.x_m[0] - 0.29
    n, share = step_at(walk, time_s)
    x = _through(walk.times_s, middle, n, share)
    return np.array([x, HIP - 0.020 * np.cos(2 * np.pi * (share - 0.08))])


def _through(times_s: np.ndarray, values: np.ndarray, n: int, share: float) -> float:
    """Smooth curve through points (cubic Hermite with central slopes)."""
    span = times_s[n + 1] - times_s[n]
    slopes = np.gradient(values, times_s)
    h00, h10 = 2 * share**3 - 3 * share**2 + 1, share**3 - 2 * share**2 + share
    h01, h11 = -2 * share**3 + 3 * share**2, share**3 - share**2
    return float(h00 * values[n] + h10 * span * slopes[n] + h01 * values[n + 1] + h11 * span * slopes[n + 1])


def foot(walk: Walk, side: int, time_s: float) -> Foot:
    """One foot (0 near, 1 far)."""
    n, share = step_at(walk, time_s)
    mine = n if n % 2 == side else n - 1
    progress = share if mine == n else 1.0 + share
    # in steps after its own heel strike: flat until 0.75, off the ground at 1.22, strikes again at 2
    if progress < 1.22:
        return _planted(_place(walk, mine), progress)
    start, end = _planted(_place(walk, mine), 1.22), _planted(_place(walk, mine + 2), 0.0)
    return _swing(start, end, (progress - 1.22) / 0.78)


def _place(walk: Walk, n: int) -> float:
    # the foot that stood before the first step stood one step back
    return float(walk.x_m[n] if n >= 0 else walk.x_m[0] - 0.70)


def _planted(x: float, progress: float) -> Foot:
    """A foot on the ground whose heel struck at x, `progress` steps ago."""
    down = np.clip(progress / 0.16, 0.0, 1.0)
    lift = np.clip((progress - 0.72) / 0.50, 0.0, 1.0)
    if lift > 0:
        pitch = -0.95 * lift**1.5
        ball = np.array([x + FOOT, 0.0])
        return _foot(ball - FOOT * _along(pitch), pitch)
    return _foot(np.array([x, 0.0]), 0.34 * (1 - down) ** 2)


def _swing(start: Foot, end: Foot, share: float) -> Foot:
    """Through the air: forward with ease, clear of the ground, toes up again before the heel strikes."""
    ease = 0.35 * share + 0.65 * share * share * (3 - 2 * share)
    heel = start.heel + (end.heel - start.heel) * ease
    heel[1] = start.heel[1] * (1 - share) ** 2 + 0.085 * np.sin(np.pi * share) * (1 - 0.35 * share)
    pitch = (
        start.pitch * (1 - share) ** 2 + 0.40 * np.sin(np.pi * share * 0.5) ** 2 * share + (end.pitch - 0.40) * share**4
    )
    return _foot(heel, float(pitch))


def _foot(heel: np.ndarray, pitch: float) -> Foot:
    along = _along(pitch)
    up = np.array([-along[1], along[0]])
    return Foot(heel, heel + FOOT * along, heel + 0.045 * along + ANKLE * up, pitch)


def _along(pitch: float) -> np.ndarray:
    return np.array([np.cos(pitch), np.sin(pitch)])


def knee(hip: np.ndarray, ankle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(knee, ankle): the knee bends forward; an ankle out of reach is drawn in."""
    line = ankle - hip
    distance = float(np.linalg.norm(line))
    reach = min(distance, (THIGH + SHIN) * 0.9995)
    ankle = hip + line * (reach / distance)
    along = (THIGH**2 - SHIN**2 + reach**2) / (2 * reach)
    off = np.sqrt(max(THIGH**2 - along**2, 0.0))
    forward = np.array([-line[1], line[0]]) / distance
    return hip + line / distance * along + forward * off, ankle


def arm(walk: Walk, side: int, shoulder: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """(elbow, hand): each arm swings against the leg of its side."""
    n, share = step_at(walk, time_s)
    # +1 when this side's foot strikes: then the arm is furthest back
    swing = np.cos(np.pi * (share - 0.05)) * (1 if n % 2 == side else -1)
    upper = -0.42 * swing - 0.06
    elbow = shoulder + UPPER_ARM * np.array([np.sin(upper), -np.cos(upper)])
    lower = upper + 0.30 - 0.22 * swing
    return elbow, elbow + FOREARM * np.array([np.sin(lower), -np.cos(lower)])
