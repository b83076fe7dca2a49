"""Mark keys: a file of 32-byte secrets that only its owner can read, the newest first."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError
from pipeline.files import ensure_folder

KEY_BYTES = 32
KIND = "foleymark mark key"
VERSION = 2
# every key costs a search in each file that is checked, and some of what tells a mark from chance
MOST_KEYS = 16
# a file of 16 keys has some 3 kB; anything much longer is another file
LARGEST_FILE_BYTES = 16_384


@dataclass(frozen=True)
class MarkKeys:
    """The keys of one tenant."""

    # newest first: that one marks, all of them read
    keys: tuple[bytes, ...]

    @property
    def current(self) -> bytes:
        """The key that new marks are made with."""
        return self.keys[0]


def create_keys(path: Path) -> MarkKeys:
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
    ensure_folder(path.parent)
    entry = _new_entry()
    beside = _write_beside(path, [entry])
    try:
        # a hard link is a rename that fails when the name is taken
        os.link(beside, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise CredentialError(f"Cannot write the mark key {path}: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)
    return MarkKeys((bytes.fromhex(entry["key"]),))


def rotate_keys(path: Path) -> MarkKeys:
    """Add a new key that marks from now on; the older ones still read.

    Raises
    ------
    CredentialError
        As `load_keys`, and when the file holds 16 keys.
    """
    path = Path(path)
    entries = _entries(_read(path), path)
    if len(entries) >= MOST_KEYS:
        raise CredentialError(
            f"{path} holds {MOST_KEYS} keys, and each slows down every check; start a new tenant for new work."
        )
    beside = _write_beside(path, [_new_entry(), *entries])
    try:
        beside.replace(path)
    except OSError as error:
        raise CredentialError(f"Cannot write the mark key {path}: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)
    return load_keys(path)


def load_keys(path: Path) -> MarkKeys:
    """Read a key file.

    Raises
    ------
    CredentialError
        When it is missing, open to other users, or no mark key.
    """
    path = Path(path)
    return MarkKeys(tuple(bytes.fromhex(entry["key"]) for entry in _entries(_read(path), path)))


def key_id(key: bytes) -> str:
    """Eight hex digits that name a key and tell nothing about it."""
    return hmac.new(key, b"foleymark key id", hashlib.sha256).hexdigest()[:8]


def _read(path: Path) -> bytes:
    try:
        # judged by its descriptor, so that what was judged is what is read; a pipe must not make us wait
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CredentialError(f"{path} is not a file; give the path of a mark key file.")
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise CredentialError(f"Other users can read the mark key {path}; run: chmod 600 {path}")
            return stream.read(LARGEST_FILE_BYTES)
    except OSError as error:
        raise CredentialError(f"Cannot read the mark key {path}: {error.strerror}.") from error


def _entries(content: bytes, path: Path) -> list[dict[str, str]]:
    """The keys of a file as they are written, newest first."""
    stranger = CredentialError(f"{path} is not a mark key file; make one with: foleymark keys init")
    try:
        data = json.loads(content)
        # the first version held one key
        found = data["keys"] if data["version"] == VERSION else [{"key": data["key"]}]
        known = data["kind"] == KIND and data["version"] in (1, VERSION) and 0 < len(found) <= MOST_KEYS
        entries = [_checked(entry) for entry in found] if known else []
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise stranger from error
    if not entries:
        raise stranger
    return entries


def _checked(entry: Any) -> dict[str, str]:
    key = bytes.fromhex(entry["key"])
    if len(key) != KEY_BYTES:
        raise ValueError("a mark key has 32 bytes")
    made = str(entry.get("made", ""))
    return _entry(key, made if re.fullmatch(r"\d{4}-\d\d-\d\d", made) else "")


def _new_entry() -> dict[str, str]:
    return _entry(secrets.token_bytes(KEY_BYTES), datetime.datetime.now(datetime.UTC).date().isoformat())


def _entry(key: bytes, made: str) -> dict[str, str]:
    return {"id": key_id(key), "made": made, "key": key.hex()}


def _git_tree(path: Path) -> Path | None:
    folder = path.parent.resolve()
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def _write_beside(path: Path, entries: list[dict[str, str]]) -> Path:
    """A finished file next to the one that is meant, readable by its owner only."""
    content = json.dumps({"kind": KIND, "version": VERSION, "keys": entries}, indent=2).encode() + b"\n"
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CredentialError(f"Cannot write the mark key {path}: {error.strerror}.") from error
    return beside


def _exists(path: Path) -> CredentialError:
    return CredentialError(
        f"{path} exists and is not overwritten: marks made with it would be lost; choose a new name."
    )
