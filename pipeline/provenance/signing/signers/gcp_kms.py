"""A key in Google Cloud KMS, through google-cloud-kms and application default credentials.

API: ``KeyManagementServiceClient.asymmetric_sign`` (Cloud KMS v1). The key version fixes the algorithm;
ECDSA comes in DER, and an Ed25519 key takes the data instead of a hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.provenance.signing.algorithms import digest_of
from pipeline.provenance.signing.signers.limits import check_limits, needs

if TYPE_CHECKING:
    from cryptography import x509

KEY_VERSION = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions/\d+")


@dataclass(frozen=True)
class Settings:
    """What an identity file says of it."""

    # projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N
    key: str
    # another address of the service, for private endpoints
    endpoint: str = ""
    timeout_s: float = 10.0
    attempts: int = 4

    def __post_init__(self) -> None:
        check_limits(self.timeout_s, self.attempts)
        if not KEY_VERSION.fullmatch(self.key):
            raise ValueError("key names a version: projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1")


def open_signer(
    settings: Settings, certificate: x509.Certificate, algorithm: str, *, folder: Path
) -> Callable[[bytes], bytes]:
    """A function that has the service sign; the client is made when it is first needed."""
    needs("google.cloud.kms", "gcp")

    def sign(data: bytes) -> bytes:
        request: dict[str, Any] = {"name": settings.key}
        if algorithm == "ed25519":
            request["data"] = data
        else:
            request["digest"] = {f"sha{algorithm[2:]}": digest_of(algorithm, data)}
        with _client(settings) as client:
            answer = client.asymmetric_sign(request=request, timeout=settings.timeout_s, retry=_retry(settings))
        return answer.signature

    return sign


def _client(settings: Settings) -> Any:
    from google.cloud import kms

    options = {"api_endpoint": settings.endpoint} if settings.endpoint else None
    return kms.KeyManagementServiceClient(client_options=options)


def _retry(settings: Settings) -> Any:
    from google.api_core import exceptions
    from google.api_core.retry import Retry, if_exception_type

    passing = if_exception_type(
        exceptions.ServiceUnavailable, exceptions.DeadlineExceeded, exceptions.InternalServerError
    )
    # it counts time, not attempts
    return Retry(predicate=passing, initial=0.5, maximum=8.0, timeout=settings.timeout_s * settings.attempts)
