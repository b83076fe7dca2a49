import json
import os
import stat

import pytest

from pipeline.errors import CredentialError
from pipeline.watermark.keys import create_key, key_id, load_key


def test_created_key_loads(tmp_path):
    path = tmp_path / "keys" / "mark.json"
    key = create_key(path)
    assert len(key) == 32
    assert load_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["mark.json"]
    assert json.loads(path.read_text())["id"] == key_id(key)


def test_created_key_ignores_a_loose_umask(tmp_path):
    before = os.umask(0)
    try:
        create_key(tmp_path / "mark.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "mark.json").stat().st_mode) == 0o600


def test_key_id_names_a_key_without_telling_it(tmp_path):
    one, other = create_key(tmp_path / "one"), create_key(tmp_path / "other")
    assert key_id(one) == key_id(one) != key_id(other)
    assert len(key_id(one)) == 8
    assert key_id(one) not in one.hex()


def test_existing_file_is_kept(tmp_path):
    path = tmp_path / "mark.json"
    key = create_key(path)
    with pytest.raises(CredentialError, match="choose a new name"):
        create_key(path)
    assert load_key(path) == key
    assert [entry.name for entry in tmp_path.iterdir()] == ["mark.json"]


def test_dangling_link_is_not_followed(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CredentialError, match="choose a new name"):
        create_key(link)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("folder", ["repository", "repository/deep/below"])
def test_git_tree_is_refused(tmp_path, folder):
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    with pytest.raises(CredentialError, match="git tree"):
        create_key(tmp_path / folder / "mark.json")
    assert not (tmp_path / folder / "mark.json").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_key_open_to_others_is_refused(tmp_path, mode):
    path = tmp_path / "mark.json"
    create_key(path)
    path.chmod(mode)
    with pytest.raises(CredentialError, match="chmod 600"):
        load_key(path)


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
        json.dumps({"kind": "foleymark mark key", "version": 2, "key": "00" * 32}).encode(),
        b"\xff\xfe\x00",
    ],
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "mark.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(CredentialError, match="is not a mark key file"):
        load_key(path)


def test_missing_file_folder_and_pipe_are_refused(tmp_path):
    with pytest.raises(CredentialError, match="Cannot read the mark key"):
        load_key(tmp_path / "none.json")
    with pytest.raises(CredentialError, match="directory"):
        load_key(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(CredentialError, match="is not a file"):
        load_key(tmp_path / "pipe")
