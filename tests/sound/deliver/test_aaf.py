import math
import struct
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from urllib.parse import quote, unquote, urlparse

import numpy as np
import pytest
import soundfile

from pipeline.errors import UnreadableInput
from pipeline.sound.deliver.aaf import write_aaf
from pipeline.sound.deliver.layout import level_db, plain

aaf2 = pytest.importorskip("aaf2")
otio = pytest.importorskip("opentimelineio")


@pytest.fixture
def opened(tmp_path):
    """Write a session and open it with pyaaf2."""
    files = []

    def write(session):
        write_aaf(session, tmp_path / "a.aaf")
        files.append(aaf2.open(str(tmp_path / "a.aaf")))
        return files[-1]

    yield write
    for file in files:
        file.close()


def composition(file):
    (top,) = file.content.toplevel()
    return top


def sound_slots(file):
    return [slot for slot in composition(file).slots if slot.media_kind == "Sound"]


def clips(slot):
    """(start in units of the slot, outermost segment) of every clip of a slot."""
    at = 0
    for component in slot.segment.components:
        if not isinstance(component, aaf2.components.Filler):
            yield at, component
        at += component.length


def sources(segment):
    """Source clips inside of operation groups, one a channel."""
    while True:
        inner = list(segment.segments)
        if isinstance(inner[0], aaf2.components.SourceClip):
            return inner
        (segment,) = inner


def gains(segment):
    """Parameters of the gain groups around a clip, from outside in."""
    found = []
    while segment.operation.name == "Mono Audio Gain":
        found += list(segment.parameters)
        (segment,) = list(segment.segments)
    return found


def tags(objects):
    return {tag.name: tag.value for tag in objects}


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "25/2"])
def test_every_clip_is_at_its_sample_in_both_channels(sessions, opened, rate):
    sessions.rate = Fraction(rate)
    session = sessions.usual()
    file = opened(session)
    truth = {clip.name: (track, clip) for track in session.tracks for clip in track.clips}
    for slot in sound_slots(file):
        assert slot.edit_rate == 48000
        assert slot.segment.length == sum(c.length for c in slot.segment.components) == 480000
        for start, segment in clips(slot):
            left, right = sources(segment)
            track, clip = truth.pop(left.mob.name)
            assert slot.name.startswith(track.name)
            assert (left.mob, left.slot_id, right.mob, right.slot_id) == (left.mob, 1, left.mob, 2)
            for source in (left, right):
                assert (start, source.start, source.length) == (
                    clip.start_samples,
                    clip.source_start_samples,
                    clip.length_samples,
                )
    assert not truth


def test_masters_lead_to_the_files(sessions, opened, tmp_path):
    session = sessions.usual()
    file = opened(session)
    truth = {clip.name: clip for track in session.tracks for clip in track.clips}
    masters = [mob for mob in file.content.mastermobs() if mob.name in truth]
    assert len(masters) == len(truth)
    for master in masters:
        clip = truth[master.name]
        assert master.comments["Comments"].splitlines()[-1] == "CC0 by someone"
        for number, slot in enumerate(master.slots, 1):
            descriptor = slot.segment.mob.descriptor
            assert descriptor["Length"].value == clip.file_samples
            assert slot.segment.slot["PhysicalTrackNumber"].value == number
            absolute, relative = (locator["URLString"].value for locator in descriptor["Locator"])
            assert unquote(urlparse(absolute).path) == str(clip.file)
            assert tmp_path / unquote(relative) == clip.file
            assert bytes(descriptor["Summary"].value)[:4] == b"RIFF"


def test_mob_ids_are_unique_and_the_same_bytes_come_again(sessions, opened, tmp_path):
    session = sessions.usual()
    file = opened(session)
    assert max(Counter(str(mob.mob_id) for mob in file.content.mobs).values()) == 1
    write_aaf(session, tmp_path / "b.aaf")
    assert (tmp_path / "a.aaf").read_bytes() == (tmp_path / "b.aaf").read_bytes()


def test_gain_and_ducking_are_what_the_session_says(sessions, opened):
    session = sessions.usual()
    file = opened(session)
    truth = {clip.name: (track, clip) for track in session.tracks for clip in track.clips}
    moving = 0
    for slot in sound_slots(file):
        for _, segment in clips(slot):
            track, clip = truth[sources(segment)[0].mob.name]
            parameters = gains(segment)
            moving += any(isinstance(p, aaf2.misc.VaryingValue) for p in parameters)
            assert {p.name for p in parameters} <= {"Amplitude"}
            for share in (0.0, 0.11, 0.1185, 0.122, 0.2, 0.27, 0.31, 0.5, 0.99):
                told_db = sum(20 * math.log10(float(p.value_at(share))) for p in parameters)
                time_s = (clip.start_samples + share * clip.length_samples) / 48000
                ducked_db = level_db(track.automation, time_s)
                assert told_db == pytest.approx(clip.gain_db + session.master_gain_db + ducked_db, abs=0.02)
    assert moving == 2


def test_colours_are_on_clips_and_masters(sessions, opened):
    file = opened(sessions.usual())
    impacts = sound_slots(file)[1]
    _, segment = next(clips(impacts))
    wanted = {"_COLOR_R": 0xE2E2, "_COLOR_G": 0x7070, "_COLOR_B": 0x3A3A}
    assert tags(segment["ComponentAttributeList"].value) == wanted
    assert tags(sources(segment)[0].mob["MobAttributeList"].value) == wanted


