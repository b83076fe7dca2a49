"""A session's sounds: their sum is the mix, they begin on frames, names are harmless, memory is flat."""

import tracemalloc
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import soundfile

from pipeline.records import Cue, SoundPlan
from pipeline.sound.deliver.media import session_of
from pipeline.sound.mix.buses import ducked_stems, plan_ducking
from pipeline.sound.mix.mixer import mix
from pipeline.sound.render import iter_stems, render_stems

RATE_HZ = 48000
NTSC = Fraction(30000, 1001)


def cue(name, sound, time_s, *, stem="FX-impacts", length_s=1.0, **fields):
    return Cue(name, stem, time_s, length_s, "OBJECTS", sound, **fields)


CUES = (
    cue("hit", "impact/metal", 0.02, level_db=-7.0, pan=-0.3, length_s=2.0, parameters={"room": 0.5}),
    cue("moving", "whoosh/air", 1.0, stem="FX-foley", pan_automation=((0.0, -1.0), (1.0, 1.0)), level_db=4.0),
    cue("step", "footstep/wood", 1.75, stem="FX-foley", level_db=-2.0),
    cue("drag", "scrape/metal", 2.1, stem="FX-foley", length_s=1.2, automation=((0.0, -9.0), (1.0, 0.0))),
    cue("rain", "ambience/rain", 0.0, stem="BG", length_s=4.0, level_db=-6.0, automation=((0.0, -6.0), (2.0, 0.0))),
    cue("late wind", "ambience/wind", 1.3, stem="BG", length_s=1.1, pan=0.4, level_db=-3.0),
    cue("over the end", "thunder/clap", 3.8, length_s=6.0),
)
PLAN = SoundPlan(4.0, CUES, markers_s=(1.0, 2.5), accents_s=(1.75,))


