"""Trust lists: the user's own files, with names and dates."""

from __future__ import annotations

import base64
import json
import os

import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.trust.lists import OWN, Trust, load_trust, load_trust_list


def published(pem: str, name: str = "C2PA Trust List") -> str:
    """The official JSON form around one certificate."""
    body = "".join(pem.split("-----")[2].split())
    service = {"ServiceInformation": {"ServiceDigitalIdentity": {"X509Certificates": [{"val": body}]}}}
    info = {"SchemeName": [{"lang": "en", "value": name}], "ListIssueDateTime": "2026-08-05T00:11:47Z"}
    entity = {"TrustedEntityServices": [service]}
    return json.dumps({"LoTE": {"ListAndSchemeInformation": info, "TrustedEntitiesList": [entity]}})


def der(pem: str) -> bytes:
    return base64.b64decode("".join(pem.split("-----")[2].split()))


def test_pem_list_takes_its_date_from_the_file(tmp_path, authority):
    path = tmp_path / "newsroom.pem"
    path.write_text("Subject CN=whoever\n" + authority.root_pem + "\ntrailing words")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    found = load_trust_list(path)
    assert (found.name, found.date, found.is_file_date) == ("trust list newsroom", "2023-11-14", True)
    assert der(found.pem) == der(authority.root_pem) and "whoever" not in found.pem


def test_json_list_brings_name_and_date(tmp_path, authority):
    path = tmp_path / "friends.json"
    path.write_text(published(authority.root_pem))
    found = load_trust_list(path)
    assert (found.name, found.date, found.is_file_date) == ("C2PA Trust List", "2026-08-05", False)
    assert der(found.pem) == der(authority.root_pem)


def test_official_files_are_called_official(tmp_path, authority):
    for stem, name, purpose in (
        ("C2PA-TRUST-LIST", "official C2PA trust list", "manifest"),
        ("C2PA-TSA-TRUST-LIST", "official C2PA time stamp list", "tsa"),
    ):
        (tmp_path / f"{stem}.pem").write_text(authority.root_pem)
        found = load_trust_list(tmp_path / f"{stem}.pem")
        assert (found.name, found.purpose) == (name, purpose)


def test_folder_is_read_once_per_list(tmp_path, authority):
    (tmp_path / "C2PA-TRUST-LIST.pem").write_text(authority.root_pem)
    (tmp_path / "C2PA-TRUST-LIST.json").write_text(published(authority.root_pem))
    (tmp_path / "friends.pem").write_text(authority.root_pem)
    (tmp_path / "notes.txt").write_text("not a list")
    root = tmp_path / "root"
    root.write_text(authority.root_pem)
    trust = load_trust(tmp_path, own_root=root)
    assert [one.date for one in trust.lists if not one.is_file_date] == ["2026-08-05"]
    assert len(trust.lists) == 2 and der(trust.own_pem) == der(authority.root_pem)
    keys = [one["trust_uri"] for one in trust.anchors()]
    assert keys == [OWN, "list-0", "list-1"]
    assert trust.list_by_key("list-1") is trust.lists[1] and trust.list_by_key(OWN) is None


def test_nothing_installed_is_no_error(tmp_path):
    assert load_trust(tmp_path / "gone", own_root=tmp_path / "gone.pem") == Trust()
    assert load_trust() == Trust()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.pem", "no certificate"),
        ("x.json", "[]"),
        ("x.json", "{"),
        ("x.json", '{"LoTE": {"ListAndSchemeInformation": {"SchemeName": []}}}'),
        ("x.json", "[" * 100_000),
    ],
)
def test_files_that_are_no_list_are_named(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(CredentialError, match=name):
        load_trust(tmp_path)


def test_absurd_size_is_refused(tmp_path, monkeypatch, authority):
    monkeypatch.setattr("pipeline.provenance.trust.lists.MAX_LIST_BYTES", 100)
    (tmp_path / "x.pem").write_text(authority.root_pem)
    with pytest.raises(CredentialError, match="too large"):
        load_trust(tmp_path)
