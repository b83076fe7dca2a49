"""Values of the expected shape, or empty ones: for JSON that a stranger wrote."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pipeline.provenance.text import clean

MAX_LABEL = 160


def as_dict(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def base_label(label: Any) -> str:
    """The label of an assertion without instance number and version: c2pa.ingredient.v3__1 -> c2pa.ingredient."""
    return _base(label) if isinstance(label, str) else ""


# a report asks for the same few labels dozens of times
@lru_cache(maxsize=512)
def _base(label: str) -> str:
    name = clean(label, MAX_LABEL).partition("__")[0]
    stem, _, version = name.rpartition(".")
    return stem if stem and version[:1] == "v" and version[1:].isdigit() else name


def tail(uri: Any) -> str:
    """The last part of a JUMBF address."""
    return clean(uri, 2 * MAX_LABEL).rstrip("/").rpartition("/")[2][:MAX_LABEL]
