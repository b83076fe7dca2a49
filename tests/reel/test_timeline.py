import math
from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.errors import UnreadableInput, UsageError
from pipeline.media.concat import concat
from pipeline.media.frames import read_frames
from pipeline.media.probe import probe
from pipeline.media.splice import splice
from pipeline.records import Clip, VideoStream
from pipeline.reel.reel import Card, Part, Reel, Title, Transition
from pipeline.reel.source import timecode_s
from pipeline.reel.timeline import lay_out, pieces_of, why_encoded

NTSC = Fraction(30000, 1001)


def made_up(path, *, rate=25, frames=250, size=(1920, 1080), variable=False, start_s=0.0, **more):
    """A record of a clip that is nowhere."""
    video = VideoStream(
        codec="h264",
        width_px=size[0],
        height_px=size[1],
        pixel_format="yuv420p",
        bit_depth=8,
        frame_rate=Fraction(rate),
        time_base=Fraction(1, 90_000),
        frames=frames,
        start_s=start_s,
        duration_s=float(frames / Fraction(rate)),
        is_variable_rate=variable,
        **more,
    )
    return Clip(path, "", 1, "mov,mp4", start_s + video.duration_s, video)


@pytest.fixture
def lay(tmp_path):
    """A function that lays out parts whose clips are made up; `files` says what they are."""

    def lay(*parts, files=None, **reel):
        known = {name: {} for name in ("a", "b", "c")} | (files or {})
        probed = []

        def probe(path):
            probed.append(path)
            return made_up(path, **known[path.name])

        built = tuple(replace(part, clip=tmp_path / part.clip) if part.clip else part for part in parts)
        timeline = lay_out(Reel(built, **reel), probe=probe)
        assert len(probed) == len(set(probed))
        return timeline

    return lay


def places(timeline):
    return [(segment.start_s, segment.end_s) for segment in timeline.segments]


def test_pieces_follow_on_whole_pictures(lay):
    timeline = lay(Part("a", end_s=1.0), Part(card=Card("T", 2.5)), Part("a", start_s=1.0, end_s=2.5, speed=0.5))
    # 62.5 pictures become 63, 37.5 of the source 38
    assert places(timeline) == [(0, 1.0), (1.0, 3.52), (3.52, 6.56)]
    assert (timeline.frames, timeline.frame_rate, timeline.size_px) == (164, 25, (1920, 1080))
    assert timeline.segments[2].source_time_s(4.52) == pytest.approx(1.5)
    assert timeline.segments[1].clip is None and timeline.notes == ()


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 24, 25, NTSC, 30, 50, Fraction(60000, 1001), 60])
def test_sums_are_exact_after_hours(lay, rate):
    parts = [
        Part("a", start_s=0.37, end_s=9.71, transition=Transition("dissolve", 0.5) if i else Transition())
        for i in range(400)
    ]
    timeline = lay(*parts, files={"a": {"rate": rate, "frames": round(10 * rate)}})
    assert timeline.frame_rate == rate
    overlap = math.ceil(Fraction(1, 2) * rate - Fraction(1, 2))
    lengths = {round((s.end_s - s.start_s) * float(rate), 6) for s in timeline.segments}
    assert len(lengths) == 1
    count = int(lengths.pop())
    assert timeline.frames == 400 * count - 399 * overlap
    for index, segment in enumerate(timeline.segments):
        assert segment.start_s == float(index * (count - overlap) / Fraction(rate))


def test_dissolves_and_wipes_overlap_and_dips_do_not(lay):
    timeline = lay(
        Part("a", end_s=4.0, transition=Transition("dip", 1.0)),
        Part("b", end_s=4.0, transition=Transition("dissolve", 1.0)),
        Part("c", end_s=4.0, transition=Transition("wipe", 0.4)),
        Part("a", end_s=4.0, transition=Transition("dip", 0.5)),
        ending=Transition("dip", 2.0),
    )
    assert places(timeline) == [(0, 4), (3, 7), (6.6, 10.6), (10.6, 14.6)]
    assert timeline.joins_s == pytest.approx((3.5, 6.8, 10.6))
    # 0.5 s are 12.5 pictures: a dip's middle lies on the join
    assert [segment.part.transition.length_s for segment in timeline.segments] == [1.0, 1.0, 0.4, 0.48]
    assert timeline.ending.length_s == 2.0 and timeline.notes == ()


def test_transitions_are_cut_down_to_what_there_is(lay):
    timeline = lay(
        Part("a", end_s=4.0),
        Part("b", end_s=0.8, transition=Transition("dissolve", 1.0)),
        Part("c", end_s=4.0, transition=Transition("wipe", 1.0)),
        Part("a", end_s=0.04, transition=Transition("dissolve", 1.0)),
    )
    assert places(timeline) == [(0, 4), (3.6, 4.4), (4.0, 8.0), (7.96, 8.0)]
    assert len(timeline.notes) == 3
    assert timeline.notes[0].startswith("The dissolve of 1.00 s before entry 2 is 0.40 s")
    for before, after in zip(timeline.segments, timeline.segments[2:], strict=False):
        assert before.end_s <= after.start_s + 1e-9


