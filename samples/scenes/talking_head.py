"""A man talks to the camera: mouth, blinks, small movements of the head, a room out of focus behind him."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from samples.face import Pose, paint
from samples.paint import blur, color, facing, inflate, mix, polygon, rounded, smoothstep, warp
from samples.scene import Scene, Truth
from samples.texture import fractal

DURATION_S = 8.0
RATE = Fraction(25)
# when he speaks, in seconds
PHRASES = ((0.55, 2.45), (2.95, 4.70), (5.25, 7.35))
BLINK_S = 0.22
# outlines in half widths of the head, y down from the mouth
NECK = [(-0.60, -0.2), (-0.61, 0.75), (-0.82, 1.35), (0.82, 1.35), (0.61, 0.75), (0.60, -0.2)]
JUMPER = [
    (-0.62, 0.84),
    (-0.80, 0.90),
    (-1.35, 1.12),
    (-1.95, 1.28),
    (-2.40, 1.60),
    (-2.65, 2.4),
    (-2.9, 4.6),
    (2.9, 4.6),
]
JUMPER += [
    (2.65, 2.4),
    (2.40, 1.60),
    (1.95, 1.28),
    (1.35, 1.12),
    (0.80, 0.90),
    (0.62, 0.84),
    (0.45, 1.04),
    (0.0, 1.17),
    (-0.45, 1.04),
]
PROMPT = (
    "Medium close-up of a man with short dark hair who talks calmly to the camera in a cosy living room, soft window "
    "light from the left, a warm lamp and bookshelves out of focus behind him, shallow depth of field."
)


@dataclass(frozen=True)
class Speech:
    """Syllables: when the mouth is widest, how long one lasts, how wide it opens, how it is drawn."""

    times_s: np.ndarray
    lengths_s: np.ndarray
    openings: np.ndarray
    spreads: np.ndarray
    blinks_s: np.ndarray


@dataclass(frozen=True)
class Set:
    """Everything that is made once."""

    speech: Speech
    room: np.ndarray
    # premultiplied RGBA, and its texels per head unit
    body: np.ndarray
    skin: np.ndarray
    # pixels per half width of the head, and where the middle of the face is
    unit_px: float
    middle_px: tuple[float, float]


def build(width_px: int, height_px: int, *, seed: int) -> Scene:
    """The scene; the truth holds the mouth's opening every 20 ms."""
    random = np.random.default_rng(seed)
    speech = _speech(random)
    unit_px = 0.222 * min(height_px, width_px * 1.05)
    middle = (0.5 * width_px, 0.43 * height_px)
    skin = np.dstack([1 + 0.045 * fractal(1024, 90, random, octaves=3)] + [1 + 0.3 * fractal(1024, 60, random)] * 2)
    stage = Set(speech, _room(width_px, height_px, random), _body(unit_px, random), skin, unit_px, middle)
    picture = partial(_picture, stage=stage, width_px=width_px, height_px=height_px)
    truth = _truth(speech, (0.5, (0.43 * height_px + 0.66 * unit_px) / height_px))
    return Scene(width_px, height_px, RATE, DURATION_S, PROMPT, seed, picture, truth, grain=1.8, crf=23)


def _speech(random: np.random.Generator) -> Speech:
    """Syllables of 130 to 260 ms inside the phrases (speech has four to six a second)."""
    rows = []
    for start_s, end_s in PHRASES:
        now = start_s
        while now < end_s - 0.1:
            length = min(random.uniform(0.13, 0.26), end_s - now)
            rows.append((now + length / 2, length, random.uniform(0.30, 1.0), random.uniform(-1, 1)))
            now += length * random.uniform(0.92, 1.0)
    blinks = np.array([0.30, 2.62, 4.90, 6.1])
    times, lengths, openings, spreads = np.array(rows).T
    return Speech(times, lengths, openings, spreads, blinks)


