"""A small evaluator of the language in which the published rubrics are written (json-formula), to compare with.

It knows what those rubrics use, and follows the language's rules for absent values, coercion and truth: what the
language calls a type error is a `TypeError` here. Source: json-formula specification 2.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

# takes the current value and the arguments of the function that is being evaluated
Node = Callable[[Any, list], Any]

TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*") | `(?P<literal>[^`]*)` | '(?P<quoted>[^']*)' | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_]\w*) | (?P<variable>\$\w+) | (?P<sign>\[\?|\[\]|\|\||&&|[=!<>]=|[][(){}|.,:!<>@*])
    )""",
    re.VERBOSE,
)
# how firmly an operator holds what stands to its left
POWERS = {"|": 1, "||": 2, "&&": 3, "*": 7, "[]": 10, "[?": 21, ".": 40, "[": 55, "(": 60}
POWERS |= dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 4)
NOT_POWER, FLATTEN_POWER = 8, 10


class Rubric:
    """A published rubric: its rules can be asked what they say of a report."""

    def __init__(self, documents: list[Any], **variables: Any):
        head, self.rules = documents
        self._variables = {**head["variables"], **{f"${name}": value for name, value in variables.items()}}
        self._functions = {name: self._parse(code) for name, code in head["expressions"].items()}
        self._checks = [self._parse(rule["expression"]) for rule in self.rules]
        self._root: Any = None

    def results(self, report: Any) -> list[tuple[str, bool]]:
        """Which rules a report passes; a rule that cannot be evaluated is not passed."""
        self._root = report
        return [(rule["id"], self._passes(rule, check)) for rule, check in zip(self.rules, self._checks, strict=True)]

    def _passes(self, rule: dict, check: Node) -> bool:
        is_negative = rule.get("failIfMatched") or rule.get("warnIfMatched")
        try:
            return is_true(check(self._root, [])) != bool(is_negative)
        except TypeError:
            return False

    # ------------------------------------------------------------ parsing
    def _parse(self, code: str) -> Node:
        self._tokens = _tokens(code)
        node = self._expression(0)
        assert self._tokens == [("end", "")], self._tokens[:3]
        return node

    def _take(self, expected: str = "") -> tuple[str, str]:
        token = self._tokens.pop(0)
        assert not expected or token == ("sign", expected), (expected, token)
        return token

    @property
    def _next(self) -> str:
        kind, value = self._tokens[0]
        return value if kind == "sign" else kind

    def _expression(self, power: int) -> Node:
        left = self._first(*self._take())
        while power < POWERS.get(self._next, 0):
            left = self._after(left, self._take()[1])
        return left

    def _first(self, kind: str, value: str) -> Node:
        if kind in ("string", "literal", "number"):
            constant = json.loads(value)
            return lambda now, args: constant
        if kind == "variable":
            return lambda now, args: args if value == "$args" else self._variables[value]
        if kind == "name" and self._next == "(":
            return self._call(value)
        if kind in ("name", "quoted"):
            return lambda now, args: _field(now, value)
        if value == "@":
            return lambda now, args: now
        if value == "!":
            denied = self._expression(NOT_POWER)
            return lambda now, args: not is_true(denied(now, args))
        if value == "(":
            inner = self._expression(0)
            self._take(")")
            return inner
        if value == "{":
            return self._table()
        if value == "[" and not self._is_index():
            parts = self._list("]")
            return lambda now, args: [part(now, args) for part in parts]
        # an index, a filter or a flattening of the value itself
        return self._after(lambda now, args: now, value)

    def _is_index(self) -> bool:
        return self._tokens[0][0] == "number" and self._tokens[1] == ("sign", "]")

    def _after(self, left: Node, sign: str) -> Node:
        if sign == ".":
            right = self._expression(POWERS["."])
            return lambda now, args: right(left(now, args), args)
        if sign == "[":
            number = int(self._take()[1])
            self._take("]")
            return lambda now, args: _item(left(now, args), number)
        if sign == "[?":
            condition = self._expression(0)
            self._take("]")
            return self._project(left, POWERS["[?"], lambda one, args: is_true(condition(one, args)))
        if sign == "[]":
            return self._project(lambda now, args: _flat(left(now, args)), FLATTEN_POWER, lambda one, args: True)
        right = self._expression(POWERS[sign])
        if sign == "|":
            return lambda now, args: right(left(now, args), args)
        if sign in ("||", "&&"):
            stops = sign == "||"
            return lambda now, args: _lazily(left(now, args), stops, lambda: right(now, args))
        return lambda now, args: OPERATORS[sign](left(now, args), right(now, args))

    def _project(self, left: Node, power: int, keeps: Node) -> Node:
        """What follows is asked of every item."""
        right: Node = lambda one, args: one  # noqa: E731
        if POWERS.get(self._next, 0) > FLATTEN_POWER:
            if self._next == ".":
                self._take()
            right = self._expression(power)

        def project(now: Any, args: list) -> Any:
            items = left(now, args)
            return [right(one, args) for one in items if keeps(one, args)] if isinstance(items, list) else None

        return project

    def _table(self) -> Node:
        pairs = {}
        while self._next != "}":
            key = self._take()[1]
            self._take(":")
            pairs[key] = self._expression(0)
            if self._next == ",":
                self._take()
        self._take("}")
        return lambda now, args: {key: node(now, args) for key, node in pairs.items()}

    def _list(self, end: str) -> list[Node]:
        found = []
        while self._next != end:
            found.append(self._expression(0))
            if self._next == ",":
                self._take()
        self._take(end)
        return found

    def _call(self, name: str) -> Node:
        self._take("(")
        parts = self._list(")")
        if name == "if":
            test, then, other = parts
            return lambda now, args: (then if is_true(test(now, args)) else other)(now, args)
        if name.startswith("_"):
            return lambda now, args: self._functions[name](self._root, [part(now, args) for part in parts])
        return lambda now, args: FUNCTIONS[name](*(part(now, args) for part in parts))


