"""Who made a recording and what may be done with it: lists (CSV) and sidecars (JSON) beside the recordings."""

from __future__ import annotations

import csv
import fnmatch
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

MAX_LIST_BYTES = 20_000_000
MAX_ROWS = 200_000
# each is compared with each file
MAX_PATTERNS = 500
MAX_TEXT = 2_000
MAX_SIDECAR_BYTES = 100_000
# what people call the columns
_COLUMNS = {
    "file": ("file", "filename", "file name", "path", "pattern"),
    "licence": ("licence", "license", "rights", "usage"),
    "author": ("author", "artist", "creator", "recordist", "originator", "designer"),
    "source": ("source", "url", "origin", "library"),
    "category": ("category", "catid", "ucs"),
    "description": ("description", "title", "keywords", "fxname", "notes"),
}
_NAMES = {alias: column for column, aliases in _COLUMNS.items() for alias in aliases}


@dataclass(frozen=True)
class Rights:
    """What somebody says of a recording; a field nobody filled in is empty."""

    licence: str = ""
    author: str = ""
    source: str = ""
    category: str = ""
    description: str = ""

    def over(self, other: Rights) -> Rights:
        """These, with what they leave open taken from others."""
        return replace(other, **{f.name: value for f in fields(self) if (value := getattr(self, f.name))})


@dataclass(frozen=True)
class RightsList:
    """All lists of a folder."""

    # path inside the folder, in lower case because lists are typed on machines that do not tell case apart
    files: Mapping[str, Rights]
    # patterns such as "rain/*.wav"
    patterns: tuple[tuple[str, Rights], ...]
    # what is wrong with which list, a sentence each
    problems: tuple[str, ...] = ()

    def of(self, path: str) -> Rights:
        """What the lists say of a file; a row of its own stands over patterns, an earlier pattern over a later one."""
        rights = self.files.get(path.lower(), Rights())
        for pattern, general in self.patterns:
            if fnmatch.fnmatchcase(path.lower(), pattern):
                rights = rights.over(general)
        return rights


def read_lists(folder: Path, lists: Iterable[str]) -> RightsList:
    """Read the CSV files of a folder; one that has no column of files is none of ours and is passed over."""
    files: dict[str, Rights] = {}
    patterns: list[tuple[str, Rights]] = []
    problems: list[str] = []
    for name in lists:
        try:
            for target, rights in _rows(folder / name):
                path = str(PurePosixPath(name).parent / target).lower()
                if "*" in target or "?" in target:
                    # "*.wav" also means the folders below, as people expect of a rule for a whole library
                    patterns.append((path, rights))
                else:
                    files.setdefault(path, rights)
        except (OSError, ValueError, csv.Error) as error:
            problems.append(f"The list {name} cannot be used: {error}.")
    if len(patterns) > MAX_PATTERNS:
        problems.append(f"The lists have more than {MAX_PATTERNS} patterns; those beyond are not used.")
    return RightsList(files, tuple(patterns[:MAX_PATTERNS]), tuple(problems))


def read_sidecar(path: Path) -> Rights:
    """What ``hit.json`` or ``hit.wav.json`` beside ``hit.wav`` says; nothing when there is none.

    Raises
    ------
    ValueError
        It is no JSON object, or far too large.
    """
    for beside in (path.with_name(path.name + ".json"), path.with_suffix(".json")):
        if beside.is_symlink() or not beside.is_file():
            continue
        with open(beside, "rb") as file:
            raw = file.read(MAX_SIDECAR_BYTES + 1)
        try:
            data = json.loads(raw) if len(raw) <= MAX_SIDECAR_BYTES else None
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise ValueError(f"{beside.name} beside it is no JSON object")
        return _rights({str(key): value for key, value in data.items() if isinstance(value, str)})
    return Rights()


def _rows(path: Path) -> Iterator[tuple[str, Rights]]:
    with open(path, "rb") as file:
        raw = file.read(MAX_LIST_BYTES + 1)
    if len(raw) > MAX_LIST_BYTES:
        raise ValueError(f"it is larger than {MAX_LIST_BYTES // 1_000_000} MB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text; save it as UTF-8") from error
    header, _, _ = text.lstrip().partition("\n")
    delimiter = max(",;\t", key=header.count)
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)):
        known = {_NAMES[key]: value for key, value in _plain(row) if key in _NAMES}
        if "file" not in known:
            return
        if number >= MAX_ROWS:
            raise ValueError(f"it has more than {MAX_ROWS} rows")
        target = known["file"].replace("\\", "/").strip()
        if target and not target.startswith("/") and ".." not in PurePosixPath(target).parts:
            yield target[:MAX_TEXT], _rights(known)


def _plain(row: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    # the first of two columns of one meaning counts; too many or too few cells in a row give None
    seen = set()
    for key, value in row.items():
        name = str(key or "").strip().lower()
        if isinstance(value, str) and _NAMES.get(name) not in seen:
            seen.add(_NAMES.get(name, name))
            yield name, value


def _rights(data: Mapping[str, str]) -> Rights:
    named = {_NAMES.get(key.strip().lower(), ""): value for key, value in data.items()}
    return Rights(**{f.name: " ".join(named.get(f.name, "").split())[:MAX_TEXT] for f in fields(Rights)})
