"""Friction, rolling, engines: any length, no seam, driven by automation, rates that can be measured."""

import itertools

import numpy as np
import pytest

from pipeline.sound.beds.bed import CHUNK_SAMPLES
from pipeline.sound.catalogue import families
from pipeline.sound.effects import foley
from pipeline.sound.effects.continuous import Pulses, Ringing, impulses

RATE_HZ = 48000
ALL = [f"{family}/{name}" for family in foley.CONTINUOUS for name in families()[family].names]


def chunks_of(sound, length_s, **settings):
    return foley.iter_continuous(sound, length_samples=int(length_s * RATE_HZ), **settings)


def centroid_hz(samples):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / RATE_HZ)).sum() / power.sum())


def beat_hz(samples, low_hz, high_hz):
    """Strongest rate of the envelope between two rates."""
    frames = np.abs(samples[: len(samples) // 96 * 96]).reshape(-1, 96).max(axis=1)
    spectrum = np.abs(np.fft.rfft((frames - frames.mean()) * np.hanning(len(frames)), 8 * len(frames)))
    rates = np.fft.rfftfreq(8 * len(frames), 96 / RATE_HZ)
    inside = (rates >= low_hz) & (rates <= high_hz)
    return rates[inside][spectrum[inside].argmax()]


@pytest.mark.parametrize("sound", ALL)
@pytest.mark.parametrize("length_s", [0.05, 0.9])
def test_it_lasts_as_long_as_its_cue_and_both_ends_are_soft(sound, length_s):
    samples = foley.make(sound, seed=1, length_s=length_s)
    assert len(samples) == int(length_s * RATE_HZ)
    highest = np.abs(samples).max()
    assert np.abs(samples[:8]).max() < 0.02 * highest
    assert np.abs(samples[-8:]).max() < 0.02 * highest


@pytest.mark.parametrize("sound", ["scrape/metal", "roll/stone", "engine/car", "engine/train"])
def test_chunks_are_the_whole(sound):
    settings = {"seed": 2, "parameters": {"speed": 0.8, "room": 0.3}, "automation": ((0.0, -12.0), (1.5, 0.0))}
    whole = foley.make(sound, length_s=2.2, **settings)
    parts = list(chunks_of(sound, 2.2, **settings))
    assert max(map(len, parts)) <= CHUNK_SAMPLES
    assert np.array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("sound", ALL)
def test_no_seam_between_chunks(sound):
    samples = foley.make(sound, seed=5, length_s=2.2)
    steps = np.abs(np.diff(samples, 2))
    seams = [steps[at - 3 : at + 3].max() for at in (CHUNK_SAMPLES, 2 * CHUNK_SAMPLES)]
    assert max(seams) < np.quantile(steps[4800:-9600], 0.9999)


def test_ten_minutes_cost_no_memory_and_never_repeat():
    # chunks from all over ten minutes: none is like another
    taken = []
    for number, chunk in enumerate(itertools.islice(chunks_of("roll/rubber", 600.0, seed=1), 130)):
        if number in (1, 2, 20, 60, 129):
            taken.append(chunk)
    likeness = np.corrcoef(np.stack(taken)) - np.eye(len(taken))
    # a chunk of a dull rumble is worth a few hundred independent values
    assert np.abs(likeness).max() < 0.25
    levels = [np.std(chunk) for chunk in taken]
    assert max(levels) < 4 * min(levels)


@pytest.mark.parametrize("sound", ["scrape/stone", "roll/wood", "engine/car"])
def test_speed_makes_it_brighter(sound):
    slow, fast = (
        np.median([centroid_hz(foley.make(sound, seed=s, length_s=1.0, parameters={"speed": v})) for s in range(3)])
        for v in (0.1, 0.9)
    )
    assert fast > 1.1 * slow


def test_automation_drives_the_engine():
    # revs fall with the level of the cue: the firing rate is slower where the cue is soft
    settings = {"seed": 1, "length_s": 4.0, "parameters": {"speed": 0.6}}
    samples = foley.make("engine/motorcycle", automation=((0.0, 0.0), (2.0, 0.0), (2.01, -30.0)), **settings)
    loud, soft = samples[: 2 * RATE_HZ], samples[2 * RATE_HZ + 4800 :]
    assert beat_hz(soft, 10, 120) < 0.75 * beat_hz(loud, 10, 120)


@pytest.mark.parametrize(("speed", "low_hz", "high_hz"), [(0.0, 9.0, 12.5), (1.0, 16.0, 22.5)])
def test_blades_beat_at_their_rate(speed, low_hz, high_hz):
    samples = foley.make("engine/helicopter", seed=3, length_s=4.0, parameters={"speed": speed})
    assert low_hz < beat_hz(samples, 6, 40) < high_hz


def test_materials_differ_in_brightness():
    pitch = {
        name: np.median([centroid_hz(foley.make(f"scrape/{name}", seed=s, length_s=0.7)) for s in range(3)])
        for name in ("glass", "metal", "wood", "earth")
    }
    assert pitch["glass"] > pitch["wood"]
    assert pitch["metal"] > pitch["wood"]
    rolls = {
        name: np.median([centroid_hz(foley.make(f"roll/{name}", seed=s, length_s=0.7)) for s in range(3)])
        for name in ("glass", "metal", "wood", "rubber")
    }
    assert rolls["glass"] > rolls["metal"] > rolls["wood"] > rolls["rubber"]


def test_pulses_keep_their_phase_between_chunks():
    rate = np.full(1000, 50.0)
    one, two = Pulses(0.5), Pulses(0.5)
    first, second = one(rate, RATE_HZ)[0], one(rate, RATE_HZ)[0] + 1000
    whole = two(np.full(2000, 50.0), RATE_HZ)[0]
    assert np.allclose(np.concatenate([first, second]), whole, atol=1.0)
    assert np.allclose(np.diff(whole), RATE_HZ / 50)


def test_impulses_share_fractions_and_ringing_carries_its_tail():
    train = impulses(np.array([2.25]), np.array([4.0]), 8)
    assert train.tolist() == [0, 0, 3.0, 1.0, 0, 0, 0, 0]
    response = np.array([1.0, 0.5, 0.25])
    ringing = Ringing(response)
    signal = np.arange(1.0, 9.0)
    parts = np.concatenate([ringing(signal[:4]), ringing(signal[4:])])
    assert np.allclose(parts, np.convolve(signal, response)[:8])
