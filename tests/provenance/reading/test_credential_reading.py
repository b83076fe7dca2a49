"""Reading: five axes and plain sentences, for files from anybody."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import UnreadableInput
from pipeline.provenance.manifest import Parent
from pipeline.provenance.reading.reader import read_credential
from pipeline.provenance.signing.authority import init_authority
from pipeline.provenance.signing.sign import sign_file
from pipeline.provenance.text import spoken_moment
from pipeline.provenance.trust.lists import Trust, TrustList

# what the SDK says, and nobody should have to read
SDK_WORDS = ("valid", "invalid", "untrusted", "mismatch", "assertion", "manifest", "bmff")


@pytest.fixture(scope="session")
def signed(clip, authority, tmp_path_factory) -> bytes:
    """A clip signed twice: its first credentials are an ingredient of the second."""
    from pipeline.provenance.manifest import ProvenancePlan

    folder = tmp_path_factory.mktemp("signed")
    first = ProvenancePlan(title="first", software_version="1", created_by_generator=True, model="toy")
    sign_file(clip, folder / "first.mp4", plan=first, authority=authority)
    second = ProvenancePlan(title="second", software_version="1", parent=Parent("first.mp4"), who="Ann")
    sign_file(folder / "first.mp4", folder / "second.mp4", plan=second, authority=authority)
    return (folder / "second.mp4").read_bytes()


def read(data: bytes, folder: Path, trust: Trust | None = None):
    path = folder / "file.mp4"
    path.write_bytes(data)
    return read_credential(path, trust=trust)


def five(credential) -> tuple[str, ...]:
    return (credential.integrity, credential.signer, credential.time, credential.binding, credential.history)


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def active_part(data: bytes, label: bytes) -> int:
    """Where a label last stands: the active manifest comes last in the store."""
    return data.rindex(label, 0, data.index(b"mdat"))


def test_untouched(signed, own, tmp_path):
    credential = read(signed, tmp_path, own)
    assert five(credential) == ("exact", "own", "none", "hard", "complete")
    assert credential.sentences[0] == (
        "The credentials are intact: nothing in the file changed since they were signed."
    )
    assert "The signer is your own authority." in credential.sentences
    assert credential.declares_ai
    assert "AI made this video" in credential.sentences[1]


def test_without_a_list_the_signer_is_unknown_and_nobody_is_blamed(signed, tmp_path):
    credential = read(signed, tmp_path)
    assert five(credential) == ("exact", "unknown", "none", "hard", "complete")
    assert any("No trust list is installed" in sentence for sentence in credential.sentences)
    assert any("Signed in the name of Test Studio" in sentence for sentence in credential.sentences)


def test_list_that_knows_the_signer(signed, own, tmp_path):
    trust = Trust(lists=(TrustList("list of friends", "2026-05-04", own.own_pem),))
    credential = read(signed, tmp_path, trust)
    assert credential.signer == "trusted" and credential.trust_list == "list of friends 2026-05-04"
    assert "The signer is on the list of friends (list of 2026-05-04)." in credential.sentences


def test_list_that_does_not_know_the_signer(signed, tmp_path):
    stranger = init_authority(tmp_path / "stranger")
    trust = Trust(lists=(TrustList("list of friends", "2026-05-04", stranger.root_pem),))
    credential = read(signed, tmp_path, trust)
    assert credential.signer == "unknown"
    assert "The signer is not on the list of friends (list of 2026-05-04)." in credential.sentences


def test_time_stamp_list_vouches_for_no_signer(signed, own, tmp_path):
    trust = Trust(lists=(TrustList("stamps", "2026-05-04", own.own_pem, purpose="tsa"),))
    assert read(signed, tmp_path, trust).signer == "unknown"


@pytest.mark.parametrize("box", [b"mdat", b"moov"])
def test_changed_content_is_altered(signed, own, tmp_path, box):
    credential = read(flipped(signed, signed.index(box) + 30), tmp_path, own)
    assert (credential.integrity, credential.binding) == ("altered", "none")
    assert credential.sentences[0].startswith("The file was changed after it was signed")
    assert "They declared that AI made this video" in credential.sentences[1]


def test_changed_statement_is_named(signed, own, tmp_path):
    at = active_part(signed, b"dc:creator") + len(b"dc:creator") + 4
    credential = read(flipped(signed, at), tmp_path, own)
    assert credential.integrity == "altered" and credential.binding == "hard"
    assert "the author's details" in credential.sentences[0]


def test_changed_claim_is_a_signature_that_does_not_fit(signed, own, tmp_path):
    at = active_part(signed, b"hdc:titlefsecond") + len(b"hdc:titlefsec")
    credential = read(flipped(signed, at), tmp_path, own)
    assert (credential.integrity, credential.signer, credential.binding) == ("altered", "mismatch", "none")
    assert "does not fit" in credential.sentences[0]
    assert not any("your own authority" in sentence for sentence in credential.sentences)


def test_changed_credentials_of_an_ingredient(signed, own, tmp_path):
    at = signed.index(b"c2pa.ai-disclosure") + 60
    credential = read(flipped(signed, at), tmp_path, own)
    assert (credential.integrity, credential.history) == ("altered", "bad ingredient")
    assert "first.mp4" in credential.sentences[0]


def test_damaged_store_is_broken(signed, own, tmp_path):
    at = signed.index(b"jumdc2pa") + 60
    credential = read(signed[:at] + bytes(1500) + signed[at + 1500 :], tmp_path, own)
    assert five(credential) == ("broken", "none", "none", "none", "none")
    assert "prove nothing" in credential.sentences[0]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.999])
def test_truncated_file_is_never_intact(signed, own, tmp_path, share):
    credential = read(signed[: int(len(signed) * share)], tmp_path, own)
    assert credential.integrity in ("altered", "broken") and credential.binding == "none"


def test_no_random_flip_passes_for_a_different_story(signed, own, tmp_path):
    """A flip is noticed, or it hit a byte that says nothing (padding): the statements are then the same."""
    import random

    rng = random.Random(5)
    truth = read(signed, tmp_path, own)
    end = signed.index(b"mdat")
    seen = set()
    for _ in range(120):
        credential = read(flipped(signed, rng.randrange(40, end)), tmp_path, own)
        seen.add(credential.integrity if credential else "gone")
        if credential and credential.integrity == "exact":
            assert replace(credential, checked_at="", sentences=()) == replace(truth, checked_at="", sentences=())
    assert {"altered", "broken"} <= seen


def test_forged_certificate_is_not_believed(clip, authority, own, simple, tmp_path):
    # the same organisation in a certificate of somebody else
    forger = init_authority(tmp_path / "forger", organisation=authority.organisation)
    sign_file(clip, tmp_path / "out.mp4", plan=simple, authority=forger)
    credential = read_credential(tmp_path / "out.mp4", trust=own)
    assert credential is not None
    assert (credential.integrity, credential.signer, credential.signer_name) == ("exact", "unknown", "Test Studio")


def test_files_without_credentials(clip, tmp_path, make_clip):
    assert read_credential(clip) is None
    for name in ("film.mkv", "film.webm", "notes.txt", "empty.mp4", "noise.jpg", "bare"):
        (tmp_path / name).write_bytes(b"" if name == "empty.mp4" else b"whatever " * 100)
        assert read_credential(tmp_path / name) is None, name
    assert read_credential(make_clip(tmp_path / "real.mkv")) is None


def test_wrong_suffix_does_not_hide_credentials(signed, own, tmp_path):
    for name in ("renamed.jpg", "renamed", "renamed.bin"):
        (tmp_path / name).write_bytes(signed)
        credential = read_credential(tmp_path / name, trust=own)
        assert credential is not None and credential.integrity == "exact", name


def test_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(UnreadableInput, match="cannot be opened"):
        read_credential(tmp_path / "gone.mp4")
    with pytest.raises(UnreadableInput, match="cannot be opened"):
        read_credential(tmp_path)


def test_camera_is_told(clip, authority, own, simple, tmp_path):
    plan = replace(simple, parent=Parent("photo", digital_source_type="digitalCapture"))
    credential = sign_file(clip, tmp_path / "out.mp4", plan=plan, authority=authority)
    # an unsigned ingredient that calls itself a capture is no captured file
    assert not credential.declares_capture and not credential.declares_ai
    assert credential.digital_source_types[0].endswith("digitalCapture")
    assert "They do not say whether AI made this video." in credential.sentences


def test_people_never_read_the_words_of_the_library(signed, own, tmp_path):
    cases = [signed, flipped(signed, signed.index(b"mdat") + 30), flipped(signed, signed.index(b"c2pa.ai-disc") + 60)]
    for data in cases:
        for trust in (own, Trust()):
            text = " ".join(read(data, tmp_path, trust).sentences).lower()
            assert not [word for word in SDK_WORDS if word in text], text


def test_remote_credentials_are_reported_and_not_fetched(clip, authority, simple, tmp_path):
    from pipeline.provenance.manifest import render
    from pipeline.provenance.signing.sign import _builder, _sign

    path = tmp_path / "remote.mp4"
    with _builder(render(simple), authority, "") as builder:
        builder.set_no_embed()
        builder.set_remote_url("http://127.0.0.1:9/clip.c2pa")
        with clip.open("rb") as unsigned, path.open("w+b") as signed:
            _sign(builder, authority, "video/mp4", unsigned, signed, timestamp_url="")
    credential = read_credential(path)
    assert credential is not None and five(credential) == ("none",) * 5
    assert credential.remote_url == "http://127.0.0.1:9/clip.c2pa"
    assert "nothing was fetched" in credential.sentences[0]


def test_older_claims_are_read(clip, authority, own, simple, tmp_path):
    from pipeline.provenance.manifest import render
    from pipeline.provenance.signing.sign import _builder, _sign

    definition = {**render(simple), "claim_version": 1}
    path = tmp_path / "old.mp4"
    with _builder(definition, authority, "") as builder, clip.open("rb") as unsigned, path.open("w+b") as signed:
        _sign(builder, authority, "video/mp4", unsigned, signed, timestamp_url="")
    credential = read_credential(path, trust=own)
    assert credential is not None and credential.integrity == "exact"
    assert credential.title == "file" and credential.claim_generator.startswith("Foleymark")
    assert [one.title for one in credential.ingredients] == ["original"]


# --------------------------------------------------------------- corpus
SORA = [
    "examples_onions_sora_2_t2v.mp4",
    "examples_onions_sora_1_t2v.mp4",
    "examples_woman_40_walking_nyc_sora_1_t2v.mp4",
]


@pytest.mark.parametrize("name", SORA)
def test_original_sora_clip(corpus, name, own):
    trust = Trust(lists=(TrustList("official C2PA trust list", "2026-08-05", own.own_pem),))
    credential = read_credential(corpus / "ai" / "sora" / name, trust=trust)
    assert credential is not None
    assert five(credential) == ("exact", "expired", "untrusted", "hard", "complete")
    assert credential.signer_name == "OpenAI" and credential.declares_ai
    assert credential.certificate_expires.startswith("2026-04-15")
    assert credential.sentences == (
        "The credentials are intact: nothing in the file changed since they were signed.",
        "They declare that AI made this video: OpenAI's Sora.",
        "Signed in the name of OpenAI on 26 May 2025, by a time stamp of DigiCert "
        "that no list consulted here vouches for.",
        "The signing certificate expired on 15 April 2026, and no trusted time stamp shows that it was signed before.",
        "The signer is not on the official C2PA trust list (list of 2026-08-05).",
        f"Checked on {spoken_moment(credential.checked_at)} by this machine's clock "
        "against the official C2PA trust list (list of 2026-08-05).",
    )


def test_recoded_sora_clip_says_nothing(corpus):
    assert read_credential(corpus / "ai" / "sora" / "examples_anime_sora_1_t2v.mp4") is None


def test_sora_clip_as_parent_keeps_its_signer(corpus, clip, plan, authority, tmp_path):
    parent = corpus / "ai" / "sora" / SORA[0]
    finished = replace(plan, parent=Parent(parent.name))
    credential = sign_file(clip, tmp_path / "out.mp4", plan=finished, authority=authority, parent=parent)
    assert five(credential) == ("exact", "own", "none", "hard", "complete")
    assert "They declare that AI made this video: OpenAI's Sora." in credential.sentences
    came_in = next(one for one in credential.ingredients if one.relationship == "parentOf")
    assert came_in.has_credentials and "its signing certificate had expired" in came_in.problems


def test_reading_imports_nothing_heavy(signed, tmp_path):
    """What makes it quick from a cold start; `benchmarks.start_up` has the seconds."""
    (tmp_path / "file.mp4").write_bytes(signed)
    code = (
        "import sys; from pathlib import Path; from pipeline.provenance.reading.reader import read_credential; "
        f"assert read_credential(Path({str(tmp_path / 'file.mp4')!r})); "
        "assert not {'c2pa', 'cryptography', 'numpy', 'av', 'cv2', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], check=True)
