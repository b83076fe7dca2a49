"""Signing: what is written reads back as planned, and what fails leaves nothing behind."""

from __future__ import annotations

import json
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import CredentialError, UnreadableInput, UsageError
from pipeline.provenance.manifest import PICTURE_MARK, Parent, render
from pipeline.provenance.reading.reader import read_credential, verifier_settings
from pipeline.provenance.signing import sign as signing
from pipeline.provenance.signing.authority import init_authority, renew_leaf
from pipeline.provenance.signing.sign import sign_file, sign_media
from pipeline.provenance.signing.timestamps import TimestampPolicy
from pipeline.provenance.trust.lists import Trust, TrustList
from pipeline.records import SoftBinding


def crjson(path: Path, trust: Trust) -> dict:
    import c2pa

    settings = c2pa.Settings.from_dict(verifier_settings(trust))
    with c2pa.Context(settings) as context, c2pa.Reader(str(path), context=context) as reader:
        return json.loads(reader.crjson())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_finished_clip_reads_back_as_planned(clip, plan, authority, own, tmp_path):
    credential = sign_file(clip, tmp_path / "out.mp4", plan=plan, authority=authority)
    read = read_credential(tmp_path / "out.mp4", trust=own)
    # a second may have passed between the two
    assert read is not None
    assert replace(read, checked_at="", sentences=()) == replace(credential, checked_at="", sentences=())
    axes = (credential.integrity, credential.signer, credential.time, credential.binding, credential.history)
    # its parent came without credentials: what came before is not known
    assert axes == ("exact", "own", "none", "hard", "gaps")
    assert credential.title == "finished.mp4" and credential.signer_name == "Test Studio"
    assert credential.claim_generator == "Foleymark 0.1.0"
    assert credential.soft_bindings == (SoftBinding(PICTURE_MARK, "10000000deadbeef"),)
    assert credential.declares_ai and not credential.declares_capture
    assert [one.action for one in credential.actions][0] == "c2pa.opened"
    assert {one.title for one in credential.ingredients} >= {"clip.mp4", "impact/metal", "music/cinematic"}
    assert credential.signed_at.startswith(str(datetime.now(UTC).year))
    assert names_in(tmp_path) == ["out.mp4"]


def test_conformance_rules_hold_in_the_file(clip, plan, authority, own, tmp_path):
    sign_file(clip, tmp_path / "out.mp4", plan=plan, authority=authority)
    manifest = crjson(tmp_path / "out.mp4", own)["manifests"][0]
    created = {one["url"].rpartition("/")[2] for one in manifest["claim.v2"]["created_assertions"]}
    # the first steps must be vouched for by the signer, not gathered from elsewhere
    assert {"c2pa.actions.v2", "c2pa.soft-binding", "cawg.training-mining", "io.foleymark.findings"} <= created
    assert manifest["claim.v2"]["gathered_assertions"] == []
    assert manifest["claim.v2"]["claim_generator_info"]["specVersion"] == "2.4.0"
    actions = manifest["assertions"]["c2pa.actions.v2"]
    assert actions["allActionsIncluded"] is True
    assert len(actions["actions"][0]["parameters"]["ingredients"]) == 1
    assert manifest["label"].startswith("urn:c2pa:")
    assert manifest["validationResults"]["failure"] == []
    for ingredient in (body for label, body in manifest["assertions"].items() if label.startswith("c2pa.ingredient")):
        assert ingredient["relationship"] in ("parentOf", "componentOf")
        assert not ("activeManifest" in ingredient and "digitalSourceType" in ingredient)


@pytest.mark.parametrize("suffix", [".mov", ".avi", ".jpg", ".png", ".webp", ".tiff", ".wav", ".flac"])
def test_other_formats(suffix, make_clip, simple, authority, own, tmp_path):
    source = _write_media(tmp_path / f"file{suffix}", make_clip)
    credential = sign_file(source, source, plan=simple, authority=authority)
    assert (credential.integrity, credential.signer, credential.binding) == ("exact", "own", "hard")
    assert names_in(tmp_path) == [source.name]


