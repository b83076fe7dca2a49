"""The cue sheet as CSV, for spreadsheets: a row a cue, and rows that begin with # for everything else.

Opens in Excel and LibreOffice and comes back from them: UTF-8 with a byte order mark, comma, semicolon or tab, decimal
points or commas. Text that a spreadsheet would take for a formula is written with an apostrophe in front, which is
taken off again when it is read.

    # Foleymark cue sheet: one row a cue; rows that begin with # belong to the sheet and stay as they are
    # prompt,"a ball bounces"
    # seed,7
    id,sound,time_s,...
    impact-1.23,impact/wood,1.230,...
    # made,impact-1.23,1.230,m3fa9c1d2
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from pipeline.errors import UsageError
from pipeline.records import Mood
from pipeline.sound.catalogue import WHOLE_PARAMETERS
from pipeline.sound.cuesheet.check import CUE_FIELDS, MAX_CUES, check_plan, refuse_unknown
from pipeline.sound.cuesheet.data import MAX_MADE, Sheet, cue_data, head_data, number, read_made, read_made_head

MAX_ROWS = 2 * MAX_CUES + MAX_MADE
_TITLE = "# Foleymark cue sheet: one row a cue; rows that begin with # belong to the sheet and stay as they are"
_NOTE = "# what Foleymark wrote itself, so that a new analysis can tell what you changed"
# what a person edits comes first, as in YAML
_COLUMNS = (
    *("id", "sound", "time_s", "length_s", "level_db", "pan", "stem", "description", "why", "category", "confidence"),
    *("parameters", "automation", "pan_automation", "seed", "source", "licence", "author", "asset_sha256", "locked"),
)
_NUMBERS = frozenset(("time_s", "length_s", "level_db", "pan", "confidence"))
_PAIRS = frozenset(("parameters", "automation", "pan_automation"))
_TRUE = frozenset(("true", "yes", "1", "x", "wahr", "vrai", "verdadero"))
_FALSE = frozenset(("", "false", "no", "0", "falsch", "faux", "falso"))
# what makes a spreadsheet compute (OWASP, CSV injection), and the apostrophe itself
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'", "#")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def dump_csv(sheet: Sheet) -> str:
    """Write a sheet; begins with a byte order mark, without which Excel takes UTF-8 for something else."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    plan = sheet.plan
    mood = "; ".join(f"{field.name}={number(getattr(plan.mood, field.name)):.3f}" for field in fields(Mood))
    writer.writerows(
        (
            (_TITLE,),
            ("# duration_s", f"{number(plan.duration_s):.3f}"),
            ("# seed", plan.seed),
            ("# prompt", _safe(plan.prompt)),
            *((f"# {name}", _list(values)) for name, values in head_data(plan).items()),
            ("# mood", mood),
            _COLUMNS,
        )
    )
    writer.writerows([_cell(name, data.get(name)) for name in _COLUMNS] for data in map(cue_data, plan.cues))
    if sheet.made is not None:
        writer.writerow((_NOTE,))
        writer.writerow(("# made_prompt", sheet.made_prompt))
        writer.writerows(("# made_head", name, note) for name, note in sheet.made_head.items())
        writer.writerows(("# made", _safe(key), f"{made.time_s:.3f}", made.digest) for key, made in sheet.made.items())
    return "\ufeff" + text.getvalue()


def load_csv(text: str, *, duration_s: float | None) -> Sheet:
    """Read a sheet; with no `duration_s` it is as long as it says. UsageError names the row or cue that is wrong."""
    head: dict[str, Any] = {}
    made: dict[str, list[Any]] | None = None
    made_head: dict[str, str] = {}
    columns: list[str] | None = None
    entries: list[dict[str, Any]] = []
    places: list[str] = []
    for line, row in _rows(text):
        place = f"row {line}"
        name = row[0].strip()
        if name.startswith("#"):
            key = name.lstrip("# ").strip()
            if key == "made" and len(row) > 3:
                made = made or {}
                made[_plain(row[1])] = [_number(row[2], place), row[3]]
            elif key == "made_head" and len(row) > 2:
                made_head[row[1].strip()] = row[2].strip()
            elif len(row) > 1:
                head[key] = row[1]
        elif columns is None:
            columns = [cell.strip() for cell in row]
            refuse_unknown(dict.fromkeys(filter(None, columns)), CUE_FIELDS, f"the heading at {place}")
        else:
            entries.append(_entry(columns, row, place))
            places.append(f"the cue at {place}")
    if columns is None:
        raise UsageError('The cue sheet has no heading; write one with "foleymark cues CLIP -o CUES.csv".')
    if made is None and "made_prompt" in head:
        made = {}
    plan = check_plan(_head(head), entries, places, duration_s=duration_s)
    return Sheet(plan, read_made(made), str(head.get("made_prompt", ""))[:20], read_made_head(made_head))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    # rows that are not empty, with their line
    text = text.removeprefix("\ufeff")
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep="):  # Excel's own hint
        text = rest
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for row in reader:
            if reader.line_num > 20 * MAX_ROWS:
                raise UsageError("The cue sheet has too many rows.")
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise UsageError(f"Row {reader.line_num} of the cue sheet is not valid CSV: {error}.") from error


