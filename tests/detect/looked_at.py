"""Made-up pictures as detectors get them, and material that no camera made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

HEIGHT, WIDTH = 360, 640


@dataclass(frozen=True)
class Shown:
    """A `pipeline.detect.pictures.Picture` made from RGB."""

    colours: np.ndarray
    time_s: float
    starts: bool = False

    @property
    def luma(self) -> np.ndarray:
        return cv2.cvtColor(self.colours, cv2.COLOR_RGB2GRAY)

    def gray(self, width_px: int) -> np.ndarray:
        return cv2.resize(self.luma, self._size(width_px), interpolation=cv2.INTER_AREA)

    def rgb(self, width_px: int | None = None) -> np.ndarray:
        if width_px is None:
            return self.colours
        return cv2.resize(self.colours, self._size(width_px), interpolation=cv2.INTER_AREA)

    def _size(self, width_px: int) -> tuple[int, int]:
        return width_px, round(self.colours.shape[0] * width_px / self.colours.shape[1])


def shown(pictures: Iterable[np.ndarray], *, starts: tuple[int, ...] = (0,)) -> list[Shown]:
    """Pictures at 8 a second."""
    return [Shown(picture, i / 8, i in starts) for i, picture in enumerate(pictures)]


def film(count: int = 20, *, seed: int = 1, drift: int = 3, grain: float = 2.0) -> list[np.ndarray]:
    """Camera-like: soft texture that drifts, with fresh grain on each picture."""
    generator = np.random.default_rng(seed)
    wide = generator.standard_normal((HEIGHT, WIDTH + drift * count), dtype=np.float32)
    base = 128 + 300 * cv2.GaussianBlur(wide, (0, 0), 6) + 60 * cv2.GaussianBlur(wide, (0, 0), 1.5)
    # one field of grain, shifted at random, looks as fresh as many and takes a tenth of the time
    field = grain * generator.standard_normal((HEIGHT + 64, WIDTH + 64), dtype=np.float32)
    found = []
    for i in range(count):
        top, left = generator.integers(0, 64, 2)
        view = base[:, drift * i : drift * i + WIDTH] + field[top : top + HEIGHT, left : left + WIDTH]
        level = view.clip(0, 255).astype(np.uint8)
        found.append(np.stack([level, cv2.add(level, 6), cv2.subtract(level, 8)], axis=2))
    return found


def cartoon(count: int = 20, *, grain: float = 0.0) -> list[np.ndarray]:
    """Flat shapes with outlines that move over a flat ground."""
    generator = np.random.default_rng(4)
    found = []
    for i in range(count):
        picture = np.full((HEIGHT, WIDTH, 3), (120, 190, 235), np.uint8)
        cv2.rectangle(picture, (0, 260), (WIDTH, HEIGHT), (90, 170, 80), -1)
        for x, y, r, colour in ((150 + 6 * i, 170, 70, (240, 200, 60)), (430 - 4 * i, 220, 55, (220, 80, 70))):
            cv2.circle(picture, (x, y), r, colour, -1)
            cv2.circle(picture, (x, y), r, (20, 20, 25), 6)
            cv2.circle(picture, (x - r // 3, y - 10), 9, (20, 20, 25), -1)
            cv2.circle(picture, (x + r // 3, y - 10), 9, (20, 20, 25), -1)
        noisy = picture + generator.normal(0, grain, picture.shape) if grain else picture
        found.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return found


def screen(count: int = 20, *, dark: bool = False) -> list[np.ndarray]:
    """A page of text in a window that scrolls by lines."""
    ground, ink, bar = (30, 220, 60) if dark else (250, 25, 215)
    rows = np.random.default_rng(9)
    lengths = rows.integers(8, 34, 60)
    found = []
    for i in range(count):
        picture = np.full((HEIGHT, WIDTH, 3), ground, np.uint8)
        cv2.rectangle(picture, (0, 0), (WIDTH, 26), (bar, bar, bar), -1)
        cv2.rectangle(picture, (0, 26), (90, HEIGHT), (bar, bar, bar), -1)
        for line in range(13):
            for word in range(int(lengths[line + i // 2]) // 3):
                left, top = 110 + 44 * word, 46 + 24 * line
                for stroke in range(5):
                    x = left + 7 * stroke
                    cv2.rectangle(picture, (x, top), (x + 2, top + 12), (ink, ink, ink), -1)
                cv2.rectangle(picture, (left, top + 5), (left + 30, top + 7), (ink, ink, ink), -1)
        found.append(picture)
    return found