def opening(speech: Speech, time_s: float) -> float:
    """How far the mouth is open, 0..1: each syllable is a raised cosine, neighbours overlap."""
    distance = np.abs(time_s - speech.times_s) / (0.62 * speech.lengths_s)
    humps = speech.openings * 0.5 * (1 + np.cos(np.pi * np.minimum(distance, 1.0)))
    # where two overlap the wider one wins, softly
    return float(np.clip(np.sum(humps**3) ** (1 / 3), 0.0, 1.0))


def _spread(speech: Speech, time_s: float) -> float:
    weight = np.exp(-(((time_s - speech.times_s) / 0.12) ** 2))
    return float(np.sum(weight * speech.spreads) / (np.sum(weight) + 0.3))


def _blink(speech: Speech, time_s: float) -> float:
    """Shut at the blink's middle: quick to close, slower to open."""
    ago = time_s - speech.blinks_s
    shut = np.where(ago < 0, 1 + ago / (0.38 * BLINK_S), 1 - ago / (0.62 * BLINK_S))
    return float(smoothstep(0.0, 0.75, np.max(shut)))


def _pose(speech: Speech, time_s: float) -> Pose:
    wave = partial(_wave, time_s)
    stress = opening(speech, time_s - 0.05)
    gaze_x = 0.10 * smoothstep(2.4, 2.5, time_s) - 0.14 * smoothstep(4.7, 4.78, time_s) + 0.05 * wave(0.13, 2)
    return Pose(
        opening=opening(speech, time_s),
        spread=_spread(speech, time_s),
        blink=_blink(speech, time_s),
        yaw=0.13 * wave(0.17, 0) + 0.05 * wave(0.43, 1),
        pitch=0.05 * wave(0.27, 3) - 0.025 * stress,
        gaze=(float(gaze_x) - 0.6 * (0.13 * wave(0.17, 0)), 0.04 * wave(0.19, 1)),
        brow=0.5 * wave(0.31, 2) + 0.5 * stress,
    )


def _wave(time_s: float, rate_hz: float, phase: float) -> float:
    return float(np.sin(2 * np.pi * rate_hz * time_s + phase))


def _truth(speech: Speech, mouth_at: tuple[float, float]) -> Truth:
    times = np.round(np.arange(0.0, DURATION_S, 0.02), 2)
    mouth = {
        "times_s": times.tolist(),
        "opening": [round(opening(speech, float(t)), 3) for t in times],
        "x": round(mouth_at[0], 3),
        "y": round(mouth_at[1], 3),
    }
    blinks = [float(t) for t in speech.blinks_s]
    return {"contacts": [], "cuts_s": [], "mouth": mouth, "phrases_s": [list(p) for p in PHRASES], "blinks_s": blinks}


# ---------------------------------------------------------------- picture
def _picture(time_s: float, *, stage: Set, width_px: int, height_px: int) -> np.ndarray:
    pose = _pose(stage.speech, time_s)
    zoom = 1.0 + 0.03 * time_s / DURATION_S
    room_move = np.array([[1.0, 0.0, -40 - 8 * _wave(time_s, 0.11, 0)], [0.0, 1.0, -40 + 3 * _wave(time_s, 0.17, 1)]])
    light = warp(stage.room, room_move, width_px, height_px)
    unit = stage.unit_px * zoom
    at = np.array(stage.middle_px)
    at += unit * np.array([0.035 * _wave(time_s, 0.21, 1) + 0.12 * np.sin(pose.yaw), 0.02 * _wave(time_s, 0.33, 0)])
    light = _with_body(light, stage, time_s, zoom, width_px, height_px)
    return _with_head(light, stage, pose, at, unit, roll=0.025 * _wave(time_s, 0.23, 2))


def _with_body(light: np.ndarray, stage: Set, time_s: float, zoom: float, width_px: int, height_px: int) -> np.ndarray:
    """Neck, collar and shoulders; breathing lifts them."""
    breath = 0.008 * stage.unit_px * _wave(time_s, 0.28, 0)
    sway = 0.015 * stage.unit_px * _wave(time_s, 0.21, 1)
    left = stage.middle_px[0] - zoom * stage.body.shape[1] / 2 + sway
    move = np.array([[zoom, 0.0, left], [0.0, zoom, stage.middle_px[1] + 0.55 * stage.unit_px * zoom - breath]])
    layer = warp(stage.body, move, width_px, height_px)
    return light * (1 - layer[..., 3:]) + layer[..., :3]


