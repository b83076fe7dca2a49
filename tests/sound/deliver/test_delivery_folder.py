"""The delivery folder: whole or not at all, and nobody's work is lost for it."""

import json
from datetime import UTC, datetime

import pytest

from pipeline.errors import UsageError
from pipeline.sound.deliver.folder import MANIFEST, Entry, built, check_free, is_delivered, manifest_text

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def deliver(folder, **files):
    with built(folder) as building:
        for name, text in files.items():
            (building / f"{name}.txt").write_text(text)
        entries = [Entry(f"{name}.txt", "a text") for name in files]
        (building / MANIFEST).write_text(manifest_text(building, entries, about={"version": "1"}, made_at=NOW))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_delivery_is_ours_and_can_be_replaced(tmp_path):
    folder = tmp_path / "clip.delivery"
    deliver(folder, one="1", two="2")
    assert is_delivered(folder)
    check_free(folder)
    deliver(folder, one="1b")
    assert names(folder) == [MANIFEST, "one.txt"]
    assert names(tmp_path) == ["clip.delivery"]
    listed = json.loads((folder / MANIFEST).read_text())["files"]
    assert listed[0]["bytes"] == 2 and len(listed[0]["sha256"]) == 64


def test_a_failure_leaves_what_was_there(tmp_path):
    folder = tmp_path / "clip.delivery"
    deliver(folder, one="1")
    with pytest.raises(RuntimeError), built(folder) as building:
        (building / "half.txt").write_text("x")
        raise RuntimeError("power cut")
    assert names(tmp_path) == ["clip.delivery"]
    assert (folder / "one.txt").read_text() == "1"


def test_what_a_killed_attempt_left_is_cleared(tmp_path):
    folder = tmp_path / "clip.delivery"
    half = tmp_path / ".clip.delivery.part"
    half.mkdir()
    (half / ".foleymark-unfinished").touch()
    (half / "junk").write_text("x")
    deliver(folder, one="1")
    assert names(tmp_path) == ["clip.delivery"]


def test_a_stranger_in_the_way_stays(tmp_path):
    half = tmp_path / ".clip.delivery.part"
    half.mkdir()
    (half / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not ours"):
        deliver(tmp_path / "clip.delivery", one="1")
    assert (half / "mine.txt").read_text() == "x"


def add(folder):
    (folder / "my edit.prproj").write_text("hours of work")


def change(folder):
    (folder / "one.txt").write_text("9")


def link(folder):
    (folder / "one.txt").unlink()
    (folder / "one.txt").symlink_to("/etc/hostname")


@pytest.mark.parametrize(("what", "named"), [(add, "my edit.prproj"), (change, "one.txt"), (link, "one.txt")])
def test_edits_are_never_lost(tmp_path, what, named):
    folder = tmp_path / "clip.delivery"
    deliver(folder, one="1")
    what(folder)
    with pytest.raises(UsageError, match=named):
        check_free(folder)


def test_what_programs_leave_behind_is_no_edit(tmp_path):
    folder = tmp_path / "clip.delivery"
    deliver(folder, one="1")
    for name in (".DS_Store", "Thumbs.db", "hit.wav.reapeaks"):
        (folder / name).write_text("x")
    check_free(folder)


@pytest.mark.parametrize("manifest", [None, "", "[]", "{}", '{"maker": "x", "files": []}', '{"maker": 1', "[" * 10_000])
def test_other_folders_are_refused(tmp_path, manifest):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("x")
    if manifest is not None:
        (folder / MANIFEST).write_text(manifest)
    with pytest.raises(UsageError, match="no delivery of Foleymark"):
        check_free(folder)
    assert not is_delivered(folder)


def test_files_and_links_are_refused_and_an_empty_folder_is_not(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="no folder"):
            check_free(tmp_path / name)
    check_free(tmp_path / "empty")
    check_free(tmp_path / "new")
