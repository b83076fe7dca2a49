from fractions import Fraction

import cv2
import numpy as np
import pytest

from pipeline.errors import UnreadableInput, UsageError
from pipeline.media.audio import has_sound, read_audio, write_wav
from pipeline.media.frames import read_frames
from pipeline.media.mux import export
from pipeline.media.probe import probe

RATE_HZ = 48_000


def click_track(path, length_s: float, click_s: float):
    samples = np.zeros((2, round(length_s * RATE_HZ)), np.float32)
    samples[:, round(click_s * RATE_HZ)] = 0.9
    write_wav(path, iter([samples]))
    return path


def click_of(clip) -> int:
    return int(np.argmax(np.abs(read_audio(clip)[0])))


def same(luma):
    return luma


def packets_of(path) -> list[bytes]:
    import av

    with av.open(str(path)) as source:
        return [bytes(p) for p in source.demux(video=0) if p.size]


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_pictures_are_copied_bit_for_bit(make_clip, tmp_path, suffix):
    clip = probe(make_clip(tmp_path / "a.mp4", audio_hz=48_000, tags={"title": "T", "workflow": "{}"}))
    out = tmp_path / f"out.{suffix}"
    assert export(clip, out, soundtrack=click_track(tmp_path / "s.wav", 1, 0.5)) is False
    assert packets_of(out) == packets_of(clip.path)
    done = probe(out)
    assert done.video == clip.video.__class__(
        **{**clip.video.__dict__, "time_base": done.video.time_base, "bit_rate": done.video.bit_rate}
    )
    assert done.metadata["title"] == "T" and done.metadata["workflow"] == "{}"


