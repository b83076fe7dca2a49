"""`foleymark trust`, and what a check makes of it."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def signed(make_clip, shared_keys, tmp_path):
    from pipeline.provenance.manifest import ProvenancePlan
    from pipeline.provenance.signing.sign import sign_file

    plan = ProvenancePlan(title="x", software_version="1", created_by_generator=True, model="toy")
    path = tmp_path / "signed.mp4"
    sign_file(make_clip(tmp_path / "a.mp4"), path, plan=plan, authority=shared_keys.authority())
    return path


def test_lists_come_and_go(foleymark, shared_keys, tmp_path):
    root = shared_keys.authority_folder / "root.pem"
    assert "trust update" in foleymark("trust", "list")
    (tmp_path / "C2PA-TRUST-LIST.pem").write_text(root.read_text())
    assert "1 certificate," in foleymark("trust", "update", "--from", tmp_path / "C2PA-TRUST-LIST.pem")
    changes = json.loads(foleymark("trust", "update", "--from", tmp_path / "C2PA-TRUST-LIST.pem", "--json"))
    assert [(one["added"], one["removed"]) for one in changes] == [([], [])]
    assert "Friends" in foleymark("trust", "add", root, "--as", "Friends")
    found = {one["name"]: one for one in json.loads(foleymark("trust", "list", "--json"))}
    assert found["official C2PA trust list"]["official"] and not found["Friends"]["official"]
    assert "Removed: Friends" in foleymark("trust", "remove", "Friends")
    foleymark("trust", "remove", "Friends", code=4)
    assert "only plain https" in foleymark("trust", "update", "--from", "http://a.example/", code=4)


def test_policy_decides_whether_an_added_list_counts(foleymark, signed, shared_keys):
    foleymark("trust", "add", shared_keys.authority_folder / "root.pem", "--as", "Friends")
    for policy, signer in (("open", "trusted"), ("strict", "unknown")):
        data = foleymark("check", signed, "--only", "credentials", "--policy", policy, "--json")
        [result] = json.loads(data)
        credential = result["credential"]
        assert (credential["signer"], credential["policy"], credential["integrity"]) == (signer, policy, "exact")
    foleymark("check", signed, "--only", "credentials", "--policy", "lenient", code=2)


def test_check_names_lists_and_clock(foleymark, signed, shared_keys):
    foleymark("trust", "add", shared_keys.authority_folder / "root.pem", "--as", "Friends")
    text = " ".join(foleymark("check", signed, "--only", "credentials").split())
    assert "by this machine's clock against the list Friends (list of 20" in text


def test_page_of_a_signed_file(foleymark, signed, tmp_path):
    page = tmp_path / "page.html"
    foleymark("check", signed, "--only", "credentials", "--html", page)
    text = page.read_text()
    for part in ("The file", "The signer", "The date", "The tie", "The history", "Wishes about AI", "Trust lists"):
        assert part in text


def test_a_still_with_an_unsigned_label(foleymark, tmp_path):
    from PIL import Image

    space = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    )
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    xmp = f'<rdf:RDF {space}><rdf:Description e:DigitalSourceType="{kind}"/></rdf:RDF>'
    Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg", xmp=xmp.encode())
    [result] = json.loads(foleymark("check", tmp_path / "a.jpg", "--json"))
    assert result["verdict"]["name"] == "declared_ai"
    assert any("IPTC digital source type" in one["sentence"] for one in result["verdict"]["evidence"])