def test_two_transitions_of_half_a_second_fit_into_one(lay):
    parts = (
        Part(card=Card("T", 1.0), transition=Transition("dip", 0.5)),
        Part("a", transition=Transition("dissolve", 0.5)),
    )
    assert lay(*parts).notes == () and places(lay(*parts))[1][0] == 0.52


def test_a_transition_without_room_becomes_a_cut(lay):
    timeline = lay(
        Part("a", end_s=0.04, transition=Transition("dip", 1.0)), Part("b", transition=Transition("dissolve", 1.0))
    )
    assert timeline.segments[1].part.transition.kind == "cut" or timeline.segments[0].part.transition.kind == "cut"
    assert any("became a cut" in note for note in timeline.notes)


@pytest.mark.parametrize(
    "rates, film",
    [
        ([24, 30], 30),
        ([25, Fraction(60000, 1001)], Fraction(60000, 1001)),
        ([Fraction(2997, 100)], NTSC),
        ([120, 30], 60),
        ([100], 50),
        ([8], 24),
        ([12, 8], 24),
    ],
)
def test_the_highest_constant_rate_is_the_films(lay, rates, film):
    files = {name: {"rate": rate, "frames": 120} for name, rate in zip("ab", rates, strict=False)}
    assert lay(*(Part(name) for name in files), files=files).frame_rate == film


def test_rates_without_a_clip_to_take_them_from(lay):
    assert lay(Part(card=Card("T", 1))).frame_rate == 30
    # a few pictures were left out, or the clock of a telephone
    assert lay(Part("a"), files={"a": {"variable": True}}).frame_rate == 25
    assert lay(Part("a"), files={"a": {"variable": True, "rate": Fraction(16_129, 1_000)}}).frame_rate == 30
    assert lay(Part("a"), Part("b"), files={"a": {"variable": True, "rate": 60}}).frame_rate == 25
    assert lay(Part("a"), frame_rate=Fraction(24)).frame_rate == 24


def test_sizes(lay):
    def size(files, **reel):
        return lay(*(Part(name) for name in files), files=files, **reel).size_px

    assert size({"a": {"size": (1280, 720)}, "b": {"size": (1920, 1080)}, "c": {"size": (720, 1280)}}) == (1920, 1080)
    assert size({"a": {"size": (101, 75)}}) == (100, 76)
    assert size({"a": {"size": (720, 576), "sample_aspect": Fraction(16, 15)}}) == (768, 576)
    assert size({"a": {"size": (1920, 1080), "rotation_deg": 90}}) == (1080, 1920)
    assert size({"a": {}}, size_px=(1080, 1350)) == (1080, 1350)
    assert lay(Part(card=Card("T", 1))).size_px == (1920, 1080)


def test_trims_lie_on_the_sources_pictures(lay):
    timeline = lay(Part("a", start_s=1.49, end_s=2.51), files={"a": {"start_s": 0.021}})
    segment = timeline.segments[0]
    assert segment.source_start_s == pytest.approx(0.021 + 37 / 25) and segment.source_end_s == pytest.approx(
        0.021 + 62 / 25
    )
    assert timeline.frames == 25
    late = lay(Part("a"), files={"a": {"start_s": 0.021}}).segments[0]
    assert (late.source_start_s, late.source_end_s) == (pytest.approx(0.021), pytest.approx(10.021))


def test_time_codes_count_the_clips_pictures(lay):
    segment = lay(Part("a", start_timecode="00:00:01:12", end_timecode="00:00:02:12")).segments[0]
    assert (segment.source_start_s, segment.source_end_s) == (pytest.approx(1.48), pytest.approx(2.48))
    assert timecode_s("00:01:00:00", NTSC) == Fraction(1800) / NTSC
    # SMPTE ST 12-1: ;00 and ;01 do not exist at the start of most minutes
    assert timecode_s("00:01:00;02", NTSC) == Fraction(1800) / NTSC
    assert timecode_s("01:00:00;00", NTSC) == Fraction(107_892) / NTSC
    assert timecode_s("01:00:00;00", 2 * NTSC) == Fraction(215_784) / (2 * NTSC)


@pytest.mark.parametrize(
    "part, words",
    [
        (Part("a", start_s=11), "Entry 1: the start is at 11.000 s, but a lasts 10.000 s"),
        (Part("a", end_s=10.5), "Entry 1: the end is at 10.500 s, but a lasts 10.000 s"),
        (Part("a", start_s=1.0, end_s=1.01), "less than a picture of a"),
        (Part("a", start_timecode="00:00:05:00", end_s=4.0), "less than a picture"),
        (Part("a", start_timecode="00:00:00:25"), "00:00:00:25 does not exist at 25.000"),
        (Part("a", end_timecode="00:00:01;00"), "drops numbers"),
        (Part("a", titles=(Title("Late", start_s=10.0),)), "Entry 1: the title 'Late' comes at 10 s"),
    ],
)
def test_what_a_source_does_not_have(lay, part, words):
    with pytest.raises(UsageError, match=words):
        lay(part)


