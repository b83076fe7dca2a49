"""Assertions beside the history: soft bindings, disclosure, wishes about training, author and licence, findings."""

from __future__ import annotations

import re
from typing import Any

from pipeline.provenance.manifest.ingredients import title_of
from pipeline.provenance.manifest.labels import FINDINGS, FINGERPRINT, PROMPT, SKETCH, SOUNDS
from pipeline.provenance.manifest.plan import Placement, ProvenancePlan
from pipeline.records import Verdict

# CAWG training and data mining assertion 1.1
TRAINING_USES = ("cawg.ai_training", "cawg.ai_generative_training", "cawg.ai_inference", "cawg.data_mining")
# prefixes of the metadata we write, as XMP and Dublin Core define them
CONTEXT = {"dc": "http://purl.org/dc/elements/1.1/", "xmpRights": "http://ns.adobe.com/xap/1.0/rights/"}
_CREATIVE_COMMONS = re.compile(r"CC-(BY(?:-NC)?(?:-ND|-SA)?)-(\d\.\d)", re.IGNORECASE)


def other_assertions(plan: ProvenancePlan, groups: list[list[Placement]]) -> list[dict[str, Any]]:
    """Everything but the actions; `groups` are the placed sounds of `ingredients.group_sounds`."""
    assertions = soft_bindings(plan)
    if plan.created_by_generator:
        assertions.append({"label": "c2pa.ai-disclosure", "data": _disclosure(plan)})
    if plan.training != "unspecified":
        entries = {use: {"use": plan.training} for use in TRAINING_USES}
        assertions.append({"label": "cawg.training-mining", "data": {"entries": entries}})
    if metadata := _metadata(plan):
        assertions.append({"label": "cawg.metadata", "data": metadata, "kind": "Json"})
    if plan.findings:
        assertions.append({"label": FINDINGS, "data": _findings(plan.findings)})
    if groups:
        assertions.append({"label": SOUNDS, "data": {"sounds": [_rights(group) for group in groups]}})
    if plan.prompt:
        assertions.append({"label": PROMPT, "data": {"prompt": plan.prompt}})
    return assertions


def soft_bindings(plan: ProvenancePlan) -> list[dict[str, Any]]:
    """One assertion for each mark, and one for the fingerprint with all its codes."""
    bindings = [(mark.algorithm, [_block(mark.payload_hex)]) for mark in plan.marks]
    if plan.fingerprint:
        bindings.append((FINGERPRINT, [_block(value, start, end) for start, end, value in plan.fingerprint]))
    if plan.sketch_sha256:
        bindings.append((SKETCH, [_block(plan.sketch_sha256)]))
    return [{"label": "c2pa.soft-binding", "data": {"alg": name, "blocks": blocks}} for name, blocks in bindings]


def _block(value_hex: str, start_s: float | None = None, end_s: float | None = None) -> dict[str, Any]:
    # specification 2.4, soft-binding-timespan-map: whole milliseconds from the start; an empty scope is the whole
    scope: dict[str, Any] = {}
    if start_s is not None and end_s is not None:
        scope["timespan"] = {"start": round(start_s * 1000), "end": round(end_s * 1000)}
    # the SDK cannot write the byte string that the specification asks for; a list of numbers reads back
    return {"scope": scope, "value": list(bytes.fromhex(value_hex))}


def _disclosure(plan: ProvenancePlan) -> dict[str, Any]:
    return {"modelType": "c2pa.types.model", **({"modelName": plan.model} if plan.model else {})}


def _metadata(plan: ProvenancePlan) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if plan.who.strip():
        told["dc:creator"] = [plan.who.strip()]
    if licence := plan.licence.strip():
        told["dc:rights"] = licence
        told["xmpRights:UsageTerms"] = licence
        if address := licence_address(licence):
            told["xmpRights:WebStatement"] = address
    return {"@context": CONTEXT, **told} if told else {}


def licence_address(licence: str) -> str:
    """Where a licence can be read: its own address, or that of Creative Commons; else empty."""
    if re.match(r"https?://\S+$", licence):
        return licence
    if licence.upper() == "CC0-1.0":
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    if found := _CREATIVE_COMMONS.fullmatch(licence):
        return f"https://creativecommons.org/licenses/{found[1].lower()}/{found[2]}/"
    return ""


def _rights(group: list[Placement]) -> dict[str, Any]:
    return {
        "sound": title_of(group),
        "made_by": group[0].source,
        "licence": group[0].licence,
        "uses": len(group),
        "stems": sorted({one.stem for one in group}),
    }


def _findings(verdict: Verdict) -> dict[str, Any]:
    # names and figures only: the sentences may quote container tags, and with them a private prompt
    detectors = [
        {"name": one.name, "scope": one.scope, "applicable": one.applicable, "llr": round(one.llr, 3)}
        for one in verdict.evidence
    ]
    return {"verdict": verdict.name, "examined": "the unmarked master", "detectors": detectors}
