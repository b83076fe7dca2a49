"""Balls of steel, glass, wood and rubber bounce and collide on a wooden floor."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from samples.bouncing import GRAVITY, ROLLING, Hit, Kind, Segment, Table, play
from samples.camera import Camera, aim
from samples.paint import blur, color, mix, sample, smoothstep, unit, warp
from samples.scene import Scene, Truth, contact, in_picture
from samples.spheres import Ball, Stage, key_shadow, sprite
from samples.texture import fractal, planks, wood_rings

DURATION_S = 8.0
RATE = Fraction(24)
# restitutions are those of balls dropped on a wooden floor, densities in kg / m^3
KINDS = [
    Kind("steel", 0.105, 7800, 0.62),
    Kind("rubber", 0.150, 1100, 0.80),
    Kind("wood", 0.135, 700, 0.58),
    Kind("glass", 0.120, 2500, 0.70),
    Kind("steel", 0.080, 7800, 0.62, rolls=True),
    Kind("rubber", 0.095, 1100, 0.80),
    Kind("wood", 0.085, 700, 0.58),
    Kind("glass", 0.075, 2500, 0.70),
]
# texels of floor per metre
TEXELS = 512
PROMPT = (
    "Polished steel, glass, wood and rubber balls drop onto a dark oak floor, bounce, knock into each other and roll "
    "to rest. Warm soft window light, shallow depth of field, slow camera move, 35 mm film."
)


def build(width_px: int, height_px: int, *, seed: int) -> Scene:
    """The scene; picture and truth come from one solved run of the physics."""
    random = np.random.default_rng(seed)
    table = play(KINDS, throws(random, drop_m=1.25 if width_px >= height_px else 2.0), DURATION_S + 0.2)
    skins = _skins(random)
    floor = _floor_textures(random)
    backdrop = _backdrop(random)
    camera = partial(_camera, width_px=width_px, height_px=height_px)
    picture = partial(_picture, table=table, skins=skins, floor=floor, backdrop=backdrop, camera=camera)
    truth = _truth(table, camera)
    return Scene(width_px, height_px, RATE, DURATION_S, PROMPT, seed, picture, truth, grain=2.0, crf=23)


def throws(random: np.random.Generator, *, drop_m: float) -> list[Segment]:
    """How each ball starts: one lies there, the others come one by one from outside the picture.

    `drop_m` is the height above which the picture sees nothing.
    """
    starts = []
    for ball, kind in enumerate(KINDS):
        release_s = max(0.0, 0.85 * (ball - 1) + random.uniform(-0.3, 0.1))
        side, still = random.choice([-1.0, 1.0]), np.zeros(2)
        if ball == 0:
            start = Segment(0.0, np.array([0.2 * side, kind.radius]), still, still, 0.0, 0.0)
        elif kind.rolls:
            speed = -side * random.uniform(1.1, 1.6)
            brake = np.array([-np.sign(speed) * ROLLING * GRAVITY, 0.0])
            place, spin = np.array([1.7 * side, kind.radius]), -speed / kind.radius
            start = Segment(release_s, place, np.array([speed, 0.0]), brake, random.uniform(0, 6), spin)
        else:
            # dropped from above the picture, a little towards its middle
            place = np.array([random.uniform(0.1, 0.75) * side, drop_m + random.uniform(0.0, 0.25)])
            velocity = np.array([-side * random.uniform(0.1, 0.5), random.uniform(-0.6, 0.5)])
            fall = np.array([0.0, -GRAVITY])
            start = Segment(release_s, place, velocity, fall, random.uniform(0, 6), random.uniform(-4, 4))
        starts.append(start)
    return starts


def _camera(time_s: float, *, width_px: int, height_px: int) -> Camera:
    """A slow push in on an arc; an upright picture stands further back."""
    progress = smoothstep(-0.2, 1.2, time_s / DURATION_S)
    swing = 0.34 * (float(progress) - 0.5)
    away = (3.35 - 0.35 * float(progress)) * (1.0 if width_px >= height_px else 1.15)
    eye = (away * np.sin(swing), 0.86, away * np.cos(swing))
    return aim(eye, (0.0, 0.40, 0.0), field_deg=44.0, width_px=width_px, height_px=height_px)


def _truth(table: Table, camera: partial[Camera]) -> Truth:
    contacts = [entry for hit in table.hits if in_picture(entry := _entry(hit, table, camera))]
    contacts = [entry for entry in contacts if entry["time_s"] < DURATION_S]
    balls = [f"{kind.material} ball {index + 1}" for index, kind in enumerate(KINDS)]
    return {"contacts": contacts, "cuts_s": [], "balls": balls, "floor": "wood"}


def _entry(hit: Hit, table: Table, camera: partial[Camera]) -> dict[str, Any]:
    """A contact seen through the camera of its instant."""
    at = camera(hit.time_s).fraction((hit.place[0], hit.place[1], 0.0))
    mine = table.kinds[hit.ball].material
    partner = "wood floor" if hit.other is None else f"{table.kinds[hit.other].material} ball {hit.other + 1}"
    # 5.5 m/s is a fall from 1.5 m
    strength = hit.speed / 5.5
    return contact(hit.time_s, at, material=mine, strength=strength, partner=partner, ball=hit.ball + 1)


# ---------------------------------------------------------------- picture
def _picture(
    time_s: float,
    *,
    table: Table,
    skins: list[np.ndarray],
    floor: list[np.ndarray],
    backdrop: np.ndarray,
    camera: partial[Camera],
) -> np.ndarray:
    view = camera(time_s)
    balls = [_ball(table, skins, index, time_s) for index in range(len(KINDS))]
    balls = [ball for ball in balls if _is_near(view, ball)]
    stage = Stage(partial(_room, backdrop=backdrop), partial(_floor_color, textures=floor), balls)
    light = _ground(stage, view)
    order = sorted(balls, key=lambda ball: -float(view.project(ball.centre)[1]))
    for ball in order:
        light = _reflect(light, stage, view, ball)
    for ball in order:
        offsets = _blur_path(table, ball, time_s, camera)
        light = _stamp(light, *sprite(stage, view, ball, mirrored=False, oversample=2), offsets)
    return light


def _ball(table: Table, skins: list[np.ndarray], index: int, time_s: float) -> Ball:
    (x, y), angle = table.where(index, time_s)
    return Ball(index, np.array([x, y, 0.0]), KINDS[index].radius, angle, KINDS[index].material, skins[index])


def _is_near(view: Camera, ball: Ball) -> bool:
    """Whether a ball, its shadow or reflection can reach the picture."""
    pixel, _ = view.project(ball.centre)
    return -view.width_px * 0.3 < pixel[0] < view.width_px * 1.3 and pixel[1] > -view.height_px * 0.8


def _ground(stage: Stage, view: Camera) -> np.ndarray:
    """Floor and backdrop, float32 [H, W, 3]."""
    rays = view.rays(np.arange(view.width_px), np.arange(view.height_px))
    light = stage.room(unit(rays))
    horizon = int(np.searchsorted(-rays[:, 0, 1], 1e-3))
    d = rays[horizon:]
    reach = np.float32(-view.eye[1]) / d[..., 1]
    x, z = np.float32(view.eye[0]) + reach * d[..., 0], np.float32(view.eye[2]) + reach * d[..., 2]
    ground = stage.floor(x, z) * key_shadow(stage, x, z)
    # oiled wood mirrors the room at a flat angle
    mirrored = unit(d) * np.array([1, -1, 1], np.float32)
    fresnel = 0.03 + 0.5 * (1 - mirrored[..., 1:2]) ** 5
    ground += fresnel * stage.room(mirrored)
    far = smoothstep(4.0, 9.0, reach)[..., None]
    light[horizon:] = mix(ground, light[horizon:], far)
    return light


def _floor_color(x: np.ndarray, z: np.ndarray, *, textures: list[np.ndarray]) -> np.ndarray:
    """Lit boards: sharp near the balls, soft far from them as a wide lens shows them."""
    focus = np.abs(z - 0.1)
    sharp = sample(textures[0], x * TEXELS, z * TEXELS, wrap=True)
    soft = sample(textures[1], x * TEXELS / 4, z * TEXELS / 4, wrap=True)
    albedo = mix(sharp, soft, smoothstep(0.5, 2.2, focus)[..., None])
    # a pool of window light
    pool = np.exp(-(((x + 0.1) / 1.6) ** 2 + ((z - 0.1) / 1.3) ** 2))
    key = (0.10 + 1.55 * pool)[..., None] * color(1.0, 0.93, 0.82)
    return albedo * (key + color(0.05, 0.07, 0.10))


def _room(direction: np.ndarray, *, backdrop: np.ndarray) -> np.ndarray:
    """The room by direction: a dim wall with lamps out of focus, a ceiling, a window as a soft box."""
    x, y, z = direction[..., 0], direction[..., 1], direction[..., 2]
    u = (np.arctan2(x, -z) / (2 * np.pi) + 0.5) * backdrop.shape[1]
    v = (0.5 - np.arcsin(np.clip(y, -1, 1)) / np.pi) * backdrop.shape[0]
    return sample(backdrop, u, v, wrap=True)


def _backdrop(random: np.random.Generator) -> np.ndarray:
    """The room as a panorama, float32 [512, 1024, 3]: azimuth across, elevation down."""
    height, width = 512, 1024
    azimuth = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) * 2 * np.pi
    elevation = (0.5 - (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height) * np.pi
    up = smoothstep(-0.1, 0.9, np.sin(elevation))
    wall = mix(color(0.034, 0.021, 0.015), color(0.012, 0.016, 0.026), up[..., None]) * np.ones((height, width, 1))
    wall *= (0.75 + 0.6 * np.cos(azimuth * 0.5 + 0.3) ** 2)[None, :, None]
    light = wall.astype(np.float32)
    for _ in range(26):
        _add_lamp(light, random, azimuth, elevation)
    light = blur(light, 2.2)
    # the window: two by three panes up to the left behind the camera, where the key light comes from
    across, rise = (azimuth[None] - -2.26) / 0.42, (elevation - 0.835) / 0.33
    panes = smoothstep(1.0, 0.93, np.abs(across)) * smoothstep(1.0, 0.93, np.abs(rise))
    bars = smoothstep(0.03, 0.07, np.abs(across)) * smoothstep(0.03, 0.07, np.abs(np.abs(rise) - 0.36))
    fill = smoothstep(1.0, 0.4, np.abs(azimuth[None] - 2.0) / 0.5) * smoothstep(1.0, 0.4, np.abs(elevation - 0.5) / 0.4)
    light += (panes * (0.12 + 0.88 * bars))[..., None] * color(9.0, 8.6, 7.8) + fill[..., None] * color(0.5, 0.6, 0.8)
    return light.astype(np.float32)


def _add_lamp(light: np.ndarray, random: np.random.Generator, azimuth: np.ndarray, elevation: np.ndarray) -> None:
    """One round blur of a lamp far behind the floor."""
    at, rise = random.uniform(-1.0, 1.0), random.uniform(0.01, 0.26)
    size, power = random.uniform(0.014, 0.032), random.uniform(0.15, 0.9)
    tint = mix(color(1.0, 0.62, 0.25), color(0.95, 0.85, 0.70), np.float32(random.random()))
    distance = np.hypot(azimuth[None] - at, elevation - rise) / size
    disc = smoothstep(1.0, 0.85, distance) * (0.75 + 0.25 * np.minimum(distance, 1.0))
    light += disc[..., None] * tint * np.float32(power)


def _reflect(light: np.ndarray, stage: Stage, view: Camera, ball: Ball) -> np.ndarray:
    """The ball as the polished floor shows it: faint, and blurred the more the higher it is."""
    layer, left, top = sprite(stage, view, ball, mirrored=True, oversample=1)
    lift = max(float(ball.centre[1]) - ball.radius, 0.0)
    sigma = 1.5 + 14.0 * min(lift, 1.5)
    margin = int(3 * sigma)
    layer = blur(np.pad(layer, ((margin, margin), (margin, margin), (0, 0))), sigma, sigma * 1.4)
    return _stamp(light, layer * 0.15, left - margin, top - margin, np.zeros((1, 2)))


def _blur_path(table: Table, ball: Ball, time_s: float, camera: partial[Camera]) -> np.ndarray:
    """Where the ball's image is during a shutter of 180 degrees, pixels relative to its place now, [N, 2]."""
    view = camera(time_s)
    half_s = 0.25 / float(RATE)
    times = time_s + np.linspace(-half_s, half_s, 9)
    places = np.array([[*table.where(ball.number, max(t, 0.0))[0], 0.0] for t in times])
    return view.project(places)[0] - view.project(ball.centre)[0]


