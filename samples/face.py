"""A face as a height field seen from the front: skull, features, lids and lips that move.

Lengths are half widths of the head: x -1 .. 1 to the right, y up from the middle of the face, z to the eye.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.paint import blur, color, facing, mix, relief, sample, smoothstep

# half width of the head by height, before it rounds off at chin and crown: (y, half width)
_OUTLINE = [
    (-1.42, 0.62),
    (-1.10, 0.73),
    (-0.85, 0.82),
    (-0.5, 0.89),
    (-0.1, 0.945),
    (0.3, 0.985),
    (0.65, 1.0),
    (1.42, 1.0),
]
EYE_X, EYE_Y, MOUTH_Y = 0.385, 0.10, -0.66
# how far the lower jaw drops at full opening
DROP = 0.30


@dataclass(frozen=True)
class Pose:
    """What the face does now."""

    # 0 closed .. 1 wide open
    opening: float
    # -1 pursed .. 1 drawn wide
    spread: float
    # 0 open .. 1 shut
    blink: float
    yaw: float
    pitch: float
    # where the eyes look, radians
    gaze: tuple[float, float]
    brow: float


def _bump(x: np.ndarray, y: np.ndarray, at: tuple[float, float], size: tuple[float, float]) -> np.ndarray:
    return np.exp(-(((x - at[0]) / size[0]) ** 2) - ((y - at[1]) / size[1]) ** 2)


def _width(y: np.ndarray) -> np.ndarray:
    """Half width of the head at each height, 0 above the crown and below the chin."""
    heights, widths = np.array(_OUTLINE).T
    fine = np.linspace(-1.5, 1.5, 600)
    kernel = np.hanning(81)
    sides = np.convolve(np.pad(np.interp(fine, heights, widths), 40, mode="edge"), kernel / kernel.sum(), mode="valid")
    # a square root of the distance to its end makes an outline round there
    share = np.minimum(np.abs(y) / 1.42, 1.0)
    cap = np.sqrt(1.0 - np.where(y < 0, share**5, share**3))
    return (np.interp(y, fine, sides) * cap).astype(np.float32)


def _skull(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the bare egg."""
    width = np.maximum(_width(y), 1e-3)
    inside = np.clip(1.0 - (x / width) ** 2, 0, 1)
    round_y = np.clip(1 - (np.abs(y + 0.02) / 1.42) ** 2.6, 0, 1)
    height = 1.02 * np.sqrt(inside) * (0.35 + 0.65 * np.sqrt(round_y)) * np.sqrt(width)
    return height.astype(np.float32)


def paint(x: np.ndarray, y: np.ndarray, pose: Pose, skin: np.ndarray, pixels_per_unit: float) -> np.ndarray:
    """The lit head without premultiplication, RGBA float32 [H, W, 4], at points x [H, W], y [H, W]."""
    # turning the head shifts what stands out more than what lies back; this egg is wider than the head, so that
    # its own rim stays out of sight
    egg = np.sqrt(np.maximum(1.30 - x * x - (0.62 * y) ** 2, 0.04)) - np.float32(0.55)
    fx = x - np.float32(np.sin(pose.yaw)) * egg
    fy = y - np.float32(np.sin(pose.pitch)) * egg
    # beside the mouth the cheek stretches over a longer way than the lips part
    beside = smoothstep(0.24, 0.50, np.abs(fx))
    lower = mix(smoothstep(MOUTH_Y + 0.02, MOUTH_Y - 0.10, fy), smoothstep(-0.30, -1.05, fy), beside)
    jaw = fy + np.float32(DROP * pose.opening) * lower * smoothstep(1.1, 0.5, np.abs(fx))
    height = _skull(fx, jaw)
    height = height + _features(fx, jaw, pose)
    lips, gap = _mouth(fx, fy, pose)
    hair = _hairline(fx, fy, skin)
    height = height + 0.07 * lips * (1 - gap) - 0.05 * gap + 0.10 * hair
    normal = relief(blur(height, 1.0) * np.float32(pixels_per_unit))
    normal = _turn(normal, pose.yaw, pose.pitch)
    albedo = _complexion(fx, fy, jaw, pose, lips, skin, normal)
    albedo = mix(albedo, _hair_color(fx, fy, skin), hair[..., None])
    light = _lit(albedo, normal, height, hair, pixels_per_unit)
    light = _eyes(light, fx, fy, pose)
    light = mix(light, _inside_mouth(fx, fy, pose), gap[..., None])
    edge = smoothstep(0.0, 2.0 / pixels_per_unit, _width(jaw) - np.abs(fx))
    return np.dstack([light, edge]).astype(np.float32)


