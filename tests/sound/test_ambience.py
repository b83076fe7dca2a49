"""Beds: loudness, block-size independence, no loop, no offset, fades, level curves."""

import numpy as np
import pytest

from pipeline.sound.ambience import AMBIENCES, CALIBRATION_LUFS, iter_ambience
from pipeline.sound.beds import CHUNK_SAMPLES
from pipeline.sound.loudness import LoudnessMeter

RATE_HZ = 48000


def whole(name, *, seconds=10.0, seed=1, **settings):
    return np.concatenate(
        list(iter_ambience(name, seed=seed, length_samples=round(seconds * RATE_HZ), **settings)), axis=1
    )


@pytest.mark.parametrize("name", AMBIENCES)
def test_a_bed_is_clean_stereo_and_calibrated(name):
    sound = whole(name, seconds=24)
    assert sound.shape == (2, 24 * RATE_HZ)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 1.0
    assert np.abs(sound.mean(axis=1)).max() < 1e-3
    assert np.corrcoef(sound)[0, 1] < 0.5
    meter = LoudnessMeter(RATE_HZ, 2)
    meter.add(sound)
    assert meter.integrated_lufs == pytest.approx(CALIBRATION_LUFS, abs=2.5)
    # silent at no time between the fades
    level = np.sqrt((sound[:, RATE_HZ // 2 : -RATE_HZ] ** 2).mean(axis=0).reshape(-1, RATE_HZ // 4).mean(axis=1))
    assert level.min() > 0.02 * level.max()


@pytest.mark.parametrize("name", AMBIENCES)
def test_blocks_do_not_matter_and_seeds_do(name):
    usual = whole(name, seconds=2.2)
    assert np.array_equal(usual, whole(name, seconds=2.2, block_samples=977))
    assert np.array_equal(usual, whole(name, seconds=2.2, block_samples=10**6))
    other = whole(name, seconds=2.2, seed=2)
    assert not np.allclose(usual, other, atol=1e-3)


@pytest.mark.parametrize("name", ["rain", "sea", "forest", "machine"])
def test_a_bed_does_not_repeat(name):
    sound = whole(name, seconds=40)[0]
    spectrum = np.abs(np.fft.rfft(sound, 2 * len(sound))) ** 2
    match = np.fft.irfft(spectrum)[: len(sound)] / (len(sound) - np.arange(len(sound)) + RATE_HZ)
    # a loop of two seconds or more would match itself fully; hum repeats, but its noise does not
    limit = 0.75 if name == "machine" else 0.25
    assert match[2 * RATE_HZ : -2 * RATE_HZ].max() < limit * match[0]


@pytest.mark.parametrize("name", AMBIENCES)
def test_chunk_borders_cannot_be_heard(name):
    sound = whole(name, seconds=12)
    jerk = np.abs(np.diff(sound, n=2, axis=1)).max(axis=0)
    borders = np.arange(CHUNK_SAMPLES, sound.shape[1] - 2, CHUNK_SAMPLES)
    at_borders = np.array([jerk[border - 3 : border + 2].max() for border in borders])
    elsewhere = jerk[RATE_HZ : 11 * RATE_HZ].reshape(-1, 5).max(axis=1)
    # the sharpest border is no sharper than one stretch in some hundreds elsewhere
    assert np.median(at_borders) <= np.quantile(elsewhere, 0.95)


def test_ends_are_faded():
    sound = np.abs(whole("rain", seconds=3))
    assert sound[:, :200].max() < 0.02 * sound.max()
    assert sound[:, -200:].max() < 0.02 * sound.max()
    assert whole("rain", seconds=0.001).shape == (2, 48)


def test_a_level_curve_is_followed():
    flat = whole("air", seconds=6)
    bent = whole("air", seconds=6, envelope=[(0.0, 0.0), (3.0, 0.0), (3.5, -20.0)])
    assert np.array_equal(flat[:, : 2 * RATE_HZ], bent[:, : 2 * RATE_HZ])
    ratio = np.std(bent[:, 4 * RATE_HZ : 5 * RATE_HZ]) / np.std(flat[:, 4 * RATE_HZ : 5 * RATE_HZ])
    assert ratio == pytest.approx(0.1, rel=0.01)


def test_parameters_change_the_bed():
    with_birds, without = (whole("forest", seconds=20, parameters={"birds": share}) for share in (1.0, 0.0))
    assert np.abs(with_birds - without).max() > 0.02
    light, heavy = (whole("rain", parameters={"intensity": share}) for share in (0.0, 1.0))
    assert np.std(heavy) > 1.5 * np.std(light)


def test_another_rate_gives_the_same_loudness():
    sound = np.concatenate(list(iter_ambience("wind", seed=1, length_samples=20 * 44100, sample_rate_hz=44100)), axis=1)
    meter = LoudnessMeter(44100, 2)
    meter.add(sound)
    assert meter.integrated_lufs == pytest.approx(CALIBRATION_LUFS, abs=2.5)
