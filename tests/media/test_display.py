from fractions import Fraction

import numpy as np
import pytest

from pipeline.media.display import HDR_TRANSFERS, Display, _doubled, to_rgb
from pipeline.media.frames import read_frames
from pipeline.media.mezzanine import write_mezzanine
from pipeline.media.probe import probe

# code points of H.273: primaries, transfer, matrix; then the range
BT709_TV, BT709_PC, BT601_TV = (1, 1, 1, 1), (1, 1, 1, 2), (6, 6, 6, 1)


def plain(index, width, height):
    return np.full((height, width, 3), (200, 60, 40), np.uint8)


def shown(path):
    clip = probe(path)
    return Display(clip).rgb(next(read_frames(clip))), clip


@pytest.mark.parametrize("rotation", [0, 90, 180])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p"])
def test_what_libav_gives_but_rounded(make_clip, tmp_path, rotation, pixel_format):
    path = make_clip(tmp_path / "a.mp4", color=BT601_TV, rotation=rotation, frames=3, pixel_format=pixel_format)
    display = Display(probe(path))
    for frame in read_frames(path):
        off = display.rgb(frame).astype(int) - frame.rgb()
        # libav's quick way cuts what this rounds
        assert np.abs(off).max() <= 4 and -0.05 < off.mean() < 1.5


@pytest.mark.parametrize("size", [(1280, 720), (64, 48)])
def test_there_and_back_nothing_moves(make_clip, tmp_path, size):
    """RGB of a file, written as an intermediate file again, has the file's own luma and chroma."""
    width, height = size
    source = make_clip(tmp_path / "a.mp4", width=width, height=height, frames=2, color=BT709_TV)
    display = Display(probe(source))
    pictures = [display.rgb(frame) for frame in read_frames(source)]
    write_mezzanine(pictures, tmp_path / "b.mp4", size_px=size, frame_rate=Fraction(24))
    for before, after in zip(read_frames(source), read_frames(tmp_path / "b.mp4"), strict=True):
        planes = [(before.luma, after.luma), *zip(before.chroma, after.chroma, strict=True)]
        for old, new in planes:
            off = new.astype(int) - old
            assert abs(off.mean()) < 0.1 and np.mean(off**2) < 0.8


def test_odd_sides(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.gif", codec="gif", pixel_format="rgb8", rate=10, frames=3, width=63, height=41)
    assert shown(path)[0].shape == (41, 63, 3)
    luma, chroma = np.zeros((41, 63), np.uint8), np.arange(32 * 21, dtype=np.uint8).reshape(21, 32)
    doubled = _doubled(chroma, luma.shape[::-1], 0)
    assert (
        doubled.shape == luma.shape
        and (doubled[:, ::2] == doubled[:, 0:63:2]).all()
        and doubled[40, 62] == chroma[20, 31]
    )


@pytest.mark.parametrize("code", [1, 4, 6, 7, 9])
@pytest.mark.parametrize("full", [False, True])
def test_matrices_know_black_white_and_grey(code, full):
    low, high = (0, 255) if full else (16, 235)
    for luma, grey in ((low, 0), (high, 255), ((low + high) / 2, 127.5)):
        assert to_rgb(code, full) @ [luma, 128, 128, 1] == pytest.approx([grey] * 3, abs=1e-9)


def coded(path, size, codes, color=None, pixel_format="yuv420p"):
    """A clip whose planes hold these code values."""
    import av

    with av.open(str(path), "w") as target:
        deep = pixel_format.endswith("10le")
        options = {"x265-params": "log-level=none:lossless=1"} if deep else {"qp": "0"}
        stream = target.add_stream("libx265" if deep else "libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        if color:
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace, context.color_range = color
        frame = av.VideoFrame(*size, pixel_format)
        for plane, code in zip(frame.planes, codes, strict=True):
            rows = np.frombuffer(plane, np.uint16 if deep else np.uint8).reshape(plane.height, -1)
            # one code, or a left and a right half
            rows[:, : plane.width] = np.repeat(np.atleast_1d(code), plane.width // np.size(code))
        for index in range(3):
            frame.pts = index
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


# (200, 60, 40) by BT.709 and by BT.601
RED_709, RED_601 = (92, 105, 190), (102, 98, 191)


@pytest.mark.parametrize(
    ("size", "codes"), [((1280, 720), RED_709), ((720, 1280), RED_709), ((720, 576), RED_601), ((640, 480), RED_601)]
)
def test_a_file_that_does_not_say_is_taken_as_players_take_it(tmp_path, size, codes):
    picture, clip = shown(coded(tmp_path / "a.mp4", size, codes))
    assert clip.video.color.matrix == "unknown"
    assert np.abs(picture[10, 10].astype(int) - (200, 60, 40)).max() <= 2


def test_full_range_is_not_stretched(tmp_path):
    picture, _ = shown(coded(tmp_path / "a.mp4", (320, 240), (180, 128, 128), BT709_PC))
    assert np.abs(picture[10, 10].astype(int) - 180).max() <= 1
    picture, _ = shown(coded(tmp_path / "b.mp4", (320, 240), (180, 128, 128), BT709_TV))
    assert np.abs(picture[10, 10].astype(int) - 191).max() <= 1


def test_ten_bits_become_eight(tmp_path):
    picture, _ = shown(coded(tmp_path / "a.mp4", (320, 240), (502, 512, 512), BT709_TV, "yuv420p10le"))
    assert picture.dtype == np.uint8 and np.abs(picture.astype(int) - 128).max() <= 2


def test_hdr_comes_down_to_a_common_screen(tmp_path, caplog):
    codes = ((200, 900), 512, 512)
    picture, _ = shown(coded(tmp_path / "a.mp4", (320, 240), codes, (9, 16, 9, 1), "yuv420p10le"))
    dark, light = picture[:, 20:140], picture[:, 180:300]
    # the brightest highlights are white, the shadows keep their tone, greys stay grey
    assert light.min() >= 250 and 5 < dark.mean() < 90 and np.ptp(dark[10, 10]) <= 2
    assert "is HDR" in caplog.text


def test_hlg_is_known_as_hdr(tmp_path):
    path = coded(tmp_path / "a.mp4", (320, 240), (502, 512, 512), (9, 18, 9, 1), "yuv420p10le")
    assert probe(path).video.color.transfer in HDR_TRANSFERS


def test_what_is_transparent_is_black(make_clip, tmp_path):
    from PIL import Image

    rgba = np.full((48, 64, 4), (200, 100, 50, 255), np.uint8)
    rgba[:, 32:, 3], rgba[:, 48:, 3] = 128, 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    picture = shown(tmp_path / "a.png")[0]
    expected = [(200, 100, 50), (100, 50, 25), (0, 0, 0)]
    for x, colour in zip((10, 40, 60), expected, strict=True):
        assert np.abs(picture[20, x].astype(int) - colour).max() <= 1


def test_pictures_without_a_matrix(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.gif", codec="gif", pixel_format="rgb8", rate=10, frames=3, picture=plain)
    assert np.abs(shown(path)[0][10, 10].astype(int) - (200, 60, 40)).max() <= 40
