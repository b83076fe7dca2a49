"""Movement: a copy moves as its original does, another version of the scene does not."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.provenance.fingerprint.movement import movement_agreement, pairs_of


def scene(seed: int, *, speed: float, noise: float = 0.0, count: int = 12) -> np.ndarray:
    """A fixed ground with a bright disc that goes its own way."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:64, :64]
    ground = 90 + 40 * np.sin(across / 7) * np.cos(down / 9)
    pictures = []
    for number in range(count):
        left, top = 32 + 20 * np.cos(speed * number), 32 + 20 * np.sin(speed * number + seed)
        disc = (across - left) ** 2 + (down - top) ** 2 < 49
        pictures.append(np.where(disc, 220.0, ground) + noise * rng.standard_normal(ground.shape))
    return np.clip(pictures, 0, 255).astype(np.float32)


def test_a_copy_moves_alike():
    original = scene(1, speed=0.5)
    copy = 0.6 * scene(1, speed=0.5, noise=6.0) + 20
    assert movement_agreement(copy, original) > 0.9


@pytest.mark.parametrize("speed", [-0.33, 0.21, 0.9])
def test_another_version_moves_otherwise(speed):
    other = movement_agreement(scene(2, speed=speed), scene(1, speed=0.5))
    assert other is not None and other < 0.5


def test_where_nothing_moves_nothing_is_told():
    still = scene(1, speed=0.0)
    assert movement_agreement(still + 10, still) is None
    assert movement_agreement(scene(1, speed=0.5, count=3), scene(1, speed=0.5, count=3)) is None


def test_pictures_of_one_moment_are_paired():
    asked, registered = np.arange(10) / 5, np.arange(0, 20, 2) / 5
    # every other registered picture: half of the moments have one
    assert pairs_of(asked, registered, [(0.4, 1.2, 1.0)]) == [(3, 4), (5, 5)]
