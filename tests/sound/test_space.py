"""Pan, distance and room."""

import numpy as np
import pytest

from pipeline.sound.space import pan_gains, place

RATE_HZ = 48000


@pytest.mark.parametrize("pan", np.linspace(-1, 1, 9))
def test_power_is_the_same_at_every_pan(pan):
    left, right = pan_gains(pan)
    assert left**2 + right**2 == pytest.approx(1.0)
    assert (left > right) == (pan < 0) or pan == 0


def test_the_edges_are_silent_on_the_other_side():
    assert pan_gains(-1.0) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert pan_gains(1.0) == pytest.approx((0.0, 1.0), abs=1e-12)


def click():
    sound = np.zeros(4800, np.float32)
    sound[0] = 1.0
    return sound


def test_the_room_follows_the_direct_sound():
    dry = place(click(), pan=0.0, room=0.0, distance=0.0, sample_rate_hz=RATE_HZ)
    assert dry.shape == (2, 4800)
    wet = place(click(), pan=0.0, room=0.8, distance=0.0, sample_rate_hz=RATE_HZ)
    assert wet[0, 0] == pytest.approx(dry[0, 0], rel=1e-3)
    assert np.abs(wet[:, 1:280]).max() < 1e-4
    assert np.abs(wet[:, 280:]).max() > 0.01
    assert np.isfinite(wet).all()


def test_a_larger_room_is_longer_and_louder():
    def tail(room):
        sound = place(click(), pan=0.0, room=room, distance=0.0, sample_rate_hz=RATE_HZ)
        return sound.shape[1], float((sound[:, 100:] ** 2).sum())

    small, large = tail(0.2), tail(1.0)
    assert large[0] > 2 * small[0]
    assert large[1] > 1.5 * small[1]


def test_far_is_quieter_and_duller():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(RATE_HZ).astype(np.float32)
    near, far = (place(noise, pan=0.0, room=0.0, distance=d, sample_rate_hz=RATE_HZ)[0] for d in (0.0, 0.8))
    assert np.std(far) < 0.5 * np.std(near)

    def treble(x):
        power = np.abs(np.fft.rfft(x)) ** 2
        return power[8000:].sum() / power.sum()

    assert treble(far) < 0.5 * treble(near)
