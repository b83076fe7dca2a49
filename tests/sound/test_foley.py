"""Effects of every family: clean, seeded, calibrated, on time; impacts in the order of nature."""

from functools import cache

import numpy as np
import pytest

from pipeline.sound.catalogue import families
from pipeline.sound.effects import foley
from pipeline.sound.effects.modal import MATERIALS, contact_weight, ring
from pipeline.sound.mix.loudness import k_weighting

RATE_HZ = 48000
ALL = [f"{family}/{name}" for family in foley.RECIPES for name in families()[family].names]
# what has no blow at its start: it swells, goes on, or is a voice that opens
GRADUAL = {"whoosh", "riser", "animal", *foley.CONTINUOUS}
SUDDEN = [s for s in ALL if s.partition("/")[0] not in GRADUAL and s not in ("door/creak", "door/slide")]
LENGTHS_S = dict.fromkeys(foley.CONTINUOUS, 0.8) | {"bell": 2.0, "thunder": 3.0}


def made(sound, **settings):
    return foley.make(sound, length_s=LENGTHS_S.get(sound.partition("/")[0]), **settings)


@cache
def once(sound, seed):
    return made(sound, seed=seed)


def centroid_hz(samples):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / RATE_HZ)).sum() / power.sum())


def fall_s(samples, drop_db=40.0):
    left = np.cumsum(samples[::-1].astype(float) ** 2)[::-1]
    return np.argmax(left < left[0] * 10 ** (-drop_db / 10)) / RATE_HZ


def loudest_db(sound):
    from scipy.signal import sosfilt

    power = sosfilt(k_weighting(RATE_HZ), sound.astype(float)) ** 2
    window = int(foley.CALIBRATION_WINDOW_S * RATE_HZ)
    total = np.concatenate([[0.0], np.cumsum(power)])
    loudest = (total[window:] - total[:-window]).max() if len(power) >= window else total[-1]
    return 10 * np.log10(loudest / window)


def assert_clean(sound):
    assert sound.dtype == np.float32
    assert sound.ndim == 1
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 10 ** (foley.PEAK_DB / 20) + 1e-4
    assert abs(sound.mean()) < 1e-3
    # it ends in silence
    assert np.abs(sound[-4:]).max() < 0.01 * np.abs(sound).max()


@pytest.mark.parametrize("sound", ALL)
def test_a_sound_is_clean_seeded_and_calibrated(sound):
    one, again, other = once(sound, 3), made(sound, seed=3), once(sound, 4)
    assert_clean(one)
    assert np.array_equal(one, again)
    common = min(len(one), len(other))
    assert abs(np.corrcoef(one[:common], other[:common])[0, 1]) < 0.9
    # a continuous sound is measured over more than this stretch of it
    assert -24 - 3 * (sound.partition("/")[0] in foley.CONTINUOUS) < loudest_db(one) < foley.CALIBRATION_DB + 0.2


@pytest.mark.parametrize("sound", ALL)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_extremes_stay_clean(sound, value):
    extreme = made(sound, seed=1, parameters=dict.fromkeys(("size", "hardness", "shoe", "wet", "speed"), value))
    assert_clean(extreme)
    assert loudest_db(extreme) > -36


@pytest.mark.parametrize("sound", SUDDEN)
def test_the_attack_is_near_the_start(sound):
    assert foley.lead_samples(sound, once(sound, 3)) < 0.02 * RATE_HZ


@pytest.mark.parametrize("sound", SUDDEN)
def test_a_second_ear_hears_the_attack_there_too(sound):
    # an ear of another kind: the first steep rise of level from one millisecond to the next
    silence = np.zeros(RATE_HZ // 10, np.float32)
    for seed in (3, 4):
        samples = once(sound, seed)
        lead = foley.lead_samples(sound, samples)
        heard = np.concatenate([silence, samples[: RATE_HZ // 4]])
        power = np.convolve(heard**2, np.ones(48) / 48, "valid")
        level = np.log(power + 1e-3 * power.max())
        rise = level[48:] - level[:-48]
        at = np.argmax(rise > 0.5 * rise.max()) + 96 - len(silence)
        assert abs(at - lead) <= 0.003 * RATE_HZ


def test_every_effect_of_the_catalogue_has_a_recipe_and_only_those():
    assert set(foley.RECIPES) == set(families()) - {"ambience", "music"}
    assert set(foley.CONTINUOUS) == {name for name, family in families().items() if family.continuous}


def test_a_recipe_gets_the_parameters_it_knows():
    plain = foley.make("impact/wood", seed=1)
    assert np.array_equal(plain, foley.make("impact/wood", seed=1, parameters={"room": 0.9, "speed": 1.0}))
    assert not np.array_equal(plain, foley.make("impact/wood", seed=1, parameters={"size": 0.9}))


def test_gradual_sounds_begin_with_their_cue():
    for sound in ("whoosh/air", "riser/air", "scrape/wood", "door/creak", "door/slide"):
        assert foley.lead_samples(sound, np.linspace(0, 1, 1000)) == 0


def median_over_seeds(measure, material, **settings):
    return np.median([measure(foley.impact(material, seed=seed, **settings)) for seed in range(7)])


def test_a_whoosh_swells_to_its_end():
    for kind, length_s in (("air", 0.35), ("air", 0.6), ("air", 1.4), ("heavy", 0.8), ("heavy", 2.0)):
        sound = foley.whoosh(kind, seed=1, length_s=length_s)
        assert len(sound) == pytest.approx(length_s * RATE_HZ, abs=1)
        power = np.convolve(sound**2, np.ones(1200), "same")
        assert 0.55 < power.argmax() / len(sound) < 0.95
        assert power[: len(sound) // 5].max() < 0.05 * power.max()


def test_a_heavy_whoosh_is_lower():
    air, heavy = (np.median([centroid_hz(foley.whoosh(k, seed=s)) for s in range(5)]) for k in ("air", "heavy"))
    assert heavy < 0.6 * air


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


@pytest.mark.parametrize("sound", ALL)
def test_the_shortest_cue_still_sounds(sound):
    short = foley.make(sound, seed=1, length_s=0.001)
    assert np.isfinite(short).all()
    assert 0 < len(short) <= 0.01 * RATE_HZ
    assert np.abs(short).max() > 1e-4


def test_no_one_shot_outlasts_the_longest():
    for sound in ("bell/church", "thunder/clap", "riser/air", "burst/blast"):
        longest = foley.make(sound, seed=1, length_s=foley.LONGEST_S, parameters={"size": 1.0})
        assert len(longest) <= foley.LONGEST_S * RATE_HZ
