"""Every branch of the verdict, and the words it may and may not use."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.detect.verdict import judge
from pipeline.records import Action, Evidence, Ingredient, MarkReading, Marks, Verdict

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SURE = Evidence("residual", "content", "Looks generated.", llr=9.0, probability=0.999)


def words(verdict: Verdict) -> str:
    return " ".join([verdict.headline, verdict.explanation, *(e.sentence for e in verdict.evidence)])


def test_original_of_a_generator_is_declared_with_its_caveats(sora, clip):
    verdict = judge(credential=sora, marks=Marks(), clip=clip())
    assert verdict.name == "declared_ai"
    assert verdict.headline == "Declared AI-made by OpenAI"
    for part in (
        "intact",
        "made by AI with Sora",
        "26 May 2025",
        "expired on 15 April 2026 without a trusted timestamp",
    ):
        assert part in verdict.explanation
    assert "on no trust list that was consulted" in verdict.explanation
    assert "no list that was consulted vouches for its authority" in verdict.explanation


def test_without_credentials_nothing_is_known(clip):
    verdict = judge(credential=None, marks=Marks.of(MarkReading("none"), None), clip=clip())
    assert verdict.name == "inconclusive"
    assert verdict.headline == "Nothing is known about where this video comes from"
    assert "That is not evidence that it is genuine." in verdict.explanation


@pytest.mark.parametrize("signer", ["trusted", "own", "unknown", "expired", "revoked"])
def test_any_signer_whose_signature_fits_can_declare_ai(sora, signer):
    verdict = judge(credential=replace(sora, signer=signer, codes=()), marks=Marks(), clip=None)
    assert verdict.name == "declared_ai"
    told = {
        "trusted": "on the trust list",
        "own": "certificate of your own",
        "unknown": "nobody vouches",
        "expired": "has expired",
        "revoked": "withdrawn",
    }
    assert told[signer] in verdict.explanation


def test_no_list_consulted_is_not_called_missing_from_the_list(sora):
    verdict = judge(credential=replace(sora, trust_list=""), marks=Marks(), clip=None)
    assert "No trust list was consulted" in verdict.explanation
    assert "not on the official" not in verdict.explanation


@pytest.mark.parametrize(
    ("integrity", "signer"), [("altered", "unknown"), ("broken", "none"), ("exact", "mismatch"), ("altered", "trusted")]
)
def test_credentials_that_do_not_fit_never_declare(sora, clip, integrity, signer):
    verdict = judge(credential=replace(sora, integrity=integrity, signer=signer), marks=Marks(), clip=clip())
    assert verdict.name == "inconclusive"
    assert "prove nothing about this version" in verdict.explanation
    assert "not evidence that it is genuine" in verdict.explanation
    assert all(not e.applicable for e in verdict.evidence if e.name == "credentials")


def test_recovered_credentials_declare_and_say_they_are_recovered(sora):
    verdict = judge(credential=replace(sora, integrity="recovered"), marks=Marks(), clip=None)
    assert verdict.name == "declared_ai"
    assert "recovered for this copy" in verdict.explanation
    assert "intact" not in verdict.explanation


def test_only_a_placed_part_is_partly_ai(sora):
    placed = Action("c2pa.placed", digital_source_type=IPTC + "trainedAlgorithmicMedia")
    opened = Action("c2pa.opened")
    sound = Ingredient("rain", "componentOf", IPTC + "trainedAlgorithmicMedia")
    verdict = judge(credential=replace(sora, actions=(opened, placed), ingredients=(sound,)), marks=Marks(), clip=None)
    assert verdict.headline.startswith("Declared partly AI-made")


@pytest.mark.parametrize(
    "parent",
    [
        Ingredient("clip.mp4", "parentOf", IPTC + "trainedAlgorithmicMedia"),
        Ingredient("clip.mp4", "parentOf", "", has_credentials=True),
    ],
)
def test_a_finished_clip_of_a_generator_is_wholly_ai(sora, parent):
    mixed = Action("c2pa.mixed", digital_source_type=IPTC + "compositeWithTrainedAlgorithmicMedia")
    sound = Ingredient("hit", "componentOf", IPTC + "algorithmicMedia")
    finished = replace(sora, signer="own", actions=(Action("c2pa.opened"), mixed), ingredients=(parent, sound))
    verdict = judge(credential=finished, marks=Marks(), clip=None)
    assert verdict.headline == "Declared AI-made, signed with your own certificate"


def test_trusted_camera_is_captured_signed(camera, clip):
    verdict = judge(credential=camera, marks=Marks(), clip=clip(), content=(SURE,))
    assert verdict.name == "captured_signed"
    assert "not that what it shows is true" in verdict.explanation


@pytest.mark.parametrize(
    "change",
    [
        {"signer": "unknown"},
        {"signer": "own"},
        {"signer": "expired"},
        {"integrity": "recovered"},
        {"integrity": "altered"},
        {"history": "gaps"},
        {"history": "bad ingredient"},
        {"declares_capture": False},
    ],
)
def test_anything_less_is_not_captured_signed(camera, clip, change):
    verdict = judge(credential=replace(camera, **change), marks=Marks(), clip=clip())
    assert verdict.name == "inconclusive"


def test_capture_with_ai_added_is_declared_ai(camera):
    verdict = judge(credential=replace(camera, declares_ai=True), marks=Marks(), clip=None)
    assert verdict.name == "declared_ai"
    assert "partly" in verdict.headline


def test_label_declares_without_a_signature(clip):
    labelled = clip(metadata={"AIGC": json.dumps({"Label": "1", "ContentProducer": "a maker"})})
    verdict = judge(credential=None, marks=Marks(), clip=labelled)
    assert verdict.name == "declared_ai"
    assert "without a signature" in verdict.headline
    assert "anyone could have written it" in verdict.explanation


def test_label_against_a_camera_signature_is_a_contradiction(camera, clip):
    labelled = clip(metadata={"DigitalSourceType": IPTC + "trainedAlgorithmicMedia"})
    verdict = judge(credential=camera, marks=Marks(), clip=labelled)
    assert (verdict.name, verdict.headline) == ("inconclusive", "The file contradicts itself")


def test_label_beside_broken_credentials_tells_both(sora, clip):
    labelled = clip(metadata={"DigitalSourceType": IPTC + "trainedAlgorithmicMedia"})
    verdict = judge(credential=replace(sora, integrity="altered"), marks=Marks(), clip=labelled)
    assert verdict.name == "declared_ai"
    assert "changed after they were signed" in verdict.explanation


def test_unreadable_is_not_applicable_with_its_reason():
    verdict = judge(credential=None, marks=Marks(), clip=None, unreadable="The file is empty")
    assert verdict.name == "not_applicable"
    assert "The file is empty." in verdict.explanation


def test_credentials_still_count_when_the_media_is_unreadable(sora):
    assert judge(credential=sora, marks=Marks(), clip=None, unreadable="no picture").name == "declared_ai"


def test_own_mark_says_finished_and_not_ai_made(clip, marks):
    verdict = judge(credential=None, marks=marks, clip=clip())
    assert verdict.name == "inconclusive"
    assert "Finished with Foleymark" in verdict.headline
    assert marks.payload.hex in verdict.explanation
    assert "does not show who or what made the pictures" in verdict.explanation


def test_signed_without_a_word_on_origin(camera, clip):
    silent = replace(camera, declares_capture=False, digital_source_types=(), actions=(Action("c2pa.edited"),))
    verdict = judge(credential=silent, marks=Marks(), clip=clip())
    assert verdict.name == "inconclusive"
    assert "nothing is said about how the pictures were made" in verdict.headline


def test_credentials_kept_elsewhere_are_mentioned(sora, clip):
    pointer = replace(sora, integrity="none", declares_ai=False, remote_url="https://example.org/m.c2pa")
    verdict = judge(credential=pointer, marks=Marks(), clip=clip())
    assert verdict.name == "inconclusive"
    assert "nothing was fetched from there" in verdict.explanation


@pytest.mark.parametrize("llr", [-50.0, 50.0])
def test_content_alone_never_decides_and_says_why(clip, llr):
    verdict = judge(credential=None, marks=Marks(), clip=clip(), content=(replace(SURE, llr=llr),))
    assert verdict.name == "inconclusive"
    assert "too weak to decide" in verdict.explanation


def test_hints_never_change_a_verdict(sora, camera, clip, marks):
    suspicious = clip(
        video={"frame_rate": 16, "frames": 81, "width_px": 832, "height_px": 448},
        metadata={"encoder": "Lavf60", "major_brand": "isom", "AIGC": '{"Label": "3"}'},
    )
    for credential in (None, sora, camera, replace(sora, integrity="altered")):
        for carried in (Marks(), marks):
            plain = judge(credential=credential, marks=carried, clip=clip())
            hinted = judge(credential=credential, marks=carried, clip=suspicious)
            assert (plain.name, plain.headline, plain.explanation) == (hinted.name, hinted.headline, hinted.explanation)
            assert sum(e.scope == "hint" for e in hinted.evidence) > sum(e.scope == "hint" for e in plain.evidence)


def test_the_one_misleading_word_never_appears(sora, camera, clip, marks):
    integrities = ("exact", "recovered", "altered", "broken", "none")
    signers = ("trusted", "own", "unknown", "expired", "revoked", "mismatch", "none")
    damaged = [Marks.of(MarkReading(state), None) for state in ("unreadable", "error")]
    for base in (sora, camera, replace(camera, declares_capture=False)):
        for integrity in integrities:
            for signer in signers:
                for carried in (Marks(), marks, *damaged):
                    credential = replace(base, integrity=integrity, signer=signer)
                    verdict = judge(credential=credential, marks=carried, clip=clip(), content=(SURE,))
                    assert "invalid" not in words(verdict).lower()
                    assert verdict.headline and verdict.explanation.endswith(".")
                    assert verdict.name in ("declared_ai", "captured_signed", "inconclusive")


def test_absence_is_never_called_authentic(clip):
    text = words(judge(credential=None, marks=Marks(), clip=clip())).lower()
    assert "authentic" not in text
    assert text.count("genuine") == text.count("not evidence that it is genuine") == 1


def test_not_checked_is_handed_on(clip):
    assert judge(credential=None, marks=Marks(), clip=clip(), not_checked=("Faces.",)).not_checked == ("Faces.",)


def test_names_from_files_are_cleaned(sora):
    verdict = judge(credential=replace(sora, signer_name="Op\u202een\x1b[31mAI" + "x" * 500), marks=Marks(), clip=None)
    assert "\u202e" not in verdict.headline and "\x1b" not in verdict.headline
    assert len(verdict.headline) < 120


def test_same_findings_same_verdict(sora, clip):
    assert judge(credential=sora, marks=Marks(), clip=clip()) == judge(credential=sora, marks=Marks(), clip=clip())


@pytest.mark.parametrize(
    ("looked_for", "said"),
    [((), ""), (("credentials",), "no content credentials."), (("container",), "carries no AI label.")],
)
def test_nothing_is_said_of_what_was_not_looked_at(clip, looked_for, said):
    verdict = judge(credential=None, clip=clip() if "container" in looked_for else None, looked_for=looked_for)
    assert said in verdict.explanation
    for part, words_of_it in (("credentials", "content credentials"), ("container", "AI label")):
        assert (words_of_it in verdict.explanation) == (part in looked_for)
    assert any(e.name == "credentials" for e in verdict.evidence) == ("credentials" in looked_for)
