"""A person walks along a park path on an autumn evening; the camera keeps pace."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from samples import gait
from samples.camera import Camera, aim
from samples.figure import Lights, Limb, draw
from samples.paint import blur, color, mix, resize, sample, smoothstep, unit, warp
from samples.scene import Scene, Truth, contact, in_picture
from samples.texture import fractal, stone

DURATION_S = 8.0
RATE = Fraction(24)
# metres of figure around the hips that are drawn, and the shutter's sub-instants
LEFT, RIGHT, TOP, BOTTOM = 0.95, 0.95, 1.95, 0.20
SHUTTER = 4
SUN = (0.55, 0.42, -0.55)
LAYERS_Z = (-60.0, -22.0, -9.0)
PROMPT = (
    "A young woman in a mustard coat and a red scarf walks along a stone path in an autumn park, side view, the camera "
    "tracks with her, evening sun from behind, trees and a fence pass in the background, shallow depth of field."
)
LIGHTS = Lights(
    key=(0.75, 0.60, 0.30),
    key_color=color(1.65, 1.18, 0.72),
    sky_color=color(0.30, 0.34, 0.44),
    ground_color=color(0.22, 0.15, 0.09),
    rim=(0.8, 0.55, -0.2),
    rim_color=color(2.4, 1.5, 0.75),
)


@dataclass(frozen=True)
class Park:
    """Everything that is made once."""

    walk: gait.Walk
    # far to near: colour and alpha float32 [H, W, 4], texels per metre, height of the picture's top in metres
    layers: list[tuple[np.ndarray, float, float]]
    path: np.ndarray
    grass: np.ndarray


def build(width_px: int, height_px: int, *, seed: int) -> Scene:
    """The scene; every heel strike is a contact of the truth."""
    random = np.random.default_rng(seed)
    walk = gait.plan(random, start_s=-0.9, end_s=DURATION_S + 1.5)
    park = Park(walk, _layers(random), stone(1024, random, color(0.30, 0.25, 0.21)), _grass(random))
    camera = partial(_camera, walk=walk, width_px=width_px, height_px=height_px)
    picture = partial(_picture, park=park, camera=camera)
    truth = _truth(walk, camera)
    return Scene(width_px, height_px, RATE, DURATION_S, PROMPT, seed, picture, truth, grain=2.2, crf=25)


def _camera(time_s: float, *, walk: gait.Walk, width_px: int, height_px: int) -> Camera:
    """Keeps pace at the mean speed, so the walker drifts a little in the picture."""
    inner = (walk.times_s >= -0.2) & (walk.times_s <= DURATION_S + 0.6)
    speed, start = np.polyfit(walk.times_s[inner], walk.x_m[inner], 1)
    upright = height_px > width_px
    x = start + speed * time_s + (0.0 if upright else 0.30 - 0.06 * time_s)
    sway = 0.012 * np.sin(2.3 * time_s) + 0.007 * np.sin(4.1 * time_s + 1)
    away = 5.0 if upright else 5.3 - 0.07 * time_s
    eye = (x, 1.15 + sway, away)
    return aim(eye, (x, 0.90 + 0.6 * sway, 0.0), field_deg=44.0, width_px=width_px, height_px=height_px)


def _truth(walk: gait.Walk, camera: partial[Camera]) -> Truth:
    contacts, footsteps = [], []
    for n, (time_s, x) in enumerate(zip(walk.times_s, walk.x_m, strict=True)):
        if not 0 <= time_s < DURATION_S:
            continue
        at = camera(time_s).fraction((x, 0.0, 0.0))
        entry = contact(time_s, at, material="shoe", strength=0.45, partner="stone path", foot=("right", "left")[n % 2])
        if in_picture(entry):
            contacts.append(entry)
            footsteps.append({key: entry[key] for key in ("time_s", "x", "y", "foot")})
    return {"contacts": contacts, "cuts_s": [], "footsteps": footsteps, "ground": "stone"}


# ---------------------------------------------------------------- picture
def _picture(time_s: float, *, park: Park, camera: partial[Camera]) -> np.ndarray:
    view = camera(time_s)
    rays = view.rays(np.arange(view.width_px), np.arange(view.height_px))
    light = _landscape(rays, view, park)
    # the landscape passes while the shutter is open, the walker does not
    light = blur(light, 1.5, 0.1)
    layer, left, top = _walker(camera, park.walk, time_s)
    light = _with_shadow(light, layer, left, top, view, park.walk, time_s)
    return _stamp(light, layer, left, top) + _veil(view)


def _landscape(rays: np.ndarray, view: Camera, park: Park) -> np.ndarray:
    """Sky, three layers of the park out of focus, grass and path."""
    eye = view.eye.astype(np.float32)
    light = _sky(unit(rays))
    for z, (picture, texels, top) in zip(LAYERS_Z, park.layers, strict=True):
        reach = (z - eye[2]) / rays[..., 2]
        x, y = eye[0] + reach * rays[..., 0], eye[1] + reach * rays[..., 1]
        found = sample(picture, np.mod(x * texels, picture.shape[1]), np.clip((top - y) * texels, 0, None))
        alpha = found[..., 3:] * (y < top)[..., None]
        light = light * (1 - alpha) + found[..., :3] * (y < top)[..., None]
    return _ground(light, rays, eye, park)


def _ground(light: np.ndarray, rays: np.ndarray, eye: np.ndarray, park: Park) -> np.ndarray:
    reach = -eye[1] / np.minimum(rays[..., 1], -1e-3)
    x, z = eye[0] + reach * rays[..., 0], eye[2] + reach * rays[..., 2]
    on = (rays[..., 1] < -1e-3) & (z > LAYERS_Z[2])
    rows = np.flatnonzero(on.any(axis=1))
    cut = slice(rows[0], None)
    x, z = x[cut], z[cut]
    slab = np.minimum(np.abs((x + 0.35 * np.floor(z / 0.7)) % 1.1 - 0.55), np.abs(z % 0.7 - 0.35))
    joint = smoothstep(0.0, 0.02, np.minimum(slab, 0.55 - np.abs((x + 0.35 * np.floor(z / 0.7)) % 1.1 - 0.55)))
    path = sample(park.path, x * 250, z * 250, wrap=True) * (0.55 + 0.45 * joint)[..., None]
    grass = sample(park.grass, x * 110, z * 110, wrap=True)
    ragged = 0.05 * sample(park.path[..., 0], x * 90, z * 90, wrap=True) / 0.3
    edge = smoothstep(-1.35, -1.25, z + ragged) * smoothstep(1.75, 1.65, z + ragged)
    ground = mix(grass, path, edge[..., None])
    # bars of shade from trees that stand outside the picture
    bars = sample(park.path[..., 1], (x - 0.9 * z) * 14, z * 3 + 40, wrap=True) / 0.25
    sun = 0.45 + 0.75 * smoothstep(0.93, 1.06, bars)
    ground = ground * (sun[..., None] * color(1.45, 1.05, 0.66) + color(0.24, 0.28, 0.36))
    haze = smoothstep(3.0, 15.0, reach[cut])[..., None] * 0.35
    ground = mix(ground, np.broadcast_to(color(0.75, 0.45, 0.20), ground.shape), haze)
    light[cut] = np.where(on[cut][..., None], ground, light[cut])
    return light


def _sky(rays: np.ndarray) -> np.ndarray:
    up = np.clip(rays[..., 1:2], 0, 1)
    light = mix(color(1.35, 0.78, 0.34), color(0.42, 0.52, 0.70), smoothstep(0.0, 0.32, up))
    toward = np.maximum(rays @ (np.array(SUN, np.float32) / np.linalg.norm(SUN)), 0)[..., None]
    return light + color(1.6, 1.0, 0.45) * toward**8 * 0.6


def _veil(view: Camera) -> np.ndarray:
    """The low sun scatters in the lens, from the upper right."""
    x = np.linspace(0, 1, view.width_px, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, view.height_px, dtype=np.float32)[:, None]
    veil = 0.20 * np.exp(-np.hypot(x - 1.02, (y + 0.05) * 0.8) / 0.42)
    return veil[..., None] * color(1.0, 0.66, 0.32)


def _walker(camera: partial[Camera], walk: gait.Walk, time_s: float) -> tuple[np.ndarray, int, int]:
    """The figure, premultiplied RGBA, averaged over a half-open shutter, and its left and top pixel."""
    view = camera(time_s)
    scale = view.focal_px / float(view.project(np.array([view.eye[0], 0.9, 0.0]))[1])
    hip_x = gait.hips(walk, time_s)[0]
    foot_px, _ = view.project(np.array([hip_x, 0.0, 0.0]))
    left, top = int(foot_px[0] - LEFT * scale), int(foot_px[1] - TOP * scale)
    width, height = int((LEFT + RIGHT) * scale), int((TOP + BOTTOM) * scale)
    total = np.zeros((height, width, 4), np.float32)
    for n in range(SHUTTER):
        share = (n + 0.5) / SHUTTER - 0.5
        moment = time_s + 0.5 * share / float(RATE)
        origin = _origin(foot_px, left, top, share)
        tracked_x = hip_x + camera(moment).eye[0] - view.eye[0]
        fine = draw(
            _limbs(walk, moment, tracked_x),
            LIGHTS,
            width_px=int(width * 1.5),
            height_px=int(height * 1.5),
            origin_px=origin,
            pixels_per_m=scale * 1.5,
        )
        total += resize(fine, width, height) / SHUTTER
    return total, left, top


def _origin(foot_px: np.ndarray, left: int, top: int, share: float) -> tuple[float, float]:
    """Where the ground under the hips lies in the figure's own picture; a sub-pixel shift each time smooths edges."""
    return (foot_px[0] - left + share * 0.6) * 1.5, (foot_px[1] - top + (share * 1.7) % 0.6 - 0.3) * 1.5


