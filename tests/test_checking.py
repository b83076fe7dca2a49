"""Checking: what is put together from the parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline import checking
from pipeline.config import CheckSettings, load_settings
from pipeline.keys import Keys
from pipeline.provenance.reading.wording import RECOVERED, WITHOUT_FILE
from pipeline.records import Credential, Recovery, RecoveryMatch

HELD = Credential(
    *("recovered", "own", "none", "watermark+fingerprint", "complete"),
    manifest_label="urn:c2pa:1",
    origin="store",
    declares_ai=True,
    sentences=(WITHOUT_FILE, "more"),
)


@pytest.fixture
def found() -> Recovery:
    match = RecoveryMatch("urn:c2pa:1", "recovered", "They agree.", credential=HELD)
    return Recovery(matches=(match,), sentences=("They agree.",))


def test_recovered_credentials_count_where_the_file_has_none(found):
    for embedded in (None, Credential(*["none"] * 5, remote_url="https://a.example/x")):
        used = checking._own_or_recovered(checking.Seen(credential=embedded, recovery=found))
        assert used == replace(HELD, sentences=(RECOVERED, "more"))


def test_the_files_own_credentials_come_first(found):
    own = replace(HELD, integrity="altered", manifest_label="urn:c2pa:2", origin="embedded")
    assert checking._own_or_recovered(checking.Seen(credential=own, recovery=found)) is own


def test_likeness_alone_and_revoked_credentials_do_not_count(found):
    [match] = found.matches
    for other in (
        replace(match, state="similar"),
        replace(match, revoked="2026-01-01"),
        replace(match, credential=None),
    ):
        seen = checking.Seen(recovery=replace(found, matches=(other,)))
        assert checking._own_or_recovered(seen) is None


def test_policy_and_hosts_come_from_settings(tmp_path):
    file = tmp_path / "foleymark.yaml"
    file.write_text("check: {policy: strict, fetch_hosts: [a.example]}")
    assert load_settings(file=file, environment={}).check == CheckSettings("strict", ("a.example",))
    assert Keys(tmp_path).trust("strict").policy == "strict"


def test_a_file_that_is_none_is_one_sentence(tmp_path):
    result = checking.check(tmp_path / "gone.mp4", keys=Keys(tmp_path))
    assert "cannot be opened" in result.error and result.verdict.name == "not_applicable"


def test_a_file_that_cannot_be_decoded_still_shows_its_label(tmp_path):
    from PIL import Image

    rdf = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    )
    xmp = f'<rdf:RDF {rdf}><rdf:Description e:DigitalSourceType="x/trainedAlgorithmicMedia"/></rdf:RDF>'.encode()
    Image.new("RGB", (64, 64)).save(tmp_path / "a.tiff", tiffinfo={700: xmp})
    result = checking.check(tmp_path / "a.tiff", keys=Keys(tmp_path))
    assert result.verdict.name == "declared_ai"


def test_parts_that_are_not_asked_for_are_said(tmp_path, make_clip):
    path = make_clip(tmp_path / "a.mp4")
    result = checking.check(path, keys=Keys(tmp_path / "nobody"), parts=("container",))
    said = " ".join(result.verdict.not_checked)
    for words in ("credentials were not looked at", "mark was not looked for", "pictures themselves", "sound was not"):
        assert words in said
    assert not [e for e in result.verdict.evidence if e.scope == "content"]


def test_the_content_of_a_clip_is_fused_and_shown(tmp_path, make_clip, monkeypatch):
    from pipeline.detect import examiner
    from tests.detect.made_fusion import FUSION, said

    class Certain:
        name = "patches"

        def __init__(self, held_out):
            self.held_out = held_out

        def add(self, picture):
            assert picture.luma.ndim == 2

        def evidence(self):
            return said("patches", 2.0), said("residual", 2.0)

    monkeypatch.setattr(examiner, "PICTURE_DETECTORS", {"certain": Certain})
    monkeypatch.setattr("pipeline.detect.fusion.load_fusion", lambda: FUSION)
    path = make_clip(tmp_path / "a.mp4", width=320, height=240, frames=30)
    result = checking.check(path, keys=Keys(tmp_path / "nobody"), parts=("picture",), thoroughness="fast")
    shown = {e.name: e for e in result.verdict.evidence if e.scope == "content"}
    assert shown["fused"].llr > 1 and shown["quality"].applicable
    # nothing keeps crops here, so whether the answer would hold cannot be tried
    assert result.verdict.name == "inconclusive"
    assert "could not be tried" in result.verdict.explanation


def test_a_black_clip_is_not_applicable(tmp_path, make_clip, monkeypatch):
    import numpy as np

    from pipeline.detect import examiner

    monkeypatch.setattr(examiner, "PICTURE_DETECTORS", {})
    black = make_clip(
        tmp_path / "a.mp4", width=320, height=240, frames=48, picture=lambda _i, w, h: np.zeros((h, w, 3), np.uint8)
    )
    result = checking.check(black, keys=Keys(tmp_path / "nobody"), parts=("picture",))
    assert result.verdict.name == "not_applicable"
    assert "black" in result.verdict.explanation
