"""The loudness meter against known tones and against ffmpeg's ebur128."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.sound.mix.loudness import PRESETS, LoudnessMeter, k_weighting

RATE = 48_000


def measure(sound: np.ndarray, rate: int = RATE, block: int = 4801) -> LoudnessMeter:
    meter = LoudnessMeter(rate, sound.shape[0])
    for start in range(0, sound.shape[1], block):
        meter.add(sound[:, start : start + block])
    return meter


def referee(sound: np.ndarray, rate: int, folder: Path) -> tuple[float, float]:
    """Integrated loudness and true peak by ffmpeg, one decimal each."""
    import imageio_ffmpeg

    path = folder / "sound.wav"
    soundfile.write(path, sound.T, rate, subtype="FLOAT")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-i", str(path)]
    command += ["-af", "ebur128=peak=true", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = text[text.rindex("Summary:") :]
    loudness = re.search(r"I:\s+(\S+) LUFS", summary)
    peak = re.search(r"True peak:\s+Peak:\s+(\S+) dBFS", summary)
    assert loudness and peak
    return float(loudness[1]), float(peak[1])


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
def test_agrees_with_ffmpeg(rate, kind, tmp_path):
    rng = np.random.default_rng(len(kind))
    time = np.arange(5 * rate) / rate
    noise = rng.standard_normal((1 if kind == "mono" else 2, len(time)))
    shape = {"noise": 0.1, "mono": 0.1, "bursts": 0.25 * (time % 1.3 < 0.1), "fading": 0.2 * (1 - time / 5) ** 3}[kind]
    sound = (noise * shape).astype(np.float32)
    meter = measure(sound, rate)
    loudness, peak = referee(sound, rate, tmp_path)
    # ffmpeg prints one decimal, so half a unit of it comes on top
    assert meter.integrated_lufs == pytest.approx(loudness, abs=0.1)
    assert meter.true_peak_dbtp == pytest.approx(peak, abs=0.2)


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
