import tracemalloc
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from pipeline.media.display import Display
from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.reel.compose import iter_pictures
from pipeline.reel.reel import Card, Transition
from tests.numbered_pictures import film, number_of, numbered, segment, title


@pytest.fixture(scope="module")
def sources(make_clip, tmp_path_factory):
    """Two clips of 48 numbered pictures at 24 a second; the second one counts from 500."""
    folder = tmp_path_factory.mktemp("sources")
    later = lambda index, width, height: numbered(500 + index, width, height)[:, ::-1][:, ::-1]  # noqa: E731
    options = {"qp": "8"}
    return (
        make_clip(folder / "a.mp4", frames=48, rate=24, picture=numbered, options=options),
        make_clip(folder / "b.mp4", frames=48, rate=24, picture=later, options=options),
    )


def decoded(path, **part):
    display = Display(probe(path))
    return [display.rgb(frame) for frame in read_frames(path, **part)]


def test_plain_stretches_are_handed_on_untouched(sources):
    a, b = sources
    pictures = list(iter_pictures(film(segment(a, 0, 1), segment(b, 1, 2, index=1, source_start_s=0.5))))
    expected = [*decoded(a, end_s=0.99), *decoded(b, start_s=0.5, end_s=1.49)]
    assert len(pictures) == len(expected) == 48
    for found, wanted in zip(pictures, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(60)])
def test_every_picture_once_in_order_at_any_rate(make_clip, tmp_path, rate):
    path = make_clip(tmp_path / "a.mp4", frames=60, rate=rate, picture=numbered)
    joins = [Fraction(n) / rate for n in (0, 17, 40, 60)]
    parts = [
        segment(path, begin, end, index=index, source_start_s=float(begin))
        for index, (begin, end) in enumerate(zip(joins, joins[1:], strict=False))
    ]
    assert [number_of(picture) for picture in iter_pictures(film(*parts, rate=rate))] == list(range(60))


def test_titled_pictures_are_the_same_pictures(sources):
    timeline = film(segment(sources[0], 0, 2, titles=(title(position="top", start_s=0.5, length_s=1.0),)))
    assert [number_of(picture) for picture in iter_pictures(timeline)] == list(range(48))


