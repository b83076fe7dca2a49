"""The cue sheet: exact round trip, small hand-written sheets, and a hundred ways to be wrong."""

import pytest
from seen import analysis, contact

from pipeline.errors import UsageError
from pipeline.records import Cue, Event, Mood, SoundPlan
from pipeline.sound.cuesheet import check as cuesheet_check
from pipeline.sound.cuesheet import sheet as cuesheet
from pipeline.sound.cuesheet.sheet import dump_cues, load_cues
from pipeline.sound.spotting.spot import spot

DURATION_S = 10.0


def load(tmp_path, text):
    path = tmp_path / "cues.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_cues(path, duration_s=DURATION_S)


def refusal(tmp_path, text):
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def sheet(**changes):
    cue = {"id": "hit", "sound": "impact/wood", "time_s": 1.0, **changes}
    return "cues:\n- " + "\n  ".join(f"{name}: {value}" for name, value in cue.items()) + "\n"


def test_a_spotted_plan_survives_exactly(tmp_path):
    seen = analysis(
        *(contact(0.123456 * i, 0.3 + 0.01 * i, x=i / 40) for i in range(1, 40)),
        Event(6.0, "flash", 0.9),
        cuts_s=(3.3333,),
        mood=Mood(brightness=0.123, warmth=-0.5, motion=0.4),
        energy=lambda t: t,
    )
    plan = spot(seen, prompt='a car: "crash" on #gravel, lightning\n- no: rain \u2603 & *x', seed=7)
    assert any(cue.automation for cue in plan.cues)
    assert load(tmp_path, dump_cues(plan)) == plan


def test_times_have_three_decimals_and_every_cue_its_own_block():
    plan = SoundPlan(DURATION_S, (Cue("a", "FX-impacts", 1.23456, 1, "WOOD", "impact/wood", pan=-0.00001),))
    text = dump_cues(plan)
    assert "\n- id: a\n  sound: impact/wood\n  time_s: 1.235\n" in text
    assert "pan: 0.000" in text
    assert text.startswith("# Foleymark cue sheet")
    assert "# impact: metal" in text


def test_an_empty_plan_survives(tmp_path):
    plan = SoundPlan(DURATION_S, ())
    assert load(tmp_path, dump_cues(plan)) == plan


def test_two_lines_are_a_cue(tmp_path):
    (cue,) = load(tmp_path, "cues:\n- sound: footstep/snow\n  time_s: 2\n").cues
    assert (cue.stem, cue.category, cue.length_s) == ("FX-foley", "FOOTSTEPS", 0.7)
    assert cue.id
    (bed,) = load(tmp_path, "cues:\n- sound: ambience/rain\n  time_s: 4\n").cues
    assert (bed.stem, bed.length_s) == ("BG", 6.0)


