"""The benchmark of credentials: its files are real, its changes are changes, and both verifiers judge them alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.credential_files import write_file
from benchmarks.credential_forgeries import by_key
from benchmarks.credential_signing import sign
from benchmarks.credential_tampering import boxes_of, exchanges, manifests_of, tamperings
from benchmarks.credential_verdicts import our_word, their_word
from benchmarks.credentials import _network
from pipeline.provenance.formats import SIGNABLE
from pipeline.provenance.signing.authority import init_authority
from pipeline.provenance.trust.lists import Trust

KINDS = {"media", "assertion", "claim", "signature", "certificate", "boxes", "truncated", "appended"}
# in one piece, in blocks of 255 bytes, as text, and beside the file
HELD = (".mp4", ".gif", ".svg", ".jpg")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return init_authority(tmp_path_factory.mktemp("authority") / "keys", organisation="Test Studio")


@pytest.fixture(scope="module")
def trust(authority):
    return Trust(own_pem=authority.root_pem)


@pytest.mark.parametrize("suffix", SIGNABLE)
def test_every_format_is_written_and_signed(suffix, authority, tmp_path):
    file = sign(write_file(tmp_path / f"file{suffix}"), authority)
    start, end = file.place
    assert file.data != (tmp_path / f"file{suffix}").read_bytes() and 0 < start < end <= len(file.data)
    assert [box.label for box in boxes_of(file.store)][0] == "c2pa" and len(manifests_of(boxes_of(file.store))) == 1
    assert file.with_store(file.store).data == file.data


@pytest.mark.parametrize("suffix", HELD)
def test_both_verifiers_see_every_change(suffix, authority, trust, tmp_path):
    pytest.importorskip("encypher_c2pa")
    file = sign(write_file(tmp_path / f"file{suffix}"), authority, sidecar=suffix == ".jpg")
    assert our_word(file, tmp_path, trust)[0] == their_word(file, trust)[0] == "trusted"
    covered = [one for one in tamperings(file) if one.is_covered]
    assert {one.kind for one in covered} >= KINDS and len(covered) > 20
    for one in covered:
        assert (one.file.data, one.file.store) != (file.data, file.store), one.name
        words = our_word(one.file, tmp_path, trust)[0], their_word(one.file, trust)[0]
        assert words == ("bad", "bad"), (one.kind, one.name, words)


def test_both_verifiers_see_who_did_not_sign(authority, trust, tmp_path):
    pytest.importorskip("encypher_c2pa")
    stranger = init_authority(tmp_path / "stranger", organisation="Test Studio")
    path = write_file(tmp_path / "file.jpg")
    other = sign(write_file(tmp_path / "other.jpg", seed=2), authority)
    [moved] = exchanges(sign(path, authority), other)
    for file, word in (
        (sign(path, stranger), "intact"),
        (by_key(path, replace(authority, sign=stranger.sign)), "bad"),
        (moved.file, "bad"),
    ):
        assert our_word(file, tmp_path, trust)[0] == their_word(file, trust)[0] == word


def test_only_the_bare_sdk_fetches(authority, trust, tmp_path):
    assert _network(tmp_path, authority, trust) == {"connections": 0, "sdk_connections": 1}
