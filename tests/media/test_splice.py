import hashlib
from fractions import Fraction

import numpy as np
import pytest

from pipeline.media.concat import Piece, concat
from pipeline.media.container import open_input, packets, video_stream
from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.media.splice import splice, why_not_spliced

GOP = {"g": "10", "bf": "2", "sc_threshold": "0", "preset": "ultrafast", "threads": "1"}


def pictures(source):
    return [frame.picture.to_ndarray() for frame in read_frames(source)]


def hashes(arrays):
    return [hashlib.md5(array.tobytes()).hexdigest() for array in arrays]


def psnr_db(one, other):
    return 10 * np.log10(255**2 / max(np.mean((one.astype(float) - other) ** 2), 1e-9))


@pytest.fixture
def clip(make_clip, tmp_path):
    return probe(make_clip(tmp_path / "a.mp4", frames=60, rate=25, options=GOP))


def test_only_the_ends_are_encoded(clip, tmp_path):
    out = tmp_path / "out.mp4"
    # pictures 7..52: key pictures at 10, 20, 30, 40 and 50
    pieces = [Piece(clip, 7 / 25, 53 / 25), Piece(clip, 0.0, clip.duration_s)]
    assert concat(pieces, out) and why_not_spliced(pieces) == ""
    assert splice(pieces, out) == ""
    found, source = pictures(out), pictures(clip.path)
    wanted = source[7:53] + source
    assert len(found) == len(wanted) == 106
    same = [one == other for one, other in zip(hashes(found), hashes(wanted), strict=True)]
    assert all(same[3:43]) and all(same[46:])
    assert min(psnr_db(one, other) for one, other in zip(found, wanted, strict=True)) > 40
    assert [frame.time_s for frame in read_frames(out)] == pytest.approx([i / 25 for i in range(106)], abs=1e-9)
    with open_input(out) as container:
        packed = {bytes(packet) for packet in packets(container, video_stream(container, out))}
    with open_input(clip.path) as container:
        own = [bytes(p) for p in packets(container, video_stream(container, clip.path)) if not p.is_keyframe]
    # key pictures bring their parameter sets along; all others are the source's bytes
    assert set(own) <= packed


@pytest.mark.parametrize("first, end", [(10, 53), (7, 50), (7, 49), (10, 48), (11, 12 + 30)])
def test_any_picture_may_be_an_end(clip, tmp_path, first, end):
    out = tmp_path / "out.mp4"
    pieces = [Piece(clip, first / 25, end / 25, (end - first) / 25)]
    assert splice(pieces, out) == ""
    found, wanted = pictures(out), pictures(clip.path)[first:end]
    assert len(found) == end - first
    assert min(psnr_db(one, other) for one, other in zip(found, wanted, strict=True)) > 40
    assert sum(one == other for one, other in zip(hashes(found), hashes(wanted), strict=True)) >= (end - first) / 2


def test_what_can_be_copied_whole_is(clip, tmp_path):
    pieces = [Piece(clip, 0.4, 2.0)]
    assert why_not_spliced(pieces) == "" and splice(pieces, tmp_path / "out.mp4") == ""
    assert hashes(pictures(tmp_path / "out.mp4")) == hashes(pictures(clip.path)[10:50])


def test_turn_shape_and_colours_are_those_of_the_clip(make_clip, tmp_path):
    clip = probe(
        make_clip(
            tmp_path / "a.mp4",
            frames=40,
            rate=Fraction(30000, 1001),
            rotation=90,
            sample_aspect=Fraction(4, 3),
            color=(1, 1, 1, 1),
            options=GOP,
        )
    )
    start_s = float(7 * Fraction(1001, 30000))
    assert splice([Piece(clip, start_s, clip.duration_s)], tmp_path / "out.mp4") == ""
    done = probe(tmp_path / "out.mp4").video
    assert (done.rotation_deg, done.sample_aspect, done.color) == (90, Fraction(4, 3), clip.video.color)
    assert (done.frames, done.frame_rate) == (33, Fraction(30000, 1001))


def test_where_little_could_be_copied_nothing_is(make_clip, clip, tmp_path):
    out = tmp_path / "out.mp4"
    for pieces, words in (
        ([Piece(clip, 3 / 25, 14 / 25)], "Only 4 of 11 pictures"),
        ([Piece(clip, 3 / 25, 8 / 25)], "Only 0 of 5 pictures"),
        ([Piece(probe(make_clip(tmp_path / "b.webm", codec="libvpx-vp9")), 0.3, 1.0)], "holds vp9 pictures"),
    ):
        assert words in splice(pieces, out) and words in why_not_spliced(pieces)
        assert not out.exists()
