"""Certificates by their differences from a right one, for tests of the lint."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.provenance.signing.certificates import CLAIM_SIGNING_OID

NOW = datetime.now(UTC).replace(microsecond=0)
EMAIL = "1.3.6.1.5.5.7.3.4"
DOCUMENTS = "1.3.6.1.5.5.7.3.36"
USAGE = ("digital_signature",)
ALL_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def usage(*named):
    return x509.KeyUsage(**{name: name in named for name in ALL_USAGES})


def name(common, organisation="Studio"):
    parts = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common)]
    if organisation:
        parts.append(x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


@dataclass(frozen=True)
class Pair:
    certificate: Any
    key: Any


@dataclass(frozen=True)
class Recipe:
    """A certificate, by its differences from a right one."""

    common: str = "signing"
    organisation: str = "Studio"
    key: Any = None
    purposes: tuple[str, ...] = (CLAIM_SIGNING_OID, EMAIL)
    usages: tuple[str, ...] = USAGE
    usage_critical: bool = True
    ca: bool | None = False
    path_length: int | None = None
    days: tuple[float, float] = (-1, 100)
    skip: frozenset[str] = frozenset()
    hash: Any = field(default_factory=hashes.SHA256)
    pss: Any = None
    extra: tuple[Any, ...] = ()

    def issue(self, issuer: Pair | None = None) -> Pair:
        key = self.key or ec.generate_private_key(ec.SECP256R1())
        above = issuer or Pair(None, key)
        subject = name(self.common, self.organisation)
        issuer_name = issuer.certificate.subject if issuer else subject
        builder = x509.CertificateBuilder(
            issuer_name,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            NOW + timedelta(days=self.days[0]),
            NOW + timedelta(days=self.days[1]),
        )
        for value, critical in self._extensions(key, above.key):
            builder = builder.add_extension(value, critical=critical)
        more = {"rsa_padding": self.pss} if self.pss else {}
        return Pair(builder.sign(above.key, self.hash, **more), key)

    def _extensions(self, key, issuer_key):
        found = {
            "aki": (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False),
            "ski": (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            "ku": (usage(*self.usages), self.usage_critical),
        }
        if self.ca is not None:
            found["bc"] = (x509.BasicConstraints(ca=self.ca, path_length=self.path_length), True)
        if self.purposes:
            oids = [x509.ObjectIdentifier(one) for one in self.purposes]
            found["eku"] = (x509.ExtendedKeyUsage(oids), False)
        return [value for label, value in found.items() if label not in self.skip] + list(self.extra)


AUTHORITY: dict[str, Any] = {"ca": True, "usages": ("key_cert_sign", "crl_sign"), "purposes": (), "days": (-2, 900)}


def rules(findings, level="error"):
    return {one.rule for one in findings if one.level == level}
