"""Files on disk: content hashes and writes that leave either the old file or the whole new one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UsageError

HASH_BLOCK_BYTES = 1 << 20


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes as hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is synced and renamed over it, on failure removed.

    The temporary name keeps the suffix, because muxers choose the format by it.
    """
    ensure_folder(path.parent)
    beside = path.with_name(f".{secrets.token_hex(6)}.part{path.suffix}")
    try:
        yield beside
        sync_file(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a small file whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(content.encode() if isinstance(content, str) else content)


def ensure_folder(folder: Path) -> None:
    """Create a folder and its parents, or say in one sentence why that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"Cannot create the folder {folder}: {error.strerror}; choose another output.") from error


def sync_file(path: Path) -> None:
    """Have a file on disk: without this a power cut after a rename can leave an empty one under the final name."""
    with open(path, "rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Have a new name survive a power cut, where the system allows opening a folder."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