def test_speed(sources):
    fast = film(segment(sources[0], 0, 1, speed=2.0))
    assert [number_of(picture) for picture in iter_pictures(fast)] == list(range(0, 48, 2))
    slow = film(segment(sources[0], 0, 1, speed=0.25, source_start_s=0.5))
    assert [number_of(picture) for picture in iter_pictures(slow)] == [12 + index // 4 for index in range(24)]


def test_a_dissolve_is_a_linear_mix_that_ends_on_its_picture(sources):
    a, b = sources
    dissolve = Transition("dissolve", 0.5)
    timeline = film(segment(a, 0, 1.5), segment(b, 1, 3, index=1, transition=dissolve))
    pictures = list(iter_pictures(timeline))
    olds, news = ([picture.astype(float) for picture in decoded(path)] for path in (a, b))
    assert len(pictures) == 72
    for index in range(72):
        share = min(max((index - 24 + 0.5) / 12, 0), 1)
        expected = (1 - share) * olds[min(index, 47)] + share * news[max(index - 24, 0)]
        assert np.abs(pictures[index] - expected).max() <= 0.51
    assert [number_of(picture) for picture in pictures[:24]] == list(range(24))
    assert [number_of(picture) for picture in pictures[36:]] == list(range(512, 548))


@pytest.mark.parametrize("direction", ["left", "right", "up", "down"])
def test_a_wipe_crosses_the_frame_behind_a_soft_edge(direction):
    black, white = (Card("", 2.0, background=colour) for colour in ("#000000", "#ffffff"))
    wipe = Transition("wipe", 1.0, direction=direction)
    timeline = film(segment(black, 0, 2), segment(white, 1, 3, index=1, transition=wipe), rate=25)
    pictures = np.stack([picture[..., 0] for picture in iter_pictures(timeline)]).astype(float)
    lines = pictures.mean(axis=1 if direction in ("left", "right") else 2)
    lines = lines if direction in ("right", "down") else lines[:, ::-1]
    assert not lines[:25].any() and (lines[50:] == 255).all()
    # the new picture grows steadily from where the edge starts
    assert (np.diff(lines[25:50], axis=1) <= 0).all() and (np.diff(lines[24:51].mean(axis=1)) > 0).all()
    assert lines[37].mean() == pytest.approx(127.5, abs=4)
    width = np.sum((lines[37] > 0) & (lines[37] < 255)) / lines.shape[1]
    assert 0.05 < width < 0.12


def test_a_dip_goes_through_its_colour_at_the_join(sources):
    a, b = sources
    timeline = film(segment(a, 0, 1), segment(b, 1, 2, index=1, transition=Transition("dip", 0.5, colour="#3050ff")))
    pictures = list(iter_pictures(timeline))
    assert [number_of(picture) for picture in pictures[:18] + pictures[30:]] == [*range(18), *range(506, 524)]
    for index in (23, 24):
        assert (pictures[index] == (0x30, 0x50, 0xFF)).all()
    far = [np.abs(picture.astype(int) - (0x30, 0x50, 0xFF)).mean() for picture in pictures[17:31]]
    assert (np.diff(far[:7]) < 0).all() and (np.diff(far[7:]) > 0).all()


def test_the_film_comes_from_and_goes_to_a_colour(sources):
    first = segment(sources[0], 0, 2, transition=Transition("dip", 0.5, colour="#ffffff"))
    pictures = list(iter_pictures(film(first, ending=Transition("dip", 0.5))))
    assert (pictures[0] == 255).all() and (pictures[-1] == 0).all()
    assert [number_of(picture) for picture in pictures[12:36]] == list(range(12, 36))
    card = segment(Card("", 2.0, background="#808080"), 0, 2, transition=Transition("dip", 0.5, colour="#ffffff"))
    means = [picture.mean() for picture in iter_pictures(film(card, ending=Transition("dip", 0.5)))]
    assert (np.diff(means[:12]) < 0).all() and (np.diff(means[36:]) < 0).all()


def test_titles_stand_exactly_as_long_as_they_say(sources):
    def shown(*titles, parts=None):
        timeline = film(*(parts or [segment(sources[0], 0, 2, titles=titles)]))
        bare = film(*[segment(s.part.clip, s.start_s, s.end_s, index=s.index) for s in timeline.segments])
        both = zip(iter_pictures(timeline), iter_pictures(bare), strict=True)
        return [index for index, (found, without) in enumerate(both) if (found != without).any()]

    assert shown(title(start_s=0.5, length_s=0.75)) == list(range(12, 30))
    assert shown(title(start_s=1.0)) == list(range(24, 48))
    assert shown(title(start_s=1.5, length_s=9.0)) == list(range(36, 48))
    assert shown(title(start_s=3.0)) == []


def test_titles_wait_for_transitions_to_end(sources):
    a, b = sources
    parts = [
        segment(a, 0, 1.5, titles=(title(),)),
        segment(b, 1, 2.5, index=1, titles=(title("OTHER", length_s=0.5),), transition=Transition("dissolve", 0.5)),
    ]
    bare = [
        segment(a, 0, 1.5),
        segment(b, 1, 2.5, index=1, transition=Transition("dissolve", 0.5)),
    ]
    both = zip(iter_pictures(film(*parts)), iter_pictures(film(*bare)), strict=True)
    shown = [index for index, (found, without) in enumerate(both) if (found != without).any()]
    assert shown == [*range(24), *range(36, 48)]


def test_a_title_keeps_its_place_while_others_come_and_go(sources):
    first, second = title("FIRST", length_s=1.0), title("SECOND", start_s=0.5, length_s=1.5)
    black = Card("", 2.0, background="#000000")
    pictures = list(iter_pictures(film(segment(black, 0, 2, titles=(first, second)))))
    rows = [tuple(np.flatnonzero(picture.max(axis=(1, 2)) > 200)[[0, -1]]) for picture in pictures]
    assert len({*rows[:12]}) == len({*rows[12:24]}) == len({*rows[24:]}) == 1
    # both together reach from the top of the second to the bottom of the first
    assert rows[12] == (rows[30][0], rows[0][1]) and rows[30][1] < rows[0][0]


def test_a_title_fades_in_and_out(sources):
    timeline = film(segment(Card("", 2.0, background="#000000"), 0, 2, titles=(title(fade_s=0.5),)))
    light = [picture.max() for picture in iter_pictures(timeline)]
    assert light[0] < 40 and light[-1] < 40 and min(light[12:36]) == 255
    assert (np.diff(np.array(light[:12], int)) > 0).all() and (np.diff(np.array(light[36:], int)) < 0).all()


def test_turned_and_anamorphic_sources_keep_their_shape(make_clip, tmp_path):
    def square(index, width, height):
        image = np.zeros((height, width, 3), np.uint8)
        # 60 x 60 to a viewer, with pixels twice as wide as high
        image[34:94, 81:111] = 255
        return image

    path = make_clip(tmp_path / "a.mp4", sample_aspect=Fraction(2), picture=square, options={"qp": "4"})
    picture = next(iter_pictures(film(segment(path, 0, 1), size_px=(384, 256))))
    rows, columns = np.nonzero(picture[..., 0] > 128)
    assert np.ptp(rows) + 1 == pytest.approx(60, abs=2) and np.ptp(columns) + 1 == pytest.approx(60, abs=2)
    turned = make_clip(tmp_path / "b.mp4", rotation=90, picture=numbered)
    picture = next(iter_pictures(film(segment(turned, 0, 1), size_px=(128, 192))))
    # red is left as stored, so it is on top after a clockwise turn
    assert picture[20, 100, 0] > 150 > picture[170, 100, 0]


@pytest.mark.parametrize("fit", ["fit", "fill", "blur", "smart"])
def test_every_fit_gives_pictures_of_the_frame(sources, fit):
    timeline = film(segment(sources[0], 0, 1, fit=fit), size_px=(108, 192))
    pictures = list(iter_pictures(timeline))
    assert len(pictures) == 24 and all(p.shape == (192, 108, 3) and p.dtype == np.uint8 for p in pictures)


def test_the_same_film_twice_is_the_same_film(sources):
    a, b = sources
    timeline = film(
        segment(a, 0, 1, fit="smart", titles=(title(),)),
        segment(b, 0.5, 1.5, index=1, fit="blur", transition=Transition("wipe", 0.5)),
        size_px=(128, 128),
    )
    for one, two in zip(iter_pictures(timeline), iter_pictures(timeline), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_still_stands(tmp_path):
    from PIL import Image

    Image.fromarray(numbered(77, 192, 128)).save(tmp_path / "a.png")
    pictures = list(iter_pictures(film(segment(tmp_path / "a.png", 0, 1, fit="smart"), size_px=(192, 128))))
    assert [number_of(picture) for picture in pictures] == [77] * 24
    assert all(np.array_equal(picture, numbered(77, 192, 128)) for picture in pictures)


def test_a_hole_in_the_time_line_is_black(sources):
    timeline = film(segment(sources[0], 0, 0.5), segment(sources[1], 1, 1.5, index=1))
    pictures = list(iter_pictures(timeline))
    assert len(pictures) == 36 and not np.any(pictures[12:24]) and number_of(pictures[24]) == 500


def test_memory_does_not_grow_with_the_film(sources):
    def peak(seconds):
        card, dissolve = Card("Words", 1.0), Transition("dissolve", 0.5)
        parts = [
            segment(
                sources[n % 2] if n % 3 else card, n * 0.5, n * 0.5 + 1, index=n, titles=(title(),), transition=dissolve
            )
            for n in range(2 * seconds)
        ]
        timeline = film(*parts)
        tracemalloc.start()
        for _ in iter_pictures(timeline):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(3)
    assert peak(12) < 1.3 * peak(4) + 200_000


def test_a_film_left_early_closes_its_files(sources):
    pictures = iter_pictures(film(segment(sources[0], 0, 2)))
    assert len(list(islice(pictures, 3))) == 3
    pictures.close()
