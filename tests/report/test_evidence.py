"""Evidence in words and lines."""

from __future__ import annotations

import math

import pytest

from pipeline.records import Evidence
from pipeline.report.curves import curves_view, thinned, ticks, unbroken
from pipeline.report.evidence import clock, leaning, odds, place, place_words, rows, span_words
from pipeline.report.moments import moments_view
from pipeline.report.pictures import without_pictures
from tests.report import made_checks, made_records


@pytest.mark.parametrize(
    ("llr", "says", "figure", "stands"),
    [
        (0.0, "says nothing either way", "", 50),
        (0.1, "says nothing either way", "", 52),
        (math.log(1.5), "slightly like generated clips", "1.5 to 1 for generated", 56),
        (math.log(4), "somewhat like generated clips", "4 to 1 for generated", 71),
        (-math.log(8), "clearly like camera clips", "8 to 1 for camera", 19),
        (math.log(25.4), "very clearly like generated clips", "25 to 1 for generated", 95),
        (1e6, "very clearly like generated clips", "more than 100 to 1 for generated", 95),
    ],
)
def test_how_strongly(llr, says, figure, stands):
    assert (leaning(llr), odds(llr), place(llr)) == (says, figure, stands)


def test_a_detector_pulls_as_far_as_it_was_weighed():
    fused = Evidence("fused", "content", "x", raw={"from_patches": 1.5}, llr=1.5)
    patches = Evidence("patches", "content", "x", raw={"logit": 9.0})
    motion = Evidence("motion", "content", "x", llr=3.0)
    quality = Evidence("quality", "content", "x")
    hint = Evidence("dino", "hint", "x", llr=2.0)
    found = {row.evidence.name: row for row in rows((hint, quality, motion, patches, fused))}
    assert list(found) == ["fused", "patches", "motion", "quality"]
    assert found["patches"].pull == 1.5 and found["patches"].standing.counts
    assert not found["motion"].standing.counts and "not weighed" in found["motion"].standing.words
    assert not found["quality"].leans
    # alone it says what it found, and nothing follows from that
    [alone] = rows((motion,))
    assert not alone.standing.counts and alone.pull == 3.0


def test_a_silent_sum_counts_nobody():
    silent = Evidence("fused", "content", "x", applicable=False, reason="too short", gate="failed")
    motion = Evidence("motion", "content", "x", llr=3.0)
    assert not any(row.standing.counts for row in rows((silent, motion)))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (3.24, "3.2 s"),
        (59.97, "1:00"),
        (65, "1:05"),
        (3729, "1:02:09"),
        (1e300, "99:59:59"),
        (-3, "0.0 s"),
    ],
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


def test_where_and_when():
    assert place_words((0.0, 0.0, 0.2, 0.2)) == "upper left" and place_words((0.4, 0.4, 0.6, 0.6)) == "middle"
    assert place_words((0.8, 0.4, 1.0, 0.6)) == "right" and place_words((0.4, 0.8, 0.6, 1.0)) == "bottom"
    assert place_words(None) == ""
    assert span_words(Evidence("x", "moment", "x", t0_s=1.0, t1_s=1.01)) == "at 1.0 s"
    assert span_words(Evidence("x", "moment", "x")) == ""


def test_a_curve_is_broken_where_nobody_looked():
    curve = tuple((t / 8, 0.5) for t in (*range(20), *range(40, 60)))
    assert [len(piece) for piece in unbroken(curve)] == [20, 20]
    assert unbroken(((1.0, 0.5),)) == [((1.0, 0.5),)]


def test_a_long_curve_is_thinned_by_averaging():
    curve = tuple((float(t), float(t % 2)) for t in range(10_000))
    short = thinned(curve, 400)
    assert len(short) == 400 and all(abs(value - 0.5) < 0.03 for _, value in short)
    assert thinned(curve[:400], 400) == curve[:400]


@pytest.mark.parametrize("length_s", [0.3, 1.0, 5.0, 10.0, 59.0, 95.0, 600.0, 5400.0, 90_000.0, 359_999.0])
def test_ticks_are_few_round_and_inside(length_s):
    found = ticks(length_s)
    assert 2 <= len(found) <= 8 and len({one["words"] for one in found}) == len(found)
    assert all(0 <= float(one["left"]) <= 100 for one in found)


def test_only_what_was_measured_is_drawn():
    curve = ((0.0, 0.2), (1.0, 0.4))
    failed = Evidence("motion", "content", "x", gate="failed", curve=curve)
    silent = Evidence("faces", "content", "x", applicable=False, curve=curve)
    assert curves_view((failed, silent), []) is None
    drawn = curves_view((failed, Evidence("sound", "content", "x", curve=((2.0, 1.0),))), [], 4.0)
    assert [(line["name"], line["path"]) for line in drawn["lines"]] == [
        ("Sound: traces of a decoder", "M500.0 16.0 L500.0 16.0")
    ]


def test_moments_are_few_and_ranked():
    many = tuple(Evidence("glitches", "moment", "x", t0_s=n, raw={"score": (n * 7) % 30}) for n in range(30))
    found = moments_view(many)
    assert [one["number"] for one in found] == list(range(1, 13))
    assert [float(one["score"]) for one in found] == list(range(29, 17, -1))


def test_pictures_stay_out_of_what_programs_get():
    one = made_checks.make_measured()
    bare = without_pictures(one)
    assert any(e.picture for e in one.verdict.evidence) and not any(e.picture for e in bare.verdict.evidence)
    assert [e.curve for e in bare.verdict.evidence] == [e.curve for e in one.verdict.evidence]
    signed = made_records.make_check("a.mp4", made_records.make_own())
    assert without_pictures(signed).credential == signed.credential