def _write_media(path: Path, make_clip) -> Path:
    import cv2
    import numpy as np
    import soundfile

    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    if path.suffix in (".wav", ".flac"):
        soundfile.write(path, noise.reshape(-1, 2) / 512.0, 48000)
    elif path.suffix in (".mov", ".avi"):
        make_clip(path)
    else:
        assert cv2.imwrite(str(path), noise)
    return path


@pytest.mark.parametrize("suffix", [".txt", ".mp5", ""])
def test_files_that_are_no_media_are_refused(suffix, simple, authority, tmp_path):
    source = tmp_path / f"file{suffix}"
    source.write_bytes(b"anything")
    with pytest.raises(CredentialError, match="are not media that can be signed: name a video"):
        sign_file(source, tmp_path / f"out{suffix}", plan=simple, authority=authority)
    assert names_in(tmp_path) == [source.name]


def test_signing_does_not_convert(clip, simple, authority, tmp_path):
    with pytest.raises(CredentialError, match="does not convert"):
        sign_file(clip, tmp_path / "out.mov", plan=simple, authority=authority)


def test_missing_files_are_named(clip, simple, authority, tmp_path):
    with pytest.raises(UnreadableInput, match="not a file"):
        sign_file(tmp_path / "nothing.mp4", tmp_path / "out.mp4", plan=simple, authority=authority)
    with pytest.raises(UsageError, match="folder .* does not exist"):
        sign_file(clip, tmp_path / "no" / "out.mp4", plan=simple, authority=authority)
    with pytest.raises(UnreadableInput, match="cannot be opened"):
        sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority, parent=tmp_path / "gone.mp4")
    assert names_in(tmp_path) == []


def test_source_may_be_the_destination(clip, simple, authority, tmp_path):
    path = tmp_path / "same.mp4"
    path.write_bytes(clip.read_bytes())
    path.chmod(0o640)
    assert sign_file(path, path, plan=simple, authority=authority).integrity == "exact"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_size > clip.stat().st_size


def test_credentials_of_the_parent_are_carried_on(clip, plan, simple, authority, tmp_path):
    original = tmp_path / "original.mp4"
    first = replace(plan, title="original.mp4", parent=None, created_by_generator=True, model="toy-1", placements=())
    assert sign_file(clip, original, plan=first, authority=authority).history == "complete"
    # the processed file has lost them: they come from the original
    second = replace(plan, title="second.mp4", parent=Parent("original.mp4"))
    credential = sign_file(clip, tmp_path / "second.mp4", plan=second, authority=authority, parent=original)
    assert credential.history == "complete" and credential.declares_ai
    parent = next(one for one in credential.ingredients if one.relationship == "parentOf")
    assert parent.has_credentials and parent.problems == () and parent.title == "original.mp4"
    mixed = next(one for one in credential.actions if one.action == "c2pa.mixed")
    assert mixed.digital_source_type.endswith("compositeWithTrainedAlgorithmicMedia")
    third = replace(simple, title="third.mp4", parent=Parent("second.mp4"))
    credential = sign_file(tmp_path / "second.mp4", tmp_path / "third.mp4", plan=third, authority=authority)
    assert credential.history == "complete" and credential.declares_ai
    assert [one.title for one in credential.every_ingredient() if one.relationship == "parentOf"] == [
        "second.mp4",
        "original.mp4",
    ]


def test_tampered_parent_is_told(clip, simple, authority, tmp_path):
    original = tmp_path / "original.mp4"
    sign_file(clip, original, plan=simple, authority=authority)
    data = bytearray(original.read_bytes())
    data[data.index(b"mdat") + 900] ^= 1
    original.write_bytes(data)
    credential = sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority, parent=original)
    assert (credential.integrity, credential.history) == ("exact", "bad ingredient")
    parent = next(one for one in credential.ingredients if one.relationship == "parentOf")
    assert parent.problems == ("its content was changed after signing",)
    assert any("content was changed after signing" in sentence for sentence in credential.sentences)


