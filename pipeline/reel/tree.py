"""A YAML file as words with their lines: 16:9 stays 16:9, "off" stays a word, and a mistake can be pointed at."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pipeline.config import read_yaml
from pipeline.errors import UsageError

# reel > clips > entry > titles > title > value
MAX_DEPTH = 8
_PLAIN = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp"))
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Node:
    """A word, a list or a mapping of the file."""

    # str, or None where nothing stands behind the colon
    word: str | None
    items: tuple[Node, ...] | None
    fields: dict[str, Node] | None
    line: int
    # of the file and of the entry, as in "entry 3"; for messages
    file: str
    place: str = ""

    def named(self, place: str) -> Node:
        """The same at a place that messages name."""
        return Node(self.word, self.items, self.fields, self.line, self.file, place)

    def refuse(self, problem: str) -> NoReturn:
        """UsageError: one sentence with file, entry and line."""
        place = f"{self.place} at line {self.line}" if self.place else f"line {self.line}"
        raise UsageError(f"{self.file}, {place}: {problem}.")

    def field(self, *names: str) -> Node | None:
        """What stands behind the first of these keys that is there; two of them at once are refused."""
        found = [name for name in names if name in (self.fields or {})]
        if len(found) > 1:
            self.refuse(f"{found[0]} and {found[1]} mean the same; leave one of them")
        return (self.fields or {})[found[0]].named(self.place) if found else None

    def check_keys(self, known: Iterable[str]) -> None:
        """Refuse a key that nothing reads."""
        known = tuple(known)
        for key, value in (self.fields or {}).items():
            if key not in known:
                like = difflib.get_close_matches(key, known, 1)
                meant = f", perhaps {like[0]!r}" if like else ""
                value.named(self.place).refuse(f"there is no {key[:40]!r} here{meant}; known: {', '.join(known)}")

    def listed(self) -> tuple[Node, ...]:
        """The entries of a list; anything else is a list of one."""
        return tuple(item.named(self.place) for item in self.items) if self.items is not None else (self,)


def read_tree(path: Path) -> tuple[Node, dict[str, Any]]:
    """The file as words, and the same as YAML's own values.

    Raises
    ------
    UsageError
        It cannot be read, is no YAML, is nested too deep, or has a key twice.
    """
    import yaml

    values = read_yaml(path)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
    if not isinstance(root, yaml.MappingNode):
        raise UsageError(f"{path.name} is empty; write 'clips:' and under it a line '- clip: FILE' for each.")
    return _node(root, path.name, 0), values


def _node(source: Any, file: str, depth: int) -> Node:
    import yaml

    line = source.start_mark.line + 1
    here = Node(None, None, None, line, file)
    if depth > MAX_DEPTH:
        here.refuse("this is nested too deep")
    if isinstance(source, yaml.SequenceNode):
        return Node(None, tuple(_node(item, file, depth + 1) for item in source.value), None, line, file)
    if isinstance(source, yaml.MappingNode):
        return Node(None, None, _fields(source, here, depth), line, file)
    if source.tag not in _PLAIN:
        here.refuse(f"{source.tag[:40]!r} is no plain text; write the value in quotes")
    empty = source.tag == _NULL and not source.value
    return Node(None if empty else source.value, None, None, line, file)


def _fields(source: Any, here: Node, depth: int) -> dict[str, Node]:
    fields: dict[str, Node] = {}
    for key, value in source.value:
        found = _node(value, here.file, depth + 1)
        if not isinstance(key.value, str):
            found.refuse("a key has to be a word")
        if key.value in fields:
            # YAML keeps the last of two equal keys in silence, which hides a slip of the hand
            found.refuse(f"{key.value[:40]!r} stands here twice; leave one")
        fields[key.value] = found
    return fields
