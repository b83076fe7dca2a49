"""Riser and hit: on the cut to the sample."""

import numpy as np
import pytest

from pipeline.sound.effects.cinematic import hit, riser

RATE_HZ = 48000


@pytest.mark.parametrize("length_s", [0.5, 2.0, 6.0])
def test_a_riser_is_loudest_at_its_very_end(length_s):
    for seed in range(2):
        samples = riser("air", seed=seed, length_s=length_s)
        assert len(samples) == int(length_s * RATE_HZ)
        power = np.convolve(samples**2, np.ones(960), "valid")
        assert power.argmax() + 960 > len(samples) - 0.15 * length_s * RATE_HZ
        # still at full strength 10 ms before it is cut off, and nothing is left at the last sample
        assert np.std(samples[-960:-480]) > 0.5 * np.sqrt(power.max() / 960)
        assert abs(samples[-1]) < 0.01 * np.abs(samples).max()
        assert power[: len(power) // 6].max() < 0.02 * power.max()


def test_a_riser_climbs():
    samples = riser("air", seed=1, length_s=3.0, hardness=0.0)

    def centroid_hz(part):
        power = np.abs(np.fft.rfft(part)) ** 2
        return (power * np.fft.rfftfreq(len(part), 1 / RATE_HZ)).sum() / power.sum()

    heights = [centroid_hz(part) for part in np.array_split(samples, 5)]
    assert (np.diff(heights) > 0).all()
    assert heights[-1] > 5 * heights[0]


def test_a_hit_starts_at_once_and_falls_below_hearing():
    samples = hit("deep", seed=1)
    assert np.abs(samples[: int(0.02 * RATE_HZ)]).max() > 0.5 * np.abs(samples).max()
    late = samples[int(0.5 * RATE_HZ) : int(0.9 * RATE_HZ)]
    power = np.abs(np.fft.rfft(late)) ** 2
    assert power[: int(80 * 0.4)].sum() > 0.5 * power.sum()
