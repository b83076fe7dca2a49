"""`foleymark sound --deliver`: the folder, what is said of it, and what is refused before the work begins."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def clip(make_clip, tmp_path):
    return make_clip(tmp_path / "a.mp4", frames=24)


def test_a_folder_for_editors(foleymark, clip, tmp_path):
    sheet = tmp_path / "a.yaml"
    sheet.write_text("cues:\n- sound: impact/wood\n  time_s: 0.3\n- sound: ambience/wind\n  time_s: 0\n")
    folder = tmp_path / "deep" / "a.delivery"
    asked = ("sound", clip, "--cues", sheet, "-o", tmp_path / "b.mp4", "--deliver", folder, "--formats", "wav,reaper")
    said = json.loads(foleymark(*asked, "--json"))
    files = [Path(one) for one in said["delivered"]]
    assert [path.name for path in files[:2]] == ["README.txt", "delivery.json"]
    assert all(path.is_file() for path in files)
    assert {path.suffix for path in files} == {".txt", ".json", ".wav", ".rpp", ".mp4"}
    assert len(list((folder / "media").glob("*.wav"))) == 2
    # again: an unchanged delivery is replaced, an edited one is not
    assert "README.txt" in foleymark(*asked).replace("\n", "")
    (folder / "a.rpp").write_text("an evening of work")
    assert "a.rpp" in foleymark(*asked, code=2)
    assert (folder / "a.rpp").read_text() == "an evening of work"


def test_refused_before_the_work_begins(foleymark, clip, tmp_path):
    out = tmp_path / "b.mp4"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    ask = ("sound", clip, "-o", out)
    assert "no delivery of Foleymark" in foleymark(*ask, "--deliver", tmp_path / "mine", code=2)
    assert "'pdf'" in foleymark(*ask, "--deliver", tmp_path / "d", "--formats", "wav,pdf", code=2)
    assert "--deliver" in foleymark(*ask, "--formats", "wav", code=2)
    assert not out.exists() and not (tmp_path / "d").exists()


def test_a_licence_in_an_edited_sheet_goes_through_the_gate(foleymark, clip, tmp_path):
    sheet = tmp_path / "a.yaml"
    sheet.write_text('cues:\n- sound: impact/wood\n  time_s: 0.3\n  licence: "free for personal use"\n')
    said = foleymark("sound", clip, "--cues", sheet, "-o", tmp_path / "b.mp4", code=2)
    assert "impact/wood" in said and "forbids commercial use" in said
