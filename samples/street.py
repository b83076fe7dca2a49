"""What stands in the night street: house fronts with shops and neon, and a car seen from the side."""

from __future__ import annotations

import numpy as np

from samples.paint import blur, color, facing, inflate, mix, over, polygon, resize, rounded, shine, smoothstep
from samples.texture import fractal

# texels per metre of the fronts and of the car
FRONT_TEXELS, CAR_TEXELS = 90, 150
FRONT_WIDTH_M, FRONT_HEIGHT_M = 26.0, 9.0
CAR_LENGTH_M, CAR_HEIGHT_M = 4.5, 1.7
NEON = (
    ("CAFE", color(4.2, 0.30, 0.08)),
    ("HOTEL", color(0.10, 1.3, 4.4)),
    ("BAR", color(4.2, 0.10, 1.5)),
    ("NOODLES", color(0.15, 3.4, 0.9)),
    ("24H", color(4.6, 1.7, 0.08)),
)


def fronts(random: np.random.Generator) -> np.ndarray:
    """House fronts float32 [H, W, 3], row 0 on top, pavement level at the last row."""
    height, width = round(FRONT_HEIGHT_M * FRONT_TEXELS), round(FRONT_WIDTH_M * FRONT_TEXELS)
    light = np.zeros((height, width, 3), np.float32)
    tubes = np.zeros_like(light)
    left = 0.0
    for word, tint in NEON:
        span = FRONT_WIDTH_M / len(NEON)
        _house(light, random, left, span)
        _neon(tubes, word, tint, left + span / 2 + random.uniform(-0.4, 0.4), 3.95)
        left += span
    halo = blur(tubes, 9.0) * 0.7 + blur(tubes, 55.0) * 0.9
    # the wall round a sign takes its colour, the windows do not
    return (light + tubes + halo).astype(np.float32)


def _rows(top_m: float, bottom_m: float) -> slice:
    return slice(round((FRONT_HEIGHT_M - top_m) * FRONT_TEXELS), round((FRONT_HEIGHT_M - bottom_m) * FRONT_TEXELS))


def _columns(left_m: float, right_m: float) -> slice:
    return slice(round(left_m * FRONT_TEXELS), round(right_m * FRONT_TEXELS))


def _house(light: np.ndarray, random: np.random.Generator, left_m: float, span_m: float) -> None:
    """One house: wall, windows above, a shop below."""
    columns = _columns(left_m, left_m + span_m)
    wall = light[:, columns]
    tint = mix(color(0.011, 0.010, 0.013), color(0.020, 0.011, 0.008), np.float32(random.random()))
    texture = fractal(1024, 12, random, octaves=6)[: wall.shape[0], : wall.shape[1]]
    wall[:] = tint * np.clip(1 + 0.25 * texture, 0.2, 2)[..., None]
    _bricks(wall)
    for index in range(3):
        centre = left_m + span_m * (index + 0.5) / 3
        for bottom in (4.75, 7.1):
            _window(light, random, centre - 0.55, bottom)
    _shop(light, random, left_m + 0.25, left_m + span_m - 0.25)
    # the gap between two houses
    light[:, columns.start : columns.start + 8] *= 0.25


def _bricks(wall: np.ndarray) -> None:
    rows = np.arange(wall.shape[0])[:, None] / (0.085 * FRONT_TEXELS)
    columns = np.arange(wall.shape[1])[None, :] / (0.26 * FRONT_TEXELS) + 0.5 * (rows.astype(int) % 2)
    joints = np.minimum(smoothstep(0.0, 0.2, rows % 1), smoothstep(0.0, 0.07, columns % 1))
    wall *= (0.62 + 0.38 * joints)[..., None]


