"""A key in Azure Key Vault or Managed HSM, through azure-keyvault-keys and the default Azure credential.

API: ``CryptographyClient.sign(algorithm, digest)``. ECDSA comes as two numbers side by side (RFC 7518,
3.4) and goes on in DER; there is no Ed25519.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import der_of, digest_of
from pipeline.provenance.signing.signers.limits import check_limits, needs

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True)
class Settings:
    """What an identity file says of it."""

    # the key's identifier with its version: https://NAME.vault.azure.net/keys/KEY/VERSION
    key: str
    timeout_s: float = 10.0
    attempts: int = 4

    def __post_init__(self) -> None:
        check_limits(self.timeout_s, self.attempts)
        parts = urlsplit(self.key)
        if parts.scheme != "https" or not parts.path.startswith("/keys/") or parts.path.count("/") != 3:
            raise ValueError("key is an identifier with a version: https://NAME.vault.azure.net/keys/KEY/VERSION")


def open_signer(
    settings: Settings, certificate: x509.Certificate, algorithm: str, *, folder: Path
) -> Callable[[bytes], bytes]:
    """A function that has the service sign; the client is made when it is first needed."""
    if algorithm == "ed25519":
        raise CredentialError("Azure Key Vault has no Ed25519 keys: use a certificate for a P-256 key")
    needs("azure.keyvault.keys", "azure")
    needs("azure.identity", "azure")

    def sign(data: bytes) -> bytes:
        from azure.identity import DefaultAzureCredential

        with DefaultAzureCredential() as credential, _client(settings, credential) as client:
            signature = client.sign(_name(algorithm), digest_of(algorithm, data)).signature
        return der_of(signature) if algorithm.startswith("es") else signature

    return sign


def _name(algorithm: str) -> Any:
    from azure.keyvault.keys.crypto import SignatureAlgorithm

    return SignatureAlgorithm(algorithm.upper())


def _client(settings: Settings, credential: Any) -> Any:
    from azure.keyvault.keys.crypto import CryptographyClient

    return CryptographyClient(
        settings.key,
        credential=credential,
        connection_timeout=settings.timeout_s,
        read_timeout=settings.timeout_s,
        retry_total=settings.attempts - 1,
    )
