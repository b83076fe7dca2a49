"""The rate of stems and mix: three are offered, and each arrives in the finished clip on time."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from pipeline.config import SAMPLE_RATES_HZ, load_settings
from pipeline.errors import UsageError
from pipeline.media.audio import read_audio
from pipeline.media.mux import export
from pipeline.media.probe import probe
from pipeline.records import Cue, SoundPlan
from pipeline.steps import make_sound

PLAN = SoundPlan(
    duration_s=3.0,
    cues=(
        Cue(id="hit", stem="FX-impacts", time_s=1.5, length_s=1.0, category="IMPACTS", sound="impact/wood", seed=3),
        Cue(id="air", stem="BG", time_s=0.0, length_s=3.0, category="AMBIENCE", sound="ambience/rain", level_db=-20),
    ),
)


def settings_of(**sound):
    return load_settings(environment={}, arguments={"sound": sound}).sound


@pytest.mark.parametrize("rate", SAMPLE_RATES_HZ)
def test_stems_mix_and_clip(rate, make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "in.mp4", frames=72, audio_hz=44_100))
    stems, mix = make_sound(clip, PLAN, tmp_path / "work", settings=settings_of(sample_rate_hz=rate, loudness="ebu"))
    assert (stems.sample_rate_hz, mix.sample_rate_hz) == (rate, rate)
    assert set(stems.files) == {"DX", "FX-impacts", "BG"}
    assert {soundfile.info(stems.folder / name).samplerate for name in stems.files.values()} == {rate}
    info = soundfile.info(mix.path)
    assert (info.samplerate, info.frames) == (rate, 3 * rate)
    assert mix.loudness.integrated_lufs == pytest.approx(-23, abs=0.1)
    export(clip, tmp_path / "out.mp4", soundtrack=mix.path)
    before, _ = soundfile.read(mix.path)
    after = read_audio(tmp_path / "out.mp4")
    assert loudest_s(after[0], 48_000) == pytest.approx(loudest_s(before[:, 0], rate), abs=0.001)


def loudest_s(sound: np.ndarray, rate: int) -> float:
    # the blow, in steps of a millisecond
    size = rate // 1000
    energy = (sound[: len(sound) // size * size].astype(float) ** 2).reshape(-1, size).sum(axis=1)
    return int(np.argmax(energy)) * size / rate


def test_other_rates_are_refused():
    with pytest.raises(UsageError, match="44100, 48000 or 96000"):
        settings_of(sample_rate_hz=22_050)


def test_an_unknown_target_is_refused_before_the_work(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "in.mp4", frames=24))
    with pytest.raises(UsageError, match="radio"):
        make_sound(clip, PLAN, tmp_path / "work", settings=settings_of(loudness="radio"))
    assert not (tmp_path / "work").exists()
