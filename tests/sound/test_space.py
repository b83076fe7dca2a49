"""Pan, distance, open air and rooms."""

import numpy as np
import pytest

from pipeline.sound.noise import band, filtered
from pipeline.sound.space import Convolver, decay_time_s, pan_gains, place, room_response, room_size_m

RATE_HZ = 48000
ROOMS = (0.2, 0.3, 0.5, 0.8, 1.0)


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


def rt60_s(response, low_hz, high_hz):
    # ISO 3382: slope of the backward-integrated energy between -5 and -25 dB (T20), both sides together
    power = (filtered(response, band(low_hz, high_hz, sample_rate_hz=RATE_HZ)) ** 2).sum(axis=0)
    left = 10 * np.log10(np.cumsum(power[::-1])[::-1] / power.sum() + 1e-12)
    first, last = (int(np.argmax(left < level)) for level in (-5, -25))
    slope = np.polyfit(np.arange(first, last) / RATE_HZ, left[first:last], 1)[0]
    return -60 / slope


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_rings_as_long_as_intended(room):
    response = room_response(room, RATE_HZ)
    assert rt60_s(response, 500, 2000) == pytest.approx(decay_time_s(room), rel=0.2)
    # treble dies first
    assert rt60_s(response, 6000, 12000) < 0.8 * rt60_s(response, 250, 1000)


def test_rooms_grow():
    sizes = [np.prod(room_size_m(room)) for room in ROOMS]
    decays = [decay_time_s(room) for room in ROOMS]
    assert sizes == sorted(sizes)
    assert decays == sorted(decays)
    assert decays[-1] > 10 * decays[0]
    energy = [float((room_response(room, RATE_HZ) ** 2).sum()) for room in (0.05, 0.15, *ROOMS)]
    assert energy == sorted(energy)


@pytest.mark.parametrize("room", ROOMS)
def test_first_reflections_stand_out_before_the_tail(room):
    response = room_response(room, RATE_HZ)
    peaks = np.abs(response).max(axis=0)
    loudest_s = float(np.argmax(peaks)) / RATE_HZ
    # within the first way across the room and back
    assert 0.006 <= loudest_s < 0.008 + 2 * room_size_m(room)[0] / 343
    late = slice(int(0.5 * decay_time_s(room) * RATE_HZ), None)
    assert peaks.max() > 10 * peaks[late].max()


def test_the_two_sides_of_a_tail_are_independent():
    for room in (0.05, 0.15, *ROOMS):
        late = room_response(room, RATE_HZ)[:, int(0.1 * RATE_HZ) :]
        assert abs(np.corrcoef(late)[0, 1]) < 0.15


def test_a_street_throws_the_sound_back_late_and_once():
    response = np.abs(room_response(0.15, RATE_HZ)).max(axis=0)
    loudest_s = float(np.argmax(response)) / RATE_HZ
    assert 0.025 < loudest_s < 0.05
    assert response[: int(0.024 * RATE_HZ)].max() < 0.3 * response.max()


def direct_and_answer(distance, room=0.5):
    sound = place(click(), pan=0.0, room=room, distance=distance, sample_rate_hz=RATE_HZ)
    power = (sound.astype(float) ** 2).sum(axis=0)
    return power[:240].sum(), power[240:].sum()


def test_distance_takes_the_direct_sound_before_the_room():
    ratios = [10 * np.log10(direct / answer) for direct, answer in map(direct_and_answer, (0.0, 0.3, 0.6, 1.0))]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] - ratios[-1] > 8
    # the answer itself gets weaker too, only less
    assert direct_and_answer(1.0)[1] < direct_and_answer(0.0)[1]


def test_far_is_quieter_and_duller():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(RATE_HZ).astype(np.float32)
    near, far = (place(noise, pan=0.0, room=0.0, distance=d, sample_rate_hz=RATE_HZ)[0] for d in (0.0, 0.8))
    assert np.std(far) < 0.5 * np.std(near)

    def treble(x):
        power = np.abs(np.fft.rfft(x)) ** 2
        return power[8000:].sum() / power.sum()

    assert treble(far) < 0.5 * treble(near)


def test_a_stream_is_convolved_like_the_whole():
    rng = np.random.default_rng(1)
    sound = rng.standard_normal((2, 10_000)).astype(np.float32)
    response = room_response(0.2, RATE_HZ)
    convolver = Convolver(response, block_samples=1024)
    parts = [convolver(sound[:, start : start + 1024]) for start in range(0, 10_000, 1024)]
    whole = np.stack([np.convolve(side, answer)[:10_000] for side, answer in zip(sound, response, strict=True)])
    assert np.allclose(np.concatenate(parts, axis=1), whole, atol=1e-4)


def test_sounds_of_a_place_share_its_reverb():
    # impacts and foley placed apart are what one reverb bus makes of the two, each sent by its distance
    rng = np.random.default_rng(8)
    sounds = [rng.standard_normal(4800).astype(np.float32) for _ in range(2)]
    ways, pans = (0.0, 0.5), (-0.6, 0.3)
    placed, direct = (
        [
            place(sound, pan=pan, room=room, distance=way, sample_rate_hz=RATE_HZ)
            for sound, pan, way in zip(sounds, pans, ways, strict=True)
        ]
        for room in (0.5, 0.0)
    )
    answers = [
        wet - np.pad(dry, ((0, 0), (0, wet.shape[1] - dry.shape[1]))) for wet, dry in zip(placed, direct, strict=True)
    ]
    # a send takes what arrives: dulled by the way, lowered by 3 dB over the whole of it
    sent = [direct[n].sum(axis=0) / sum(pan_gains(pans[n])) * 10 ** ((14.0 - 3.0) * ways[n] / 20) for n in range(2)]
    bus = Convolver(room_response(0.5, RATE_HZ), block_samples=4800)
    together = np.stack([sent[0] + sent[1]] * 2)
    heard = bus(together)
    rest = answers[0].shape[1] - 4800
    parts = [heard] + [bus(np.zeros((2, min(4800, rest - at)), np.float32)) for at in range(0, rest, 4800)]
    np.testing.assert_allclose(answers[0] + answers[1], np.concatenate(parts, axis=1), atol=2e-4)
