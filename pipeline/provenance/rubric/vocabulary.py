"""Names that C2PA specification 2.4 and its conformance programme 0.2 know, as the published rubrics list them."""

from __future__ import annotations

from pipeline.provenance.rubric.active import NOT_VALIDATED


def _names(stem: str, endings: str) -> frozenset[str]:
    return frozenset(stem + ending for ending in endings.split())


# ---------------------------------------------------------------- actions
INCEPTION_ACTIONS = _names("c2pa.", "created opened")
DEPRECATED_ACTIONS = _names(
    "c2pa.", "copied formatted version_updated printed managed produced saved color_adjustments watermarked"
)
# what they do cannot be seen or heard, or is no change of content
NON_EDITORIAL_ACTIONS = _names(
    "c2pa.",
    "converted published repackaged transcoded resized.proportional enhanced edited.metadata "
    "watermarked watermarked.bound watermarked.unbound redacted",
)
# perceptible, but the source type is that of the ingredient that is placed
PLACING_ACTIONS = _names("c2pa.", "placed")
KNOWN_ACTIONS = (
    INCEPTION_ACTIONS
    | NON_EDITORIAL_ACTIONS
    | PLACING_ACTIONS
    | _names(
        "c2pa.",
        "addedText adjustedColor changedSpeed color_adjustments cropped deleted drawing dubbed edited filtered "
        "mastered mixed orientation remixed removed resized translated trimmed unknown",
    )
)
KNOWN_PARAMETERS = _names(
    "",
    "redacted ingredients ingredient description relatedAssertions sourceLanguage targetLanguage multipleInstances "
    "ranges weight width italic slant optical-size",
)

# ------------------------------------------------------------- assertions
DEPRECATED_ASSERTIONS = _names("c2pa.", "claim hash.bmff.v2 asset-type ingredient ingredient.v2 actions")
KNOWN_ASSERTIONS = _names(
    "c2pa.",
    "hash.data hash.data.part hash.boxes hash.bmff.v3 hash.collection.data hash.multi-asset actions.v2 ingredient.v3 "
    "soft-binding cloud-data embedded-data metadata certificate-status asset-ref asset-type.v2 thumbnail.claim "
    "thumbnail.ingredient depthmap.GDepth icon alternative-content-representation external-reference session-keys "
    "environmental-sustainability repository-receipt ai-disclosure assertion.metadata time-stamp",
)
# nothing that binds content or history may be kept outside the manifest
NOT_TO_BE_EXTERNAL = _names("c2pa.", "actions actions.v2 cloud-data external-reference")
RELATIONSHIPS = frozenset(("parentOf", "inputTo", "componentOf"))
REVIEWS_BY_PEOPLE = _names("humanEntry.", "anonymous credentialed")
TIFF_TYPES = _names("image/", "tiff x-adobe-dng")

# ------------------------------------------------------------------ codes
MALFORMED_CODES = (
    frozenset((NOT_VALIDATED, "hashedURI.missing", "ingredient.manifest.missing"))
    | _names(
        "assertion.",
        "action.malformed bmffHash.malformed boxesHash.malformed boxesHash.unknownBox collectionHash.malformed "
        "dataHash.malformed multiAssetHash.malformed multipleHardBindings external-reference.malformed "
        "external-reference.labelMismatch external-reference.created ingredient.malformed cbor.invalid json.invalid "
        "alternativeContentRepresentation.malformed alternativeContentRepresentation.missing",
    )
    | _names("claim.", "cbor.invalid hardBindings.missing malformed missing multiple")
    | _names(
        "manifest.",
        "compressed.invalid html.multipleManifests inaccessible multipleParents structuredText.emptyReference "
        "structuredText.malformedReference structuredText.multipleReferences structuredText.noManifest "
        "structuredText.noResolutionPath timestamp.invalid timestamp.wrongParents update.invalid update.wrongParents",
    )
)
MISMATCH_CODES = (
    frozenset((NOT_VALIDATED, "hashedURI.mismatch", "claimSignature.missing"))
    | _names(
        "assertion.",
        "action.ingredientMismatch action.redactionMismatch bmffHash.mismatch boxesHash.mismatch "
        "collectionHash.mismatch dataHash.mismatch multiAssetHash.mismatch external-reference.hashMismatch "
        "alternativeContentRepresentation.hashMismatch hashedURI.mismatch hardBinding.redacted",
    )
    | _names("ingredient.", "manifest.mismatch claimSignature.missing claimSignature.mismatch")
)
UNTRUSTED_CODES = (
    frozenset((NOT_VALIDATED,))
    | _names("claimSignature.", "mismatch outsideValidity")
    | _names("signingCredential.", "invalid ocsp.revoked untrusted")
)
