from fractions import Fraction

import numpy as np
import pytest

from pipeline.errors import UnreadableInput
from pipeline.media.probe import probe
from pipeline.records import Clip, from_json, to_json


def test_plain_clip(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", width=192, height=128, frames=24, rate=24))
    video = clip.video
    assert (video.codec, video.width_px, video.height_px, video.frames) == ("h264", 192, 128, 24)
    assert video.frame_rate == 24 and not video.is_variable_rate
    assert clip.duration_s == pytest.approx(1.0)
    assert clip.audio is None


def test_exact_ntsc_rate(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", rate=Fraction(24000, 1001), frames=30))
    assert clip.video.frame_rate == Fraction(24000, 1001)
    assert clip.video.duration_s == pytest.approx(30 * 1001 / 24000, abs=1e-6)


@pytest.mark.parametrize(
    "suffix, codec", [("mkv", "libx264"), ("mov", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4")]
)
def test_containers(make_clip, tmp_path, suffix, codec):
    clip = probe(make_clip(tmp_path / f"a.{suffix}", codec=codec, frames=12, rate=12))
    assert clip.video.frames == 12
    assert clip.video.duration_s == pytest.approx(1.0, abs=0.02)


def test_variable_rate(make_clip, tmp_path):
    ticks = list(np.cumsum([0] + [1, 1, 4, 1, 2, 6, 1, 3] * 3))[:24]
    clip = probe(make_clip(tmp_path / "a.mp4", ticks=[int(t) for t in ticks], time_base=Fraction(1, 50)))
    assert clip.video.is_variable_rate


def test_rotation_and_aspect(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", rotation=90, sample_aspect=Fraction(4, 3)))
    assert clip.video.rotation_deg == 90
    assert clip.video.upright_size_px == (128, 192)
    assert clip.video.display_aspect == 1 / (Fraction(192, 128) * Fraction(4, 3))


def test_ten_bit_and_color(make_clip, tmp_path):
    clip = probe(
        make_clip(
            tmp_path / "a.mp4",
            codec="libx265",
            pixel_format="yuv420p10le",
            color=(9, 16, 9, 1),
            options={"x265-params": "log-level=none"},
        )
    )
    assert clip.video.bit_depth == 10
    assert (clip.video.color.primaries, clip.video.color.transfer) == ("bt2020", "smpte2084")
    assert clip.video.color.range == "tv"


def test_sound_stream(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", audio_hz=44_100))
    assert clip.audio and clip.audio.sample_rate_hz == 44_100 and clip.audio.channels == 2
    assert clip.audio.duration_s == pytest.approx(1.0, abs=0.03)


def test_tags_are_kept(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", tags={"title": "Ball", "workflow": '{"a": 1}'}))
    assert clip.metadata["title"] == "Ball" and clip.metadata["workflow"] == '{"a": 1}'


def test_record_round_trip(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", audio_hz=48_000))
    assert from_json(to_json(clip), Clip) == clip


# ----------------------------------------------------------- what is refused
def refused(path) -> str:
    with pytest.raises(UnreadableInput) as caught:
        probe(path)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".")
    return message


def test_missing_folder_and_empty(tmp_path):
    assert "no file" in refused(tmp_path / "none.mp4")
    assert "folder" in refused(tmp_path)
    (tmp_path / "e.mp4").touch()
    assert "empty" in refused(tmp_path / "e.mp4")


@pytest.mark.parametrize("content", [b"not a video at all" * 50, b"\x00" * 4096, b"<html></html>"])
def test_other_files(tmp_path, content):
    (tmp_path / "x.mp4").write_bytes(content)
    assert "not a video" in refused(tmp_path / "x.mp4")


def test_truncated_without_index(make_clip, tmp_path):
    data = make_clip(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "t.mp4").write_bytes(data[: len(data) // 2])
    assert "cut off" in refused(tmp_path / "t.mp4")


def test_truncated_behind_its_index(make_clip, tmp_path):
    data = make_clip(tmp_path / "a.mp4", frames=60, options={"movflags": "faststart"})
    import av

    whole = tmp_path / "fast.mp4"
    with av.open(str(data)) as source, av.open(str(whole), "w", options={"movflags": "faststart"}) as target:
        out = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = out
                target.mux(packet)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    assert "cut off" in refused(cut)


def test_audio_only(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros(4800), 48000)
    assert "no pictures" in refused(tmp_path / "a.wav")


def test_no_pictures_in_video_track(tmp_path):
    import av

    path = tmp_path / "zero.mkv"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        sound = target.add_stream("pcm_s16le", rate=8000)
        sound.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
        target.mux(sound.encode(frame))
    assert "without a single picture" in refused(path)


def test_absurd_size(tmp_path):
    # a GIF header that claims 60000 x 60000 pixels
    head = b"GIF89a" + (60000).to_bytes(2, "little") * 2 + b"\x80\x00\x00" + b"\x00\x00\x00\xff\xff\xff"
    block = b"\x2c\x00\x00\x00\x00" + (60000).to_bytes(2, "little") * 2 + b"\x00\x02\x02\x44\x01\x00\x3b"
    (tmp_path / "huge.gif").write_bytes(head + block)
    refused(tmp_path / "huge.gif")


def test_playlists_open_nothing_else(tmp_path, make_clip):
    secret = make_clip(tmp_path / "secret.mp4")
    for name, text in {
        "a.m3u8": f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "b.ffconcat": f"ffconcat version 1.0\nfile {secret.name}\n",
    }.items():
        (tmp_path / name).write_text(text)
        assert "not a video" in refused(tmp_path / name)


def test_names_are_not_addresses(tmp_path, make_clip):
    inside = make_clip(tmp_path / "a.mp4").rename(tmp_path / "concat:a|http:b.mp4")
    assert probe(inside).video.frames == 24


def test_corpus_probes_whole(corpus):
    files = sorted(p for p in (corpus / "real").rglob("*") if p.suffix in (".mp4", ".mkv", ".avi", ".webm"))
    for path in files[:: max(1, len(files) // 25)]:
        assert probe(path).video.frames > 0
