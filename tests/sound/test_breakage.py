"""Breaking things: a crack first, then ever fewer and smaller pieces."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from pipeline.sound.effects.breakage import SHATTERS, shatter

RATE_HZ = 48000


def flares(samples):
    """Instants at which 3 ms frames flare up, seconds."""
    frames = np.abs(np.diff(samples))[: (len(samples) - 1) // 144 * 144].reshape(-1, 144).max(axis=1)
    return np.flatnonzero((frames[1:] > 1.6 * frames[:-1]) & (frames[1:] > 0.01 * frames.max())) * 144 / RATE_HZ


@pytest.mark.parametrize("material", list(SHATTERS))
def test_the_crack_is_the_loudest_and_pieces_follow(material):
    for seed in range(3):
        samples = shatter(material, seed=seed)
        power = uniform_filter1d(samples**2, 2400)
        assert power.argmax() < 0.25 * RATE_HZ
        pieces = flares(samples)
        assert len(pieces) >= 8
        assert pieces.max() > 0.3


@pytest.mark.parametrize("material", list(SHATTERS))
def test_larger_things_fall_for_longer(material):
    small, large = (np.median([len(shatter(material, seed=s, size=z)) for s in range(3)]) for z in (0.1, 0.9))
    assert large > 1.5 * small


def test_glass_is_brighter_than_ceramic_and_wood():
    def centroid_hz(material):
        samples = shatter(material, seed=1)
        power = np.abs(np.fft.rfft(samples)) ** 2
        return (power * np.fft.rfftfreq(len(samples), 1 / RATE_HZ)).sum() / power.sum()

    assert centroid_hz("glass") > 1.2 * centroid_hz("ceramic") > 1.2 * centroid_hz("wood")
