"""A smith's hammer on an anvil: glowing iron, uneven blows, sparks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from samples import forge
from samples.figure import Lights, Limb, draw
from samples.paint import blur, color, mix, resize, smoothstep, streaks, warp
from samples.scene import Scene, Truth, contact

DURATION_S = 8.0
RATE = Fraction(24)
# where the hammer's face meets the iron, where the elbow is when it does (metres)
STRIKE_AT, ELBOW = np.array([-0.03, 0.043]), np.array([0.66, 0.155])
# the fall takes this long whatever its height, as an arm speeds up evenly
FALL_S = 0.17
EXPOSURE_S = 0.5 / 24
# the head against its drawing
HEAD_SIZE = 1.45
PROMPT = (
    "Close shot in a dark smithy: a blacksmith's hammer strikes a glowing orange iron bar on an anvil, bright sparks "
    "fly with every blow, the forge fire flickers behind, cold window light from the right, handheld camera."
)
LIGHTS = Lights(
    key=(-0.7, -0.35, 0.55),
    key_color=color(1.9, 0.70, 0.20),
    sky_color=color(0.16, 0.20, 0.28),
    ground_color=color(0.22, 0.09, 0.03),
    rim=(0.6, 0.8, 0.0),
    rim_color=color(0.9, 1.1, 1.5),
)


@dataclass(frozen=True)
class Blows:
    """When the hammer falls, and from how high (radians about the elbow)."""

    times_s: np.ndarray
    lifts: np.ndarray


@dataclass(frozen=True)
class Sparks:
    """All sparks of the clip: birth, place, velocity, life, heat."""

    born_s: np.ndarray
    place: np.ndarray
    velocity: np.ndarray
    life_s: np.ndarray
    heat: np.ndarray


@dataclass(frozen=True)
class Smithy:
    """Everything that is made once."""

    blows: Blows
    sparks: Sparks
    wall: np.ndarray
    anvil: forge.Sprite
    head: forge.Sprite
    scale: np.ndarray


@dataclass(frozen=True)
class View:
    """The camera looks straight on: pixels per metre and where the world's origin falls."""

    scale: float
    origin: np.ndarray
    width_px: int
    height_px: int

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """World (x, y) [..., 2] to pixels."""
        return np.asarray(points) * [self.scale, -self.scale] + self.origin


def build(width_px: int, height_px: int, *, seed: int) -> Scene:
    """The scene; every blow is a contact of the truth."""
    random = np.random.default_rng(seed)
    blows = _blows(random)
    smithy = Smithy(
        blows,
        _sparks(blows, random),
        forge.wall(width_px + 80, height_px + 80, random),
        forge.anvil(random),
        forge.hammer_head(),
        random.standard_normal((64, 512)).astype(np.float32),
    )
    camera = partial(_camera, blows=blows, width_px=width_px, height_px=height_px)
    picture = partial(_picture, smithy=smithy, camera=camera)
    return Scene(width_px, height_px, RATE, DURATION_S, PROMPT, seed, picture, _truth(blows, camera), grain=1.9, crf=25)


def _blows(random: np.random.Generator) -> Blows:
    """Heavy blows at uneven distances, with light taps between some of them."""
    times, lifts = [0.62], [0.80]
    while times[-1] < DURATION_S + 0.4:
        tap = random.random() < 0.25 and lifts[-1] > 0.4
        times.append(times[-1] + (random.uniform(0.27, 0.36) if tap else random.uniform(0.55, 1.05)))
        lifts.append(random.uniform(0.14, 0.20) if tap else random.uniform(0.62, 0.98))
    return Blows(np.array(times), np.array(lifts))


def _since(blows: Blows, time_s: float) -> tuple[float, float]:
    """(seconds since the last blow, its lift); a long time ago before the first."""
    n = int(np.searchsorted(blows.times_s, time_s, side="right")) - 1
    return (float(time_s - blows.times_s[n]), float(blows.lifts[n])) if n >= 0 else (9.0, 0.0)


