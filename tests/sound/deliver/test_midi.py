"""MIDI: what two independent readers find lies where the score has it."""

from __future__ import annotations

import mido
import numpy as np
import pytest
import symusic

from pipeline.records import Cue, SoundPlan
from pipeline.sound.deliver.midi import GridPoint, map_ticks, write_midi
from pipeline.sound.music.parts import play
from pipeline.sound.music.score import compose
from pipeline.sound.music.styles import STYLES


def _cue(start_s: float, length_s: float, style: str = "cinematic", **changes) -> Cue:
    name = changes.pop("id", f"m{start_s:g}")
    return Cue(name, "MX", start_s, length_s, "MUSICAL", f"music/{style}", seed=3, **changes)


def _plan(*cues: Cue, duration_s: float, markers_s=()) -> SoundPlan:
    return SoundPlan(duration_s, cues, seed=3, markers_s=tuple(markers_s))


def _onsets(path) -> np.ndarray:
    return np.sort([note.start for track in symusic.Score(str(path)).to("second").tracks for note in track.notes])


@pytest.mark.parametrize("style", sorted(STYLES))
def test_notes_of_every_style_begin_where_the_score_has_them(style, tmp_path):
    cue = _cue(0.0, 40.0, style)
    plan = _plan(cue, duration_s=40.0, markers_s=(5.3, 11.07, 18.9, 24.44, 31.2))
    write_midi(plan, tmp_path / "music.mid")
    truth = np.sort([max(note.time_s, 0.0) for bar in play(compose(cue, plan)) for note in bar])
    found = _onsets(tmp_path / "music.mid")
    assert np.abs(truth[:, None] - found[None, :]).min(axis=1).max() < 0.001
    assert np.abs(found[:, None] - truth[None, :]).min(axis=1).max() < 0.001


def test_nothing_drifts_over_ten_minutes(tmp_path):
    cuts = np.cumsum(np.random.default_rng(1).uniform(2.3, 9.1, 140))
    cuts = cuts[cuts < 595]
    cue = _cue(0.0, 600.0)
    plan = _plan(cue, duration_s=600.0, markers_s=map(float, cuts))
    write_midi(plan, tmp_path / "music.mid")
    truth = np.array([note.time_s for bar in play(compose(cue, plan)) for note in bar])
    found = _onsets(tmp_path / "music.mid")
    error_s = np.abs(np.maximum(truth, 0)[:, None] - found[None, :]).min(axis=1)
    assert error_s.max() < 0.001
    # and the markers, read by the other reader
    texts = [(time_s, message.text) for time_s, message in _timed(tmp_path / "music.mid") if message.type == "marker"]
    at = [time_s for time_s, text in texts if text.startswith("cut ")]
    assert np.abs(np.array(at) - cuts).max() < 0.001


def test_tempos_in_whole_microseconds_never_add_up():
    beat_s = 60 / 97.3331
    points = [GridPoint(n * beat_s, 1.0, n % 4 == 0) for n in range(2000)]
    ticks = map_ticks(points)
    assert np.abs(np.array(ticks.times_s[:-1]) - [point.time_s for point in points]).max() < 0.00011
    # a constant tempo stays readable: it is not set anew at every beat
    assert len(ticks.tempos) < 60


def test_a_short_bar_has_a_signature_of_its_own_and_a_cut_begins_a_bar(tmp_path):
    cue = _cue(0.0, 24.0)
    plan = _plan(cue, duration_s=24.0, markers_s=(3.1, 8.77, 15.2))
    tempo = compose(cue, plan).tempo
    write_midi(plan, tmp_path / "music.mid")
    bars = _bar_lines(tmp_path / "music.mid")
    starts = [max(tempo.beats_s[index], 0.0) for index in tempo.downbeats if tempo.beats_s[index] < 24]
    for start_s in starts:
        assert np.abs(bars - start_s).min() < 0.001, start_s


