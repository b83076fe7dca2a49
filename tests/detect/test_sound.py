from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from benchmarks.audio_material import talker
from pipeline.detect import sound, sound_combs
from pipeline.detect.sound import SoundDetector, coefficients, judged, quality
from pipeline.detect.sound_speech import find_voice

RATE_HZ = 44_100


def noise(length_s: float = 3.0, *, rate_hz: int = RATE_HZ, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (1, round(length_s * rate_hz))).astype(np.float32)


def with_comb(clean: np.ndarray, spacing_hz: float, *, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Lines at all multiples of a rate, as an up-sampler with a bias leaves them."""
    samples = clean.shape[1]
    spectrum = np.zeros(samples // 2 + 1, complex)
    teeth = np.round(np.arange(1, 0.45 * rate_hz / spacing_hz) * spacing_hz * samples / rate_hz).astype(int)
    spectrum[teeth] = np.exp(1j * teeth.astype(float) ** 2) * samples / 2
    return (clean + 0.006 * np.fft.irfft(spectrum, samples)).astype(np.float32)


def pulsing(clean: np.ndarray, every: int) -> np.ndarray:
    """Samples that are made unlike each other at every place of a step."""
    gains = np.random.default_rng(5).uniform(0.5, 1.5, every).astype(np.float32)
    return clean * np.resize(gains, clean.shape[1])


def heard(samples: np.ndarray, *, rate_hz: int = RATE_HZ, block: int = 10_000, held_out: int | None = None):
    detector = SoundDetector(held_out=held_out)
    for start in range(0, samples.shape[1], block):
        detector.add(samples[:, start : start + block], rate_hz)
    return detector


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 48_000, 96_000])
@pytest.mark.parametrize("spacing_hz", [75.0, 259 / 3])
def test_a_comb_stands_out_with_its_spacing(rate_hz, spacing_hz):
    clean = noise(rate_hz=rate_hz)
    plain = heard(clean, rate_hz=rate_hz).combs()
    combed = heard(with_comb(clean, spacing_hz, rate_hz=rate_hz), rate_hz=rate_hz).combs()
    assert combed.figures["comb"] > plain.figures["comb"] + 0.3
    assert combed.figures["line_top"] > plain.figures["line_top"] + 0.1
    # the teeth, or every second gap between them
    assert min(abs(combed.comb_hz * k - spacing_hz) for k in (1, 2)) < 0.02 * spacing_hz


@pytest.mark.parametrize("every", [64, 320, 512])
def test_samples_that_pulse_stand_out(every):
    clean = noise()
    plain, pulsed = heard(clean).combs(), heard(pulsing(clean, every)).combs()
    assert pulsed.figures["pulse_top"] > plain.figures["pulse_top"] + 0.3
    steps = pulsed.pulse_hz / (RATE_HZ / every)
    assert abs(steps - round(steps)) < 0.1


def test_a_mirrored_band_stands_out():
    spectrum = np.fft.rfft(noise()[0])
    middle = spectrum.size // 2
    spectrum[middle + 1 : 2 * middle - 100] = np.conj(spectrum[middle - 1 : 100 : -1])
    mirrored = np.fft.irfft(spectrum).astype(np.float32)[None]
    assert heard(mirrored).combs().figures["mirror"] > heard(noise()).combs().figures["mirror"] + 0.5


def test_blocks_and_loudness_do_not_matter():
    samples = with_comb(noise(), 75.0)
    whole, pieces = heard(samples, block=1 << 20).combs(), heard(samples, block=777).combs()
    assert whole == pieces
    quiet = heard(samples * np.float32(0.05)).combs()
    assert quiet.figures == pytest.approx(whole.figures, abs=0.02)


def test_memory_does_not_grow_and_all_of_a_long_sound_is_heard():
    detector = SoundDetector()
    minute = noise(60.0, rate_hz=16_000)
    for _ in range(10):
        detector.add(minute, 16_000)
    assert len(detector._kept) <= sound.MAX_WINDOWS
    indices = [index for index, _ in detector._kept]
    assert max(indices) > 0.9 * detector._index
    assert max(np.diff(indices)) == min(np.diff(indices))
    assert detector._held < 2 * 4096


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        (np.zeros((2, RATE_HZ * 3), np.float32), "less than a second"),
        (noise(0.8), "less than a second"),
        (noise(3.0) * np.float32(1e-4), "less than a second"),
        (np.full((1, RATE_HZ * 3), np.nan, np.float32), "less than a second"),
        (np.zeros((2, 0), np.float32), "no sound"),
    ],
)
def test_it_abstains_without_enough_to_hear(samples, word):
    for evidence in heard(samples).evidence():
        assert not evidence.applicable
        assert evidence.llr == 0.0
        assert evidence.gate == "failed"
        assert word in evidence.reason


def test_a_telephone_is_too_narrow():
    narrow = sosfilt(butter(12, 3_400, fs=RATE_HZ, output="sos"), noise()).astype(np.float32)
    evidence = heard(narrow).evidence()[0]
    assert (evidence.applicable, evidence.gate, evidence.llr) == (False, "failed", 0.0)
    assert "kHz" in evidence.reason


def test_an_emptied_spectrum_is_not_judged():
    combs = heard(noise()).combs()
    emptied = sound_combs.Combs(combs.figures, combs.band_hz, 0.4, combs.comb_hz, combs.pulse_hz)
    assert quality(combs)[0] == "passed"
    assert judged(emptied).gate == "failed"
    assert judged(sound_combs.Combs(combs.figures, combs.band_hz, 0.15, 0.0, 0.0)).gate == "low"


def test_what_training_never_saw_is_not_judged():
    combs = heard(noise()).combs()
    strange = sound_combs.Combs({**combs.figures, "comb": 9.0}, combs.band_hz, 0.0, combs.comb_hz, combs.pulse_hz)
    evidence = judged(strange)
    assert (evidence.applicable, evidence.llr) == (False, 0.0)
    assert "comb" in evidence.reason


def test_a_comb_speaks_for_a_decoder_and_noise_does_not():
    plain = heard(noise()).evidence()[0]
    combed = heard(pulsing(with_comb(noise(), 86.13), 512)).evidence()[0]
    assert plain.applicable
    assert plain.llr == 0.0
    assert plain.raw["score"] < 0
    assert combed.applicable
    assert combed.llr > 0.5
    assert "decoders" in combed.sentence


def test_members_speak_alone_when_a_fold_is_held_out():
    samples = noise()
    figures = heard(samples).combs().figures
    alone = [coefficients().score(figures, k) for k in range(5)]
    assert len(set(alone)) > 1
    assert coefficients().score(figures) == pytest.approx(np.mean(alone))
    assert heard(samples, held_out=3).evidence()[0].raw["score"] == pytest.approx(alone[3], abs=1e-3)


def test_what_it_says_has_limits():
    figures = dict(zip(coefficients().features, coefficients().high, strict=True))
    assert coefficients().llr(figures) == sound.MAX_LLR
    assert coefficients().llr(dict.fromkeys(figures, 0.0)) == 0.0


def test_more_of_a_trace_never_speaks_for_a_recording():
    assert all(weight >= 0 for member in coefficients().weight for weight in member)


def test_channels_that_cancel_are_heard():
    left = noise()[0]
    assert heard(np.stack([left, -left])).combs() is not None


def test_the_rate_may_not_change():
    detector = heard(noise())
    with pytest.raises(ValueError, match="goes on at"):
        detector.add(noise(), 48_000)
    with pytest.raises(ValueError, match="0 Hz"):
        SoundDetector().add(noise(), 0)


def test_a_talker_is_heard_and_music_is_not_taken_for_one():
    voice = heard(talker(4.0, seed=1), rate_hz=48_000).evidence()[1]
    assert "voice_share" in voice.raw
    assert "Somebody speaks" in voice.sentence or voice.reason != "no speaking voice was heard"
    time = np.arange(4 * RATE_HZ) / RATE_HZ
    tune = np.zeros((1, time.size))
    for number, start in enumerate(np.arange(0.0, 4.0, 0.4)):
        note_hz = 220 * 2 ** ((0, 4, 7, 12, 7)[number % 5] / 12)
        shape = np.where(time >= start, np.exp(-3 * np.clip(time - start, 0, None)), 0)
        tune[0] += shape * sum(np.sin(2 * np.pi * k * note_hz * time) / k for k in range(1, 12))
    for other in (0.1 * tune.astype(np.float32) + 0.01 * noise(4.0), noise(4.0)):
        evidence = heard(other).evidence()[1]
        assert (evidence.applicable, evidence.llr) == (False, 0.0)
        assert evidence.reason == "no speaking voice was heard"


def test_a_voice_has_a_pitch():
    detector = heard(talker(4.0, seed=2), rate_hz=48_000)
    voice = find_voice(detector._windows(), 48_000)
    assert voice.present
    assert 95 <= voice.pitch_hz <= 210
