from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from pipeline.sound.deliver.layout import (
    CountedRate,
    counted_rate,
    identifier,
    lanes,
    level_db,
    level_points,
    nearest_colour,
    place,
    plain,
    plain_lines,
    plain_path,
    relative_path,
    relative_url,
    rgb,
    umid,
)


@pytest.mark.parametrize(
    ("rate", "counted"),
    [
        ("24000/1001", CountedRate(24, True)),
        ("23.98", CountedRate(24, True)),
        ("24", CountedRate(24, False)),
        ("29.97", CountedRate(30, True)),
        ("30", CountedRate(30, False)),
        ("60000/1001", CountedRate(60, True)),
        ("12.5", CountedRate(25, False)),
        ("120", CountedRate(120, False)),
        ("17.3", CountedRate(17, False)),
        ("0.2", CountedRate(1, False)),
    ],
)
def test_every_picture_rate_gets_one_that_programs_count(rate, counted):
    assert counted_rate(Fraction(rate)) == counted


def test_neighbours_stay_neighbours_at_any_rate(any_rate):
    clips = [any_rate.clip(0.371 * k, 0.371) for k in range(200)]
    session = any_rate.session({"BG": clips})
    placed = [place(replace(clip, length_samples=17808), session, any_rate.rate) for clip in clips]
    assert all(abs(later.start - earlier.end) <= 0 for earlier, later in pairwise(placed))


def test_a_clip_shorter_than_a_frame_keeps_one(sessions):
    session = sessions.session({"BG": [sessions.clip(1.0, 0.0001)]})
    assert place(session.tracks[3].clips[0], session, 25).length == 1


def test_lanes_hold_every_clip_once_without_overlaps(sessions):
    session = sessions.usual()
    made = lanes(session, session.sample_rate_hz)
    assert [lane.name for lane in made] == [
        "DX",
        "FX-impacts 1",
        "FX-impacts 2",
        "FX-impacts 3",
        "FX-foley",
        "BG",
        "MX",
    ]
    heard = [placed.clip.id for lane in made for placed in lane.clips]
    assert sorted(heard) == sorted(clip.id for track in session.tracks for clip in track.clips)
    assert all(a.end <= b.start for lane in made for a, b in pairwise(lane.clips))


def test_lanes_do_not_depend_on_the_order_of_clips(sessions):
    session = sessions.usual()
    turned = replace(session, tracks=tuple(replace(t, clips=t.clips[::-1]) for t in session.tracks))
    assert [lane.clips for lane in lanes(turned, 25)] == [lane.clips for lane in lanes(session, 25)]


def test_levels_are_held_outside_and_straight_between():
    curve = ((1.0, 0.0), (2.0, -10.0), (2.0, -20.0), (3.0, float("-inf")))
    assert [level_db(curve, t) for t in (0.0, 1.5, 2.0, 2.5, 9.0)] == [0.0, -5.0, -20.0, -82.0, -144.0]
    assert level_db((), 5.0) == 0.0
    assert level_db(((1.0, -6.0),), 0.0) == -6.0


def test_level_points_are_dense_enough_and_keep_the_corners():
    points = level_points(((1.0, 0.0), (1.2, -10.0), (3.0, -10.0)), 0.5, 2.0)
    assert points[0] == (0.5, 0.0)
    assert points[-1] == (2.0, -10.0)
    assert (1.0, 0.0) in points and (1.2, -10.0) in points
    assert max(abs(a[1] - b[1]) for a, b in pairwise(points)) <= 1.0 + 1e-9
    assert level_points((), 0.0, 1.0) == ()


def test_names_become_harmless():
    assert plain("a\x00b\r\n c\u202e\ud800\x1b[0m") == "a b c [0m"
    assert plain("x" * 999, 10) == "x" * 9 + "…"
    assert plain("👩‍👩‍👧 雨") == "👩‍👩‍👧 雨"
    assert plain_lines("one\n\n two\u2028three") == ("one", "two", "three")
    assert plain_path("a  b\n\ud800.wav") == "a  b\ufffd\ufffd.wav"


def test_addresses_are_relative_and_encoded(tmp_path):
    file = tmp_path / "media" / "a b#ä%.wav"
    assert relative_path(file, tmp_path / "out") == "../media/a b#ä%.wav"
    assert relative_url(file, tmp_path) == "media/a%20b%23%C3%A4%25.wav"


def test_colours_and_identifiers(sessions):
    assert rgb("#4f9dde") == (0x4F, 0x9D, 0xDE)
    assert nearest_colour("#d04a4a", {"RED": "#ff0000", "BLUE": "#0000ff"}) == "RED"
    session = sessions.usual()
    assert identifier(session, "a", 1) == identifier(session, "a", 1) != identifier(session, "a", 2)
    assert umid(session, "a").startswith("urn:smpte:umid:060a2b34.01010105.01010f20.13000000.")


@pytest.mark.parametrize(
    ("colour", "name"), [("#d04a4a", "RED"), ("#808488", "BLACK"), ("#f0f0f0", "WHITE"), ("#102060", "BLUE")]
)
def test_colours_are_called_as_people_call_them(colour, name):
    assert nearest_colour(colour, {"RED": "#ff0000", "BLUE": "#0000ff", "BLACK": "#101010", "WHITE": "#ffffff"}) == name
