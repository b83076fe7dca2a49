import re
from dataclasses import replace
from fractions import Fraction

import pytest

from pipeline.sound.deliver.edl import code_of, edl_files, write_edl
from pipeline.sound.deliver.layout import CountedRate, counted_rate, plain

pycmx = pytest.importorskip("pycmx")
otio = pytest.importorskip("opentimelineio")


def read(path):
    with open(path, encoding="utf-8") as stream:
        return pycmx.parse_cmx3600(stream)


def edits(path):
    return [edit for event in read(path).events for edit in event.edits]


def frame_of(code, rate):
    """Frame of a timecode, by OpenTimelineIO."""
    return otio.opentime.from_timecode(code, float(rate)).value


@pytest.mark.parametrize(
    "counted", [CountedRate(24, True), CountedRate(25, False), CountedRate(30, True), CountedRate(60, True)]
)
def test_timecode_is_what_opentimelineio_says(counted):
    rate = float(counted.rate)
    near_minutes = [
        m * 60 * counted.base + k for m in range(0, 130, 7) for k in (-2, -1, 0, 1, 2, 3, 4, 5) if m or k >= 0
    ]
    for frame in [*range(0, 4 * counted.base, 7), *near_minutes, 3600 * counted.base, 107_892]:
        drops = counted.ntsc and counted.base in (30, 60)
        assert code_of(frame, counted) == otio.opentime.to_timecode(
            otio.opentime.RationalTime(frame, rate), rate, drops
        )


def test_every_clip_is_on_its_frame(any_rate, tmp_path):
    session = any_rate.usual()
    write_edl(session, tmp_path / "a.edl")
    rate = counted_rate(any_rate.rate).rate
    half_frame_s = 0.5 / float(rate) + 1e-9
    truth = {clip.name: clip for track in session.tracks for clip in track.clips}
    for path in edl_files(session, tmp_path / "a.edl")[1:]:
        for edit in edits(path):
            clip = truth.pop(edit.clip_name)
            start, end, source, source_end = (
                frame_of(code, rate) for code in (edit.record_in, edit.record_out, edit.source_in, edit.source_out)
            )
            assert abs(start / rate - Fraction(clip.start_samples, 48000)) <= half_frame_s
            assert abs(source / rate - Fraction(clip.source_start_samples, 48000)) <= half_frame_s
            assert end - start == source_end - source >= 1
            assert set(edit.channels.channels) == {1, 2} and not edit.channels.video
            assert edit.aux_source
            assert tmp_path / edit.source_file == clip.file
    assert not truth


def test_a_list_for_every_lane_and_one_for_the_picture(sessions, tmp_path):
    session = sessions.usual()
    write_edl(session, tmp_path / "a b.edl")
    files = edl_files(session, tmp_path / "a b.edl")
    names = ["a b.edl", "a b.FX-impacts-1.edl", "a b.FX-impacts-2.edl", "a b.FX-impacts-3.edl"]
    assert [f.name for f in files] == [*names, "a b.FX-foley.edl", "a b.BG.edl", "a b.MX.edl"]
    assert sorted(tmp_path.glob("*.edl")) == sorted(files)
    (picture,) = edits(files[0])
    assert picture.channels.video and not picture.channels.audio
    assert (picture.record_in, picture.record_out) == ("00:00:00:00", "00:00:10:00")
    assert picture.source_file == "clip #1 100%.mp4"
    assert read(files[3]).title == 'Film "ä" 1 FX-impacts 3'
    # no line that a reader of the standard would not know
    assert not [line for file in files for line in read(file).unrecognized_statements]


