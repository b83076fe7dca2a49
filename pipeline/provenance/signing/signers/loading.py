"""An identity file: which certificate signs, and where its key is kept. Docs: docs/signing_keys.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import read_yaml
from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.signing.algorithms import ALGORITHMS, algorithm_of
from pipeline.provenance.signing.identity import SigningIdentity, make_identity
from pipeline.provenance.text import clean

if TYPE_CHECKING:
    from cryptography import x509

# what may stand behind ``signer:``, and the module that knows it; each has `Settings` and `open_signer`
PLACES = {
    "files": "files",
    "pkcs11": "pkcs11_token",
    "aws-kms": "aws_kms",
    "gcp-kms": "gcp_kms",
    "azure-key-vault": "azure_key_vault",
    "vault": "vault",
}
COMMON = ("signer", "chain", "root", "algorithm")
# a secret in a settings file ends up in backups, chats and repositories
SECRETS = {"passphrase": "passphrase", "password": "passphrase", "pin": "pin", "vault_token": "token"}
WRONG_FILE = "name the PEM file in the identity file"


def load_identity(path: Path, *, now: datetime | None = None) -> SigningIdentity:
    """The identity that a file describes, its certificates looked at and ready to sign.

    Raises
    ------
    UsageError
        When the file does not say what it has to; the message names the field.
    CredentialError
        When a certificate would be refused, or the key cannot be reached.
    """
    from pipeline.provenance.signing.lint import require_signable

    data = _checked(read_yaml(path), path)
    module = import_module(f"pipeline.provenance.signing.signers.{PLACES[data['signer']]}")
    settings = _settings(data, module.Settings, path)
    chain, root = _certificates(data, path)
    require_signable(chain, root=root, algorithm=data.get("algorithm", ""), now=now)
    algorithm = algorithm_of(chain[0].public_key(), data.get("algorithm", ""))
    sign = _reasoned(module.open_signer(settings, chain[0], algorithm, folder=path.parent), data["signer"])
    return make_identity(chain, sign, place=place_of(data), root=root, algorithm=algorithm, now=now)


def root_pem_of(path: Path) -> str:
    """The root that an identity file names, as PEM; empty when it names none. Its key is not touched."""
    from pipeline.provenance.signing.certificates import pem_of

    _, root = _certificates(_checked(read_yaml(path), path), path)
    return pem_of(root) if root is not None else ""


def _certificates(data: dict[str, Any], path: Path) -> tuple[list[x509.Certificate], x509.Certificate | None]:
    """The chain without its root, and the root when it is known."""
    from pipeline.provenance.signing.lint_chain import without_root
    from pipeline.provenance.signing.pem_files import read_certificates

    chain, root = without_root(read_certificates(beside(path, data["chain"]), advice=WRONG_FILE))
    if data.get("root"):
        root = read_certificates(beside(path, data["root"]), advice=WRONG_FILE)[0]
    return chain, root


def place_of(data: dict[str, Any]) -> str:
    """Where the key is, for messages."""
    key = data.get("key") or data.get("key_label") or data.get("key_id") or ""
    return clean(f"{data['signer']} {key}".strip(), 120)


def beside(path: Path, name: str) -> Path:
    """A file that an identity file names; relative names count from where it lies itself."""
    return path.parent / Path(name).expanduser()


def _checked(data: dict[str, Any], path: Path) -> dict[str, Any]:
    signer = data.get("signer")
    if not isinstance(signer, str) or signer not in PLACES:
        raise UsageError(f"{path}: 'signer' says where the key is kept: one of {', '.join(PLACES)}.")
    for name, value in data.items():
        kind = SECRETS.get(str(name).lower())
        if kind:
            raise UsageError(f"{path}: secrets do not stand in settings; use {kind}_env or {kind}_file.")
        if name in COMMON and not isinstance(value, str):
            raise UsageError(f"{path}: {name!r} is a text.")
    if not data.get("chain"):
        raise UsageError(f"{path}: 'chain' names the PEM file with the signing certificate first.")
    if data.get("algorithm", ALGORITHMS[0]) not in ALGORITHMS:
        raise UsageError(f"{path}: 'algorithm' is one of {', '.join(ALGORITHMS)}.")
    return data


def _settings(data: dict[str, Any], kind: type, path: Path) -> Any:
    from pipeline.records import from_data

    fields = {field.name for field in dataclasses.fields(kind)}
    own = {name: value for name, value in data.items() if name not in COMMON}
    unknown = sorted(str(name) for name in set(own) - fields)
    if unknown:
        raise UsageError(
            f"{path}: {data['signer']} has no setting {clean(unknown[0], 40)!r}; it has "
            f"{', '.join(sorted({*COMMON, *fields}))}."
        )
    try:
        return from_data(own, kind)
    except ValueError as error:
        raise UsageError(f"{path}: {clean(str(error), 200)}.") from error


def _reasoned(sign: Callable[[bytes], bytes], signer: str) -> Callable[[bytes], bytes]:
    """Whatever a client library raises becomes one sentence, with the library's own as its cause."""

    def sign_or_say(data: bytes) -> bytes:
        try:
            return sign(data)
        except CredentialError:
            raise
        except Exception as error:
            words = clean(str(error), 300) or type(error).__name__
            raise CredentialError(
                f"{signer} did not sign ({words}): check the key, its rights and the way to it"
            ) from error

    return sign_or_say
