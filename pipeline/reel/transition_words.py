"""Transitions in words: how one piece of the film goes over into the next."""

from __future__ import annotations

import dataclasses
from typing import NoReturn, cast, get_args

from pipeline.reel import values
from pipeline.reel.reel import Direction, Transition, TransitionKind
from pipeline.reel.tree import Node

MAX_TRANSITION_S = 60.0
USUAL_TRANSITION_S = 0.5
TRANSITION_KEYS = ("seconds", "colour", "color", "direction")
# what people say, and what it is here
_KINDS = {
    **{kind: kind for kind in get_args(TransitionKind)},
    **dict.fromkeys(("crossfade", "cross-dissolve", "mix"), "dissolve"),
    **dict.fromkeys(("fade", "fade-through"), "dip"),
}


def read_transition(node: Node) -> Transition:
    """dissolve 0.5, dip 0.6 black, wipe left 0.4, or the same as a mapping; UsageError names what is wrong."""
    if node.fields is not None:
        return _from_fields(node)
    words = values.word(node, "transition").lower().split()
    kind = _KINDS.get(words[0] if words else "")
    if kind is None:
        _refuse_kind(node, words[0] if words else "")
    transition = Transition(cast(TransitionKind, kind), 0.0 if kind == "cut" else USUAL_TRANSITION_S)
    rest = [word for word in words[1:] if word not in ("s", "to", "from", "through")]
    for word in rest:
        transition = _with_word(node, transition, word)
    return transition


def _with_word(node: Node, transition: Transition, word: str) -> Transition:
    if transition.kind == "cut":
        node.refuse("a cut takes no length, colour or direction")
    if word[0] in "0123456789.":
        length_s = values.seconds(node, "transition", 0.0, MAX_TRANSITION_S, found=word)
        return dataclasses.replace(transition, length_s=length_s)
    if transition.kind == "wipe":
        if word not in get_args(Direction):
            node.refuse(f"a wipe goes {', '.join(get_args(Direction))}, not {word[:40]!r}")
        return dataclasses.replace(transition, direction=cast(Direction, word))
    if transition.kind == "dip":
        return dataclasses.replace(transition, colour=values.colour(node, "transition", found=word))
    return node.refuse(f"a dissolve takes a length in seconds and nothing else, not {word[:40]!r}")


def _from_fields(node: Node) -> Transition:
    kinds = [key for key in node.fields or {} if key in _KINDS]
    if len(kinds) != 1:
        node.refuse("a transition is one of cut, dissolve, dip and wipe, e.g. {dissolve: 0.5}")
    kind = cast(TransitionKind, _KINDS[kinds[0]])
    node.check_keys((kinds[0], *TRANSITION_KEYS))
    named, length = cast(Node, node.field(kinds[0])), node.field("seconds")
    transition = Transition(kind, 0.0 if kind == "cut" else USUAL_TRANSITION_S)
    found = [node.field("colour", "color"), node.field("direction")]
    plain = named.word is None and named.items is None and named.fields is None
    words = [] if plain else values.word(named, kinds[0]).lower().split()
    words += [values.word(one, "transition").lower() for one in found if one]
    words += [] if length is None else [repr(values.seconds(length, "seconds", 0.0, MAX_TRANSITION_S))]
    for word in words:
        transition = _with_word(node, transition, word)
    return transition


def _refuse_kind(node: Node, word: str) -> NoReturn:
    node.refuse(f"there is no transition {word[:40]!r}; choose cut, dissolve, dip or wipe, e.g. 'dissolve 0.5'")
