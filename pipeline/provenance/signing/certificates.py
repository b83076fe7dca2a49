"""X.509 certificates: making those of a small authority, and checking one before it signs."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.errors import CredentialError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ROOT_DAYS = 3650
LEAF_DAYS = 365
# clocks differ: a certificate made now must be valid on a machine that is a little behind
BACKDATED = timedelta(hours=1)

# the purpose "signing C2PA claims", C2PA specification 2.4, certificate profile
CLAIM_SIGNING_OID = "1.3.6.1.4.1.62558.2.1"
# upper bound of both names, RFC 5280 appendix A (ub-organization-name, ub-common-name)
NAME_BYTES = 64


def make_root(organisation: str, *, now: datetime) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    """A self-signed P-384 root that may certify leaves and nothing below them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP384R1())
    name = _name(organisation, "root")
    builder = _builder(name, name, key, now=now, days=ROOT_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(certify=True), critical=True)
    return key, builder.sign(key, hashes.SHA384())


def make_leaf(
    root_key: EllipticCurvePrivateKey, root: x509.Certificate, *, now: datetime
) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    """A P-256 key and its certificate with what C2PA asks of a claim signer (specification 2.4)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    purposes = [x509.ObjectIdentifier(CLAIM_SIGNING_OID), x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]
    issuer_id = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    days = min(LEAF_DAYS, (root.not_valid_after_utc - now).days)
    builder = _builder(_name(organisation_of(root), "signing"), root.subject, key, now=now, days=days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(certify=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False
    )
    return key, builder.sign(root_key, hashes.SHA384())


def lint(leaf: x509.Certificate, key: Any, *, issuers: list[x509.Certificate], now: datetime) -> None:
    """Refuse a certificate that verifiers would refuse, with the reason they do not give.

    Parameters
    ----------
    issuers : list
        The certificates above the leaf, nearest first, root last.

    Raises
    ------
    CredentialError
        One sentence: what is wrong and what to do.
    """
    for problem in (
        _key_problem(leaf, key),
        _date_problem(leaf, now),
        _purpose_problem(leaf),
        _subject_problem(leaf),
        _issuer_problem(leaf, issuers),
    ):
        if problem:
            raise CredentialError(problem)


def organisation_of(certificate: x509.Certificate) -> str:
    """The O= of a certificate, or an empty string."""
    from cryptography import x509

    names = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    return str(names[0].value) if names else ""


# ------------------------------------------------------------------ lint
def _key_problem(leaf: x509.Certificate, key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        return "the signing key is not an elliptic-curve P-256 key: use one made by `foleymark keys init`"
    if leaf.public_key() != key.public_key():
        return "the signing key does not belong to the certificate: put the key beside it that it was made for"
    return ""


def _date_problem(leaf: x509.Certificate, now: datetime) -> str:
    if leaf.not_valid_after_utc <= now:
        day = leaf.not_valid_after_utc.date()
        return f"the signing certificate expired on {day}: renew it with `foleymark keys renew`"
    if leaf.not_valid_before_utc > now:
        day = leaf.not_valid_before_utc.date()
        return f"the signing certificate is valid only from {day}: check the clock of this machine"
    return ""


def _purpose_problem(leaf: x509.Certificate) -> str:
    from cryptography import x509

    advice = "make a new one with `foleymark keys init`, or ask your authority for one that follows C2PA"
    basic = _extension(leaf, x509.BasicConstraints)
    if basic is not None and basic.ca:
        return f"the signing certificate is one for certifying others, not for signing files: {advice}"
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        return f"the signing certificate does not allow digital signatures (key usage): {advice}"
    purposes = {purpose.dotted_string for purpose in _extension(leaf, x509.ExtendedKeyUsage) or ()}
    if x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string in purposes:
        return f"the signing certificate allows every purpose, which verifiers refuse: {advice}"
    if not purposes & {CLAIM_SIGNING_OID, x509.ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string}:
        return f"the signing certificate is not meant for content credentials (extended key usage): {advice}"
    return ""


def _subject_problem(leaf: x509.Certificate) -> str:
    from cryptography import x509

    if not organisation_of(leaf).strip():
        return "the signing certificate names no organisation, so nobody could read who signed: make one that does"
    if _extension(leaf, x509.AuthorityKeyIdentifier) is None:
        return "the signing certificate does not say which key issued it (authority key identifier): make one that does"
    return ""


def _issuer_problem(leaf: x509.Certificate, issuers: list[x509.Certificate]) -> str:
    from cryptography.exceptions import InvalidSignature

    for certificate, issuer in zip([leaf, *issuers], issuers, strict=False):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError):
            return "the signing certificate was not issued by the root beside it: put the root there that issued it"
    return ""


# -------------------------------------------------------------- building
def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, *, now: datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(organisation: str, role: str) -> x509.Name:
    from cryptography import x509

    # a suffix keeps the names of two authorities of one organisation apart
    suffix = f" {role} {secrets.token_hex(4)}"
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, _cut(organisation, NAME_BYTES)),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, _cut(organisation, NAME_BYTES - len(suffix)) + suffix),
        ]
    )


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")


def _key_usage(*, certify: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not certify,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certify,
        crl_sign=certify,
        encipher_only=False,
        decipher_only=False,
    )


def _extension(certificate: x509.Certificate, kind: Any) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
