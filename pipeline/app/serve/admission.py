"""What has to be true of a manifest store before it is taken in: nobody gets to poison what others look up."""

from __future__ import annotations

from fastapi import HTTPException

from pipeline.app.serve.settings import SignerPolicy
from pipeline.app.serve.values import label_of
from pipeline.records import Credential

KNOWN_SIGNERS = ("trusted", "own")


def admitted(credential: Credential | None, *, signers: SignerPolicy) -> Credential:
    """A store that was read, found whole, and signed by somebody who may be believed here.

    Whether it belongs to any file cannot be told without the file: whoever recovers it has to compare it with theirs.

    Raises
    ------
    HTTPException
        400 for what is no manifest store or does not hold; 403 for a signer who is not known here.
    """
    if credential is None:
        raise HTTPException(400, "This is no C2PA manifest store (application/c2pa).")
    if not credential.holds:
        raise HTTPException(400, "This manifest store does not hold: its signature or its statements were changed.")
    if signers == "known" and credential.signer not in KNOWN_SIGNERS:
        raise HTTPException(403, "This manifest store is signed by somebody whom no trust list of this server knows.")
    try:
        label_of(credential.manifest_label)
    except ValueError:
        raise HTTPException(400, "This manifest's identifier cannot stand in an address.") from None
    return credential
