"""Markers, tempo and bars of a session: those of the music, and of the MIDI file beside it."""

import mido
import numpy as np
import pytest

from pipeline.records import Cue, SoundPlan
from pipeline.sound.deliver.midi import write_midi
from pipeline.sound.deliver.music_grid import markers, ruler_of
from pipeline.sound.music.score import compose

MUSIC = Cue("mx", "MX", 0.0, 20.0, "MUSICAL", "music/cinematic", seed=4)
PLAN = SoundPlan(20.0, (MUSIC,), markers_s=(3.31, 7.04, 12.77), accents_s=(9.0,))


def test_bars_are_those_of_the_music():
    tempo = compose(MUSIC, PLAN).tempo
    bars = [tempo.beats_s[index] for index in tempo.downbeats if 0 <= tempo.beats_s[index] < MUSIC.length_s]
    ruler = ruler_of(PLAN)
    found = [time_s for time_s, _ in ruler.downbeats]
    assert found[: len(bars)] == pytest.approx(bars, abs=1e-6)
    assert [number for _, number in ruler.downbeats] == list(range(1, len(found) + 1))


def test_counting_in_its_tempo_meets_its_bars():
    ruler = ruler_of(PLAN)
    times_s, bpm = np.asarray(ruler.tempo).T
    assert list(times_s) == sorted(times_s)
    # quarters that have gone by at each bar are whole or a short bar's fraction
    edges = [*times_s, PLAN.duration_s]
    quarters = np.concatenate([[0], np.cumsum(np.diff(edges) * bpm / 60)])
    at_bars = np.interp([time_s for time_s, _ in ruler.downbeats], edges, quarters)
    assert np.abs(at_bars * 4 - np.round(at_bars * 4)).max() < 1e-3


def test_the_midi_file_has_the_same_length_of_time(tmp_path):
    write_midi(PLAN, tmp_path / "music.mid")
    file = mido.MidiFile(tmp_path / "music.mid")
    changes = [message for message in file.tracks[0] if message.type == "set_tempo"]
    ruler = ruler_of(PLAN)
    assert mido.tempo2bpm(changes[0].tempo) == pytest.approx(ruler.tempo[0][1], abs=0.02)


def test_without_music_there_is_no_ruler():
    ruler = ruler_of(SoundPlan(5.0, ()))
    assert ruler.tempo == () and ruler.downbeats == ()


def test_markers_of_every_kind():
    found = [(marker.kind, marker.name) for marker in markers(PLAN)]
    assert found == [
        ("music", "Music: cinematic"),
        ("cut", "Cut 1"),
        ("cut", "Cut 2"),
        ("accent", "Accent 1"),
        ("cut", "Cut 3"),
    ]
