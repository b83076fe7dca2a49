"""Variants of the crops: what encoders, players and services do to a clip, done to both kinds alike before training.

Recoding belongs to pipeline.media, so the encoder comes in as a function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Crops = NDArray[np.uint8]
# lumas [T, H, W], crf, codec -> [T, H, W]
Recode = Callable[[Crops, int, str], Crops]


@dataclass(frozen=True)
class Delivery:
    """One way a clip reaches a viewer."""

    scale: float
    crf: int
    codec: str = "libx264"


def draw(kind: str, rng: np.random.Generator) -> Delivery:
    """A random delivery: "clean" as after one export, "small" as from a messenger, "wild" anything."""
    if kind == "clean":
        return Delivery(1.0, int(rng.integers(17, 24)))
    if kind == "small":
        return Delivery(0.75, int(rng.integers(25, 31)))
    codec = "libx265" if rng.random() < 0.25 else "libx264"
    return Delivery(float(rng.choice([0.5, 0.625, 0.85, 1.15])), int(rng.integers(18, 34)), codec)


DELIVERIES = ("clean", "small", "wild")


def deliver(crops: Crops, delivery: Delivery, recode: Recode) -> Crops:
    """Crops [N, T, H, W] after one delivery; sides become even and stay at least 128."""
    import cv2

    count, steps, height, _ = crops.shape
    side = max(128, round(height * delivery.scale) & ~1)
    if side != height:
        method = cv2.INTER_AREA if side < height else cv2.INTER_CUBIC
        ones = crops.reshape(-1, height, height)
        flat: list[Any] = [cv2.resize(one, (side, side), interpolation=method) for one in ones]
        crops = np.stack(flat).reshape(count, steps, side, side)
    return np.stack([recode(one, delivery.crf, delivery.codec) for one in crops])
