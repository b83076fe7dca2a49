"""X.509 certificates of a small authority, and reading what stands in any."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

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
    builder = _builder(name, name, key.public_key(), now=now, days=ROOT_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(key_usage(certify=True), critical=True)
    return key, builder.sign(key, hashes.SHA384())


def make_leaf(
    root_key: EllipticCurvePrivateKey, root: x509.Certificate, *, now: datetime
) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    """A P-256 key and its certificate."""
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    return key, issue_leaf(root_key, root, key.public_key(), now=now)


def issue_leaf(root_key: Any, root: x509.Certificate, public_key: Any, *, now: datetime) -> x509.Certificate:
    """Certify a key, of any kind and kept anywhere, as a claim signer (C2PA specification 2.4)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    purposes = [x509.ObjectIdentifier(CLAIM_SIGNING_OID), x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]
    issuer_id = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    days = min(LEAF_DAYS, (root.not_valid_after_utc - now).days)
    builder = _builder(_name(organisation_of(root), "signing"), root.subject, public_key, now=now, days=days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(key_usage(certify=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False
    )
    return builder.sign(root_key, hashes.SHA384())


def organisation_of(certificate: x509.Certificate) -> str:
    """The O= of a certificate, or an empty string."""
    from cryptography import x509

    names = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    return str(names[0].value) if names else ""


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as PEM text."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def extension_of(certificate: x509.Certificate, kind: Any) -> Any:
    """The value of an extension, or None."""
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def key_usage(*, certify: bool) -> x509.KeyUsage:
    """What a key may do: certify others, or sign; never both."""
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


# -------------------------------------------------------------- building
def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: Any, *, now: datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
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
