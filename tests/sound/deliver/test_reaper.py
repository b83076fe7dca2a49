from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.sound.deliver.layout import plain
from pipeline.sound.deliver.reaper import write_reaper

rpp = pytest.importorskip("rpp")

RATE_HZ = 48000


def read(session, path):
    write_reaper(session, path)
    return rpp.loads(path.read_text("utf-8"))


def value(element, name, place=1):
    return next(item for item in element if isinstance(item, list) and item[0] == name)[place]


def stems(project):
    return [track for track in project.findall("TRACK") if value(track, "NAME") != "Picture"]


def test_every_clip_is_at_its_sample_with_name_gain_and_file(any_rate, tmp_path):
    session = any_rate.usual()
    project = read(session, tmp_path / "a.rpp")
    for track, known_track in zip(stems(project), session.tracks, strict=True):
        assert value(track, "NAME") == known_track.name
        known = sorted(known_track.clips, key=lambda clip: clip.start_samples)
        items = track.findall("ITEM")
        assert [value(item, "NAME") for item in items] == [clip.name for clip in known]
        for item, clip in zip(items, known, strict=True):
            for name, samples in (
                ("POSITION", clip.start_samples),
                ("LENGTH", clip.length_samples),
                ("SOFFS", clip.source_start_samples),
            ):
                assert abs(float(value(item, name)) * RATE_HZ - samples) < 1e-3
            assert 20 * np.log10(float(value(item, "VOLPAN"))) == pytest.approx(clip.gain_db, abs=1e-6)
            source = item.find("SOURCE")
            assert source.attrib == ["WAVE"]
            assert tmp_path / value(source, "FILE") == clip.file
            assert item.find("NOTES").children == [f"|why {int(clip.id[3:])}", "|CC0 by someone"]


def test_colours_markers_and_master(sessions, tmp_path):
    session = sessions.usual()
    project = read(session, tmp_path / "a.rpp")
    assert int(value(stems(project)[1], "PEAKCOL")) == 0x13A70E2
    assert {int(value(item, "COLOR")) for item in stems(project)[1].findall("ITEM")} == {0x13A70E2}
    markers = [line for line in project if isinstance(line, list) and line[0] == "MARKER"]
    assert [(float(m[2]), m[3]) for m in markers] == [(m.time_s, m.name) for m in session.markers]
    assert [int(m[5]) for m in markers] == [0x14A4AD0, 0x14A4AD0, 0x1E0A040]
    assert 20 * np.log10(float(value(project, "MASTER_VOLUME"))) == pytest.approx(2.5)
    assert value(project, "SAMPLERATE") == "48000"


def test_picture_is_silent_and_whole(sessions, tmp_path):
    project = read(sessions.usual(), tmp_path / "a.rpp")
    picture = project.find("TRACK")
    assert value(picture, "NAME") == "Picture"
    item = picture.find("ITEM")
    assert float(value(item, "LENGTH")) == 10.0
    assert float(value(item, "VOLPAN")) == 0.0
    assert item.find("SOURCE").attrib == ["VIDEO"]
    assert value(item.find("SOURCE"), "FILE") == "clip #1 100%.mp4"


def bars(project):
    """Bar numbers and times as Reaper counts them from its tempo envelope."""
    points = [[float(x) for x in line[1:5]] for line in project.find("TEMPOENVEX") if line[0] == "PT" and len(line) > 4]
    every = [(float(line[1]), float(line[2])) for line in project.find("TEMPOENVEX") if line[0] == "PT"]
    offset = int(value(project, "PROJOFFS", 2))
    edges = [*(p[0] for p in points), 10.0]
    number, found = 1 + offset, []
    for (start_s, _, _, signature), end_s in zip(points, edges[1:], strict=True):
        beats, at_s = int(signature) & 0xFFFF, start_s
        while at_s < end_s - 1e-6:
            found.append((number, at_s))
            number += 1
            left = float(beats)
            while left > 1e-9:
                bpm = [b for t, b in every if t <= at_s + 1e-9][-1]
                change_s = min([t for t, _ in every if t > at_s + 1e-9], default=np.inf)
                step_s = min(left * 60 / bpm, change_s - at_s)
                left -= step_s * bpm / 60
                at_s += step_s
    return found


@pytest.mark.parametrize("first_s", [0.0, 0.25, 2.0])
def test_bars_begin_on_the_music_s_downbeats(sessions, tmp_path, first_s):
    tempo = ((first_s, 120.0), (first_s + 4.0, 90.0))
    downbeats = ((first_s, 1), (first_s + 2.0, 2), (first_s + 4.0, 3), (first_s + 4.0 + 8 / 3, 4))
    project = read(sessions.usual(tempo=tempo, downbeats=downbeats), tmp_path / "a.rpp")
    found = dict(bars(project))
    assert all(found[number] == pytest.approx(time_s, abs=1e-6) for time_s, number in downbeats)


