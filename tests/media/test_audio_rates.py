"""Sound of other rates and more channels: what is heard stays where it was and as loud as it was."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import soundfile

from pipeline.media.audio import iter_wav, read_audio
from pipeline.media.mux import export
from pipeline.media.probe import probe

CHANNELS = ("FL", "FR", "FC", "LFE", "SL", "SR")
# ITU-R BS.775-3, table 2: to left and right; the LFE stays out
FOLDED = {
    "FL": (1, 0),
    "FR": (0, 1),
    "FC": (0.7071, 0.7071),
    "LFE": (0, 0),
    "SL": (0.7071, 0),
    "SR": (0, 0.7071),
}


def with_click(path, rate: int, click_s: float, *, seconds: float = 3.0, channels: int = 2):
    # a smooth click, whose middle can be told to a part of a sample
    time_s = np.arange(round(seconds * rate)) / rate
    sound = np.exp(-(((time_s - click_s) / 0.0004) ** 2))
    soundfile.write(path, np.stack([sound] * channels, axis=1), rate, subtype="FLOAT")
    return path


def middle_s(sound: np.ndarray, rate: int) -> float:
    weight = np.maximum(sound, 0.2 * sound.max()) - 0.2 * sound.max()
    return float((weight.astype(float) * np.arange(len(sound))).sum() / weight.sum() / rate)


@pytest.mark.parametrize("rate", [44_100, 96_000])
@pytest.mark.parametrize("block", [1000, 65_536])
def test_a_wav_of_another_rate_keeps_its_times(rate, block, tmp_path):
    path = with_click(tmp_path / "click.wav", rate, 2.7)
    sound = np.concatenate(list(iter_wav(path, block_samples=block, sample_rate_hz=48_000)), axis=1)
    assert sound.shape == (2, 3 * 48_000)
    assert middle_s(sound[0], 48_000) == pytest.approx(2.7, abs=1e-6)
    assert sound.max() == pytest.approx(1, abs=0.01)


def test_a_wav_of_the_same_rate_is_left_alone(tmp_path):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "n.wav", rng.uniform(-1, 1, (5000, 2)).astype(np.float32), 44_100, subtype="FLOAT")
    plain = np.concatenate(list(iter_wav(tmp_path / "n.wav")), axis=1)
    asked = np.concatenate(list(iter_wav(tmp_path / "n.wav", sample_rate_hz=44_100)), axis=1)
    np.testing.assert_array_equal(plain, asked)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_soundtrack_of_any_rate_is_in_sync_in_the_export(rate, make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "in.mp4", frames=72))
    track = with_click(tmp_path / "track.wav", rate, 2.25)
    export(clip, tmp_path / "out.mp4", soundtrack=track)
    out = probe(tmp_path / "out.mp4")
    assert out.audio is not None and out.audio.sample_rate_hz == 48_000
    sound = read_audio(out)
    assert middle_s(sound[0], 48_000) == pytest.approx(2.25, abs=0.0005)
    assert sound.shape[1] / 48_000 == pytest.approx(3.0, abs=0.03)


def in_surround(path, sound: np.ndarray) -> None:
    # [6, samples] in the order of CHANNELS, 16 bit, with a picture so that it is a clip
    import av

    with av.open(str(path), "w") as target:
        video = target.add_stream("libx264", rate=24)
        video.width = video.height = 64
        track = target.add_stream("pcm_s16le", rate=48_000)
        track.layout = "5.1(side)"
        for number in range(24):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            picture.pts, picture.time_base = number, Fraction(1, 24)
            target.mux(video.encode(picture))
        target.mux(video.encode(None))
        packed = np.round(sound * 32_767).astype(np.int16).T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(packed), format="s16", layout="5.1(side)")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        target.mux(track.encode(frame))
        target.mux(track.encode(None))


@pytest.mark.parametrize("channel", CHANNELS)
def test_surround_is_folded_as_bs_775_says(channel, tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * (50 if channel == "LFE" else 1000) * np.arange(48_000) / 48_000)
    sound = np.zeros((6, 48_000))
    sound[CHANNELS.index(channel)] = tone
    in_surround(tmp_path / "clip.mov", sound)
    folded = read_audio(tmp_path / "clip.mov")[:, 4800:43_200]
    heard = np.sqrt((folded**2).mean(axis=1)) / (0.5 / np.sqrt(2))
    np.testing.assert_allclose(heard, FOLDED[channel], atol=0.003)


def test_loud_surround_is_not_clipped(tmp_path):
    tone = 0.9 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    in_surround(tmp_path / "clip.mov", np.stack([tone] * 6))
    folded = read_audio(tmp_path / "clip.mov")[0, 4800:43_200]
    assert folded.max() == pytest.approx(0.9 * (1 + 2 * 0.7071), abs=0.01)
    # still a sine: the peak is where its energy says
    assert folded.max() / np.std(folded) == pytest.approx(np.sqrt(2), abs=0.01)
