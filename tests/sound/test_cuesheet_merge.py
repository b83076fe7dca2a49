"""Edits survive a new analysis: what a person touched stays, the rest is renewed, and ids stay the same."""

from dataclasses import replace

import pytest
from seen import analysis, contact

from pipeline.errors import UsageError
from pipeline.records import Cue, SoundPlan
from pipeline.sound.cuesheet.data import Sheet, written
from pipeline.sound.cuesheet.merge import merge
from pipeline.sound.cuesheet.sheet import dump_cues, load_sheet
from pipeline.sound.spotting.spot import spot

DURATION_S = 10.0


def blow(time_s, sound="impact/metal", **fields):
    family = sound.partition("/")[0]
    usual = {"id": f"{family}-{time_s:.2f}", "seed": round(1000 * time_s), "level_db": -3.0}
    return Cue(stem="FX-impacts", time_s=time_s, length_s=1.0, category="METAL", sound=sound, **{**usual, **fields})


def bed(name, **fields):
    return Cue(f"ambience-{name}", "BG", 0.0, DURATION_S, "AMBIENCE", f"ambience/{name}", **fields)


def music(style, **fields):
    return Cue(f"music-{style}", "MX", 0.0, DURATION_S, "MUSICAL", f"music/{style}", **fields)


def plan(*cues, **fields):
    return SoundPlan(DURATION_S, tuple(sorted(cues, key=lambda cue: cue.time_s)), prompt="a forge", **fields)


def edited(sheet, cue_id, **changes):
    """The sheet with one cue changed, or deleted without changes."""
    cues = [cue if cue.id != cue_id else replace(cue, **changes) for cue in sheet.plan.cues]
    cues = [cue for cue in cues if cue.id != cue_id or changes]
    return replace(sheet, plan=replace(sheet.plan, cues=tuple(sorted(cues, key=lambda cue: cue.time_s))))


def by_id(merged):
    return {cue.id: cue for cue in merged.sheet.plan.cues}


FIRST = plan(bed("rain"), music("tense"), blow(1.0), blow(2.0), blow(3.0), blow(4.0))


def test_nothing_edited_and_nothing_new_is_the_same_sheet():
    merged = merge(written(FIRST), FIRST)
    assert merged.sheet == written(FIRST)
    assert str(merged) == "6 renewed"


def test_untouched_cues_follow_the_analysis_and_keep_id_and_seed():
    again = plan(bed("rain", level_db=-5.0), blow(1.05, level_db=2.0), blow(2.0), blow(3.5), blow(3.95))
    merged = merge(written(FIRST), again)
    found = by_id(merged)
    assert (found["impact-1.00"].time_s, found["impact-1.00"].level_db, found["impact-1.00"].seed) == (1.05, 2.0, 1000)
    assert found["impact-4.00"].time_s == 3.95 and found["ambience-rain"].level_db == -5.0
    assert "impact-3.00" not in found and found["impact-3.50"].time_s == 3.5
    assert (merged.kept, merged.renewed, merged.new, merged.gone) == (0, 4, 1, 2)
    assert str(merged) == "4 renewed, 1 new, 2 no longer seen"


@pytest.mark.parametrize(
    "change",
    [
        {"time_s": 1.5},
        {"level_db": -12.0},
        {"sound": "impact/glass"},
        {"pan": 0.5},
        {"locked": True},
        {"description": "the big one"},
        {"parameters": {"size": 0.9}},
        {"automation": ((0.0, -6.0),)},
        {"sound": "recording/anvil.wav", "licence": "CC-BY-4.0", "author": "Ada"},
    ],
)
def test_an_edit_of_any_kind_stays_as_it_is_left(change):
    sheet = edited(written(FIRST), "impact-1.00", **change)
    again = plan(bed("rain"), blow(1.04, level_db=6.0), blow(2.0))
    merged = merge(sheet, again)
    assert by_id(merged)["impact-1.00"] == next(cue for cue in sheet.plan.cues if cue.id == "impact-1.00")
    assert merged.kept == 1 and len(merged.sheet.plan.cues) == 3


def test_a_deleted_cue_stays_deleted_run_after_run_though_the_event_drifts():
    sheet = edited(written(FIRST), "impact-1.00")
    for time_s in (1.08, 1.16, 1.24):
        merged = merge(sheet, plan(blow(time_s), blow(2.0)))
        assert [cue.id for cue in merged.sheet.plan.cues] == ["impact-2.00"]
        assert merged.deleted == 1 and merged.new == 0
        sheet = merged.sheet


def test_an_edit_stays_run_after_run_though_the_event_drifts():
    sheet = edited(written(FIRST), "impact-1.00", level_db=-20.0)
    for time_s in (1.08, 1.16, 1.24):
        merged = merge(sheet, plan(blow(time_s), blow(2.0)))
        assert len(merged.sheet.plan.cues) == 2 and merged.kept == 1
        sheet = merged.sheet
    assert by_id(merged)["impact-1.00"].time_s == 1.0


