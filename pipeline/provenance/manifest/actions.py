"""Actions: the steps of a finished file's history, in the order they happened.

Specification 2.4 puts them so: opened (the clip that came in), placed (once per sound or file), mixed,
watermarked.bound, transcoded. What a generator signs of its own starts with created, and so does a film that was put
together from several clips: each of them is placed, and titles are added text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.provenance.manifest.checks import uses_ai
from pipeline.provenance.manifest.ingredients import PARENT_LABEL, sound_label, source_label, title_of
from pipeline.provenance.manifest.labels import OWN_LABEL
from pipeline.provenance.manifest.plan import MAX_REGIONS, Placement, ProvenancePlan
from pipeline.provenance.source_types import (
    MADE_BY_AI,
    MIXED,
    MIXED_CAPTURES,
    PARTLY_MADE_BY_AI,
    WRITTEN,
    is_capture,
    to_uri,
)


def actions_assertion(plan: ProvenancePlan, groups: list[list[Placement]]) -> dict[str, Any]:
    """All steps as one assertion; `groups` are the placed sounds of `ingredients.group_sounds`."""
    actions = [_inception(plan), *_placed_files(plan), *_added_texts(plan), *_placed_sounds(groups)]
    if groups:
        actions.append(_mixed(plan))
    actions.extend(
        {"action": "c2pa.watermarked.bound", "description": f"{mark.track} mark, {mark.algorithm}"}
        for mark in plan.marks
        if mark.is_new
    )
    if plan.transcoded:
        actions.append({"action": "c2pa.transcoded"})
    if plan.made_at:
        for action in actions:
            action["when"] = plan.made_at
    return {"label": "c2pa.actions.v2", "data": {"actions": actions, "allActionsIncluded": True}}


def _inception(plan: ProvenancePlan) -> dict[str, Any]:
    if plan.parent:
        # specification 2.4: an opened action has no source type, its ingredient has
        return {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT_LABEL]}}
    created: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": to_uri(_made_of(plan))}
    if plan.model:
        created["softwareAgent"] = {"name": plan.model}
    return created


def _made_of(plan: ProvenancePlan) -> str:
    """How what begins with this file came to be."""
    if plan.created_by_generator:
        return MADE_BY_AI
    if uses_ai(plan):
        return PARTLY_MADE_BY_AI
    captured = all(is_capture(one.digital_source_type) for one in plan.ingredients)
    return MIXED_CAPTURES if captured and not plan.placements and not plan.texts else MIXED


def _placed_files(plan: ProvenancePlan) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = []
    for number, source in enumerate(plan.ingredients):
        action: dict[str, Any] = {
            "action": "c2pa.placed",
            "description": f"{source.title}, as the signer declares",
            "parameters": {"ingredientIds": [source_label(number)]},
        }
        if source.spans:
            action["changes"] = [{"region": _times(source.spans), "description": "when it is seen"}]
        actions.append(action)
    return actions


def _added_texts(plan: ProvenancePlan) -> list[dict[str, Any]]:
    if not plan.texts:
        return []
    return [
        {
            "action": "c2pa.addedText",
            "digitalSourceType": to_uri(WRITTEN),
            "changes": [{"region": _times(plan.texts), "description": "titles"}],
        }
    ]


def _placed_sounds(groups: list[list[Placement]]) -> list[dict[str, Any]]:
    return [
        {
            "action": "c2pa.placed",
            "description": title_of(group),
            "parameters": {"ingredientIds": [sound_label(number)]},
            "changes": [
                {"region": _times([(one.start_s, one.end_s) for one in group]), "description": "when it is heard"}
            ],
        }
        for number, group in enumerate(groups)
    ]


def _times(spans: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    if len(spans) > MAX_REGIONS:
        spans = [(min(start for start, _ in spans), max(end for _, end in spans))]
    return [
        {"type": "temporal", "time": {"type": "npt", "start": f"{start:.3f}", "end": f"{end:.3f}"}}
        for start, end in spans
    ]


def _mixed(plan: ProvenancePlan) -> dict[str, Any]:
    action: dict[str, Any] = {
        "action": "c2pa.mixed",
        "digitalSourceType": to_uri(PARTLY_MADE_BY_AI if uses_ai(plan) else MIXED),
        "description": "the placed sounds were mixed into the soundtrack",
    }
    if plan.loudness and plan.loudness.integrated_lufs is not None:
        figures = {"integrated_lufs": round(plan.loudness.integrated_lufs, 2)}
        if plan.loudness.true_peak_dbtp is not None:
            figures["true_peak_dbtp"] = round(plan.loudness.true_peak_dbtp, 2)
        action["parameters"] = {OWN_LABEL + "loudness": figures}
    return action
