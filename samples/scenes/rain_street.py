"""Rain on a street at night: neon and lamps on wet asphalt, rings of drops, a car that passes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from samples.camera import Camera, aim
from samples.paint import blur, color, glow, mix, sample, smoothstep, streaks, unit
from samples.scene import Scene, Truth
from samples.street import CAR_LENGTH_M, CAR_TEXELS, FRONT_HEIGHT_M, FRONT_TEXELS, FRONT_WIDTH_M, car, fronts
from samples.texture import asphalt

DURATION_S = 8.0
RATE = Fraction(24)
# metres: house fronts, kerb, lamps and the lane the car keeps
FRONT_Z, KERB_Z, LAMP_Z, LANE_Z = -6.0, -4.4, -4.7, -1.9
LAMPS_X = (-6.4, 0.9, 8.2)
LAMP_Y = 4.15
# m/s: a large drop falls with about 8 m/s (Gunn and Kinzer 1949)
DROP_SPEED, CAR_SPEED = 8.0, 6.5
# the map of rings on the water: metres covered, texels per metre
MAP_LEFT, MAP_BACK, MAP_WIDTH, MAP_DEPTH, MAP_TEXELS = -9.0, -4.4, 18.0, 8.0, 64
RING_LIFE_S, RING_AGES = 0.5, 14
PROMPT = (
    "Heavy rain on a city street at night, neon signs and street lamps reflected on the wet asphalt, drops making "
    "rings in the puddles, a dark red car drives past from left to right with its headlights on. "
    "Slow sideways camera move."
)


@dataclass(frozen=True)
class Street:
    """Everything that is made once."""

    fronts: np.ndarray
    # the same, blurred up and down as rough asphalt mirrors it
    smeared: np.ndarray
    bumps: np.ndarray
    puddles: np.ndarray
    car_light: np.ndarray
    car_alpha: np.ndarray
    # slopes of a ring by age, float32 [ages, 2, side, side]
    rings: np.ndarray
    # x, z and birth within the cycle of each ring [N, 3]; all come again after two lives
    ring_births: np.ndarray
    # x, z, height phase, speed of each drop [N, 4]
    drops: np.ndarray
    pass_s: float


def build(width_px: int, height_px: int, *, seed: int) -> Scene:
    """The scene; the car is nearest to the camera at the `passes` time of the truth."""
    random = np.random.default_rng(seed)
    camera = partial(_camera, width_px=width_px, height_px=height_px)
    front = fronts(random)
    bumps, puddles = asphalt(1024, random)
    light, alpha = car(color(0.30, 0.018, 0.022))
    births = random.random((900, 3)) * [MAP_WIDTH, MAP_DEPTH, 2 * RING_LIFE_S] + [MAP_LEFT, MAP_BACK, 0]
    drops = random.random((2200, 4)) * [20.0, 8.5, 7.0, 0.3] + [-10.0, -5.0, 0.0, 0.85]
    street = Street(front, blur(front, 6.0, 95.0), bumps, puddles, light, alpha, _rings(), births, drops, 3.7)
    picture = partial(_picture, street=street, camera=camera)
    truth = _truth(street, camera)
    return Scene(width_px, height_px, RATE, DURATION_S, PROMPT, seed, picture, truth, grain=1.8, crf=26)


def _camera(time_s: float, *, width_px: int, height_px: int) -> Camera:
    """A slow move to the right, eye at standing height, with a hand's unrest."""
    x = -0.55 + 0.14 * time_s
    sway = 0.012 * np.sin(1.9 * time_s) + 0.008 * np.sin(3.1 * time_s + 1)
    near = 4.6 if width_px >= height_px else 5.4
    eye = (x, 1.75 + sway, near)
    return aim(eye, (x + 0.02, 1.32 + 0.5 * sway, -6.0), field_deg=66.0, width_px=width_px, height_px=height_px)


def _car_x(street: Street, time_s: float) -> float:
    """Middle of the car: at the pass time it is exactly before the camera."""
    before = _camera(street.pass_s, width_px=16, height_px=9).eye[0]
    return float(before + CAR_SPEED * (time_s - street.pass_s))


