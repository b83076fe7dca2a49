"""From a plan to the manifest definition that the SDK's builder takes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pipeline.provenance.manifest.actions import actions_assertion
from pipeline.provenance.manifest.assertions import other_assertions
from pipeline.provenance.manifest.checks import check_plan
from pipeline.provenance.manifest.ingredients import (
    group_sounds,
    parent_ingredient,
    sound_ingredient,
    source_ingredient,
)
from pipeline.provenance.manifest.labels import GENERATOR, SPEC_VERSION
from pipeline.provenance.manifest.plan import ProvenancePlan


def render(
    plan: ProvenancePlan, *, parent_signed: bool = False, signed_sources: Collection[int] = ()
) -> dict[str, Any]:
    """The manifest definition of a plan, as the SDK's builder takes it.

    Parameters
    ----------
    plan : ProvenancePlan
    parent_signed : bool
        The parent carries credentials: its ingredient is then added from its file, and not rendered here.
    signed_sources : collection of int
        Which of the plan's other ingredients carry credentials; the same holds for them.

    Raises
    ------
    CredentialError
        When the plan has a gap; names it.
    """
    check_plan(plan, parent_signed=parent_signed)
    groups = group_sounds(plan.placements)
    ingredients = [sound_ingredient(number, group) for number, group in enumerate(groups)]
    if plan.parent and not parent_signed:
        ingredients.insert(0, parent_ingredient(plan.parent, signed=False))
    ingredients += [
        source_ingredient(source, number, signed=False)
        for number, source in enumerate(plan.ingredients)
        if number not in signed_sources
    ]
    definition: dict[str, Any] = {
        "claim_generator_info": [{"name": GENERATOR, "version": plan.software_version, "specVersion": SPEC_VERSION}],
        "title": plan.title,
        "ingredients": ingredients,
        "assertions": [actions_assertion(plan, groups), *other_assertions(plan, groups)],
    }
    if plan.manifest_label:
        definition["label"] = plan.manifest_label
    return definition
