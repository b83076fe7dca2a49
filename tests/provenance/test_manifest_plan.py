"""The plan and what it renders to, without the SDK."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import CredentialError
from pipeline.provenance.manifest import (
    MAX_REGIONS,
    MAX_SOUNDS,
    PICTURE_MARK,
    SOUND_MARK,
    Mark,
    Parent,
    Placement,
    Source,
    placements_of,
    render,
)
from pipeline.provenance.source_types import is_ai, is_capture, term_of, to_uri
from pipeline.records import Verdict


def actions_of(definition: dict) -> list[dict]:
    return next(one["data"]["actions"] for one in definition["assertions"] if one["label"] == "c2pa.actions.v2")


def assertion(definition: dict, label: str) -> dict:
    found = [one["data"] for one in definition["assertions"] if one["label"] == label]
    assert len(found) == 1, label
    return found[0]


def test_steps_come_in_the_order_they_happened(plan):
    names = [action["action"] for action in actions_of(render(plan))]
    assert names == [
        "c2pa.opened",
        "c2pa.placed",
        "c2pa.placed",
        "c2pa.placed",
        "c2pa.mixed",
        "c2pa.watermarked.bound",
        "c2pa.transcoded",
    ]


def test_one_ingredient_per_distinct_sound_with_its_moments(plan):
    definition = render(plan)
    parent, *sounds = definition["ingredients"]
    assert parent["relationship"] == "parentOf" and parent["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert {one["title"] for one in sounds} == {"impact/metal", "ambience/rain", "music/cinematic"}
    assert all(one["relationship"] == "componentOf" and "CC0-1.0" in one["description"] for one in sounds)
    assert all(one["digital_source_type"].endswith("/algorithmicMedia") for one in sounds)
    labels = {one["label"]: one["title"] for one in sounds}
    placed = {
        labels[action["parameters"]["ingredientIds"][0]]: action["changes"][0]["region"]
        for action in actions_of(definition)
        if action["action"] == "c2pa.placed"
    }
    times = [(region["time"]["start"], region["time"]["end"]) for region in placed["impact/metal"]]
    assert times == [("0.500", "0.750"), ("0.900", "1.150")]


def test_conformance_rules_hold(plan):
    definition = render(plan)
    actions = assertion(definition, "c2pa.actions.v2")
    assert actions["allActionsIncluded"] is True
    opened = actions["actions"][0]
    assert "digitalSourceType" not in opened and opened["parameters"]["ingredientIds"] == ["parent"]
    assert definition["claim_generator_info"][0]["specVersion"] == "2.4.0"
    assert all(
        "." in key for action in actions["actions"] for key in action.get("parameters", {}) if key != "ingredientIds"
    )


def test_signed_parent_is_left_to_its_file(plan):
    definition = render(plan, parent_signed=True)
    assert all(one["relationship"] == "componentOf" for one in definition["ingredients"])


def test_mix_says_composite_without_ai_and_with_it(plan):
    def mixed(parent: Parent, **changes) -> str:
        actions = actions_of(render(replace(plan, parent=parent, **changes)))
        return term_of(next(one["digitalSourceType"] for one in actions if one["action"] == "c2pa.mixed"))

    assert mixed(Parent("x", digital_source_type="trainedAlgorithmicMedia")) == "compositeWithTrainedAlgorithmicMedia"
    assert mixed(Parent("x", digital_source_type="digitalCapture")) == "composite"
    assert mixed(Parent("x")) == "composite"
    model_made = (replace(plan.placements[0], digital_source_type="trainedAlgorithmicMedia"),)
    assert mixed(Parent("x"), placements=model_made) == "compositeWithTrainedAlgorithmicMedia"


def test_mark_is_bound_byte_by_byte(plan):
    binding = assertion(render(plan), "c2pa.soft-binding")
    assert binding["alg"] == PICTURE_MARK
    assert bytes(binding["blocks"][0]["value"]).hex() == "10000000deadbeef"


def test_training_wishes(plan):
    entries = assertion(render(plan), "cawg.training-mining")["entries"]
    assert {entry["use"] for entry in entries.values()} == {"notAllowed"} and "cawg.ai_training" in entries
    silent = render(replace(plan, training="unspecified"))
    assert "cawg.training-mining" not in {one["label"] for one in silent["assertions"]}


def test_author_only_when_named(plan):
    assert assertion(render(plan), "cawg.metadata")["dc:creator"] == ["Ann Author"]
    assert "cawg.metadata" not in {one["label"] for one in render(replace(plan, who=""))["assertions"]}


def test_findings_without_private_words(plan):
    definition = render(plan)
    findings = assertion(definition, "io.foleymark.findings")
    assert findings["verdict"] == "inconclusive" and findings["detectors"][0]["name"] == "residual"
    assert "secret" not in json.dumps(definition)


def test_prompt_is_private_unless_given(plan):
    assert "prompt" not in json.dumps(render(plan)).replace("io.foleymark", "")
    told = render(replace(plan, prompt="a metal ball"))
    assert assertion(told, "io.foleymark.prompt") == {"prompt": "a metal ball"}


def test_mark_only_places_and_mixes_nothing(plan):
    names = [action["action"] for action in actions_of(render(replace(plan, placements=(), loudness=None)))]
    assert names == ["c2pa.opened", "c2pa.watermarked.bound", "c2pa.transcoded"]


def test_generator_creates_and_discloses(plan):
    definition = render(replace(plan, parent=None, created_by_generator=True, model="toy-1"))
    first = actions_of(definition)[0]
    assert first["action"] == "c2pa.created" and is_ai(first["digitalSourceType"])
    assert assertion(definition, "c2pa.ai-disclosure")["modelName"] == "toy-1"
    assert "c2pa.opened" not in {action["action"] for action in actions_of(definition)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"licence": ""}, r"impact/metal at 0\.50 s has no licence"),
        ({"source": " "}, r"impact/metal at 0\.50 s does not say who made it"),
        ({"asset": ""}, r"does not say what it is"),
        ({"end_s": 0.1}, "ends before it starts"),
        ({"end_s": float("nan")}, "ends before it starts"),
        ({"end_s": float("inf")}, "ends before it starts"),
        ({"digital_source_type": "aiMagic"}, "no digital source type"),
        ({"digital_source_type": ""}, "neither of a known source type nor a recording"),
        ({"licence": "unknown"}, "has no licence"),
        ({"licence": "CC-BY-ND-4.0"}, "forbids placing it"),
        ({"licence": "do not use"}, "forbids placing it"),
    ],
)
def test_gaps_in_a_placement_are_refused(plan, changes, reason):
    with pytest.raises(CredentialError, match=reason):
        render(replace(plan, placements=(replace(plan.placements[0], **changes),)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": " "}, "no title"),
        ({"software_version": ""}, "software_version"),
        ({"parent": None}, "made from another, or generated"),
        ({"created_by_generator": True}, "made from another, or generated"),
        ({"marks": (Mark(PICTURE_MARK, "12"),)}, "16 hex digits"),
        ({"manifest_label": "urn:c2pa:x/../y"}, "no manifest label"),
        ({"parent": Parent("x", digital_source_type="photo")}, "no digital source type"),
        ({"length_s": 0.6}, r"ambience/rain at 0\.00 s ends at|impact/metal at 0\.\d+ s ends at"),
        ({"length_s": -1.0}, "cannot last"),
        ({"model": "toy-1"}, "not that it made the file"),
        ({"marks": (Mark(PICTURE_MARK, "10000000deadbeef"),) * 2}, "named twice"),
        (
            {"marks": (Mark(PICTURE_MARK, "10000000deadbeef"), Mark(SOUND_MARK, "10000000deadbee0", "sound"))},
            "carry different ids",
        ),
        ({"fingerprint": ((None, None, "xyz"),)}, "not in hex"),
        ({"fingerprint": ((0.0, None, "00" * 8),)}, "only one of its times"),
        ({"fingerprint": ((2.0, 1.0, "00" * 8),)}, "times go forward"),
        ({"fingerprint": ((0.0, 9.0, "00" * 8),), "length_s": 2.0}, "but the clip ends at"),
        ({"sketch_sha256": "ab"}, "64 hex digits"),
        ({"ingredients": (Source("", sha256="00"),)}, "has no title"),
        ({"ingredients": (Source("song.wav"),)}, "is no file and has no SHA-256"),
        ({"ingredients": (Source("song.wav", licence="CC-BY-NC-ND-4.0", sha256="00"),)}, "forbids making something"),
        ({"ingredients": (Source("song.wav", licence="tbd", sha256="00"),)}, "name the licence"),
        ({"ingredients": (Source("a", path=Path("a.wav")), Source("b", path=Path("./a.wav")))}, "named twice"),
        ({"ingredients": (Source("a", "x", "magic", sha256="00"),)}, "no digital source type"),
    ],
)
def test_gaps_in_a_plan_are_refused(plan, changes, reason):
    with pytest.raises(CredentialError, match=reason):
        render(replace(plan, **changes))


def test_two_cues_of_one_name_are_refused(plan):
    twice = (replace(plan.placements[0], id="c1"), replace(plan.placements[1], id="c1"))
    with pytest.raises(CredentialError, match="two cues are called c1"):
        render(replace(plan, placements=twice))


def test_a_clip_that_calls_itself_ai_made_needs_to_be_declared(plan):
    found = replace(plan, findings=Verdict("declared_ai", "line", "words"))
    render(found)
    with pytest.raises(CredentialError, match="its source type is not said"):
        render(replace(found, parent=Parent("clip.mp4")))
    with pytest.raises(CredentialError, match="contradicts"):
        render(replace(found, parent=Parent("clip.mp4", digital_source_type="digitalCapture")))
    # its own credentials say it
    render(replace(found, parent=Parent("clip.mp4")), parent_signed=True)


def test_sounds_after_the_end_are_not_placed(cues):
    late = replace(cues[0], id="c9", time_s=2.0)
    placed = placements_of((*cues, late), length_s=0.95)
    assert [one.id for one in placed] == ["c1", "c2", "c3", "c4"] and max(one.end_s for one in placed) == 0.95
    assert len(placements_of((*cues, late))) == 5


def test_fingerprint_is_one_binding_with_its_stretches(plan):
    codes = ((None, None, "0a" * 32), (0.0, 2.5, "0b" * 8), (2.5, 4.0005, "0c" * 8))
    bound = [one["data"] for one in render(replace(plan, fingerprint=codes))["assertions"] if "soft" in one["label"]]
    marks, fingerprint = bound
    assert marks["alg"] == PICTURE_MARK and fingerprint["alg"] == "io.iscc.v0"
    scopes = [block["scope"] for block in fingerprint["blocks"]]
    # whole milliseconds, as the specification has them
    assert scopes == [{}, {"timespan": {"start": 0, "end": 2500}}, {"timespan": {"start": 2500, "end": 4000}}]
    assert [bytes(block["value"]).hex() for block in fingerprint["blocks"]] == [code for _, _, code in codes]


@pytest.mark.parametrize(
    ("licence", "address"),
    [
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC-BY-NC-SA-3.0", "https://creativecommons.org/licenses/by-nc-sa/3.0/"),
        ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("https://example.com/terms", "https://example.com/terms"),
        ("All rights reserved", None),
    ],
)
def test_licence_of_the_file(plan, licence, address):
    told = assertion(render(replace(plan, licence=licence)), "cawg.metadata")
    assert told["dc:rights"] == told["xmpRights:UsageTerms"] == licence and told["dc:creator"] == ["Ann Author"]
    assert told.get("xmpRights:WebStatement") == address


def test_files_it_was_made_from(plan):
    song = Source("song.wav", "audio/wav", "digitalCapture", "CC-BY-4.0", author="Bo", sha256="ab" * 32)
    signed = Source("shot.mp4", "video/mp4", path=Path("shot.mp4"))
    definition = render(replace(plan, ingredients=(song, signed)), signed_sources=[1])
    told = [one for one in definition["ingredients"] if one["label"].startswith("source-")]
    assert [one["title"] for one in told] == ["song.wav"] and told[0]["relationship"] == "componentOf"
    assert told[0]["description"] == f"made by Bo, licence CC-BY-4.0, sha256 {'ab' * 32}"
    placed = [one["parameters"]["ingredientIds"] for one in actions_of(definition) if one["action"] == "c2pa.placed"]
    # also of the one whose ingredient is taken from its file
    assert placed[:2] == [["source-0"], ["source-1"]] and len(placed) == 5


def test_plan_renders_without_the_sdk():
    code = (
        "import sys; from pipeline.provenance.manifest import *;"
        "render(ProvenancePlan('t', '1', parent=Parent('p')));"
        "print(sorted(set(sys.modules) & {'c2pa', 'numpy', 'cryptography'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_very_many_sounds_stay_few_and_true(plan):
    many = tuple(
        Placement(
            f"impact/{number}",
            "FX-impacts" if number % 2 else "BG",
            number,
            number + 0.5,
            "us",
            "CC0-1.0",
            digital_source_type="algorithmicMedia",
        )
        for number in range(5 * MAX_REGIONS)
    )
    definition = render(replace(plan, placements=many))
    sounds = [one for one in definition["ingredients"] if one["relationship"] == "componentOf"]
    assert len(many) > MAX_SOUNDS and len(sounds) == 2
    regions = [one["changes"][0]["region"] for one in actions_of(definition) if one["action"] == "c2pa.placed"]
    assert all(len(spans) == 1 for spans in regions)
    assert max(float(spans[0]["time"]["end"]) for spans in regions) == 5 * MAX_REGIONS - 0.5
    rights = assertion(definition, "io.foleymark.sounds")["sounds"]
    assert sum(one["uses"] for one in rights) == len(many)


def test_cues_of_others_keep_what_is_known_of_them(cues):
    foreign = replace(cues[0], source="field recording", licence="CC-BY-4.0", time_s=-0.2)
    plain, told = placements_of([foreign]), placements_of([foreign], source_types={"field recording": "digitalCapture"})
    assert plain[0].digital_source_type == "" and told[0].digital_source_type == "digitalCapture"
    assert plain[0].start_s == 0.0 and plain[0].licence == "CC-BY-4.0"


def test_source_types():
    assert to_uri("trainedAlgorithmicMedia") == to_uri(to_uri("trainedAlgorithmicMedia"))
    assert is_ai("http://c2pa.org/digitalsourcetype/trainedAlgorithmicData")
    assert is_capture("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture") and not is_capture("")


def film(simple, tmp_path, **changes):
    sources = (
        Source(
            "a.mp4", "video/mp4", "trainedAlgorithmicMedia", path=tmp_path / "a.mp4", spans=((0.0, 2.0), (4.0, 5.0))
        ),
        Source("b.mp4", "video/mp4", "digitalCapture", path=tmp_path / "b.mp4", spans=((2.0, 4.0),)),
    )
    return replace(
        simple, **{"parent": None, "composed": True, "ingredients": sources, "texts": ((0.5, 1.5),), **changes}
    )


def test_a_film_begins_with_being_put_together_and_places_its_clips_where_they_are_seen(simple, tmp_path):
    actions = actions_of(render(film(simple, tmp_path)))
    assert [action["action"] for action in actions] == ["c2pa.created", "c2pa.placed", "c2pa.placed", "c2pa.addedText"]
    assert actions[0]["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    seen = [[(r["time"]["start"], r["time"]["end"]) for r in one["changes"][0]["region"]] for one in actions[1:]]
    assert seen == [[("0.000", "2.000"), ("4.000", "5.000")], [("2.000", "4.000")], [("0.500", "1.500")]]


@pytest.mark.parametrize(
    ("kinds", "texts", "term"),
    [
        (("digitalCapture", "digitalCapture"), (), "compositeCapture"),
        (("digitalCapture", "digitalCapture"), ((0.0, 1.0),), "composite"),
        (("digitalCapture", ""), (), "composite"),
        (("compositeWithTrainedAlgorithmicMedia", "digitalCapture"), (), "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_a_film_is_called_after_what_it_was_put_together_from(simple, tmp_path, kinds, texts, term):
    made = film(simple, tmp_path)
    sources = tuple(replace(one, digital_source_type=kind) for one, kind in zip(made.ingredients, kinds, strict=True))
    created = actions_of(render(replace(made, ingredients=sources, texts=texts)))[0]
    assert term_of(created["digitalSourceType"]) == term


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ingredients": ()}, "from nothing"),
        ({"parent": Parent("clip.mp4")}, "which of the others"),
        ({"texts": ((2.0, 1.0),)}, "times go forward"),
        ({"length_s": 3.0}, "the film ends"),
    ],
)
def test_a_film_with_a_gap_is_refused(simple, tmp_path, changes, words):
    with pytest.raises(CredentialError, match=words):
        render(film(simple, tmp_path, **changes))
