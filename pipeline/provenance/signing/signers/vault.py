"""A key in HashiCorp Vault's transit engine, over its HTTP interface.

API: ``POST /v1/MOUNT/sign/KEY`` ("Sign data"). A key with several versions signs with the newest, unless
one is named.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import digest_of
from pipeline.provenance.signing.posting import NoAnswer, post
from pipeline.provenance.signing.signers.limits import check_limits
from pipeline.provenance.text import clean

if TYPE_CHECKING:
    from cryptography import x509

# a token is not sent in the clear, except to an agent on this machine
LOOPBACK = ("127.0.0.1", "::1", "localhost")
FIRST_WAIT_S = 0.2


@dataclass(frozen=True)
class Settings:
    """What an identity file says of it."""

    # of the server: https://vault.example.com:8200
    address: str
    # name of the transit key
    key: str
    # the newest when 0
    key_version: int = 0
    mount: str = "transit"
    namespace: str = ""
    # where the token is: a variable's name, or a private file
    token_env: str = "VAULT_TOKEN"  # noqa: S105 - a variable's name
    token_file: str = ""
    # PEM of the authority that certified the server; the system's when empty
    ca_file: str = ""
    timeout_s: float = 10.0
    attempts: int = 4

    def __post_init__(self) -> None:
        check_limits(self.timeout_s, self.attempts)
        parts = urlsplit(self.address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("address begins with https:// (http:// only for this machine)")
        if not re.fullmatch(r"[\w.-]+", self.key) or not re.fullmatch(r"[\w./-]+", self.mount) or ".." in self.mount:
            raise ValueError("key and mount are names of letters, digits, dots and dashes")


def open_signer(
    settings: Settings, certificate: x509.Certificate, algorithm: str, *, folder: Path
) -> Callable[[bytes], bytes]:
    """A function that has the server sign."""
    from pipeline.provenance.signing.signers.passphrases import secret_of

    name = "" if settings.token_file else settings.token_env
    token = secret_of(name, settings.token_file, folder=folder, what="token of the vault") or b""
    url = f"{settings.address.rstrip('/')}/v1/{quote(settings.mount.strip('/'))}/sign/{quote(settings.key)}"
    headers = {"X-Vault-Token": token.decode(errors="replace"), "Content-Type": "application/json"}
    if settings.namespace:
        headers["X-Vault-Namespace"] = settings.namespace
    ca_file = str(folder / Path(settings.ca_file).expanduser()) if settings.ca_file else ""

    def sign(data: bytes) -> bytes:
        body = json.dumps(_request(settings, algorithm, data)).encode()
        return _signature(_patiently(settings, url, body, headers, ca_file))

    return sign


def _request(settings: Settings, algorithm: str, data: bytes) -> dict[str, Any]:
    if algorithm == "ed25519":
        return _versioned(settings, {"input": base64.b64encode(data).decode()})
    asked = {
        "input": base64.b64encode(digest_of(algorithm, data)).decode(),
        "prehashed": True,
        "hash_algorithm": f"sha2-{algorithm[2:]}",
    }
    if algorithm.startswith("es"):
        return _versioned(settings, asked | {"marshaling_algorithm": "asn1"})
    return _versioned(settings, asked | {"signature_algorithm": "pss", "salt_length": "hash"})


def _versioned(settings: Settings, asked: dict[str, Any]) -> dict[str, Any]:
    return asked | ({"key_version": settings.key_version} if settings.key_version else {})


def _patiently(settings: Settings, url: str, body: bytes, headers: dict[str, str], ca_file: str) -> bytes:
    for attempt in range(1, settings.attempts + 1):
        try:
            return post(url, body, headers=headers, timeout_s=settings.timeout_s, ca_file=ca_file)
        except NoAnswer as error:
            if attempt == settings.attempts or not error.may_pass:
                raise CredentialError(_words(settings, error)) from error
            time.sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
    raise AssertionError("attempts is at least 1")


def _words(settings: Settings, error: NoAnswer) -> str:
    host = urlsplit(settings.address).hostname
    if error.status == 403:
        return f"the vault at {host} does not let this token sign with {settings.key!r}: renew the token or its policy"
    if error.status == 404:
        return f"the vault at {host} has no {settings.mount}/sign/{settings.key}: check mount and key"
    said = _errors(error.body)
    return f"the vault at {host} did not sign ({error}{': ' + said if said else ''}): check that it runs, unsealed"


def _errors(body: bytes) -> str:
    try:
        return clean("; ".join(str(one) for one in json.loads(body)["errors"]), 200)
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _signature(body: bytes) -> bytes:
    # "vault:v3:BASE64"
    try:
        prefix, _, encoded = json.loads(body)["data"]["signature"].rpartition(":")
        if not re.fullmatch(r"vault:v\d+", prefix):
            raise ValueError(prefix)
        return base64.b64decode(encoded, validate=True)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CredentialError("what the vault sent is no signature: check its address") from error
