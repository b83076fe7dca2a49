"""The signing authority: a small certificate authority of our own, kept as files, for development.

A root (P-384) certifies a leaf (P-256) that signs. Whoever should recognise the signatures needs
``root.pem``; nobody else ever needs the other two files.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.signing.algorithms import algorithm_of, sign_with
from pipeline.provenance.signing.identity import DEVELOPMENT, SigningIdentity, make_identity
from pipeline.provenance.signing.pem_files import (
    key_pem,
    read_certificates,
    read_key,
    refuse_git_tree,
    write_private,
    write_private_folder,
)

# the certificate to hand to others
ROOT_CERTIFICATE = "root.pem"
# needed only to renew: may be moved to a safer place
ROOT_KEY = "root-key.pem"
# certificate and key in one file, so that a renewal replaces both or neither
LEAF = "signing.pem"


def init_authority(
    folder: Path, *, organisation: str = "Foleymark development", now: datetime | None = None
) -> SigningIdentity:
    """Make a new authority in a new or empty folder.

    Raises
    ------
    UsageError
        When no organisation is named.
    CredentialError
        When the folder holds anything already, or lies inside a git work tree.
    """
    from pipeline.provenance.signing.certificates import make_leaf, make_root, pem_of

    now = now or datetime.now(UTC)
    folder = folder.resolve()
    if not organisation.strip():
        raise UsageError("name the organisation of the authority: it is what people will read as the signer")
    refuse_git_tree(folder)
    _refuse_used_folder(folder)
    root_key, root = make_root(organisation.strip(), now=now)
    leaf_key, leaf = make_leaf(root_key, root, now=now)
    texts = {ROOT_CERTIFICATE: pem_of(root), ROOT_KEY: key_pem(root_key), LEAF: pem_of(leaf) + key_pem(leaf_key)}
    write_private_folder(folder, texts)
    return load_authority(folder, now=now)


def load_authority(folder: Path, *, now: datetime | None = None) -> SigningIdentity:
    """Read an authority and make sure that its certificate can sign.

    Raises
    ------
    CredentialError
        When a file is missing, readable by others or damaged, or verifiers would refuse the certificate.
    """
    from pipeline.provenance.signing.lint import require_signable

    now = now or datetime.now(UTC)
    root = read_certificates(folder / ROOT_CERTIFICATE)[0]
    chain = read_certificates(folder / LEAF, private=True)
    key = read_key(folder / LEAF)
    require_signable(chain, key.public_key(), root=root, now=now)
    algorithm = algorithm_of(key.public_key())
    return make_identity(chain, lambda data: sign_with(key, algorithm, data), place=DEVELOPMENT, root=root, now=now)


def renew_leaf(folder: Path, *, now: datetime | None = None) -> SigningIdentity:
    """Replace the signing key and its certificate; files signed before keep the certificate they carry.

    Raises
    ------
    CredentialError
        When the root or its key is missing, or the root itself has expired.
    """
    from pipeline.provenance.signing.certificates import make_leaf, pem_of

    now = now or datetime.now(UTC)
    root = read_certificates(folder / ROOT_CERTIFICATE)[0]
    if (root.not_valid_after_utc - now).days < 1:
        raise CredentialError(f"the root certificate in {folder} has expired: make a new authority in another folder")
    leaf_key, leaf = make_leaf(read_key(folder / ROOT_KEY), root, now=now)
    with tempfile.TemporaryDirectory(prefix=".renew.", dir=folder) as staging:
        fresh = Path(staging) / LEAF
        write_private(fresh, pem_of(leaf) + key_pem(leaf_key))
        fresh.replace(folder / LEAF)
    return load_authority(folder, now=now)


# ----------------------------------------------------------------- files
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
