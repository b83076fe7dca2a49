"""The cue sheet and the music: parameters, strong moments and feelings, from outside and back again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from seen import analysis, contact

from pipeline.errors import UsageError
from pipeline.records import Cue, Feeling, SoundPlan
from pipeline.sound.cuesheet.data import written
from pipeline.sound.cuesheet.merge import merge
from pipeline.sound.cuesheet.sheet import dump_cues, load_cues, load_sheet
from pipeline.sound.spotting.music import MusicWishes
from pipeline.sound.spotting.spot import spot

DURATION_S = 10.0
FEELINGS = (Feeling(0.0, 4.0, -0.5, 0.25), Feeling(4.0, 10.0, 0.125, 1.0))
MUSIC = Cue("m", "MX", 0.0, DURATION_S, "MUSICAL", "music/tense", parameters={"bpm": 96.0, "valence": -0.5})
PLAN = SoundPlan(DURATION_S, (MUSIC,), markers_s=(4.0,), accents_s=(2.5, 7.125), feelings=FEELINGS)


def load(tmp_path, text, suffix=".yaml"):
    path = tmp_path / f"cues{suffix}"
    path.write_text(text, encoding="utf-8")
    return load_sheet(path, duration_s=DURATION_S)


def refusal(tmp_path, text, suffix=".yaml"):
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text, suffix)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".")
    return message


@pytest.mark.parametrize("suffix", [".yaml", ".csv"])
def test_feelings_moments_and_parameters_survive(tmp_path, suffix):
    assert load(tmp_path, dump_cues(PLAN, suffix=suffix), suffix) == written(PLAN)
    seen = analysis(contact(1.0), contact(6.0), cuts_s=(3.333,))
    spotted = spot(seen, prompt="a sad man", music_wishes=MusicWishes(tempo_bpm=97.5, key=2, mode="dorian"))
    assert spotted.accents_s and spotted.feelings
    assert load(tmp_path, dump_cues(spotted, suffix=suffix), suffix).plan == spotted


def test_a_sheet_of_before_still_loads(tmp_path):
    old = "duration_s: 10\nseed: 3\nprompt: x\nmarkers_s: [4.0]\ncues: []\nmade_prompt: m1\nmade: {}\n"
    sheet = load(tmp_path, old)
    assert (sheet.plan.accents_s, sheet.plan.feelings, sheet.made_head) == ((), (), {})
    assert sheet.edited_head == ()
    old_csv = "# markers_s,4.000\r\nid,sound,time_s\r\nb,impact/wood,1.0\r\n"
    assert load(tmp_path, old_csv, ".csv").plan.markers_s == (4.0,)


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("{key: D minor}", {"key": 2.0, "mode": 1.0}),
        ("{key: Cis-Moll, mode: dorian}", {"key": 1.0, "mode": 2.0}),
        ("{key: Eb}", {"key": 3.0}),
        ("{mode: major}", {"mode": 4.0}),
        ("{bpm: 120, key: 7, mode: 3, valence: -1, arousal: 1}", None),
    ],
)
def test_a_key_may_be_written_in_words(tmp_path, words, numbers):
    text = f"cues:\n- {{sound: music/ambient, time_s: 0, parameters: {words}}}\n"
    (cue,) = load(tmp_path, text).plan.cues
    assert cue.parameters == (numbers or {"bpm": 120, "key": 7, "mode": 3, "valence": -1, "arousal": 1})
    # and in a spreadsheet
    cell = words.strip("{}").replace(": ", "=").replace(",", ";")
    (cue,) = load(tmp_path, f"sound,time_s,parameters\nmusic/ambient,0,{cell}\n", ".csv").plan.cues
    assert cue.parameters == (numbers or {"bpm": 120, "key": 7, "mode": 3, "valence": -1, "arousal": 1})


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ("{bpm: 20}", "bpm 20"),
        ("{bpm: .nan}", "bpm"),
        ("{key: 2.5}", "whole"),
        ("{key: 12}", "key 12"),
        ("{key: Q}", "no key 'Q'"),
        ("{mode: 6}", "mode"),
        ("{mode: funky}", "no mode 'funky'"),
        ("{valence: 2}", "valence"),
        ("{arousal: -0.1}", "arousal"),
        ("{size: 0.5}", "of music must be one of bpm"),
        ("{key: [1]}", "wrong form"),
    ],
)
def test_wrong_parameters_of_music_are_refused(tmp_path, parameters, says):
    text = f"cues:\n- {{id: m, sound: music/ambient, time_s: 0, parameters: {parameters}}}\n"
    message = refusal(tmp_path, text)
    assert says in message and "cue 'm'" in message


def test_other_sounds_have_no_tempo(tmp_path):
    assert "parameter 'bpm'" in refusal(tmp_path, "cues:\n- {sound: impact/wood, time_s: 0, parameters: {bpm: 1}}\n")


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("accents_s: [11]", "accent"),
        ("accents_s: [.nan]", "accent"),
        ("accents_s: soon", "wrong form"),
        ("feelings: sad", "list"),
        ("feelings: [[0, 10, 0]]", "must be [start_s, end_s, valence, arousal]"),
        ("feelings: [{start_s: 0}]", "must be"),
        ("feelings: [[0, 11, 0, 0]]", "outside"),
        ("feelings: [[.nan, 10, 0, 0]]", "outside"),
        ("feelings: [[4, 4, 0, 0]]", "ends before it begins"),
        ("feelings: [[0, 4, 0, 0], [5, 10, 0, 0]]", "without gaps"),
        ("feelings: [[0, 6, 0, 0], [5, 10, 0, 0]]", "without gaps"),
        ("feelings: [[0, 10, 2, 0]]", "valence"),
        ("feelings: [[0, 10, 0, .nan]]", "arousal"),
        ("feelings: [[0, 10, low, 0]]", "wrong form"),
    ],
)
def test_wrong_heads_are_refused(tmp_path, head, says):
    assert says in refusal(tmp_path, f"{head}\ncues: []\n")


def test_a_wrong_row_of_feelings_in_a_spreadsheet_is_refused(tmp_path):
    text = "# feelings,0 4 sad 1\nid,sound,time_s\nb,impact/wood,1.0\n"
    assert "no number" in refusal(tmp_path, text, ".csv")


def test_what_a_person_changed_in_the_head_survives_a_new_analysis(tmp_path):
    mine = (Feeling(0.0, 10.0, 0.9, 0.9),)
    edited = replace(written(PLAN), plan=replace(PLAN, feelings=mine, accents_s=(1.0,)))
    assert edited.edited_head == ("accents_s", "feelings")
    assert edited.edits["accents_s"] == [1.0]
    new = replace(PLAN, markers_s=(5.0,), accents_s=(3.0,), feelings=FEELINGS[::-1])
    once = merge(edited, new).sheet
    assert (once.plan.markers_s, once.plan.accents_s, once.plan.feelings) == ((5.0,), (1.0,), mine)
    # it is still known as theirs the next time, and through a file
    again = merge(load(tmp_path, dump_cues(once)), PLAN).sheet
    assert (again.plan.markers_s, again.plan.accents_s, again.plan.feelings) == ((4.0,), (1.0,), mine)
    assert merge(written(PLAN), new).sheet == written(new)


def test_a_damaged_note_on_the_head_counts_as_none(tmp_path):
    text = dump_cues(PLAN).replace("made_head:", "made_head: 7\n#").split("made:")[0].split("  markers_s")[0]
    assert load(tmp_path, text).made_head == {}


def test_music_reads_what_the_sheet_says(tmp_path):
    from pipeline.sound.music.score import compose

    path = tmp_path / "cues.yaml"
    path.write_text(dump_cues(PLAN))
    plan = load_cues(path, duration_s=DURATION_S)
    score = compose(plan.cues[0], plan)
    assert score.tempo.base_bpm == 96
    assert min(abs(beat - 4.0) for beat in score.tempo.beats_s) < 1e-6