def _with_head(light: np.ndarray, stage: Set, pose: Pose, at: np.ndarray, unit: float, *, roll: float) -> np.ndarray:
    """Paint the head into the part of the picture it covers."""
    height, width = light.shape[:2]
    rows = slice(max(int(at[1] - 1.62 * unit), 0), min(int(at[1] + 1.95 * unit), height))
    columns = slice(max(int(at[0] - 1.30 * unit), 0), min(int(at[0] + 1.30 * unit), width))
    px = ((np.arange(columns.start, columns.stop) - at[0]) / unit).astype(np.float32)[None, :]
    py = ((at[1] - np.arange(rows.start, rows.stop)) / unit).astype(np.float32)[:, None]
    c, s = np.float32(np.cos(roll)), np.float32(np.sin(roll))
    x, y = c * px + s * py, -s * px + c * py
    part = _ears(light[rows, columns], x, y, pose)
    head = paint(x, y, pose, stage.skin, unit)
    light[rows, columns] = mix(part, head[..., :3], head[..., 3:])
    return light


def _ears(light: np.ndarray, x: np.ndarray, y: np.ndarray, pose: Pose) -> np.ndarray:
    """Ears, half hidden behind the head."""
    for side in (-1.0, 1.0):
        ex, ey = side * (x + 0.10 * np.sin(pose.yaw)) - 0.985, y + 0.03
        distance = np.hypot((ex - 0.10 * ey) / 0.125, ey / 0.285)
        inner = np.exp(-(((distance - 0.45) / 0.22) ** 2))
        shade = (1.0 if side < 0 else 0.30) * (0.75 + 0.35 * smoothstep(0.6, 1.0, distance) - 0.40 * inner)
        glow = 0.25 * (side > 0) * smoothstep(0.5, 1.0, distance)
        tone = shade[..., None] * color(0.62, 0.34, 0.25) + glow[..., None] * color(1.3, 0.5, 0.25)
        light = mix(light, tone, smoothstep(1.0, 0.93, distance)[..., None])
    return light


def _body(unit: float, random: np.random.Generator) -> np.ndarray:
    """Neck and shoulders in a knitted jumper, premultiplied RGBA; the top row is at the mouth's height."""
    width, height = int(unit * 6.4), int(unit * 4.2)
    x = ((np.arange(width) - width / 2) / unit).astype(np.float32)[None, :]
    y = (np.arange(height) / unit).astype(np.float32)[:, None]
    neck = polygon(height, width, _outline(NECK, unit, width))
    across = np.clip(x / 0.66, -1, 1) + 0 * y
    normal = np.dstack([across, 0 * across - 0.25, np.sqrt(1.06 - across**2)])
    under_chin = 0.16 + 0.84 * smoothstep(0.30, 0.95, y + 0.12 * x)
    skin = color(0.58, 0.35, 0.25) * (1.35 * facing(normal, (-0.62, 0.25, 0.66)) ** 1.1 + 0.10)[..., None]
    light = skin * under_chin[..., None]
    jumper = polygon(height, width, _outline(JUMPER, unit, width))
    cloth = inflate(jumper, 0.75 * unit, soften_px=0.06 * unit)
    size = 2048 if max(width, height) > 1024 else 1024
    folds = fractal(size, 6, random, octaves=4)[:height, :width]
    cloth = (
        cloth
        + 0.9
        * np.dstack([np.gradient(blur(folds, 6.0), axis=1), -np.gradient(blur(folds, 6.0), axis=0), 0 * folds])
        * 8
    )
    knit = 0.82 + 0.18 * np.sin(x * unit * 1.3 + 0.8 * np.sin(y * unit * 0.9)) * np.sin(y * unit * 0.9)
    wool = color(0.050, 0.095, 0.125) * knit[..., None]
    lit = 1.5 * facing(cloth, (-0.62, 0.45, 0.62))[..., None] * color(1.0, 0.95, 0.87)
    lit = lit + facing(cloth, (0.9, 0.3, 0.2))[..., None] * color(0.30, 0.26, 0.24) + 0.10
    collar = np.exp(-(((y - 1.02 - 0.19 * (1 - (x / 0.62) ** 2)) / 0.055) ** 2)) * smoothstep(0.9, 0.7, np.abs(x))
    light = mix(light, wool * lit * (1 + 0.8 * collar)[..., None], jumper[..., None])
    alpha = np.maximum(neck, jumper)
    return np.dstack([light * alpha[..., None], alpha]).astype(np.float32)


