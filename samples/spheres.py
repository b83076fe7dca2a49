"""Shading of balls on a floor: each ray is reflected or refracted once and meets floor, other balls or room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samples.camera import Camera
from samples.paint import mix, resize, sample, smoothstep, unit

# where the key light comes from
KEY = np.array([-0.52, 0.74, 0.43], np.float32)
KEY /= np.linalg.norm(KEY)
# light directions float32 [..., 3] -> colours [..., 3]
Room = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ball:
    """One ball as it is now."""

    number: int
    centre: np.ndarray
    radius: float
    angle: float
    # steel, glass, wood or rubber
    material: str
    # albedo float32 [size, size, 3]
    skin: np.ndarray


@dataclass(frozen=True)
class Stage:
    """Everything a ray can meet."""

    room: Room
    # lit floor colour at world x, z [...] -> [..., 3]
    floor: Callable[[np.ndarray, np.ndarray], np.ndarray]
    balls: list[Ball]


def key_shadow(stage: Stage, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Share of light that reaches floor points: soft key shadows times the dark of the contact, [..., 1]."""
    light = np.ones_like(x)
    for ball in stage.balls:
        cx, cy, cz = ball.centre
        # distance of the ray towards the key light from the ball's centre, against radius and penumbra
        dx, dz = cx - x, cz - z
        along = dx * KEY[0] + cy * KEY[1] + dz * KEY[2]
        miss = np.sqrt(np.maximum(dx * dx + cy * cy + dz * dz - along * along, 0.0))
        soft = ball.radius * 0.12 + 0.16 * np.maximum(along, 0.0)
        block = 1.0 - smoothstep(ball.radius - soft, ball.radius + soft, miss)
        clear = 0.35 if ball.material == "glass" else 0.78
        squared = dx * dx + dz * dz + cy * cy
        # form factor of a sphere above a plane: (r/d)^2 cos
        ambient = (ball.radius**2 / squared) * (cy / np.sqrt(squared))
        light *= (1.0 - clear * block) * (1.0 - 0.85 * np.clip(ambient, 0, 1))
        if ball.material == "glass":
            focus = np.exp(-((miss / (0.30 * ball.radius + 0.05 * along)) ** 2))
            light += 0.9 * focus * np.exp(-2.0 * cy / ball.radius + 2.0)
    return light[..., None]


def trace(stage: Stage, origin: np.ndarray, direction: np.ndarray, skip: Ball) -> np.ndarray:
    """Colour that a secondary ray brings back, [N, 3]."""
    light = stage.room(direction)
    down = direction[:, 1] < -1e-3
    if down.any():
        o, d = origin[down], direction[down]
        reach = -np.maximum(o[:, 1], 0.0) / d[:, 1]
        x, z = o[:, 0] + reach * d[:, 0], o[:, 2] + reach * d[:, 2]
        floor = stage.floor(x, z) * key_shadow(stage, x, z)
        light[down] = mix(floor, light[down], smoothstep(2.0, 6.0, reach)[:, None])
    for ball in stage.balls:
        if ball is not skip:
            _add_ball(light, ball, origin, direction)
    return light


def _add_ball(light: np.ndarray, ball: Ball, origin: np.ndarray, direction: np.ndarray) -> None:
    """Another ball seen in a ball: matte, in its average colour."""
    to = ball.centre.astype(np.float32) - origin
    along = (to * direction).sum(axis=1)
    gap = along * along - (to * to).sum(axis=1) + ball.radius**2
    hit = (gap > 0) & (along > 0)
    if hit.any():
        reach = along[hit] - np.sqrt(gap[hit])
        normal = (reach[:, None] * direction[hit] - to[hit]) / ball.radius
        lit = 0.25 + 1.1 * np.maximum(normal @ KEY, 0.0)
        light[hit] = ball.skin.mean(axis=(0, 1)) * lit[:, None]


def sprite(stage: Stage, camera: Camera, ball: Ball, *, mirrored: bool, oversample: int) -> tuple[np.ndarray, int, int]:
    """A ball as premultiplied RGBA float32 [h, w, 4] and its left and top pixel.

    `mirrored` gives the ball as the floor reflects it.
    """
    centre = ball.centre * np.array([1, -1 if mirrored else 1, 1])
    pixel, depth = camera.project(centre)
    reach = int(np.ceil(camera.focal_px * ball.radius / max(float(depth) - ball.radius, 0.05) * 1.08)) + 3
    left, top = int(pixel[0]) - reach, int(pixel[1]) - reach
    side = 2 * reach + 1
    step = (np.arange(side * oversample) + 0.5) / oversample - 0.5
    directions = unit(camera.rays(left + step, top + step)).reshape(-1, 3)
    eye = camera.eye.astype(np.float32)
    flip = np.array([1, -1, 1], np.float32) if mirrored else np.ones(3, np.float32)
    light, hit = _shade(stage, ball, eye * flip, directions * flip)
    layer = np.zeros((directions.shape[0], 4), np.float32)
    layer[hit, :3], layer[hit, 3] = light, 1.0
    fine = side * oversample
    return (
        resize(layer.reshape(fine, fine, 4), side, side) if oversample > 1 else layer.reshape(fine, fine, 4),
        left,
        top,
    )


