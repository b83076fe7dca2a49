"""The mix: targets met, peaks held, ducking in place, and the awkward cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.referee import read
from benchmarks.spoken import talk
from pipeline.errors import UnreadableInput, UsageError
from pipeline.records import Stems
from pipeline.sound.mix.limiter import limit
from pipeline.sound.mix.loudness import PRESETS, LoudnessMeter
from pipeline.sound.mix.mixer import ducked_stems, mix, plan_ducking

RATE = 48_000


def make_stems(folder: Path, sounds: dict[str, np.ndarray], rate: int = RATE) -> Stems:
    files = {}
    for name, sound in sounds.items():
        files[name] = f"{name}.wav"
        soundfile.write(folder / files[name], sound.T.astype(np.float32), rate, subtype="FLOAT")
    return Stems(folder=folder, files=files, sample_rate_hz=rate, samples=next(iter(sounds.values())).shape[1])


def noise(seconds: float, level_db: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((2, int(seconds * RATE))) * 10 ** (level_db / 20)


def hits(seconds: float, times_s: list[float], level: float = 0.8) -> np.ndarray:
    sound = np.zeros((2, int(seconds * RATE)))
    time = np.arange(int(0.4 * RATE)) / RATE
    hit = level * np.sin(2 * np.pi * 330 * time) * np.exp(-time / 0.06)
    for start in (int(t * RATE) for t in times_s):
        sound[:, start : start + len(hit)] += hit[: sound.shape[1] - start]
    return sound


def figure(value: float | None) -> float:
    assert value is not None
    return value


def remeasure(path: Path) -> LoudnessMeter:
    sound, rate = soundfile.read(path, always_2d=True)
    meter = LoudnessMeter(rate, 2)
    meter.add(sound.T)
    return meter


@pytest.mark.parametrize("preset", [name for name, preset in PRESETS.items() if preset.gate == "programme"])
def test_target_and_ceiling_are_met(preset, tmp_path):
    sounds = {"BG": noise(6, -30, 1), "MX": noise(6, -24, 2), "FX-impacts": hits(6, [0.5, 2, 4.2], 0.4)}
    result = mix(make_stems(tmp_path, sounds), tmp_path / "mix.wav", preset=preset)
    meter = remeasure(result.path)
    assert meter.integrated_lufs == pytest.approx(PRESETS[preset].target_lufs, abs=0.1)
    assert figure(meter.true_peak_dbtp) <= PRESETS[preset].ceiling_dbtp + 0.1
    assert result.loudness.integrated_lufs == pytest.approx(meter.integrated_lufs, abs=0.01)
    assert result.loudness.warning == ""
    info = soundfile.info(result.path)
    assert (info.subtype, info.samplerate, info.frames) == ("PCM_24", RATE, result.samples)


def test_limiter_is_compensated_within_three_db(tmp_path):
    # peaks 15.5 dB over the loudness: web needs about 2.5 dB of limiting
    sounds = {"BG": noise(8, -26), "FX-impacts": hits(8, [1, 3, 5], 0.55)}
    result = mix(make_stems(tmp_path, sounds), tmp_path / "mix.wav")
    assert result.loudness.true_peak_dbtp == pytest.approx(-1.0, abs=0.1)
    assert result.loudness.integrated_lufs == pytest.approx(-14.0, abs=0.1)
    assert result.loudness.warning == ""


def test_sparse_hits_are_delivered_quieter_with_a_sentence(tmp_path):
    sounds = {"FX-impacts": hits(20, [2.0, 11.0], 0.9) * np.exp(-np.arange(20 * RATE) % RATE / 900.0)}
    result = mix(make_stems(tmp_path, sounds), tmp_path / "mix.wav")
    assert figure(result.loudness.integrated_lufs) < -14.5
    assert figure(result.loudness.true_peak_dbtp) <= -0.9
    assert "limiting" in result.loudness.warning
    assert "-14" in result.loudness.warning


def test_very_quiet_sound_is_not_blown_up(tmp_path):
    result = mix(make_stems(tmp_path, {"BG": noise(3, -62)}), tmp_path / "mix.wav")
    assert result.gain_db == 24
    assert "24 dB of gain" in result.loudness.warning


@pytest.mark.parametrize("files", [{}, {"BG": np.zeros((2, RATE))}])
def test_silence_stays_silence(files, tmp_path):
    stems = make_stems(tmp_path, files or {"BG": np.zeros((2, RATE))})
    if not files:
        stems = Stems(folder=tmp_path, files={}, sample_rate_hz=RATE, samples=RATE)
    result = mix(stems, tmp_path / "mix.wav")
    sound, _ = soundfile.read(result.path)
    assert not sound.any() and len(sound) == RATE
    assert result.loudness.integrated_lufs is None and result.loudness.true_peak_dbtp is None
    assert result.gain_db == 0
    assert "silent" in result.loudness.warning


def test_below_the_gate_keeps_its_level(tmp_path):
    result = mix(make_stems(tmp_path, {"BG": noise(2, -95)}), tmp_path / "mix.wav")
    assert result.gain_db == 0
    assert result.loudness.integrated_lufs is None
    assert "-70 LUFS" in result.loudness.warning


@pytest.mark.parametrize("samples", [1, 480, 9_600])
def test_clips_shorter_than_a_gating_block(samples, tmp_path):
    sounds = {"BG": noise(1, -30)[:, :samples]}
    result = mix(make_stems(tmp_path, sounds), tmp_path / "mix.wav")
    assert soundfile.info(result.path).frames == samples
    assert figure(result.loudness.true_peak_dbtp) <= -0.9
    assert np.isfinite(result.gain_db)
    assert result.loudness.warning


def test_dialogue_alone_is_kept_sample_for_sample(tmp_path):
    original = talk(4, [(0.5, 1.5), (2.2, 3.4)]).astype(np.float32)
    result = mix(make_stems(tmp_path, {"DX": original}), tmp_path / "mix.wav", preset="ebu")
    sound, _ = soundfile.read(result.path)
    np.testing.assert_allclose(sound.T, original * 10 ** (result.gain_db / 20), atol=1e-6)


def test_stems_sum_to_what_the_mix_was_made_of(tmp_path):
    sounds = {"DX": talk(3, [(1, 2)]), "MX": noise(3, -30, 3), "BG": noise(3, -40, 4), "FX-foley": noise(3, -35, 5)}
    stems = make_stems(tmp_path, sounds)
    result = mix(stems, tmp_path / "mix.wav", preset="ebu")
    total = np.concatenate([sum(b.values()) for b in ducked_stems(stems, plan_ducking(stems))], axis=1)
    sound, _ = soundfile.read(result.path)
    np.testing.assert_allclose(sound.T, total * 10 ** (result.gain_db / 20), atol=1e-6)


@pytest.mark.parametrize("block", [777, 4_096, 100_000])
def test_limiter_is_aligned_complete_and_under_the_ceiling(block):
    sound = noise(2, -30) + hits(2, [0.2, 0.21, 1.2, 1.7], 1.8)
    blocks = [sound[:, s : s + block] for s in range(0, sound.shape[1], block)]
    out = np.concatenate(list(limit(blocks, sample_rate_hz=RATE, channels=2, ceiling_db=-3.0)), axis=1)
    assert out.shape == sound.shape
    meter = LoudnessMeter(RATE, 2)
    meter.add(out)
    assert figure(meter.true_peak_dbtp) <= -3.0 + 0.05
    # far from the hits nothing happens, not even a shift by one sample
    np.testing.assert_array_equal(out[:, : int(0.19 * RATE)], sound[:, : int(0.19 * RATE)])
    # both sides get the same gain: the image does not wander
    gain = out / sound
    np.testing.assert_allclose(gain[0], gain[1], rtol=1e-9)


def test_what_does_not_fit_is_refused(tmp_path):
    stems = make_stems(tmp_path, {"BG": noise(1, -30)})
    with pytest.raises(UsageError, match="web"):
        mix(stems, tmp_path / "mix.wav", preset="radio")
    (tmp_path / "BG.wav").unlink()
    with pytest.raises(UnreadableInput, match="BG"):
        mix(stems, tmp_path / "mix.wav")
    broken = noise(1, -30)
    broken[0, 5] = np.nan
    stems = make_stems(tmp_path, {"BG": broken})
    with pytest.raises(UnreadableInput, match="not numbers"):
        mix(stems, tmp_path / "mix.wav")
    stems = make_stems(tmp_path, {"BG": noise(1, -30)})
    longer = Stems(folder=tmp_path, files=stems.files, sample_rate_hz=RATE, samples=RATE + 1)
    with pytest.raises(UnreadableInput, match="length"):
        mix(longer, tmp_path / "mix.wav")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["BG.wav"]


def test_mono_stems_come_out_of_both_sides(tmp_path):
    stems = make_stems(tmp_path, {"DX": noise(1, -20)[:1]})
    result = mix(stems, tmp_path / "mix.wav")
    sound, _ = soundfile.read(result.path)
    np.testing.assert_array_equal(sound[:, 0], sound[:, 1])


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_final_stems_sum_to_the_mix_before_its_limiter(rate, tmp_path):
    spoken = talk(3, [(1, 2)], sample_rate_hz=rate)
    rng = np.random.default_rng(4)
    sounds = {
        "DX": spoken,
        "MX": 0.03 * rng.standard_normal(spoken.shape),
        "BG": 0.01 * rng.standard_normal(spoken.shape),
    }
    stems = make_stems(tmp_path, sounds, rate)
    finals = tmp_path / "final"
    finals.mkdir()
    (finals / "FX-foley.wav").write_bytes(b"of an earlier run")
    result = mix(stems, tmp_path / "mix.wav", preset="ebu", final_stems=finals, float_copy=tmp_path / "float.wav")
    assert sorted(p.name for p in finals.iterdir()) == ["BG.wav", "DX.wav", "MX.wav"]
    parts = [soundfile.read(p, always_2d=True) for p in sorted(finals.iterdir())]
    copy, copy_rate = soundfile.read(tmp_path / "float.wav")
    assert {copy_rate, *(r for _, r in parts)} == {rate}
    # nothing was limited, so the sum is the mix itself
    assert result.loudness.limiting_db == 0
    assert np.abs(sum(sound for sound, _ in parts) - copy).max() <= 1e-6
    fixed, _ = soundfile.read(result.path)
    assert np.abs(fixed - copy).max() <= 1.01 / 2**23
    assert soundfile.info(tmp_path / "float.wav").subtype == "FLOAT"
    assert remeasure(result.path).integrated_lufs == pytest.approx(-23, abs=0.1)


def test_limited_mix_differs_from_its_stems_only_at_the_peaks(tmp_path):
    sounds = {"BG": noise(6, -26), "FX-impacts": hits(6, [1, 3], 0.55)}
    finals = tmp_path / "final"
    result = mix(make_stems(tmp_path, sounds), tmp_path / "mix.wav", final_stems=finals, float_copy=tmp_path / "f.wav")
    total = sum(soundfile.read(finals / f"{name}.wav")[0] for name in sounds)
    limited, _ = soundfile.read(tmp_path / "f.wav")
    assert 0.5 < result.loudness.limiting_db <= 3.2
    assert np.abs(total - limited)[: int(0.9 * RATE)].max() <= 1e-6
    assert np.abs(total).max() > np.abs(limited).max() * 1.05


def test_a_failed_mix_leaves_nothing(tmp_path):
    stems = make_stems(tmp_path, {"BG": noise(3, -30), "MX": noise(3, -30)})
    with open(tmp_path / "BG.wav", "r+b") as file:
        file.truncate(200_000)
    with pytest.raises(UnreadableInput, match="BG"):
        mix(stems, tmp_path / "mix.wav", float_copy=tmp_path / "f.wav", final_stems=tmp_path / "final")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["BG.wav", "MX.wav"]


def test_dialogue_gate_brings_speech_to_the_target(tmp_path):
    # loud effects between quiet speech: the programme may be louder than what is said
    sounds = {"DX": 0.3 * talk(8, [(1, 3), (5, 6.5)]), "FX-impacts": 0.3 * hits(8, [0.2, 3.8, 7.0])}
    result = mix(make_stems(tmp_path, sounds), tmp_path / "mix.wav", preset="netflix")
    assert result.loudness.gate == "dialogue"
    assert result.loudness.dialogue_lufs == pytest.approx(-27, abs=0.1)
    assert result.loudness.target_lufs == -27
    assert result.loudness.warning == ""
    # by its own meter over what is said alone
    sound, _ = soundfile.read(result.path)
    said = np.concatenate([sound[round(a * RATE) : round(b * RATE)] for a, b in ((1, 3), (5, 6.5))])
    meter = LoudnessMeter(RATE, 2)
    meter.add(said.T)
    assert meter.integrated_lufs == pytest.approx(-27, abs=0.7)


@pytest.mark.parametrize(("preset", "target"), [("tv-streaming", -27), ("netflix", -24)])
def test_without_speech_the_programme_counts_and_the_person_is_told(preset, target, tmp_path):
    stems = make_stems(tmp_path, {"DX": hits(6, [1, 3, 5], 0.3), "BG": noise(6, -30)})
    result = mix(stems, tmp_path / "mix.wav", preset=preset)
    assert (result.loudness.gate, result.loudness.target_lufs) == ("programme", target)
    assert result.loudness.integrated_lufs == pytest.approx(target, abs=0.1)
    assert result.loudness.dialogue_lufs is None
    assert f"{target} LUFS" in result.loudness.warning and "dialogue" in result.loudness.warning


def test_what_cancels_in_mono_is_said(tmp_path):
    one = noise(4, -30)[:1]
    result = mix(make_stems(tmp_path, {"MX": np.concatenate([one, -0.9 * one])}), tmp_path / "mix.wav")
    assert figure(result.loudness.mono_loss_lu) > 20
    assert "cancels" in result.loudness.warning
    same = mix(make_stems(tmp_path, {"MX": np.concatenate([one, one])}), tmp_path / "mix.wav")
    assert same.loudness.mono_loss_lu == pytest.approx(0, abs=0.01)
    apart = mix(make_stems(tmp_path, {"MX": noise(4, -30)}), tmp_path / "mix.wav")
    assert apart.loudness.mono_loss_lu == pytest.approx(3.01, abs=0.1)
    assert apart.loudness.warning == ""


def test_record_holds_every_figure(tmp_path):
    result = mix(make_stems(tmp_path, {"BG": noise(8, -30), "FX-impacts": hits(8, [2, 5])}), tmp_path / "mix.wav")
    loudness, meter = result.loudness, remeasure(result.path)
    assert loudness.range_lu == pytest.approx(figure(meter.range_lu), abs=0.01)
    assert loudness.momentary_max_lufs == pytest.approx(figure(meter.momentary_max_lufs), abs=0.01)
    assert loudness.short_term_max_lufs == pytest.approx(figure(meter.short_term_max_lufs), abs=0.01)
    assert figure(loudness.momentary_max_lufs) > figure(loudness.short_term_max_lufs)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("preset", ["web", "atsc"])
def test_another_meter_agrees_at_every_rate(rate, preset, tmp_path):
    rng = np.random.default_rng(rate)
    time = np.arange(5 * rate) / rate
    bed = 0.06 * rng.standard_normal((2, len(time)))
    # the third harmonic of a square lies between samples often enough
    blow = 0.42 * np.sign(np.sin(2 * np.pi * 3701 * time)) * np.exp(-(time % 1.1) / 0.01)
    stems = make_stems(tmp_path, {"BG": bed, "FX-impacts": np.stack([blow, 0.8 * blow])}, rate)
    result = mix(stems, tmp_path / "mix.wav", preset=preset)
    sound, _ = soundfile.read(result.path)
    reading = read(sound.T, rate)
    assert result.loudness.warning == ""
    assert reading.integrated_lufs == pytest.approx(PRESETS[preset].target_lufs, abs=0.1)
    assert reading.true_peak_db <= PRESETS[preset].ceiling_dbtp + 0.1
    assert preset != "web" or result.loudness.limiting_db > 0.5