def _truth(street: Street, camera: partial[Camera]) -> Truth:
    x, y = camera(street.pass_s).fraction((_car_x(street, street.pass_s), 0.7, LANE_Z))
    passing = {"time_s": street.pass_s, "x": round(x, 4), "y": round(y, 4), "what": "car", "speed_m_s": CAR_SPEED}
    spans = [t / 1000 for t in range(int(DURATION_S * 1000)) if _is_seen(street, camera, t / 1000)]
    passing |= {"direction": "left to right", "enters_s": spans[0], "leaves_s": spans[-1]}
    return {"contacts": [], "cuts_s": [], "passes": [passing], "rain": "whole clip"}


def _is_seen(street: Street, camera: partial[Camera], time_s: float) -> bool:
    middle = _car_x(street, time_s)
    ends = [camera(time_s).fraction((middle + side * CAR_LENGTH_M / 2, 0.6, LANE_Z))[0] for side in (-1, 1)]
    return ends[1] > 0.0 and ends[0] < 1.0


# ---------------------------------------------------------------- picture
def _picture(time_s: float, *, street: Street, camera: partial[Camera]) -> np.ndarray:
    view = camera(time_s)
    rays = view.rays(np.arange(view.width_px), np.arange(view.height_px))
    eye = view.eye.astype(np.float32)
    kerb_px = int(view.project(np.array([0.0, 0.0, KERB_Z]))[0][1])
    light = np.empty_like(rays)
    light[:kerb_px] = _background(rays[:kerb_px], eye, street, time_s)
    light[kerb_px:] = _road(rays[kerb_px:], eye, street, time_s)
    light = _with_lamps(light, view)
    light = _with_car(light, eye, rays, street, time_s, exposure_s=0.5 / float(RATE))
    light = light + _car_glow(view, street, time_s)
    _draw_rain(light, view, street, time_s)
    haze = blur(light, 24.0)
    return light * 0.97 + 0.04 * haze + color(0.0015, 0.002, 0.003)


def _background(rays: np.ndarray, eye: np.ndarray, street: Street, time_s: float) -> np.ndarray:
    """House fronts, and the pavement before them."""
    light = _fronts_at(street.fronts, eye, rays, time_s)
    reach = (np.float32(0.12) - eye[1]) / np.minimum(rays[..., 1], -1e-3)
    z = eye[2] + reach * rays[..., 2]
    on = smoothstep(FRONT_Z - 0.02, FRONT_Z + 0.02, z)[..., None]
    x = eye[0] + reach * rays[..., 0]
    slabs = np.minimum(smoothstep(0, 0.03, np.abs(x % 0.9 - 0.45)), smoothstep(0, 0.04, np.abs(z % 0.8 - 0.4)))
    mirror = rays * np.array([1, -1, 1], np.float32)
    point = np.dstack([x, 0.12 + 0 * x, z])
    pave = 0.16 * _fronts_at(street.smeared, point, mirror, time_s) + 0.012 * slabs[..., None]
    return mix(light, pave * (0.5 + 0.5 * slabs)[..., None], on)


def _fronts_at(texture: np.ndarray, start: np.ndarray, rays: np.ndarray, time_s: float) -> np.ndarray:
    """What a ray sees of the houses."""
    start = np.asarray(start)
    reach = (FRONT_Z - start[..., 2]) / np.minimum(rays[..., 2], -1e-3)
    x, y = start[..., 0] + reach * rays[..., 0], start[..., 1] + reach * rays[..., 1]
    u, v = (x + FRONT_WIDTH_M / 2) * FRONT_TEXELS, (FRONT_HEIGHT_M - y) * FRONT_TEXELS
    light = sample(texture, u, v)
    # one sign has a loose contact
    flicker = 0.35 + 0.65 * (np.sin(47 * time_s) + np.sin(31.7 * time_s + 1) > -0.9)
    third = np.abs(x) < FRONT_WIDTH_M / 10
    high = smoothstep(3.0, 3.4, y) * smoothstep(4.9, 4.5, y)
    dark_sky = smoothstep(FRONT_HEIGHT_M + 0.5, FRONT_HEIGHT_M - 0.3, y)
    return light * (dark_sky * (1 - third * high * (1 - flicker)))[..., None]


