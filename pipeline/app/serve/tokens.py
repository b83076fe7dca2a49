"""Who may do what: tokens with scopes, kept as hashes in a file that its owner alone can read."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.errors import CredentialError, UsageError
from pipeline.files import ensure_folder, replacing

# read: find and fetch manifests; content: have files recognised; write: add manifests and say who may see them;
# revoke: withdraw and delete; admin: all of that, in every tenant's place
SCOPES = ("read", "content", "write", "revoke", "admin")
# so that a secret scanner, and a person, recognise one that went astray
PREFIX = "fmk_"
SECRET_BYTES = 32
# no token of ours is longer; nobody makes us hash megabytes
MAX_TOKEN_CHARS = 200
MAX_FILE_BYTES = 4 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Token:
    """What a token allows; the secret itself is known to its bearer alone."""

    name: str
    scopes: tuple[str, ...]
    # in whose place it acts
    tenant: str
    sha256: str = field(repr=False)
    # ISO 8601
    created: str
    # ISO 8601; empty when it does not expire
    expires: str = ""

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    @property
    def is_expired(self) -> bool:
        return bool(self.expires) and datetime.fromisoformat(self.expires) <= datetime.now(UTC)


class TokenFile:
    """The tokens of a home folder; a change on disk shows at the next look, on running servers too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Every token, oldest first; CredentialError when the file is damaged or others could read it."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
            return ()
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._seen:
            if found.st_mode & 0o077:
                raise CredentialError(f"Others can read {self.path}; say: chmod 600 {self.path}")
            self._tokens, self._seen = _parsed(self.path, found.st_size), stamp
        return self._tokens

    def find(self, secret: str) -> Token | None:
        """The token of this secret; None for unknown and expired ones."""
        if not secret.startswith(PREFIX) or len(secret) > MAX_TOKEN_CHARS:
            return None
        digest = hashed(secret)
        found = None
        # every entry is compared, in constant time: how long it takes tells nothing
        for token in self.all():
            if hmac.compare_digest(token.sha256, digest):
                found = token
        return None if found is None or found.is_expired else found

    def add(
        self,
        name: str,
        *,
        scopes: tuple[str, ...],
        tenant: str = "default",
        days: int | None = None,
        secret: str = "",
    ) -> str:
        """Make a token and return its secret, which is shown this once. Only a sandbox brings a secret of its own."""
        _check(name, scopes, days)
        secret = secret or PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        now = datetime.now(UTC).replace(microsecond=0)
        expires = (now + timedelta(days=days)).isoformat() if days else ""
        token = Token(name, tuple(dict.fromkeys(scopes)), tenant, hashed(secret), now.isoformat(), expires)
        with self._locked():
            known = self.all()
            if any(other.name == name for other in known):
                raise UsageError(f"There is a token called {name!r}; revoke it first or choose another name.")
            self._write((*known, token))
        return secret

    def revoke(self, name: str) -> None:
        """Take a token away at once."""
        with self._locked():
            known = self.all()
            kept = tuple(token for token in known if token.name != name)
            if len(kept) == len(known):
                raise UsageError(f"There is no token called {name!r}; see: foleymark serve token list")
            self._write(kept)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        ensure_folder(self.path.parent)
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, tokens: tuple[Token, ...]) -> None:
        text = json.dumps({"tokens": [vars(token) for token in tokens]}, indent=1)
        with replacing(self.path) as beside:
            # never readable by others, not even between two calls
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w") as file:
                file.write(text)


def hashed(secret: str) -> str:
    """SHA-256 of a secret as hex. A plain hash is enough: 256 random bits cannot be guessed from it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _parsed(path: Path, size: int) -> tuple[Token, ...]:
    try:
        if size > MAX_FILE_BYTES:
            raise ValueError("too large")
        return tuple(_token(entry) for entry in json.loads(path.read_text())["tokens"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CredentialError(f"{path} is damaged; restore it, or remove it and make new tokens.") from error


def _token(entry: dict[str, Any]) -> Token:
    token = Token(**entry | {"scopes": tuple(entry["scopes"])})
    if token.expires:
        datetime.fromisoformat(token.expires)
    return token


def _check(name: str, scopes: tuple[str, ...], days: int | None) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a token; use up to 60 letters, digits, dots, - and _.")
    if not scopes:
        raise UsageError(f"A token needs at least one --scope of {', '.join(SCOPES)}.")
    for scope in scopes:
        if scope not in SCOPES:
            raise UsageError(f"There is no scope {scope!r}; choose of {', '.join(SCOPES)}.")
    if days is not None and not 1 <= days <= 3650:
        raise UsageError("--days goes from 1 to 3650.")
