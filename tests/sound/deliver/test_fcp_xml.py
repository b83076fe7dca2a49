import logging
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from urllib.parse import unquote, urlparse

import pytest

from pipeline.sound.deliver.fcp_xml import write_fcp_xml
from pipeline.sound.deliver.layout import counted_rate, plain

otio = pytest.importorskip("opentimelineio")


def written(session, path):
    write_fcp_xml(session, path)
    return ET.fromstring(path.read_text("utf-8"))


def whole(element, name):
    return int(element.findtext(name))


def pairs(root):
    """The two channels of every lane."""
    tracks = root.findall("sequence/media/audio/track")
    return list(zip(tracks[::2], tracks[1::2], strict=True))


def test_every_clip_is_on_its_frame_in_both_channels(any_rate, tmp_path):
    session = any_rate.usual()
    root = written(session, tmp_path / "a.xml")
    rate = float(counted_rate(any_rate.rate).rate)
    truth = {clip.name: (track, clip) for track in session.tracks for clip in track.clips}
    for left, right in pairs(root):
        assert [c.findtext("name") for c in left.findall("clipitem")] == [
            c.findtext("name") for c in right.findall("clipitem")
        ]
        for channel, track in ((1, left), (2, right)):
            assert whole(track, "outputchannelindex") == channel
            for item in track.findall("clipitem"):
                known_track, known = truth[item.findtext("name")]
                assert track.get("MZ.TrackName").startswith(known_track.name)
                assert abs(whole(item, "start") / rate - known.start_samples / 48000) <= 0.5 / rate + 1e-9
                assert abs(whole(item, "in") / rate - known.source_start_samples / 48000) <= 0.5 / rate + 1e-9
                assert whole(item, "end") - whole(item, "start") == whole(item, "out") - whole(item, "in") >= 1
                assert whole(item, "out") <= whole(item, "duration")
                assert item.findtext("sourcetrack/trackindex") == str(channel)
    assert sum(len(left.findall("clipitem")) for left, _ in pairs(root)) == len(truth)


@pytest.mark.parametrize(
    ("rate", "base", "ntsc"), [("24000/1001", 24, "TRUE"), ("25", 25, "FALSE"), ("60000/1001", 60, "TRUE")]
)
def test_rates_are_said_as_the_format_wants(sessions, tmp_path, rate, base, ntsc):
    sessions.rate = Fraction(rate)
    root = written(sessions.usual(), tmp_path / "a.xml")
    rates = {(whole(r, "timebase"), r.findtext("ntsc")) for r in root.iter("rate")}
    assert rates == {(base, ntsc)}


def test_channels_are_linked_and_files_told_once(sessions, tmp_path):
    root = written(sessions.usual(), tmp_path / "a.xml")
    tracks = root.findall("sequence/media/audio/track")
    items = {item.get("id"): item for item in root.iter("clipitem")}
    assert len(items) == len(list(root.iter("clipitem")))
    for track in tracks:
        for item in track.findall("clipitem"):
            links = item.findall("link")
            assert len(links) == 2
            for link in links:
                other = tracks[whole(link, "trackindex") - 1].findall("clipitem")[whole(link, "clipindex") - 1]
                assert other.get("id") == link.findtext("linkclipref")
                assert other.findtext("name") == item.findtext("name")
    told = [file.get("id") for file in root.iter("file") if len(file)]
    assert sorted(told) == sorted({file.get("id") for file in root.iter("file")})
    assert all(file.findtext("media/audio/channelcount") == "2" for file in root.findall(".//audio//file") if len(file))


def test_media_addresses_lead_to_the_files(sessions, tmp_path):
    session = sessions.usual()
    root = written(session, tmp_path / "a.xml")
    paths = {unquote(urlparse(url.text).path) for url in root.iter("pathurl")}
    assert paths == {str(c.file) for t in session.tracks for c in t.clips} | {str(session.picture)}
    assert all(url.text.startswith("file://localhost/") and " " not in url.text for url in root.iter("pathurl"))


def level_at(item, frame):
    """Decibels of the filter at a frame of the file, straight lines between keyframes."""
    parameter = item.find("filter/effect/parameter")
    assert parameter.findtext("parameterid") == "level"
    frames = [(whole(k, "when"), float(k.findtext("value"))) for k in parameter.findall("keyframe")]
    if not frames:
        return 20 * math.log10(float(parameter.findtext("value")))
    before = [f for f in frames if f[0] <= frame][-1]
    after = next((f for f in frames if f[0] > frame), before)
    share = (frame - before[0]) / (after[0] - before[0]) if after != before else 0
    return 20 * math.log10(before[1] + (after[1] - before[1]) * share)


