"""Receipts of the repository in the form of the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pipeline.app.serve.schemas import CheckedReceipt, ReceiptAnswer
from pipeline.provenance.repository import Receipt

CONTEXT = {"c2pa": "https://c2pa.org/ns/", "receipt": "https://c2pa.org/ns/manifest-receipt#"}
TYPE = "org.c2pa.manifest-receipt"
# each receipt holds the hash of the one before it; the last field is the SHA-256 over all others
PROOF = "foleymark-sha256-chain-1"


def receipt_answer(receipt: Receipt, address: str) -> ReceiptAnswer:
    """A receipt for the outside: where it is found again, and the whole link of the chain as its proof."""
    proof = {"alg": PROOF, "value": receipt.entry_hash, "entry": asdict(receipt)}
    uri = f"{address}/v1/manifests/{receipt.label}/receipts"
    return ReceiptAnswer.model_validate(
        {
            "@context": CONTEXT,
            "@type": TYPE,
            "repository": {"uri": address, "manifestId": receipt.label},
            "anchor": {"uri": uri, "parameters": {"sequence": receipt.sequence}, "proof": proof},
        }
    )


def publication(receipts: Iterable[Receipt]) -> Receipt | None:
    """The receipt that says that a manifest was taken in."""
    return next((receipt for receipt in receipts if receipt.action == "publish"), None)


def checked(given: dict[str, Any], known: Iterable[Receipt], *, label: str) -> CheckedReceipt:
    """A receipt somebody brought, held against the chain."""
    problem = _problem(given, known, label)
    shown = ReceiptAnswer.model_validate(given)
    return CheckedReceipt(**shown.model_dump(by_alias=True), verified=not problem, error=problem or None)


def _problem(given: dict[str, Any], known: Iterable[Receipt], label: str) -> str:
    if given["repository"].get("manifestId") != label:
        return "This receipt is for another manifest."
    proof = given["anchor"]["proof"]
    if proof.get("alg") != PROOF:
        return "This receipt's proof is of a kind that is not issued here."
    for receipt in known:
        if proof.get("value") == receipt.entry_hash:
            # the hash stands for the entry; an entry that says otherwise was made up around it
            same = proof.get("entry") == asdict(receipt)
            return "" if same else "This receipt was changed after it was issued."
    return "There is no such receipt here."