def test_cues_are_put_in_order(tmp_path):
    text = "cues:\n- {sound: impact/wood, time_s: 5}\n- {sound: impact/wood, time_s: 2}\n"
    assert [cue.time_s for cue in load(tmp_path, text).cues] == [2, 5]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"time_s": 10.5}, "time_s"),
        ({"time_s": -1}, "time_s"),
        ({"time_s": ".nan"}, "time_s"),
        ({"time_s": ".inf"}, "time_s"),
        ({"time_s": "soon"}, "wrong form"),
        ({"time_s": "12:30:00"}, "time_s"),
        ({"time_s": "2024-01-01"}, "wrong form"),
        ({"length_s": 0}, "length_s"),
        ({"length_s": 1e9}, "length_s"),
        ({"length_s": ".nan"}, "length_s"),
        ({"pan": 1.5}, "pan"),
        ({"pan": ".nan"}, "pan"),
        ({"level_db": 30}, "level_db"),
        ({"level_db": "-.inf"}, "level_db"),
        ({"confidence": 2}, "confidence"),
        ({"sound": "impact/cheese"}, "no known sound"),
        ({"sound": "../../etc/passwd"}, "no known sound"),
        ({"sound": "no"}, "no known sound"),
        ({"sound": "[a]"}, "no known sound"),
        ({"stem": "MX"}, "cannot go to stem MX"),
        ({"stem": "loud"}, "wrong form"),
        ({"seed": 2**63}, "seed"),
        ({"seed": 1.5}, "wrong form"),
        ({"parameters": "{size: 7}"}, "parameter"),
        ({"parameters": "{size: .nan}"}, "parameter"),
        ({"parameters": "{evil: 0.5}"}, "parameter"),
        ({"parameters": "5"}, "wrong form"),
        ({"automation": "[[0, .nan]]"}, "automation"),
        ({"automation": "[[2, 0], [1, 0]]"}, "automation"),
        ({"automation": "[[0]]"}, "wrong form"),
        ({"locked": "maybe"}, "wrong form"),
        ({"levle_db": 1}, "levle_db"),
        ({"why": "x" * 30_000}, "too long"),
        ({"id": ""}, "wrong form"),
    ],
)
def test_wrong_values_are_refused_by_the_cue_they_are_in(tmp_path, changes, says):
    message = refusal(tmp_path, sheet(**changes))
    assert says in message
    assert "cue 'hit'" in message or "line 2" in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "mapping"),
        ("- 1", "mapping"),
        ("cues: 5", "list"),
        ("cues: {a: 1}", "list"),
        ("cues: [5]", "mapping"),
        ("cues:\n- sound: impact/wood\n", "time_s"),
        ("queues: []", "queues"),
        ("cues: []\ncues: []", "twice"),
        ("cues:\n- {sound: impact/wood, time_s: 1, time_s: 2}", "twice"),
        ("a: &a [1]\nb: *a", "anchor"),
        ("cues: [*x]", "anchor"),
        ("cues: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("cues: [", "Line"),
        ("a: " + "[" * 5000, "nested"),
        ("{" * 5000, "nested"),
        ("? [a, b]\n: 1", "key"),
        ("cues: []\nseed: " + "9" * 5000, "number"),
        ("cues: []\nseed: 99999999999999999999", "63 bits"),
        ("cues: []\nmarkers_s: [99]", "marker"),
        ("cues: []\nmarkers_s: [.nan]", "marker"),
        ("cues: []\nmood: {brightness: .nan}", "mood"),
        ("cues: []\nmood: {joy: 1}", "joy"),
        ("cues: []\nprompt: [1]", "wrong form"),
        ("cues: []\n--- \ncues: []", "not valid YAML"),
        (b"cues: \xff\xfe", "UTF-8"),
        (b"cues: \x00", "not valid YAML"),
        (sheet() + "- {id: hit, sound: impact/wood, time_s: 2}\n", "Two cues"),
    ],
)
def test_wrong_sheets_are_refused_in_a_sentence(tmp_path, text, says):
    assert says in refusal(tmp_path, text)


def test_sizes_are_capped(tmp_path, monkeypatch):
    assert "larger" in refusal(tmp_path, b"#" * (cuesheet.MAX_BYTES + 1))
    monkeypatch.setattr(cuesheet_check, "MAX_CUES", 3)
    assert "4 cues" in refusal(tmp_path, "cues:" + "\n- {sound: impact/wood, time_s: 1}" * 4)


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(UsageError, match="no cue sheet"):
            load_cues(path, duration_s=DURATION_S)


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path):
    assert load(tmp_path, b"\xef\xbb\xbf" + sheet().replace("\n", "\r\n").encode()).cues[0].id == "hit"


@pytest.mark.parametrize(("seconds", "is_other"), [(8.0, True), (2.4, False), (None, False)])
def test_the_sheet_of_another_clip_is_refused(tmp_path, seconds, is_other):
    stated = "" if seconds is None else f"duration_s: {seconds}\n"
    path = tmp_path / "c.yaml"
    path.write_text(f"{stated}cues:\n- {{sound: impact/metal, time_s: 0.5}}\n")
    if is_other:
        with pytest.raises(UsageError, match=r"clip of 8\.000 s, and this one lasts 2\.000 s"):
            cuesheet.load_cues(path, duration_s=2.0)
    else:
        assert cuesheet.load_cues(path, duration_s=2.0).duration_s == 2.0
