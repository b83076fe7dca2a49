"""Credentials outside a file: in a ``.c2pa`` beside it, or at an address that the file names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import CredentialError, UsageError
from pipeline.provenance.formats import has_place
from pipeline.provenance.text import clean

SUFFIX = ".c2pa"
MAX_URL_CHARS = 500


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of a file is: the same name with .c2pa, as verifiers look for it."""
    return path.with_suffix(SUFFIX)


def check_remote(url: str, path: Path) -> None:
    """Refuse an address that no verifier would follow, or a file that has no place to write it down."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and not any(mark in url for mark in ' "<>')
    if parts.scheme != "https" or not parts.hostname or not plain or len(url) > MAX_URL_CHARS:
        raise UsageError(f"{clean(url, 80)!r} is no address for credentials: give one that begins with https://")
    if not has_place(path):
        raise CredentialError(
            f"{path.suffix.lower()} files have no place for the address of credentials: leave out --remote, "
            "and hand on the sidecar"
        )