def _road(rays: np.ndarray, eye: np.ndarray, street: Street, time_s: float) -> np.ndarray:
    reach = -eye[1] / np.minimum(rays[..., 1], -1e-3)
    x, z = eye[0] + reach * rays[..., 0], eye[2] + reach * rays[..., 2]
    wet = sample(street.puddles, x * 80, z * 80, wrap=True)
    rough = sample(street.bumps, x * 170, z * 170, wrap=True)
    ring_x, ring_z = _ring_slopes(street, x, z, time_s)
    # standing water is flat but for the rings; asphalt tilts every grain
    grain = (1 - 0.93 * wet) * np.clip(3.2 / reach, 0.25, 1.0)
    slope_x = 0.030 * grain * rough + ring_x * (0.25 + 0.75 * wet)
    slope_z = 0.045 * grain * np.roll(rough, 7, axis=1) + ring_z * (0.25 + 0.75 * wet)
    normal = unit(np.dstack([-slope_x, np.ones_like(x), -slope_z]))
    d = unit(rays)
    cosine = np.clip(-(d * normal).sum(axis=2), 0.02, 1)[..., None]
    mirror = d + 2 * cosine * normal
    mirror[..., 1] = np.abs(mirror[..., 1])
    point = np.dstack([x, np.zeros_like(x), z])
    clear = _fronts_at(street.fronts, point, mirror, time_s)
    soft = _fronts_at(street.smeared, point, mirror, time_s)
    seen = mix(1.35 * soft, clear, (0.12 + 0.75 * wet)[..., None])
    seen = _with_car(seen, point, mirror, street, time_s, exposure_s=0.0)
    seen += _lamp_streaks(point, mirror, street, time_s, wet)
    fresnel = 0.05 + 0.95 * (1 - cosine) ** 4
    dry = (0.014 * (1 + 0.35 * rough))[..., None] * (color(0.9, 0.8, 0.7) + _beam(x, z, street, time_s))
    return dry * (1 - 0.6 * wet[..., None]) + seen * np.minimum(fresnel * (1.9 + 0.6 * wet[..., None]), 1.0)


def _lamp_streaks(point: np.ndarray, mirror: np.ndarray, street: Street, time_s: float, wet: np.ndarray) -> np.ndarray:
    """Lamps and headlights in the wet: lobes round the mirrored direction, drawn out towards the eye."""
    front, back = _car_lights(street, time_s)
    sources = [((x, LAMP_Y, LAMP_Z), color(1.0, 0.60, 0.24), 0.9) for x in LAMPS_X]
    sources += [(front, color(1.0, 0.92, 0.76), 1.8), (back, color(1.0, 0.05, 0.02), 0.9)]
    width = np.float32(0.00055) * (1.3 - wet) + np.float32(0.00015)
    total = np.zeros_like(point)
    for place, tint, power in sources:
        toward = np.array(place, np.float32) - point
        away = (toward * toward).sum(axis=2)
        miss = 1.0 - (toward * mirror).sum(axis=2) / np.sqrt(away)
        lobe = np.exp(-np.minimum(miss / width, 40.0)) * np.float32(9.0)
        tail = np.exp(-np.minimum(miss / (14 * width), 40.0)) * np.float32(0.45)
        total += ((lobe + tail) * power)[..., None] * tint
    return total


def _beam(x: np.ndarray, z: np.ndarray, street: Street, time_s: float) -> np.ndarray:
    """Light on the road: pools under the lamps, the fan before the car."""
    (front_x, _, _), (back_x, _, _) = _car_lights(street, time_s)
    ahead = x - front_x
    spread = 0.35 + 0.22 * np.maximum(ahead, 0)
    fan = smoothstep(0.0, 1.2, ahead) * np.exp(-(((z - LANE_Z) / spread) ** 2) - np.maximum(ahead, 0) / 5.0)
    red = np.exp(-((x - back_x + 0.7) ** 2 + (z - LANE_Z) ** 2) / 0.9)
    light = (26.0 * fan)[..., None] * color(1.0, 0.92, 0.78) + (2.6 * red)[..., None] * color(1.0, 0.05, 0.03)
    for lamp_x in LAMPS_X:
        pool = 1.0 / (1.0 + ((x - lamp_x) ** 2 + (z - LAMP_Z) ** 2) / 5.0) ** 1.5
        light += (6.0 * pool)[..., None] * color(1.0, 0.62, 0.28)
    under = np.exp(-(((x - (front_x + back_x) / 2) / 1.9) ** 6) - ((z - LANE_Z) / 0.75) ** 2)
    return light * (1 - 0.9 * under)[..., None]


