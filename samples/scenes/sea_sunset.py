"""Sea at sunset: swell and chop as a sum of waves, a low sun, its glitter, a sailing boat."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from samples.camera import Camera, aim
from samples.paint import blur, color, mix, polygon, sample, smoothstep, unit
from samples.scene import Scene
from samples.texture import fractal

DURATION_S = 7.0
RATE = Fraction(25)
GRAVITY = 9.81
SUN = np.array([0.14, 0.064, -1.0], np.float32)
SUN /= np.linalg.norm(SUN)
# metres: where the boat sails, and how tall it is
BOAT_Z, BOAT_HEIGHT = -95.0, 11.0
PROMPT = (
    "The sea at sunset, long swell and small waves rolling towards the camera, the low sun glitters on the water, "
    "a sailing boat on the horizon, orange and violet clouds. Calm, cinematic, handheld from a small boat."
)


@dataclass(frozen=True)
class Waves:
    """Wave components: numbers of each float32 [N]."""

    # radians per metre along x and z
    kx: np.ndarray
    kz: np.ndarray
    # radians per second: deep water, omega^2 = g k
    omega: np.ndarray
    height_m: np.ndarray
    phase: np.ndarray


def build(width_px: int, height_px: int, *, seed: int) -> Scene:
    """The scene; the swell's period goes into the truth."""
    random = np.random.default_rng(seed)
    waves = _waves(random)
    camera = partial(_camera, width_px=width_px, height_px=height_px)
    clouds = [fractal(1024, 4, random, octaves=7), fractal(1024, 7, random, octaves=6, cells_y=21)]
    # the water shows them without their fine edges
    clouds += [blur(layer, 12.0) for layer in clouds]
    picture = partial(_picture, waves=waves, clouds=clouds, boat=_boat(), camera=camera)
    sun = camera(0.0).fraction(tuple(camera(0.0).eye + 1000.0 * SUN))
    truth = {
        "contacts": [],
        "cuts_s": [],
        "swell_period_s": round(float(2 * np.pi / waves.omega[0]), 3),
        "sun": {"x": round(sun[0], 4), "y": round(sun[1], 4)},
    }
    return Scene(width_px, height_px, RATE, DURATION_S, PROMPT, seed, picture, truth, grain=1.5, crf=26)


def _waves(random: np.random.Generator, count: int = 42) -> Waves:
    """Swell of 17 m down to ripples of 0.25 m, running towards the eye with a spread that grows as they shorten."""
    length = np.geomspace(17.0, 0.25, count) * random.uniform(0.9, 1.1, count)
    k = 2 * np.pi / length
    heading = random.normal(0.25, 0.25 + 0.5 * np.linspace(0, 1, count) ** 0.7)
    # steepness that is about equal over the range, as the tail of an ocean spectrum is
    height = 0.021 / k * random.uniform(0.6, 1.2, count) * np.where(length > 6, 1.15, 1.0)
    arrays = (k * np.sin(heading), k * np.cos(heading), np.sqrt(GRAVITY * k), height, random.uniform(0, 6.3, count))
    return Waves(*(values.astype(np.float32) for values in arrays))


def _camera(time_s: float, *, width_px: int, height_px: int) -> Camera:
    """A standing person's eye in a small boat: heave, a slow pan."""
    heave = 0.10 * np.sin(2 * np.pi * time_s / 3.4) + 0.05 * np.sin(2 * np.pi * time_s / 2.1 + 1)
    pan = 0.012 * time_s
    roll_x = 0.05 * np.sin(2 * np.pi * time_s / 4.3)
    eye = (0.1 * time_s, 2.1 + heave, -0.5 * time_s)
    tilt = -0.06 if width_px >= height_px else -0.10
    aim_at = (eye[0] + np.sin(pan) + 0.02 * roll_x, eye[1] + tilt + 0.012 * heave, eye[2] - np.cos(pan))
    return aim(eye, aim_at, field_deg=58.0, width_px=width_px, height_px=height_px)


def _picture(
    time_s: float, *, waves: Waves, clouds: list[np.ndarray], boat: np.ndarray, camera: partial[Camera]
) -> np.ndarray:
    view = camera(time_s)
    rays = unit(view.rays(np.arange(view.width_px), np.arange(view.height_px)))
    horizon = int(np.searchsorted(-rays[:, :, 1].max(axis=1), -2e-4))
    light = np.empty_like(rays)
    sky_rows = rays[: horizon + 1]
    light[: horizon + 1] = _sky(sky_rows, clouds, time_s)
    light[: horizon + 1] = _with_boat(light[: horizon + 1], view.eye, sky_rows, boat, time_s)
    light[horizon:] = _water(rays[horizon:], view, waves, clouds, boat, time_s)
    # the haze softens the line between them
    light[horizon - 2 : horizon + 3] = blur(light[horizon - 2 : horizon + 3], 0.4, 1.0)
    return light + _flare(view)


