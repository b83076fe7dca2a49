"""Every branch of the verdict, and the words it may and may not use."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.detect import fusion
from pipeline.detect.agreement import Agreement
from pipeline.detect.content_rules import NOT_GENUINE
from pipeline.detect.findings import Content
from pipeline.detect.kinds import SENTENCES, Kind
from pipeline.detect.verdict import judge
from pipeline.records import Action, Evidence, Ingredient, MarkReading, Marks, Verdict
from tests.detect.made_fusion import FUSION, both, said

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SURE = Evidence("residual", "content", "Looks generated.", llr=9.0, probability=0.999)
ORDINARY = Kind("ordinary", 1.0)
HOLDS = Agreement((("crf30", 2.0), ("scale75", 2.1)))
FLIPS = Agreement((("crf30", 0.1), ("scale75", 2.1)), ("crf30",))


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


@pytest.fixture
def seen(quality):
    """Make Content with detectors that agree on a logit; keyword arguments change it."""

    def make(logit: float, *, level: dict | None = None, evidence: tuple[Evidence, ...] | None = None, **changes):
        at = quality(**(level or {}))
        said_by = both(logit) if evidence is None else evidence
        fused = fusion.fuse(said_by, quality=at, fusion=FUSION)
        return replace(Content((*said_by, fused), at, ORDINARY, HOLDS), **changes)

    return make


def test_trusted_camera_is_captured_signed(camera, clip, seen):
    verdict = judge(credential=camera, marks=Marks(), clip=clip(), content=seen(2.0))
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


def judged(content: Content, clip) -> Verdict:
    return judge(credential=None, marks=Marks(), clip=clip(), content=content)


def test_pictures_that_speak_for_ai_are_likely_ai(seen, clip):
    verdict = judged(seen(2.0), clip)
    assert verdict.name == "likely_ai"
    for part in (
        "no content credentials",
        "from a generator as from a camera",
        "What speaks most for AI: the texture of small pieces of the picture and the finest detail of the picture.",
        "holds under stronger compression and shrinking to three quarters",
        "of 130 camera clips 1 was called AI-made",
        "not a proof",
        "would settle it",
    ):
        assert part in verdict.explanation
    assert [e.name for e in verdict.evidence if e.scope == "content"] == [
        *("patches", "residual", "fused", "quality", "agreement")
    ]


def test_pictures_like_those_of_a_camera_give_no_evidence_of_ai(seen, clip):
    verdict = judged(seen(-2.0), clip)
    assert (verdict.name, verdict.headline) == ("no_ai_evidence", "No sign of AI was found")
    assert NOT_GENUINE in verdict.explanation
    assert "What speaks most for a camera" in verdict.explanation


@pytest.mark.parametrize("logit", [2.0, -2.0])
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"agreement": FLIPS}, "does not survive stronger compression"),
        ({"agreement": None}, "could not be tried"),
        ({"agreement": Agreement()}, "could not be tried"),
        ({"kind": Kind("cartoon", 0.9, SENTENCES["cartoon"])}, "a drawing or an animation"),
        ({"kind": Kind("screen", 0.9, SENTENCES["screen"])}, "recording of a screen"),
        ({"kind": Kind("still", 1.0, SENTENCES["still"])}, "one still picture"),
        ({"kind": Kind("slideshow", 0.9, SENTENCES["slideshow"])}, "series of still pictures"),
    ],
)
def test_what_keeps_the_pictures_from_deciding_is_said(seen, clip, logit, changes, why):
    verdict = judged(seen(logit, **changes), clip)
    assert verdict.name == "inconclusive"
    assert why in verdict.explanation and NOT_GENUINE in verdict.explanation


def test_one_detector_alone_never_decides(seen, clip):
    verdict = judged(seen(0.0, evidence=(said("patches", 2.0),)), clip)
    assert verdict.name == "inconclusive" and "Only one detector" in verdict.explanation


def test_between_the_operating_points_it_stays_open(seen, clip):
    verdict = judged(seen(0.75), clip)
    assert verdict.name == "inconclusive"
    assert "leans towards a generator, but not so far" in verdict.explanation


def test_what_is_unlike_anything_measured_stays_open(seen, clip):
    verdict = judged(seen(0.0), clip)
    assert verdict.name == "inconclusive" and "unlike the camera footage and unlike" in verdict.explanation


def test_detectors_without_a_word_leave_it_open(seen, clip):
    verdict = judged(seen(0.0, evidence=()), clip)
    assert verdict.name == "inconclusive"
    assert "no detector found anything it can measure" in verdict.explanation


def test_pictures_that_nothing_can_be_said_of_are_not_applicable(seen, clip, marks):
    content = seen(2.0, level={"gate": "failed", "reason": "they are black, plain or almost without detail"})
    verdict = judged(content, clip)
    assert verdict.name == "not_applicable"
    assert "black, plain" in verdict.explanation and NOT_GENUINE in verdict.explanation
    marked = judge(credential=None, marks=marks, clip=clip(), content=content)
    assert marks.payload.hex in marked.explanation


def test_low_quality_is_mentioned(seen, clip):
    content = seen(4.0, level={"bin": "poor", "gate": "low", "reason": "little fine detail is left"})
    verdict = judged(content, clip)
    assert verdict.name == "likely_ai" and "little fine detail is left" in verdict.explanation


@pytest.mark.parametrize("logit", [2.0, -2.0, 0.75])
def test_what_is_declared_comes_before_what_is_seen(seen, clip, sora, camera, logit):
    content = seen(logit)
    assert judge(credential=sora, clip=clip(), content=content).name == "declared_ai"
    assert judge(credential=camera, clip=clip(), content=content).name == "captured_signed"
    assert judge(credential=None, clip=None, content=content, unreadable="cut off").name == "not_applicable"


@pytest.mark.parametrize(("logit", "words_of_it"), [(2.0, "AI made them"), (-2.0, "a camera took them")])
def test_broken_credentials_keep_their_verdict_and_add_what_is_seen(seen, clip, sora, logit, words_of_it):
    verdict = judge(credential=replace(sora, integrity="altered"), clip=clip(), content=seen(logit))
    assert verdict.name == "inconclusive" and "Changed after it was signed" in verdict.headline
    assert f"Judged by the pictures alone, it is likely that {words_of_it}." in verdict.explanation


def test_a_clip_that_was_not_looked_at_is_said_nothing_of(clip):
    verdict = judge(credential=None, clip=clip())
    assert verdict.headline == "Nothing is known about where this video comes from"
    assert "detector" not in verdict.explanation


def test_own_mark_does_not_move_the_verdict_of_the_pictures(seen, clip, marks):
    for logit in (2.0, -2.0, 0.75):
        plain = judge(credential=None, clip=clip(), content=seen(logit))
        marked = judge(credential=None, marks=marks, clip=clip(), content=seen(logit))
        assert plain.name == marked.name


def test_hints_never_change_a_verdict(sora, camera, clip, marks, seen):
    suspicious = clip(
        video={"frame_rate": 16, "frames": 81, "width_px": 832, "height_px": 448},
        metadata={"encoder": "Lavf60", "major_brand": "isom", "AIGC": '{"Label": "3"}'},
    )
    cases = [(c, s) for c in (None, sora, camera, replace(sora, integrity="altered")) for s in (Content(), seen(2.0))]
    for credential, content in cases:
        for carried in (Marks(), marks):
            plain = judge(credential=credential, marks=carried, clip=clip(), content=content)
            hinted = judge(credential=credential, marks=carried, clip=suspicious, content=content)
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
                    verdict = judge(credential=credential, marks=carried, clip=clip(), content=Content((SURE,)))
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