def _angle(blows: Blows, time_s: float) -> float:
    """How far the arm is raised, 0 exactly at a blow: rebound, lift, then an even speeding up."""
    n = int(np.searchsorted(blows.times_s, time_s, side="right"))
    following, lift = float(blows.times_s[n]), float(blows.lifts[n])
    start = following - FALL_S
    if time_s >= start:
        return lift * (1 - ((time_s - start) / FALL_S) ** 2)
    before = float(blows.times_s[n - 1]) if n else following - 1.2
    share = (time_s - before) / (start - before)
    rebound = 0.16 * float(blows.lifts[n - 1] if n else 0.5) * np.sin(np.pi * min(share / 0.36, 1.0))
    return float(lift * smoothstep(0.10, 0.96, share)) + rebound * (1 - min(share / 0.36, 1.0)) ** 0.5


def _camera(time_s: float, *, blows: Blows, width_px: int, height_px: int) -> View:
    """A slow push in; every blow shakes the floor."""
    upright = height_px > width_px
    base = width_px / 0.98 if upright else height_px / 1.12
    scale = base * (1 + 0.05 * time_s / DURATION_S)
    ago, lift = _since(blows, time_s)
    shake = 0.0045 * lift * np.exp(-ago / 0.07) * np.array([np.sin(95 * ago), np.cos(80 * ago) * 1.4])
    drift = 0.006 * np.array([np.sin(0.9 * time_s) + 0.5 * np.sin(2.3 * time_s), np.cos(1.1 * time_s)])
    # just before the blow the camera knows nothing of it: the shake starts at once after
    middle = np.array([0.50, 0.60]) * [width_px, height_px]
    focus = STRIKE_AT + ([0.06, -0.02] if upright else [0.08, -0.03]) + drift + (shake if ago > 0 else 0)
    return View(scale, middle - focus * [scale, -scale], width_px, height_px)


def _truth(blows: Blows, camera: partial[View]) -> Truth:
    contacts = []
    for time_s, lift in zip(blows.times_s, blows.lifts, strict=True):
        if time_s < DURATION_S:
            view = camera(time_s)
            at = (view.pixels(STRIKE_AT) + 0.5) / [view.width_px, view.height_px]
            contacts.append(contact(time_s, tuple(at), material="steel", strength=lift, partner="hot iron on anvil"))
    return {"contacts": contacts, "cuts_s": [], "strikes_s": [entry["time_s"] for entry in contacts]}


# ---------------------------------------------------------------- picture
def _heat(blows: Blows, time_s: float) -> float:
    """How bright the iron is: it cools, and flares where it is struck."""
    ago, lift = _since(blows, time_s)
    flare = 1.5 * lift * np.exp(-ago / 0.06) if ago < 1 else 0.0
    return float(1.15 - 0.035 * time_s + 0.03 * np.sin(7 * time_s) + flare)


def _picture(time_s: float, *, smithy: Smithy, camera: partial[View]) -> np.ndarray:
    view = camera(time_s)
    heat = _heat(smithy.blows, time_s)
    light = _backdrop(smithy, view, time_s)
    move = _place(view, forge.TEXELS, np.array([forge.LEFT, forge.TOP]))
    sprite = smithy.anvil
    alpha = warp(sprite.alpha, move, view.width_px, view.height_px)[..., None]
    flicker = 1 + 0.10 * np.sin(11 * time_s) * np.sin(4.7 * time_s + 1)
    look = sprite.steady * np.float32(flicker) + sprite.hot * np.float32(0.85 * heat)
    light = mix(light, warp(look, move, view.width_px, view.height_px), alpha)
    light = _iron(light, smithy, view, time_s, heat)
    arm = _arm(smithy, camera, time_s, heat)
    light = light * (1 - arm[..., 3:]) + arm[..., :3]
    light = light + _flash(view, smithy.blows, time_s)
    flying = np.zeros_like(light)
    _draw_sparks(flying, smithy.sparks, view, time_s)
    light = light + flying + 0.8 * blur(flying, 5.0)
    bright = np.maximum(light - 0.9, 0.0)
    return light + 0.16 * blur(bright, 10.0) + 0.10 * blur(bright, 42.0)


