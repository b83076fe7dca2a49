"""Bringing lists up to date, adding and removing: whole or not at all."""

from __future__ import annotations

import http.server
import threading
from functools import partial
from pathlib import Path

import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.signing.authority import init_authority
from pipeline.provenance.trust import official
from pipeline.provenance.trust.anchors import add_anchors, remove_list
from pipeline.provenance.trust.lists import Trust, TrustList, load_trust
from pipeline.provenance.trust.official import NAMES, update_lists


@pytest.fixture(scope="module")
def roots(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("roots")
    return [init_authority(folder / str(number), organisation=f"House {number}").root_pem for number in range(3)]


@pytest.fixture
def published(tmp_path, roots) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text(roots[0] + roots[1])
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_lists_come_and_change(published, roots, tmp_path):
    first = update_lists(tmp_path / "trust", str(published))
    assert [(one.is_new, one.certificates, len(one.added)) for one in first] == [(True, 2, 2)] * 2
    again = update_lists(tmp_path / "trust", str(published))
    assert [(one.is_new, one.added, one.removed) for one in again] == [(False, (), ())] * 2
    (published / NAMES[0]).write_text(roots[1] + roots[2])
    changed = update_lists(tmp_path / "trust", str(published / NAMES[0]))
    assert len(changed) == 1
    assert "House 2" in changed[0].added[0] and "House 0" in changed[0].removed[0]
    trust = load_trust(tmp_path / "trust")
    assert [one.is_official for one in trust.lists] == [True, True] and len(trust.signer_lists) == 1


@pytest.mark.parametrize("wrong", ["no list", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""])
def test_bad_update_leaves_the_old_ones(published, tmp_path, wrong):
    update_lists(tmp_path / "trust", str(published))
    before = contents(tmp_path / "trust")
    # the second is bad: the first must not have been replaced either
    (published / NAMES[0]).write_text((published / NAMES[0]).read_text() * 2)
    (published / NAMES[1]).write_text(wrong)
    with pytest.raises(CredentialError):
        update_lists(tmp_path / "trust", str(published))
    assert contents(tmp_path / "trust") == before


def test_update_over_the_network(published, tmp_path):
    handler = partial(Quiet, directory=str(published))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert len(update_lists(tmp_path / "trust", address, local=True)) == 2
        assert len(update_lists(tmp_path / "trust", f"{address}/{NAMES[0]}", local=True)) == 1
        before = contents(tmp_path / "trust")
        with pytest.raises(CredentialError, match="404"):
            update_lists(tmp_path / "trust", f"{address}/sub/", local=True)
        with pytest.raises(CredentialError, match="https"):
            update_lists(tmp_path / "trust", address)
        server.shutdown()
        thread.join()
    assert contents(tmp_path / "trust") == before


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A folder, without chatter."""

    def log_message(self, *_: object) -> None:
        pass


def test_too_large_is_refused(published, tmp_path, monkeypatch):
    monkeypatch.setattr(official, "MAX_LIST_BYTES", 100)
    with pytest.raises(CredentialError, match="too large"):
        update_lists(tmp_path / "trust", str(published))
    assert contents(tmp_path / "trust") == {}


def test_only_official_names_come_by_update(published, roots, tmp_path):
    (published / "mine.pem").write_text(roots[0])
    with pytest.raises(CredentialError, match="no official list"):
        update_lists(tmp_path / "trust", str(published / "mine.pem"))
    with pytest.raises(CredentialError, match="holds no official list"):
        update_lists(tmp_path / "trust", str(tmp_path / "trust"))


def test_anchors_have_the_name_they_were_given(roots, tmp_path):
    (tmp_path / "x.pem").write_text(roots[0])
    folder = tmp_path / "trust"
    added = add_anchors(folder, tmp_path / "x.pem", name="Friends of ours")
    assert (added.name, added.is_official, added.is_mine, added.purpose) == (
        "Friends of ours",
        False,
        False,
        "manifest",
    )
    assert added.date and not added.is_file_date
    mine = add_anchors(folder, tmp_path / "x.pem", mine=True)
    assert mine.is_mine and len(load_trust(folder).lists) == 2
    times = add_anchors(folder, tmp_path / "x.pem", name="clock", purpose="tsa")
    assert times.purpose == "tsa"
    assert remove_list(folder, "friends of OURS").name == "Friends of ours"
    assert remove_list(folder, mine.stem) == mine
    assert [one.name for one in load_trust(folder).lists] == ["clock"]
    with pytest.raises(CredentialError, match="no trust list called"):
        remove_list(folder, "friends of ours")


def test_no_added_list_passes_for_an_official_one(roots, tmp_path):
    (tmp_path / "x.pem").write_text(roots[0])
    added = add_anchors(tmp_path / "trust", tmp_path / "x.pem", name="C2PA-TRUST-LIST")
    assert not added.is_official and added.stem == "c2pa-trust-list-anchors"
    with pytest.raises(CredentialError, match="cannot name a list"):
        add_anchors(tmp_path / "trust", tmp_path / "x.pem", name="../..")


def test_strict_counts_official_lists_and_ones_own():
    def one(name: str, **what) -> TrustList:
        return TrustList(name, "2026-01-01", "pem", **what)

    lists = (one("o", is_official=True), one("a"), one("m", is_mine=True), one("t", purpose="tsa"))
    strict, loose = Trust(lists=lists, policy="strict"), Trust(lists=lists)
    assert [found.name for found in strict.signer_lists] == ["o", "m"] and strict.time_lists == ()
    assert [found.name for found in strict.left_aside] == ["a", "t"] and loose.left_aside == ()
    assert [found["trust_uri"] for found in strict.anchors()] == ["list-0", "list-2"]
    assert len(loose.anchors()) == 4 and strict.list_by_key("list-2").name == "m"
