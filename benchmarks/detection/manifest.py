"""The clips an audit is made of: a CSV file with their labels, checked before anything is decoded."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError

LABELS = {"ai": 1, "generated": 1, "1": 1, "real": 0, "camera": 0, "0": 0}


@dataclass(frozen=True)
class Entry:
    """One labelled clip."""

    path: Path
    # 1 made by AI, 0 taken by a camera
    label: int
    # the generator, or the camera collection
    source: str
    # where it was got; clips of one origin never stand on both sides of a split
    origin: str

    @property
    def kind(self) -> str:
        return "ai" if self.label else "real"


def read_manifest(path: Path) -> tuple[Entry, ...]:
    """The clips of a CSV file with the columns path, label, source and, if wanted, origin.

    Paths are relative to the file's folder. Without a column `label` the column `kind` is read, and rows of other kinds
    than ai and real are left out.

    Raises
    ------
    UsageError
        The file cannot be used; the message names the line.
    """
    rows = _rows(path)
    entries = [entry for number, row in rows if (entry := _entry(path, number, row)) is not None]
    _check(path, entries)
    return tuple(entries)


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = {name.strip().lower() for name in reader.fieldnames or ()}
            missing = sorted({"path", "source"} - columns) + ([] if columns & {"label", "kind"} else ["label"])
            if missing:
                raise UsageError(f"{path} has no column {' and no column '.join(missing)}; it needs path,label,source.")
            return [(reader.line_num, _stripped(row)) for row in reader]
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); give a CSV file with path,label,source."
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not a CSV file in UTF-8 ({error}); export it again.") from error


def _stripped(row: dict[str, str | None]) -> dict[str, str]:
    # a row that is too long has its rest under None, one that is too short None for a value
    return {name.strip().lower(): (value or "").strip() for name, value in row.items() if isinstance(name, str)}


def _entry(manifest: Path, number: int, row: dict[str, str]) -> Entry | None:
    where = f"{manifest}, line {number}"
    said = row.get("label", row.get("kind", "")).lower()
    if said not in LABELS:
        if "label" not in row:
            return None
        raise UsageError(f"{where}: the label {said!r} is neither ai nor real; write one of {', '.join(LABELS)}.")
    if not row["path"] or not row["source"]:
        raise UsageError(f"{where}: the path or the source is empty; fill in both.")
    clip = manifest.parent / row["path"]
    if not clip.is_file():
        raise UsageError(f"{where}: there is no file {clip}; paths are relative to the manifest's folder.")
    return Entry(clip, LABELS[said], row["source"], row.get("origin") or row["source"])


def _check(path: Path, entries: Sequence[Entry]) -> None:
    if {entry.label for entry in entries} != {0, 1}:
        raise UsageError(f"{path} needs clips of both labels, ai and real; without both nothing can be told apart.")
    seen: set[Path] = set()
    for entry in entries:
        if entry.path in seen:
            raise UsageError(f"{path} lists {entry.path} twice; leave one of the rows away.")
        seen.add(entry.path)


def drawn(entries: Sequence[Entry], limit: int) -> tuple[Entry, ...]:
    """At most so many clips, half of each label, drawn evenly from origins and their sources; 0 takes all of them."""
    if not 0 < limit < len(entries):
        return tuple(entries)
    chosen: set[Path] = set()
    for label in (0, 1):
        mine = [entry for entry in entries if entry.label == label]
        in_turn = _in_turn(_in_turn(mine, lambda entry: entry.source), lambda entry: entry.origin)
        chosen |= {entry.path for entry in in_turn[: max(1, limit // 2)]}
    return tuple(entry for entry in entries if entry.path in chosen)


def _in_turn(entries: Sequence[Entry], name_of: Callable[[Entry], str]) -> list[Entry]:
    # one of each name, then a second of each, ...
    ranks: Counter[str] = Counter()
    turns = []
    for entry in entries:
        turns.append((ranks[name_of(entry)], entry))
        ranks[name_of(entry)] += 1
    return [entry for _, entry in sorted(turns, key=lambda turn: turn[0])]