def test_levels_are_gain_master_and_ducking(sessions, tmp_path):
    session = sessions.usual()
    root = written(session, tmp_path / "a.xml")
    items = {item.findtext("name"): item for item in root.iter("clipitem")}
    for clip in session.tracks[1].clips:
        assert level_at(items[clip.name], 0) == pytest.approx(clip.gain_db + 2.5, abs=1e-3)
    bed, second = session.tracks[3].clips
    for time_s, ducked_db in (
        (0.5, 0.0),
        (1.0, 0.0),
        (1.2, -10.0),
        (1.6, -10.0),
        (2.48, -10.0),
        (3.12, 0.0),
        (4.0, 0.0),
    ):
        assert level_at(items[bed.name], round(time_s * 25)) == pytest.approx(bed.gain_db + 2.5 + ducked_db, abs=0.02)
    assert not items[second.name].findall(".//keyframe")


def test_too_loud_is_set_to_the_most_and_said(sessions, tmp_path, caplog):
    session = sessions.session({"BG": [sessions.clip(0.0, 1.0, gain_db=15.0), sessions.clip(2.0, 1.0)]})
    with caplog.at_level(logging.WARNING):
        root = written(session, tmp_path / "a.xml")
    assert float(root.findtext(".//audio//clipitem//parameter/value")) == 3.98109
    assert "1 clips" in caplog.text


def test_labels_markers_notes(sessions, tmp_path):
    session = sessions.usual()
    root = written(session, tmp_path / "a.xml")
    labels = {
        track.get("MZ.TrackName"): {i.findtext("labels/label2") for i in track.findall("clipitem")}
        for track, _ in pairs(root)
    }
    assert labels["FX-impacts 1"] == {"Mango"} and labels["BG"] == {"Forest"} and labels["MX"] == {"Violet"}
    markers = [(m.findtext("name"), whole(m, "in"), whole(m, "out")) for m in root.findall("sequence/marker")]
    assert markers == [("start", 0, -1), ("cut ‘two’", 51, -1), ("hit & <run>", 194, -1)]
    colours = [tuple(whole(m, f"color/{c}") for c in ("red", "green", "blue")) for m in root.findall("sequence/marker")]
    assert colours[2] == (0x40, 0xA0, 0xE0)
    note = root.findtext(".//audio//clipitem/comments/mastercomment1")
    assert note.splitlines() == ["why 1", "CC0 by someone"]
    assert root.findtext("sequence/comments/mastercomment1") == "loudness: -14.0 LUFS"


def test_stock_adapter_reads_names_times_and_markers(any_rate, tmp_path):
    session = any_rate.usual()
    write_fcp_xml(session, tmp_path / "a.xml")
    timeline = otio.adapters.read_from_file(str(tmp_path / "a.xml"), adapter_name="fcp_xml")
    known = {clip.name: clip for track in session.tracks for clip in track.clips}
    half_frame_s = 0.5 / float(any_rate.rate) + 1e-6
    found = [clip for track in timeline.audio_tracks() for clip in track.find_clips()]
    assert {clip.name for clip in found} == known.keys()
    for clip in found:
        assert (
            abs(clip.range_in_parent().start_time.to_seconds() - known[clip.name].start_samples / 48000) <= half_frame_s
        )
    assert [marker.name for marker in timeline.tracks.markers] == [marker.name for marker in session.markers]
    # it knows the two channels of a stereo track as one
    lanes = ["DX", "FX-impacts 1", "FX-impacts 2", "FX-impacts 3", "FX-foley", "BG", "MX"]
    assert [track.name for track in timeline.audio_tracks()] == lanes
    assert timeline.video_tracks()[0][0].name == session.picture.name


def test_hostile_names_stay_names(sessions, tmp_path):
    session = sessions.hostile()
    root = written(session, tmp_path / "a.xml")
    names = {item.findtext("name") or "" for item in root.findall(".//audio//clipitem")}
    assert names == {plain(clip.name) for clip in session.tracks[1].clips}


def test_an_hour_with_hundreds_of_clips_and_the_same_bytes_again(sessions, tmp_path):
    session = sessions.many()
    root = written(session, tmp_path / "a.xml")
    assert len(root.findall(".//audio//clipitem")) == 600
    write_fcp_xml(session, tmp_path / "b.xml")
    assert (tmp_path / "a.xml").read_bytes() == (tmp_path / "b.xml").read_bytes()


def test_no_picture_no_clips(sessions, tmp_path):
    root = written(replace(sessions.session({}), picture=None, markers=()), tmp_path / "a.xml")
    assert not list(root.iter("clipitem"))
    assert whole(root.find("sequence"), "duration") == 250