def delivered(plan, folder, *, production=None, rate=NTSC, **settings):
    stems = render_stems(plan, folder / "stems", production=production)
    finished = mix(stems, folder / "mix.wav")
    made = session_of(
        plan, stems, folder / "out", name="clip", frame_rate=rate, size_px=(640, 360), mix=finished, **settings
    )
    return stems, made


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The usual plan, rendered and delivered."""
    return delivered(PLAN, tmp_path_factory.mktemp("usual"))


def laid(session, track, *, ducked):
    """What an editor would hear of a track, float64 [2, samples]."""
    total = np.zeros((2, session.length_samples))
    for clip in track.clips:
        sound, _ = soundfile.read(clip.file, dtype="float64", always_2d=True)
        assert len(sound) == clip.file_samples
        part = sound.T[:, clip.source_start_samples :][:, : clip.length_samples]
        total[:, clip.start_samples : clip.start_samples + clip.length_samples] += 10 ** (clip.gain_db / 20) * part
    if ducked and track.automation:
        times_s, levels_db = np.asarray(track.automation).T
        total *= 10 ** (np.interp(np.arange(session.length_samples) / session.sample_rate_hz, times_s, levels_db) / 20)
    return total


def test_each_track_is_its_stem(usual):
    stems, session = usual
    assert [track.name for track in session.tracks] == ["FX-impacts", "FX-foley", "BG"]
    for track in session.tracks:
        stem, _ = soundfile.read(stems.folder / stems.files[track.name], dtype="float64")
        assert np.abs(laid(session, track, ducked=False) - stem.T).max() < 1e-6
        assert np.abs(stem).max() > 0.01


def test_all_of_it_is_the_mix_before_its_limiter(tmp_path):
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    # a tone in the middle of the clip: it is no speech, so there is ducking and no dip
    own = 0.2 * np.sin(2 * np.pi * 300 * time_s) * ((time_s > 1.5) & (time_s < 2.2))
    soundfile.write(tmp_path / "own.wav", np.stack([own, own], axis=1), RATE_HZ, subtype="FLOAT")
    stems, session = delivered(PLAN, tmp_path, production=tmp_path / "own.wav")
    assert [clip.name for clip in session.tracks[0].clips] == ["Production sound"]
    assert any(track.automation for track in session.tracks)
    heard = sum(laid(session, track, ducked=True) for track in session.tracks) * 10 ** (session.master_gain_db / 20)
    ducking = plan_ducking(stems)
    assert not ducking.amount.any()
    blocks = [sum(block.values()) for block in ducked_stems(stems, ducking)]
    wanted = np.concatenate(blocks, axis=1) * 10 ** (session.master_gain_db / 20)
    assert np.abs(heard - wanted).max() < 2e-3 * np.abs(wanted).max()


def test_levels_are_gains_of_clips_and_not_in_the_files(usual, tmp_path):
    _, session = usual
    gains = {clip.id: clip.gain_db for track in session.tracks for clip in track.clips}
    assert gains == {one.id: one.level_db for one in CUES}
    louder = replace(PLAN, cues=tuple(replace(one, level_db=one.level_db + 5) for one in CUES))
    _, other = delivered(louder, tmp_path / "louder")
    for track, again in zip(session.tracks, other.tracks, strict=True):
        for clip, twin in zip(track.clips, again.clips, strict=True):
            assert clip.file.name == twin.file.name
            assert np.array_equal(soundfile.read(clip.file)[0], soundfile.read(twin.file)[0])


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), NTSC, Fraction(50), Fraction(7, 2)])
def test_files_begin_on_frames(usual, tmp_path, rate):
    session = session_of(PLAN, usual[0], tmp_path, name="x", frame_rate=rate, size_px=(16, 16))
    for clip in (clip for track in session.tracks for clip in track.clips):
        frame = round(clip.start_samples * rate / RATE_HZ)
        assert clip.start_samples == round(frame * RATE_HZ / rate)
        end = clip.start_samples + clip.length_samples
        assert end == session.length_samples or end == round(round(end * rate / RATE_HZ) * RATE_HZ / rate)
        assert end <= session.length_samples


def test_rendering_from_the_middle_changes_nothing():
    for one in CUES:
        alone = SoundPlan(4.0, (one,))
        whole = np.concatenate([block[one.stem] for block in iter_stems(alone)], axis=1)
        start = max(round((one.time_s - 0.25) * RATE_HZ), 0)
        part = np.concatenate([block[one.stem] for block in iter_stems(alone, start_samples=start)], axis=1)
        assert np.array_equal(part, whole[:, start:])


def test_hostile_names_stay_inside(tmp_path):
    names = ("../../etc/passwd", "a/b\\c:d*?", "\u202eevil\x00\n", "x" * 300, "CON", "雨", "", "Same", "same")
    plan = SoundPlan(1.0, tuple(cue(name, "click/switch", 0.1, length_s=0.1) for name in names))
    _, session = delivered(plan, tmp_path)
    files = [clip.file for track in session.tracks for clip in track.clips]
    assert len({file.name.lower() for file in files}) == len(names)
    for file in files:
        assert file.parent == tmp_path / "out" / "media"
        assert len(file.name) < 120
        assert all(sign.isascii() and (sign.isalnum() or sign in "-_.") for sign in file.name)
    assert all(clip.name.isprintable() and clip.note.isprintable() for track in session.tracks for clip in track.clips)


def test_a_silent_cue_gets_no_file(tmp_path):
    plan = replace(PLAN, cues=(CUES[2], cue("never", "impact/wood", 4.5, length_s=0.1)))
    _, session = delivered(plan, tmp_path)
    assert [clip.id for track in session.tracks for clip in track.clips] == ["step"]
    assert len(list((tmp_path / "out" / "media").iterdir())) == 1


def test_markers_in_order(usual):
    _, session = usual
    assert [(marker.time_s, marker.kind) for marker in session.markers] == [
        (1.0, "cut"),
        (1.75, "accent"),
        (2.5, "cut"),
    ]


def test_memory_does_not_grow_with_the_length(tmp_path):
    def peak(seconds):
        plan = SoundPlan(seconds, (cue("bed", "ambience/rain", 0.0, stem="BG", length_s=seconds),))
        stems = render_stems(plan, tmp_path / f"stems{seconds}")
        tracemalloc.start()
        session_of(plan, stems, tmp_path / f"out{seconds}", name="x", frame_rate=Fraction(25), size_px=(16, 16))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1.0)
    assert peak(18.0) < 1.2 * peak(6.0)