def _limbs(walk: gait.Walk, time_s: float, origin_x: float) -> list[Limb]:
    """The whole figure relative to the ground under `origin_x`."""
    coat, dark_coat = color(0.50, 0.27, 0.075), color(0.34, 0.18, 0.05)
    skin, hair, scarf = color(0.62, 0.36, 0.25), color(0.075, 0.035, 0.018), color(0.50, 0.030, 0.030)
    hip = gait.hips(walk, time_s) - [origin_x, 0.0]
    n, share = gait.step_at(walk, time_s)
    twist = np.cos(np.pi * share) * (1 if n % 2 == 0 else -1)
    neck = hip + [0.045, gait.SHOULDER + 0.05]
    limbs: list[Limb] = []
    for side, z in ((1, -0.085), (0, 0.085)):
        limbs += _leg(walk, side, time_s, origin_x, hip, 0.75 * z, coat if side == 0 else dark_coat)
        shoulder = hip + [0.035 + (0.035 if side else -0.035) * twist, gait.SHOULDER]
        limbs += _arm(walk, side, shoulder, time_s, 2.1 * z, coat if side == 0 else dark_coat, skin)
    limbs += [
        Limb((*(hip + [0.0, 0.02]), 0.0), (*(hip + [0.025, 0.26]), 0.0), 0.135, 0.120, coat),
        Limb((*(hip + [0.025, 0.24]), 0.0), (*(hip + [0.035, 0.47]), 0.0), 0.122, 0.115, coat),
        Limb((*(hip + [0.0, 0.05]), 0.0), (*(hip + [-0.005, -0.10]), 0.0), 0.138, 0.140, coat),
        Limb((*(hip + [0.015, 0.115]), 0.0), (*(hip + [0.020, 0.15]), 0.0), 0.137, 0.135, hair, 0.5),
        Limb((*neck, 0.0), (*(neck + [0.02, 0.09]), 0.0), 0.055, 0.050, skin),
        Limb((*(neck + [-0.02, 0.02]), 0.0), (*(neck + [0.03, 0.035]), 0.02), 0.085, 0.080, scarf),
        Limb((*(neck + [-0.06, 0.0]), 0.03), (*(neck + [-0.16 - 0.015 * twist, -0.20]), 0.04), 0.040, 0.050, scarf),
    ]
    return limbs + _head(neck + [0.035, 0.20], skin, hair)