def test_pictures_that_could_be_copied_are_encoded_when_asked(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4"))
    out = tmp_path / "out.mp4"
    assert export(clip, out, encode=True) is True
    assert packets_of(out) != packets_of(clip.path)
    assert probe(out).video.frames == clip.video.frames


def test_copy_keeps_rotation(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", rotation=270))
    export(clip, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").video.rotation_deg == 270


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 25, Fraction(30000, 1001), 60])
@pytest.mark.parametrize("on_luma", [None, same])
def test_sound_lands_on_its_sample(make_clip, tmp_path, rate, on_luma):
    frames = round(2 * rate)
    clip = probe(make_clip(tmp_path / "a.mp4", rate=rate, frames=frames))
    export(clip, tmp_path / "out.mp4", soundtrack=click_track(tmp_path / "s.wav", 2, 1.25), on_luma=on_luma)
    done = probe(tmp_path / "out.mp4")
    assert abs(click_of(done) - 1.25 * RATE_HZ) <= 1
    assert done.video.frame_rate == rate and done.video.frames == frames
    assert [f.time_s for f in read_frames(done)] == pytest.approx([f.time_s for f in read_frames(clip)])


def test_own_sound_is_kept_as_packets(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", audio_hz=48_000, audio_click_s=0.4))
    export(clip, tmp_path / "out.mp4", on_luma=same)
    done = probe(tmp_path / "out.mp4")
    assert done.audio.codec == "aac"
    assert abs(click_of(done) - 0.4 * RATE_HZ) <= 1


def test_foreign_sound_is_encoded(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mkv", audio_hz=48_000, audio_codec="pcm_s16le", audio_click_s=0.4))
    export(clip, tmp_path / "out.mp4")
    done = probe(tmp_path / "out.mp4")
    assert done.audio.codec == "aac" and abs(click_of(done) - 0.4 * RATE_HZ) <= 1


def test_variable_rate_times_survive(make_clip, tmp_path):
    ticks = [int(t) for t in np.cumsum([0] + [1, 1, 4, 1, 2, 6, 1, 3] * 3)[:24]]
    clip = probe(make_clip(tmp_path / "a.mp4", ticks=ticks, time_base=Fraction(1, 50)))
    export(clip, tmp_path / "out.mp4", on_luma=same)
    assert [f.time_s for f in read_frames(tmp_path / "out.mp4")] == pytest.approx([t / 50 for t in ticks])


def test_matroska_times_go_back_on_the_grid(make_clip, tmp_path):
    rate = Fraction(30000, 1001)
    clip = probe(make_clip(tmp_path / "a.mkv", rate=rate, frames=30))
    export(clip, tmp_path / "out.mp4", on_luma=same)
    times = [f.time_s for f in read_frames(tmp_path / "out.mp4")]
    assert times == pytest.approx([i / float(clip.video.frame_rate) for i in range(30)], abs=1e-6)


def test_colours_that_nobody_stated_stay_unstated(make_clip, tmp_path):
    import av

    clip = probe(make_clip(tmp_path / "a.mp4"))
    assert clip.video.color.matrix == "unknown"
    export(clip, tmp_path / "b.mp4", on_luma=lambda luma: luma)
    with av.open(str(tmp_path / "b.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (2, 2, 2)


def test_encode_keeps_shape_and_color(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", sample_aspect=Fraction(4, 3), color=(1, 1, 1, 2)))
    assert clip.video.color.range == "pc"
    export(clip, tmp_path / "out.mp4", on_luma=same)
    video = probe(tmp_path / "out.mp4").video
    assert video.sample_aspect == Fraction(4, 3) and video.color == clip.video.color


def test_encode_turns_rotated_pictures(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", rotation=90, sample_aspect=Fraction(2)))
    shapes = []
    export(clip, tmp_path / "out.mp4", on_luma=lambda luma: shapes.append(luma.shape) or luma)
    video = probe(tmp_path / "out.mp4").video
    assert set(shapes) == {(192, 128)}
    assert (video.width_px, video.height_px, video.rotation_deg) == (128, 192, 0)
    assert video.sample_aspect == Fraction(1, 2) and video.display_aspect == clip.video.display_aspect
    before, after = (next(iter(read_frames(p))).luma.astype(float) for p in (clip, tmp_path / "out.mp4"))
    assert np.abs(before - after).mean() < 3


def test_ten_bit_stays_ten_bit(make_clip, tmp_path):
    quiet = {"x265-params": "log-level=none"}
    clip = probe(
        make_clip(tmp_path / "a.mp4", codec="libx265", pixel_format="yuv420p10le", color=(9, 16, 9, 1), options=quiet)
    )
    seen = []
    export(clip, tmp_path / "out.mp4", on_luma=lambda luma: seen.append(luma.dtype) or luma)
    video = probe(tmp_path / "out.mp4").video
    assert (video.codec, video.bit_depth, video.color) == ("hevc", 10, clip.video.color)
    assert set(seen) == {np.dtype(np.uint16)}


@pytest.mark.parametrize("codec, pixel_format, suffix", [("libvpx-vp9", "yuv420p", "webm"), ("gif", "rgb8", "gif")])
def test_odd_sides_grow_by_a_line(make_clip, tmp_path, codec, pixel_format, suffix):
    clip = probe(
        make_clip(
            tmp_path / f"a.{suffix}", width=101, height=75, codec=codec, pixel_format=pixel_format, rate=10, frames=10
        )
    )
    assert export(clip, tmp_path / "out.mp4", on_luma=same) is True
    video = probe(tmp_path / "out.mp4").video
    assert (video.width_px, video.height_px, video.frames) == (102, 76, 10)
    before, after = (next(iter(read_frames(p))).rgb().astype(np.float32) for p in (clip, tmp_path / "out.mp4"))
    # averaged over blocks, because GIF dithers; a wrong colour matrix would show here
    small = [cv2.resize(image[:75, :101], (20, 15), interpolation=cv2.INTER_AREA) for image in (before, after)]
    assert np.abs(small[0] - small[1]).mean() < 2.5


def test_what_on_luma_changes_is_in_the_file(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4"))
    export(clip, tmp_path / "out.mp4", on_luma=lambda luma: np.clip(luma.astype(int) + 30, 0, 235).astype(np.uint8))
    lighter = next(iter(read_frames(tmp_path / "out.mp4"))).luma.astype(int) - next(iter(read_frames(clip))).luma
    assert lighter.mean() == pytest.approx(30, abs=2)


def test_vp8_needs_an_encode_and_vp9_does_not(make_clip, tmp_path):
    for codec, encoded in (("libvpx", True), ("libvpx-vp9", False)):
        clip = probe(make_clip(tmp_path / f"{codec}.webm", codec=codec))
        assert export(clip, tmp_path / "out.mp4") is encoded


def test_sound_starting_late_stays_late(make_clip, tmp_path):
    import av

    source = make_clip(tmp_path / "a.mp4", audio_hz=48_000, audio_click_s=0.2)
    late = tmp_path / "late.mkv"
    with av.open(str(source)) as a, av.open(str(late), "w") as b:
        outs = {s.index: b.add_stream_from_template(s) for s in a.streams}
        for packet in a.demux():
            if packet.size:
                if packet.stream.type == "audio":
                    shift = round(0.5 / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = outs[packet.stream.index]
                b.mux(packet)
    clip = probe(late)
    heard = click_of(clip)
    assert heard == pytest.approx(0.7 * RATE_HZ, abs=0.03 * RATE_HZ)
    export(clip, tmp_path / "out.mp4", on_luma=same)
    assert abs(click_of(probe(tmp_path / "out.mp4")) - heard) <= RATE_HZ // 1000


def test_a_silent_track_is_no_sound(make_clip, tmp_path):
    def silence(path):
        samples = np.zeros((2, RATE_HZ), np.float32)
        write_wav(path, iter([samples]))
        return path

    loud = probe(make_clip(tmp_path / "a.mp4", audio_hz=48_000))
    export(loud, tmp_path / "quiet.mp4", soundtrack=silence(tmp_path / "s.wav"))
    mute = probe(make_clip(tmp_path / "b.mp4"))
    assert has_sound(loud)
    assert probe(tmp_path / "quiet.mp4").audio and not has_sound(probe(tmp_path / "quiet.mp4"))
    assert not has_sound(mute)


def test_a_failed_export_leaves_nothing(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4"))
    out = tmp_path / "out" / "o.mp4"

    def broken(luma):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        export(clip, out, on_luma=broken)
    assert list(out.parent.iterdir()) == []


def test_other_suffixes_and_bad_sound(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4"))
    with pytest.raises(UsageError, match="mp4 and .mov"):
        export(clip, tmp_path / "out.mkv")
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    with pytest.raises(UnreadableInput, match="not a sound file"):
        export(clip, tmp_path / "out.mp4", soundtrack=tmp_path / "bad.wav")
