"""The drift benchmark: it measures what is there, and the export keeps picture and sound together."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.av_drift import RATES, figures_of, flashes_of, picture_times, reckoned, write_clip
from pipeline.config import EncodeSettings
from pipeline.media.audio import read_audio, write_wav
from pipeline.media.mux import export
from pipeline.media.probe import probe

LENGTH_S = 8.0


@pytest.mark.parametrize("rate", ["23.976", "variable"])
@pytest.mark.parametrize("encode", [True, False])
def test_flash_and_click_leave_together(tmp_path, rate, encode):
    truth = write_clip(tmp_path / "a.mov", *RATES[rate], LENGTH_S)
    clip = probe(tmp_path / "a.mov")
    out = tmp_path / "out.mp4"
    export(clip, out, soundtrack=clip, encode=encode, settings=EncodeSettings(preset="ultrafast"))
    assert flashes_of(out) == pytest.approx(truth, abs=1e-4)
    assert figures_of(out, len(truth))["error_ms_max"] < 0.2


def test_the_source_clip_itself_is_exact(tmp_path):
    for rate in ("29.97", "30"):
        truth = write_clip(tmp_path / "a.mov", *RATES[rate], LENGTH_S)
        assert figures_of(tmp_path / "a.mov", len(truth))["error_ms_max"] < 0.05


def test_a_shift_and_a_drift_are_seen(tmp_path):
    truth = write_clip(tmp_path / "a.mov", *RATES["25"], LENGTH_S)
    clip = probe(tmp_path / "a.mov")
    sound = read_audio(clip)
    late = np.concatenate([np.zeros((2, 240), np.float32), sound], axis=1)
    # a sound that runs slow by one part in two thousand
    slow_at = np.arange(round(sound.shape[1] * 1.0005)) / 1.0005
    slow = np.stack([np.interp(slow_at, np.arange(sound.shape[1]), one) for one in sound]).astype(np.float32)
    figures = []
    for samples in (late, slow):
        write_wav(tmp_path / "s.wav", iter([samples]))
        export(clip, tmp_path / "out.mp4", soundtrack=tmp_path / "s.wav")
        figures.append(figures_of(tmp_path / "out.mp4", len(truth)))
    assert figures[0]["error_ms_max"] == pytest.approx(5.0, abs=0.1)
    assert abs(figures[0]["drift_ms_per_10min"]) < 2
    assert figures[1]["drift_ms_per_10min"] == pytest.approx(300, abs=8)


def test_a_lost_flash_is_said(tmp_path):
    truth = write_clip(tmp_path / "a.mov", *RATES["25"], LENGTH_S)
    assert figures_of(tmp_path / "a.mov", len(truth) + 1) == {"flashes": len(truth), "expected": len(truth) + 1}


def test_rounded_rates_drift_as_arithmetic_says():
    drift = reckoned(RATES["29.97"][0], 120.0)["drift_ms_per_10min"]
    # 1001/1000: a picture's time is later than its number over 30
    assert drift == pytest.approx(600, abs=1)
    assert abs(reckoned(RATES["25"][0], 120.0)["drift_ms_per_10min"]) < 1e-6
    assert len(picture_times(RATES["variable"][0], 10.0)) > 150