def _shade(stage: Stage, ball: Ball, eye: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours [M, 3] of the rays that hit, and which of the [N] rays do."""
    to = ball.centre.astype(np.float32) - eye
    along = directions @ to
    gap = along * along - to @ to + np.float32(ball.radius**2)
    hit = gap > 0
    d = directions[hit]
    point = eye + d * (along[hit] - np.sqrt(gap[hit]))[:, None]
    normal = unit(point - ball.centre.astype(np.float32))
    mirror = d - 2 * (d * normal).sum(axis=1, keepdims=True) * normal
    facing = np.clip(-(d * normal).sum(axis=1, keepdims=True), 0.0, 1.0)
    # Schlick's approximation
    edge = (1.0 - facing) ** 5
    seen = trace(stage, point, mirror, ball)
    if ball.material == "steel":
        return seen * (np.array([0.66, 0.67, 0.69], np.float32) * (1 - edge) + edge), hit
    if ball.material == "glass":
        through = trace(stage, *_refract(ball, point, normal, d), ball)
        return mix(through * np.array([0.80, 0.97, 0.95], np.float32), seen, 0.04 + 0.96 * edge), hit
    body = _skin(ball, normal) * _matte(ball, normal)
    gloss = 0.045 if ball.material == "wood" else 0.02
    spot = np.maximum(mirror @ KEY, 0.0) ** (90.0 if ball.material == "wood" else 18.0)
    shine = (1.2 if ball.material == "wood" else 0.22) * spot[:, None]
    return body + seen * (gloss + 0.5 * (1 - gloss) * edge) + shine, hit


def _refract(ball: Ball, point: np.ndarray, normal: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where and how a ray leaves a solid glass ball (index 1.5)."""
    inside = _bend(d, normal, 1 / 1.5)
    exit_point = point - 2 * (inside * normal).sum(axis=1, keepdims=True) * ball.radius * inside
    outward = unit(exit_point - ball.centre.astype(np.float32))
    return exit_point, unit(_bend(inside, -outward, 1.5))


def _bend(d: np.ndarray, normal: np.ndarray, ratio: float) -> np.ndarray:
    """Snell's law for unit vectors."""
    cosine = -(d * normal).sum(axis=1, keepdims=True)
    rest = np.sqrt(np.maximum(1 - ratio * ratio * (1 - cosine * cosine), 0.0))
    return ratio * d + (ratio * cosine - rest) * normal


def _matte(ball: Ball, normal: np.ndarray) -> np.ndarray:
    """Light on a dull ball: key, sky from above, warm bounce from the floor."""
    key = 1.55 * np.maximum(normal @ KEY, 0.0)[:, None] * np.array([1.0, 0.95, 0.86], np.float32)
    up = 0.5 + 0.5 * normal[:, 1:2]
    # close to the floor its underside gets no light
    near = np.exp(-max(ball.centre[1] - ball.radius, 0.0) / ball.radius)
    bounce = (1 - up) * (1 - 0.75 * near) * np.array([0.30, 0.19, 0.11], np.float32)
    return key + up * np.array([0.26, 0.29, 0.34], np.float32) + bounce


def _skin(ball: Ball, normal: np.ndarray) -> np.ndarray:
    """Albedo at each normal: the texture turns with the ball about the z axis."""
    c, s = np.float32(np.cos(-ball.angle)), np.float32(np.sin(-ball.angle))
    x, y, z = c * normal[:, 0] - s * normal[:, 1], s * normal[:, 0] + c * normal[:, 1], normal[:, 2]
    # tilted poles, so that the pattern shows from the front
    y, z = 0.8 * y - 0.6 * z, 0.6 * y + 0.8 * z
    size = ball.skin.shape[0]
    u = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * size
    v = (np.arccos(np.clip(y, -1, 1)) / np.pi) * (size - 1)
    return sample(ball.skin, u, v)