def _window(light: np.ndarray, random: np.random.Generator, left_m: float, bottom_m: float) -> None:
    """A window of a flat: dark with a cold shimmer, or lit behind a curtain."""
    pane = light[_rows(bottom_m + 1.55, bottom_m), _columns(left_m, left_m + 1.1)]
    height, width = pane.shape[:2]
    fall = np.linspace(1.0, 0.45, height, dtype=np.float32)[:, None]
    if random.random() < 0.42:
        folds = 0.8 + 0.2 * np.sin(np.linspace(0, random.uniform(18, 34), width, dtype=np.float32))[None]
        tone = mix(color(0.95, 0.52, 0.18), color(0.55, 0.50, 0.42), np.float32(random.random()))
        pane[:] = (fall * folds)[..., None] * tone * np.float32(random.uniform(0.25, 0.75))
    else:
        pane[:] = fall[..., None] * color(0.018, 0.024, 0.036)
    frame = 7
    pane[:, width // 2 - 3 : width // 2 + 3] = 0.012
    pane[height // 3 - 3 : height // 3 + 3] = 0.012
    for edge in (pane[:frame], pane[-frame:], pane[:, :frame], pane[:, -frame:]):
        edge[:] = 0.014


def _shop(light: np.ndarray, random: np.random.Generator, left_m: float, right_m: float) -> None:
    """A shop window with goods on shelves, a door, a sign board and an awning."""
    glass = light[_rows(2.75, 0.45), _columns(left_m, right_m - 1.35)]
    glass[:] = _interior(random, *glass.shape[:2])
    door = light[_rows(2.65, 0.0), _columns(right_m - 1.15, right_m - 0.15)]
    door[:] = _interior(random, *door.shape[:2]) * 0.7
    door[:, :9] = door[:, -9:] = door[:9] = 0.015
    door[-40:] = 0.02
    light[_rows(4.45, 3.35), _columns(left_m - 0.1, right_m + 0.05)] *= 0.45
    awning = light[_rows(3.35, 2.72), _columns(left_m - 0.15, right_m + 0.1)]
    stripes = (np.arange(awning.shape[1]) // 26 % 2).astype(np.float32)[None, :, None]
    base = mix(color(0.055, 0.006, 0.006), color(0.006, 0.026, 0.030), np.float32(random.random() > 0.5))
    awning[:] = mix(base, color(0.060, 0.052, 0.046), stripes) * np.linspace(0.5, 1.5, awning.shape[0])[:, None, None]
    light[_rows(0.45, 0.0), _columns(left_m - 0.1, right_m - 1.3)] = color(0.022, 0.02, 0.02)


def _interior(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A lit room behind glass: lamps, shelves, goods, a little out of focus."""
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    warm = mix(color(1.10, 0.66, 0.28), color(0.95, 0.72, 0.42), np.float32(random.random()))
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    room = (0.42 * (1 - down) ** 1.5 * (1 - 0.5 * across**2) + 0.05)[..., None] * warm
    room *= (1 + 0.15 * np.sin(across * 40))[..., None]
    for shelf in range(3):
        floor_px = int(height * (0.42 + 0.22 * shelf))
        left = 6
        while left < width - 20:
            wide, tall = int(random.uniform(8, 26)), int(random.uniform(0.05, 0.16) * height)
            tone = np.array([random.uniform(0.01, 0.14), random.uniform(0.01, 0.06), random.uniform(0.005, 0.03)])
            room[floor_px - tall : floor_px, left : left + wide] = tone * (1.3 - 0.28 * shelf)
            left += wide + int(random.uniform(3, 30))
        room[floor_px : floor_px + 5] *= 0.3
    for _ in range(max(width // 90, 1)):
        x, y = random.uniform(0, width), height * 0.12
        spot = np.exp(-(((np.arange(width) - x) / 16) ** 2)) * np.exp(-(((np.arange(height)[:, None] - y) / 10) ** 2))
        room += spot[..., None].astype(np.float32) * warm * 3.0
    mullion = np.abs((np.arange(width) + width / 4) % (width / 2) - width / 4) < 4
    room = blur(room, 2.0)
    room[:, mullion] = 0.015
    return room


def _neon(tubes: np.ndarray, word: str, tint: np.ndarray, centre_m: float, middle_m: float) -> None:
    """A word in glass tubes: white-hot core, coloured edge."""
    import cv2

    face, scale, fine = cv2.FONT_HERSHEY_DUPLEX, 2.1, 2
    (wide, tall), _ = cv2.getTextSize(word, face, scale * fine, 8)
    sheet = np.zeros((tall + 80, wide + 80), np.uint8)
    cv2.putText(sheet, word, (40, tall + 40), face, scale * fine, 255, 10, cv2.LINE_AA)
    mask = resize(sheet.astype(np.float32) / 255, sheet.shape[1] // fine, sheet.shape[0] // fine)
    core = np.clip(blur(mask, 1.2) * 1.6 - 0.5, 0, 1)
    rows, columns = mask.shape
    top = round((FRONT_HEIGHT_M - middle_m) * FRONT_TEXELS) - rows // 2
    left = int(np.clip(round(centre_m * FRONT_TEXELS) - columns // 2, 0, tubes.shape[1] - columns))
    tubes[top : top + rows, left : left + columns] += mask[..., None] * tint + core[..., None] * 0.45


def car(paint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A saloon facing right: colour float32 [H, W, 3] and alpha [H, W]; wheels stand on the last row."""
    height, width = round(CAR_HEIGHT_M * CAR_TEXELS), round(CAR_LENGTH_M * CAR_TEXELS)
    body = polygon(height, width, _curve(_BODY, width, height))
    cabin = polygon(height, width, _curve(_GLASS, width, height))
    normals = inflate(body, 46.0, soften_px=5.0)
    # street light from above and behind, neon from the left, everything in a clear coat
    lit = 0.30 * facing(normals, (0.1, 1.0, 0.10)) + 0.06
    gloss = 0.8 * shine(normals, (0.0, 1.0, 0.05), 26.0) + 0.5 * shine(normals, (-0.8, 0.5, 0.2), 50.0)
    light = lit[..., None] * paint + gloss[..., None] * color(0.55, 0.42, 0.34)
    band = np.exp(-(((np.arange(height)[:, None] / height - 0.47) / 0.02) ** 2)) * np.ones((1, width))
    light += band[..., None] * color(0.10, 0.07, 0.06)
    pane = inflate(cabin, 22.0)
    window = color(0.012, 0.014, 0.018) + 0.35 * shine(pane, (0.1, 0.9, 0.5), 9.0)[..., None] * color(0.8, 0.6, 0.5)
    light = over(light, window, cabin)
    pillar = polygon(
        height, width, np.array([(0.505, 0.12), (0.525, 0.12), (0.535, 0.40), (0.51, 0.40)]) * [width, height]
    )
    light = over(light, 0.02 + 0 * light, pillar * cabin)
    alpha = body
    for at in (0.205, 0.80):
        light, alpha = _wheel(light, alpha, at * width)
    light = _lamp(light, (0.978, 0.52), color(9.0, 8.2, 6.6), 13)
    light = _lamp(light, (0.022, 0.50), color(4.5, 0.16, 0.06), 12)
    return light.astype(np.float32), np.clip(alpha, 0, 1).astype(np.float32)


# outlines as fractions of length and height, from the tail over the roof to the nose
_BODY = [(0.008, 0.78), (0.004, 0.56), (0.03, 0.42), (0.15, 0.385), (0.26, 0.17), (0.36, 0.085), (0.52, 0.07)]
_BODY += [
    (0.62, 0.12),
    (0.745, 0.39),
    (0.90, 0.43),
    (0.975, 0.50),
    (0.996, 0.62),
    (0.992, 0.80),
    (0.90, 0.86),
    (0.10, 0.86),
]
_GLASS = [(0.205, 0.375), (0.285, 0.19), (0.37, 0.125), (0.52, 0.115), (0.60, 0.16), (0.695, 0.385)]


def _curve(points: list[tuple[float, float]], width: int, height: int) -> np.ndarray:
    return rounded(np.array(points) * [width, height])


def _wheel(light: np.ndarray, alpha: np.ndarray, x_px: float) -> tuple[np.ndarray, np.ndarray]:
    """A turning wheel: the spokes smear to rings."""
    height, width = alpha.shape
    radius = 0.195 * height
    dx, dy = np.arange(width) - x_px, np.arange(height)[:, None] - (height - radius - 1)
    away = np.hypot(dx, dy) / radius
    arch = smoothstep(1.20, 1.14, away)
    light = over(light, np.full_like(light, 0.004), arch * smoothstep(0.99, 0.9, np.arange(height)[:, None] / height))
    rim = smoothstep(0.70, 0.66, away) * (0.10 + 0.22 * np.exp(-(((away - 0.6) / 0.06) ** 2)) - 0.06 * (away < 0.2))
    tyre = smoothstep(1.01, 0.97, away)
    look = np.repeat((0.007 + rim * (1.0 - 0.5 * dy / radius))[..., None], 3, axis=2).astype(np.float32)
    return over(light, look, tyre), np.maximum(alpha, tyre)


def _lamp(light: np.ndarray, at: tuple[float, float], tint: np.ndarray, radius_px: float) -> np.ndarray:
    height, width = light.shape[:2]
    dx, dy = np.arange(width) - at[0] * width, np.arange(height)[:, None] - at[1] * height
    return light + (smoothstep(1.0, 0.4, np.hypot(dx * 0.7, dy) / radius_px))[..., None] * tint
