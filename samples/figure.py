"""Rounded bodies made of cones with round ends, drawn with depth, normals and light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.paint import blur, facing


@dataclass(frozen=True)
class Limb:
    """A cone with round ends; metres: x right, y up, z to the eye."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    start_radius: float
    end_radius: float
    albedo: np.ndarray
    # how much it shines, 0 cloth .. 1 leather
    gloss: float = 0.0


@dataclass(frozen=True)
class Lights:
    """What shines on a figure; directions need not have length one."""

    key: tuple[float, float, float]
    key_color: np.ndarray
    sky_color: np.ndarray
    ground_color: np.ndarray
    # from behind, seen at the outline
    rim: tuple[float, float, float]
    rim_color: np.ndarray


def draw(
    limbs: list[Limb],
    lights: Lights,
    *,
    width_px: int,
    height_px: int,
    origin_px: tuple[float, float],
    pixels_per_m: float,
) -> np.ndarray:
    """Shaded limbs as premultiplied RGBA float32 [H, W, 4]; the world's origin falls on `origin_px`."""
    rows, columns = _bounds(limbs, width_px, height_px, origin_px, pixels_per_m)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    origin_px = (origin_px[0] - columns.start, origin_px[1] - rows.start)
    depth = np.full(shape, -9.0, np.float32)
    normal, albedo = np.zeros((*shape, 3), np.float32), np.zeros((*shape, 3), np.float32)
    gloss = np.zeros(shape, np.float32)
    for limb in limbs:
        _carve(depth, normal, albedo, gloss, limb, origin_px, pixels_per_m)
    cover = (depth > -8.0).astype(np.float32)
    light = _shade(depth, normal, albedo, gloss, cover, lights, pixels_per_m)
    whole = np.zeros((height_px, width_px, 4), np.float32)
    whole[rows, columns, :3], whole[rows, columns, 3] = light * cover[..., None], cover
    return whole


def _bounds(
    limbs: list[Limb], width_px: int, height_px: int, origin_px: tuple[float, float], pixels_per_m: float
) -> tuple[slice, slice]:
    """Rows and columns that hold all limbs, with room for the soft shade around them."""
    reach = np.array([max(limb.start_radius, limb.end_radius) + 0.12 for limb in limbs])[:, None]
    ends = np.array([[limb.start[:2], limb.end[:2]] for limb in limbs])
    left = origin_px[0] + (ends[..., 0] - reach).min() * pixels_per_m
    right = origin_px[0] + (ends[..., 0] + reach).max() * pixels_per_m
    top = origin_px[1] - (ends[..., 1] + reach).max() * pixels_per_m
    bottom = origin_px[1] - (ends[..., 1] - reach).min() * pixels_per_m
    first, last = (
        np.clip([top, left], 0, [height_px - 1, width_px - 1]),
        np.clip([bottom, right], 1, [height_px, width_px]),
    )
    return slice(int(first[0]), int(np.ceil(last[0]))), slice(int(first[1]), int(np.ceil(last[1])))


def _carve(
    depth: np.ndarray,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    limb: Limb,
    origin_px: tuple[float, float],
    pixels_per_m: float,
) -> None:
    """Put one limb into the buffers where it is nearest."""
    a, b = np.array(limb.start), np.array(limb.end)
    reach = max(limb.start_radius, limb.end_radius)
    x0, x1 = (np.array([min(a[0], b[0]) - reach, max(a[0], b[0]) + reach]) * pixels_per_m + origin_px[0]).astype(int)
    y0, y1 = (origin_px[1] - np.array([max(a[1], b[1]) + reach, min(a[1], b[1]) - reach]) * pixels_per_m).astype(int)
    rows, columns = slice(max(y0, 0), max(y1 + 2, 0)), slice(max(x0, 0), max(x1 + 2, 0))
    shape = depth[rows, columns].shape
    if not all(shape):
        return
    x = ((np.arange(shape[1]) + columns.start - origin_px[0]) / pixels_per_m).astype(np.float32)[None, :]
    y = ((origin_px[1] - np.arange(shape[0]) - rows.start) / pixels_per_m).astype(np.float32)[:, None]
    axis = (b - a).astype(np.float32)
    length = max(float(axis[0] ** 2 + axis[1] ** 2), 1e-9)
    along = np.clip(((x - a[0]) * axis[0] + (y - a[1]) * axis[1]) / length, 0.0, 1.0).astype(np.float32)
    radius = limb.start_radius + (limb.end_radius - limb.start_radius) * along
    dx, dy = x - (a[0] + axis[0] * along), y - (a[1] + axis[1] * along)
    rise = radius * radius - dx * dx - dy * dy
    height = np.sqrt(np.maximum(rise, 0.0))
    z = a[2] + axis[2] * along + height
    nearer = (rise > 0) & (z > depth[rows, columns])
    depth[rows, columns][nearer] = z[nearer]
    normal[rows, columns][nearer] = (np.dstack([dx, dy, height]) / radius[..., None])[nearer]
    albedo[rows, columns][nearer] = limb.albedo
    gloss[rows, columns][nearer] = limb.gloss


def _shade(
    depth: np.ndarray,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    cover: np.ndarray,
    lights: Lights,
    pixels_per_m: float,
) -> np.ndarray:
    """Light of the visible surface; creases and what lies behind other limbs get less."""
    inside = np.where(cover > 0, depth, 0.0)
    around = blur(inside, 0.09 * pixels_per_m) / np.maximum(blur(cover, 0.09 * pixels_per_m), 0.15)
    open_sky = np.clip(1.0 - 3.2 * np.maximum(around - inside, 0.0), 0.35, 1.0)
    up = 0.5 + 0.5 * normal[..., 1]
    ambient = up[..., None] * lights.sky_color + (1 - up)[..., None] * lights.ground_color
    key = (facing(normal, lights.key) * open_sky**1.5)[..., None] * lights.key_color
    edge = (1.0 - np.clip(normal[..., 2], 0, 1)) ** 2.5 * facing(normal, lights.rim)
    half = np.array(lights.key) / np.linalg.norm(lights.key) + [0, 0, 1]
    spot = gloss * np.maximum(normal @ (half / np.linalg.norm(half)).astype(np.float32), 0) ** 40
    light = albedo * (key + ambient * open_sky[..., None]) + edge[..., None] * lights.rim_color * (0.25 + albedo)
    return light + spot[..., None] * lights.key_color * 0.4
