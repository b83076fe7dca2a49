"""A key in AWS Key Management Service, through boto3 and its usual credentials.

API: ``kms.sign`` (AWS KMS API reference, "Sign"). ECDSA comes in DER; PSS salts are as long as the hash.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import digest_of
from pipeline.provenance.signing.signers.limits import check_limits, needs

if TYPE_CHECKING:
    from cryptography import x509

NAMES = {
    "es256": "ECDSA_SHA_256",
    "es384": "ECDSA_SHA_384",
    "es512": "ECDSA_SHA_512",
    "ps256": "RSASSA_PSS_SHA_256",
    "ps384": "RSASSA_PSS_SHA_384",
    "ps512": "RSASSA_PSS_SHA_512",
    "ed25519": "ED25519_SHA_512",
}
# an Ed25519 key signs the message itself, and Sign takes no longer one
MAX_MESSAGE_BYTES = 4096


@dataclass(frozen=True)
class Settings:
    """What an identity file says of it."""

    # id, ARN or alias/name of a SIGN_VERIFY key
    key: str
    region: str = ""
    # of a profile in ~/.aws; the default one when empty
    profile: str = ""
    # another address of the service, for private endpoints
    endpoint: str = ""
    timeout_s: float = 10.0
    attempts: int = 4

    def __post_init__(self) -> None:
        check_limits(self.timeout_s, self.attempts)


def open_signer(
    settings: Settings, certificate: x509.Certificate, algorithm: str, *, folder: Path
) -> Callable[[bytes], bytes]:
    """A function that has the service sign; the client is made when it is first needed."""
    needs("boto3", "aws")

    def sign(data: bytes) -> bytes:
        if algorithm == "ed25519":
            if len(data) > MAX_MESSAGE_BYTES:
                raise CredentialError(
                    f"AWS KMS signs at most {MAX_MESSAGE_BYTES} bytes with an Ed25519 key, and this claim has "
                    f"{len(data)}: use a P-256 key"
                )
            message, kind = data, "RAW"
        else:
            message, kind = digest_of(algorithm, data), "DIGEST"
        with contextlib.closing(_client(settings)) as client:
            answer = client.sign(
                KeyId=settings.key, Message=message, MessageType=kind, SigningAlgorithm=NAMES[algorithm]
            )
        return answer["Signature"]

    return sign


def _client(settings: Settings) -> Any:
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(profile_name=settings.profile or None, region_name=settings.region or None)
    limits = Config(
        connect_timeout=settings.timeout_s,
        read_timeout=settings.timeout_s,
        retries={"total_max_attempts": settings.attempts, "mode": "standard"},
    )
    return session.client("kms", endpoint_url=settings.endpoint or None, config=limits)
