import json
from fractions import Fraction
from urllib.parse import unquote

import pytest

from pipeline.sound.deliver.layout import plain
from pipeline.sound.deliver.otio import write_otio

RATES = ("24000/1001", "24", "30000/1001", "50", "60000/1001", "25/2")

otio = pytest.importorskip("opentimelineio")


def read(session, path):
    write_otio(session, path)
    return otio.adapters.read_from_file(str(path))


def sounds(timeline):
    """(track, clip, start in seconds) of every clip that sounds."""
    for track in timeline.audio_tracks():
        for clip in track.find_clips():
            yield track, clip, clip.range_in_parent().start_time.to_seconds()


def test_every_clip_is_on_its_frame(any_rate, tmp_path):
    session = any_rate.usual()
    timeline = read(session, tmp_path / "a.otio")
    truth = {clip.id: (track, clip) for track in session.tracks for clip in track.clips}
    half_frame_s = 0.5 / float(any_rate.rate) + 1e-6
    for track, clip, start_s in sounds(timeline):
        known_track, known = truth.pop(clip.metadata["foleymark"]["id"])
        assert track.name.startswith(known_track.name)
        assert clip.name == known.name
        assert abs(start_s - known.start_samples / 48000) <= half_frame_s
        assert abs(clip.duration().to_seconds() - known.length_samples / 48000) <= 2 * half_frame_s
        assert abs(clip.source_range.start_time.to_seconds() - known.source_start_samples / 48000) <= half_frame_s
        assert clip.source_range.end_time_exclusive() <= clip.available_range().end_time_exclusive()
        assert clip.metadata["foleymark"]["start_samples"] == known.start_samples
        assert clip.metadata["foleymark"]["gain_db"] == known.gain_db
    assert not truth


def test_colours_markers_notes_and_music_are_there(sessions, tmp_path):
    session = sessions.usual()
    timeline = read(session, tmp_path / "a.otio")
    assert timeline.name == session.name
    markers = [(m.name, m.marked_range.start_time.value, m.color) for m in timeline.tracks.markers]
    assert markers == [("start", 0, "RED"), ("cut ‘two’", 51, "RED"), ("hit & <run>", 194, "BLUE")]
    impacts = next(t for t in timeline.audio_tracks() if t.name == "FX-impacts 1")
    assert [round(v * 255) for v in (impacts.color.r, impacts.color.g, impacts.color.b)] == [0xE2, 0x70, 0x3A]
    facts = timeline.metadata["foleymark"]
    assert list(facts["notes"]) == ["loudness: -14.0 LUFS"]
    assert facts["master_gain_db"] == 2.5
    assert [list(point) for point in facts["downbeats"]] == [list(point) for point in session.downbeats]
    bed = next(clip for track, clip, _ in sounds(timeline) if track.name == "BG")
    assert min(db for _, db in bed.metadata["foleymark"]["levels"]) == -10.0
    assert bed.metadata["foleymark"]["note"].endswith("CC0 by someone")


def test_media_and_picture_are_found_from_the_timeline(sessions, tmp_path):
    timeline = read(sessions.usual(), tmp_path / "a.otio")
    picture = timeline.video_tracks()[0][0]
    assert unquote(picture.media_reference.target_url) == "clip #1 100%.mp4"
    assert picture.duration().value == 250
    assert all(unquote(clip.media_reference.target_url).startswith("media/cue ") for _, clip, _ in sounds(timeline))


@pytest.mark.parametrize(
    ("adapter", "suffix", "rate"),
    [("AAF", "aaf", "24000/1001"), *(("fcp_xml", "xml", rate) for rate in RATES)],
)
def test_stock_adapters_take_it_and_keep_times(sessions, tmp_path, adapter, suffix, rate):
    sessions.rate = Fraction(rate)
    timeline = read(sessions.usual(), tmp_path / "a.otio")
    converted = tmp_path / f"b.{suffix}"
    otio.adapters.write_to_file(timeline, str(converted), adapter_name=adapter)
    again = otio.adapters.read_from_file(str(converted), adapter_name=adapter)
    starts = {
        clip.name: clip.transformed_time(clip.source_range.start_time, again.tracks).to_seconds()
        for clip in again.find_clips()
        if clip.name.startswith("sound")
    }
    frame_s = 1 / float(sessions.rate)
    known = {clip.name: start_s for _, clip, start_s in sounds(timeline)}
    assert starts.keys() == known.keys()
    assert all(abs(starts[name] - start_s) < frame_s / 4 for name, start_s in known.items())


def test_hostile_names_stay_names(sessions, tmp_path):
    session = sessions.hostile()
    timeline = read(session, tmp_path / "a.otio")
    assert [clip.name for _, clip, _ in sounds(timeline)] == [plain(clip.name) for clip in session.tracks[1].clips]
    json.loads((tmp_path / "a.otio").read_text("utf-8"))


def test_an_hour_with_hundreds_of_clips_and_the_same_bytes_again(sessions, tmp_path):
    session = sessions.many()
    timeline = read(session, tmp_path / "a.otio")
    assert len(list(sounds(timeline))) == 300
    write_otio(session, tmp_path / "b.otio")
    assert (tmp_path / "a.otio").read_bytes() == (tmp_path / "b.otio").read_bytes()


def test_nothing_but_a_length_is_a_timeline_too(sessions, tmp_path):
    timeline = read(sessions.session({}, picture=None, markers=(), tempo=(), downbeats=()), tmp_path / "a.otio")
    assert not list(sounds(timeline))
    assert [track.name for track in timeline.tracks] == ["DX", "FX-impacts", "FX-foley", "BG", "MX"]
