"""What goes to a terminal: names and texts of strangers may not write on it in their own way."""

from __future__ import annotations

import json
import re
from typing import Any

# what may have to be spelled out: all but plain text, which is most of it
_ODD = re.compile(r"[^\n -~]")


def visible(text: str) -> str:
    """A text whose control and invisible characters are spelled out (``\\x1b``), so that none of them acts.

    A letter is left as it is, of whatever script.
    """
    return _ODD.sub(lambda found: found[0] if found[0].isprintable() else _spelled(found[0]), text)


def visible_json(text: str) -> str:
    """The same of a JSON text, in JSON's own spelling: a program reads what it would have read."""
    return _ODD.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def console(as_json: bool = False) -> Any:
    """Where people read; with --json stdout belongs to the program that reads it."""
    from rich.console import Console

    return Console(stderr=as_json, highlight=False)


def say(text: str) -> None:
    """Print a line for people as it is, without markup and without breaking it."""
    console().print(visible(text), markup=False, soft_wrap=True)


def print_json(record: Any) -> None:
    """Print records or plain data as JSON in which nothing acts on a terminal."""
    from pipeline.records import to_json

    print(visible_json(to_json(record)))


def _spelled(mark: str) -> str:
    return mark.encode("unicode_escape").decode("ascii")