def test_tracks_have_names_programs_levels_and_drums_their_channel(tmp_path):
    plan = _plan(_cue(0.0, 30.0, "cinematic"), duration_s=30.0)
    write_midi(plan, tmp_path / "music.mid")
    read = mido.MidiFile(tmp_path / "music.mid")
    assert read.type == 1
    assert read.tracks[0].name == "Foleymark music"
    parts = read.tracks[1:]
    assert len({part.name for part in parts}) == len(parts) > 1
    for part in parts:
        kinds = {message.type for message in part}
        controls = {message.control for message in part if message.type == "control_change"}
        is_drum = any(getattr(message, "channel", 0) == 9 for message in part)
        assert controls == {7, 10}
        assert ("program_change" in kinds) != is_drum
    keys = [message.key for message in read.tracks[0] if message.type == "key_signature"]
    assert len(keys) == 1


def test_every_note_is_let_go_before_its_key_is_struck_again(tmp_path):
    write_midi(_plan(_cue(0.0, 60.0, "electronic"), duration_s=60.0), tmp_path / "music.mid")
    for part in mido.MidiFile(tmp_path / "music.mid").tracks[1:]:
        held: set[int] = set()
        for message in part:
            if message.type == "note_on":
                assert message.note not in held
                held.add(message.note)
            elif message.type == "note_off":
                held.remove(message.note)
        assert not held


def test_two_cues_share_one_file_and_silence_between_them_counts(tmp_path):
    first, second = _cue(2.5, 20.0), _cue(31.4, 15.0, "tense")
    plan = _plan(first, second, duration_s=50.0, markers_s=(9.0, 36.2))
    write_midi(plan, tmp_path / "music.mid")
    truth = np.array(
        [cue.time_s + max(n.time_s, 0) for cue in (first, second) for bar in play(compose(cue, plan)) for n in bar]
    )
    found = _onsets(tmp_path / "music.mid")
    assert np.abs(truth[:, None] - found[None, :]).min(axis=1).max() < 0.001


def test_without_music_there_is_still_a_file_with_the_cuts(tmp_path):
    write_midi(_plan(duration_s=10.0, markers_s=(2.0, 7.5)), tmp_path / "cuts.mid")
    at = [time_s for time_s, message in _timed(tmp_path / "cuts.mid") if message.type == "marker"]
    assert at == pytest.approx([2.0, 7.5], abs=0.001)


def _timed(path) -> list[tuple[float, mido.MetaMessage]]:
    found, now = [], 0.0
    for message in mido.MidiFile(path):
        now += message.time
        found.append((now, message))
    return found


def _bar_lines(path) -> np.ndarray:
    # bar lines as a sequencer draws them: from one time signature to the next
    read = mido.MidiFile(path)
    ticks, signatures, end = 0, [], 0
    for message in read.tracks[0]:
        ticks += message.time
        if message.type == "time_signature":
            signatures.append((ticks, message.numerator * 4 / message.denominator * read.ticks_per_beat))
    end = ticks
    lines = []
    for (start, span), stop in zip(signatures, [*(tick for tick, _ in signatures[1:]), end], strict=True):
        lines += list(np.arange(start, stop, span))
    tempos, now, tick = [], 0.0, 0
    for message in read.tracks[0]:
        tick += message.time
        if message.type == "set_tempo":
            tempos.append((tick, message.tempo))
    times = [0.0]
    for (begin, tempo), (stop, _) in zip(tempos, tempos[1:], strict=False):
        now += (stop - begin) * tempo / 1e6 / read.ticks_per_beat
        times.append(now)
    edges = [tick for tick, _ in tempos]
    out = []
    for line in lines:
        index = int(np.searchsorted(edges, line, side="right")) - 1
        out.append(times[index] + (line - edges[index]) * tempos[index][1] / 1e6 / read.ticks_per_beat)
    return np.array(out)
