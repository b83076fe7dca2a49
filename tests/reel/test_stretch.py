import numpy as np
import pytest

from pipeline.reel.attacks import Attacks
from pipeline.reel.stretch import stretched

RATE_HZ = 48_000


def reader(samples):
    """A source of these samples with silence around."""

    def read(first, count):
        part = np.zeros((1, count), np.float32)
        low, high = max(first, 0), min(first + count, len(samples))
        if high > low:
            part[0, low - first : high - first] = samples[low:high]
        return part

    return read


def played(samples, *, speed, count, start=0.0):
    parts, have = [], 0
    for part in stretched(reader(samples), speed=speed, start=start, sample_rate_hz=RATE_HZ):
        parts.append(part[0])
        have += len(parts[-1])
        if have >= count:
            return np.concatenate(parts)[:count]
    raise AssertionError("a stretched sound has no end")


@pytest.mark.parametrize("speed", [0.3, 0.9, 1.7])
def test_it_keeps_its_place(speed):
    """A slow swell is where the time line has it, also after many pieces."""
    seconds = 6
    swell = np.arange(seconds * RATE_HZ) / (seconds * RATE_HZ)
    samples = (swell * np.sin(2 * np.pi * 300 * np.arange(len(swell)) / RATE_HZ)).astype(np.float32)
    count = int(len(samples) / speed)
    found = played(samples, speed=speed, count=count)
    for share in (0.2, 0.5, 0.9):
        place = int(share * count)
        # a window of 50 ms against a swell of 6 s: a hundredth of the level is 60 ms of the source
        assert np.abs(found[place - 1200 : place + 1200]).max() == pytest.approx(share, abs=0.01)


def test_it_begins_in_the_middle_of_a_source():
    samples = np.zeros(RATE_HZ, np.float32)
    samples[20_000:20_200] = 0.5
    found = played(samples, speed=0.5, start=19_000.5, count=RATE_HZ)
    assert np.flatnonzero(np.abs(found) > 0.25)[0] == pytest.approx((20_000 - 19_000.5) * 2, abs=10)


def test_silence_stays_silence():
    assert not played(np.zeros(RATE_HZ, np.float32), speed=0.7, count=RATE_HZ).any()


def test_attacks_are_rises_out_of_what_was_before():
    random = np.random.default_rng(3)
    samples = random.normal(0, 0.01, 2 * RATE_HZ)
    for place in (30_000, 60_000, 61_000, 80_000):
        samples[place : place + 400] += random.normal(0, 0.3, 400) * np.exp(-np.arange(400) / 150)
    attacks = Attacks(reader(samples.astype(np.float32)), sample_rate_hz=RATE_HZ, start=4_000, apart=2_000)
    found, at = [], 4_000
    while at < 90_000:
        before, after = attacks.before_and_after(at, until=at + 10_000)
        assert (before is None or before <= at) and (after is None or after > at)
        found += [before] if before is not None and before not in found else []
        at += 1_000
    # the third comes too soon after the second
    assert found == pytest.approx([30_000, 60_000, 80_000], abs=8)


def test_steady_sounds_have_no_attacks():
    voice = sum(np.sin(2 * np.pi * 110 * k * np.arange(RATE_HZ) / RATE_HZ) / k for k in range(1, 20)) * 0.1
    for samples in (voice, np.random.default_rng(1).normal(0, 0.1, RATE_HZ)):
        attacks = Attacks(reader(samples.astype(np.float32)), sample_rate_hz=RATE_HZ, start=4_000, apart=2_000)
        assert attacks.before_and_after(40_000, until=44_000) == (None, None)
