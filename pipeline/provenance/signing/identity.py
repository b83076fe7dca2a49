"""Who signs: a certificate chain and something that signs for it, wherever the key is kept.

A home folder has a development authority, or an ``identity.yaml`` that names a real one; see
docs/signing_keys.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import Algorithm, algorithm_of, is_signature

if TYPE_CHECKING:
    from cryptography import x509

IDENTITY_FILE = "identity.yaml"
AUTHORITY_FOLDER = "authority"
DEVELOPMENT = "development authority"
# no claim begins like this, so the signature is good for nothing
TRIAL = b"foleymark keys test"


@dataclass(frozen=True)
class SigningIdentity:
    """Everything that signing needs; `open_identity` finds the one of a home folder."""

    organisation: str
    algorithm: Algorithm
    # leaf first, then intermediates; without the root, which a verifier brings along
    chain_pem: str
    # what a verifier has to trust; empty when it was not given
    root_pem: str
    # ISO 8601; when the leaf expires
    expires: str
    days_left: int
    # where the key is kept, in words
    place: str
    # bytes to sign -> signature, ECDSA in DER; CredentialError with the reason when the key does not sign
    sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    @property
    def is_development(self) -> bool:
        """Made by `foleymark keys init`: nobody else knows it."""
        return self.place == DEVELOPMENT

    def try_out(self) -> None:
        """Sign something that is nothing; CredentialError when the key cannot be reached or is another."""
        self.sign(TRIAL)

    @property
    def root_fingerprint(self) -> str:
        """SHA-256 of the root certificate, hex; empty without one."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        if not self.root_pem:
            return ""
        return x509.load_pem_x509_certificate(self.root_pem.encode()).fingerprint(hashes.SHA256()).hex()


def make_identity(
    chain: list[x509.Certificate],
    sign: Callable[[bytes], bytes],
    *,
    place: str,
    root: x509.Certificate | None = None,
    algorithm: str = "",
    now: datetime | None = None,
) -> SigningIdentity:
    """An identity whose signatures are checked against its certificate before anybody gets them.

    Parameters
    ----------
    chain
        Leaf first, then intermediates.
    sign
        Bytes to signature (ECDSA in DER).
    place
        Where the key is kept, for messages.
    root
        Of the chain, when known.
    algorithm
        Needed only to choose among those of an RSA key.

    Raises
    ------
    CredentialError
        When the certificate's key cannot sign with the algorithm.
    """
    from pipeline.provenance.signing.certificates import organisation_of, pem_of

    settled = algorithm_of(chain[0].public_key(), algorithm)
    expires = chain[0].not_valid_after_utc

    def checked(data: bytes) -> bytes:
        signature = sign(data)
        # a wrong key would else come to light only in the finished file, without a reason
        if not is_signature(chain[0], settled, signature, data):
            raise CredentialError(
                f"the key in {place} does not belong to the signing certificate: name the key it was issued for"
            )
        return signature

    return SigningIdentity(
        organisation=organisation_of(chain[0]),
        algorithm=settled,
        chain_pem="".join(pem_of(certificate) for certificate in chain),
        root_pem=pem_of(root) if root is not None else "",
        expires=expires.isoformat(),
        days_left=(expires - (now or datetime.now(UTC))).days,
        place=place,
        sign=checked,
    )


def open_identity(path: Path | str = "", *, home: Path, now: datetime | None = None) -> SigningIdentity:
    """Who signs for a home folder.

    Parameters
    ----------
    path
        An identity file; when empty ``identity.yaml`` of the home folder, and without that the
        development authority that `foleymark keys init` made.
    home
        The folder that `pipeline.config.home` names.

    Raises
    ------
    CredentialError
        When there is none, or verifiers would refuse its certificate.
    UsageError
        When the identity file does not say what it has to.
    """
    from pipeline.provenance.signing.authority import load_authority

    chosen = Path(path).expanduser() if path else home / IDENTITY_FILE
    if path or chosen.exists():
        from pipeline.provenance.signing.signers.loading import load_identity

        return load_identity(chosen, now=now)
    if not (home / AUTHORITY_FOLDER).exists():
        raise CredentialError(f"There is no signing authority in {home}; make keys with: foleymark keys init")
    return load_authority(home / AUTHORITY_FOLDER, now=now)
