"""What verifiers would refuse in a certificate, with the reason that they do not give.

Rules of the C2PA certificate profile (specification 2.4, "X.509 certificates") and of RFC 5280 where the
profile leans on it. An error keeps a file from being trusted or signed; a warning is a weakness that works.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import algorithm_of
from pipeline.provenance.signing.certificates import CLAIM_SIGNING_OID, extension_of, organisation_of
from pipeline.provenance.signing.der import element
from pipeline.provenance.signing.lint_chain import chain_findings

if TYPE_CHECKING:
    from cryptography import x509

# a real authority takes days to issue the next one
SOON_DAYS = 30
# verifiers built on the official SDK refuse larger RSA keys as "invalid public key" (SDK 0.91.3)
RSA_BITS = (2048, 4096)
ANY_PURPOSE = "2.5.29.37.0"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"
ADVICE = "ask your authority for one that follows the C2PA profile (`foleymark keys csr` writes the request)"


@dataclass(frozen=True)
class Finding:
    """One thing to say of a chain."""

    level: Literal["error", "warning"]
    # a short name, for programs
    rule: str
    # a sentence: what is wrong and what to do
    message: str


def lint(
    chain: list[x509.Certificate],
    public_key: Any = None,
    *,
    root: x509.Certificate | None = None,
    algorithm: str = "",
    now: datetime | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong with a chain, errors first.

    Parameters
    ----------
    chain
        Leaf first, as it would be written into files.
    public_key
        Of the key that is to sign, when it is at hand.
    root
        What verifiers trust, when it is known.
    algorithm
        What is to be signed with, when it is settled.
    now
        For tests.
    """
    if not chain:
        return (Finding("error", "empty", "there is no certificate: give the chain, the signing certificate first"),)
    leaf, now = chain[0], now or datetime.now(UTC)
    parts = (
        _key_findings(leaf, public_key, algorithm),
        _date_findings(leaf, now),
        _form_findings(leaf),
        _constraint_findings(leaf),
        _usage_findings(leaf),
        _purpose_findings(leaf),
        _name_findings(leaf),
        chain_findings(chain, root=root, now=now),
    )
    found = {Finding(*one): None for part in parts for one in _readable(part)}  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda one: one.level))


def require_signable(
    chain: list[x509.Certificate],
    public_key: Any = None,
    *,
    root: x509.Certificate | None = None,
    algorithm: str = "",
    now: datetime | None = None,
) -> None:
    """Refuse a chain that verifiers would refuse; CredentialError says the first reason."""
    errors = [one for one in lint(chain, public_key, root=root, algorithm=algorithm, now=now) if one.level == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more: see `foleymark keys lint`)" if len(errors) > 1 else ""
        raise CredentialError(errors[0].message + more)


Words = tuple[str, str, str]


