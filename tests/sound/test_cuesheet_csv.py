"""The cue sheet as CSV: the same sheet as in YAML, whatever a spreadsheet does to it on the way."""

import csv
import io
from dataclasses import fields, replace

import pytest
from seen import analysis, contact

from pipeline.errors import UsageError
from pipeline.records import Cue, Event, Mood, SoundPlan
from pipeline.sound.cuesheet import as_csv as cuesheet_csv
from pipeline.sound.cuesheet import check as cuesheet_check
from pipeline.sound.cuesheet.data import written
from pipeline.sound.cuesheet.sheet import dump_cues, load_cues, load_sheet
from pipeline.sound.spotting.spot import spot

DURATION_S = 10.0
NASTY = (
    "=1+1",
    "+49",
    "-x",
    "@SUM(A1)",
    "\ttab",
    "'quote'",
    "#hash",
    'a, "b"; c\nnew line',
    " spaced ",
    "日本語 ☃",
    "1,5",
)


def load(tmp_path, text, name="cues.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_sheet(path, duration_s=DURATION_S)


def full_plan():
    seen = analysis(
        *(contact(0.123456 * i, 0.3 + 0.01 * i, x=i / 40) for i in range(1, 40)),
        Event(6.0, "flash", 0.9),
        cuts_s=(3.3333,),
        mood=Mood(brightness=0.123, warmth=-0.5, motion=0.4),
        energy=lambda t: t,
    )
    return spot(seen, prompt='=a car: "crash" on #gravel; lightning\n- no: rain \u2603', seed=7)


def nasty_plan():
    cues = tuple(
        Cue(
            id=f"c{n}" if n else text,
            stem="FX-impacts",
            time_s=n / 3,
            length_s=1.0,
            category="WOOD",
            sound="impact/wood" if n % 2 else "recording/rain/a, b.wav",
            description=text,
            why=text,
            level_db=-n,
            pan=-0.25,
            seed=2**62 + n,
            parameters={"size": 0.1 * n % 1, "room": 1.0},
            automation=((-0.5, -6.0), (2.0, 0.0)),
            pan_automation=((0.0, -1.0), (0.5, 0.333)),
            source=text,
            licence="CC-BY-4.0",
            author=text,
            asset_sha256="0123456789abcdef" * 4,
            locked=bool(n % 2),
        )
        for n, text in enumerate(NASTY)
    )
    cues = tuple(replace(cue, time_s=round(cue.time_s, 3), parameters=rounded(cue.parameters)) for cue in cues)
    return SoundPlan(DURATION_S, cues, prompt="=cmd|'/c calc'!A1\n\"x\"", seed=-5, markers_s=(0.5, 1.25))


def rounded(values):
    return {name: round(value, 3) for name, value in values.items()}


def test_every_field_of_a_cue_has_its_column():
    assert set(cuesheet_csv._COLUMNS) == {field.name for field in fields(Cue)}


@pytest.mark.parametrize("make", [full_plan, nasty_plan])
def test_both_forms_hold_the_same_sheet_and_lead_into_each_other(tmp_path, make):
    sheet = written(make())
    from_csv = load(tmp_path, dump_cues(sheet, suffix=".csv"))
    from_yaml = load(tmp_path, dump_cues(sheet), "cues.yaml")
    assert from_csv == from_yaml == sheet
    assert load(tmp_path, dump_cues(from_yaml, suffix=".CSV")) == sheet
    # nobody edited it; only a lock counts as a person's
    assert {cue["id"] for cue in from_csv.edits.get("cues", ())} == {cue.id for cue in sheet.plan.cues if cue.locked}


def test_no_cell_is_a_formula():
    rows = csv.reader(io.StringIO(dump_cues(nasty_plan(), suffix=".csv").removeprefix("\ufeff"), newline=""))
    for row in rows:
        for cell in row:
            is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
            assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def test_it_begins_with_a_mark_that_spreadsheets_know():
    text = dump_cues(SoundPlan(DURATION_S, ()), suffix=".csv")
    assert text.startswith("\ufeff# Foleymark cue sheet") and "\r\nid,sound,time_s," in text


def reformatted(text, *, delimiter=";", comma=False, encoding="utf-8-sig"):
    # what a spreadsheet writes: other delimiter, padded rows, perhaps decimal commas
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")):
        if comma:
            row = [cell.replace(".", ",") if cell.lstrip("-").replace(".", "", 1).isdigit() else cell for cell in row]
        writer.writerow(row + [""] * (21 - len(row)))
    return (out.getvalue() + delimiter * 20 + "\r\n").encode(encoding)


@pytest.mark.parametrize(
    "change", [{}, {"delimiter": "\t"}, {"comma": True}, {"encoding": "utf-8"}, {"delimiter": ",", "comma": True}]
)
def test_it_comes_back_from_a_spreadsheet(tmp_path, change):
    sheet = written(full_plan())
    assert load(tmp_path, reformatted(dump_cues(sheet, suffix=".csv"), **change)) == sheet


def test_rows_may_be_sorted_and_excel_may_say_its_delimiter(tmp_path):
    sheet = written(nasty_plan())
    rows = dump_cues(SoundPlan(DURATION_S, sheet.plan.cues[1:5]), suffix=".csv").removeprefix("\ufeff").split("\r\n")
    heading = next(index for index, row in enumerate(rows) if row.startswith("id,"))
    text = "\r\n".join(["sep=,", rows[heading], *rows[:heading], *reversed(rows[heading + 1 :])])
    assert load(tmp_path, text).plan.cues == sheet.plan.cues[1:5]


def test_two_columns_are_a_sheet(tmp_path):
    (cue,) = load(tmp_path, "sound,time_s\nfootstep/snow,2\n").plan.cues
    assert (cue.stem, cue.category, cue.length_s, cue.locked) == ("FX-foley", "FOOTSTEPS", 0.7, False)
    (locked,) = load(tmp_path, "time_s;sound;locked;seed\n2,5;impact/wood;WAHR;7\n").plan.cues
    assert (locked.time_s, locked.locked, locked.seed) == (2.5, True, 7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no heading"),
        ("# prompt,x\n", "no heading"),
        ("sound,time_s,loudness\nimpact/wood,1,2\n", "loudness"),
        ("sound,time_s\nimpact/wood,soon\n", "row 2"),
        ("sound,time_s\nimpact/wood,nan\n", "time_s"),
        ("sound,time_s\nimpact/wood,99\n", "time_s"),
        ("sound,time_s\nimpact/cheese,1\n", "no known sound"),
        ("sound,time_s\nimpact/wood,1,2\n", "more cells"),
        ("sound,time_s,seed\nimpact/wood,1,9.2E+18\n", "whole number"),
        ("sound,time_s,locked\nimpact/wood,1,maybe\n", "locked"),
        ("sound,time_s,parameters\nimpact/wood,1,size=7\n", "parameter"),
        ("sound,time_s,parameters\nimpact/wood,1,size\n", "no number"),
        ("sound,time_s,automation\nimpact/wood,1,2=0; 1=0\n", "rise"),
        ("sound,time_s,pan_automation\nimpact/wood,1,0=2\n", "pan_automation"),
        ("sound,time_s,asset_sha256\nrecording/a.wav,1,12\n", "asset_sha256"),
        ('sound,time_s\n"impact/wood,1\n', "not valid CSV"),
        ("# seed,99999999999999999999\nsound,time_s\n", "whole number"),
        ("# mood,joy=1\nsound,time_s\n", "joy"),
        ("# markers_s,99\nsound,time_s\n", "marker"),
        ("id,sound,time_s\na,impact/wood,1\na,impact/wood,2\n", "Two cues"),
        (b"sound,time_s\nimpact/wood,1 \xff\n", "UTF-8"),
        ("sound,time_s\n" + "x" * 200_000 + ",1\n", "not valid CSV"),
    ],
)
def test_wrong_sheets_are_refused_in_a_sentence(tmp_path, text, says):
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_too_many_cues_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cuesheet_check, "MAX_CUES", 3)
    with pytest.raises(UsageError, match="4 cues"):
        load(tmp_path, "sound,time_s\n" + "impact/wood,1\n" * 4)


def test_a_sheet_knows_its_own_length(tmp_path):
    plan = full_plan()
    for suffix in (".csv", ".yaml"):
        path = tmp_path / f"a{suffix}"
        path.write_text(dump_cues(plan, suffix=suffix), encoding="utf-8", newline="")
        assert load_sheet(path).plan == load_cues(path, duration_s=DURATION_S)
    (tmp_path / "b.csv").write_text("sound,time_s\nimpact/wood,1\n")
    with pytest.raises(UsageError, match="duration_s"):
        load_sheet(tmp_path / "b.csv")
