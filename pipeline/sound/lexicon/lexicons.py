"""The words of each language for what can be heard, read from `lexicon/*.toml`.

`concepts.toml` lists what can be meant, apart from any language; one file a language lists the words. Several languages
merge into one lexicon, so that English tags inside a German prompt are read in the same pass.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "de", "fr", "es", "zh")
# Han and kana have no spaces: each sign is a word, so that phrases are found as runs of signs
_FIRST_SIGN = "\u3040"
_SIGN = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(
    rf"[{_SIGN}]"
    # the French elision is a word of its own: "d'eau"
    r"|(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=[^\W\d_])"
    rf"|[^\W_{_SIGN}]+(?:'[^\W_{_SIGN}]+)*"
    r"|[.,;:!?()\n。、]"
)
# combining signs that no composed letter took, and marks without width or for direction
_HIDDEN = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
# German umlauts as they are typed without the key; other accents are dropped
_TYPED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

# stands for the ending of an inflected word while an entry is taken apart
_SLOT = "0"
# letters of a head of compounds that is too short to stand for itself
_SHORT_HEAD = 5

Role = Literal["thing", "taken", "negator", "not_negator"]


@dataclass(frozen=True)
class Concept:
    """One thing a prompt can name, and what it means for the sound; see `lexicon/concepts.toml`."""

    kind: str
    name: str
    # UCS category
    category: str
    beds: tuple[str, ...] = ()
    effect: str = ""
    material: str = ""
    surface: str = ""
    # 0 open air .. 1 large stone hall; None when it says nothing about the room
    room: float | None = None
    drive: bool = False
    # what it sounds like itself, "family/name" as in `catalogue`; "scrape/" and "roll/" leave the material open
    sound: str = ""
    # how hard the sole is, 0 bare foot .. 1 heel
    shoe: float | None = None
    # the ambience of rain that falls on it
    rain: str = ""

    @property
    def key(self) -> str:
        """ "kind.name", as in `concepts.toml`."""
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True)
class Phrase:
    """What a run of words is: a thing (of no concept when it only looks like one), a thing taken away, or a negator."""

    role: Role
    concepts: tuple[Concept, ...] = ()


@dataclass(frozen=True)
class Lexicon:
    """Phrases of one or more languages, by their tokens."""

    phrases: dict[tuple[str, ...], Phrase]
    # tokens of the longest phrase that begins with a token
    longest: dict[str, int]
    # what a compound is when it ends like this
    heads: dict[str, Phrase]
    # those so short that other words end like them ("hektisch"): only behind a part that is known
    short_heads: frozenset[str]
    # word lists of the language file, by name
    lists: dict[str, frozenset[str]]
    # signs that are written in another way, by sign
    variants: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """Lexicons that are read together, the language of the text first."""

    parts: tuple[Lexicon, ...]
    heads: dict[str, Phrase]
    short_heads: frozenset[str]
    lists: dict[str, frozenset[str]]
    variants: dict[str, str]

    def phrase(self, words: tuple[str, ...]) -> Phrase | None:
        """What a run of words is, or None."""
        return next((phrase for part in self.parts if (phrase := part.phrases.get(words))), None)

    def longest(self, word: str) -> int:
        """Tokens of the longest phrase that begins with a word; 0 for none."""
        return max(part.longest.get(word, 0) for part in self.parts)


# lists of a language file that hold single words
LISTS = ("negators_behind", "negators_last", "enders", "enders_after", "joiners", "list_joiners")


def tokenise(text: str, *, limit: int) -> list[str]:
    """Lower-case words and punctuation of the first `limit` characters, compatibility forms folded (NFKC)."""
    head = text[:limit].replace("\u2019", "'")
    # some single signs fold to long phrases
    folded = unicodedata.normalize("NFKC", head)[:limit].casefold()
    return _TOKEN.findall(_HIDDEN.sub("", folded))


@cache
def load_concepts() -> dict[str, Concept]:
    """All concepts by "kind.name"."""
    return {
        f"{kind}.{name}": Concept(kind, name, **{**fields, "beds": tuple(fields.get("beds", ()))})
        for kind, names in read_table("concepts").items()
        for name, fields in names.items()
    }


@cache
def load_lexicon(language: str) -> Lexicon:
    """Phrases of a language with their inflected forms; FileNotFoundError for an unknown language."""
    concepts = load_concepts()
    table = read_table(language)
    phrases: dict[tuple[str, ...], Phrase] = {}
    heads: dict[str, Phrase] = {}
    shared: dict[tuple[str, ...], Phrase] = {}
    for form, keys in things_of(table).items():
        phrase = shared.get(keys) or shared.setdefault(keys, Phrase("thing", tuple(concepts[key] for key in keys)))
        if form[0][0] == "-":
            heads[form[0][1:]] = phrase
        else:
            phrases[form] = phrase
    for head, phrase in heads.items():
        known = phrases.get((head,), Phrase("thing")).concepts
        phrases[head,] = Phrase("thing", tuple(dict.fromkeys((*known, *phrase.concepts))))
    for words, keys in table["negatives"].items():
        phrases[tokens_of(words)] = Phrase("taken", tuple(concepts[key] for key in keys))
    plain: tuple[tuple[Role, str], ...] = (
        ("thing", "ignored"),
        ("negator", "negators"),
        ("not_negator", "not_negators"),
    )
    for role, name in plain:
        phrases.update({tokens_of(words): Phrase(role) for words in table[name]})
    lists = {name: frozenset(table[name]) for name in LISTS}
    short = (head + ending for head in heads if len(head) <= _SHORT_HEAD for ending in table["endings"]["noun"])
    return Lexicon(phrases, _longest(phrases), heads, frozenset(short), lists, variants=_variants(table))


@cache
def reader_of(languages: tuple[str, ...]) -> Reader:
    """One reader of several languages; where two know the same words, the earlier language is right."""
    parts = tuple(load_lexicon(language) for language in languages)
    heads = {head: phrase for part in reversed(parts) for head, phrase in part.heads.items()}
    lists = {name: frozenset().union(*(part.lists[name] for part in parts)) for name in LISTS}
    variants = {old: new for part in parts for old, new in part.variants.items()}
    short = frozenset().union(*(part.short_heads for part in parts))
    return Reader(parts, heads, short, lists, variants)


def read_table(name: str) -> dict[str, Any]:
    """A file of `lexicon/`, parsed."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def things_of(table: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Concepts ("kind.name", each once) of every inflected form of a language file."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for kind, names in table["words"].items():
        for name, entries in names.items():
            key = (f"{kind}.{name}",)
            for form in (form for entry in entries for form in _forms(entry, table["endings"])):
                known = found.setdefault(form, key)
                if key[0] not in known:
                    found[form] = known + key
    return found


