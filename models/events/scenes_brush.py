"""Drawing between pixels: shapes, stamps and surfaces, in world units of the picture's short side (y down)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Colour = tuple[float, float, float]

# binary places of a coordinate: 1/64 px, so nothing snaps to whole pixels
SHIFT = 6


@dataclass(frozen=True)
class View:
    """A picture being drawn and where the world lies in it."""

    # uint8 [h, w, 3]
    canvas: NDArray[Any]
    # float64 [2, 3]: world to pixel centres
    matrix: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Pixels per world unit."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    def pixels(self, points: ArrayLike) -> NDArray[np.float64]:
        """World points [..., 2] as pixels."""
        return np.asarray(points, float) @ self.matrix[:, :2].T + self.matrix[:, 2]


@dataclass(frozen=True)
class Stamp:
    """A small picture with transparency that is turned, scaled and laid on the canvas."""

    # float32 [h, w, 4] in 0..255, colours multiplied by alpha; the last channel is alpha in 0..1
    pixels: NDArray[np.float32]
    # world units across one of its pixels
    step: float


def polygon(view: View, points: ArrayLike, colour: Colour) -> None:
    """Fill an outline [N, 2]."""
    import cv2

    cv2.fillPoly(view.canvas, [_fixed(view.pixels(points))], colour, cv2.LINE_AA, SHIFT)


def disc(view: View, centre: ArrayLike, radius: float, colour: Colour) -> None:
    """Fill a circle."""
    import cv2

    x, y = _fixed(view.pixels(centre))
    size = round(radius * view.scale * (1 << SHIFT))
    # OpenCV refuses what lies far outside; so does the eye
    if size > 0 and max(abs(int(x)), abs(int(y)), size) < 1 << 24:
        cv2.circle(view.canvas, (int(x), int(y)), size, colour, -1, cv2.LINE_AA, SHIFT)


def capsule(view: View, start: ArrayLike, end: ArrayLike, radii: tuple[float, float], colour: Colour) -> None:
    """Fill a limb: two round ends and what lies between them."""
    a, b = np.asarray(start, float), np.asarray(end, float)
    along = b - a
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
    polygon(view, [a + across * radii[0], b + across * radii[1], b - across * radii[1], a - across * radii[0]], colour)
    disc(view, a, radii[0], colour)
    disc(view, b, radii[1], colour)


def line(view: View, points: ArrayLike, width: float, colour: Colour) -> None:
    """Draw through points [N, 2]; `width` in world units, at least one pixel."""
    import cv2

    thick = max(round(width * view.scale), 1)
    cv2.polylines(view.canvas, [_fixed(view.pixels(points))], False, colour, thick, cv2.LINE_AA, SHIFT)


def stamp(
    view: View,
    picture: Stamp,
    centre: ArrayLike,
    *,
    angle: float = 0.0,
    scale: float | tuple[float, float] = 1.0,
    alpha: float = 1.0,
) -> None:
    """Lay a stamp on the canvas, turned clockwise by `angle` radians about its middle."""
    import cv2

    if alpha < 0.004:
        return
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) * np.broadcast_to(np.asarray(scale, float), 2)
    matrix = view.matrix[:, :2] @ turn * picture.step
    height, width = picture.pixels.shape[:2]
    place = view.pixels(centre)
    reach = np.abs(matrix) @ [width / 2, height / 2] + 1
    limits = np.array(view.canvas.shape[1::-1])
    low = np.clip(np.floor(place - reach), 0, limits).astype(int)
    high = np.clip(np.ceil(place + reach) + 1, 0, limits).astype(int)
    if np.any(high <= low):
        return
    offset = place - matrix @ [(width - 1) / 2, (height - 1) / 2] - low
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    layer = cv2.warpAffine(picture.pixels, np.column_stack([matrix, offset]), size, flags=cv2.INTER_LINEAR)
    part = view.canvas[low[1] : high[1], low[0] : high[0]]
    part[:] = part * (1 - layer[..., 3:] * alpha) + layer[..., :3] * alpha + 0.5


def glow(view: View, centre: ArrayLike, radius: float, strength: float, colour: Colour) -> None:
    """Add light that falls off around a point; `strength` 1 makes the middle white."""
    import cv2

    if strength < 0.004:
        return
    height, width = view.canvas.shape[:2]
    # light is smooth: a quarter of the size is enough
    x, y = view.pixels(centre) / 4
    size = (radius * view.scale / 4) ** 2
    columns = (np.arange((width + 3) // 4, dtype=np.float32) - np.float32(x)) ** 2
    rows = (np.arange((height + 3) // 4, dtype=np.float32) - np.float32(y)) ** 2
    fall = np.float32(strength) / (1 + (columns + rows[:, None]) / np.float32(size)) ** 1.5
    light = np.clip(fall[..., None] * np.asarray(colour, np.float32), 0, 255).astype(np.uint8)
    cv2.add(view.canvas, cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR), dst=view.canvas)


def haze(view: View, centres: ArrayLike, radii: ArrayLike, alphas: ArrayLike) -> None:
    """Darken softly around several points [N, 2], each with its radius [N] and density [N] in 0..1."""
    import cv2

    height, width = view.canvas.shape[:2]
    columns = np.arange((width + 3) // 4, dtype=np.float32)
    rows = np.arange((height + 3) // 4, dtype=np.float32)[:, None]
    keep = np.ones((rows.size, columns.size), np.float32)
    for (x, y), radius, alpha in zip(view.pixels(centres) / 4, np.asarray(radii), np.asarray(alphas), strict=True):
        distance = np.hypot(columns - np.float32(x), rows - np.float32(y)) * np.float32(4 / (radius * view.scale))
        keep *= 1 - np.float32(alpha) * np.maximum(1 - distance, 0)
    dim = cv2.resize((keep * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    cv2.multiply(view.canvas, cv2.merge([dim, dim, dim]), dst=view.canvas, scale=1 / 255)


def brighten(view: View, gain: float, lift: float = 0.0) -> None:
    """Multiply the whole picture and add `lift` code values."""
    import cv2

    cv2.convertScaleAbs(view.canvas, dst=view.canvas, alpha=gain, beta=lift)


def colour(random: np.random.Generator, low: float = 0.1, high: float = 1.0, *, vivid: float = 1.0) -> Colour:
    """Some colour whose brightness lies in `low`..`high`."""
    hue, saturation, value = random.random(), vivid * random.random() ** 0.7, random.uniform(low, high)
    wheel = np.clip(np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    red, green, blue = 255 * value * (1 - saturation + saturation * wheel)
    return float(red), float(green), float(blue)


def shade(tone: Colour, factor: float) -> Colour:
    """The same colour, darker or lighter."""
    return tuple(min(max(channel * factor, 0.0), 255.0) for channel in tone)  # type: ignore[return-value]


def fractal(random: np.random.Generator, height_px: int, width_px: int, cells: tuple[int, int]) -> NDArray[np.float32]:
    """Cloudy noise of mean 0 and deviation 1, float32 [h, w]; `cells` bumps down and across at its coarsest."""
    import cv2

    total = np.zeros((height_px, width_px), np.float32)
    for octave in range(5):
        rows, columns = cells[0] << octave, cells[1] << octave
        if rows > height_px or columns > width_px:
            break
        grid = random.random((rows, columns), dtype=np.float32)
        total += 0.6**octave * cv2.resize(grid, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def surface(random: np.random.Generator, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """A surface such as plaster, boards, tiles, gravel or cloth, uint8 [h, w, 3]."""
    style = str(random.choice(["plaster", "boards", "tiles", "gravel", "cloth", "plain"]))
    base, contrast = np.array(colour(random, 0.25, 0.9, vivid=0.7)), random.uniform(0.05, 0.25)
    y = np.arange(height_px, dtype=np.float32)[:, None]
    x = np.arange(width_px, dtype=np.float32)[None, :]
    pitch = random.uniform(0.04, 0.2) * max(height_px, width_px)
    if style == "boards":
        rows = np.floor(y / pitch).astype(int)
        grain = fractal(random, height_px, width_px, (24, 3)) + 1.5 * random.standard_normal(rows.max() + 1)[rows]
        value = grain - 4.0 * ((y % pitch) < 1.5)
    elif style == "tiles":
        tones = random.standard_normal((int(height_px / pitch) + 1, int(width_px / pitch) + 1))
        value = tones[(y / pitch).astype(int), (x / pitch).astype(int)] - 4.0 * (((x % pitch) < 2) | ((y % pitch) < 2))
    elif style == "cloth":
        value = np.sin(x * 2 * np.pi / pitch * 2) + np.sin(y * 2 * np.pi / pitch) + 0 * x
    elif style == "gravel":
        value = random.standard_normal((height_px, width_px), dtype=np.float32) + fractal(
            random, height_px, width_px, (12, 12)
        )
    else:
        value = fractal(random, height_px, width_px, (3, 3)) * (1.0 if style == "plaster" else 0.3)
    lit = 1 + contrast * value + random.uniform(-0.25, 0.25) * (y / height_px - 0.5)
    return np.clip(base * lit[..., None], 0, 255).astype(np.uint8)


def cut_out(pixels: NDArray[np.uint8], outline_px: ArrayLike, step: float) -> Stamp:
    """A stamp from a picture [h, w, 3] and the outline [N, 2] that is kept of it."""
    import cv2

    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_fixed(np.asarray(outline_px, float))], 255, cv2.LINE_AA, SHIFT)
    alpha = mask[..., None].astype(np.float32) / 255
    return Stamp(np.concatenate([pixels * alpha, alpha], axis=2).astype(np.float32), step)


def pale(tone: Colour) -> Colour:
    """Half way to white, so that it stands out before a dark backdrop."""
    return tone[0] / 2 + 127.5, tone[1] / 2 + 127.5, tone[2] / 2 + 127.5


def paled(picture: Stamp) -> Stamp:
    """A stamp half way to white."""
    colours, alpha = picture.pixels[..., :3], picture.pixels[..., 3:]
    return Stamp(np.concatenate([colours / 2 + 127.5 * alpha, alpha], axis=2), picture.step)


def figure(random: np.random.Generator, outline: ArrayLike, step: float, *, mark: bool = True) -> Stamp:
    """A painted thing from its outline [N, 2] about its own middle, in world units; `step` of a stamp's pixel."""
    points = np.asarray(outline, float)
    reach = np.abs(points).max(axis=0)
    width, height = (int(2 * np.ceil(size / step) + 5) for size in reach)
    pixels = _skin(random, height, width, mark=mark)
    return cut_out(pixels, points / step + [(width - 1) / 2, (height - 1) / 2], step)


