"""Films of surfaces made to a recipe: rain, snow, flames, waves, leaves, smoke, people; and of what is none of them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from analysis_scenes import ball, texture

from pipeline.analysis.textures import TextureMeter
from pipeline.records import Texture, TextureKind

WIDTH_PX, HEIGHT_PX = 224, 128
Draw = Callable[[float], np.ndarray]


def seen(draw: Draw, *, rate_hz: float = 24.0, duration_s: float = 4.0) -> dict[TextureKind, Texture]:
    """What the meter makes of a film, by kind."""
    meter = TextureMeter()
    for index in range(round(rate_hz * duration_s)):
        show(meter, index / rate_hz, draw(index / rate_hz))
    return {texture.kind: texture for texture in meter.textures()}


def show(meter: TextureMeter, time_s: float, image: np.ndarray) -> None:
    """Feed one picture the way the analyser does."""
    rgb = cv2.resize(image, (126, 72), interpolation=cv2.INTER_AREA)
    meter.add(time_s, rgb, cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def wall(seed: int = 1) -> np.ndarray:
    return texture(seed, WIDTH_PX, HEIGHT_PX)


def still(image: np.ndarray) -> Draw:
    return lambda _: image


def _over(image: np.ndarray, share: np.ndarray, colour: np.ndarray | tuple[int, int, int]) -> np.ndarray:
    return (image * (1 - share[..., None]) + np.asarray(colour) * share[..., None]).astype(np.uint8)


def rain(scene: Draw, *, streaks: int = 250, slant: float = 0.1) -> Draw:
    """Thin streaks, other ones in every picture: a drop falls through several heights of the picture in a second."""

    def draw(time_s: float) -> np.ndarray:
        generator = np.random.default_rng(round(time_s * 1000))
        large = np.zeros((HEIGHT_PX * 4, WIDTH_PX * 4), np.uint8)
        for x, y, length in generator.uniform((-50, -50, 20), (900, 512, 60), (streaks, 3)).astype(int).tolist():
            cv2.line(large, (x, y), (x + round(slant * length), y + length), 255, 2, cv2.LINE_AA)
        share = cv2.resize(large, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA) / 255 * 0.4
        return _over(scene(time_s), share, (220, 225, 230))

    return draw


def snow(scene: Draw, *, flakes: int = 350) -> Draw:
    """Round flakes that fall a third of the height in a second."""
    generator = np.random.default_rng(2)
    x, y, size = generator.uniform((0, 0, 0.5), (1, 1, 1), (flakes, 3)).T

    def draw(time_s: float) -> np.ndarray:
        large = np.zeros((HEIGHT_PX * 4, WIDTH_PX * 4), np.uint8)
        for at_x, at_y, radius in zip(x, (y + 0.4 * size * time_s) % 1, size, strict=True):
            centre = (round(at_x * WIDTH_PX * 4), round(at_y * HEIGHT_PX * 4))
            cv2.circle(large, centre, round(5 * radius), 255, -1, cv2.LINE_AA)
        share = cv2.resize(large, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA) / 255 * 0.9
        return _over(scene(time_s), share, (240, 242, 245))

    return draw


def _clouds(seed: int, blur_x: float, blur_y: float, height_px: int = HEIGHT_PX * 8) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((height_px, WIDTH_PX)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigmaX=blur_x, sigmaY=blur_y)
    return soft / soft.std()


def fire(scene: Draw) -> Draw:
    """Flames from the lower middle: noise that rises and folds, in the colours of glowing soot."""
    coarse, fine = _clouds(3, 9, 11), _clouds(4, 4, 5)
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    height, side = 1 - y / HEIGHT_PX, (x / WIDTH_PX - 0.5) / 0.22

    def draw(time_s: float) -> np.ndarray:
        rows = (y + 1.4 * time_s * HEIGHT_PX).astype(int)
        tongues = (
            0.5 * coarse[rows % len(coarse), x.astype(int)] + 0.35 * fine[(rows * 3 // 2) % len(fine), x.astype(int)]
        )
        heat = np.clip(1.3 - 1.6 * height - side**2 + 0.5 * tongues * np.clip(height + 0.3, 0, 1), 0, 1.3)
        colour = np.dstack(
            [np.clip(2.4 * heat, 0, 1), np.clip(1.7 * heat - 0.45, 0, 1), np.clip(1.6 * heat - 1.1, 0, 1)]
        )
        return _over(scene(time_s), np.clip(2.2 * heat, 0, 1), 255 * colour)

    return draw


def waves(*, horizon: float = 0.4) -> Draw:
    """A grey-blue sea under an even sky: lying ripples that move through one another."""
    ripples = [np.tile(_clouds(seed, 9, 1.6), (1, 3)) for seed in (5, 6, 7)]
    rows = round(HEIGHT_PX * (1 - horizon))

    def draw(time_s: float) -> np.ndarray:
        height = np.zeros((rows, WIDTH_PX), np.float32)
        for ripple, (across, down) in zip(ripples, ((25, 9), (-30, 6), (8, -7)), strict=True):
            moved = np.roll(ripple, (round(across * time_s), round(down * time_s)), (1, 0))
            height += moved[200 : 200 + rows, WIDTH_PX : 2 * WIDTH_PX]
        glint = np.clip(height - 2.0, 0, 2) * 25
        sea = np.array((52, 84, 112)) + 11 * height[..., None] + glint[..., None]
        sky = np.full((HEIGHT_PX - rows, WIDTH_PX, 3), (150, 178, 205))
        return np.clip(np.vstack([sky, sea]), 0, 255).astype(np.uint8)

    return draw


def leaves() -> Draw:
    """Green leaves, each trembling about its place."""
    generator = np.random.default_rng(8)
    places = generator.uniform((0, 0), (WIDTH_PX, HEIGHT_PX), (900, 2))
    phases, rates = generator.uniform(0, 6.3, (900, 2)), generator.uniform(1, 3, (900, 1))
    greens = generator.uniform((30, 80, 20), (90, 190, 60), (900, 3))

    def draw(time_s: float) -> np.ndarray:
        image = np.full((HEIGHT_PX * 2, WIDTH_PX * 2, 3), (30, 55, 22), np.uint8)
        moved = 2 * (places + 1.5 * np.sin(6.3 * rates * time_s + phases))
        for (x, y), green, phase in zip(moved, greens, phases[:, 0], strict=True):
            cv2.ellipse(image, (round(x), round(y)), (9, 5), np.degrees(phase), 0, 360, green.tolist(), -1, cv2.LINE_AA)
        return cv2.resize(image, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)

    return draw


def pan(speed_px_per_s: float = 40.0) -> Draw:
    """A camera that swings past a wall."""
    wide = texture(9, WIDTH_PX * 3, HEIGHT_PX)
    matrix = np.float32([[1, 0, 0], [0, 1, 0]])

    def draw(time_s: float) -> np.ndarray:
        moved = matrix.copy()
        moved[0, 2] = -speed_px_per_s * time_s
        return cv2.warpAffine(wide, moved, (WIDTH_PX, HEIGHT_PX))

    return draw


def bouncing() -> Draw:
    """Two balls before a wall."""

    def draw(time_s: float) -> np.ndarray:
        first = ball(wall(), 40 + 35 * time_s, 90 - 50 * abs(np.sin(4 * time_s)))
        return ball(first, 190 - 25 * time_s, 60 + 30 * np.sin(3 * time_s), 12)

    return draw


def grain(image: np.ndarray, spread: float = 6.0) -> Draw:
    """A still picture from a camera with too little light."""

    def draw(time_s: float) -> np.ndarray:
        noise = np.random.default_rng(round(time_s * 1000)).normal(0, spread, (HEIGHT_PX, WIDTH_PX, 1))
        return np.clip(image + noise, 0, 255).astype(np.uint8)

    return draw


def flicker(image: np.ndarray) -> Draw:
    """A lamp that flickers over a whole room."""
    return lambda time_s: np.clip(image * (1 + 0.2 * np.sin(40 * time_s)), 0, 255).astype(np.uint8)
