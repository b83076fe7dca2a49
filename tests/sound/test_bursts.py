"""Shots, explosions, thunder: shape of the pressure, length, what is near and far."""

import numpy as np
import pytest

from pipeline.sound.effects.bursts import burst, friedlander, n_wave
from pipeline.sound.effects.thunder import thunder

RATE_HZ = 48000


def share_below(samples, edge_hz):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return power[: int(edge_hz * len(samples) / RATE_HZ)].sum() / power.sum()


def length_s(samples, drop_db):
    left = np.cumsum(samples[::-1].astype(float) ** 2)[::-1]
    return np.argmax(left < left[0] * 10 ** (-drop_db / 10)) / RATE_HZ


def median(measure, make, *arguments, **settings):
    return np.median([measure(make(*arguments, seed=seed, **settings)) for seed in range(5)])


def test_a_blast_wave_crosses_zero_once_and_carries_no_net_push():
    time_s = np.arange(4800) / RATE_HZ
    pressure = friedlander(time_s, 0.003)
    assert pressure[0] == 1
    assert (np.diff(np.sign(pressure[pressure != 0])) != 0).sum() == 1
    assert abs(pressure.sum()) < 0.02 * np.abs(pressure).sum()
    wave = n_wave(0.0005, RATE_HZ)
    assert wave[0] == 1
    assert wave[-1] == -1


def test_a_blast_is_lower_and_longer_than_a_shot():
    low = {kind: median(lambda s: share_below(s, 150), burst, kind) for kind in ("gun", "blast")}
    long = {kind: median(lambda s: length_s(s, 30), burst, kind) for kind in ("gun", "blast")}
    assert low["blast"] > 2 * low["gun"]
    assert long["blast"] > 2 * long["gun"]


@pytest.mark.parametrize("kind", ["gun", "firework", "blast"])
def test_the_front_comes_first_and_strong(kind):
    for seed in range(4):
        samples = np.abs(burst(kind, seed=seed))
        assert samples.argmax() < 0.12 * RATE_HZ
        assert samples[: int(0.005 * RATE_HZ)].max() > 0.4 * samples.max()


def test_a_firework_crackles():
    def flares(kind):
        samples = burst(kind, seed=3, size=0.5)[int(0.2 * RATE_HZ) :]
        treble = np.abs(np.diff(samples, 2))
        frames = treble[: len(treble) // 96 * 96].reshape(-1, 96).max(axis=1)
        floor = np.convolve(frames, np.ones(25) / 25, "same")
        return int((frames > 3 * floor).sum())

    assert flares("firework") > 3 * max(flares("gun"), 3)


def test_thunder_rolls_for_seconds_and_is_duller_far_away():
    near, far = (median(lambda s: share_below(s, 120), thunder, "clap", hardness=h) for h in (1.0, 0.0))
    assert far > 1.2 * near
    assert median(lambda s: length_s(s, 25), thunder, "clap", size=0.8) > 1.5
