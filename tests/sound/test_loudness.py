"""The loudness meter against known tones and against ffmpeg's ebur128."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.referee import read
from pipeline.errors import UsageError
from pipeline.sound.mix.loudness import PRESETS, LoudnessMeter, k_weighting, preset_named
from pipeline.sound.mix.presets import preset_names

RATE = 48_000


def measure(sound: np.ndarray, rate: int = RATE, block: int = 4801) -> LoudnessMeter:
    meter = LoudnessMeter(rate, sound.shape[0])
    for start in range(0, sound.shape[1], block):
        meter.add(sound[:, start : start + block])
    return meter


def tone(frequency_hz: float, seconds: float, level_db: float, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * time)


def test_k_weighting_meets_the_coefficients_of_the_standard():
    # BS.1770-4, tables 1 and 2
    expected = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585],
        [1, -2, 1, 1, -1.99004745483398, 0.99007225036621],
    ]
    np.testing.assert_allclose(k_weighting(RATE), expected, atol=1e-7)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_full_scale_tone_in_one_channel_reads_minus_three(rate):
    sound = np.stack([tone(997, 4, 0, rate), np.zeros(4 * rate)])
    assert measure(sound, rate).integrated_lufs == pytest.approx(-3.01, abs=0.04)


def test_both_gates_as_in_ebu_tech_3341():
    # case 3 of EBU Tech 3341: the quiet parts fall to the relative gate
    sound = np.concatenate([tone(1000, 10, -36), tone(1000, 60, -23), tone(1000, 10, -36)])
    assert measure(np.stack([sound, sound])).integrated_lufs == pytest.approx(-23.0, abs=0.1)
    # case 4: and those below -70 to the absolute gate
    quiet = tone(1000, 10, -72)
    sound = np.concatenate([quiet, sound, quiet])
    assert measure(np.stack([sound, sound])).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_true_peak_between_samples():
    # a quarter of the sample rate at 45 degrees: samples at 0.707, peak at 1 (EBU Tech 3341, case 16 and on)
    time = np.arange(RATE)
    sound = 0.5 * np.sin(np.pi / 2 * time + np.pi / 4) * np.hanning(RATE)
    assert measure(sound[None]).true_peak_dbtp == pytest.approx(-6.02, abs=0.05)
    assert 20 * np.log10(np.abs(sound).max()) < -8.9


def test_peak_in_the_last_samples_is_seen():
    sound = np.zeros((1, 1000))
    sound[0, -1] = 0.5
    assert measure(sound).true_peak_dbtp == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("block", [7, 100, 4800, 1_000_000])
def test_block_length_changes_nothing(block):
    rng = np.random.default_rng(1)
    sound = rng.standard_normal((2, 30_001)) * 0.1
    whole, parts = measure(sound, block=30_001), measure(sound, block=block)
    assert parts.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-9)
    assert parts.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=1e-9)


def test_silence_has_no_figures():
    meter = measure(np.zeros((2, RATE)))
    assert meter.integrated_lufs is None
    assert meter.true_peak_dbtp is None
    assert LoudnessMeter(RATE).integrated_lufs is None


def test_below_the_absolute_gate_there_is_a_peak_but_no_loudness():
    meter = measure(np.stack([tone(1000, 2, -90)] * 2))
    assert meter.integrated_lufs is None
    assert meter.true_peak_dbtp == pytest.approx(-90, abs=0.1)


def test_shorter_than_a_gating_block_is_one_block():
    short, long = measure(np.stack([tone(997, 0.3, -20)] * 2)), measure(np.stack([tone(997, 3, -20)] * 2))
    assert short.integrated_lufs == pytest.approx(long.integrated_lufs, abs=0.2)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("kind", ["noise", "bursts", "mono", "fading"])
def test_agrees_with_ffmpeg(rate, kind):
    rng = np.random.default_rng(len(kind))
    time = np.arange(8 * rate) / rate
    noise = rng.standard_normal((1 if kind == "mono" else 2, len(time)))
    shape = {"noise": 0.1, "mono": 0.1, "bursts": 0.25 * (time % 1.3 < 0.1), "fading": 0.2 * (1 - time / 8) ** 3}[kind]
    sound = (noise * shape).astype(np.float32)
    meter, other = measure(sound, rate), read(sound, rate)
    assert meter.integrated_lufs == pytest.approx(other.integrated_lufs, abs=0.02)
    assert meter.true_peak_dbtp == pytest.approx(other.true_peak_db, abs=0.15)
    assert meter.momentary_max_lufs == pytest.approx(other.momentary_max_lufs, abs=0.01)
    assert meter.short_term_max_lufs == pytest.approx(other.short_term_max_lufs, abs=0.01)
    # ffmpeg counts the first 3 s too, in which its window is not full yet
    assert meter.range_lu == pytest.approx(other.range_lu, abs=1.0)


def stereo(*parts: tuple[float, float]) -> np.ndarray:
    """1 kHz in both channels, pieces of (seconds, dBFS)."""
    sound = np.concatenate([tone(1000, seconds, level_db) for seconds, level_db in parts])
    return np.stack([sound, sound])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(20, -23)], -23.0),
        ([(20, -33)], -33.0),
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23.0),
        ([(20, -26), (20.1, -20), (20, -26)], -23.0),
    ],
)
def test_integrated_loudness_of_ebu_tech_3341(parts, expected):
    # cases 1, 2, 4 and 5, tolerance 0.1 LU
    assert measure(stereo(*parts)).integrated_lufs == pytest.approx(expected, abs=0.1)


def test_surround_of_ebu_tech_3341():
    # case 6: L and R at -28 dBFS, C at -24, Ls and Rs at -30; the LFE silent
    sound = np.stack([tone(1000, 20, level) for level in (-28, -28, -24, -200, -30, -30)])
    assert measure(sound).integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_short_term_and_momentary_of_ebu_tech_3341():
    # cases 9 and 12: levels that change within a window, whose loudness stays
    assert measure(stereo(*[(1.34, -20), (1.66, -30)] * 5)).short_term_max_lufs == pytest.approx(-23.0, abs=0.1)
    assert measure(stereo(*[(0.18, -20), (0.22, -30)] * 25)).momentary_max_lufs == pytest.approx(-23.0, abs=0.1)
    # case 10: a window that begins anywhere
    for number in range(0, 20, 3):
        sound = stereo((0.15 * number, -200), (3, -23), (1, -200))
        assert measure(sound).short_term_max_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(20, -20), (20, -30)], 10),
        ([(20, -20), (20, -15)], 5),
        ([(20, -40), (20, -20)], 20),
        ([(20, -50), (20, -35), (20, -20), (20, -35), (20, -50)], 15),
    ],
)
def test_loudness_range_of_ebu_tech_3342(parts, expected):
    # cases 1 to 4, tolerance 1 LU
    sound = stereo(*parts)
    assert measure(sound).range_lu == pytest.approx(expected, abs=1)
    assert measure(sound).range_lu == pytest.approx(read(sound, RATE).range_lu, abs=0.2)


def test_loudness_range_needs_three_seconds_of_sound():
    assert measure(stereo((2.9, -20))).range_lu is None
    assert measure(stereo((5, -90))).range_lu is None
    assert measure(stereo((3.1, -20))).range_lu == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("degrees", [0, 45, 60, 67.5])
def test_true_peak_of_ebu_tech_3341(degrees):
    # cases 15 to 18: a quarter of the sample rate, other phases; tolerance +0.2, -0.4 dB
    sound = 0.5 * np.sin(np.pi / 2 * np.arange(RATE) + np.radians(degrees))
    sound *= np.clip(np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 1000, 0, 1)
    assert -0.4 <= measure(sound[None]).true_peak_dbtp + 6.02 <= 0.2


def test_loudness_of_marked_stretches():
    meter = measure(stereo((2, -20), (2, -50), (2, -26)))
    steps = np.zeros(60, dtype=bool)
    assert meter.lufs_of(steps) is None
    steps[40:] = True
    assert meter.lufs_of(steps) == pytest.approx(-26, abs=0.1)
    steps[20:40] = True  # no gate takes the quiet half out
    assert meter.lufs_of(steps) == pytest.approx(-29, abs=0.1)
    assert meter.lufs_of(np.ones(100, dtype=bool)) is not None
    assert measure(stereo((2, -80))).lufs_of(np.ones(20, dtype=bool)) is None


def test_mono_loss():
    left, right = tone(400, 3, -20), tone(450, 3, -20)
    assert measure(np.stack([left, left])).mono_loss_lu == pytest.approx(0, abs=1e-6)
    assert measure(np.stack([left, right])).mono_loss_lu == pytest.approx(3.01, abs=0.05)
    assert measure(np.stack([left, -left])).mono_loss_lu == 60
    assert measure(np.stack([left, 0 * left])).mono_loss_lu == pytest.approx(3.01, abs=0.01)
    assert measure(left[None]).mono_loss_lu is None
    assert measure(np.zeros((2, RATE))).mono_loss_lu is None


def test_surround_channels_are_weighted_and_the_lfe_is_not_counted():
    sound = np.zeros((6, 2 * RATE))
    sound[3] = tone(60, 2, 0)
    assert measure(sound).integrated_lufs is None
    sound[4] = tone(997, 2, -20)
    assert measure(sound).integrated_lufs == pytest.approx(-23.01 + 10 * np.log10(1.41), abs=0.05)


def test_impossible_meters_are_refused():
    with pytest.raises(ValueError):
        LoudnessMeter(RATE, 7)
    with pytest.raises(ValueError):
        LoudnessMeter(100, 2)


def test_presets_are_sane():
    for preset in PRESETS.values():
        assert -30 < preset.target_lufs < preset.ceiling_dbtp <= -1
        assert preset.source


@pytest.mark.parametrize(
    ("name", "target_lufs", "ceiling_dbtp", "gate"),
    [
        ("web", -14, -1, "programme"),
        ("ebu", -23, -1, "programme"),
        ("atsc", -24, -2, "programme"),
        ("tv-streaming", -27, -2, "dialogue"),
        ("podcast", -16, -1, "programme"),
        ("youtube", -14, -1, "programme"),
        ("TikTok", -14, -1, "programme"),
        ("instagram", -14, -1, "programme"),
        ("spotify", -14, -1, "programme"),
        ("netflix", -27, -2, "dialogue"),
        ("amazon", -27, -2, "dialogue"),
        ("broadcast-eu", -23, -1, "programme"),
        ("broadcast_us", -24, -2, "programme"),
        ("Apple Podcasts", -16, -1, "programme"),
    ],
)
def test_presets_and_what_people_call_them(name, target_lufs, ceiling_dbtp, gate):
    preset = preset_named(name)
    assert (preset.target_lufs, preset.ceiling_dbtp, preset.gate) == (target_lufs, ceiling_dbtp, gate)
    assert preset.source


def test_unknown_presets_are_refused_in_one_sentence():
    with pytest.raises(UsageError, match=r"no loudness preset 'radio'; choose one of: web, .*youtube\.$"):
        preset_named("radio")
    assert {"web", "netflix", "youtube"} <= set(preset_names())
    assert all(preset_named(name) for name in preset_names())
