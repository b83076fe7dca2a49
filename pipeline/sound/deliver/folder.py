"""A delivery folder: complete or not at all, with a manifest that says whose it is, and never at the cost of edits."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.files import ensure_folder, sha256_file, sync_file, sync_folder
from pipeline.sound.deliver.names import one_line

MANIFEST = "delivery.json"
# where the picture and the sound of each cue are
MEDIA = "media"
# says whose a folder is; one that does not say so is never replaced
MAKER = "foleymark delivery"
MAX_MANIFEST_BYTES = 20_000_000
# what is larger is known by its size alone: nobody edits an hour of sound in place, and reading it takes minutes
HASHED_BYTES = 64_000_000
# stands in a folder while it is built
_UNFINISHED = ".foleymark-unfinished"
# what programs and systems put beside the files they open
_LITTER = (".reapeaks", ".pkf", ".pek", ".cfa", ".asd", ".sfk", ".ovw")
_LITTER_NAMES = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Entry:
    """One file of a delivery."""

    # inside the folder, with forward slashes
    path: str
    # in plain words
    purpose: str


def manifest_text(folder: Path, entries: Sequence[Entry], *, about: dict[str, Any], made_at: datetime) -> str:
    """The manifest of the files of a folder: what each is for, and its size and hash."""
    files = [
        {
            "path": entry.path,
            "purpose": entry.purpose,
            "bytes": (folder / entry.path).stat().st_size,
            "sha256": sha256_file(folder / entry.path),
        }
        for entry in entries
    ]
    data = {"maker": MAKER, "made_at": made_at.isoformat(), **about, "files": files}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def is_delivered(folder: Path) -> bool:
    """Whether a delivery of ours stands there."""
    return _manifest_of(folder) is not None


def check_free(folder: Path) -> None:
    """UsageError when something stands at a delivery folder's place that would be lost."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise UsageError(f"{folder} is there and is no folder; choose another place for the delivery.")
    if not any(folder.iterdir()):
        return
    listed = _manifest_of(folder)
    if listed is None:
        raise UsageError(f"{folder} is there and is no delivery of Foleymark; choose another folder.")
    changed = next(_changed(folder, listed), None)
    if changed is not None:
        raise UsageError(
            f"{one_line(changed)} in {folder} was changed or added since it was delivered; "
            "move it away, or choose another folder."
        )


def _manifest_of(folder: Path) -> dict[str, tuple[int, str]] | None:
    # path -> (bytes, hash) of what was delivered; None when nobody of us wrote it
    path = folder / MANIFEST
    try:
        if path.is_symlink() or path.stat().st_size > MAX_MANIFEST_BYTES:
            return None
        data = json.loads(path.read_bytes())
        if data["maker"] != MAKER:
            return None
        return {str(file["path"]): (int(file["bytes"]), str(file["sha256"])) for file in data["files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _changed(folder: Path, listed: dict[str, tuple[int, str]]) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == MANIFEST or _is_litter(path) or (path.is_dir() and not path.is_symlink()):
            continue
        size, digest = listed.get(name, (-1, ""))
        is_same = not path.is_symlink() and path.stat().st_size == size
        if not is_same or (size <= HASHED_BYTES and sha256_file(path) != digest):
            yield name


def _is_litter(path: Path) -> bool:
    name = path.name.lower()
    return name.startswith(".") or name in _LITTER_NAMES or name.endswith(_LITTER)


@contextmanager
def built(folder: Path) -> Iterator[Path]:
    """Yield a folder beside `folder`; on success it takes its place, on failure it is removed.

    What a killed attempt left behind is cleared by the next one. For a moment between two renames there is no folder
    of that name, and never a half one.
    """
    ensure_folder(folder.parent)
    beside = folder.with_name(f".{folder.name}.part")
    _clear(beside)
    ensure_folder(beside)
    (beside / _UNFINISHED).touch()
    try:
        yield beside
        for path in beside.rglob("*"):
            if path.is_file():
                sync_file(path)
        _put(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _clear(beside: Path) -> None:
    if not os.path.lexists(beside):
        return
    if beside.is_symlink() or not (beside / _UNFINISHED).exists():
        raise UsageError(f"{beside} is in the way and is not ours; move it away.")
    shutil.rmtree(beside)


def _put(beside: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    if is_delivered(old):  # a crash left it between the two renames of an earlier time
        shutil.rmtree(old)
    (beside / _UNFINISHED).unlink()
    if folder.exists():
        os.replace(folder, old)
    os.replace(beside, folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
