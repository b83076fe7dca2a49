from fractions import Fraction

import numpy as np
import pytest

from pipeline.media.display import Display
from pipeline.media.frames import read_frames
from pipeline.media.mezzanine import write_mezzanine
from pipeline.media.probe import probe

# 75 % colour bars and greys
COLOURS = [
    (191, 191, 191),
    (191, 191, 0),
    (0, 191, 191),
    (0, 191, 0),
    (191, 0, 191),
    (191, 0, 0),
    (0, 0, 191),
    (16, 16, 16),
]


def bars(width=256, height=144):
    image = np.zeros((height, width, 3), np.uint8)
    for index, colour in enumerate(COLOURS):
        image[:, index * width // 8 : (index + 1) * width // 8] = colour
    return image


def moving(index, width=320, height=180):
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    base = 120 + 60 * np.sin((x + 5 * index) / 13) * np.cos(y / 9)
    noise = np.random.default_rng(index).normal(0, 4, (height, width))
    return np.clip(np.stack([base + noise, base * 0.8 + noise, 220 - base + noise], axis=2), 0, 255).astype(np.uint8)


def test_colours_come_through(tmp_path):
    write_mezzanine([bars()] * 5, tmp_path / "a.mp4", size_px=(256, 144), frame_rate=Fraction(25))
    clip = probe(tmp_path / "a.mp4")
    color = clip.video.color
    assert (color.primaries, color.transfer, color.matrix, color.range) == ("bt709", "bt709", "itu709", "tv")
    display = Display(clip)
    for frame in read_frames(clip):
        found = display.rgb(frame)
        for index, colour in enumerate(COLOURS):
            middle = found[20:-20, index * 32 + 8 : index * 32 + 24].reshape(-1, 3).astype(int)
            assert np.abs(middle - colour).max() <= 2


def test_the_codes_are_those_of_bt709(tmp_path):
    write_mezzanine(
        [np.full((64, 64, 3), (255, 0, 0), np.uint8)] * 2, tmp_path / "a.mp4", size_px=(64, 64), frame_rate=25
    )
    frame = next(read_frames(tmp_path / "a.mp4"))
    # ITU-R BT.709: Y = 16 + 219 * 0.2126, Cb = 128 - 224 * 0.1146, Cr = 240
    assert frame.luma.mean() == pytest.approx(62.6, abs=1)
    assert [plane.mean() for plane in frame.chroma] == pytest.approx([102.3, 240], abs=1)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize(
    "rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(37, 3)]
)
def test_times_are_exact(tmp_path, rate, suffix):
    path = tmp_path / f"a{suffix}"
    assert write_mezzanine((moving(n) for n in range(40)), path, size_px=(320, 180), frame_rate=rate) == 40
    clip = probe(path)
    assert clip.video.frame_rate == rate and clip.video.frames == 40 and not clip.video.is_variable_rate
    assert clip.video.duration_s == pytest.approx(float(40 / rate), abs=1e-9)
    assert [frame.time_s for frame in read_frames(clip)] == pytest.approx(
        [float(n / rate) for n in range(40)], abs=1e-9
    )


def test_nearly_lossless(tmp_path):
    write_mezzanine((moving(n) for n in range(30)), tmp_path / "a.mp4", size_px=(320, 180), frame_rate=Fraction(30))
    for index, frame in enumerate(read_frames(tmp_path / "a.mp4")):
        red, green, blue = moving(index).astype(float).transpose(2, 0, 1)
        luma = 16 + 219 / 255 * (0.2126 * red + 0.7152 * green + 0.0722 * blue)
        assert 10 * np.log10(255**2 / np.mean((frame.luma - luma) ** 2)) > 50


def test_progress_and_what_is_there_already(tmp_path):
    path, told = tmp_path / "a.mp4", []
    path.write_bytes(b"old")

    def broken():
        yield moving(0)
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError):
        write_mezzanine(broken(), path, size_px=(320, 180), frame_rate=Fraction(30))
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    write_mezzanine([moving(0)] * 3, path, size_px=(320, 180), frame_rate=Fraction(30), on_progress=told.append)
    assert told == [1, 2, 3] and len(list(read_frames(path))) == 3


@pytest.mark.parametrize(
    ("name", "size", "rate", "why"),
    [
        ("a.mkv", (320, 180), Fraction(30), "clocks"),
        ("a.mp4", (321, 180), Fraction(30), "even"),
        ("a.mp4", (320, 180), Fraction(0), "rate"),
        ("a.mp4", (640, 360), Fraction(30), "shape"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, size, rate, why):
    with pytest.raises(ValueError, match=why):
        write_mezzanine([moving(0)], tmp_path / name, size_px=size, frame_rate=rate)
    with pytest.raises(ValueError, match="no pictures"):
        write_mezzanine([], tmp_path / "b.mp4", size_px=(320, 180), frame_rate=Fraction(30))
    assert list(tmp_path.iterdir()) == []