def test_markers_have_names_frames_and_colours(sessions, opened):
    sessions.rate = Fraction(24000, 1001)
    session = sessions.usual()
    file = opened(session)
    (slot,) = [s for s in composition(file).slots if isinstance(s, aaf2.mobslots.EventMobSlot)]
    rate = float(slot.edit_rate)
    assert rate == pytest.approx(24000 / 1001)
    events = list(slot.segment.components)
    for event, marker in zip(events, session.markers, strict=True):
        assert event["Comment"].value == marker.name
        assert abs(event["Position"].value / rate - marker.time_s) <= 0.5 / rate + 1e-9
    colours = [tags(event["CommentMarkerAttributeList"].value)["_ATN_CRM_COLOR"] for event in events]
    assert colours == ["Red", "Red", "Blue"]
    assert events[2]["CommentMarkerColor"].value == {"red": 0x4040, "green": 0xA0A0, "blue": 0xE0E0}


def test_picture_and_timecode_are_in_frames(sessions, opened):
    session = sessions.usual()
    file = opened(session)
    code, picture = list(composition(file).slots)[:2]
    assert (code.segment.fps, code.segment.start, code.edit_rate) == (25, 0, 25)
    (clip,) = picture.segment.components
    assert (clip.length, clip.mob.name) == (250, session.picture.name)


@pytest.mark.parametrize("rate", ["24000/1001", "60000/1001"])
def test_stock_adapter_reads_names_times_and_markers(sessions, tmp_path, rate):
    sessions.rate = Fraction(rate)
    session = sessions.usual()
    write_aaf(session, tmp_path / "a.aaf")
    timeline = otio.adapters.read_from_file(str(tmp_path / "a.aaf"), adapter_name="AAF")
    known = {clip.name: clip for track in session.tracks for clip in track.clips}
    found = Counter()
    for track in timeline.tracks:
        for item in track:
            if isinstance(item, otio.schema.Stack):
                found[item.name] += 1
                assert item.range_in_parent().start_time.value == known[item.name].start_samples
                assert item.duration().value == known[item.name].length_samples
    assert found == Counter(dict.fromkeys(known, 1))
    assert {marker.name for marker in timeline.find_children(descended_from_type=otio.schema.Clip)[0].markers} == {
        marker.name for marker in session.markers
    }
    assert [track.name for track in timeline.audio_tracks()][:2] == ["FX-impacts 1", "FX-impacts 2"]


def test_files_are_described_as_they_are(sessions, opened):
    clip = sessions.clip(0.0, 0.1)
    clip.file.parent.mkdir()
    soundfile.write(clip.file, np.zeros((clip.file_samples, 2)), 48000, subtype="FLOAT")
    file = opened(sessions.session({"BG": [clip]}))
    assert described(file, clip) == (3, 2, 48000, 48000 * 8, 8, 32)


def test_a_folder_that_will_be_moved_is_read_here_and_named_there(sessions, tmp_path):
    clip = sessions.clip(0.0, 0.1)
    clip.file.parent.mkdir()
    soundfile.write(clip.file, np.zeros((clip.file_samples, 2)), 48000, subtype="PCM_16")
    home = tmp_path.parent / "home"
    there = replace(clip, file=home / clip.file.relative_to(tmp_path))
    write_aaf(sessions.session({"BG": [there]}), tmp_path / "a.aaf", home=home)
    with aaf2.open(str(tmp_path / "a.aaf")) as file:
        assert described(file, clip) == (1, 2, 48000, 48000 * 4, 4, 16)
        (master,) = [mob for mob in file.content.mastermobs() if mob.name == clip.name]
        urls = [x["URLString"].value for x in master.slots[0].segment.mob.descriptor["Locator"]]
    assert urls == [there.file.as_uri(), quote(f"media/{clip.file.name}")]


def described(file, clip):
    """Format chunk in the descriptor of a clip's file."""
    (master,) = [mob for mob in file.content.mastermobs() if mob.name == clip.name]
    summary = bytes(master.slots[0].segment.mob.descriptor["Summary"].value)
    return struct.unpack_from("<HHIIHH", summary, 20)


def test_a_file_that_is_no_sound_is_said(sessions, tmp_path):
    clip = sessions.clip(0.0, 0.1)
    clip.file.parent.mkdir()
    clip.file.write_text("nothing")
    with pytest.raises(UnreadableInput, match="no sound file"):
        write_aaf(sessions.session({"BG": [clip]}), tmp_path / "a.aaf")
    assert not list(tmp_path.glob("*.aaf"))


def test_hostile_names_stay_names(sessions, opened):
    session = sessions.hostile()
    file = opened(session)
    names = [sources(segment)[0].mob.name for _, segment in clips(sound_slots(file)[1])]
    assert names == [plain(clip.name) or "Mob" for clip in session.tracks[1].clips]


def test_an_hour_with_hundreds_of_clips(sessions, opened):
    session = sessions.many()
    file = opened(session)
    found = [start for slot in sound_slots(file) for start, _ in clips(slot)]
    assert sorted(found) == sorted(clip.start_samples for track in session.tracks for clip in track.clips)


def test_no_picture_no_clips(sessions, opened):
    file = opened(replace(sessions.session({}), picture=None, markers=()))
    assert not list(file.content.mastermobs())
    assert [slot.name for slot in composition(file).slots] == [
        "Timecode",
        "Picture",
        "DX",
        "FX-impacts",
        "FX-foley",
        "BG",
        "MX",
    ]
