"""Whose list an expired certificate was on.

For an expired certificate the SDK says "untrusted" whether or not a list knows its issuer (0.91.3), so the
chain is followed once more here, without looking at dates. It decides a sentence, never a trust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.provenance.trust.lists import Trust

if TYPE_CHECKING:
    from cryptography import x509

# description box of the signature in a manifest: JUMBF type "c2cs", C2PA specification 2.4
SIGNATURE_BOX = b"jumdc2cs"
DER_SEQUENCE = b"\x30\x82"
# real chains have two or three, and the time stamp beside them as many again
MAX_CERTIFICATES = 32
MAX_TRIES = 4000


def list_key_of_expired(manifest: bytes, serial: str, trust: Trust) -> str | None:
    """Under which list of `trust` the issuer of a certificate stands, dates aside.

    Parameters
    ----------
    manifest : bytes
        The manifest box (JUMBF) that holds the signature.
    serial : str
        Serial number of the signing certificate, hex.
    trust : Trust

    Returns
    -------
    str or None
        The ``trust_uri`` of `Trust.anchors`, empty when no list knows the issuer, None when the
        certificate was not found in the manifest.
    """
    from cryptography import x509

    pool = certificates_of(manifest)
    leaves = [one for one in pool if f"{one.serial_number:x}" == serial.lstrip("0").lower()]
    if not leaves:
        return None
    for anchor in trust.anchors():
        if anchor["trust_kind"] == "manifest":
            try:
                roots = x509.load_pem_x509_certificates(anchor["trust_anchors"].encode())
            except ValueError:
                continue
            # a serial number can be imitated: every certificate that bears it has to lead there
            if all(_leads_to(leaf, roots, pool) for leaf in leaves):
                return anchor["trust_uri"]
    return ""


def certificates_of(manifest: bytes) -> list[x509.Certificate]:
    """Every X.509 certificate that stands in the signature box."""
    from cryptography import x509

    found: list[x509.Certificate] = []
    at = manifest.rfind(SIGNATURE_BOX)
    for _ in range(MAX_TRIES):
        at = manifest.find(DER_SEQUENCE, at + 1) if at >= 0 else -1
        if at < 0 or len(found) == MAX_CERTIFICATES:
            break
        size = 4 + int.from_bytes(manifest[at + 2 : at + 4], "big")
        try:
            found.append(x509.load_der_x509_certificate(manifest[at : at + size]))
        except ValueError:
            continue
        at += size - 1
    return found


def _leads_to(leaf: x509.Certificate, roots: list[x509.Certificate], pool: list[x509.Certificate]) -> bool:
    seen: list[x509.Certificate] = []
    waiting = [leaf]
    while waiting:
        one = waiting.pop()
        if one in roots or any(_issued(one, root) for root in roots):
            return True
        seen.append(one)
        waiting.extend(other for other in pool if other not in seen and other not in waiting and _issued(one, other))
    return False


def _issued(certificate: Any, issuer: Any) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
