from fractions import Fraction

import pytest

from pipeline.errors import UnreadableInput
from pipeline.media.probe import probe
from pipeline.reel.frames import SourcePictures
from tests.numbered_pictures import number_of, numbered


def numbers(path, times, **part):
    source = SourcePictures(probe(path), **{"start_s": float(times[0]), **part})
    found = [number_of(source.at(time).rgb()) for time in times]
    source.close()
    return found


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_each_picture_once_at_the_same_rate(make_clip, tmp_path, rate, suffix):
    # a Matroska clock rounds times to the millisecond
    path = make_clip(tmp_path / f"a{suffix}", frames=70, rate=rate, picture=numbered)
    assert numbers(path, [index / rate for index in range(70)]) == list(range(70))


@pytest.mark.parametrize("start", [1, 13, 24, 37])
def test_a_start_within_the_clip_is_exact(make_clip, tmp_path, start):
    rate = Fraction(30000, 1001)
    path = make_clip(tmp_path / "a.mp4", frames=60, rate=rate, picture=numbered, options={"g": "12"})
    # as a float, and as a person writes it down
    for start_s in (float(start / rate), round(float(start / rate), 3)):
        times = [Fraction(start_s) + index / rate for index in range(20)]
        assert numbers(path, times) == list(range(start, start + 20))


def test_other_rates_repeat_and_leave_out_evenly(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=48, rate=24, picture=numbered)
    assert numbers(path, [Fraction(n, 60) for n in range(120)]) == [int(n * 24 / 60) for n in range(120)]
    assert numbers(path, [Fraction(n, 10) for n in range(20)]) == [int(n * 2.4 + 1e-9) for n in range(20)]


def test_variable_rate_goes_by_presentation_times(make_clip, tmp_path):
    ticks = [0, 40, 60, 260, 270, 1000, 3000, 3010]
    path = make_clip(tmp_path / "a.mp4", frames=8, rate=25, ticks=ticks, time_base=Fraction(1, 1000), picture=numbered)
    times = [Fraction(n, 50) for n in range(160)]
    expected = [max(i for i, tick in enumerate(ticks) if tick <= time * 1000 + 0.6) for time in times]
    assert numbers(path, times) == expected
    # a start within the two seconds in which picture 5 stands
    assert numbers(path, [Fraction(29, 10)]) == [5]


def test_nothing_from_the_end_on_is_shown(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=30, rate=30, picture=numbered)
    times = [Fraction(n, 30) for n in range(14)]
    assert numbers(path, times, end_s=10 / 30) == [*range(10), 9, 9, 9, 9]


def test_past_the_clip_the_last_picture_stays(make_clip, tmp_path):
    path = make_clip(tmp_path / "a.mp4", frames=10, rate=10, picture=numbered)
    assert numbers(path, [Fraction(9, 10), Fraction(3)]) == [9, 9]
    assert numbers(path, [Fraction(5)]) == [9]


def test_a_source_that_ends_before_it_begins_is_refused(make_clip, tmp_path):
    clip = probe(make_clip(tmp_path / "a.mp4", frames=10, rate=10))
    with pytest.raises(UnreadableInput, match="no picture up to"):
        SourcePictures(clip, 0.0, 0.0)
