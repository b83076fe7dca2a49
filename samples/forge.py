"""What stands in the smithy: wall, anvil, stump, hammer head. Metres; the anvil's face is at y = 0, x to the right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.paint import blur, color, facing, inflate, mix, over, polygon, shine, smoothstep
from samples.texture import fractal

# texels per metre of the sprites, and the part of the world they show
TEXELS = 900
LEFT, RIGHT, TOP, BOTTOM = -0.46, 0.46, 0.10, -0.72
# directions of the fire (left, low), the window (right, high) and the hot iron (above the face)
FIRE, WINDOW = (-0.9, 0.15, 0.45), (0.7, 0.75, 0.30)
_ANVIL = [(-0.26, 0.0), (0.14, 0.0), (0.14, -0.028), (0.20, -0.026), (0.30, -0.032), (0.385, -0.052), (0.40, -0.062)]
_ANVIL += [(0.36, -0.088), (0.26, -0.118), (0.15, -0.138), (0.11, -0.162), (0.092, -0.20), (0.105, -0.238)]
_ANVIL += [(0.175, -0.275), (0.18, -0.312), (-0.215, -0.312), (-0.21, -0.275), (-0.135, -0.238), (-0.118, -0.20)]
_ANVIL += [(-0.132, -0.155), (-0.17, -0.118), (-0.26, -0.088)]
_FACE = [(-0.26, 0.001), (0.14, 0.001), (0.118, 0.036), (-0.235, 0.036)]


@dataclass(frozen=True)
class Sprite:
    """A lit thing: its look by steady light, what the hot iron adds at full heat, and its alpha."""

    steady: np.ndarray
    hot: np.ndarray
    alpha: np.ndarray


def _pixels(points: list[tuple[float, float]]) -> np.ndarray:
    return (np.array(points) - [LEFT, 0.0]) * [TEXELS, -TEXELS] + [0.0, TOP * TEXELS]


def anvil(random: np.random.Generator) -> Sprite:
    """Anvil on its stump."""
    width, height = round((RIGHT - LEFT) * TEXELS), round((TOP - BOTTOM) * TEXELS)
    x = LEFT + np.arange(width, dtype=np.float32)[None, :] / TEXELS
    y = TOP - np.arange(height, dtype=np.float32)[:, None] / TEXELS
    rough = fractal(1024, 10, random, octaves=7)[:height, :width]
    steady, hot, alpha = _stump(random, x, y)
    body = polygon(height, width, _pixels(_ANVIL))
    normal = inflate(body, 34.0, soften_px=3.5)
    # forged iron is never flat
    dent = np.dstack([np.gradient(blur(rough, 3.0), axis=1), -np.gradient(blur(rough, 3.0), axis=0), 0 * rough])
    normal = normal + 2.2 * dent.astype(np.float32)
    iron = np.clip(color(0.030, 0.029, 0.031) * (1 + 0.30 * rough)[..., None], 0.01, 1)
    lit = _steel(normal, iron)
    near = _near(x, y)
    glow = (facing(normal, (-0.15, 0.9, 0.4)) + 0.25) * near
    steady, hot = over(steady, lit, body), over(hot, glow[..., None] * (iron * 11.0) * color(1.0, 0.42, 0.10), body)
    face = polygon(height, width, _pixels(_FACE))
    scratches = fractal(1024, 5, random, octaves=6, cells_y=150)[:height, :width]
    bright = color(0.20, 0.20, 0.21) * np.clip(1 + 0.22 * scratches, 0.3, 2)[..., None]
    sheen = color(0.55, 0.20, 0.06) * smoothstep(0.1, -0.3, x)[..., None] + color(0.30, 0.36, 0.46)
    steady = over(steady, bright * sheen * 1.3, face)
    hot = over(hot, bright * 3.2 * np.clip(near, 0, 1.5)[..., None] * color(1.0, 0.45, 0.12), face)
    return Sprite(steady.astype(np.float32), hot.astype(np.float32), np.maximum(alpha, np.maximum(body, face)))


def _near(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How near a place is to the hot iron."""
    return 0.9 / (1 + ((x + 0.04) ** 2 + (y - 0.06) ** 2) / 0.022)


def _steel(normal: np.ndarray, iron: np.ndarray) -> np.ndarray:
    fire = facing(normal, FIRE)[..., None] * color(2.6, 0.95, 0.28)
    day = facing(normal, WINDOW)[..., None] * color(0.55, 0.70, 0.95)
    spot = 0.55 * shine(normal, FIRE, 22.0)[..., None] * color(1.6, 0.6, 0.2)
    spot = spot + 0.75 * shine(normal, WINDOW, 34.0)[..., None] * color(0.6, 0.75, 1.0)
    return iron * (fire + day + 0.12) + spot * 0.6