def _features(x: np.ndarray, y: np.ndarray, pose: Pose) -> np.ndarray:
    """What stands out of the egg and what lies in."""
    side = np.abs(x)
    eye = (EYE_X, EYE_Y)
    relief_z = 0.10 * _bump(side, y, (0.36, 0.33 + 0.05 * pose.brow), (0.30, 0.10))
    relief_z -= 0.20 * _bump(side, y, (EYE_X - 0.02, EYE_Y + 0.02), (0.22, 0.15))
    relief_z += 0.10 * _bump(side, y, eye, (0.17, 0.10))
    relief_z += 0.11 * _bump(side, y, (0.52, -0.20), (0.24, 0.20))
    relief_z -= 0.07 * _bump(side, y, (0.62, -0.62), (0.22, 0.25))
    ridge = np.interp(
        y, [-0.50, -0.39, -0.30, -0.24, -0.05, 0.16, 0.32, 0.5], [0, 0.11, 0.24, 0.28, 0.20, 0.11, 0.08, 0.0]
    )
    ridge = ridge.astype(np.float32) * np.exp(-((x / (0.095 + 0.05 * smoothstep(0.1, -0.3, y))) ** 2))
    relief_z += ridge + 0.10 * _bump(side, y, (0.135, -0.285), (0.070, 0.080))
    relief_z -= 0.05 * _bump(side, y, (0.075, -0.365), (0.045, 0.030))
    fold = side - (0.20 + 0.42 * np.clip(-0.28 - y, 0, 0.5))
    relief_z -= 0.028 * np.exp(-((fold / 0.05) ** 2)) * smoothstep(-0.25, -0.38, y) * smoothstep(-0.85, -0.6, y)
    relief_z -= 0.035 * _bump(x, y, (0.0, -0.47), (0.035, 0.08))
    relief_z += 0.10 * _bump(x, y, (0.0, -0.64), (0.36, 0.22))
    relief_z += 0.14 * _bump(x, y, (0.0, -1.14), (0.24, 0.16))
    relief_z -= 0.07 * _bump(x, y, (0.0, -0.93), (0.22, 0.07))
    return relief_z.astype(np.float32)


