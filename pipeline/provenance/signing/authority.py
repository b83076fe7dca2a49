"""The signing authority: a small certificate authority of our own, kept as files, for development.

A root (P-384) certifies a leaf (P-256) that signs. Whoever should recognise the signatures needs
``root.pem``; nobody else ever needs the other two files.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import CredentialError, UsageError

if TYPE_CHECKING:
    from cryptography import x509

# the certificate to hand to others
ROOT_CERTIFICATE = "root.pem"
# needed only to renew: may be moved to a safer place
ROOT_KEY = "root-key.pem"
# certificate and key in one file, so that a renewal replaces both or neither
LEAF = "signing.pem"

# no key or chain of ours comes near this
MAX_PEM_BYTES = 1 << 20


@dataclass(frozen=True)
class Authority:
    """Everything that signing needs; `load_authority` builds it."""

    organisation: str
    # leaf first, then intermediates; without the root, which a verifier brings along
    chain_pem: str
    # what a verifier has to trust
    root_pem: str
    # ISO 8601; when the leaf expires
    expires: str
    days_left: int
    # SHA-256 of the root certificate, hex
    root_fingerprint: str
    # bytes to sign -> DER signature (ECDSA with SHA-256); a key server offers the same shape
    sign: Callable[[bytes], bytes] = field(repr=False)


def init_authority(
    folder: Path, *, organisation: str = "Foleymark development", now: datetime | None = None
) -> Authority:
    """Make a new authority in a new or empty folder.

    Raises
    ------
    UsageError
        When no organisation is named.
    CredentialError
        When the folder holds anything already, or lies inside a git work tree.
    """
    from pipeline.provenance.signing.certificates import make_leaf, make_root

    now = now or datetime.now(UTC)
    folder = folder.resolve()
    if not organisation.strip():
        raise UsageError("name the organisation of the authority: it is what people will read as the signer")
    _refuse_git_tree(folder)
    _refuse_used_folder(folder)
    root_key, root = make_root(organisation.strip(), now=now)
    leaf_key, leaf = make_leaf(root_key, root, now=now)
    texts = {ROOT_CERTIFICATE: _pem(root), ROOT_KEY: _key_pem(root_key), LEAF: _pem(leaf) + _key_pem(leaf_key)}
    folder.parent.mkdir(parents=True, exist_ok=True)
    # all files or none: written beside the folder (mode 0700), which then takes its name in one step
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in texts.items():
            _write_private(staging / name, text)
        staging.replace(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return load_authority(folder, now=now)


def load_authority(folder: Path, *, now: datetime | None = None) -> Authority:
    """Read an authority and make sure that its certificate can sign.

    Raises
    ------
    CredentialError
        When a file is missing, readable by others or damaged, or verifiers would refuse the certificate.
    """
    from pipeline.provenance.signing.certificates import lint

    now = now or datetime.now(UTC)
    root = _read_certificates(folder / ROOT_CERTIFICATE)[0]
    chain = _read_certificates(folder / LEAF, private=True)
    key = _read_key(folder / LEAF)
    lint(chain[0], key, issuers=[*chain[1:], root], now=now)
    return _authority(chain, key, root, now=now)


def renew_leaf(folder: Path, *, now: datetime | None = None) -> Authority:
    """Replace the signing key and its certificate; files signed before keep the certificate they carry.

    Raises
    ------
    CredentialError
        When the root or its key is missing, or the root itself has expired.
    """
    from pipeline.provenance.signing.certificates import make_leaf

    now = now or datetime.now(UTC)
    root = _read_certificates(folder / ROOT_CERTIFICATE)[0]
    if (root.not_valid_after_utc - now).days < 1:
        raise CredentialError(f"the root certificate in {folder} has expired: make a new authority in another folder")
    leaf_key, leaf = make_leaf(_read_key(folder / ROOT_KEY), root, now=now)
    with tempfile.TemporaryDirectory(prefix=".renew.", dir=folder) as staging:
        fresh = Path(staging) / LEAF
        _write_private(fresh, _pem(leaf) + _key_pem(leaf_key))
        fresh.replace(folder / LEAF)
    return load_authority(folder, now=now)


def _authority(chain: list[x509.Certificate], key: Any, root: x509.Certificate, *, now: datetime) -> Authority:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    from pipeline.provenance.signing.certificates import organisation_of

    expires = chain[0].not_valid_after_utc
    return Authority(
        organisation=organisation_of(chain[0]),
        chain_pem="".join(_pem(certificate) for certificate in chain),
        root_pem=_pem(root),
        expires=expires.isoformat(),
        days_left=(expires - now).days,
        root_fingerprint=root.fingerprint(hashes.SHA256()).hex(),
        sign=lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())),
    )


# ----------------------------------------------------------------- files
def _refuse_git_tree(folder: Path) -> None:
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            raise CredentialError(
                f"{folder} lies inside the git work tree {place}, where keys get published by mistake: "
                "choose a folder outside of it"
            )


def _refuse_used_folder(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise CredentialError(f"{folder} is a file: name a new folder for the keys")
    if any((folder / name).exists() for name in (ROOT_CERTIFICATE, ROOT_KEY, LEAF)):
        raise CredentialError(
            f"{folder} holds an authority already, and replacing it would disown all that it signed: "
            "name a new folder, or renew its signing key with `foleymark keys renew`"
        )
    if any(folder.iterdir()):
        raise CredentialError(f"{folder} is not empty: name a new folder for the keys")


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read_pem(path: Path, *, private: bool) -> bytes:
    try:
        info = path.stat()
        if private and os.name == "posix" and stat.S_IMODE(info.st_mode) & 0o077:
            raise CredentialError(f"{path} can be read by others than its owner: run `chmod 600 {path}`")
        if info.st_size > MAX_PEM_BYTES:
            raise CredentialError(f"{path} is far too large for a key or certificate: name the right folder")
        return path.read_bytes()
    except FileNotFoundError:
        raise CredentialError(
            f"{path} is missing: name the folder of your keys, or make some with `foleymark keys init`"
        ) from None
    except OSError as error:
        raise CredentialError(f"{path} cannot be read ({error.strerror}): check who owns it") from error


def _read_certificates(path: Path, *, private: bool = False) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(_read_pem(path, private=private))
    except ValueError as error:
        raise CredentialError(f"{path} holds no readable certificate: restore it from your backup") from error


def _read_key(path: Path) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = _read_pem(path, private=True)
    begin = text.find(b"-----BEGIN PRIVATE KEY-----")
    try:
        return load_pem_private_key(text[max(begin, 0) :], password=None)
    except (ValueError, TypeError) as error:
        raise CredentialError(f"{path} holds no readable private key: restore it from your backup") from error


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _key_pem(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
