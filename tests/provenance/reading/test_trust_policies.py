"""Who counts under which policy, on real files: the three clips that a generator signed, and ones made here."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.provenance.reading.chains import certificates_of
from pipeline.provenance.reading.reader import read_credential
from pipeline.provenance.trust.lists import Trust, TrustList, load_trust

SORA = (
    ("examples_onions_sora_2_t2v.mp4", "2025-05-26T19:22:58+00:00"),
    ("examples_onions_sora_1_t2v.mp4", "2025-05-26T19:23:06+00:00"),
    ("examples_woman_40_walking_nyc_sora_1_t2v.mp4", "2025-05-26T19:23:39+00:00"),
)
UNTRUSTED = ("exact", "expired", "untrusted", "hard", "complete")
TRUSTED = ("exact", "trusted", "trusted", "hard", "complete")
EXPIRED = "The signing certificate expired on 15 April 2026, and no trusted time stamp shows that it was signed before."


def five(credential) -> tuple[str, ...]:
    return (credential.integrity, credential.signer, credential.time, credential.binding, credential.history)


@pytest.fixture(scope="module")
def official(tmp_path_factory) -> Trust:
    """The published lists, where a copy of them is."""
    folder = Path(__file__).resolve().parents[3].parent / "shared" / "c2pa"
    if not (folder / "C2PA-TRUST-LIST.pem").is_file():
        pytest.skip("no copy of the official trust lists here")
    home = tmp_path_factory.mktemp("trust")
    for name in ("C2PA-TRUST-LIST.pem", "C2PA-TSA-TRUST-LIST.json"):
        (home / name).write_bytes((folder / name).read_bytes())
    return load_trust(home)


def anchors_of(path: Path) -> tuple[TrustList, TrustList]:
    """The topmost certificates that the file itself brings: of its signer, and of its time stamp."""
    import c2pa
    from cryptography.hazmat.primitives.serialization import Encoding

    with path.open("rb") as file, c2pa.Reader("video/mp4", file, context=quiet()) as reader:
        box = io.BytesIO()
        label = reader.get_active_manifest()["label"]
        reader.resource_to_stream(f"self#jumbf=/c2pa/{label}/c2pa.signature", box)
    pool = certificates_of(box.getvalue())
    subjects = {one.subject.rfc4514_string(): one for one in pool}
    tops = [one for one in subjects.values() if one.issuer.rfc4514_string() not in subjects]
    pems = [one.public_bytes(Encoding.PEM).decode() for one in tops]
    signer, stamper = pems if "Truepic" in tops[0].subject.rfc4514_string() else reversed(pems)
    return TrustList("Truepic", "2026-11-21", signer), TrustList("DigiCert", "2026-11-21", stamper, purpose="tsa")


def quiet():
    import c2pa

    from pipeline.provenance.reading.reader import verifier_settings

    return c2pa.Context(c2pa.Settings.from_dict(verifier_settings(Trust())))


@pytest.mark.parametrize(("name", "when"), SORA)
def test_generators_clip_under_every_trust(corpus, official, name, when):
    path = corpus / "ai" / "sora" / name
    signer, stamper = anchors_of(path)
    for trust, axes, said in (
        (Trust(), UNTRUSTED, "No trust list is installed here"),
        (official, UNTRUSTED, "The signer is not on the official C2PA trust list"),
        (Trust(lists=(signer,)), UNTRUSTED, "The issuer of the certificate is on the list Truepic"),
        (replace(official, lists=(*official.lists, signer, stamper)), TRUSTED, "The signer is on the list Truepic"),
        (
            replace(official, lists=(*official.lists, signer, stamper), policy="strict"),
            UNTRUSTED,
            "the strict policy left aside: Truepic, DigiCert",
        ),
    ):
        credential = read_credential(path, trust=trust)
        assert five(credential) == axes
        assert (credential.signer_name, credential.signed_at, credential.time_authority) == ("OpenAI", when, "DigiCert")
        assert said in " ".join(credential.sentences)
        assert (EXPIRED in credential.sentences) == (axes == UNTRUSTED)
        assert credential.ai_sentence == "They declare that AI made this video: OpenAI's Sora."
        assert credential.ingredients == () and [one.action for one in credential.actions] == ["c2pa.created"]
        assert f"{credential.checked_at[11:16]} UTC by this machine's clock" in credential.sentences[-1]


def test_added_anchor_counts_only_when_the_policy_is_open(clip, created, sign_as, own, tmp_path):
    path = tmp_path / "a.mp4"
    sign_as(clip, path, {"title": "x", "assertions": [created]})
    added = TrustList("Friends", "2026-05-04", own.own_pem)
    assert read_credential(path, trust=Trust(lists=(added,))).signer == "trusted"
    strict = read_credential(path, trust=Trust(lists=(added,), policy="strict"))
    assert (strict.signer, strict.policy) == ("unknown", "strict")
    assert "left aside: Friends" in strict.sentences[-1]
    for mine in (replace(added, is_mine=True), replace(added, is_official=True)):
        found = read_credential(path, trust=Trust(lists=(mine,), policy="strict"))
        assert found.signer == ("own" if mine.is_mine else "trusted")
    house = read_credential(path, trust=Trust(lists=(replace(added, is_mine=True),)))
    assert any("of your own house" in sentence for sentence in house.sentences)
