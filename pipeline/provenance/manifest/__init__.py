"""The manifest: what a finished file will say about itself, planned first and rendered for the SDK."""

from pipeline.provenance.manifest.checks import check_plan
from pipeline.provenance.manifest.ingredients import parent_ingredient, preview_name, source_ingredient
from pipeline.provenance.manifest.labels import (
    CREATED_LABELS,
    FINDINGS,
    FINGERPRINT,
    GENERATOR,
    OWN_LABEL,
    PICTURE_MARK,
    PROMPT,
    SKETCH,
    SOUND_MARK,
    SOUNDS,
    SPEC_VERSION,
)
from pipeline.provenance.manifest.plan import (
    MAX_REGIONS,
    MAX_SOUNDS,
    Mark,
    Parent,
    Placement,
    ProvenancePlan,
    Source,
    Training,
    placements_of,
)
from pipeline.provenance.manifest.render import render

__all__ = [
    "CREATED_LABELS",
    "FINDINGS",
    "FINGERPRINT",
    "GENERATOR",
    "MAX_REGIONS",
    "MAX_SOUNDS",
    "OWN_LABEL",
    "PICTURE_MARK",
    "PROMPT",
    "SKETCH",
    "SOUNDS",
    "SOUND_MARK",
    "SPEC_VERSION",
    "Mark",
    "Parent",
    "Placement",
    "ProvenancePlan",
    "Source",
    "Training",
    "check_plan",
    "parent_ingredient",
    "placements_of",
    "preview_name",
    "render",
    "source_ingredient",
]