def _place(view: View, texels: float, corner: np.ndarray) -> np.ndarray:
    """Affine matrix that lays a sprite whose upper left corner is at a world point."""
    zoom = view.scale / texels
    at = view.pixels(corner)
    return np.array([[zoom, 0.0, at[0]], [0.0, zoom, at[1]]])


def _backdrop(smithy: Smithy, view: View, time_s: float) -> np.ndarray:
    """The wall moves less than the anvil: it is further away. The fire flickers."""
    shift = (view.origin - [view.width_px * 0.47, view.height_px * 0.6]) * 0.35
    zoom = 1.0 + 0.02 * time_s / DURATION_S
    centre = np.array([view.width_px, view.height_px]) / 2 + 40
    move = np.array([[zoom, 0, view.width_px / 2 - zoom * centre[0]], [0, zoom, view.height_px / 2 - zoom * centre[1]]])
    move[:, 2] += np.clip(shift, -38, 38)
    light = warp(smithy.wall, move, view.width_px, view.height_px)
    flicker = 1.0 + 0.10 * np.sin(13.1 * time_s) + 0.08 * np.sin(7.3 * time_s + 1) + 0.05 * np.sin(29 * time_s)
    side = smoothstep(0.55, 0.0, np.linspace(0, 1, view.width_px, dtype=np.float32))[None, :, None]
    return light * (1 + (flicker - 1) * side)


def _iron(light: np.ndarray, smithy: Smithy, view: View, time_s: float, heat: float) -> np.ndarray:
    """The bar: white-yellow where it is struck, red towards the tongs, grey scale flaking on it."""
    scale = view.scale
    columns = ((np.arange(view.width_px) - view.origin[0]) / scale).astype(np.float32)[None, :]
    rows = ((view.origin[1] - np.arange(view.height_px)) / scale).astype(np.float32)[:, None]
    # every blow flattens and widens it a little
    struck = float(np.sum(smithy.blows.lifts[smithy.blows.times_s <= time_s]))
    near = np.exp(-(((columns - STRIKE_AT[0]) / 0.07) ** 2))
    thick = 0.0155 - 0.0006 * struck * near
    middle = float(STRIKE_AT[1]) - 0.0155
    inside = smoothstep(1.0, 1.0 - 1.4 / (0.0155 * scale), np.abs(rows - middle) / thick)
    inside = inside * smoothstep(0.105, 0.102, columns)
    round_off = np.sqrt(np.clip(1 - ((rows - middle) / thick) ** 2, 0.05, 1))
    flakes = resize(smithy.scale, smithy.scale.shape[1] * 2, smithy.scale.shape[0] * 2)
    u = np.clip(((columns + 0.75) * 1000).astype(int), 0, flakes.shape[1] - 1)
    v = np.clip(((rows + 0.01) * 1800).astype(int), 0, flakes.shape[0] - 1)
    crust = np.clip(1 - 0.28 * np.maximum(flakes[v, u], 0), 0.3, 1)
    warm = np.exp(-(((columns - 0.0) / 0.20) ** 2)) * heat
    # the colour of hot iron: red rises first, then green, blue last
    tone = np.dstack(np.broadcast_arrays(3.6 * warm**1.3, 1.75 * warm**2.3, 0.55 * warm**3.6)).astype(np.float32)
    tone = tone * (round_off * crust)[..., None] + color(0.03, 0.026, 0.025)
    light = mix(light, tone, inside[..., None])
    return _tongs(light, columns, rows, middle)


def _tongs(light: np.ndarray, columns: np.ndarray, rows: np.ndarray, middle: float) -> np.ndarray:
    for side in (-1.0, 1.0):
        line = middle + side * (0.020 + 0.04 * smoothstep(-0.36, -0.52, columns))
        away = (rows - line) / 0.010
        alpha = smoothstep(1.0, 0.85, np.abs(away)) * smoothstep(-0.285, -0.292, columns)
        lit = 0.03 + 0.10 * np.clip(0.4 + 0.6 * away, 0, 1)
        light = mix(light, lit[..., None] * color(1.4, 0.75, 0.45), alpha[..., None])
    return light