def _readable(part: Iterator[Words]) -> list[Words]:
    """The findings of a part; one that says so when the certificate is malformed where the part looks."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return list(part)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return [("error", "malformed", f"a certificate of the chain is malformed or of an unknown kind: {ADVICE}")]


# ------------------------------------------------------------------ leaf
def _key_findings(leaf: x509.Certificate, public_key: Any, algorithm: str) -> Iterator[Words]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    held: Any = leaf.public_key()
    try:
        algorithm_of(held, algorithm)
    except CredentialError as error:
        yield "error", "key-kind", str(error)
    if isinstance(held, rsa.RSAPublicKey) and not RSA_BITS[0] <= held.key_size <= RSA_BITS[1]:
        yield (
            "error",
            "key-size",
            f"the RSA key has {held.key_size} bits, and verifiers take {RSA_BITS[0]} to {RSA_BITS[1]}: "
            "make another key",
        )
    if public_key is not None and public_key != held:
        yield (
            "error",
            "key-mismatch",
            "the signing key does not belong to the certificate: put the key beside it that it was made for",
        )


def _date_findings(leaf: x509.Certificate, now: datetime) -> Iterator[Words]:
    last, first = leaf.not_valid_after_utc, leaf.not_valid_before_utc
    if last <= now:
        yield (
            "error",
            "expired",
            f"the signing certificate expired on {last.date()}: renew it with `foleymark keys renew`, "
            "or at the authority that issued it",
        )
    elif (last - now).days < SOON_DAYS:
        yield "warning", "expires-soon", f"the signing certificate has {(last - now).days} days left: renew it in time"
    if first > now:
        yield (
            "error",
            "not-yet-valid",
            f"the signing certificate is valid only from {first.date()}: check the clock of this machine",
        )


def _form_findings(leaf: x509.Certificate) -> Iterator[Words]:
    from cryptography import x509

    if leaf.version is not x509.Version.v3:
        yield "error", "version", f"the signing certificate is of version 1, and verifiers take only 3: {ADVICE}"
    if has_unique_ids(leaf):
        yield "error", "unique-id", f"the signing certificate carries unique ids, which are not allowed: {ADVICE}"
    for extension in leaf.extensions:
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            yield (
                "error",
                "unknown-critical",
                f"the signing certificate has a critical extension {extension.oid.dotted_string} that verifiers do "
                f"not know: {ADVICE}",
            )


def _constraint_findings(leaf: x509.Certificate) -> Iterator[Words]:
    from cryptography import x509

    basic = extension_of(leaf, x509.BasicConstraints)
    if basic is not None and basic.ca:
        yield (
            "error",
            "authority",
            "the first certificate is one for certifying others, not for signing files: put the signing certificate "
            "first",
        )
    elif basic is None:
        yield (
            "warning",
            "no-constraints",
            "the signing certificate does not say that it certifies nobody (basic constraints): have it said next time",
        )


def _usage_findings(leaf: x509.Certificate) -> Iterator[Words]:
    from cryptography import x509

    usage = extension_of(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        yield (
            "error",
            "key-usage",
            f"the signing certificate does not allow digital signatures (key usage): {ADVICE}",
        )
        return
    basic = extension_of(leaf, x509.BasicConstraints)
    if usage.key_cert_sign and not (basic is not None and basic.ca):
        yield "error", "certifies", f"the signing certificate may certify others too (key usage): {ADVICE}"
    if not leaf.extensions.get_extension_for_class(x509.KeyUsage).critical:
        yield "warning", "usage-not-critical", "the key usage is not marked critical: have it marked next time"


def _purpose_findings(leaf: x509.Certificate) -> Iterator[Words]:
    from cryptography import x509

    purposes = {purpose.dotted_string for purpose in extension_of(leaf, x509.ExtendedKeyUsage) or ()}
    if ANY_PURPOSE in purposes:
        yield "error", "any-purpose", f"the signing certificate allows every purpose, which verifiers refuse: {ADVICE}"
    elif purposes & {TIME_STAMPING, OCSP_SIGNING}:
        yield (
            "error",
            "other-purpose",
            "the signing certificate is one for time stamps or revocation answers, which excludes signing files "
            f"(extended key usage): {ADVICE}",
        )
    elif not purposes & {CLAIM_SIGNING_OID, EMAIL_PROTECTION, DOCUMENT_SIGNING}:
        yield (
            "error",
            "purpose",
            f"the signing certificate is not meant for content credentials (extended key usage): {ADVICE}",
        )
    else:
        yield from _purpose_warnings(purposes)


def _purpose_warnings(purposes: set[str]) -> Iterator[Words]:
    if CLAIM_SIGNING_OID not in purposes:
        yield (
            "warning",
            "no-claim-signing",
            f"the certificate does not name claim signing ({CLAIM_SIGNING_OID}), which the C2PA trust list asks for: "
            "have it named next time",
        )
    if EMAIL_PROTECTION not in purposes:
        # SDK 0.91.3 without `trust.trust_config`
        yield (
            "warning",
            "no-email-protection",
            "the certificate does not name e-mail protection, without which the official SDK as it comes calls the "
            "signature invalid: have it named next time",
        )


def _name_findings(leaf: x509.Certificate) -> Iterator[Words]:
    from cryptography import x509

    if not organisation_of(leaf).strip():
        yield (
            "error",
            "organisation",
            f"the signing certificate names no organisation (O=), so nobody could read who signed: {ADVICE}",
        )
    if extension_of(leaf, x509.AuthorityKeyIdentifier) is None:
        yield (
            "error",
            "authority-key-id",
            f"the signing certificate does not say which key issued it (authority key identifier): {ADVICE}",
        )
    if extension_of(leaf, x509.SubjectKeyIdentifier) is None:
        yield (
            "warning",
            "subject-key-id",
            "the signing certificate does not name its own key (subject key identifier): have it named next time",
        )


def has_unique_ids(certificate: x509.Certificate) -> bool:
    """Whether an issuer or subject unique id stands in it (RFC 5280, 4.1.2.8), which the library does not tell."""
    _, rest, _ = element(certificate.tbs_certificate_bytes)
    while rest:
        tag, _, rest = element(rest)
        # context tags 1 and 2, primitive
        if tag in (0x81, 0x82):
            return True
    return False
