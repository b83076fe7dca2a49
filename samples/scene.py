"""What a scene is: a picture for every instant, and the truth about what happens in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

Picture = Callable[[float], np.ndarray]
Truth = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """One clip before it is filmed."""

    width_px: int
    height_px: int
    frame_rate: Fraction
    duration_s: float
    prompt: str
    seed: int
    # presentation time in seconds -> float32 [H, W, 3], RGB, linear light, 1.0 is diffuse white
    picture: Picture
    # contacts, cuts and whatever else happens; see `contact`
    truth: Truth
    # strength of the film grain, in display code values of 0..255
    grain: float = 2.0
    # x264 quality: lower is better and larger
    crf: int = 23

    @property
    def frames(self) -> int:
        """Number of pictures; picture n is shown at n / frame_rate."""
        return round(self.duration_s * self.frame_rate)


def contact(
    time_s: float, at: tuple[float, float], *, material: str, strength: float, partner: str, **more: Any
) -> dict[str, Any]:
    """One entry of the truth's `contacts`: `at` is a fraction of the picture, strength is 0..1."""
    return {
        "time_s": round(float(time_s), 5),
        "x": round(float(at[0]), 4),
        "y": round(float(at[1]), 4),
        "material": material,
        "strength": round(float(np.clip(strength, 0.0, 1.0)), 3),
        "with": partner,
        **more,
    }


def in_picture(entry: dict[str, Any]) -> bool:
    """Whether a contact can be seen at all."""
    return 0.0 <= entry["x"] <= 1.0 and 0.0 <= entry["y"] <= 1.0
