"""What real footage suffers and no detector may take for a glitch of a generator: lost pictures and packets, flashes,
cuts, interlacing, shaking hands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Disturbance = Literal["dropped", "packet_loss", "flash", "cut", "interlaced", "shaky"]
DISTURBANCES: tuple[Disturbance, ...] = ("dropped", "packet_loss", "flash", "cut", "interlaced", "shaky")
Pictures = NDArray[np.uint8]

# coding blocks come in squares of this size
BLOCK_PX = 16
# a shaking hand moves the picture by this share of its width from one picture to the next
SHAKE = 0.012


def disturb(pictures: Pictures, kind: Disturbance, *, seed: int) -> Pictures:
    """A copy of the pictures, uint8 [T, H, W] or [T, H, W, 3], with one disturbance; fewer pictures when some are lost.

    The same pictures and seed give the same result.
    """
    return _MAKERS[kind](pictures, np.random.default_rng([seed, DISTURBANCES.index(kind)]))


def _moment(pictures: Pictures, generator: np.random.Generator) -> int:
    return int(generator.integers(2, max(3, len(pictures) - 2)))


def _dropped(pictures: Pictures, generator: np.random.Generator) -> Pictures:
    first = _moment(pictures, generator)
    lost = range(first, min(first + int(generator.integers(1, 4)), len(pictures) - 1))
    return np.delete(pictures, list(lost), axis=0)


def _packet_loss(pictures: Pictures, generator: np.random.Generator) -> Pictures:
    """A slice freezes and slips away from its place until the next key picture mends it."""
    made = pictures.copy()
    height, width = made.shape[1:3]
    for _ in range(int(generator.integers(1, 3))):
        first = _moment(pictures, generator)
        top = int(generator.integers(0, max(1, height // BLOCK_PX - 2))) * BLOCK_PX
        bottom = min(height, top + int(generator.integers(1, 6)) * BLOCK_PX)
        left = int(generator.integers(0, width // BLOCK_PX)) * BLOCK_PX
        slip = int(generator.integers(-2, 3)) * BLOCK_PX
        frozen = np.roll(pictures[first - 1, top:bottom], slip, axis=1)[:, left:]
        made[first : first + int(generator.integers(1, 9)), top:bottom, left:] = frozen
    return made


def _flash(pictures: Pictures, generator: np.random.Generator) -> Pictures:
    """Light from one side for one picture, with what it blows out."""
    made = pictures.copy()
    height, width = made.shape[1:3]
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    y, x = generator.uniform(0, height), generator.uniform(0, width)
    light = np.exp(-np.hypot(ys - y, xs - x) / (generator.uniform(0.3, 1.5) * width)) * generator.uniform(60, 220)
    light = light[..., None] if made.ndim == 4 else light
    at = _moment(pictures, generator)
    for i in range(at, min(at + int(generator.integers(1, 3)), len(made))):
        made[i] = np.clip(made[i] * 1.1 + light, 0, 255).astype(np.uint8)
    return made


def _cut(pictures: Pictures, generator: np.random.Generator) -> Pictures:
    """Another view of the scene from one picture on, as of a second camera."""
    made = pictures.copy()
    height, width = made.shape[1:3]
    share = float(generator.uniform(0.4, 0.7))
    y, x = int(generator.uniform(0, (1 - share) * height)), int(generator.uniform(0, (1 - share) * width))
    for i in range(_moment(pictures, generator), len(made)):
        part = made[i, y : y + int(share * height), x : x + int(share * width)]
        made[i] = cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC)[:, ::-1]
    return made


def _interlaced(pictures: Pictures, generator: np.random.Generator) -> Pictures:
    """Every other row is of the next moment."""
    made = pictures.copy()
    made[:-1, 1::2] = pictures[1:, 1::2]
    return made


def _shaky(pictures: Pictures, generator: np.random.Generator) -> Pictures:
    made = pictures.copy()
    height, width = made.shape[1:3]
    at = np.cumsum(generator.normal(0, SHAKE * width, (len(made), 2)), axis=0) * [1, 1]
    at -= at.mean(axis=0)
    for i, (x, y) in enumerate(at):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(generator.normal(0, 0.4)), 1.06)
        turn[:, 2] += x, y
        made[i] = cv2.warpAffine(pictures[i], turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return made


_MAKERS: dict[Disturbance, Callable[[Pictures, np.random.Generator], Pictures]] = {
    "dropped": _dropped,
    "packet_loss": _packet_loss,
    "flash": _flash,
    "cut": _cut,
    "interlaced": _interlaced,
    "shaky": _shaky,
}