def test_a_waltz_has_three_beats_a_bar(sessions, tmp_path):
    project = read(sessions.usual(tempo=((0.0, 180.0),), downbeats=((0.0, 5), (1.0, 6), (2.0, 7))), tmp_path / "a.rpp")
    assert value(project, "TEMPO", 2) == "3"
    assert dict(bars(project))[6] == pytest.approx(1.0)


def test_no_music_no_tempo(sessions, tmp_path):
    project = read(sessions.usual(tempo=(), downbeats=(), picture=None), tmp_path / "a.rpp")
    assert project.find("TEMPOENVEX") is None
    assert len(project.findall("TRACK")) == 5


def test_hostile_names_stay_names(sessions, tmp_path):
    session = sessions.hostile()
    project = read(session, tmp_path / "a.rpp")
    names = [value(item, "NAME") for item in stems(project)[1].findall("ITEM")]
    known = [plain(clip.name) for clip in session.tracks[1].clips]
    # only where a name has all three quotes does the backtick give way
    assert names == [name if '"' not in name or "'" not in name else name.replace("`", "'") for name in known]
    assert len(project.findall("TRACK")) == 6


def test_an_hour_with_hundreds_of_clips_and_the_same_bytes_again(sessions, tmp_path):
    session = sessions.many()
    project = read(session, tmp_path / "a.rpp")
    assert sum(len(track.findall("ITEM")) for track in stems(project)) == 300
    write_reaper(session, tmp_path / "b.rpp")
    assert (tmp_path / "a.rpp").read_bytes() == (tmp_path / "b.rpp").read_bytes()


def rendered(project, folder, samples):
    """What Reaper would play: items, straight lines of amplitude between envelope points, master."""
    total = np.zeros((samples, 2))
    for track in stems(project):
        sound = np.zeros((samples, 2))
        for item in track.findall("ITEM"):
            start, length, offset = (round(float(value(item, n)) * RATE_HZ) for n in ("POSITION", "LENGTH", "SOFFS"))
            file, _ = soundfile.read(folder / value(item.find("SOURCE"), "FILE"), always_2d=True)
            sound[start : start + length] += file[offset : offset + length] * float(value(item, "VOLPAN"))
        envelope = track.find("VOLENV2")
        if envelope:
            points = np.array([[float(x) for x in line[1:3]] for line in envelope if line[0] == "PT"])
            sound *= np.interp(np.arange(samples) / RATE_HZ, points[:, 0], points[:, 1])[:, None]
        total += sound
    return total * float(value(project, "MASTER_VOLUME"))


def expected(session, noises):
    """The sum the session promises, straight lines of decibels."""
    total = np.zeros((session.length_samples, 2))
    times = np.arange(session.length_samples) / RATE_HZ
    for track in session.tracks:
        for clip in track.clips:
            heard = noises[clip.id][clip.source_start_samples :][: clip.length_samples]
            levels = (
                np.interp(times, *zip(*track.automation, strict=True)) if track.automation else np.zeros(len(times))
            )
            at = slice(clip.start_samples, clip.start_samples + clip.length_samples)
            total[at] += heard * 10 ** ((clip.gain_db + levels[at, None]) / 20)
    return total * 10 ** (session.master_gain_db / 20)


def test_rendering_the_project_gives_the_mix(sessions, tmp_path):
    clip = sessions.clip
    bed = clip(0.0, 4.0, gain_db=-3.0)
    impacts = [clip(0.5, 1.0), clip(0.9, 1.1, source_start_samples=480), clip(0.9001, 0.3, gain_db=4.0)]
    music = clip(0.3333, 3.5)
    session = sessions.session({"BG": [bed], "FX-impacts": impacts, "MX": [music]}, length_samples=4 * RATE_HZ)
    noises = {}
    Path(tmp_path / "media").mkdir()
    rng = np.random.default_rng(3)
    for c in (bed, *impacts, music):
        noises[c.id] = rng.uniform(-0.3, 0.3, (c.file_samples + 480, 2)).astype(np.float32)
        soundfile.write(c.file, noises[c.id], RATE_HZ, subtype="FLOAT")
    heard = rendered(read(session, tmp_path / "a.rpp"), tmp_path, session.length_samples)
    truth = expected(session, noises)
    error_db = 20 * np.log10(np.std(heard - truth) / np.std(truth))
    assert error_db < -60
    # and it is the ducking that makes it so
    flat = replace(session, tracks=tuple(replace(track, automation=()) for track in session.tracks))
    assert 20 * np.log10(np.std(heard - expected(flat, noises)) / np.std(truth)) > -20
