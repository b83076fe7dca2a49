"""`foleymark keys` and `foleymark stamp` as a person meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest


@pytest.fixture
def keys(foleymark, home):
    foleymark("keys", "init", "--organisation", "Studio North")
    return home


def test_show_names_the_development_certificate(foleymark, keys):
    text = foleymark("keys", "show")
    assert "Studio North" in text and "A development certificate" in text and "keys csr" in text
    facts = json.loads(foleymark("keys", "show", "--json"))
    assert (facts["algorithm"], facts["development"], facts["signing_key"]) == ("es256", True, "development authority")


def test_an_expiring_certificate_is_told_and_renewed(foleymark, home):
    from pipeline.provenance.signing.authority import init_authority
    from pipeline.watermark.keys import create_keys

    create_keys(home / "mark.key")
    init_authority(home / "authority", organisation="Studio", now=datetime.now(UTC) - timedelta(days=350))
    assert "run `foleymark keys renew`" in foleymark("keys", "show")
    text = foleymark("keys", "renew")
    assert "expires on" not in text and "days left" in text


def test_init_refuses_a_git_tree_and_what_is_there(foleymark, keys, monkeypatch, tmp_path):
    assert foleymark("keys", "init", code=4)
    (tmp_path / "tree" / ".git").mkdir(parents=True)
    monkeypatch.setenv("FOLEYMARK_HOME", str(tmp_path / "tree" / "home"))
    assert "inside the git" in foleymark("keys", "init", code=4)


def test_from_request_to_identity(foleymark, keys, tmp_path):
    from cryptography import x509

    from pipeline.provenance.signing.certificates import issue_leaf, make_root, pem_of

    folder = tmp_path / "studio"
    text = foleymark("keys", "csr", "-o", folder, "--organisation", "Studio North", "--country", "DE")
    assert "keys lint" in text and str(folder / "chain.pem") in text
    root_key, root = make_root("Real Authority", now=datetime.now(UTC))
    request = x509.load_pem_x509_csr((folder / "request.csr").read_bytes())
    leaf = issue_leaf(root_key, root, request.public_key(), now=datetime.now(UTC))
    (folder / "chain.pem").write_text(pem_of(leaf) + pem_of(root))
    said = foleymark("keys", "lint", folder / "chain.pem", folder / "signing-key.pem")
    assert "Fit to sign" in said and "root-included" in said
    identity = (folder / "identity.yaml").read_text()
    (keys / "identity.yaml").write_text(
        identity.replace(": chain", f": {folder}/chain").replace(": sign", f": {folder}/sign")
    )
    text = foleymark("keys", "show")
    assert "Real Authority" in text and "signs with  files" in text and "development" not in text
    assert "ask the authority that issued" in foleymark("keys", "renew", code=4)


def test_key_is_tried(foleymark, keys):
    assert "development authority signed as Studio North (es256)" in foleymark("keys", "test")
    assert json.loads(foleymark("keys", "test", "--json"))["algorithm"] == "es256"
    assert "cannot be read" in foleymark("keys", "test", "--identity", keys / "none.yaml", code=2)


def test_lint_gives_reasons_and_an_exit_code(foleymark, keys, tmp_path):
    root, signing = keys / "authority" / "root.pem", keys / "authority" / "signing.pem"
    assert "Fit to sign" in foleymark("keys", "lint", signing, signing, "--root", root)
    text = foleymark("keys", "lint", root, code=4)
    assert "[authority]" in text and "Verifiers would refuse it" in text
    found = json.loads(foleymark("keys", "lint", root, "--json", code=4))
    assert {"error", "warning"} == {one["level"] for one in found["findings"]}
    assert "is missing" in foleymark("keys", "lint", tmp_path / "none.pem", code=4)
    (tmp_path / "letter.pem").write_text("dear")
    assert "no readable certificate" in foleymark("keys", "lint", tmp_path / "letter.pem", code=4)


def test_stamp_files(foleymark, keys, make_clip, tmp_path):
    from benchmarks.local_tsa import LocalTsa

    clip = make_clip(tmp_path / "clip.mp4", frames=6)
    foleymark("sign", clip, "-o", tmp_path / "signed.mp4")
    with LocalTsa() as tsa:
        (keys / "trust").mkdir()
        (keys / "trust" / "my-tsa.pem").write_text(tsa.root_pem)
        files = (tmp_path / "signed.mp4", clip)
        results = json.loads(foleymark("stamp", *files, "--timestamp", tsa.url, "--json", code=1))
        assert [one["state"] for one in results] == ["stamped", "failed"]
        assert (results[0]["time"], results[0]["authority"]) == ("trusted", "Test Time")
        foleymark("stamp", tmp_path / "signed.mp4", "--timestamp", tsa.url, code=4)
    foleymark("sign", clip, "-o", tmp_path / "other.mp4")
    with LocalTsa() as tsa:
        text = foleymark("stamp", tmp_path / "other.mp4", "--timestamp", tsa.url, "-o", tmp_path / "stamped")
    assert "no list here knows that authority" in text and Path(tmp_path / "stamped" / "other.mp4").exists()


def test_stamp_needs_an_authority(foleymark, keys, tmp_path):
    assert "--timestamp https://" in foleymark("stamp", tmp_path / "x.mp4", code=2)
    assert "no address" in foleymark("stamp", tmp_path / "x.mp4", "--timestamp", "ftp://x", code=2)