def _outline(points: list[tuple[float, float]], unit: float, width: int) -> np.ndarray:
    return rounded(np.array(points) * unit + [width / 2, 0.0])


def _room(width_px: int, height_px: int, random: np.random.Generator) -> np.ndarray:
    """A living room far out of focus, 80 pixels larger than the picture."""
    width, height = width_px + 80, height_px + 80
    x = np.linspace(0, width_px / height_px, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    right = float(x.max())
    wall = mix(color(0.17, 0.155, 0.145), color(0.060, 0.048, 0.046), smoothstep(0.0, right, x + 0 * y)[..., None])
    light = wall.astype(np.float32)
    _shelves(light, random)
    curtain = 0.75 + 0.25 * np.sin(x * 95)
    pane = smoothstep(0.24, 0.22, x) * smoothstep(0.86, 0.82, y)
    light = mix(light, (curtain * (1.15 - 0.4 * y))[..., None] * color(0.95, 1.02, 1.10), pane[..., None])
    lamp = np.hypot((x - 0.80 * right) / 0.085, (y - 0.34) / 0.075)
    light = mix(light, color(3.0, 1.75, 0.75) + 0 * light, smoothstep(1.0, 0.9, lamp)[..., None])
    light = light + (0.42 * np.exp(-np.hypot(x - 0.80 * right, y - 0.34) / 0.20))[..., None] * color(1.0, 0.60, 0.27)
    for _ in range(9):
        at, size = (random.uniform(0.55, 1.0) * right, random.uniform(0.08, 0.85)), random.uniform(0.006, 0.012)
        dot = smoothstep(1.0, 0.7, np.hypot(x - at[0], y - at[1]) / size)
        light = light + dot[..., None] * color(5.0, 2.9, 1.2) * np.float32(random.uniform(0.4, 1.0))
    return _out_of_focus(light, height_px / 48)


def _shelves(light: np.ndarray, random: np.random.Generator) -> None:
    """Rows of books on the right half."""
    height, width = light.shape[:2]
    left = int(0.46 * width)
    light[:, left:] *= 0.42
    for shelf in range(4):
        foot, x = int(height * (0.22 + 0.22 * shelf)), left + 8
        while x < width - 30:
            wide, tall = int(random.uniform(9, 26)), int(height * random.uniform(0.10, 0.17))
            tone = np.array([random.uniform(0.03, 0.22), random.uniform(0.03, 0.10), random.uniform(0.02, 0.07)])
            light[max(foot - tall, 0) : foot, x : x + wide] = tone
            x += wide + int(random.uniform(0, 6)) + (70 if random.random() < 0.06 else 0)
        light[foot : foot + 10, left:] = color(0.11, 0.06, 0.03)


def _out_of_focus(light: np.ndarray, radius_px: float) -> np.ndarray:
    """A lens blurs a point to a disc, not to a bell."""
    import cv2

    radius = max(int(radius_px), 1)
    axis = np.arange(-radius, radius + 1, dtype=np.float32)
    disc = smoothstep(radius + 0.5, radius - 0.5, np.hypot(axis[None], axis[:, None]))
    return cv2.filter2D(light, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)
