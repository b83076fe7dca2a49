"""Footsteps: what shoe and water change."""

import numpy as np
import pytest

from pipeline.sound.effects.footsteps import SURFACES, footstep, shoe_at

RATE_HZ = 48000


def treble_share(samples, edge_hz=2500):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return power[int(edge_hz * len(samples) / RATE_HZ) :].sum() / power.sum()


def median_over_seeds(surface, **settings):
    return np.median([treble_share(footstep(surface, seed=seed, **settings)) for seed in range(6)])


@pytest.mark.parametrize("surface", ["concrete", "wood", "tile"])
def test_a_heel_is_brighter_than_a_bare_foot(surface):
    assert median_over_seeds(surface, shoe=1.0) > 1.3 * median_over_seeds(surface, shoe=0.0)


def test_shoes_change_by_degrees():
    shoes = [shoe_at(value) for value in np.linspace(0, 1, 11)]
    assert (np.diff([shoe.hardness for shoe in shoes]) > 0).all()
    assert shoes[0].click == 0 < shoes[-1].click
    assert shoes[0].slap > shoes[-1].slap == 0


def test_a_heel_comes_down_twice():
    def second_blow(shoe):
        samples = np.abs(footstep("concrete", seed=3, shoe=shoe))
        return samples[int(0.06 * RATE_HZ) : int(0.2 * RATE_HZ)].max() / samples[: int(0.02 * RATE_HZ)].max()

    assert second_blow(1.0) > 0.15


@pytest.mark.parametrize("surface", ["concrete", "dirt"])
def test_water_on_the_ground_is_heard_after_the_step(surface):
    def late(wet):
        samples = footstep(surface, seed=1, wet=wet)
        return np.std(samples[int(0.25 * RATE_HZ) : int(0.5 * RATE_HZ)]) / np.abs(samples).max()

    assert late(1.0) > 2 * late(0.0)
    assert SURFACES["puddle"].wet > SURFACES["mud"].wet > SURFACES[surface].wet == 0