def _stump(random: np.random.Generator, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An oak block: bark on the side, saw cut on top."""
    height, width = y.shape[0], x.shape[1]
    bark = fractal(1024, 40, random, octaves=5, cells_y=7)[:height, :width]
    across = np.clip(x / 0.33, -1, 1)
    normal = np.dstack(np.broadcast_arrays(across + 0.05 * bark, 0 * bark, np.sqrt(1.02 - across**2)))
    wood = color(0.135, 0.078, 0.042) * np.clip(1 + 0.42 * bark, 0.15, 2)[..., None]
    light = wood * (
        facing(normal, FIRE)[..., None] * color(2.4, 0.9, 0.28) + facing(normal, WINDOW)[..., None] * 0.5 + 0.05
    )
    side = smoothstep(0.3315, 0.3285, np.abs(x) + 0.004 * bark) * (y < -0.31)
    ring = np.hypot(x / 0.33, (y + 0.31) / 0.055)
    cut = smoothstep(1.01, 0.99, ring)
    rings = color(0.26, 0.165, 0.09) * (0.8 + 0.2 * np.sin(ring * 60 + bark))[..., None]
    shade = 0.25 + 0.75 * smoothstep(0.55, 1.0, ring)
    top = rings * shade[..., None] * (color(0.9, 0.38, 0.14) * smoothstep(0.3, -0.4, x)[..., None] + 0.10)
    light, alpha = over(light, top, cut), np.maximum(side, cut)
    hot = light * 0.0 + (cut * 0.10 + side * 0.03)[..., None] * color(1.0, 0.4, 0.1) * wood * 6
    return light, hot, alpha.astype(np.float32)


def hammer_head() -> Sprite:
    """A cross-peen hammer head, 160 by 160 texels, its striking face centred on the lower edge of the iron."""
    size = 160
    outline = [(-0.026, 0.0), (0.026, 0.0), (0.028, 0.012), (0.024, 0.030), (0.026, 0.075), (0.014, 0.105)]
    outline += [(0.006, 0.122), (-0.006, 0.122), (-0.014, 0.105), (-0.026, 0.075), (-0.024, 0.030), (-0.028, 0.012)]
    mask = polygon(size, size, np.array(outline) * [TEXELS, -TEXELS] + [size / 2, 140.0])
    normal = inflate(mask, 15.0, soften_px=2.0)
    iron = color(0.11, 0.108, 0.11) * np.ones((size, size, 1), np.float32)
    below = (facing(normal, (-0.2, -0.8, 0.35)) + 0.1)[..., None]
    rows = (np.arange(size, dtype=np.float32)[:, None, None] / 140.0) ** 3
    return Sprite(_steel(normal, iron), (below * rows * color(1.9, 0.75, 0.18)).astype(np.float32), mask)


def wall(width_px: int, height_px: int, random: np.random.Generator) -> np.ndarray:
    """The back of the smithy out of focus: bricks, a window, the forge's mouth, tools on the wall."""
    x = np.linspace(0, 1, width_px, dtype=np.float32)[None, :] * np.float32(width_px / height_px)
    y = np.linspace(0, 1, height_px, dtype=np.float32)[:, None]
    size = 2048 if max(width_px, height_px) > 1024 else 1024
    rough = fractal(size, 14, random, octaves=6)[:height_px, :width_px]
    rows = y * 24
    columns = x * 9 + 0.5 * (rows.astype(int) % 2)
    joint = np.minimum(smoothstep(0.0, 0.16, rows % 1), smoothstep(0.0, 0.06, columns % 1))
    stones = color(0.085, 0.048, 0.034) * (np.clip(1 + 0.3 * rough, 0.1, 2) * (0.25 + 0.75 * joint))[..., None]
    fire_at, day_at = (-0.02, 0.74), (float(x.max()) * 0.90, 0.14)
    fire = np.exp(-np.hypot((x - fire_at[0]) * 0.9, y - fire_at[1]) / 0.33)[..., None] * color(4.4, 1.35, 0.28)
    day = np.exp(-np.hypot(x - day_at[0], y - day_at[1]) / 0.30)[..., None] * color(0.55, 0.72, 1.0)
    light = stones * (fire + 1.2 * day + 0.10)
    pane = smoothstep(0.115, 0.11, np.abs(x - day_at[0])) * smoothstep(0.145, 0.14, np.abs(y - day_at[1]))
    bars = smoothstep(0.004, 0.007, np.abs(x - day_at[0])) * smoothstep(
        0.004, 0.007, np.abs((y - day_at[1]) % 0.1 - 0.05)
    )
    light = mix(light, color(0.62, 0.76, 0.95) + 0 * light, (pane * (0.08 + 0.92 * bars))[..., None])
    mouth = smoothstep(1.0, 0.35, np.hypot((x - fire_at[0]) / 0.15, (y - fire_at[1]) / 0.085))
    light = mix(light, color(6.5, 2.1, 0.35) * np.clip(1 + 0.35 * rough, 0.2, 2)[..., None], mouth[..., None])
    for n in range(7):
        at, long = 0.34 + 0.085 * n + random.uniform(-0.01, 0.01), random.uniform(0.15, 0.28)
        rod = smoothstep(0.0065, 0.0045, np.abs(x - at)) * (y > 0.15) * (y < 0.15 + long)
        knob = smoothstep(1, 0.85, np.hypot((x - at) / 0.017, (y - 0.15 - long) / random.uniform(0.012, 0.035)))
        light = light * (1 - 0.85 * np.maximum(rod, knob))[..., None]
    return blur(light.astype(np.float32), height_px / 260)
