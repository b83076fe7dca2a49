"""The conformance rubric: 31 checks that a product of the conformance programme 0.2 passes (specification 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pipeline.provenance.rubric import vocabulary as known
from pipeline.provenance.rubric.active import ActiveManifest, action_name, fields, parameters_of, shown, text
from pipeline.provenance.rubric.integrity import UNCHANGED, WELL_FORMED
from pipeline.provenance.rubric.results import RubricResult, Rule, apply

# what the programme expects of claims of this year
EXPECTED_VERSION = ("2", "4")
# stands for a thing that is named by the failing sentence itself
HERE = "c2pa.actions.v2"


def evaluate(crjson: Any) -> tuple[RubricResult, ...]:
    """The 31 results of the C2PA conformance rubric 0.2 for specification 2.4, in the rubric's order.

    Parameters
    ----------
    crjson : dict
        `Reader.crjson()` of the SDK, parsed. May come from anybody: no shape of it raises.

    Returns
    -------
    tuple of RubricResult
        A file conforms when all have passed. Where the rubric only warns, the check counts as not passed;
        a report in a shape that the specification does not know fails the checks that have to look there.

    Source: C2PA conformance programme, asset conformance rubric of 2026-08-06. Checks, names and order are its own;
    the code and the sentences are ours.
    """
    return apply(CONFORMANCE_RULES, crjson)


# ---------------------------------------------------------------- actions
def _change_without_source(manifest: ActiveManifest) -> Iterator[str]:
    exempt = known.INCEPTION_ACTIONS | known.NON_EDITORIAL_ACTIONS | known.PLACING_ACTIONS
    for action in manifest.actions:
        name = action_name(action)
        if name.startswith("c2pa.") and name not in exempt and action.get("digitalSourceType") is None:
            yield name


def _undeclared_completeness(manifest: ActiveManifest) -> Iterator[str]:
    for label, body in manifest.assertions.items():
        if fields(body).get("actions") is not None and body.get("allActionsIncluded") is None:
            yield label


def _named(name: str, manifest: ActiveManifest) -> Iterator[dict[str, Any]]:
    return (action for action in manifest.actions if action_name(action) == name)


def _opened_with_source(manifest: ActiveManifest) -> Iterator[str]:
    opened = _named("c2pa.opened", manifest)
    return (shown(one["digitalSourceType"]) for one in opened if one.get("digitalSourceType") is not None)


def _created_without_source(manifest: ActiveManifest) -> Iterator[str]:
    return ("c2pa.created" for one in _named("c2pa.created", manifest) if one.get("digitalSourceType") is None)


def _opened_without_parent(manifest: ActiveManifest) -> Iterator[str]:
    for action in _named("c2pa.opened", manifest):
        references = parameters_of(action).get("ingredients")
        if not isinstance(references, list) or len(references) != 1:
            yield "c2pa.opened"


def _misplaced_inception(manifest: ActiveManifest) -> Iterator[str]:
    first = next((url for url in manifest.created_urls if "c2pa.actions" in url), "")
    if not first.endswith("c2pa.actions.v2"):
        yield first or "no created actions"
    elif any(_named("c2pa.created", manifest)) and action_name(manifest.actions[0]) not in known.INCEPTION_ACTIONS:
        yield action_name(manifest.actions[0])


def _deprecated_actions(manifest: ActiveManifest) -> Iterator[str]:
    return filter(known.DEPRECATED_ACTIONS.__contains__, map(action_name, manifest.actions))


def _unknown_actions(manifest: ActiveManifest) -> Iterator[str]:
    names = map(action_name, manifest.actions)
    return (name for name in names if name.startswith("c2pa.") and name not in known.KNOWN_ACTIONS)


def _actions_without_domain(manifest: ActiveManifest) -> Iterator[str]:
    # what begins with c2pa. has a dot
    return (name for name in map(action_name, manifest.actions) if "." not in name)


def _parameters_without_domain(manifest: ActiveManifest) -> Iterator[str]:
    names = (name for action in manifest.actions for name in parameters_of(action))
    return (name for name in names if name not in known.KNOWN_PARAMETERS and "." not in name)


def _legacy_parameters(manifest: ActiveManifest) -> Iterator[str]:
    for action in manifest.actions:
        parameters = parameters_of(action)
        if any(parameters.get(name) is not None for name in ("description", "ingredient")):
            yield action_name(action) or "unknown"


def _unfinished_opening(manifest: ActiveManifest) -> Iterator[str]:
    included = fields(manifest.assertions.get(HERE)).get("allActionsIncluded")
    if len(manifest.actions) == 1 and included is not True and any(_named("c2pa.opened", manifest)):
        yield HERE


# ------------------------------------------------------------ claim, label
def _wrong_version(manifest: ActiveManifest) -> Iterator[str]:
    stated = manifest.spec_version
    if not isinstance(stated, str) or tuple(stated.split(".", 2)[:2]) != EXPECTED_VERSION:
        yield "missing" if stated is None else shown(stated)


def _version_in_claim(manifest: ActiveManifest) -> Iterator[str]:
    if manifest.claim.get("specVersion") is not None:
        yield "specVersion"


def _old_label(manifest: ActiveManifest) -> Iterator[str]:
    if not manifest.label.startswith("urn:c2pa:"):
        yield manifest.label


# ------------------------------------------------------------- assertions
def _deprecated_assertions(manifest: ActiveManifest) -> Iterator[str]:
    labels = manifest.assertions
    return (label for label in labels if label.startswith("stds.") or label in known.DEPRECATED_ASSERTIONS)


def _unknown_assertions(manifest: ActiveManifest) -> Iterator[str]:
    for label in manifest.assertions:
        base = label.partition("__")[0]
        if label.startswith("c2pa.") and not (base in known.KNOWN_ASSERTIONS or base in known.DEPRECATED_ASSERTIONS):
            yield label


def _assertions_without_domain(manifest: ActiveManifest) -> Iterator[str]:
    return (label for label in manifest.assertions if "." not in label)


def _rated_by_people(manifest: ActiveManifest) -> Iterator[str]:
    for body in manifest.bodies:
        kind = shown(fields(body.get("dataSource")).get("type"))
        if body.get("reviewRatings") is not None and kind in known.REVIEWS_BY_PEOPLE:
            yield kind


def _unclear_original(manifest: ActiveManifest) -> Iterator[str]:
    kind = "exif.originalPreservationImage"
    for body in manifest.bodies:
        parameters = fields(body.get("parameters"))
        places = [parameters.get(name) for name in ("multiAssetPartIndex", "embeddedOriginalPreservationImage")]
        if kind in (body.get("type"), parameters.get("type")) and places.count(None) != 1:
            yield kind


def _forbidden_references(manifest: ActiveManifest) -> Iterator[str]:
    for body in manifest.bodies:
        if body.get("label") is None or body.get("url") is None or body.get("relationship") is not None:
            continue
        label = text(body["label"], "the label of a reference")
        if label in known.NOT_TO_BE_EXTERNAL or label.startswith(("c2pa.hash", "c2pa.ingredient")):
            yield label


def _addresses_in_hashes(manifest: ActiveManifest) -> Iterator[str]:
    labels = ("c2pa.hash.data", "c2pa.hash.bmff.v3")
    return (label for label in labels if fields(manifest.assertions.get(label)).get("url"))


def _boxes_in_tiff(manifest: ActiveManifest) -> Iterator[str]:
    kind = shown(fields(manifest.assertions.get("c2pa.asset-type.v2")).get("dc:format"))
    if "c2pa.hash.boxes" in manifest.assertions and kind in known.TIFF_TYPES:
        yield kind


# ------------------------------------------------------------ ingredients
def _ingredients_with(present: str, other: str, *, other_present: bool) -> Callable[[ActiveManifest], Iterator[str]]:
    """Ingredients that have one field, and have or lack the other."""

    def offences(manifest: ActiveManifest) -> Iterator[str]:
        for body in manifest.ingredients:
            if body.get(present) is not None and (body.get(other) is not None) == other_present:
                yield shown(body.get("dc:title") or "an ingredient")

    return offences


def _unknown_relationships(manifest: ActiveManifest) -> Iterator[str]:
    names = (text(body["relationship"], "the relationship of an ingredient") for body in manifest.ingredients)
    return (name or "(empty)" for name in names if name not in known.RELATIONSHIPS)


CONFORMANCE_RULES = (
    Rule(
        "validation:mandatory_dst_for_perceptible_transformations",
        _change_without_source,
        "Every action that changes what is seen or heard says how its content came to be.",
        "Give these actions a digital source type, because they change what is seen or heard",
    ),
    Rule(
        "validation:mandatory_spec_version",
        _wrong_version,
        "The claim generator states version 2.4 of the specification.",
        "The claim generator has to state specVersion 2.4, but it is",
    ),
    Rule(
        "validation:mandatory_all_actions_included",
        _undeclared_completeness,
        "Every list of actions says whether it is complete.",
        "Say with allActionsIncluded whether these lists of actions are complete",
    ),
    Rule(
        "validation:no_dst_for_opened_action",
        _opened_with_source,
        "No opened action has a source type, which belongs to its ingredient.",
        "Move the source type of an opened action to its ingredient",
    ),
    *WELL_FORMED,
    *UNCHANGED,
    Rule(
        "validation:inception_action_position",
        _misplaced_inception,
        "The history that the signer vouches for begins with how the file came to be.",
        "The first created list of actions has to begin with created or opened, but there is",
    ),
    Rule(
        "validation:no_deprecated_assertions",
        _deprecated_assertions,
        "No assertion is of a kind given up since specification 2.2.",
        "Replace these assertions, which were given up, by their newer kinds",
    ),
    Rule(
        "validation:no_unsupported_assertions",
        _unknown_assertions,
        "Every assertion under c2pa. is one that the specification knows.",
        "The specification does not know these assertions",
    ),
    Rule(
        "validation:no_deprecated_actions",
        _deprecated_actions,
        "No action is of a kind given up since specification 2.2.",
        "Replace these actions, which were given up, by their newer kinds",
    ),
    Rule(
        "validation:no_unsupported_actions",
        _unknown_actions,
        "Every action under c2pa. is one that the specification knows.",
        "The specification does not know these actions",
    ),
    Rule(
        "validation:no_unrecognized_custom_assertions",
        _assertions_without_domain,
        "Every assertion of one's own stands under a domain.",
        "Put the domain of their maker before these assertions",
    ),
    Rule(
        "validation:no_unrecognized_custom_actions",
        _actions_without_domain,
        "Every action of one's own stands under a domain.",
        "Put the domain of their maker before these actions",
    ),
    Rule(
        "validation:no_unrecognized_custom_action_parameters",
        _parameters_without_domain,
        "Every parameter of one's own stands under a domain.",
        "Put the domain of their maker before these parameters of actions",
    ),
    Rule(
        "validation:discouraged_legacy_action_parameters",
        _legacy_parameters,
        "No action keeps its description or a single ingredient among its parameters.",
        "Move description and ingredient out of the parameters of these actions",
    ),
    Rule(
        "validation:active_manifest_urn",
        _old_label,
        "The manifest is named by a urn:c2pa.",
        "The name of the manifest has to begin with urn:c2pa: but is",
    ),
    Rule(
        "validation:review_ratings_datasource",
        _rated_by_people,
        "No statement of a person carries review ratings.",
        "Take the review ratings away from what a person stated",
    ),
    Rule(
        "validation:ingredient_v3_no_active_manifest",
        _ingredients_with("validationResults", "activeManifest", other_present=False),
        "No ingredient without credentials claims a validation of them.",
        "These ingredients state validation results without having credentials",
    ),
    Rule(
        "validation:ingredient_v3_mandatory_validation_results",
        _ingredients_with("activeManifest", "validationResults", other_present=False),
        "Every ingredient with credentials says how they were validated.",
        "These ingredients carry credentials that nobody validated",
    ),
    Rule(
        "validation:ingredient_relationship_values",
        _unknown_relationships,
        "Every ingredient is a parent, a component or an input.",
        "An ingredient is parentOf, componentOf or inputTo, but there is",
    ),
    Rule(
        "validation:mandatory_dst_for_created_action",
        _created_without_source,
        "Every created action says how its content came to be.",
        "Give this action a digital source type",
    ),
    Rule(
        "validation:no_deprecated_claim_fields",
        _version_in_claim,
        "The claim has no field that was given up.",
        "Move this field of the claim into claim_generator_info",
    ),
    Rule(
        "validation:ingredient_v3_choice",
        _ingredients_with("activeManifest", "digitalSourceType", other_present=True),
        "No ingredient states both credentials and a source type of its own.",
        "Take the source type away from these ingredients, whose credentials state it",
    ),
    Rule(
        "validation:alternative_content_representation_choice",
        _unclear_original,
        "Every preserved original is kept in exactly one place.",
        "Name exactly one place where the original is kept",
    ),
    Rule(
        "validation:forbidden_labels_in_external_references",
        _forbidden_references,
        "Nothing that binds content or history is kept outside the manifest.",
        "These assertions may not be kept outside the manifest",
    ),
    Rule(
        "validation:no_url_in_hashes",
        _addresses_in_hashes,
        "No hash points to an address.",
        "Take the address out of these hashes",
    ),
    Rule(
        "validation:all_actions_included_opened",
        _unfinished_opening,
        "A file that was only opened and saved again says so.",
        "Set allActionsIncluded to true, because nothing happened but opening, in",
    ),
    Rule(
        "validation:opened_action_ingredient_reference",
        _opened_without_parent,
        "Every opened action refers to exactly one ingredient.",
        "Let this action refer to exactly one ingredient",
    ),
    Rule(
        "validation:no_box_hash_for_tiff",
        _boxes_in_tiff,
        "No file of the TIFF family is bound by a hash of boxes.",
        "Bind this kind of file by a hash of its data and not of boxes",
    ),
)
