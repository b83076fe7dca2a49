"""Files that appear whole or not at all: written beside, synced, checked, and only then given their name."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files import sync_file, sync_folder

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def real_destination(path: Path) -> Path:
    """Where a file really goes: a symbolic link stays, and what it leads to is replaced.

    Raises
    ------
    UsageError
        When the link leads in a circle, or the place is a folder or anything else that is no plain file.
    """
    try:
        real = path.resolve(strict=False)
        other = real.exists() and not real.is_file()
    except RuntimeError as error:
        raise UsageError(f"{path} is a link that leads nowhere: choose another output") from error
    except OSError as error:
        raise write_error(path, error) from error
    if other:
        raise UsageError(f"{path} is not a plain file and would not be replaced: choose another output")
    return real


@contextlib.contextmanager
def beside(destination: Path) -> Iterator[Path]:
    """Yield the path of a new empty file beside `destination`; whatever is left of it at the end is removed."""
    path = destination.with_name(f".{secrets.token_hex(8)}.part{destination.suffix}")
    try:
        with said(destination):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def said(destination: Path) -> Iterator[None]:
    """Turn what the disk says into one sentence."""
    try:
        yield
    except OSError as error:
        raise write_error(destination, error) from error


def write_error(destination: Path, error: OSError) -> UsageError:
    """The sentence for a write that failed."""
    if error.errno in _FULL:
        return UsageError(
            f"there is no room for {destination} ({error.strerror}): free some space or choose another output; "
            "nothing was changed"
        )
    return UsageError(
        f"{destination} cannot be written ({error.strerror or error}): choose another output; nothing was changed"
    )


def put_in_place(files: dict[Path, Path], *, mode_of: Path) -> None:
    """Give finished temporary files their names (temporary -> destination), with the access rights of another file."""
    for temporary, destination in files.items():
        with said(destination):
            # a read-only source makes a read-only copy, which could not be opened for this any more
            sync_file(temporary)
            shutil.copymode(mode_of, temporary)
    for temporary, destination in files.items():
        with said(destination):
            temporary.replace(destination)
    for folder in {destination.parent for destination in files.values()}:
        sync_folder(folder)


def check_folder(destination: Path) -> None:
    """Say before the work begins that there is nowhere to write."""
    if not destination.parent.is_dir():
        raise UsageError(f"the folder {destination.parent} does not exist: make it first")
