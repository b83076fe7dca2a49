"""A key in a PEM file, encrypted or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import CredentialError
from pipeline.provenance.signing.algorithms import sign_with

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True)
class Settings:
    """What an identity file says of it."""

    # PEM, PKCS #8 or the older forms; only its owner may be able to read it
    key: str
    # where the passphrase of an encrypted key is: a variable's name, or a private file
    passphrase_env: str = ""
    passphrase_file: str = ""


def open_signer(
    settings: Settings, certificate: x509.Certificate, algorithm: str, *, folder: Path
) -> Callable[[bytes], bytes]:
    """A function that signs with the key; CredentialError when it is not the certificate's."""
    from pipeline.provenance.signing.pem_files import read_key
    from pipeline.provenance.signing.signers.passphrases import secret_of

    passphrase = secret_of(settings.passphrase_env, settings.passphrase_file, folder=folder, what="passphrase")
    path = folder / Path(settings.key).expanduser()
    key = read_key(path, passphrase=passphrase, advice="name the PEM file in the identity file")
    if key.public_key() != certificate.public_key():
        raise CredentialError(f"the key in {path} does not belong to the certificate: name the one it was made for")
    return lambda data: sign_with(key, algorithm, data)
