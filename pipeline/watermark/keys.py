"""Mark keys: 32 secret bytes in a file only its owner can read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from pathlib import Path

from pipeline.errors import CredentialError
from pipeline.files import ensure_folder

KEY_BYTES = 32
KIND = "foleymark mark key"
VERSION = 1
# a key file has some 150 bytes; anything much longer is another file
LARGEST_FILE_BYTES = 4096


def create_key(path: Path) -> bytes:
    """Make a new key file, readable by its owner only.

    Raises
    ------
    CredentialError
        When the path exists or lies inside a git tree.
    """
    path = Path(path)
    tree = _git_tree(path)
    if tree is not None:
        raise CredentialError(f"{path} lies inside the git tree {tree}; choose a place that is never committed.")
    if os.path.lexists(path):
        raise _exists(path)
    key = secrets.token_bytes(KEY_BYTES)
    content = {"kind": KIND, "version": VERSION, "id": key_id(key), "key": key.hex()}
    ensure_folder(path.parent)
    _write_new(path, json.dumps(content, indent=2).encode() + b"\n")
    return key


def load_key(path: Path) -> bytes:
    """Read a key file.

    Raises
    ------
    CredentialError
        When it is missing, open to other users, or no mark key.
    """
    path = Path(path)
    try:
        # judged by its descriptor, so that what was judged is what is read; a pipe must not make us wait
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CredentialError(f"{path} is not a file; give the path of a mark key file.")
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise CredentialError(f"Other users can read the mark key {path}; run: chmod 600 {path}")
            content = stream.read(LARGEST_FILE_BYTES)
    except OSError as error:
        raise CredentialError(f"Cannot read the mark key {path}: {error.strerror}.") from error
    return _parse(content, path)


def key_id(key: bytes) -> str:
    """Eight hex digits that name a key and tell nothing about it."""
    return hmac.new(key, b"foleymark key id", hashlib.sha256).hexdigest()[:8]


def _parse(content: bytes, path: Path) -> bytes:
    try:
        data = json.loads(content)
        key = bytes.fromhex(data["key"])
        known = data["kind"] == KIND and data["version"] == VERSION and len(key) == KEY_BYTES
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CredentialError(f"{path} is not a mark key file; make one with: foleymark keys init") from error
    if not known:
        raise CredentialError(f"{path} is not a mark key file; make one with: foleymark keys init")
    return key


def _git_tree(path: Path) -> Path | None:
    folder = path.parent.resolve()
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def _write_new(path: Path, content: bytes) -> None:
    """Write beside and move into place; an existing file is never replaced, not even in a race."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # a hard link is a rename that fails when the name is taken
        os.link(beside, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise CredentialError(f"Cannot write the mark key {path}: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _exists(path: Path) -> CredentialError:
    return CredentialError(
        f"{path} exists and is not overwritten: marks made with it would be lost; choose a new name."
    )
