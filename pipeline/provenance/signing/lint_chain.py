"""What is wrong among the certificates of a chain: order, gaps, hashes, and the issuers themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.provenance.signing.certificates import extension_of

if TYPE_CHECKING:
    from cryptography import x509

Words = tuple[str, str, str]

# C2PA specification 2.4: SHA-2 of these sizes, with RSA (both paddings) or ECDSA
HASHES = ("sha256", "sha384", "sha512")
ED25519 = "1.3.101.112"
PSS = "1.2.840.113549.1.1.10"


def chain_findings(chain: list[x509.Certificate], *, root: x509.Certificate | None, now: datetime) -> Iterator[Words]:
    """Findings as (level, rule, sentence)."""
    if _is_self_signed(chain[0]):
        yield (
            "warning",
            "self-signed",
            "the signing certificate vouches for itself: others see an unknown signer until they add it to their lists",
        )
        return
    yield from _order(chain, root)
    if len(chain) > 1 and _is_self_signed(chain[-1]):
        yield "warning", "root-included", "the chain holds its root, which verifiers bring along: leave it out"
    for number, certificate in enumerate(chain):
        yield from _hash(certificate, number)
        if number and not _is_self_signed(certificate):
            yield from _issuer(certificate, number, now)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether one certificate was signed by the key of another, by name and signature."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def without_root(chain: list[x509.Certificate]) -> tuple[list[x509.Certificate], x509.Certificate | None]:
    """A chain as it is written into files, and the root that stood at its end."""
    if len(chain) > 1 and _is_self_signed(chain[-1]):
        return chain[:-1], chain[-1]
    return chain, None


def _is_self_signed(certificate: x509.Certificate) -> bool:
    return issued_by(certificate, certificate)


def _order(chain: list[x509.Certificate], root: x509.Certificate | None) -> Iterator[Words]:
    above = [*chain[1:], *([root] if root is not None and root != chain[-1] else [])]
    for certificate, issuer in zip(chain, above, strict=False):
        if issued_by(certificate, issuer):
            continue
        if any(issued_by(certificate, other) for other in [*above, *chain] if other != certificate):
            yield (
                "error",
                "order",
                "the chain is not in order: put the signing certificate first and each one's issuer right after it",
            )
        elif root is not None and issuer == root:
            yield (
                "error",
                "wrong-root",
                f"the chain was not issued by the root beside it, and {_name(certificate.issuer)!r} is missing: "
                "put the root there that issued it, or add the intermediate certificate",
            )
        else:
            yield (
                "error",
                "gap",
                f"the chain has a gap: add the certificate of {_name(certificate.issuer)!r} after the one it issued",
            )
        return
    if root is None and not _is_self_signed(chain[-1]):
        yield (
            "warning",
            "root-unknown",
            f"it was not checked that {_name(chain[-1].issuer)!r}, which issued the end of the chain, is a root: "
            "give the root certificate, or add what is missing",
        )


def _hash(certificate: x509.Certificate, number: int) -> Iterator[Words]:
    from cryptography.exceptions import UnsupportedAlgorithm

    if certificate.signature_algorithm_oid.dotted_string == ED25519:
        return
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    name = algorithm.name if algorithm is not None else certificate.signature_algorithm_oid.dotted_string
    if name not in HASHES:
        which = "the signing certificate" if number == 0 else f"certificate {number + 1} of the chain"
        yield (
            "error",
            "signature-hash",
            f"{which} is itself signed with {name}, which verifiers refuse: ask for one signed with SHA-256 or better",
        )
    elif _has_odd_padding(certificate, name):
        yield (
            "error",
            "signature-hash",
            "a certificate of the chain is signed with two different hashes (RSA-PSS): ask for one that uses one hash",
        )


def _has_odd_padding(certificate: x509.Certificate, name: str) -> bool:
    if certificate.signature_algorithm_oid.dotted_string != PSS:
        return False
    mask = getattr(certificate.signature_algorithm_parameters, "mgf", None)
    return mask is None or mask._algorithm.name != name


def _issuer(certificate: x509.Certificate, number: int, now: datetime) -> Iterator[Words]:
    from cryptography import x509

    which = f"certificate {number + 1} of the chain ({_name(certificate.subject)!r})"
    basic = extension_of(certificate, x509.BasicConstraints)
    usage = extension_of(certificate, x509.KeyUsage)
    if basic is None or not basic.ca or (usage is not None and not usage.key_cert_sign):
        yield "error", "issuer-not-authority", f"{which} may not certify others: use the one that issued yours"
    elif basic.path_length is not None and basic.path_length < number - 1:
        yield "error", "path-length", f"{which} allows fewer certificates below it: ask your authority for a new chain"
    if certificate.not_valid_after_utc <= now:
        yield (
            "error",
            "issuer-expired",
            f"{which} expired on {certificate.not_valid_after_utc.date()}: fetch the current one from your authority",
        )
    if extension_of(certificate, x509.SubjectKeyIdentifier) is None:
        yield (
            "warning",
            "issuer-key-id",
            f"{which} does not name its own key (subject key identifier): ask your authority for one that does",
        )


def _name(name: x509.Name) -> str:
    from cryptography import x509

    from pipeline.provenance.text import clean

    for oid in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME):
        found = name.get_attributes_for_oid(oid)
        if found:
            return clean(str(found[0].value), 80)
    return clean(name.rfc4514_string(), 80)
