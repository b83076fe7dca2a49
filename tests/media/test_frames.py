from fractions import Fraction

import numpy as np
import pytest

from pipeline.media.frames import read_frames
from pipeline.media.probe import probe


def test_times_and_count(make_clip, tmp_path):
    frames = list(read_frames(make_clip(tmp_path / "a.mp4", frames=24, rate=24)))
    assert [f.time_s for f in frames] == pytest.approx([i / 24 for i in range(24)])
    assert frames[0].luma.shape == (128, 192) and frames[0].luma.dtype == np.uint8
    assert frames[0].rgb().shape == (128, 192, 3)


def test_range_starts_between_key_pictures(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=48, rate=24)
    times = [f.time_s for f in read_frames(path, start_s=1.0, end_s=1.25)]
    assert times == pytest.approx([1 + i / 24 for i in range(6)])


def test_rotation_turns_every_format(make_clip, tmp_path):
    frame = next(iter(read_frames(make_clip(tmp_path / "a.mp4", rotation=90))))
    assert frame.luma.shape == (192, 128)
    # the dark corner, top left as coded, is top right after a clockwise quarter turn
    assert frame.luma[:12, -12:].mean() < 60 < frame.luma[:12, :12].mean()
    assert frame.rgb()[:12, -12:].mean() < 60
    assert frame.gray(64).shape == (96, 64)
    small = frame.rgb(64)
    assert small.shape == (96, 64, 3) and small[:6, -6:].mean() < 60


def test_sample_aspect_shapes_thumbnails(make_clip, tmp_path):
    frame = next(iter(read_frames(make_clip(tmp_path / "a.mp4", sample_aspect=Fraction(2)))))
    assert frame.luma.shape == (128, 192)
    assert frame.rgb(192).shape == (64, 192, 3)


def test_ten_bit_luma(make_clip, tmp_path):
    path = make_clip(
        tmp_path / "a.mp4", codec="libx265", pixel_format="yuv420p10le", options={"x265-params": "log-level=none"}
    )
    frame = next(iter(read_frames(path)))
    assert frame.bit_depth == 10 and frame.luma.dtype == np.uint16 and frame.luma.max() > 255
    assert frame.gray(64).dtype == np.uint8


def test_gif(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.gif", codec="gif", pixel_format="rgb8", rate=10, frames=10, width=63, height=41)
    clip = probe(path)
    frames = list(read_frames(clip))
    assert len(frames) == 10 and frames[0].luma.shape == (41, 63)
    assert frames[3].time_s == pytest.approx(0.3)


def test_damaged_pictures_are_passed_over(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=48, options={"g": "12"})
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + 2000
    data[middle : middle + 60] = b"\xff" * 60
    path.write_bytes(bytes(data))
    assert len(list(read_frames(path))) >= 30


def test_pictures_made_whole_are_known(make_clip, tmp_path):
    frames = [frame.is_intra for frame in read_frames(make_clip(tmp_path / "a.mp4", frames=24))]
    assert frames[0] and not all(frames)
