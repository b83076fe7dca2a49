"""What three verifiers say of a file, in the same few words."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from benchmarks.credential_tampering import SignedFile
from pipeline.errors import FoleymarkError
from pipeline.provenance.formats import media_type
from pipeline.provenance.trust.lists import Trust

# trusted: unchanged, by a signer whom we trust; intact: unchanged, by somebody; anything else is no good
Word = Literal["trusted", "intact", "bad"]


def our_word(file: SignedFile, folder: Path, trust: Trust) -> tuple[Word, str, str]:
    """Our own reading: its word, its axes, and what it says of time."""
    from pipeline.provenance.reading.reader import read_credential

    path = put(file, folder)
    try:
        found = read_credential(path, trust=trust)
    except FoleymarkError as error:
        return "bad", type(error).__name__, "none"
    if found is None:
        return "bad", "no credentials", "none"
    axes = f"{found.integrity}, {found.signer}, {found.history}"
    # what came with an ingredient is as much a part of a file's credentials as what it says of itself
    if found.integrity != "exact" or found.signer == "mismatch" or found.history == "bad ingredient":
        return "bad", axes, found.time
    return ("trusted" if found.signer in ("own", "trusted") else "intact"), axes, found.time


def put(file: SignedFile, folder: Path) -> Path:
    """Write a signed file, and its store beside it where it belongs there."""
    path = folder / f"tried{file.suffix}"
    path.write_bytes(file.data)
    beside = path.with_suffix(".c2pa")
    beside.unlink(missing_ok=True)
    if file.is_beside:
        beside.write_bytes(file.store)
    return path


def their_word(file: SignedFile, trust: Trust, *, stamps_pem: str = "") -> tuple[Word, dict[str, Any]]:
    """encypher-c2pa: a verifier with a parser of its own; offline, and with our root alone.

    Raises
    ------
    LookupError
        When it does not know this kind of file.
    """
    import encypher_c2pa

    kind = media_type(Path(f"x{file.suffix}"))
    try:
        report = encypher_c2pa.verify(
            file.data,
            kind,
            manifest_store=file.store if file.is_beside else None,
            trust_pem=trust.own_pem,
            tsa_trust_pem=stamps_pem or None,
            no_default_trust=True,
            telemetry=False,
            online=False,
        )
    except ValueError as error:
        if "unsupported_mime" in str(error):
            raise LookupError(f"encypher-c2pa does not know {kind}") from error
        # it gives up where a container cannot be taken apart
        return "bad", {"error": str(error)}
    words: dict[str, Word] = {"Trusted": "trusted", "Valid": "intact"}
    return words.get(report["validation_state"], "bad"), dict(report)