def _head(at: np.ndarray, skin: np.ndarray, hair: np.ndarray) -> list[Limb]:
    """Head in profile to the right, hair in a bun, a knitted cap."""
    cap = color(0.055, 0.085, 0.11)
    return [
        Limb((*(at + [0.0, 0.01]), 0.0), (*(at + [0.012, 0.03]), 0.0), 0.098, 0.098, skin),
        Limb((*(at + [0.03, -0.03]), 0.0), (*(at + [0.055, -0.072]), 0.0), 0.070, 0.038, skin),
        Limb((*(at + [0.098, 0.012]), 0.0), (*(at + [0.117, -0.022]), 0.0), 0.011, 0.016, skin),
        Limb((*(at + [0.090, -0.050]), 0.02), (*(at + [0.092, -0.052]), 0.02), 0.016, 0.014, color(0.50, 0.18, 0.14)),
        Limb(
            (*(at + [0.086, 0.018]), 0.052),
            (*(at + [0.088, 0.018]), 0.052),
            0.010,
            0.009,
            color(0.02, 0.015, 0.012),
            0.8,
        ),
        Limb((*(at + [-0.05, 0.02]), 0.0), (*(at + [-0.055, -0.06]), 0.0), 0.085, 0.066, hair),
        Limb((*(at + [-0.03, -0.005]), 0.055), (*(at + [-0.028, -0.03]), 0.06), 0.042, 0.030, hair),
        Limb((*(at + [0.005, -0.008]), 0.088), (*(at + [0.006, -0.022]), 0.088), 0.016, 0.012, skin),
        Limb((*(at + [-0.018, 0.055]), 0.0), (*(at + [0.012, 0.062]), 0.0), 0.104, 0.100, cap),
        Limb((*(at + [-0.075, 0.028]), 0.03), (*(at + [0.075, 0.048]), 0.045), 0.046, 0.040, cap * 0.8),
        Limb((*(at + [-0.015, 0.165]), 0.0), (*(at + [-0.015, 0.168]), 0.0), 0.036, 0.036, color(0.55, 0.50, 0.44)),
    ]