def test_an_end_a_little_too_late_is_the_end(lay):
    assert lay(Part("a", end_s=10.03)).frames == 250


def test_a_source_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    with pytest.raises(UnreadableInput, match=r"^Entry 2: a\.mp4 is not a video"):
        lay_out(Reel((Part(card=Card("T", 1)), Part(clip=tmp_path / "a.mp4"))))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_stills(make_still, tmp_path, suffix):
    still = make_still(tmp_path / f"a.{suffix}", width=320, height=240)
    timeline = lay_out(Reel((Part(clip=still), Part(clip=still, end_s=1.5))))
    assert places(timeline) == [(0, 4.0), (4.0, 5.5)]
    assert (timeline.frame_rate, timeline.size_px) == (30, (320, 240))
    assert len(list(read_frames(timeline.segments[0].clip))) == 1
    assert why_encoded(timeline) == "Entry 1 is a still."
    with pytest.raises(UsageError, match="is a still: it has no from"):
        lay_out(Reel((Part(clip=still, speed=2.0),)))


GOP = {"g": "10", "bf": "2", "sc_threshold": "0", "preset": "ultrafast", "threads": "1"}


@pytest.fixture
def sources(make_clip, tmp_path):
    return tuple(make_clip(tmp_path / f"{n}.mp4", frames=30, rate=25, options=GOP) for n in "ab")


def test_a_film_of_plain_cuts_is_copied(sources, tmp_path):
    a, b = sources
    timeline = lay_out(Reel((Part(clip=a, start_s=0.4), Part(clip=b), Part(clip=a, end_s=0.8))))
    assert why_encoded(timeline) == ""
    assert concat(pieces_of(timeline), tmp_path / "out.mp4") == ""
    done = probe(tmp_path / "out.mp4")
    assert done.video.frames == timeline.frames == 70
    assert done.duration_s == pytest.approx(timeline.duration_s)


def test_a_rate_below_the_films_is_copied_too(make_clip, tmp_path):
    slow = make_clip(tmp_path / "a.mp4", frames=16, rate=8, options=GOP)
    timeline = lay_out(Reel((Part(clip=slow), Part(clip=slow))))
    assert (timeline.frame_rate, timeline.frames) == (24, 96) and why_encoded(timeline) == ""


def test_trims_between_key_pictures_may_be_spliced(sources, tmp_path):
    timeline = lay_out(Reel((Part(clip=sources[0]), Part(clip=sources[1], start_s=0.24, end_s=1.12))))
    assert "decodes by itself" in why_encoded(timeline) and why_encoded(timeline, spliced=True) == ""
    assert splice(pieces_of(timeline), tmp_path / "out.mp4") == ""
    assert probe(tmp_path / "out.mp4").video.frames == timeline.frames == 52
    titled = lay_out(Reel((Part(clip=sources[0], titles=(Title("T"),)),)))
    assert why_encoded(titled, spliced=True) == "Entry 1 has a title."


@pytest.mark.parametrize(
    "second, reel, words",
    [
        ({"speed": 2.0}, {}, "Entry 2 plays at 2 times its speed"),
        ({"titles": (Title("T"),)}, {}, "Entry 2 has a title"),
        ({"transition": Transition("dissolve", 0.2)}, {}, "Entry 2 comes with a dissolve"),
        ({"transition": Transition("dip", 0.2)}, {}, "Entry 2 comes with a dip"),
        ({}, {"ending": Transition("dip", 0.2)}, "The film ends with a dip"),
        ({}, {"size_px": (1080, 1080)}, "Entry 1 is 192x128, and the film 1080x1080"),
        ({}, {"frame_rate": Fraction(30)}, "Entry 1 has 25.000 pictures a second, and the film 30.000"),
        ({"start_s": 0.2}, {}, "no picture at 0.200 s that decodes by itself"),
        ({"end_s": 0.08}, {}, "cannot end at 0.080 s"),
        ({"clip": None, "card": Card("T", 1.0)}, {}, "Entry 2 is a card"),
    ],
)
def test_what_needs_an_encode_is_said(sources, second, reel, words):
    a, b = sources
    parts = (Part(clip=a), Part(**({"clip": b} | second)))
    assert words in why_encoded(lay_out(Reel(parts, **reel)))


def test_clips_of_other_rates_and_sizes_are_encoded(make_clip, sources, tmp_path):
    fast = make_clip(tmp_path / "fast.mp4", frames=30, rate=50, options=GOP)
    uneven = make_clip(tmp_path / "u.mp4", frames=8, ticks=[0, 1, 3, 4, 9, 10, 14, 20], time_base=Fraction(1, 50))
    large = make_clip(tmp_path / "l.mp4", frames=30, rate=25, width=384, height=256, options=GOP)
    for other, words in ((fast, "pictures a second"), (uneven, "uneven"), (large, "Entry 1 is 192x128")):
        assert words in why_encoded(lay_out(Reel((Part(clip=sources[0]), Part(clip=other)))))
    assert "mov does not" in why_encoded(
        lay_out(Reel((Part(clip=make_clip(tmp_path / "v.webm", codec="libvpx-vp9", options={})),))), suffix=".mov"
    )