def test_an_added_cue_stays_and_is_not_doubled_when_it_is_seen_later():
    mine = blow(2.5, id="user-impact-metal-2.5", level_db=0.0)
    sheet = written(FIRST)
    sheet = replace(sheet, plan=replace(sheet.plan, cues=(*sheet.plan.cues, mine)))
    merged = merge(sheet, plan(bed("rain"), blow(2.0), blow(2.45), blow(2.55, "footstep/wood")))
    found = by_id(merged)
    assert found[mine.id] == mine and "impact-2.45" not in found and "footstep-2.55" in found


def test_what_was_moved_onto_a_new_event_is_not_doubled():
    sheet = edited(written(FIRST), "impact-1.00", time_s=1.5)
    merged = merge(sheet, plan(blow(1.52), blow(2.0)))
    assert [cue.time_s for cue in merged.sheet.plan.cues] == [1.5, 2.0]


def test_an_id_that_was_changed_is_one_deleted_and_one_added():
    sheet = edited(written(FIRST), "impact-1.00", id="my-blow")
    merged = merge(sheet, FIRST)
    assert "my-blow" in by_id(merged) and "impact-1.00" not in by_id(merged)
    assert merged.kept == 1 and merged.deleted == 1


def test_new_ids_do_not_clash_with_kept_ones():
    drifted = merge(written(plan(blow(1.0))), plan(blow(1.1))).sheet
    merged = merge(drifted, plan(blow(1.1), blow(0.9999, id="impact-1.00", seed=5)))
    assert len({cue.id for cue in merged.sheet.plan.cues}) == 2
    assert by_id(merged)["impact-1.00"].time_s == 1.1
    assert [cue.id for cue in merged.sheet.plan.cues][0] == "impact-1.00-2"


def test_ambiences_are_known_by_name_and_music_by_being_music():
    sheet = edited(edited(written(FIRST), "ambience-rain"), "music-tense", level_db=-20.0)
    merged = merge(sheet, plan(bed("rain"), bed("wind"), music("playful")))
    assert sorted(by_id(merged)) == ["ambience-wind", "music-tense"]
    untouched = merge(written(FIRST), plan(music("playful")))
    assert by_id(untouched)["music-tense"].sound == "music/playful"


def test_a_new_seed_is_heard_in_what_is_not_edited():
    again = plan(*(replace(cue, seed=cue.seed + 1) for cue in FIRST.cues), seed=9)
    sheet = edited(written(FIRST), "impact-1.00", level_db=0.0)
    merged = merge(sheet, again)
    assert by_id(merged)["impact-1.00"].seed == 1000 and by_id(merged)["impact-2.00"].seed == 2001
    assert merged.sheet.plan.seed == 9


def test_without_the_note_everything_counts_as_edited():
    merged = merge(Sheet(FIRST), plan(bed("rain", level_db=-9.0), blow(1.05, level_db=9.0), blow(6.0)))
    assert merged.kept == 6 and merged.new == 1
    assert {cue.id: cue for cue in FIRST.cues}.items() <= by_id(merged).items()


@pytest.mark.parametrize("suffix", [".yaml", ".csv"])
def test_the_note_survives_the_file(tmp_path, suffix):
    seen = analysis(*(contact(0.7 * i, 0.9) for i in range(1, 9)))
    first = spot(seen, prompt="hammer on metal", seed=3)
    path = tmp_path / f"a{suffix}"
    path.write_text(dump_cues(first, suffix=suffix), encoding="utf-8", newline="")
    sheet = load_sheet(path, duration_s=DURATION_S)
    assert not sheet.edits and not sheet.prompt_is_edited
    sheet = edited(sheet, first.cues[3].id, level_db=-30.0)
    path.write_text(dump_cues(sheet, suffix=suffix), encoding="utf-8", newline="")
    sheet = load_sheet(path, duration_s=DURATION_S)
    assert [cue["id"] for cue in sheet.edits["cues"]] == [first.cues[3].id]
    merged = merge(sheet, first)
    assert (merged.kept, merged.new, merged.gone) == (1, 0, 0)
    assert by_id(merged)[first.cues[3].id].level_db == -30.0


def test_edits_are_the_same_before_and_after_a_merge():
    sheet = edited(edited(written(FIRST), "impact-1.00", pan=0.3), "impact-2.00")
    assert merge(sheet, FIRST).sheet.edits == sheet.edits
    assert written(FIRST).edits == {}
    renamed = replace(written(FIRST), plan=replace(FIRST, prompt="a kitchen"))
    assert renamed.edits == {"prompt": "a kitchen"} and renamed.prompt_is_edited


@pytest.mark.parametrize(
    "note", ["5", "[a]", "{a: 1}", "{a: [1]}", "{a: [x, m1]}", "{a: [.nan, m1]}", "{a: [1, 2]}", "{1: [1, m]}"]
)
def test_a_damaged_note_is_refused(tmp_path, note):
    path = tmp_path / "a.yaml"
    path.write_text(f"duration_s: 10\ncues: []\nmade: {note}\n")
    with pytest.raises(UsageError, match="made"):
        load_sheet(path)
