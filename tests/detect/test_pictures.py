"""Which pictures the detectors look at."""

from fractions import Fraction

import numpy as np
import pytest

from pipeline.detect.pictures import RATE_HZ, CanonicalPictures, stretches
from pipeline.media.frames import read_frames


class FakeFrame:
    """A flat picture at a time."""

    bit_depth = 8

    def __init__(self, time_s: float, level: int = 100) -> None:
        self.time_s = time_s
        self.luma = np.full((48, 64), level, np.uint8)

    def gray(self, width_px: int) -> np.ndarray:
        return self.luma[:, :width_px]


@pytest.mark.parametrize("rate", [8, 24, Fraction(30000, 1001), 60])
def test_every_rate_becomes_the_same(rate):
    chosen = CanonicalPictures(2.0, "thorough")
    times = [float(i / rate) for i in range(int(2 * rate))]
    taken = [p.time_s for p in map(chosen.take, map(FakeFrame, times)) if p]
    assert len(taken) == 2 * RATE_HZ
    assert max(np.diff(taken)) < 1 / RATE_HZ + 1 / rate + 1e-6


def test_long_clips_are_looked_at_in_stretches_from_start_to_end():
    spans = stretches(600.0, "normal")
    assert len(spans) == 8 and spans[0][0] == 0.0 and spans[-1][1] == pytest.approx(600.0)
    assert stretches(10.0, "normal") == () and stretches(600.0, "thorough") == () and stretches(0.0, "normal") == ()
    assert stretches(600.0, "fast") == ((0.0, 5.0),)


def test_a_stretch_and_a_cut_begin_anew_and_a_fade_does_not():
    chosen = CanonicalPictures(0.0)
    frames = [FakeFrame(i / 8, 100 + i) for i in range(8)] + [FakeFrame(1 + i / 8, 200 + i) for i in range(8)]
    starts = [p.time_s for p in map(chosen.take, frames) if p and p.starts]
    assert starts == [0.0, 1.0]
    late = chosen.take(FakeFrame(9.0, 207))
    assert late is not None and late.starts


def test_deep_pictures_are_measured_in_eight_bits(make_clip, tmp_path):
    clip = make_clip(tmp_path / "a.mp4", frames=8, rate=8)
    chosen = CanonicalPictures(1.0)
    pictures = [p for p in map(chosen.take, read_frames(clip)) if p]
    assert len(pictures) == 8 and pictures[0].luma.dtype == np.uint8
    assert pictures[0].rgb(64).shape[1] == 64
