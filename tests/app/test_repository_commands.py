"""The repository commands: they print for people and programs, and say in one sentence what is wrong."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from benchmarks.small_manifests import new_label, signed_store
from pipeline.app.cli import app
from pipeline.provenance.signing.authority import init_authority


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    identity = init_authority(tmp_path_factory.mktemp("keys") / "authority", organisation="Studio North")
    label = new_label()
    bindings = {"io.foleymark.picture.1": [("10000000deadbeef", None)], "io.iscc.v0": [("ab" * 8, (0, 2000))]}
    return label, signed_store(identity, label=label, bindings=bindings, title="[bold]A film[/bold]")


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["repository", *arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


def told(*arguments: str, code: int = 0):
    return json.loads(run(*arguments, "--json", code=code))


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["repository", *arguments])
    assert done.exit_code == 1 and done.exception
    return str(done.exception)


@pytest.fixture
def filled(home, store, tmp_path):
    label, data = store
    (tmp_path / "in.c2pa").write_bytes(data)
    assert told("import", str(tmp_path / "in.c2pa"), "--media-type", "video/mp4")["action"] == "publish"
    return label


def test_a_manifest_goes_in_and_out(filled, store, tmp_path):
    [one] = told("list")
    assert (one["label"], one["media_type"], one["title"]) == (filled, "video/mp4", "[bold]A film[/bold]")
    shown = told("show", filled.removeprefix("urn:c2pa:"))
    assert (shown["segments"], len(shown["receipts"])) == (1, 1)
    assert [b["value_hex"] for b in shown["bindings"]] == ["10000000deadbeef"]
    assert shown["credential"]["signer_name"] == "Studio North"
    assert told("export", filled, "-o", str(tmp_path / "out.c2pa"))["sha256"] == one["sha256"]
    assert (tmp_path / "out.c2pa").read_bytes() == store[1]
    # a stranger's title is never taken for markup
    assert "[bold]A film[/bold]" in run("list") and "[bold]A film[/bold]" in run("show", filled)


def test_what_is_revoked_is_said_to_be(filled):
    head = told("verify")["head"]
    assert "revoked" not in run("list")
    told("visibility", filled, "private")
    told("revoke", filled, "--reason", "published by mistake")
    assert "revoked: published by mistake" in run("list") and "revoked" in run("show", filled)
    check = told("verify", "--head", head)
    assert (check["count"], check["problems"]) == (3, [])


def test_tampering_is_an_exit_code(filled, home):
    import sqlite3

    with sqlite3.connect(home / "repository.db") as raw:
        raw.execute("UPDATE manifest SET title = 'another'")
    raw.close()
    assert "not what was published" in run("verify", code=4)


def test_sweep_and_upgrade(filled):
    assert told("sweep") == {"reservations": 0, "manifests": 0, "undelivered": []}
    assert told("upgrade")["schema"] == "0002"


def test_what_is_wrong_is_one_sentence(filled, tmp_path, home):
    (tmp_path / "bad.c2pa").write_bytes(b"nothing")
    assert "no manifest" in refused("show", "none")
    assert "public or private" in refused("visibility", filled, "secret")
    assert "reason" in refused("revoke", filled, "--reason", " ")
    assert ".c2pa" in refused("export", filled, "-o", str(tmp_path / "x.mp4"))
    assert "intact signature" in refused("import", str(tmp_path / "bad.c2pa"))
    assert "cannot be read" in refused("import", str(tmp_path / "none.c2pa"))
    assert "no repository" in refused("list", "--url", str(tmp_path / "none.db"))
    assert "file of SQLite" in refused("list", "--url", "mysql://x")