def test_parent_with_damaged_credentials_counts_as_unsigned(clip, simple, authority, tmp_path, caplog):
    original = tmp_path / "original.mp4"
    sign_file(clip, original, plan=simple, authority=authority)
    data = bytearray(original.read_bytes())
    at = data.index(b"jumdc2pa") + 60
    data[at : at + 1200] = bytes(1200)
    original.write_bytes(data)
    credential = sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority, parent=original)
    assert credential.history == "gaps" and "damaged credentials" in caplog.text


def test_label_can_be_decided_beforehand(clip, simple, authority, tmp_path):
    label = "urn:c2pa:0b0c2b9e-1f3f-4a52-9d3e-8a7b6c5d4e3f"
    plan = replace(simple, manifest_label=label)
    assert sign_file(clip, tmp_path / "out.mp4", plan=plan, authority=authority).manifest_label == label


def test_thumbnail_is_bound(clip, simple, authority, own, tmp_path):
    picture = _write_media(tmp_path / "small.jpg", None).read_bytes()
    sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority, thumbnail_jpeg=picture)
    assert "c2pa.thumbnail.claim" in crjson(tmp_path / "out.mp4", own)["manifests"][0]["assertions"]
    assert picture in (tmp_path / "out.mp4").read_bytes()


# ------------------------------------------------------------- failures
def test_wrong_key_is_caught_after_signing(clip, simple, authority, tmp_path):
    other = init_authority(tmp_path / "other")
    with pytest.raises(CredentialError, match="does not read back as planned"):
        sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=replace(authority, sign=other.sign))
    assert names_in(tmp_path) == ["other"]


def test_reason_of_a_failing_key_server_is_kept(clip, simple, authority, tmp_path):
    def refuse(data: bytes) -> bytes:
        raise ConnectionError("key server says no")

    with pytest.raises(CredentialError, match="key server says no"):
        sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=replace(authority, sign=refuse))
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_interrupted_signing_leaves_nothing(error, clip, simple, authority, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise error

    target = tmp_path / "out.mp4"
    target.write_bytes(b"what was there before")
    monkeypatch.setattr(signing, "check_result", interrupt)
    with pytest.raises(error):
        sign_file(clip, target, plan=simple, authority=authority)
    assert names_in(tmp_path) == ["out.mp4"] and target.read_bytes() == b"what was there before"


def test_plan_with_a_gap_signs_nothing(clip, plan, authority, tmp_path):
    gap = replace(plan, placements=(replace(plan.placements[0], licence=""),))
    with pytest.raises(CredentialError, match="no licence"):
        sign_file(clip, tmp_path / "out.mp4", plan=gap, authority=authority)
    assert names_in(tmp_path) == []


def test_garbage_in_a_known_suffix_is_refused(simple, authority, tmp_path):
    source = tmp_path / "bad.mp4"
    source.write_bytes(b"no film at all" * 50)
    with pytest.raises(CredentialError, match="could not be signed"):
        sign_file(source, tmp_path / "out.mp4", plan=simple, authority=authority)
    assert names_in(tmp_path) == ["bad.mp4"]


def test_expired_certificate_signs_nothing(clip, simple, authority, tmp_path):
    with pytest.raises(CredentialError, match=r"expired on .*foleymark keys renew"):
        later = datetime.now(UTC) + timedelta(days=400)
        sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority, now=later)
    assert names_in(tmp_path) == []