def _stamp(light: np.ndarray, layer: np.ndarray, left: int, top: int, offsets: np.ndarray) -> np.ndarray:
    """Lay a premultiplied sprite over the picture, smeared over the offsets [N, 2]."""
    span = np.ceil(np.abs(offsets).max(axis=0)).astype(int)
    if span.max() >= 1:
        height, width = layer.shape[0] + 2 * span[1], layer.shape[1] + 2 * span[0]
        moves = [np.array([[1, 0, span[0] + dx], [0, 1, span[1] + dy]], np.float64) for dx, dy in offsets]
        smeared = sum(warp(layer, move, width, height) for move in moves)
        layer, left, top = np.asarray(smeared) / len(offsets), left - span[0], top - span[1]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + layer.shape[1], light.shape[1]), min(top + layer.shape[0], light.shape[0])
    if x1 > x0 and y1 > y0:
        part = layer[y0 - top : y1 - top, x0 - left : x1 - left]
        light[y0:y1, x0:x1] = light[y0:y1, x0:x1] * (1 - part[..., 3:]) + part[..., :3]
    return light


# --------------------------------------------------------------- surfaces
def _floor_textures(random: np.random.Generator) -> list[np.ndarray]:
    """The boards sharp and, at a quarter of the size, out of focus."""
    sharp = planks(2048, 18, random)
    return [blur(sharp, 0.6), np.ascontiguousarray(blur(sharp, 9.0)[::4, ::4])]


def _skins(random: np.random.Generator) -> list[np.ndarray]:
    """One albedo texture per ball."""
    plain = np.ones((64, 64, 3), np.float32)
    red = _striped(color(0.62, 0.035, 0.03), color(0.85, 0.80, 0.70), random)
    blue = _striped(color(0.02, 0.12, 0.45), color(0.90, 0.62, 0.06), random)
    by_material = {"steel": plain * 0.45, "wood": wood_rings(512, random), "glass": plain * 0.35}
    rubber = iter((red, blue))
    return [by_material[kind.material] if kind.material != "rubber" else next(rubber) for kind in KINDS]


def _striped(base: np.ndarray, stripe: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rubber in two colours: a band round the middle, a little worn."""
    rows = np.abs(np.arange(512, dtype=np.float32) / 512 - 0.5)[:, None]
    band = smoothstep(0.115, 0.105, rows) * smoothstep(0.045, 0.055, rows)
    worn = 1 + 0.06 * fractal(512, 8, random, octaves=5)
    return (mix(base, stripe, band[..., None]) * worn[..., None]).astype(np.float32)
