"""Doors and clicks: how many knocks, how long, creaks that change their pitch."""

import numpy as np
import pytest

from pipeline.sound.effects.clicks import CLICKS, click
from pipeline.sound.effects.doors import door

RATE_HZ = 48000


def knocks(samples, gap_s):
    """Onsets at least `gap_s` apart in 2 ms frames, 14 dB above what was just before, seconds."""
    frames = np.abs(samples)[: len(samples) // 96 * 96].reshape(-1, 96).max(axis=1)
    frames = np.concatenate([np.full(6, 1e-4 * frames.max()), frames])
    found: list[float] = []
    for at in range(6, len(frames)):
        rises = frames[at] > 3 * frames[at - 3 : at].min() and frames[at] > 0.06 * frames.max()
        if rises and (not found or at * 0.002 - found[-1] >= gap_s):
            found.append(at * 0.002)
    return found


@pytest.mark.parametrize(
    ("kind", "least", "most"), [("switch", 1, 2), ("key", 2, 3), ("camera", 3, 5), ("latch", 2, 3)]
)
def test_a_mechanism_knocks_as_often_as_its_parts(kind, least, most):
    for seed in range(3):
        assert least <= len(knocks(click(kind, seed=seed), 0.007)) <= most
        assert set(CLICKS) >= {kind}


@pytest.mark.parametrize("length_s", [0.4, 1.5, 5.0])
@pytest.mark.parametrize("kind", ["creak", "slide"])
def test_a_moving_door_lasts_as_long_as_its_cue(kind, length_s):
    samples = door(kind, seed=1, length_s=length_s)
    assert len(samples) == pytest.approx(length_s * RATE_HZ, abs=1)
    tenths = np.array_split(samples, 10)
    assert sum(np.std(part) > 0.02 * np.std(samples) for part in tenths) >= 7


def test_a_slide_ends_with_its_stop():
    for seed in range(3):
        samples = door("slide", seed=seed, length_s=1.5)
        low = np.convolve(samples, np.ones(120) / 120, "same")
        assert 1.2 < np.abs(low).argmax() / RATE_HZ < 1.45


def test_a_creak_changes_its_rate():
    samples = door("creak", seed=2, length_s=3.0)

    def rate_hz(part):
        frames = np.abs(part)[: len(part) // 48 * 48].reshape(-1, 48).max(axis=1)
        like = np.correlate(frames - frames.mean(), frames - frames.mean(), "full")[len(frames) :]
        return 1000 / (like[3:60].argmax() + 4)

    rates = [rate_hz(part) for part in np.array_split(samples[4800:-4800], 10)]
    assert max(rates) > 1.4 * min(rates)


def test_a_slammed_door_booms_and_rattles_more_than_one_closed_gently():
    def peak(hardness):
        # below the latch, which rattles either way
        low = [np.convolve(door("close", seed=s, hardness=hardness), np.ones(240) / 240) for s in range(3)]
        return np.median([np.abs(samples[3360:9600]).max() / np.abs(samples).max() for samples in low])

    assert peak(1.0) > 1.3 * peak(0.0)