def _leg(
    walk: gait.Walk, side: int, time_s: float, origin_x: float, hip: np.ndarray, z: float, coat: np.ndarray
) -> list[Limb]:
    jeans, shoe, sole = color(0.045, 0.062, 0.115), color(0.16, 0.065, 0.030), color(0.50, 0.44, 0.36)
    if side:
        jeans, shoe, sole = jeans * 0.75, shoe * 0.75, sole * 0.75
    foot = gait.foot(walk, side, time_s)
    shift = np.array([origin_x, 0.0])
    bend, ankle = gait.knee(hip, foot.ankle - shift)
    # the shoe's skin lies its radius above the sole line
    heel, ball = foot.heel - shift, foot.ball - shift
    along = (ball - heel) / gait.FOOT
    up = np.array([-along[1], along[0]])
    # the toes stay flat while the heel rises
    bend_toe = foot.pitch if foot.pitch > 0 else 0.2 * foot.pitch
    toe = ball + 0.050 * np.array([np.cos(bend_toe), np.sin(bend_toe)])
    return [
        Limb((*hip, z), (*bend, z), 0.092, 0.060, jeans),
        # the skirt of the coat follows the thigh
        Limb((*hip, z), (*(hip + 0.50 * (bend - hip) + [-0.015, 0.0]), z), 0.125, 0.112, coat),
        Limb((*bend, z), (*ankle, z), 0.062, 0.045, jeans),
        Limb((*ankle, z), (*(heel + 0.040 * up + 0.03 * along), z), 0.046, 0.040, shoe, 0.7),
        Limb((*(heel + 0.042 * up + 0.03 * along), z), (*(ball + 0.036 * up), z), 0.040, 0.034, shoe, 0.7),
        Limb((*(ball + 0.036 * up), z), (*(toe + 0.028 * up), z), 0.034, 0.024, shoe, 0.7),
        Limb((*(heel + 0.011 * up + 0.01 * along), z + 0.03), (*(toe + 0.010 * up), z + 0.03), 0.011, 0.010, sole),
    ]


