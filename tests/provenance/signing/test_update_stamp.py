"""A stamp added later: the update manifest, read by us, by the bare SDK and by an independent verifier."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.reading.reader import read_credential
from pipeline.provenance.signing.identity import make_identity
from pipeline.provenance.signing.sign import sign_file
from pipeline.provenance.signing.timestamps import TimestampPolicy
from pipeline.provenance.signing.update import STAMP_LABEL, UPDATABLE, add_stamp, is_due
from pipeline.provenance.trust.lists import Trust, TrustList


def policy_of(tsa, **more):
    return TimestampPolicy("required", (tsa.url,), attempts=1, **more)


def trust_of(root_pem, tsa):
    return Trust(own_pem=root_pem, lists=(TrustList("test times", "2026-01-01", tsa.root_pem, "tsa"),))


@pytest.fixture
def signed(clip, plan, authority, tmp_path):
    sign_file(clip, tmp_path / "signed.mp4", plan=plan, authority=authority)
    return tmp_path / "signed.mp4"


def sdk_report(path, trust):
    import c2pa

    from pipeline.provenance.reading.reader import verifier_settings

    context = c2pa.Context(c2pa.Settings.from_dict(verifier_settings(trust)))
    with path.open("rb") as file, c2pa.Reader("video/mp4", file, context=context) as reader:
        return json.loads(reader.json()), json.loads(reader.crjson())


def packets(path):
    import av

    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


def verified(path, kind, authority, tsa):
    """What an independent verifier says."""
    verifier = pytest.importorskip("encypher_c2pa")
    return verifier.verify(
        path.read_bytes(),
        kind,
        trust_pem=authority.root_pem,
        tsa_trust_pem=tsa.root_pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )


def test_stamp_is_added_and_everything_else_stays(signed, authority, tsa, tmp_path):
    trust = trust_of(authority.root_pem, tsa)
    before = read_credential(signed, trust=trust)
    assert is_due(before)
    after = add_stamp(signed, tmp_path / "stamped.mp4", identity=authority, timestamps=policy_of(tsa), trust=trust)
    assert (after.integrity, after.signer, after.time, after.binding) == ("exact", "own", "trusted", "hard")
    assert after.is_update and not is_due(after)
    # what copies are recovered by is still the manifest of the content
    assert after.content_label == before.manifest_label == before.content_label != after.manifest_label
    assert (after.declares_ai, after.title, after.soft_bindings) == (
        before.declares_ai,
        before.title,
        before.soft_bindings,
    )
    assert packets(tmp_path / "stamped.mp4") == packets(signed)
    assert tsa.requests == 2  # one for the earlier signature, one for the update's own


def test_manifest_holds_the_stamp_of_the_earlier_signature(signed, authority, tsa, tmp_path):
    trust = trust_of(authority.root_pem, tsa)
    earlier = read_credential(signed, trust=trust).manifest_label
    path = tmp_path / "stamped.mp4"
    add_stamp(signed, path, identity=authority, timestamps=policy_of(tsa), trust=trust)
    report, _ = sdk_report(path, trust)
    assert report["validation_state"] == "Trusted"
    active = report["manifests"][report["active_manifest"]]
    stamp = next(one for one in active["assertions"] if one["label"] == STAMP_LABEL)
    assert list(stamp["data"]) == [earlier]
    (parent,) = active["ingredients"]
    assert (parent["relationship"], parent["active_manifest"]) == ("parentOf", earlier)


def test_rubric_and_independent_verifier_agree(signed, authority, tsa):
    from pipeline.provenance.rubric import evaluate

    trust = trust_of(authority.root_pem, tsa)
    add_stamp(signed, signed, identity=authority, timestamps=policy_of(tsa), trust=trust)
    _, report = sdk_report(signed, trust)
    assert [one.id for one in evaluate(report) if not one.passed] == []
    verdict = verified(signed, "video/mp4", authority, tsa)
    assert verdict["validation_state"] == "Trusted" and verdict["hard_binding"] == "match"


def test_stamp_of_somebody_unknown_is_called_untrusted(signed, authority, tsa):
    assert add_stamp(signed, signed, identity=authority, timestamps=policy_of(tsa)).time == "untrusted"


@pytest.mark.parametrize("suffix", [".mov", ".m4a", ".jpg", ".png", ".heic", ".gif", ".wav", ".webp", ".tiff", ".svg"])
def test_other_formats(suffix, simple, authority, tsa, tmp_path):
    """Where an update would break the file for somebody, nothing is asked or written."""
    from benchmarks.credential_files import write_file
    from pipeline.provenance.formats import media_type

    path = write_file(tmp_path / f"file{suffix}")
    sign_file(path, path, plan=simple, authority=authority)
    trust = trust_of(authority.root_pem, tsa)
    if suffix not in UPDATABLE:
        with pytest.raises(CredentialError, match="sign the original anew"):
            add_stamp(path, path, identity=authority, timestamps=policy_of(tsa), trust=trust)
        assert tsa.requests == 0 and is_due(read_credential(path, trust=trust))
        return
    assert add_stamp(path, path, identity=authority, timestamps=policy_of(tsa), trust=trust).time == "trusted"
    assert verified(path, media_type(path), authority, tsa)["validation_state"] == "Trusted"


def test_expiry_after_the_update_does_no_harm(clip, plan, key_of, issuer, short_lived, authority, tsa, tmp_path):
    """Signed by a certificate of five seconds, stamped in time by another identity, read afterwards."""
    from pipeline.provenance.signing.algorithms import sign_with

    key, leaf = key_of("es256"), short_lived(key_of("es256").public_key(), lasts_s=5.0)
    brief = make_identity([leaf], lambda data: sign_with(key, "es256", data), place="test", root=issuer.certificate)
    path = tmp_path / "brief.mp4"
    sign_file(clip, path, plan=plan, authority=brief)
    trust = trust_of(issuer.pem + authority.root_pem, tsa)
    stamped = tmp_path / "stamped.mp4"
    add_stamp(path, stamped, identity=authority, timestamps=policy_of(tsa), trust=trust)
    time.sleep(max((leaf.not_valid_after_utc - datetime.now(UTC)).total_seconds() + 1.1, 0))
    assert read_credential(path, trust=trust).signer == "expired"
    report, _ = sdk_report(stamped, trust)
    assert report["validation_state"] == "Trusted"
    # nothing is held against the earlier signature
    assert [
        one
        for delta in report["validation_results"]["ingredientDeltas"]
        for one in delta["validationDeltas"]["failure"]
    ] == []
    with pytest.raises(CredentialError, match="proves nothing: sign the file anew"):
        add_stamp(path, path, identity=authority, timestamps=policy_of(tsa), trust=trust)


def test_what_cannot_be_stamped_is_said_and_left_alone(clip, signed, authority, tsa, tmp_path):
    def complaint(path, **more):
        content = path.read_bytes()
        with pytest.raises(CredentialError) as caught:
            add_stamp(path, path, **{"identity": authority, "timestamps": policy_of(tsa)} | more)
        assert path.read_bytes() == content
        assert not list(path.parent.glob(".*.part*"))
        return str(caught.value)

    plain = tmp_path / "plain.mp4"
    plain.write_bytes(clip.read_bytes())
    assert "carries no credentials" in complaint(plain)
    broken = tmp_path / "broken.mp4"
    data = bytearray(signed.read_bytes())
    data[data.rfind(b"mdat") + 40] ^= 1
    broken.write_bytes(data)
    assert "do not hold (altered)" in complaint(broken)
    tsa.fault = "error"
    assert "HTTP 503" in complaint(signed)
    tsa.fault = ""

    def refuse(data):
        raise RuntimeError("the token was pulled out")

    from dataclasses import replace

    assert "the token was pulled out" in complaint(signed, identity=replace(authority, sign=refuse))
    assert "expired" in complaint(signed, now=datetime.now(UTC) + timedelta(days=400))
    add_stamp(signed, signed, identity=authority, timestamps=policy_of(tsa))
    assert "has a time stamp already" in complaint(signed)


def test_update_lends_a_stranger_no_trust(clip, plan, authority, tsa, tmp_path):
    """Their statements stay theirs, whoever stamps them."""
    from pipeline.provenance.signing.authority import init_authority

    stranger = init_authority(tmp_path / "stranger", organisation="Nobody Known")
    path = tmp_path / "theirs.mp4"
    sign_file(clip, path, plan=plan, authority=stranger)
    trust = trust_of(authority.root_pem, tsa)
    assert read_credential(path, trust=trust).signer == "unknown"
    add_stamp(path, path, identity=authority, timestamps=policy_of(tsa), trust=trust)
    assert read_credential(path, trust=trust).signer == "unknown"