def ball(random: np.random.Generator, radius: float, step: float) -> Stamp:
    """A painted ball."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return figure(random, radius * np.column_stack([np.cos(angle), np.sin(angle)]), step)


def box(random: np.random.Generator, width: float, height: float, step: float) -> Stamp:
    """A painted box."""
    return figure(random, np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2], step)


def shadow(radius: float, step: float) -> Stamp:
    """A soft dark spot."""
    size = int(2 * np.ceil(radius / step) + 1)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    alpha = np.clip(1 - np.hypot(axis, axis[:, None]), 0, 1)[..., None] * 0.9
    return Stamp(np.concatenate([np.zeros((size, size, 3), np.float32), alpha], axis=2), step)


def _skin(random: np.random.Generator, height: int, width: int, *, mark: bool) -> NDArray[np.uint8]:
    import cv2

    tone, other = colour(random, 0.3, 1.0), colour(random, 0.1, 1.0)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = np.array(tone, np.uint8)
    style = str(random.choice(["plain", "stripes", "halves", "spots", "grain"])) if mark else "grain"
    if style == "stripes":
        pixels[(x % max(width / random.integers(2, 6), 3)) < width / 9] = other
    elif style == "halves":
        pixels[y > height / 2] = other
    elif style == "spots":
        for _ in range(int(random.integers(2, 7))):
            spot = (int(random.integers(0, width)), int(random.integers(0, height)))
            cv2.circle(pixels, spot, max(int(width * random.uniform(0.05, 0.2)), 1), other, -1, cv2.LINE_AA)
    elif style == "grain":
        grain = 1 + 0.12 * fractal(random, height, width, (2, 2))
        pixels = np.clip(pixels * grain[..., None], 0, 255).astype(np.uint8)
    # light from above on the side
    lit = 1.1 - 0.35 * (0.6 * y / height + 0.4 * x / width)
    return np.clip(pixels * lit[..., None], 0, 255).astype(np.uint8)


def _fixed(pixels: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(np.clip(pixels, -1e5, 1e5) * (1 << SHIFT)).astype(np.int32)
