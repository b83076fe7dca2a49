"""Reading back what was signed: as a stranger's verifier would, before it counts."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError
from pipeline.provenance.manifest import FINGERPRINT, SKETCH, ProvenancePlan
from pipeline.provenance.reading.axes import CONTENT_CHANGED
from pipeline.provenance.reading.here import STORE_TYPE, Wanted, context_of, read_here, read_with_store
from pipeline.provenance.rubric import RubricResult, evaluate
from pipeline.provenance.signing.identity import SigningIdentity
from pipeline.provenance.text import clean
from pipeline.provenance.trust.lists import Trust
from pipeline.records import Credential


def check_result(
    path: Path, plan: ProvenancePlan, identity: SigningIdentity, *, store: bytes, parent_signed: bool, sidecar: bool
) -> Credential:
    """The credentials as a verifier reads them, trusting nothing but the signer's own root.

    Parameters
    ----------
    path : Path
        What was written.
    plan : ProvenancePlan
        What it should say.
    identity : SigningIdentity
        Who should have signed.
    store : bytes
        The manifest store that was signed.
    parent_signed : bool
        The parent's own credentials should be there.
    sidecar : bool
        The store is not in the file.

    Raises
    ------
    CredentialError
        When the file does not say what was planned, or would not pass the conformance rubric.
    """
    wanted = Wanted(Trust(own_pem=identity.root_pem))
    if sidecar:
        credential = read_with_store(path, store, wanted, origin="sidecar")
    else:
        credential = read_here(path, trust=wanted.trust, sidecar=False)
    if credential is None:
        raise CredentialError("the signed file reads back without credentials: report this with the file")
    parents = [one for one in credential.ingredients if one.relationship == "parentOf"]
    # a chain without its root leads nowhere by itself: the signature still has to be this certificate's
    expected = ("own",) if identity.root_pem else ("unknown", "trusted")
    for held, complaint in (
        (credential.integrity == "exact", "its checksum does not match"),
        (credential.signer in expected, "its signature does not lead to your own root certificate"),
        (credential.title == clean(plan.title), "its title is another"),
        (credential.manifest_label == plan.manifest_label or not plan.manifest_label, "its label is another"),
        (_bindings(credential) == planned_bindings(plan), "its marks and fingerprint are not those of the file"),
        (bool(parents) == (plan.parent is not None), "the file it was made from is missing"),
        (not parent_signed or parents[0].has_credentials, "the credentials of its parent are missing"),
    ):
        if not held:
            codes = ", ".join(credential.codes[:4])
            raise CredentialError(f"the signed file does not read back as planned: {complaint} ({codes})")
    for fault in rubric_faults(store, wanted.trust):
        raise CredentialError(
            f"the signed file would not pass the C2PA conformance rubric ({fault.id}): {fault.sentence}"
        )
    return credential


def rubric_faults(store: bytes, trust: Trust) -> list[RubricResult]:
    """What the conformance programme would find wrong with a manifest whose file has been checked already.

    The store is read without its file, so that a large file is not hashed once more only for this.
    """
    import c2pa

    with context_of(trust) as context, c2pa.Reader(STORE_TYPE, io.BytesIO(store), context=context) as reader:
        report = json.loads(reader.crjson())
    return [one for one in evaluate(_without_file(report)) if not one.passed]


def _without_file(report: dict[str, Any]) -> dict[str, Any]:
    active, *others = report["manifests"]
    results = active["validationResults"]
    failure = [one for one in results["failure"] if one["code"] not in CONTENT_CHANGED]
    return {**report, "manifests": [{**active, "validationResults": {**results, "failure": failure}}, *others]}


def planned_bindings(plan: ProvenancePlan) -> set[tuple[str, str, int, int]]:
    """Each soft binding that a plan asks for: algorithm, value, and its stretch in milliseconds (-1: the whole)."""
    marks = {(mark.algorithm, mark.payload_hex, -1, -1) for mark in plan.marks}
    if plan.sketch_sha256:
        marks.add((SKETCH, plan.sketch_sha256, -1, -1))
    return marks | {(FINGERPRINT, value, *_stretch(start, end)) for start, end, value in plan.fingerprint}


def _bindings(credential: Credential) -> set[tuple[str, str, int, int]]:
    return {(one.algorithm, one.value_hex, *_stretch(one.start_s, one.end_s)) for one in credential.soft_bindings}


def _stretch(start_s: float | None, end_s: float | None) -> tuple[int, int]:
    if start_s is None or end_s is None:
        return -1, -1
    return round(start_s * 1000), round(end_s * 1000)
