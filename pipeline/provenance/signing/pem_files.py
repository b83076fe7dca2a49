"""Keys and certificates as PEM files: read with suspicion, written for the owner alone."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import CredentialError

if TYPE_CHECKING:
    from cryptography import x509

# no key or chain comes near this
MAX_PEM_BYTES = 1 << 20
HOW_TO_BEGIN = "name the folder of your keys, or make some with `foleymark keys init`"


def read_certificates(path: Path, *, private: bool = False, advice: str = HOW_TO_BEGIN) -> list[x509.Certificate]:
    """Every certificate of a PEM file, in its order; `private` when a key stands beside them."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(_read(path, private=private, advice=advice))
    except (ValueError, x509.InvalidVersion) as error:
        raise CredentialError(f"{path} holds no readable certificate: restore it from your backup") from error


def read_key(path: Path, *, passphrase: bytes | None = None, advice: str = HOW_TO_BEGIN) -> Any:
    """The private key of a PEM file that its owner alone can read, which may hold certificates too."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = _key_block(_read(path, private=True, advice=advice))
    is_encrypted = b"ENCRYPTED" in text
    if is_encrypted and passphrase is None:
        raise CredentialError(
            f"the key in {path} is encrypted: name the environment variable or file that holds its passphrase"
        )
    try:
        return load_pem_private_key(text, password=passphrase if is_encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if is_encrypted:
            raise CredentialError(f"the passphrase does not open the key in {path}: correct it") from error
        raise CredentialError(f"{path} holds no readable private key: restore it from your backup") from error


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read, synced; FileExistsError when there is one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_private_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Make a folder of private files, all or none: written beside it (mode 0700), then given its name in one step."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in texts.items():
            write_private(staging / name, text)
        staging.replace(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def key_pem(key: Any) -> str:
    """A private key as PEM text (PKCS #8), not encrypted."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def refuse_git_tree(folder: Path) -> None:
    """Keys in a work tree get published by mistake."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            raise CredentialError(
                f"{folder} lies inside the git work tree {place}, where keys get published by mistake: "
                "choose a folder outside of it"
            )


def refuse_readable_by_others(path: Path, mode: int) -> None:
    """A secret that its group or everybody can read is none."""
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise CredentialError(f"{path} can be read by others than its owner: run `chmod 600 {path}`")


def _read(path: Path, *, private: bool, advice: str) -> bytes:
    try:
        info = path.stat()
        if private:
            refuse_readable_by_others(path, info.st_mode)
        if info.st_size > MAX_PEM_BYTES:
            raise CredentialError(f"{path} is far too large for a key or certificate: name the right folder")
        return path.read_bytes()
    except FileNotFoundError:
        raise CredentialError(f"{path} is missing: {advice}") from None
    except OSError as error:
        raise CredentialError(f"{path} cannot be read ({error.strerror}): check who owns it") from error


def _key_block(text: bytes) -> bytes:
    """The first private key of a PEM text, whatever its kind; the whole text when there is none."""
    import re

    found = re.search(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----\s?", text, re.DOTALL)
    return found.group() if found else text