def test_levels_markers_and_notes_are_comments(sessions, tmp_path):
    session = sessions.usual()
    write_edl(session, tmp_path / "a.edl")
    text = (tmp_path / "a.BG.edl").read_text("utf-8")
    levels = dict(re.findall(r"\* AUDIO LEVEL AT (\S+) IS (\S+) DB", text.split("\n002 ")[0]))
    bed = session.tracks[3].clips[0]
    assert float(levels["00:00:00:00"]) == pytest.approx(bed.gain_db + 2.5)
    assert float(levels["00:00:01:05"]) == pytest.approx(bed.gain_db + 2.5 - 10)
    assert "* NOTE: CC0 by someone" in text
    picture = (tmp_path / "a.edl").read_text("utf-8")
    assert "* LOC: 00:00:02:01 RED     cut ‘two’" in picture
    assert "* LOC: 00:00:07:19 BLUE    hit & <run>" in picture
    assert "* loudness: -14.0 LUFS" in picture


@pytest.mark.parametrize(
    ("rate", "head"), [("30000/1001", "DROP FRAME"), ("24000/1001", "NON-DROP FRAME"), ("30", "NON-DROP FRAME")]
)
def test_it_says_how_frames_are_counted(sessions, tmp_path, rate, head):
    session = replace(sessions.usual(), frame_rate=Fraction(rate))
    write_edl(session, tmp_path / "a.edl")
    assert (tmp_path / "a.edl").read_text("utf-8").splitlines()[1] == f"FCM: {head}"


def test_stock_adapter_reads_channels_and_times(any_rate, tmp_path):
    session = any_rate.usual()
    write_edl(session, tmp_path / "a.edl")
    rate = float(counted_rate(any_rate.rate).rate)

    def timeline(name):
        return otio.adapters.read_from_file(str(tmp_path / name), adapter_name="cmx_3600", rate=rate)

    tracks = timeline("a.MX.edl").tracks
    assert [track.name for track in tracks] == ["A1", "A2"]
    (clip,) = tracks[0].find_clips()
    assert clip.name == session.tracks[4].clips[0].name
    # it lets a track begin with its first clip, and says by how much
    start = clip.range_in_parent().start_time - tracks[0].source_range.start_time
    assert abs(start.to_seconds() - 0.25) <= 0.5 / rate + 1e-9


def test_stock_adapter_reads_markers(sessions, tmp_path):
    session = sessions.usual()
    write_edl(session, tmp_path / "a.edl")
    (picture,) = otio.adapters.read_from_file(str(tmp_path / "a.edl"), adapter_name="cmx_3600", rate=25).find_clips()
    marked = [(m.name, m.marked_range.start_time.value, m.color) for m in picture.markers]
    assert marked == [("start", 0, "RED"), ("cut ‘two’", 51, "RED"), ("hit & <run>", 194, "BLUE")]


def test_without_a_picture_black_carries_the_markers(sessions, tmp_path):
    write_edl(sessions.usual(picture=None), tmp_path / "a.edl")
    (black,) = edits(tmp_path / "a.edl")
    assert black.black
    assert (tmp_path / "a.edl").read_text("utf-8").count("* LOC:") == 3


def test_a_fast_picture_is_counted_in_halves(sessions, tmp_path):
    write_edl(replace(sessions.usual(), frame_rate=Fraction(120000, 1001)), tmp_path / "a.edl")
    assert edits(tmp_path / "a.edl")[0].record_out == "00:00:09;59"


def test_hostile_names_stay_names(sessions, tmp_path):
    session = sessions.hostile()
    write_edl(session, tmp_path / "a.edl")
    found = edits(tmp_path / "a.FX-impacts.edl")
    assert [edit.clip_name for edit in found] == [plain(clip.name, 224).strip() for clip in session.tracks[1].clips]


def test_an_hour_with_hundreds_of_clips_and_the_same_bytes_again(sessions, tmp_path):
    session = sessions.many()
    write_edl(session, tmp_path / "a.edl")
    write_edl(session, tmp_path / "b.edl")
    pairs = list(zip(edl_files(session, tmp_path / "a.edl"), edl_files(session, tmp_path / "b.edl"), strict=True))
    assert sum(len(edits(one)) for one, _ in pairs) == 301
    assert all(one.read_bytes() == other.read_bytes() for one, other in pairs)