def _water(
    rays: np.ndarray, view: Camera, waves: Waves, clouds: list[np.ndarray], boat: np.ndarray, time_s: float
) -> np.ndarray:
    eye = view.eye.astype(np.float32)
    down = np.minimum(rays[..., 1], -4e-4)
    reach = -eye[1] / down
    # what one picture line covers of the water: shorter waves are blurred away there
    footprint = reach / np.float32(view.focal_px) / np.clip(-down, 0.02, 1.0) * 0.5
    for _ in range(2):
        x, z = eye[0] + reach * rays[..., 0], eye[2] + reach * rays[..., 2]
        height = _height(waves, x, z, footprint, time_s)
        reach = (height - eye[1]) / down
    x, z = eye[0] + reach * rays[..., 0], eye[2] + reach * rays[..., 2]
    slope_x, slope_z, lost = _slopes(waves, x, z, footprint, time_s)
    normal = unit(np.dstack([-slope_x, np.ones_like(x), -slope_z]))
    cosine = np.clip(-(rays * normal).sum(axis=2), 0.02, 1.0)[..., None]
    mirror = rays + 2 * cosine * normal
    # waves too small to see lift the mirrored ray on average: far water shows a higher, darker sky
    # (a smooth |y|: a ray that would dive meets the next wave, which mirrors it up again)
    mirror[..., 1] = np.sqrt(mirror[..., 1] ** 2 + 0.04**2) + 0.55 * np.sqrt(lost)
    mirror = unit(mirror)
    seen = _sky(mirror, clouds[2:], time_s, sharp=False)
    point = np.dstack([x, height, z])
    seen = _with_boat(seen, point, mirror, boat, time_s)
    fresnel = 0.02 + 0.98 * (1 - cosine) ** 5
    body = color(0.012, 0.040, 0.052) + color(0.02, 0.075, 0.07) * np.clip(height * 1.6 + 0.25, 0, 1)[..., None]
    water = mix(body, seen, np.minimum(fresnel * 1.15, 1.0)) + _glitter(mirror, lost)
    haze = smoothstep(60.0, 1500.0, reach)[..., None] * 0.55
    water = mix(water, color(0.50, 0.19, 0.075) + 0 * water, haze)
    before = (z > BOAT_Z)[..., None]
    return np.where(before, water, _with_boat(water, eye + 0 * rays, rays, boat, time_s))


def _height(waves: Waves, x: np.ndarray, z: np.ndarray, footprint: np.ndarray, time_s: float) -> np.ndarray:
    """Height of the water in metres; only the waves over a metre long move the surface visibly."""
    total = np.zeros_like(x)
    for n in range(int(np.sum(waves.height_m > 0.0035))):
        k = np.hypot(waves.kx[n], waves.kz[n])
        phase = waves.kx[n] * x + waves.kz[n] * z - np.float32(waves.omega[n] * time_s) + waves.phase[n]
        total += waves.height_m[n] * _kept(k, footprint) * np.sin(phase)
    return total


