"""Beds: loudness, width, block-size independence, no loop, no offset, fades, level curves."""

from functools import cache

import numpy as np
import pytest

from benchmarks.loops import FOUND, repetition
from pipeline.sound.beds.ambience import AMBIENCES, CALIBRATION_LUFS, iter_ambience
from pipeline.sound.beds.bed import CHUNK_SAMPLES, Scatter
from pipeline.sound.mix.loudness import LoudnessMeter

RATE_HZ = 48000


def whole(name, *, seconds=10.0, seed=1, **settings):
    return np.concatenate(
        list(iter_ambience(name, seed=seed, length_samples=round(seconds * RATE_HZ), **settings)), axis=1
    )


@cache
def usual(name):
    # one stretch that several tests look at
    return whole(name, seconds=10)


@pytest.mark.parametrize("name", AMBIENCES)
def test_a_bed_is_clean_stereo_and_calibrated(name):
    sound = usual(name)
    assert sound.shape == (2, 10 * RATE_HZ)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 1.0
    assert np.abs(sound.mean(axis=1)).max() < 1e-3
    meter = LoudnessMeter(RATE_HZ, 2)
    meter.add(sound)
    # calibrated over a minute; a stretch as short as this may hold a gust or a car, or none
    assert meter.integrated_lufs == pytest.approx(CALIBRATION_LUFS, abs=5)
    # silent at no time between the fades
    level = np.sqrt((sound[:, RATE_HZ // 2 : -RATE_HZ] ** 2).mean(axis=0).reshape(-1, RATE_HZ // 4).mean(axis=1))
    assert level.min() > 0.01 * level.max()


@pytest.mark.parametrize("name", AMBIENCES)
def test_a_bed_is_wide_and_survives_mono(name):
    sound = usual(name)
    assert -0.1 < np.corrcoef(sound)[0, 1] < 0.85
    # independent sides lose 3 dB in mono, sides in opposition everything
    loss_db = 10 * np.log10((sound.mean(axis=0) ** 2).mean() / (sound**2).mean())
    assert loss_db > -3.3


def test_bass_is_the_same_on_both_sides():
    from pipeline.sound.noise import band, filtered

    bass, treble = (
        np.corrcoef(filtered(usual("waterfall"), band(*limits, sample_rate_hz=RATE_HZ)))[0, 1]
        for limits in ((30, 60), (1000, 4000))
    )
    assert bass > 0.4
    assert treble < 0.25


@pytest.mark.parametrize("name", AMBIENCES)
def test_blocks_do_not_matter_and_seeds_do(name):
    one = whole(name, seconds=1.0)
    assert np.array_equal(one, whole(name, seconds=1.0, block_samples=977))
    other = whole(name, seconds=1.0, seed=2)
    assert abs(np.corrcoef(one.reshape(-1), other.reshape(-1))[0, 1]) < 0.5


@pytest.mark.parametrize("name", ["rain", "fire", "night", "machine"])
def test_a_bed_does_not_repeat_and_a_loop_of_it_is_found(name):
    sound = whole(name, seconds=20)[0]
    assert repetition(sound)[0] < FOUND
    turn = sound[RATE_HZ : RATE_HZ + 200_123]
    correlation, lag_s = repetition(np.tile(turn, 5))
    assert correlation > 0.9
    assert lag_s % (200_123 / RATE_HZ) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("name", AMBIENCES)
def test_chunk_borders_cannot_be_heard(name):
    sound = usual(name)
    jerk = np.abs(np.diff(sound, n=2, axis=1)).max(axis=0)
    borders = np.arange(CHUNK_SAMPLES, sound.shape[1] - 2, CHUNK_SAMPLES)
    at_borders = np.array([jerk[border - 3 : border + 2].max() for border in borders])
    elsewhere = jerk[RATE_HZ : 9 * RATE_HZ].reshape(-1, 5).max(axis=1)
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


def test_rain_on_a_roof_is_duller_than_on_leaves():
    def treble(name):
        power = np.abs(np.fft.rfft(usual(name)[0])) ** 2
        return power[20_000:].sum() / power.sum()  # from 2 kHz up

    assert 4 * treble("rain-roof") < treble("rain-leaves")


def test_crickets_sing_where_crickets_sing():
    power = np.abs(np.fft.rfft(usual("night")[0])) ** 2
    frequency_hz = np.fft.rfftfreq(10 * RATE_HZ, 1 / RATE_HZ)
    assert 3800 < frequency_hz[30_000 + int(np.argmax(power[30_000:]))] < 5200


def test_a_crowd_has_the_spectrum_of_speech():
    # long-term average of speech (Byrne et al. 1994): about -7 dB at 1 kHz and -14 dB at 2 kHz against 500 Hz
    power = np.abs(np.fft.rfft(usual("crowd").sum(axis=0))) ** 2

    def third_db(centre_hz):
        return 10 * np.log10(power[int(8.91 * centre_hz) : int(11.22 * centre_hz)].sum())

    assert third_db(1000) - third_db(500) == pytest.approx(-7, abs=4)
    assert third_db(2000) - third_db(500) == pytest.approx(-14, abs=5)


def test_a_scattered_sound_may_begin_before_and_end_behind():
    scatter, length = Scatter(), 3 * CHUNK_SAMPLES
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    scatter.add(np.stack([ramp, -ramp]), -100)
    heard = np.concatenate([scatter.take() for _ in range(4)], axis=1)
    assert np.array_equal(heard[0, : length - 100], ramp[100:])
    assert np.array_equal(heard[1], -heard[0])
    assert not heard[:, length - 100 :].any()
