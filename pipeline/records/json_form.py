"""Records as plain data and JSON, and back."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


def to_data(record: Any) -> Any:
    """Plain dicts, lists, strings and numbers of a record, ready for JSON or YAML."""
    import msgspec

    return msgspec.to_builtins(record, enc_hook=_encode)


def from_data(data: Any, kind: type[Record]) -> Record:
    """Build a record from plain data.

    Raises
    ------
    ValueError
        When the data does not fit; the message names the place, e.g. ``$.cues[3].time_s``.
    """
    import msgspec

    try:
        return msgspec.convert(data, type=kind, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def to_json(record: Any) -> str:
    """Indented JSON of a record."""
    import json

    return json.dumps(_finite(to_data(record)), indent=2, ensure_ascii=False, allow_nan=False)


def from_json(text: str | bytes, kind: type[Record]) -> Record:
    """Read what `to_json` wrote; ValueError when it does not fit."""
    import json

    return from_data(json.loads(text), kind)


def _finite(data: Any) -> Any:
    # JSON has no infinity (a silent track's peak is -inf dB): null says "no value"
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data


def _encode(value: Any) -> Any:
    if isinstance(value, Fraction | Path):
        return str(value)
    raise NotImplementedError(f"cannot write {type(value).__name__} to JSON")


def _decode(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"cannot read {kind} from JSON")