def _forms(entry: str, endings: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    # every inflected form of an entry as tokens, with and without accents; "=" only as it stands
    if entry[0] >= _FIRST_SIGN or entry.startswith("="):
        yield tokens_of(entry)
        return
    yield from _spelled(entry, endings)
    if not entry.isascii():
        yield from _spelled(_plain(entry), endings)


def _spelled(entry: str, endings: dict[str, Any]) -> list[tuple[str, ...]]:
    # "~" marks a verb stem and "+" a noun, both of which may stand inside a phrase; "-" in front the head of compounds
    mark = "~" if "~" in entry else "+"
    if entry.isalpha():
        return [(word,) for word in _inflected(entry.casefold(), mark, endings)]
    tokens = tokens_of((entry if mark in entry else entry + mark).replace(mark, _SLOT))
    at = next(at for at, token in enumerate(tokens) if token.endswith(_SLOT))
    words = _inflected(tokens[at][:-1], mark, endings)
    forms = [(*tokens[:at], word, *tokens[at + 1 :]) for word in words]
    return [(f"-{first}", *rest) for first, *rest in forms] if entry.startswith("-") else forms


def _inflected(stem: str, mark: str, endings: dict[str, Any]) -> list[str]:
    words = [stem + ending for ending in endings["verb" if mark == "~" else "noun"]]
    if mark == "+":
        words += [stem[: -len(old)] + new for old, new in endings["swap"].items() if stem.endswith(old)]
    return words


def _plain(entry: str) -> str:
    # as it is typed on a keyboard without accents
    return _HIDDEN.sub("", unicodedata.normalize("NFD", entry.translate(_TYPED)))


def tokens_of(words: str) -> tuple[str, ...]:
    """Tokens of an entry of a language file."""
    return tuple(_TOKEN.findall(words.casefold()))


def _longest(phrases: Iterable[tuple[str, ...]]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for phrase in phrases:
        if len(phrase) > longest.get(phrase[0], 0):
            longest[phrase[0]] = len(phrase)
    return longest


def _variants(table: dict[str, Any]) -> dict[str, str]:
    pairs = table.get("variants", "").split()
    return {old: pair[0] for pair in pairs for old in pair[1:]}