def _arm(
    walk: gait.Walk, side: int, shoulder: np.ndarray, time_s: float, z: float, coat: np.ndarray, skin: np.ndarray
) -> list[Limb]:
    elbow, hand = gait.arm(walk, side, shoulder, time_s)
    reach = (hand - elbow) / gait.FOREARM
    return [
        Limb((*shoulder, z), (*elbow, z * 1.05), 0.066, 0.052, coat),
        Limb((*elbow, z * 1.05), (*(hand - 0.03 * reach), z), 0.053, 0.043, coat),
        Limb((*hand, z), (*(hand + 0.065 * reach), z), 0.034, 0.030, skin),
    ]


def _with_shadow(
    light: np.ndarray, layer: np.ndarray, left: int, top: int, view: Camera, walk: gait.Walk, time_s: float
) -> np.ndarray:
    """A long shadow towards the eye (the sun stands behind), and the dark under each foot."""
    height, width = light.shape[:2]
    ground_px = float(view.project(np.array([view.eye[0], 0.0, 0.0]))[0][1])
    # picture row r above the ground falls at 0.34 of its height below it, leaning left
    flat, lean = 0.34, 0.42
    move = np.array([[1.0, lean, left - lean * (ground_px - top)], [0.0, -flat, ground_px + flat * (ground_px - top)]])
    dark = blur(warp(layer[..., 3], move, width, height), 5.0)
    rows = np.arange(height, dtype=np.float32)[:, None]
    dark *= 0.55 * smoothstep(ground_px + 0.9 * TOP * flat * 200, ground_px - 5, rows)
    columns = np.arange(width, dtype=np.float32)[None, :]
    for side in (0, 1):
        foot = gait.foot(walk, side, time_s)
        middle = (foot.heel + foot.ball) / 2
        at, depth = view.project(np.array([middle[0] + 0.02, 0.0, 0.0]))
        size = view.focal_px / float(depth)
        lift = max(float(middle[1]), 0.0)
        spread = 0.14 + 0.5 * lift
        spot = np.exp(-(((columns - at[0]) / (spread * size)) ** 2) - ((rows - at[1]) / (0.24 * spread * size)) ** 2)
        dark = np.maximum(dark, 0.8 * spot * np.exp(-6 * lift))
    return light * (1 - dark[..., None] * color(0.95, 0.88, 0.76))


def _stamp(light: np.ndarray, layer: np.ndarray, left: int, top: int) -> np.ndarray:
    height, width = light.shape[:2]
    whole = warp(layer, np.array([[1.0, 0.0, left], [0.0, 1.0, top]]), width, height)
    return light * (1 - whole[..., 3:]) + whole[..., :3]


# ------------------------------------------------------------- background
def _grass(random: np.random.Generator) -> np.ndarray:
    blades = fractal(1024, 60, random, octaves=4, cells_y=20)
    leaves = smoothstep(1.5, 1.9, fractal(1024, 90, random, octaves=2))[..., None]
    green = mix(color(0.085, 0.105, 0.028), color(0.20, 0.17, 0.05), np.clip(0.5 + 0.25 * blades, 0, 1)[..., None])
    return mix(green, color(0.55, 0.22, 0.04), leaves).astype(np.float32)