def _mouth(x: np.ndarray, y: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """(lips, gap): where the lips are, and the opening between them, 0..1."""
    half = 0.285 * (1 + 0.16 * pose.spread) * (1 - 0.10 * pose.opening)
    across = np.clip(np.abs(x) / half, 0, 1.2)
    arch = np.maximum(1 - across**2, 0.0)
    bow = 0.105 * arch**0.75 - 0.030 * np.exp(-((x / 0.045) ** 2)) * (across < 1)
    open_px = DROP * pose.opening
    line = MOUTH_Y + 0.02 - 0.018 * arch
    upper_edge, upper_inner = line + bow, line + 0.004 - 0.10 * open_px * arch
    lower_inner, lower_edge = (
        line - 0.004 - 0.92 * open_px * arch**0.6,
        line - 0.115 * arch**0.7 - 0.98 * open_px * arch**0.5,
    )
    soft = 0.014
    outer = smoothstep(upper_edge + soft, upper_edge - soft, y) * smoothstep(lower_edge - soft, lower_edge + soft, y)
    gap = smoothstep(upper_inner + soft * 0.5, upper_inner - soft * 0.6, y)
    gap = gap * smoothstep(lower_inner - soft * 0.5, lower_inner + soft * 0.6, y) * (across < 1)
    return (outer * (across < 1)).astype(np.float32), gap.astype(np.float32)


def _inside_mouth(x: np.ndarray, y: np.ndarray, pose: Pose) -> np.ndarray:
    """Teeth behind the upper lip, tongue below, dark between."""
    top = MOUTH_Y + 0.01
    teeth = smoothstep(top - 0.095, top - 0.078, y) * smoothstep(0.20, 0.16, np.abs(x))
    seams = 0.86 + 0.14 * smoothstep(0.0, 0.012, np.abs((x + 0.0275) % 0.055 - 0.0275))
    tongue = _bump(x, y, (0.0, top - DROP * pose.opening - 0.02), (0.17, 0.075))
    light = color(0.030, 0.008, 0.008) + tongue[..., None] * color(0.26, 0.075, 0.07)
    shade = 0.25 + 0.75 * smoothstep(0.0, 0.5, pose.opening)
    return mix(light, color(0.62, 0.57, 0.50) * shade * seams[..., None], teeth[..., None])


def _hairline(x: np.ndarray, y: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Where hair grows, 0..1: above the forehead, down the temples."""
    ragged = 0.10 * (sample(skin[..., 1], x * 900 + 400, y * 60 + 300, wrap=True) - 1.0)
    line = 0.83 + 0.10 * np.cos(2.2 * x + 0.5) - 1.15 * np.maximum(np.abs(x) - 0.66, 0) ** 0.75
    return smoothstep(-0.05, 0.06, y - line + 0.5 * ragged)


def _hair_color(x: np.ndarray, y: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Short dark hair combed to one side: strands along arcs from the parting."""
    dx, dy = x - 0.42, y - 0.72
    angle, away = np.arctan2(dy, dx), np.hypot(dx, dy)
    strand = sample(skin[..., 2], angle * 420 + 25 * away, away * 70, wrap=True)
    fine = np.clip(0.55 + 1.5 * (strand - 0.8), 0.2, 1.3)
    return fine[..., None] * color(0.062, 0.034, 0.019)


def _complexion(
    x: np.ndarray, y: np.ndarray, jaw: np.ndarray, pose: Pose, lips: np.ndarray, skin: np.ndarray, normal: np.ndarray
) -> np.ndarray:
    """Skin with warmer cheeks and nose, shaded chin, brows and lips."""
    side = np.abs(x)
    pores = sample(skin[..., 0], x * 210 + 300, jaw * 210 + 300, wrap=True)
    albedo = color(0.62, 0.375, 0.265) * pores[..., None]
    red = 0.55 * _bump(side, y, (0.52, -0.25), (0.26, 0.22)) + 0.25 * _bump(x, y, (0, -0.25), (0.17, 0.12))
    albedo = mix(albedo, albedo * color(1.04, 0.74, 0.70), np.clip(red, 0, 1)[..., None])
    stubble = smoothstep(-0.38, -0.75, jaw - 0.35 * np.maximum(side - 0.45, 0)) * (1 - lips)
    dots = np.clip(0.72 + 0.5 * (sample(skin[..., 2], x * 800, jaw * 800, wrap=True) - 1.0), 0.5, 1)
    albedo = albedo * mix(np.ones_like(albedo), dots[..., None] * color(0.80, 0.82, 0.86), (0.75 * stubble)[..., None])
    mouth = color(0.46, 0.185, 0.155) * (0.85 + 0.15 * pores)[..., None]
    albedo = mix(albedo, mouth, (0.85 * lips)[..., None])
    arch = 0.335 + 0.06 * pose.brow + 0.05 * np.cos((side - 0.42) * 4.2) - 0.05
    thick = 0.048 * smoothstep(0.72, 0.50, side) + 0.012
    hairs = sample(skin[..., 2], (x + 0.5 * y) * 500, y * 160, wrap=True)
    brow = np.exp(-(((y - arch) / thick) ** 2)) * smoothstep(0.12, 0.20, side) * smoothstep(0.74, 0.62, side)
    return mix(albedo, color(0.055, 0.033, 0.02) + 0 * albedo, np.clip(brow * (0.55 + 0.5 * hairs), 0, 0.92)[..., None])


def _turn(normal: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """Normals after turning the head."""
    cy, sy, cp, sp = (np.float32(f(a)) for a in (yaw, pitch) for f in (np.cos, np.sin))
    x, y, z = normal[..., 0], normal[..., 1], normal[..., 2]
    x, z = cy * x + sy * z, -sy * x + cy * z
    return np.dstack([x, cp * y + sp * z, -sp * y + cp * z])


def _lit(albedo: np.ndarray, normal: np.ndarray, height: np.ndarray, hair: np.ndarray, scale: float) -> np.ndarray:
    """Window light from the left, a cool fill from the right, a warm lamp behind; skin lets red light through."""
    around = blur(height, 0.16 * scale)
    hollow = np.clip(1.0 - 2.6 * np.maximum(around - height - 0.015, 0), 0.40, 1.0)
    key = normal @ (np.array([-0.62, 0.42, 0.66], np.float32))
    # light wraps round skin, red furthest
    wrapped = np.dstack([np.clip((key + w) / (1 + w), 0, None) ** 1.25 for w in (0.24, 0.16, 0.12)])
    soft = hollow[..., None]
    light = albedo * wrapped * color(1.75, 1.62, 1.45) * (0.35 + 0.65 * soft)
    light += albedo * (facing(normal, (0.85, 0.1, 0.5))[..., None] * color(0.20, 0.25, 0.34) + 0.10) * soft
    light += albedo * np.clip(normal[..., 1:2], 0, 1) * color(0.12, 0.13, 0.15)
    view = np.array([-0.62, 0.42, 1.66], np.float32)
    spot = np.clip(normal @ (view / np.linalg.norm(view)), 0, 1)
    light += (0.16 * spot**22 + 0.07 * spot**70)[..., None] * soft * (1 - 0.5 * hair[..., None])
    rim = (1 - np.clip(normal[..., 2], 0, 1)) ** 3 * facing(normal, (0.95, 0.35, -0.1))
    return light + (rim * (0.7 + 0.8 * hair))[..., None] * color(1.5, 0.85, 0.42) * (0.2 + albedo)


def _eyes(light: np.ndarray, x: np.ndarray, y: np.ndarray, pose: Pose) -> np.ndarray:
    """Both eyes with lids, lashes, iris and the window's reflection."""
    for side in (-1.0, 1.0):
        ex, ey = (x - side * EYE_X), y - EYE_Y
        along = np.clip(1 - (ex / 0.195) ** 2, 0, 1)
        tilt = 0.05 * side * ex
        lower = tilt - 0.062 * along**0.8
        upper = tilt + (0.084 * (1 - pose.blink) - 0.060 * pose.blink) * along**0.7
        inside = smoothstep(-0.008, 0.010, ey - lower) * smoothstep(-0.008, 0.010, upper - ey) * (along > 0)
        gx, gy = ex - 0.11 * pose.gaze[0], ey - 0.11 * pose.gaze[1] - 0.012
        away = np.hypot(gx, gy)
        white = color(0.56, 0.52, 0.49) * (0.45 + 0.55 * along * smoothstep(0.10, -0.02, ey - 0.02))[..., None]
        rays = 0.8 + 0.35 * np.sin(np.arctan2(gy, gx) * 23) * np.sin(np.arctan2(gy, gx) * 9 + 1)
        iris = color(0.10, 0.16, 0.17) * rays[..., None] * (0.7 + 5.0 * away)[..., None]
        ball = mix(white, iris, smoothstep(0.094, 0.084, away)[..., None])
        ball = ball * (1 - 0.75 * np.exp(-(((away - 0.090) / 0.010) ** 2)))[..., None]
        ball = mix(ball, np.full_like(ball, 0.004), smoothstep(0.040, 0.034, away)[..., None])
        # the upper lid shades the ball
        ball = ball * (1 - 0.6 * np.exp(-np.maximum(upper - ey, 0) / 0.028))[..., None]
        glint = smoothstep(1.0, 0.7, np.maximum(np.abs(gx + 0.030) / 0.020, np.abs(gy - 0.034) / 0.024))
        ball = ball + glint[..., None] * color(1.5, 1.5, 1.45)
        light = mix(light, ball, inside[..., None])
        lash = np.exp(-(((ey - upper) / 0.015) ** 2)) * smoothstep(0.0, 0.12, along)
        crease = 0.45 * np.exp(-(((ey - upper - 0.055) / 0.012) ** 2)) * smoothstep(0.1, 0.5, along) * (1 - pose.blink)
        rim = 0.35 * np.exp(-(((ey - lower) / 0.009) ** 2)) * smoothstep(0.0, 0.3, along)
        dark = np.clip(0.9 * lash + crease + rim, 0, 0.93)
        light = mix(light, light * 0.10 + color(0.006, 0.003, 0.002), dark[..., None])
    return light
