"""Calls of animals: pitch within what each has, syllables, formants that move."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from pipeline.sound.effects.animals import ANIMALS, animal

RATE_HZ = 48000


def pitch_hz(samples, low_hz, high_hz):
    """Median pitch of the loud part by autocorrelation."""
    loudest = max(uniform_filter1d(samples**2, 4800).argmax() - 2400, 0)
    part = samples[loudest : loudest + 4800] * np.hanning(len(samples[loudest : loudest + 4800]))
    spectrum = np.abs(np.fft.rfft(part, 16384)) ** 2
    like = np.fft.irfft(spectrum)
    lags = np.arange(int(RATE_HZ / high_hz), int(RATE_HZ / low_hz))
    return RATE_HZ / lags[like[lags].argmax()]


@pytest.mark.parametrize(
    ("kind", "low_hz", "high_hz"),
    [("dog", 200, 900), ("cat", 350, 1000), ("cow", 70, 250), ("sheep", 180, 480), ("bird", 1500, 9000)],
)
def test_pitch_is_that_of_the_animal(kind, low_hz, high_hz):
    found = np.median([pitch_hz(animal(kind, seed=seed), 0.6 * low_hz, 1.7 * high_hz) for seed in range(5)])
    assert low_hz < found < high_hz


@pytest.mark.parametrize("kind", [kind for kind in ANIMALS if kind not in ("bird", "frog", "crow")])
def test_a_larger_animal_is_lower(kind):
    small, large = (
        np.median([pitch_hz(animal(kind, seed=s, size=size), 40, 3000) for s in range(3)]) for size in (0.1, 0.9)
    )
    assert large < 0.8 * small


@pytest.mark.parametrize("kind", list(ANIMALS))
def test_a_call_lasts_as_long_as_such_calls_do(kind):
    lengths_s = [len(animal(kind, seed=seed)) / RATE_HZ for seed in range(4)]
    assert min(lengths_s) > 0.08
    assert max(lengths_s) < 3.5
    # seeds are neighbours, not copies
    assert max(lengths_s) > 1.05 * min(lengths_s)


def test_a_crow_is_hoarser_than_a_cat():
    def flatness(kind):
        samples = animal(kind, seed=2)
        power = np.abs(np.fft.rfft(samples[:9600] * np.hanning(9600))) ** 2
        power = power[100:1000]
        return np.exp(np.log(power + 1e-20).mean()) / power.mean()

    assert flatness("crow") > 2 * flatness("cat")


def test_a_frog_croaks_in_pulses():
    samples = animal("frog", seed=1)
    frames = np.abs(samples)[: len(samples) // 96 * 96].reshape(-1, 96).max(axis=1)
    dips = (frames[1:-1] < frames[:-2]) & (frames[1:-1] < frames[2:]) & (frames[1:-1] < 0.3 * frames.max())
    assert dips.sum() >= 6