def _delimiter(text: str) -> str:
    # the heading is the line that holds nothing but names of columns; elsewhere a comma may be part of a text
    for line in text.splitlines():
        cells = {cell.strip(' "') for cell in re.split(r"[,;\t]", line)}
        if "time_s" in cells and cells <= {*CUE_FIELDS, ""}:
            return max(",;\t", key=line.count)
    return ","


def _entry(columns: list[str], row: list[str], place: str) -> dict[str, Any]:
    if any(cell.strip() for cell in row[len(columns) :]):
        raise UsageError(f"In the cue at {place}, there are more cells than columns; put texts with commas in quotes.")
    cells = ((name, cell) for name, cell in zip(columns, row, strict=False) if name)
    return {name: _value(name, cell, place) for name, cell in cells if cell.strip()}


def _value(name: str, cell: str, place: str) -> Any:
    if name in _NUMBERS:
        return _number(cell, place)
    if name == "seed":
        return _whole(cell, place)
    if name == "locked":
        return _truth(cell, place)
    if name not in _PAIRS:
        return _plain(cell)
    if name == "parameters":
        return _parameters(_plain(cell), place)
    pairs = _pairs(_plain(cell), place)
    return [[_number(key, place), value] for key, value in pairs]


def _head(cells: dict[str, str]) -> dict[str, Any]:
    head: dict[str, Any] = {"prompt": _plain(cells.get("prompt", ""))}
    if cells.get("duration_s", "").strip():
        head["duration_s"] = _number(cells["duration_s"], "the row # duration_s")
    if cells.get("seed", "").strip():
        head["seed"] = _whole(cells["seed"], "the row # seed")
    for name in ("markers_s", "accents_s"):
        times = filter(str.strip, _plain(cells.get(name, "")).split(";"))
        head[name] = [_number(time_s, f"the row # {name}") for time_s in times]
    rows = filter(str.strip, _plain(cells.get("feelings", "")).split(";"))
    head["feelings"] = [[_number(value, "the row # feelings") for value in row.split()] for row in rows]
    head["mood"] = dict(_pairs(cells.get("mood", ""), "the row # mood"))
    return head


def _pairs(cell: str, place: str) -> list[tuple[str, float]]:
    pairs = [part.partition("=") for part in filter(str.strip, cell.split(";"))]
    return [(name.strip(), _number(value, place)) for name, _, value in pairs]


def _parameters(cell: str, place: str) -> dict[str, Any]:
    # a key and a mode may be words: "key=D minor"
    parts = [part.partition("=") for part in filter(str.strip, cell.split(";"))]
    return {
        name.strip(): value.strip() if name.strip() in WHOLE_PARAMETERS and _is_word(value) else _number(value, place)
        for name, _, value in parts
    }


def _is_word(value: str) -> bool:
    return any(sign.isalpha() for sign in value)


def _list(values: list[Any]) -> str:
    # times, or rows of numbers
    rows = [value if isinstance(value, list) else [value] for value in values]
    return "; ".join(" ".join(f"{one:.3f}" for one in row) for row in rows)


def _number(cell: str, place: str) -> float:
    text = cell.strip().removeprefix("'")
    if _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"In {place} of the cue sheet, {text[:40]!r} is no number.") from error


def _whole(cell: str, place: str) -> int:
    value = cell.strip().removeprefix("'")
    if not re.fullmatch(r"[+-]?\d{1,19}", value):
        raise UsageError(f"In {place} of the cue sheet, {value[:40]!r} is no whole number.")
    return int(value)


def _truth(cell: str, place: str) -> bool:
    text = cell.strip().lower()
    if text not in _TRUE | _FALSE:
        raise UsageError(f"In {place} of the cue sheet, locked is {text[:40]!r}; write true or false.")
    return text in _TRUE


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _NUMBERS:
        return f"{value:.3f}"
    if name == "parameters":
        return "; ".join(f"{key}={amount:.3f}" for key, amount in value.items())
    if name in _PAIRS:
        return _safe("; ".join(f"{time_s:.3f}={amount:.3f}" for time_s, amount in value))
    if isinstance(value, bool):
        return str(value).lower()
    return _safe(str(value)) if isinstance(value, str) else str(value)


def _safe(text: str) -> str:
    # what cannot be written as UTF-8 (half of a surrogate pair, from a broken tag) becomes a question mark
    text = text.encode("utf-8", "replace").decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
