"""One-shots: attack, pitch and decay by material and size, seeds, calibration."""

import numpy as np
import pytest

from pipeline.sound import foley
from pipeline.sound.loudness import k_weighting
from pipeline.sound.modal import MATERIALS, contact_weight, ring

RATE_HZ = 48000
ALL = [
    *((foley.impact, name) for name in MATERIALS),
    *((foley.footstep, name) for name in foley.SURFACES),
    *((foley.burst, name) for name in foley.BURSTS),
    (foley.whoosh, "air"),
    (foley.splash, "water"),
    (foley.thunder, "clap"),
]


def centroid_hz(samples):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / RATE_HZ)).sum() / power.sum())


def fall_s(samples, drop_db=40.0):
    left = np.cumsum(samples[::-1].astype(float) ** 2)[::-1]
    return np.argmax(left < left[0] * 10 ** (-drop_db / 10)) / RATE_HZ


def median_over_seeds(measure, material, **settings):
    return np.median([measure(foley.impact(material, seed=seed, **settings)) for seed in range(7)])


@pytest.mark.parametrize(("recipe", "name"), ALL)
def test_a_sound_is_clean_seeded_and_calibrated(recipe, name):
    sound = recipe(name, seed=3)
    assert sound.dtype == np.float32
    assert sound.ndim == 1
    assert np.isfinite(sound).all()
    assert np.array_equal(sound, recipe(name, seed=3))
    other = recipe(name, seed=4)
    common = min(len(sound), len(other))
    assert abs(np.corrcoef(sound[:common], other[:common])[0, 1]) < 0.9
    assert np.abs(sound).max() <= 10 ** (foley.PEAK_DB / 20) + 1e-4
    assert abs(sound.mean()) < 1e-4
    # it ends in silence
    assert np.abs(sound[-4:]).max() < 0.01 * np.abs(sound).max()
    assert -24 < loudest_db(sound) < foley.CALIBRATION_DB + 0.2


def loudest_db(sound):
    from scipy.signal import sosfilt

    power = sosfilt(k_weighting(RATE_HZ), sound.astype(float)) ** 2
    window = int(foley.CALIBRATION_WINDOW_S * RATE_HZ)
    return 10 * np.log10(np.convolve(power, np.ones(window) / window, "valid").max())


@pytest.mark.parametrize(("recipe", "name"), [(recipe, name) for recipe, name in ALL if recipe is not foley.whoosh])
def test_the_attack_is_near_the_start(recipe, name):
    assert foley.attack_sample(recipe(name, seed=1)) < 0.02 * RATE_HZ


def test_a_whoosh_swells_to_its_end():
    for length_s in (0.35, 0.6, 1.4):
        sound = foley.whoosh("air", seed=1, length_s=length_s)
        assert len(sound) == pytest.approx(length_s * RATE_HZ, abs=1)
        power = np.convolve(sound**2, np.ones(1200), "same")
        assert 0.55 < power.argmax() / len(sound) < 0.95
        assert power[: len(sound) // 5].max() < 0.05 * power.max()


def test_a_ring_has_the_frequencies_and_decays_it_was_asked_for():
    sound = ring(np.array([440.0]), np.array([5.0]), np.array([1.0]), samples=RATE_HZ, sample_rate_hz=RATE_HZ)
    time_s = np.arange(RATE_HZ) / RATE_HZ
    assert np.allclose(sound, np.sin(2 * np.pi * 440 * time_s) * np.exp(-5 * time_s), atol=1e-6)


def test_a_soft_blow_excites_less_treble():
    frequencies_hz = np.array([50.0, 1000.0, 5000.0])
    soft, hard = (contact_weight(frequencies_hz, contact_s=s) for s in (0.005, 0.0003))
    assert soft[0] > 0.9
    assert soft[2] < 0.001 < 0.1 < hard[2]
    assert (np.diff(hard) < 0).all()


def test_materials_stand_in_the_order_of_nature():
    pitch = {name: median_over_seeds(centroid_hz, name) for name in MATERIALS}
    assert pitch["glass"] > pitch["ceramic"] > pitch["wood"] > pitch["rubber"]
    assert pitch["metal"] > pitch["wood"]
    assert pitch["stone"] > pitch["plastic"] > pitch["rubber"]
    decay = {name: median_over_seeds(fall_s, name) for name in MATERIALS}
    assert decay["metal"] > decay["glass"] > decay["ceramic"] > decay["wood"] > decay["stone"]


@pytest.mark.parametrize("material", list(MATERIALS))
def test_larger_is_lower_and_harder_is_brighter(material):
    small, large = (median_over_seeds(centroid_hz, material, size=size) for size in (0.1, 0.9))
    assert small > 1.1 * large
    soft, hard = (median_over_seeds(centroid_hz, material, hardness=hardness) for hardness in (0.05, 0.95))
    assert hard > soft


def test_a_length_cuts_a_ring_without_a_click():
    sound = foley.impact("metal", seed=1, length_s=0.5)
    assert len(sound) == 0.5 * RATE_HZ
    step = np.abs(np.diff(sound))
    assert step[-1000:].max() < 0.05 * step[:2000].max()


def test_gravel_has_more_grains_than_carpet():
    def flares(surface):
        # 2.5 ms frames twice as loud as the one before, and not negligible
        sound = foley.footstep(surface, seed=2)
        frames = np.abs(sound[: len(sound) // 120 * 120]).reshape(-1, 120).max(axis=1)
        return int(((frames[1:] > 2 * frames[:-1]) & (frames[1:] > 0.03 * frames.max())).sum())

    assert flares("gravel") >= 4 * max(flares("carpet"), 1)


@pytest.mark.parametrize("rate_hz", [22050, 44100, 96000])
def test_other_sample_rates_keep_the_pitch(rate_hz):
    sound = foley.impact("wood", seed=5, sample_rate_hz=rate_hz)
    peak_hz = np.abs(np.fft.rfft(sound)).argmax() * rate_hz / len(sound)
    usual = foley.impact("wood", seed=5)
    usual_hz = np.abs(np.fft.rfft(usual)).argmax() * RATE_HZ / len(usual)
    assert peak_hz == pytest.approx(usual_hz, rel=0.05)