def _slopes(
    waves: Waves, x: np.ndarray, z: np.ndarray, footprint: np.ndarray, time_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes along x and z, and the mean square slope of the waves that are too small to draw."""
    slope_x, slope_z, lost = np.zeros_like(x), np.zeros_like(x), np.full_like(x, 2e-4)
    for n in range(len(waves.kx)):
        k = np.hypot(waves.kx[n], waves.kz[n])
        kept = _kept(k, footprint)
        phase = waves.kx[n] * x + waves.kz[n] * z - np.float32(waves.omega[n] * time_s) + waves.phase[n]
        # sharper crests than troughs, as steep waves have
        steep = waves.height_m[n] * kept * (np.cos(phase) + np.float32(0.35) * np.sin(2 * phase))
        slope_x += waves.kx[n] * steep
        slope_z += waves.kz[n] * steep
        lost += 0.5 * (waves.height_m[n] * k) ** 2 * (1 - kept * kept)
    return slope_x, slope_z, lost


def _kept(k: float, footprint: np.ndarray) -> np.ndarray:
    """How much of a wave is left after averaging over a pixel's footprint."""
    return np.exp(-np.minimum((np.float32(k) * footprint) ** 2 * 0.4, 30.0))


def _glitter(mirror: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Sun in the water: a lobe as wide as the unseen waves make it."""
    spread = lost[..., None] * 1.3 + 0.0005
    miss = 1.0 - (mirror @ SUN)[..., None]
    # wider up and down than sideways would need a second axis; the eye does not miss it
    lobe = np.exp(-np.minimum(miss / spread, 40.0)) * (0.0065 / spread)
    return np.minimum(lobe, 8.0) * color(1.7, 0.72, 0.22)


# -------------------------------------------------------------------- sky
def _sky(direction: np.ndarray, clouds: list[np.ndarray], time_s: float, *, sharp: bool = True) -> np.ndarray:
    """Sky colour by direction."""
    up = np.clip(direction[..., 1:2], 0.0, 1.0)
    near = (direction @ SUN)[..., None]
    light = mix(color(0.80, 0.235, 0.045), color(0.47, 0.165, 0.125), smoothstep(0.0, 0.13, up))
    light = mix(light, color(0.115, 0.10, 0.225), smoothstep(0.06, 0.38, up))
    light = mix(light, color(0.03, 0.05, 0.14), smoothstep(0.30, 0.95, up))
    toward = np.clip(near * 0.5 + 0.5, 0.0, 1.0)
    light = light * (0.50 + 0.65 * toward**6) + color(1.5, 0.55, 0.11) * np.maximum(near, 0) ** 90 * 0.6
    light += color(2.2, 1.2, 0.45) * np.maximum(near, 0) ** 900 * 1.0
    light = _with_clouds(light, direction, clouds, time_s, near, detail=1.0 if sharp else 0.3)
    if sharp:
        # the sun is half a degree wide; a lens makes it a little more
        disc = smoothstep(0.99982, 0.99988, near)
        light = light + disc * color(16.0, 9.5, 3.6)
    return light


def _with_clouds(
    light: np.ndarray,
    direction: np.ndarray,
    clouds: list[np.ndarray],
    time_s: float,
    near: np.ndarray,
    *,
    detail: float,
) -> np.ndarray:
    """Flat clouds 1 km up, seen in perspective: bright rims near the sun, violet away from it."""
    up = np.maximum(direction[..., 1], 0.012)
    u, v = direction[..., 0] / (up + 0.05), direction[..., 2] / (up + 0.05)
    drift = 4.0 * time_s
    low = sample(clouds[0], u * 60 + drift, v * 95, wrap=True) + 0.35 * sample(clouds[1], u * 180, v * 230, wrap=True)
    cover = smoothstep(0.15, 1.5, low + 0.25) * smoothstep(0.012, 0.07, direction[..., 1])
    rim = detail * smoothstep(0.0, 0.35, cover) * smoothstep(0.95, 0.45, cover)
    sunny = np.maximum(near, 0.0) ** 5
    shade = mix(color(0.085, 0.062, 0.115), color(0.42, 0.13, 0.085), sunny)
    lit = mix(color(0.36, 0.17, 0.20), color(1.9, 0.72, 0.24), sunny)
    return mix(light, mix(shade, lit, rim[..., None]), (0.82 * detail * cover)[..., None])


def _flare(view: Camera) -> np.ndarray:
    """Light that the lens scatters round the sun."""
    pixel, _ = view.project(view.eye + 1000.0 * SUN)
    x = (np.arange(view.width_px, dtype=np.float32) - pixel[0]) / view.focal_px
    y = ((np.arange(view.height_px, dtype=np.float32) - pixel[1]) / view.focal_px)[:, None]
    veil = 0.10 * np.exp(-np.sqrt(x * x + y * y) / 0.16) + 0.9 * np.exp(-np.sqrt(x * x + y * y) / 0.022)
    return (veil[..., None] * color(1.0, 0.50, 0.18)).astype(np.float32)


# ------------------------------------------------------------------- boat
def _boat() -> np.ndarray:
    """Silhouette alpha float32 [256, 256] of a boat under sail; the water line is at three quarters."""
    size = 256
    hull = polygon(size, size, np.array([(58, 180), (196, 176), (182, 197), (78, 198)]))
    main = polygon(size, size, np.array([(124, 18), (128, 18), (127, 168), (66, 168), (80, 130), (104, 70)]))
    jib = polygon(size, size, np.array([(130, 30), (150, 84), (190, 170), (132, 160)]))
    return np.maximum.reduce([hull, main * 0.97, jib * 0.93])


def _with_boat(light: np.ndarray, origin: np.ndarray, rays: np.ndarray, boat: np.ndarray, time_s: float) -> np.ndarray:
    """Rays that cross the boat's upright plane show its silhouette."""
    start = np.asarray(origin, np.float32)
    reach = (BOAT_Z - start[..., 2]) / np.minimum(rays[..., 2], -1e-3)
    x, y = start[..., 0] + reach * rays[..., 0], start[..., 1] + reach * rays[..., 1]
    lean = 0.05 * np.sin(2 * np.pi * time_s / 3.9)
    scale = 192.0 / BOAT_HEIGHT
    place = -19.0 + 0.9 * time_s
    u = (x - place) * scale + (y * scale) * lean + 128.0
    v = 196.0 - y * scale
    inside = (u > 1) & (u < 254) & (v > 1) & (v < 205) & (reach > 0)
    alpha = sample(boat, np.where(inside, u, 0.0), np.where(inside, v, 0.0)) * inside
    # sails let a little of the evening through
    return mix(light, color(0.040, 0.022, 0.026) + light * 0.06, (0.96 * alpha)[..., None])
