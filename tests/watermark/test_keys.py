import json
import os
import stat

import pytest

from pipeline.errors import CredentialError
from pipeline.watermark.keys import MOST_KEYS, create_keys, key_id, load_keys, rotate_keys


def test_created_key_loads(tmp_path):
    path = tmp_path / "keys" / "mark.json"
    keys = create_keys(path)
    assert len(keys.current) == 32
    assert load_keys(path) == keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["mark.json"]
    assert json.loads(path.read_text())["keys"][0]["id"] == key_id(keys.current)


def test_created_key_ignores_a_loose_umask(tmp_path):
    before = os.umask(0)
    try:
        create_keys(tmp_path / "mark.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "mark.json").stat().st_mode) == 0o600


def test_key_id_names_a_key_without_telling_it(tmp_path):
    one, other = create_keys(tmp_path / "one").current, create_keys(tmp_path / "other").current
    assert key_id(one) == key_id(one) != key_id(other)
    assert len(key_id(one)) == 8
    assert key_id(one) not in one.hex()


def test_existing_file_is_kept(tmp_path):
    path = tmp_path / "mark.json"
    key = create_keys(path)
    with pytest.raises(CredentialError, match="choose a new name"):
        create_keys(path)
    assert load_keys(path) == key
    assert [entry.name for entry in tmp_path.iterdir()] == ["mark.json"]


def test_dangling_link_is_not_followed(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CredentialError, match="choose a new name"):
        create_keys(link)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("folder", ["repository", "repository/deep/below"])
def test_git_tree_is_refused(tmp_path, folder):
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    with pytest.raises(CredentialError, match="git tree"):
        create_keys(tmp_path / folder / "mark.json")
    assert not (tmp_path / folder / "mark.json").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_key_open_to_others_is_refused(tmp_path, mode):
    path = tmp_path / "mark.json"
    create_keys(path)
    path.chmod(mode)
    with pytest.raises(CredentialError, match="chmod 600"):
        load_keys(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"[]",
        b"[" * 4000,
        b'{"kind": "foleymark mark key", "version": 1, "key": "00"}',
        b'{"kind": "foleymark mark key", "version": 1, "key": 5}',
        json.dumps({"kind": "another", "version": 1, "key": "00" * 32}).encode(),
        json.dumps({"kind": "foleymark mark key", "version": 3, "key": "00" * 32}).encode(),
        json.dumps({"kind": "foleymark mark key", "version": 2, "keys": []}).encode(),
        json.dumps({"kind": "foleymark mark key", "version": 2, "keys": [{"key": "00" * 32}] * 17}).encode(),
        json.dumps({"kind": "foleymark mark key", "version": 2, "keys": ["00" * 32]}).encode(),
        b"\xff\xfe\x00",
    ],
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "mark.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(CredentialError, match="is not a mark key file"):
        load_keys(path)


def test_missing_file_folder_and_pipe_are_refused(tmp_path):
    with pytest.raises(CredentialError, match="Cannot read the mark key"):
        load_keys(tmp_path / "none.json")
    with pytest.raises(CredentialError, match="directory"):
        load_keys(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(CredentialError, match="is not a file"):
        load_keys(tmp_path / "pipe")


def test_file_of_the_first_version_still_reads(tmp_path):
    path = tmp_path / "mark.key"
    path.write_text(json.dumps({"kind": "foleymark mark key", "version": 1, "id": "x", "key": "ab" * 32}))
    path.chmod(0o600)
    assert load_keys(path).keys == (b"\xab" * 32,)


def test_rotation_adds_a_key_in_front_and_keeps_the_others(tmp_path):
    path = tmp_path / "mark.key"
    first = create_keys(path).current
    rotated = rotate_keys(path)
    assert rotated == load_keys(path)
    assert rotated.keys[1:] == (first,) and rotated.current != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["mark.key"]


def test_rotation_stops_before_checks_become_slow(tmp_path):
    path = tmp_path / "mark.key"
    create_keys(path)
    for _ in range(MOST_KEYS - 1):
        keys = rotate_keys(path)
    with pytest.raises(CredentialError, match="start a new tenant"):
        rotate_keys(path)
    assert load_keys(path) == keys and len(keys.keys) == MOST_KEYS


def test_rotation_of_no_key_file_changes_nothing(tmp_path):
    path = tmp_path / "other"
    path.write_text("hello")
    path.chmod(0o600)
    with pytest.raises(CredentialError, match="is not a mark key file"):
        rotate_keys(path)
    assert path.read_text() == "hello"
