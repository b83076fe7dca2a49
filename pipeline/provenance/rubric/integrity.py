"""The integrity rubric: whether a file was validated, is well formed, unchanged, and signed by somebody trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pipeline.provenance.rubric.active import ActiveManifest
from pipeline.provenance.rubric.results import RubricResult, Rule, apply
from pipeline.provenance.rubric.vocabulary import MALFORMED_CODES, MISMATCH_CODES, UNTRUSTED_CODES


def evaluate_integrity(crjson: Any) -> tuple[RubricResult, ...]:
    """The six results of the C2PA asset integrity rubric 1.0 on a crJSON report, in the rubric's order.

    Parameters
    ----------
    crjson : dict
        `Reader.crjson()` of the SDK, parsed. May come from anybody.

    Source: C2PA conformance programme, asset integrity rubric of 2026-08-06.
    """
    return apply(INTEGRITY_RULES, crjson)


def _not_validated(manifest: ActiveManifest) -> Iterator[str]:
    if not manifest.has_results:
        yield "validationResults"


def _failures_among(codes: frozenset[str]) -> Callable[[ActiveManifest], Iterator[str]]:
    return lambda manifest: (code for code in manifest.failures if code in codes)


def _validated(subject: str) -> Rule:
    return Rule(
        f"validation:{subject}_data_present",
        _not_validated,
        "The file was validated.",
        "Nobody validated the file, so read it with a verifier; the report lacks",
    )


WELL_FORMED = (
    _validated("well_formed"),
    Rule(
        "validation:well_formed_success",
        _failures_among(MALFORMED_CODES),
        "The credentials are well formed.",
        "The credentials are not well formed",
    ),
)
UNCHANGED = (
    _validated("valid"),
    Rule(
        "validation:valid_success",
        _failures_among(MISMATCH_CODES),
        "Nothing was changed after signing.",
        "Something does not match what was signed",
    ),
)
TRUSTED = (
    _validated("trusted"),
    Rule(
        "validation:trusted_success",
        _failures_among(UNTRUSTED_CODES),
        "The signature holds and its signer is trusted.",
        "The signature or its signer cannot be trusted",
    ),
)
INTEGRITY_RULES = (*WELL_FORMED, *UNCHANGED, *TRUSTED)