def _tokens(code: str) -> list[tuple[str, str]]:
    found, at, code = [], 0, code.strip()
    while at < len(code):
        match = TOKEN.match(code, at)
        assert match and match.lastgroup, code[at : at + 30]
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*found, ("end", "")]


# ----------------------------------------------------------------- values
def is_true(value: Any) -> bool:
    """Absent and empty things are false, as in this language."""
    return bool(value)


def _same(left: Any, right: Any) -> bool:
    # to Python True is 1
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return left == right


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _item(value: Any, number: int) -> Any:
    return value[number] if isinstance(value, list) and number < len(value) else None


def _flat(value: Any) -> Any:
    if not isinstance(value, list):
        return None
    return [inner for one in value for inner in (one if isinstance(one, list) else [one])]


def _lazily(left: Any, stops: bool, right: Callable[[], Any]) -> Any:
    return left if is_true(left) == stops else right()


def _number(value: Any) -> float:
    if isinstance(value, list | dict):
        raise TypeError("no number")
    try:
        return float(value or 0)
    except ValueError:
        return 0.0


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if isinstance(left, list | dict) or isinstance(right, list | dict):
            return False
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return compare(_number(left), _number(right))

    return ordered


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "*": lambda left, right: _number(left) * _number(right),
}


# -------------------------------------------------------------- functions
def _text(value: Any) -> str:
    if isinstance(value, list | dict):
        raise TypeError("no text")
    return "" if value is None else str(value)


def _each(function: Callable[[str, str], Any]) -> Callable[[Any, Any], Any]:
    """A function of two texts that also takes a list of texts in the first place."""
    return lambda one, other: (
        [function(_text(part), _text(other)) for part in one]
        if isinstance(one, list)
        else function(_text(one), _text(other))
    )


def _contains(subject: Any, wanted: Any) -> bool:
    if isinstance(subject, list):
        return any(_same(one, wanted) for one in subject)
    # a number could be read as a text or as a list of one: the language refuses to choose
    if not isinstance(subject, str | None) or not isinstance(wanted, str):
        raise TypeError("contains() looks for a text in a text")
    return wanted in (subject or "")


def _length(value: Any) -> int:
    if not isinstance(value, list | dict | str | None):
        raise TypeError("length() of neither a text nor a list nor a table")
    return len(value or "")


def _table_only(value: Any) -> dict:
    if not isinstance(value, dict):
        raise TypeError("no table")
    return value


KINDS = {str: "string", int: "number", float: "number", bool: "boolean", list: "array", dict: "object"}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": _contains,
    "startsWith": _each(str.startswith),
    "endsWith": _each(str.endswith),
    "split": _each(str.split),
    "keys": lambda value: list(_table_only(value)),
    "values": lambda value: list(_table_only(value).values()),
    "length": _length,
    "notNull": lambda *values: next((one for one in values if one is not None), None),
    "type": lambda value: KINDS.get(type(value), "null"),
}