# -------------------------------------------------------------- the lights
def _with_lamps(light: np.ndarray, view: Camera) -> np.ndarray:
    """Posts and lamps on the kerb, with the halo that wet air gives."""
    height, width = light.shape[:2]
    for lamp_x in LAMPS_X:
        top, depth = view.project(np.array([lamp_x, LAMP_Y, LAMP_Z]))
        foot, _ = view.project(np.array([lamp_x, 0.1, LAMP_Z]))
        if not -0.4 * width < top[0] < 1.4 * width:
            continue
        half = 0.045 * view.focal_px / float(depth)
        columns, rows = np.arange(width), np.arange(height)[:, None]
        post = smoothstep(half + 0.7, half - 0.7, np.abs(columns - foot[0])) * ((rows > top[1]) & (rows < foot[1]))
        shade = 0.012 + 0.05 * np.clip(1 - np.abs(columns - foot[0] + half * 0.4) / half, 0, 1)
        light = mix(light, np.broadcast_to(shade[None, :, None], light.shape), post[..., None])
        halo = 12.0 * glow(height, width, (top[0], top[1]), 13.0) + 0.32 * glow(height, width, (top[0], top[1]), 80.0)
        light = light + halo[..., None] * color(1.0, 0.64, 0.30)
    return light.astype(np.float32)


def _car_lights(street: Street, time_s: float) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    x = _car_x(street, time_s)
    return (x + CAR_LENGTH_M * 0.478, 0.82, LANE_Z), (x - CAR_LENGTH_M * 0.478, 0.85, LANE_Z)


def _with_car(
    light: np.ndarray, start: np.ndarray, rays: np.ndarray, street: Street, time_s: float, *, exposure_s: float
) -> np.ndarray:
    """The car as an upright picture in its lane, smeared by the shutter when there is one."""
    middle = _car_x(street, time_s)
    start = np.asarray(start)
    if abs(middle - float(np.mean(start[..., 0]))) > 14:
        return light
    reach = (LANE_Z - start[..., 2]) / np.minimum(rays[..., 2], -1e-3)
    x, y = start[..., 0] + reach * rays[..., 0], start[..., 1] + reach * rays[..., 1]
    rows, columns = street.car_alpha.shape
    bob = 0.008 * np.sin(9.0 * time_s)
    v = rows - 1 - (y - bob) * CAR_TEXELS
    inside = (v > 0) & (v < rows - 1) & (reach > 0)
    steps = 5 if exposure_s else 1
    total, cover = np.zeros_like(light), np.zeros(light.shape[:2], np.float32)
    for shift_s in np.linspace(-0.5, 0.5, steps) * exposure_s if steps > 1 else (0.0,):
        u = (x - middle - CAR_SPEED * shift_s + CAR_LENGTH_M / 2) * CAR_TEXELS
        part = inside & (u > 0) & (u < columns - 1)
        at = np.where(part, u, 0.0), np.where(part, v, 0.0)
        alpha = sample(street.car_alpha, *at) * part
        total += sample(street.car_light, *at) * alpha[..., None] / steps
        cover += alpha / steps
    return light * (1 - cover[..., None]) + total


def _car_glow(view: Camera, street: Street, time_s: float) -> np.ndarray:
    """Glare of the headlight, its cone in the rain, the red of the tail light."""
    front, back = _car_lights(street, time_s)
    height, width = view.height_px, view.width_px
    (fx, fy), (bx, by) = view.project(np.array(front))[0], view.project(np.array(back))[0]
    if not -1.2 * width < fx < 2.2 * width:
        return np.zeros((1, 1, 3), np.float32)
    ahead = (np.arange(width, dtype=np.float32) - np.float32(fx)) / view.focal_px * 6.5
    across = (np.arange(height, dtype=np.float32)[:, None] - np.float32(fy)) / view.focal_px * 6.5 - 0.06 * ahead
    spread = 0.10 + 0.20 * np.maximum(ahead, 0)
    cone = smoothstep(-0.05, 0.35, ahead) * np.exp(-((across / spread) ** 2) - np.maximum(ahead, 0) / 2.2)
    white = 7.0 * glow(height, width, (fx, fy), 11.0) + 0.16 * glow(height, width, (fx, fy), 70.0) + 0.16 * cone
    red = 2.2 * glow(height, width, (bx, by), 9.0) + 0.22 * glow(height, width, (bx, by), 60.0)
    return white[..., None] * color(1.0, 0.90, 0.72) + red[..., None] * color(1.0, 0.06, 0.03)