def _arm(smithy: Smithy, camera: partial[View], time_s: float, heat: float) -> np.ndarray:
    """Hammer, hand and forearm, premultiplied RGBA, averaged over the shutter."""
    shares = np.linspace(-0.5, 0.5, 9)
    angles = [_angle(smithy.blows, max(time_s + share * EXPOSURE_S, 0.0)) for share in shares]
    # the faster it moves, the more instants it takes to look smooth
    swing = max(angles) - min(angles)
    angles = angles if swing > 0.06 else angles[::4] if swing > 0.004 else angles[4:5]
    whole = camera(time_s)
    # the arm never reaches the left and lower part of the picture
    left = max(int(whole.pixels(np.array([-0.25, 0.0]))[0]), 0)
    bottom = min(int(whole.pixels(np.array([0.0, -0.02]))[1]), whole.height_px)
    view = View(whole.scale, whole.origin - [left, 0], whole.width_px - left, bottom)
    total = np.zeros((whole.height_px, whole.width_px, 4), np.float32)
    for n, angle in enumerate(angles):
        jitter = (n % 3 - 1) / 3 if len(angles) > 1 else 0.0
        total[:bottom, left:] += _arm_at(smithy, view, angle, heat, jitter=jitter) / len(angles)
    return total


def _arm_at(smithy: Smithy, view: View, angle: float, heat: float, *, jitter: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    # the elbow rises with the arm
    lift = np.array([0.01, 0.16]) * np.sin(min(angle, 1.2))

    def at(x: float, y: float) -> np.ndarray:
        return ELBOW + lift + turn @ (STRIKE_AT + [x, y] - ELBOW)

    oak, skin, leather, shirt = (
        color(0.36, 0.20, 0.09),
        color(0.48, 0.25, 0.16),
        color(0.20, 0.10, 0.05),
        color(0.10, 0.11, 0.14),
    )
    grip = at(0.335, 0.075)
    limbs = [
        Limb((*at(-0.050, 0.075), 0.0), (*at(0.40, 0.078), 0.0), 0.013, 0.017, oak, 0.5),
        Limb((*grip, 0.01), (*at(0.365, 0.080), 0.01), 0.042, 0.046, leather, 0.3),
        Limb((*at(0.322, 0.100), 0.05), (*at(0.318, 0.052), 0.05), 0.017, 0.016, leather * 1.15, 0.3),
        Limb((*at(0.345, 0.103), 0.055), (*at(0.342, 0.050), 0.055), 0.018, 0.016, leather * 1.15, 0.3),
        Limb((*at(0.368, 0.104), 0.055), (*at(0.366, 0.050), 0.055), 0.018, 0.016, leather * 1.15, 0.3),
        Limb((*at(0.40, 0.085), 0.0), (*at(0.46, 0.095), 0.0), 0.047, 0.053, leather, 0.3),
        Limb((*at(0.44, 0.092), -0.01), (*at(0.58, 0.108), 0.0), 0.040, 0.058, skin),
        Limb((*at(0.55, 0.106), 0.0), (*at(0.70, 0.118), 0.0), 0.068, 0.082, shirt),
        Limb((*at(0.69, 0.115), 0.0), (1.30, 0.85 + 0.5 * lift[1], -0.05), 0.082, 0.125, shirt),
    ]
    origin = (view.origin[0] + jitter, view.origin[1] + jitter * 0.7)
    layer = draw(
        limbs, LIGHTS, width_px=view.width_px, height_px=view.height_px, origin_px=origin, pixels_per_m=view.scale
    )
    layer = blur(layer, 0.55)
    return _with_head(layer, smithy.head, view, at, angle, heat)


def _with_head(
    layer: np.ndarray,
    head: forge.Sprite,
    view: View,
    at: Callable[[float, float], np.ndarray],
    angle: float,
    heat: float,
) -> np.ndarray:
    """Lay the turned hammer head over the handle."""
    place = view.pixels(at(0.0, 0.0))
    zoom = HEAD_SIZE * view.scale / forge.TEXELS
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    # the sprite's striking face lies at (80, 140); y grows downwards
    move = np.array([[c, -s, place[0] - c * 80 + s * 140], [s, c, place[1] - s * 80 - c * 140]])
    near = np.exp(-angle / 0.25)
    look = head.steady * 0.8 + head.hot * np.float32(heat * near)
    alpha = warp(head.alpha, move, view.width_px, view.height_px)[..., None]
    colors = warp(look * head.alpha[..., None], move, view.width_px, view.height_px)
    return layer * (1 - alpha) + np.dstack([colors, alpha])


def _flash(view: View, blows: Blows, time_s: float) -> np.ndarray:
    """Light in the smoke above the iron, strong for an instant after a blow."""
    ago, lift = _since(blows, time_s)
    power = 0.05 + (0.55 * lift * np.exp(-ago / 0.05) if ago < 1 else 0.0)
    at = view.pixels(STRIKE_AT)
    x = ((np.arange(view.width_px) - at[0]) / view.scale).astype(np.float32)[None, :]
    y = ((np.arange(view.height_px) - at[1]) / view.scale).astype(np.float32)[:, None]
    veil = np.float32(power) * np.exp(-np.hypot(x, y) / 0.13)
    return veil[..., None] * color(1.0, 0.46, 0.14)


# ----------------------------------------------------------------- sparks
def _sparks(blows: Blows, random: np.random.Generator) -> Sparks:
    """Sparks of all blows: a flat fan to both sides, and a few that climb."""
    parts = []
    for time_s, lift in zip(blows.times_s, blows.lifts, strict=True):
        count = int(50 + 330 * lift**1.6)
        side = np.where(random.random(count) < 0.62, -1.0, 1.0)
        rise = np.abs(random.normal(0.10, 0.38, count))
        speed = random.gamma(1.5, 1.5, count) * (0.45 + lift)
        velocity = np.stack([side * np.cos(rise) * speed, np.sin(rise) * speed], axis=1)
        place = STRIKE_AT + np.stack([side * random.uniform(0.0, 0.035, count), random.uniform(-0.012, 0.0, count)], 1)
        born = time_s + random.exponential(0.006, count)
        parts.append((born, place, velocity, random.uniform(0.18, 0.75, count), random.uniform(0.4, 1.0, count)))
    return Sparks(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _spark_place(sparks: Sparks, age_s: np.ndarray) -> np.ndarray:
    """Where sparks are: air slows them (drag rate 2.2 per second), gravity pulls."""
    drag = 2.2
    gone = (1 - np.exp(-drag * age_s)) / drag
    fall = 9.81 / drag * (age_s - gone)
    return np.stack([sparks.velocity[:, 0] * gone, sparks.velocity[:, 1] * gone - fall], axis=1) + sparks.place


def _draw_sparks(canvas: np.ndarray, sparks: Sparks, view: View, time_s: float) -> None:
    age = time_s - sparks.born_s
    seen = (age > -EXPOSURE_S / 2) & (age < sparks.life_s)
    live = Sparks(*(getattr(sparks, name)[seen] for name in ("born_s", "place", "velocity", "life_s", "heat")))
    if not len(live.born_s):
        return
    first = np.maximum(age[seen] - EXPOSURE_S / 2, 0.0)
    last = np.maximum(age[seen] + EXPOSURE_S / 2, 0.0)
    ends = [view.pixels(_spark_place(live, at)) for at in (first, last)]
    left = np.clip(1 - age[seen] / live.life_s, 0, 1) * live.heat
    # longer streaks spread the same light
    length = np.linalg.norm(ends[1] - ends[0], axis=1)
    power = (9.0 * left**1.2 / (1 + length / 60))[:, None]
    tone = np.stack([np.ones_like(left), 0.30 + 0.45 * left, 0.05 + 0.30 * left**2], axis=1)
    streaks(canvas, ends[0], ends[1], (power * tone).astype(np.float32), max(1, round(view.scale / 900)))
