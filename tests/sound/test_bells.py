"""Bells: partials where casting puts them, strokes, the slow bloom of a gong."""

import numpy as np
import pytest

from pipeline.sound.effects.bells import BELLS, bell

RATE_HZ = 48000


def peaks_hz(samples, count, low_hz=60):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    spectrum[: int(low_hz * len(samples) / RATE_HZ)] = 0
    found = []
    for _ in range(count):
        at = spectrum.argmax()
        found.append(at * RATE_HZ / len(samples))
        near = int(0.06 * at)
        spectrum[at - near : at + near] = 0
    return np.sort(found)


@pytest.mark.parametrize("seed", range(3))
def test_a_church_bell_has_hum_prime_tierce_and_nominal(seed):
    found = peaks_hz(bell("church", seed=seed, hardness=0.8, length_s=3.0), 7)
    prime = BELLS["church"].note_hz
    prime = found[np.abs(np.log2(found / prime)).argmin()]
    for ratio in (0.5, 1.0, 1.2, 2.0):
        assert np.abs(found / prime / ratio - 1).min() < 0.02, ratio


def test_hum_outlasts_nominal():
    samples = bell("church", seed=1, length_s=8.0)

    def level(start_s, ratio):
        part = samples[int(start_s * RATE_HZ) :][:RATE_HZ] * np.hanning(RATE_HZ)
        middle = int(peaks_hz(samples[: 2 * RATE_HZ], 1, 300)[0] * ratio)
        return np.abs(np.fft.rfft(part))[middle - 30 : middle + 30].max()

    early = [level(0.2, ratio) for ratio in (0.5, 1.0)]
    late = [level(5.0, ratio) for ratio in (0.5, 1.0)]
    assert late[0] / early[0] > 1.5 * late[1] / early[1]


def test_a_bicycle_bell_is_struck_again_and_again():
    samples = bell("bicycle", seed=2)
    clicks = np.abs(np.diff(samples, 2))
    frames = clicks[: len(clicks) // 480 * 480].reshape(-1, 480).max(axis=1)
    strokes = (frames[1:] > 2 * frames[:-1]) & (frames[1:] > 0.3 * frames.max())
    assert strokes.sum() >= 4


def test_a_gong_blooms():
    samples = bell("gong", seed=1, length_s=4.0)

    def treble(start_s):
        part = samples[int(start_s * RATE_HZ) :][: RATE_HZ // 5]
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
        return power[int(700 / 5) : int(3500 / 5)].sum()

    assert treble(0.35) > 1.8 * treble(0.0)


@pytest.mark.parametrize("kind", list(BELLS))
def test_larger_bells_are_lower(kind):
    small, large = (peaks_hz(bell(kind, seed=4, size=size, length_s=1.5), 1)[0] for size in (0.2, 0.8))
    assert large < 0.7 * small
