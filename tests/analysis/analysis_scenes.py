"""Small scenes with known truth for the tests of the analysis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.analysis.analyser import Analyser
from pipeline.records import Analysis

WIDTH_PX, HEIGHT_PX = 320, 180
BALL_PX = 18


@dataclass
class Picture:
    """Stands in for a decoded frame."""

    time_s: float
    image: np.ndarray

    def gray(self, width_px, height_px=None):
        return cv2.cvtColor(self.rgb(width_px, height_px), cv2.COLOR_RGB2GRAY)

    def rgb(self, width_px=None, height_px=None):
        height, width = self.image.shape[:2]
        width_px = width_px or width
        return cv2.resize(
            self.image, (width_px, height_px or round(width_px * height / width)), interpolation=cv2.INTER_AREA
        )


@cache
def texture(seed: int, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> np.ndarray:
    """Coloured cloud texture, RGB uint8."""
    noise = np.random.default_rng(seed).standard_normal((height_px, width_px, 3)).astype(np.float32)
    coarse, fine = cv2.GaussianBlur(noise, (0, 0), 12), cv2.GaussianBlur(noise, (0, 0), 2)
    mix = coarse / coarse.std() + 0.7 * fine / fine.std()
    tint = np.random.default_rng(seed + 1000).uniform(70, 180, 3)
    return np.clip(tint + 25 * mix, 0, 255).astype(np.uint8)


def ball(image: np.ndarray, x_px: float, y_px: float, radius_px: int = BALL_PX) -> np.ndarray:
    """The image with a shaded, striped ball; the centre may lie between pixels."""
    image = image.copy()
    for share, color in ((1.0, (230, 60, 40)), (0.7, (250, 220, 90)), (0.35, (60, 40, 160))):
        centre = (round(x_px * 16), round(y_px * 16))
        cv2.circle(image, centre, round(radius_px * share * 16), color, -1, cv2.LINE_AA, shift=4)
    return image


def times(rate_hz: float, duration_s: float) -> list[float]:
    return [i / rate_hz for i in range(round(rate_hz * duration_s))]


def film(draw: Callable[[float], np.ndarray], times_s: list[float]) -> list[Picture]:
    return [Picture(time_s, draw(time_s)) for time_s in times_s]


def analyse_pictures(pictures: list[Picture], duration_s: float | None = None) -> Analysis:
    analyser = Analyser()
    for picture in pictures:
        analyser.add(picture)
    return analyser.result(duration_s)


def drop_height(time_s: float, contact_s: float, rebound: float, fall: float = 0.6, gravity: float = 3.0) -> float:
    """Height of a ball above the floor, in picture heights, that falls and first lands at the contact time."""
    start_s = contact_s - (2 * fall / gravity) ** 0.5
    if time_s <= start_s:
        return fall
    if time_s <= contact_s:
        return fall - gravity * (time_s - start_s) ** 2 / 2
    speed, since_s = gravity * (contact_s - start_s) * rebound, time_s - contact_s
    while speed > 0.05:
        flight_s = 2 * speed / gravity
        if since_s < flight_s:
            return speed * since_s - gravity * since_s**2 / 2
        speed, since_s = speed * rebound, since_s - flight_s
    return 0.0


def landings(contact_s: float, rebound: float, count: int, fall: float = 0.6, gravity: float = 3.0) -> list[float]:
    """Contact times of that ball."""
    found, speed = [contact_s], (2 * fall * gravity) ** 0.5 * rebound
    while len(found) < count:
        found.append(found[-1] + 2 * speed / gravity)
        speed *= rebound
    return found


def drop_scene(contact_s: float, *, rebound: float = 0.0, x: float = 0.5, pan_px_per_s: float = 0.0, seed: int = 1):
    """Drawing function of a ball that lands on a floor at 85 % of the height, before a textured wall."""
    wall = texture(seed, WIDTH_PX * 3)

    def draw(time_s: float) -> np.ndarray:
        pan_px = pan_px_per_s * time_s
        view = cv2.warpAffine(wall, np.float32([[1, 0, -pan_px], [0, 1, 0]]), (WIDTH_PX, HEIGHT_PX))
        centre_px = 0.85 * HEIGHT_PX - BALL_PX - HEIGHT_PX * drop_height(time_s, contact_s, rebound)
        return ball(view, x * WIDTH_PX, centre_px)

    return draw
