"""The rubrics: what we sign passes them, each check fails for its own reason, and the published ones agree."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.provenance.reading.reader import verifier_settings
from pipeline.provenance.rubric import evaluate, evaluate_integrity
from pipeline.provenance.signing.sign import sign_file
from tests.provenance.rubric.formula import Rubric

CONFORMANCE = "asset-rubric-conformance0.2-spec2.4.yml"
INTEGRITY = "asset-rubric-integrity.yml"
NOT_LOOKED_AT = "This could not be looked at, because "
AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@pytest.fixture(scope="module")
def report(clip, authority, own, tmp_path_factory) -> dict:
    """The crJSON report of a finished clip that we signed."""
    return _signed_report(clip, authority, own, tmp_path_factory.mktemp("rubric") / "out.mp4")


def _signed_report(clip: Path, authority, own, path: Path) -> dict:
    import c2pa

    from pipeline.provenance.manifest import PICTURE_MARK, Mark, Parent, ProvenancePlan, placements_of
    from pipeline.records import Cue

    cue = Cue(id="c1", stem="FX-impacts", time_s=0.5, length_s=0.2, category="X", sound="impact/metal")
    plan = ProvenancePlan(
        title="finished.mp4",
        software_version="0.1.0",
        parent=Parent("clip.mp4", digital_source_type="trainedAlgorithmicMedia"),
        who="Ann Author",
        placements=placements_of([cue]),
        marks=(Mark(PICTURE_MARK, "10000000deadbeef"),),
        transcoded=True,
    )
    sign_file(clip, path, plan=plan, authority=authority)
    settings = c2pa.Settings.from_dict(verifier_settings(own))
    with c2pa.Context(settings) as context, c2pa.Reader(str(path), context=context) as reader:
        return json.loads(reader.crjson())


@pytest.fixture(scope="module")
def published() -> Callable[[str], Rubric]:
    """The published rubrics, where somebody has them."""
    import yaml

    folder = Path(os.environ.get("FOLEYMARK_C2PA", Path(__file__).parents[3].parent / "shared" / "c2pa"))
    if not (folder / CONFORMANCE).is_file():
        pytest.skip("needs the published rubrics of the conformance programme (FOLEYMARK_C2PA)")

    def load(name: str) -> Rubric:
        return Rubric(list(yaml.safe_load_all((folder / name).read_text())), expected_spec_version="2.4")

    return load


def failed(results) -> set[str]:
    return {one.id.removeprefix("validation:") for one in results if not one.passed}


# ------------------------------------------------------- good, then spoilt
def test_what_we_sign_passes_everything(report):
    results, integrity = evaluate(report), evaluate_integrity(report)
    assert failed(results) == failed(integrity) == set()
    assert len({one.id for one in results}) == len(results) == 31 and len(integrity) == 6
    assert all(one.sentence.endswith(".") for one in (*results, *integrity))


class Spoiler:
    """The parts of a report that the mutations below change."""

    def __init__(self, report: dict):
        self.manifest = report["manifests"][0]
        self.claim = self.manifest["claim.v2"]
        self.assertions = self.manifest["assertions"]
        self.steps = self.assertions["c2pa.actions.v2"]
        self.actions = self.steps["actions"]
        self.failures = self.manifest["validationResults"]["failure"]
        self.parent = next(one for one in self.assertions.values() if one.get("relationship") == "parentOf")

    def say(self, **body: Any) -> None:
        self.assertions["org.example.said"] = body


def _opened_only(on: Spoiler) -> None:
    on.steps.update(actions=on.actions[:1], allActionsIncluded=False)


def _with_credentials(on: Spoiler, **others: Any) -> None:
    on.parent.pop("digitalSourceType")
    on.parent.update(activeManifest={"url": "self#jumbf=/c2pa/urn:c2pa:x"}, **others)


def _boxes_of_tiff(on: Spoiler) -> None:
    on.assertions.update({"c2pa.hash.boxes": {}, "c2pa.asset-type.v2": {"dc:format": "image/tiff"}})


def _unvalidated(on: Spoiler) -> None:
    del on.manifest["validationResults"]


UNVALIDATED = {"well_formed_data_present", "well_formed_success", "valid_data_present", "valid_success"}
PRESERVED = "exif.originalPreservationImage"
# a change, and exactly what fails for it; two checks look for the same field, so they can only fail together
SPOILT: list[tuple[set[str], Callable[[Spoiler], Any]]] = [
    ({"mandatory_dst_for_perceptible_transformations"}, lambda on: on.actions.append({"action": "c2pa.edited"})),
    ({"mandatory_spec_version"}, lambda on: on.claim["claim_generator_info"].update(specVersion="2.3.0")),
    ({"mandatory_spec_version"}, lambda on: on.claim["claim_generator_info"].pop("specVersion")),
    ({"mandatory_all_actions_included"}, lambda on: on.steps.pop("allActionsIncluded")),
    ({"no_dst_for_opened_action"}, lambda on: on.actions[0].update(digitalSourceType=AI)),
    (UNVALIDATED, _unvalidated),
    ({"well_formed_success", "valid_success"}, lambda on: on.manifest.update(validationResults={})),
    ({"well_formed_success"}, lambda on: on.failures.append({"code": "claim.multiple"})),
    ({"valid_success"}, lambda on: on.failures.append({"code": "assertion.bmffHash.mismatch"})),
    ({"inception_action_position"}, lambda on: on.claim.update(created_assertions=[])),
    ({"no_deprecated_assertions"}, lambda on: on.assertions.update({"stds.exif": {}})),
    ({"no_unsupported_assertions"}, lambda on: on.assertions.update({"c2pa.future__2": {}})),
    ({"no_deprecated_actions"}, lambda on: on.actions.append({"action": "c2pa.watermarked"})),
    ({"no_unsupported_actions"}, lambda on: on.actions.append({"action": "c2pa.future", "digitalSourceType": AI})),
    ({"no_unrecognized_custom_assertions"}, lambda on: on.assertions.update(future={})),
    ({"no_unrecognized_custom_actions"}, lambda on: on.actions.append({"action": "future"})),
    ({"no_unrecognized_custom_action_parameters"}, lambda on: on.actions[0]["parameters"].update(future=1)),
    ({"discouraged_legacy_action_parameters"}, lambda on: on.actions[0]["parameters"].update(description="x")),
    ({"active_manifest_urn"}, lambda on: on.manifest.update(label="urn:uuid:0")),
    ({"review_ratings_datasource"}, lambda on: on.say(reviewRatings=[1], dataSource={"type": "humanEntry.anonymous"})),
    ({"ingredient_v3_no_active_manifest"}, lambda on: on.parent.update(validationResults={"failure": []})),
    ({"ingredient_v3_mandatory_validation_results"}, _with_credentials),
    ({"ingredient_relationship_values"}, lambda on: on.parent.update(relationship="cousinOf")),
    ({"mandatory_dst_for_created_action"}, lambda on: on.actions.insert(0, {"action": "c2pa.created"})),
    ({"no_deprecated_claim_fields"}, lambda on: on.claim.update(specVersion="2.4.0")),
    ({"ingredient_v3_choice"}, lambda on: _with_credentials(on, validationResults={}, digitalSourceType=AI)),
    ({"alternative_content_representation_choice"}, lambda on: on.say(type=PRESERVED, parameters={})),
    ({"forbidden_labels_in_external_references"}, lambda on: on.say(label="c2pa.hash.data", url="https://x")),
    ({"no_url_in_hashes"}, lambda on: on.assertions["c2pa.hash.bmff.v3"].update(url="https://x")),
    ({"all_actions_included_opened"}, _opened_only),
    ({"opened_action_ingredient_reference"}, lambda on: on.actions[0]["parameters"].update(ingredients=[])),
    ({"no_box_hash_for_tiff"}, _boxes_of_tiff),
]


def _spoil(report: dict, change: Callable[[Spoiler], Any]) -> dict:
    spoilt = copy.deepcopy(report)
    change(Spoiler(spoilt))
    return spoilt


@pytest.mark.parametrize(("names", "change"), SPOILT, ids=["+".join(sorted(names)) for names, _ in SPOILT])
def test_each_check_fails_for_its_own_reason(names, change, report):
    assert failed(evaluate(_spoil(report, change))) == names


def test_every_check_has_a_way_to_fail(report):
    names = {one.id.removeprefix("validation:") for one in evaluate(report)}
    assert set().union(*(names for names, _ in SPOILT)) == names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("claim.cbor.invalid", {"well_formed_success"}),
        ("assertion.dataHash.mismatch", {"valid_success"}),
        ("signingCredential.untrusted", {"trusted_success"}),
        ("claimSignature.mismatch", {"trusted_success"}),
        ("org.example.note", set()),
    ],
)
def test_integrity_by_code(code, names, report):
    spoilt = _spoil(report, lambda on: on.failures.append({"code": code}))
    assert failed(evaluate_integrity(spoilt)) == names


def test_nobody_validated(report):
    spoilt = _spoil(report, _unvalidated)
    assert failed(evaluate_integrity(spoilt)) == {*UNVALIDATED, "trusted_data_present", "trusted_success"}


def test_failing_sentences_name_what_was_found(report):
    spoilt = _spoil(report, lambda on: on.actions.extend({"action": f"c2pa.new\x1b[31m{n}"} for n in range(9)))
    [one] = [one for one in evaluate(spoilt) if one.id == "validation:no_unsupported_actions"]
    assert "c2pa.new[31m0, " in one.sentence and one.sentence.endswith("c2pa.new[31m4 and more.")


# ------------------------------------------- against the published rubrics
def test_agrees_with_the_published_rubrics(report, published):
    conformance, integrity = published(CONFORMANCE), published(INTEGRITY)
    spoilt = [_spoil(report, change) for _, change in SPOILT]
    rng = random.Random(11)
    by_chance = [_spoil_by_chance(report, rng) for _ in range(600)]
    seen_failing = set()
    for one in (report, {}, {"manifests": []}, *spoilt, *by_chance):
        for ours, theirs in ((evaluate(one), conformance), (evaluate_integrity(one), integrity)):
            for mine, (name, passed) in zip(ours, theirs.results(one), strict=True):
                assert mine.id == name
                # stricter only where the report has a shape that nobody specified, never milder
                assert mine.passed == passed or mine.sentence.startswith(NOT_LOOKED_AT), (mine, passed)
            seen_failing |= failed(ours)
    assert len(seen_failing) == 33


WORDS = ["c2pa.created", "c2pa.opened", "c2pa.edited", "c2pa.actions", "c2pa.hash.boxes", "stds.x", "own", "a.b", "2.3"]
FIELDS = ["digitalSourceType", "activeManifest", "validationResults", "relationship", "actions", "url", "parameters"]


def _spoil_by_chance(report: dict, rng: random.Random) -> dict:
    spoilt = copy.deepcopy(report)
    del spoilt["manifests"][0]["validationResults"]["success"]
    for _ in range(rng.randrange(1, 6)):
        _change(rng.choice(list(_tables(spoilt["manifests"][0]))), rng)
    return spoilt


def _tables(value: Any):
    if isinstance(value, dict | list) and value:
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _tables(one)


def _change(table: dict | list, rng: random.Random) -> None:
    others = [None, True, 0, 2.5, "", [], {}, ["x"], {"a": 1}, *(rng.choice(WORDS) for _ in range(9))]
    place = rng.choice(list(table) if isinstance(table, dict) else range(len(table)))
    match rng.randrange(4):
        case 0:
            del table[place]
        case 1:
            table[place] = rng.choice(others)
        case 2 if isinstance(table, dict):
            table[rng.choice(WORDS + FIELDS)] = rng.choice(others)
        case 3 if isinstance(table, list):
            table.append(copy.deepcopy(table[place]))


# ---------------------------------------------------------------- hostile
@pytest.mark.parametrize("data", [None, [], {}, "x", 3, {"manifests": "x"}, {"manifests": [[]]}, {"manifests": [None]}])
def test_a_report_without_a_manifest_fails(data):
    assert failed(evaluate(data)) > UNVALIDATED and len(evaluate(data)) == 31
    assert "trusted_success" in failed(evaluate_integrity(data))


def test_very_deep_and_very_many(report):
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    spoilt = _spoil(report, lambda on: (on.say(actions=deep, url=deep), on.actions[0].update(digitalSourceType=deep)))
    assert failed(evaluate(spoilt)) >= {"no_dst_for_opened_action", "no_unrecognized_custom_actions"}
    many = _spoil(report, lambda on: on.actions.extend({"action": "x" * 500} for _ in range(50_000)))
    results = evaluate(many)
    assert failed(results) == {"no_unrecognized_custom_actions"}
    assert all(len(one.sentence) < 700 for one in results)
