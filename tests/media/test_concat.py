import hashlib
import subprocess
from fractions import Fraction

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.media.audio import read_audio, write_wav
from pipeline.media.concat import Piece, concat, why_not_joined
from pipeline.media.container import open_input, packets, video_stream
from pipeline.media.frames import pictures, read_frames
from pipeline.media.mux import export
from pipeline.media.probe import probe

# key pictures each ten, two B pictures between the others
GOP = {"g": "10", "bf": "2", "sc_threshold": "0", "preset": "ultrafast", "threads": "1"}
PLAIN = {"g": "10", "bf": "0", "refs": "1", "crf": "33", "preset": "ultrafast", "threads": "1"}
QUIET = "log-level=none:pools=none:frame-threads=1"


def shown(path, start=0, end=None):
    """Hash of each decoded picture."""
    with open_input(path) as container:
        stream = video_stream(container, path)
        every = [hashlib.md5(p.to_ndarray().tobytes()).hexdigest() for p in pictures(container, stream)]
    return every[start:end]


def shown_by_ffmpeg(path):
    """The same by the binary that comes with imageio-ffmpeg, another version of another build."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-an", "-fps_mode", "passthrough"]
    done = subprocess.run([*command, "-f", "framemd5", "-"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def times(path):
    return [frame.time_s for frame in read_frames(path)]


def coded(path):
    with open_input(path) as container:
        return [(p.dts, p.pts, bytes(p)) for p in packets(container, video_stream(container, path))]


def decoded_like_a_browser(path):
    """By a player that reads one sample description, gives the decoder its header and then nothing but pictures."""
    import av

    with open_input(path) as container:
        stream = video_stream(container, path)
        decoder = av.CodecContext.create(stream.codec_context.name, "r")
        decoder.extradata = stream.codec_context.extradata
        every = [bytes(packet) for packet in packets(container, stream)]
    found = [picture for data in every for picture in decoder.decode(av.Packet(data))] + decoder.decode(None)
    return [hashlib.md5(picture.to_ndarray().tobytes()).hexdigest() for picture in found]


@pytest.fixture
def clips(make_clip, tmp_path):
    return tuple(probe(make_clip(tmp_path / f"{name}.mp4", frames=30, rate=25, options=GOP)) for name in "ab")


def whole(clip):
    return Piece(clip, 0.0, clip.duration_s)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_parts_are_joined_as_packets(clips, tmp_path, suffix):
    a, b = clips
    out = tmp_path / f"out{suffix}"
    assert concat([Piece(a, 0.4, 1.2), whole(b), Piece(a, 0.0, 0.4)], out) == ""
    assert shown(out) == shown(a.path, 10, 30) + shown(b.path) + shown(a.path, 0, 10)
    assert shown_by_ffmpeg(out) == shown_by_ffmpeg(a.path)[10:] + shown_by_ffmpeg(b.path) + shown_by_ffmpeg(a.path)[:10]
    assert times(out) == pytest.approx([i / 25 for i in range(60)], abs=1e-9)
    done = probe(out)
    assert (done.video.frames, done.duration_s, done.video.start_s) == (60, pytest.approx(2.4), 0)
    assert done.video.frame_rate == 25 and not done.video.is_variable_rate
    sources = {packet[2] for clip in clips for packet in coded(clip.path)}
    assert all(packet[2] in sources for packet in coded(out))


def test_decoding_times_rise_over_joins(make_clip, tmp_path):
    deep = probe(make_clip(tmp_path / "deep.mp4", frames=20, rate=25, options=GOP | {"bf": "4", "b_strategy": "0"}))
    flat = probe(make_clip(tmp_path / "flat.mp4", frames=20, rate=25, options=PLAIN))
    for order in ([flat, deep], [deep, flat, deep]):
        assert concat([whole(clip) for clip in order], tmp_path / "out.mp4") == ""
        stamps = coded(tmp_path / "out.mp4")
        assert all(later[0] > earlier[0] for earlier, later in zip(stamps, stamps[1:], strict=False))
        assert all(dts <= pts for dts, pts, _ in stamps)
        assert times(tmp_path / "out.mp4") == pytest.approx([i / 25 for i in range(20 * len(order))], abs=1e-9)


def hevc(bframes, rest=""):
    return {
        "x265-params": f"{QUIET}:keyint=10:min-keyint=10:no-open-gop=1:bframes={bframes}{rest}",
        "preset": "ultrafast",
    }


@pytest.mark.parametrize(
    "codec, options",
    [("libx264", (GOP, PLAIN)), ("libx265", (hevc(3), hevc(0, ":ref=1:ctu=32")))],
)
def test_clips_of_other_parameters_keep_theirs(make_clip, tmp_path, codec, options):
    a, b = (
        probe(make_clip(tmp_path / f"{i}.mp4", codec=codec, frames=20, rate=25, options=one))
        for i, one in enumerate(options)
    )
    with open_input(a.path) as one, open_input(b.path) as other:
        assert one.streams.video[0].codec_context.extradata != other.streams.video[0].codec_context.extradata
    out = tmp_path / "out.mp4"
    assert concat([whole(a), whole(b), Piece(a, 0.4, 0.8)], out) == ""
    assert shown(out) == shown(a.path) + shown(b.path) + shown(a.path, 10)
    assert shown_by_ffmpeg(out) == shown_by_ffmpeg(a.path) + shown_by_ffmpeg(b.path) + shown_by_ffmpeg(a.path)[10:]
    assert decoded_like_a_browser(out) == shown(out)
    if codec == "libx265":
        assert b"hvc1" in out.read_bytes() and b"hev1" not in out.read_bytes()


def test_a_joined_film_can_be_entered_anywhere_and_gets_its_sound(make_clip, tmp_path):
    a = probe(make_clip(tmp_path / "a.mp4", frames=20, rate=25, options=GOP))
    b = probe(make_clip(tmp_path / "b.mp4", frames=20, rate=25, options=PLAIN))
    assert concat([whole(a), whole(b), whole(a)], tmp_path / "film.mp4") == ""
    samples = np.zeros((2, 48_000 * 12 // 5), np.float32)
    samples[:, 57_600] = 0.9
    write_wav(tmp_path / "s.wav", iter([samples]))
    assert export(probe(tmp_path / "film.mp4"), tmp_path / "out.mp4", soundtrack=tmp_path / "s.wav") is False
    want = shown(a.path) + shown(b.path) + shown(a.path)
    assert shown(tmp_path / "out.mp4") == want
    assert abs(int(np.argmax(np.abs(read_audio(tmp_path / "out.mp4")[0]))) - 57_600) <= 1
    late = [
        hashlib.md5(f.picture.to_ndarray().tobytes()).hexdigest()
        for f in read_frames(tmp_path / "out.mp4", start_s=1.0)
    ]
    assert late == want[25:]


@pytest.mark.parametrize("suffix, rate", [("mkv", Fraction(30000, 1001)), ("mp4", Fraction(24000, 1001)), ("mp4", 60)])
def test_times_are_exact_at_any_rate(make_clip, tmp_path, suffix, rate):
    clip = probe(make_clip(tmp_path / f"a.{suffix}", frames=30, rate=rate, options=GOP))
    start_s = float(10 / Fraction(rate))
    assert concat([whole(clip), Piece(clip, start_s, clip.duration_s), whole(clip)], tmp_path / "out.mp4") == ""
    # 1e-6: the muxer's clock for a rate of whole pictures a second is exact, Matroska's rounding is gone
    assert times(tmp_path / "out.mp4") == pytest.approx([i / float(rate) for i in range(80)], abs=1e-6)
    assert probe(tmp_path / "out.mp4").video.frame_rate == rate


def test_variable_times_are_kept(make_clip, tmp_path):
    ticks = [int(t) for t in np.cumsum([0] + [1, 1, 4, 1, 2, 6, 1, 3] * 3)[:20]]
    clip = probe(make_clip(tmp_path / "a.mp4", frames=20, ticks=ticks, time_base=Fraction(1, 50), options=GOP))
    assert clip.video.is_variable_rate
    assert concat([whole(clip), whole(clip)], tmp_path / "out.mp4") == ""
    found = times(tmp_path / "out.mp4")
    assert found[:20] == pytest.approx([t / 50 for t in ticks], abs=1e-6)
    assert np.diff(found[20:]) == pytest.approx(np.diff(found[:20]), abs=1e-6)
    assert found[20] - found[19] > 0


def test_pictures_that_start_late_lie_against_the_clip_before(make_clip, tmp_path):
    import av

    source, late = (
        make_clip(tmp_path / "a.mp4", frames=20, rate=25, audio_hz=48_000, options=GOP),
        tmp_path / "late.mkv",
    )
    with av.open(str(source)) as a, av.open(str(late), "w") as b:
        outs = {s.index: b.add_stream_from_template(s) for s in a.streams}
        for packet in a.demux():
            if packet.size:
                if packet.stream.type == "video":
                    shift = round(0.2 / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = outs[packet.stream.index]
                b.mux(packet)
    clip = probe(late)
    assert clip.video.start_s == pytest.approx(0.2, abs=0.03)
    assert concat([whole(clip), whole(clip)], tmp_path / "out.mp4") == ""
    assert times(tmp_path / "out.mp4") == pytest.approx([i / 25 for i in range(40)], abs=1e-9)


def test_rotation_and_pixel_shape_are_kept(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", rotation=90, sample_aspect=Fraction(4, 3), options=GOP))
    assert concat([whole(clip), whole(clip)], tmp_path / "out.mp4") == ""
    done = probe(tmp_path / "out.mp4").video
    assert (done.rotation_deg, done.sample_aspect) == (90, Fraction(4, 3))


@pytest.mark.parametrize(
    "codec, suffix", [("libvpx-vp9", "webm"), ("mpeg4", "mp4"), ("prores_ks", "mov"), ("libsvtav1", "mp4")]
)
def test_other_codecs(make_clip, tmp_path, codec, suffix):
    pixel_format = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    clip = probe(make_clip(tmp_path / f"a.{suffix}", codec=codec, pixel_format=pixel_format, frames=12, options={}))
    out = tmp_path / ("out.mov" if suffix == "mov" else "out.mp4")
    assert concat([whole(clip), whole(clip)], out) == ""
    assert shown(out) == 2 * shown(clip.path)


def refused(pieces, tmp_path, words):
    out = tmp_path / "kept.mp4"
    out.write_bytes(b"as it was")
    reason = concat(pieces, out)
    assert words in reason and why_not_joined(pieces) == reason
    assert out.read_bytes() == b"as it was" and not list(tmp_path.glob(".*"))


def test_a_part_has_to_stand_alone(clips, make_clip, tmp_path):
    a, b = clips
    refused([whole(b), Piece(a, 0.2, 1.2)], tmp_path, "no picture at 0.200 s that decodes by itself")
    refused([Piece(a, 0.0, 0.08)], tmp_path, "cannot end at 0.080 s")
    refused([Piece(a, 5, 6)], tmp_path, "no picture between")
    refused([], tmp_path, "nothing to join")


def test_key_pictures_of_an_open_group_do_not_stand_alone(make_clip, tmp_path):
    params = {"x264-params": "open-gop=1:keyint=10:min-keyint=10:scenecut=0:bframes=2:b-adapt=0"}
    clip = probe(make_clip(tmp_path / "a.mp4", frames=40, rate=25, options=params))
    with open_input(clip.path) as container:
        keys = [
            float(p.pts * p.time_base) for p in packets(container, video_stream(container, clip.path)) if p.is_keyframe
        ]
    assert len(keys) > 1
    refused([whole(clip), Piece(clip, keys[1], clip.duration_s)], tmp_path, "decodes by itself")
    assert concat([whole(clip), whole(clip)], tmp_path / "out.mp4") == ""


def test_clips_that_differ_are_named(make_clip, clips, tmp_path):
    a = clips[0]
    for name, words, options in (
        ("wide", "256x128", {"width": 256}),
        ("turned", "turned by 90", {"rotation": 90}),
        ("other", "mpeg4", {"codec": "mpeg4"}),
        ("shape", "pixel shape 4/3", {"sample_aspect": Fraction(4, 3)}),
        ("toned", "colours bt709", {"color": (1, 1, 1, 1)}),
        ("fine", "yuv444p", {"pixel_format": "yuv444p"}),
    ):
        refused([whole(a), whole(probe(make_clip(tmp_path / f"{name}.mp4", frames=4, **options)))], tmp_path, words)
    refused([whole(probe(make_clip(tmp_path / "c.webm", codec="libvpx", frames=4)))], tmp_path, "vp8")


def test_a_file_that_shows_something_else_is_not_left(clips, tmp_path, monkeypatch):
    from pipeline.media import concat as module

    # as a muxer without several sample descriptions would do, or one that drops packets
    monkeypatch.setattr(module, "_of_run", lambda c, s, run: (p for p in list(packets(c, s))[:-1]))
    (tmp_path / "kept.mp4").write_bytes(b"as it was")
    assert "Picture 29 would change" in concat([whole(clips[0])], tmp_path / "kept.mp4")
    assert (tmp_path / "kept.mp4").read_bytes() == b"as it was"


def test_progress_and_destination(clips, tmp_path):
    seen = []
    assert concat([whole(clips[0])], tmp_path / "out.mp4", on_progress=seen.append) == ""
    assert seen == sorted(seen) and seen[0] >= 0 and seen[-1] <= 1
    with pytest.raises(UsageError, match="mp4 and .mov"):
        concat([whole(clips[0])], tmp_path / "out.mkv")