def test_certificate_that_expires_later_is_told_as_such(clip, simple, tmp_path):
    # valid for two more seconds
    made = datetime.now(UTC) - timedelta(days=365) + timedelta(seconds=2)
    authority = init_authority(tmp_path / "keys", now=made)
    sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority)
    trust = Trust(own_pem=authority.root_pem)
    credential = _read_when_expired(tmp_path / "out.mp4", trust)
    assert (credential.integrity, credential.signer, credential.binding) == ("exact", "expired", "hard")
    assert any("expired on" in sentence and "no trusted time stamp" in sentence for sentence in credential.sentences)
    # the SDK calls every expired certificate untrusted; who stands behind it is told all the same
    assert "The signer is your own authority." in credential.sentences
    friends = Trust(lists=(TrustList("list of friends", "2026-05-04", authority.root_pem),))
    listed = _read_when_expired(tmp_path / "out.mp4", friends)
    assert "The issuer of the certificate is on the list of friends (list of 2026-05-04)." in listed.sentences
    stranger = init_authority(tmp_path / "stranger", organisation=authority.organisation)
    others = Trust(lists=(TrustList("list of others", "2026-05-04", stranger.root_pem),))
    unlisted = _read_when_expired(tmp_path / "out.mp4", others)
    assert "The signer is not on the list of others (list of 2026-05-04)." in unlisted.sentences
    # a new leaf signs on under the same root
    renewed = renew_leaf(tmp_path / "keys")
    assert sign_file(clip, tmp_path / "new.mp4", plan=simple, authority=renewed).signer == "own"
    fresh = read_credential(tmp_path / "new.mp4", trust=trust)
    assert fresh is not None and fresh.signer == "own"


def _read_when_expired(path: Path, trust: Trust):
    for _ in range(40):
        credential = read_credential(path, trust=trust)
        assert credential is not None
        if credential.signer == "expired":
            return credential
        time.sleep(0.2)
    raise AssertionError("the certificate never expired")


def test_dead_time_stamp_authority(clip, simple, authority, tmp_path):
    def policy(mode):
        return TimestampPolicy(mode, ("http://127.0.0.1:9/",), attempts=1, timeout_s=1.0)

    # it must not yield a file without the stamp that was asked for
    with pytest.raises(CredentialError, match="no time stamp authority gave a stamp"):
        sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=authority, timestamps=policy("required"))
    assert names_in(tmp_path) == []
    signed = sign_media(clip, tmp_path / "out.mp4", plan=simple, authority=authority, timestamps=policy("preferred"))
    assert signed.credential.integrity == "exact" and signed.credential.time == "none"
    assert any("without a time stamp" in note for note in signed.notes)


# ---------------------------------------------------- a second opinion
def test_independent_verifier_agrees(clip, plan, authority, tmp_path):
    verifier = pytest.importorskip("encypher_c2pa")

    def verdict(data: bytes) -> dict:
        return verifier.verify(
            data, "video/mp4", trust_pem=authority.root_pem, no_default_trust=True, telemetry=False, online=False
        )

    sign_file(clip, tmp_path / "out.mp4", plan=plan, authority=authority)
    sign_file(tmp_path / "out.mp4", tmp_path / "again.mp4", plan=plan, authority=authority)
    for name in ("out.mp4", "again.mp4"):
        data = (tmp_path / name).read_bytes()
        found = verdict(data)
        assert (found["integrity"], found["signature"], found["hard_binding"]) == ("valid", "valid", "match")
        assert found["validation_state"] == "Trusted"
        for at in (data.index(b"mdat") + 700, data.index(b"c2pa.actions.v2") + 400, data.index(b"moov") + 40):
            tampered = bytearray(data)
            tampered[at] ^= 1
            assert verdict(bytes(tampered))["validation_state"] not in ("Trusted", "Valid"), (name, at)


def test_render_is_what_gets_signed(clip, plan, authority, own, tmp_path):
    sign_file(clip, tmp_path / "out.mp4", plan=plan, authority=authority)
    written = crjson(tmp_path / "out.mp4", own)["manifests"][0]["assertions"]["c2pa.actions.v2"]["actions"]
    planned = next(one["data"]["actions"] for one in render(plan)["assertions"] if one["label"] == "c2pa.actions.v2")
    assert [one["action"] for one in written] == [one["action"] for one in planned]
    assert written[1]["changes"] == planned[1]["changes"]
    assert written[4]["parameters"]["io.foleymark.loudness"]["integrated_lufs"] == pytest.approx(-14.01)