# --------------------------------------------------------------- the rain
def _rings() -> np.ndarray:
    """Slopes of a spreading ring of ripples at each age, float32 [ages, 2, side, side]."""
    side = 41
    axis = (np.arange(side, dtype=np.float32) - side // 2) / MAP_TEXELS
    distance = np.maximum(np.hypot(axis[None], axis[:, None]), 1e-3)
    pictures = []
    for age in range(RING_AGES):
        share = (age + 0.5) / RING_AGES
        front = 0.03 + 0.24 * share
        packet = np.sin((distance - front) * 105.0) * np.exp(-(((distance - front) / 0.045) ** 2))
        slope = 0.34 * (1 - share) ** 1.5 * packet
        pictures.append(np.stack([slope * axis[None] / distance, slope * axis[:, None] / distance]))
    return np.stack(pictures).astype(np.float32)


def _ring_slopes(street: Street, x: np.ndarray, z: np.ndarray, time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of all rings now, along x and z."""
    rows, columns = round(MAP_DEPTH * MAP_TEXELS), round(MAP_WIDTH * MAP_TEXELS)
    side = street.rings.shape[-1]
    field = np.zeros((2, rows + side, columns + side), np.float32)
    age = (time_s - street.ring_births[:, 2]) % (2 * RING_LIFE_S)
    # a ring that comes again falls somewhere else
    turn = np.floor((time_s - street.ring_births[:, 2]) / (2 * RING_LIFE_S))
    for n in np.flatnonzero(age < RING_LIFE_S):
        left = int(((street.ring_births[n, 0] - MAP_LEFT) * MAP_TEXELS + 379 * turn[n]) % columns)
        top = int(((street.ring_births[n, 1] - MAP_BACK) * MAP_TEXELS + 173 * turn[n]) % rows)
        field[:, top : top + side, left : left + side] += street.rings[int(age[n] / RING_LIFE_S * RING_AGES)]
    u = (x - MAP_LEFT) * MAP_TEXELS + side // 2
    v = (z - MAP_BACK) * MAP_TEXELS + side // 2
    return sample(field[0], u, v), sample(field[1], u, v)


def _draw_rain(light: np.ndarray, view: Camera, street: Street, time_s: float) -> None:
    """Streaks of falling drops, lit by whatever lamp is near."""
    speed = DROP_SPEED * street.drops[:, 3]
    fallen = street.drops[:, 2] + speed * time_s
    turn = np.floor(fallen / 7.0)
    y = 6.8 - fallen % 7.0
    x = (street.drops[:, 0] + 10 + 3.77 * turn) % 20.0 - 10.0 + 0.10 * (6.8 - y)
    z = street.drops[:, 1]
    top = np.stack([x, y, z], axis=1)
    # the shutter is open for a 40th of a second; the wind leans every streak alike
    bottom = top + np.stack([0.10 * speed / 40, -speed / 40, 0 * z], axis=1)
    front, _ = _car_lights(street, time_s)
    glowing = np.full((len(x), 3), 0.030, np.float32)
    for lamp_x in LAMPS_X:
        away = (x - lamp_x) ** 2 + (y - LAMP_Y) ** 2 + (z - LAMP_Z) ** 2
        glowing += (1.6 / (1 + away * 0.8))[:, None] * color(1.0, 0.66, 0.32)
    ahead = x - front[0]
    lit = np.exp(-((y - front[1]) ** 2 + (z - LANE_Z) ** 2) / (0.05 + 0.08 * np.maximum(ahead, 0) ** 2))
    glowing += (1.4 * lit * (ahead > 0) * np.exp(-np.maximum(ahead, 0) / 3))[:, None] * color(1.0, 0.92, 0.8)
    glowing += color(0.03, 0.034, 0.045)
    seen = (z < view.eye[2] - 0.8) & (y > 0)
    (start, depth), (end, _) = view.project(top[seen]), view.project(bottom[seen])
    faint = np.minimum(4.5 / depth, 1.0)[:, None].astype(np.float32)
    streaks(light, start, end, glowing[seen] * faint)
