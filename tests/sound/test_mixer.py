"""The mix: targets met, peaks held, ducking in place, and the awkward cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import UnreadableInput, UsageError
from pipeline.records import Stems
from pipeline.sound.mix.ducking import HOP_S, active_hops, automate, level_envelope
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


def speech(seconds: float, spans_s: list[tuple[float, float]], level_db: float = -22) -> np.ndarray:
    sound = np.zeros((2, int(seconds * RATE)))
    for start, end in spans_s:
        part = slice(int(start * RATE), int(end * RATE))
        sound[:, part] = noise(seconds, level_db, seed=9)[:, part]
    return sound


def figure(value: float | None) -> float:
    assert value is not None
    return value


def remeasure(path: Path) -> LoudnessMeter:
    sound, rate = soundfile.read(path, always_2d=True)
    meter = LoudnessMeter(rate, 2)
    meter.add(sound.T)
    return meter


@pytest.mark.parametrize("preset", list(PRESETS))
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
    original = speech(4, [(0.5, 1.5), (2.2, 3.4)]).astype(np.float32)
    result = mix(make_stems(tmp_path, {"DX": original}), tmp_path / "mix.wav")
    sound, _ = soundfile.read(result.path)
    np.testing.assert_allclose(sound.T, original * 10 ** (result.gain_db / 20), atol=1e-6)


def test_ducking_depth_lead_hold_and_release(tmp_path):
    constant = np.full((2, 6 * RATE), 0.1)
    stems = make_stems(tmp_path, {"DX": speech(6, [(2.0, 3.0)]), "MX": constant, "BG": constant})
    blocks = list(ducked_stems(stems, plan_ducking(stems)))
    gains = {name: 20 * np.log10(np.concatenate([b[name][0] for b in blocks]) / 0.1) for name in ("MX", "BG")}

    def at(name: str, time_s: float) -> float:
        return float(gains[name][int(time_s * RATE)])

    for name, depth in (("MX", -10.0), ("BG", -4.0)):
        assert at(name, 1.75) == pytest.approx(0, abs=0.05)
        assert at(name, 1.9) == pytest.approx(depth / 2, abs=0.6)
        assert at(name, 2.01) == pytest.approx(depth, abs=0.05)
        assert at(name, 3.25) == pytest.approx(depth, abs=0.05)
        assert depth < at(name, 3.6) < 0
        assert at(name, 3.95) == pytest.approx(0, abs=0.05)
    # no steps: less than 0.02 dB from one sample to the next
    assert np.abs(np.diff(gains["MX"])).max() < 0.02


def test_short_pauses_stay_ducked():
    active = np.zeros(600, dtype=bool)
    active[100:150] = active[175:220] = True
    amount = automate(active).amount
    assert amount[100:220].min() == pytest.approx(1)


def test_noise_floor_of_production_sound_is_not_speech():
    level = level_envelope([noise(2, -55), noise(1, -20), noise(2, -55)], sample_rate_hz=RATE)
    active = active_hops(level)
    assert active[round(2 / HOP_S) : round(3 / HOP_S)].all()
    assert not active[: round(1.9 / HOP_S)].any()


def test_stems_sum_to_what_the_mix_was_made_of(tmp_path):
    sounds = {"DX": speech(3, [(1, 2)]), "MX": noise(3, -30, 3), "BG": noise(3, -40, 4), "FX-foley": noise(3, -35, 5)}
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