def _layers(random: np.random.Generator) -> list[tuple[np.ndarray, float, float]]:
    """Wooded hills, a row of trees, a fence with shrubs; each blurred as much as it is out of focus."""
    return [
        (_trees(random, count=34, tone=color(0.42, 0.25, 0.12), bare=0.0, blur_px=3.0), 16.0, 16.0),
        (_trees(random, count=13, tone=color(0.40, 0.15, 0.030), bare=1.0, blur_px=3.5), 36.0, 11.0),
        (_fence(random), 110.0, 2.2),
    ]


def _trees(random: np.random.Generator, *, count: int, tone: np.ndarray, bare: float, blur_px: float) -> np.ndarray:
    """A seamless band of trees 1024 texels wide, premultiplied RGBA."""
    size = 1024
    height = round(size * 0.42)
    x, y = np.arange(size, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    leaves = fractal(size, 40, random, octaves=4)[:height]
    picture = np.zeros((height, size, 4), np.float32)
    for n in range(count):
        centre = (n + random.uniform(0.2, 0.8)) * size / count
        crown, wide = (
            random.uniform(0.30, 0.55) * height,
            random.uniform(0.8, 1.25) * size / count * (0.8 + 0.9 * (1 - bare)),
        )
        away = (x - centre + size / 2) % size - size / 2
        shape = 1.0 - (away / wide) ** 2 - ((y - crown) / (0.52 * crown + 30)) ** 2 + 0.32 * leaves
        alpha = smoothstep(0.0, 0.25, shape)
        tint = tone * np.array(random.uniform(0.75, 1.3, 3), np.float32) ** [0.6, 1.2, 1.0]
        lit = np.clip(0.62 + 0.35 * away / wide - 0.25 * (y - crown) / crown + 0.22 * leaves, 0.15, 1.6)
        trunk = smoothstep(5.0, 3.0, np.abs(away + 2 * np.sin(y / 30))) * (y > crown)
        picture = _lay(picture, np.broadcast_to(color(0.045, 0.028, 0.020), (height, size, 3)), trunk)
        picture = _lay(picture, lit[..., None] * tint, alpha * (0.93 if bare else 1.0))
    base = smoothstep(height * 0.80, height * 0.92, y) * np.ones((1, size), np.float32)
    picture = _lay(picture, np.broadcast_to(tone * color(0.35, 0.5, 0.6), (height, size, 3)), base)
    wide_blur = blur(np.concatenate([picture[:, -64:], picture, picture[:, :64]], axis=1), blur_px)
    return np.ascontiguousarray(wide_blur[:, 64:-64])


def _fence(random: np.random.Generator) -> np.ndarray:
    """Iron palings before shrubs, premultiplied RGBA, 1024 texels wide."""
    width, height = 1024, 250
    x, y = np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]
    leaves = fractal(1024, 48, random, octaves=5)[:height]
    top = 130 + 40 * np.sin(2 * np.pi * x / width * 3) + 18 * np.sin(2 * np.pi * x / width * 7 + 1)
    alpha = smoothstep(-12, 14, y - top + 26 * leaves)
    green = mix(color(0.05, 0.055, 0.014), color(0.30, 0.19, 0.04), np.clip(0.45 + 0.3 * leaves, 0, 1)[..., None])
    picture = _lay(np.zeros((height, width, 4), np.float32), green, alpha)
    paling = smoothstep(2.6, 1.4, np.abs(x % 16 - 8)) * (y > 62)
    rails = np.maximum(smoothstep(4, 2, np.abs(y - 84)), smoothstep(4, 2, np.abs(y - 222))) * np.ones((1, width))
    posts = smoothstep(8, 6, np.abs(x % 256 - 128)) * (y > 50)
    iron = np.maximum.reduce([np.broadcast_to(paling, (height, width)), rails, np.broadcast_to(posts, (height, width))])
    picture = _lay(picture, np.broadcast_to(color(0.020, 0.022, 0.022), (height, width, 3)), iron)
    return blur(picture, 1.8)


def _lay(picture: np.ndarray, light: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Premultiplied over."""
    layer = np.dstack([light * alpha[..., None], np.broadcast_to(alpha, light.shape[:2])]).astype(np.float32)
    return picture * (1 - layer[..., 3:]) + layer
