"""What a prompt says about sound: materials, places, weather, actions and wishes, by lexicon.

The lexicon is data: `lexicon/concepts.toml` lists what can be meant, one file a language lists the words for it.
Reading is a single left-to-right pass with the longest phrase first, so that "rain forest" is never "rain".
"""

from __future__ import annotations

import logging
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

log = logging.getLogger(__name__)

# longer than any prompt a generator takes; what lies behind is not read
MAX_PROMPT_CHARACTERS = 8000
# words between a negator and the thing it takes away ("not a single drop of rain")
NEGATION_REACH = 5
# Han and kana have no spaces: each sign is a word, so that phrases are found as runs of signs
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+(?:'[^\W_]+)*|[.,;:!?()\n。、]")
_STOPS = frozenset(".;:!?()\n。")
_COMMAS = frozenset(",、")


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


@dataclass(frozen=True)
class Mention:
    """A concept found in a prompt."""

    concept: Concept
    # as written, lower case
    word: str
    # first and one past the last token
    start: int
    end: int


@dataclass(frozen=True)
class Scene:
    """What a prompt affirms, in order of the text, and what it takes away."""

    mentions: tuple[Mention, ...] = ()
    excluded: tuple[Concept, ...] = ()

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of one kind in order of the text, each once."""
        return tuple(dict.fromkeys(m.concept.name for m in self.mentions if m.concept.kind == kind))

    def has(self, kind: str, *names: str) -> bool:
        """True when one of the names (any, without names) is affirmed."""
        found = self.names(kind)
        return any(name in found for name in names) if names else bool(found)

    def refuses(self, kind: str, name: str) -> bool:
        """True when the prompt takes this away ("no rain", "without music")."""
        return any(c.kind == kind and c.name == name for c in self.excluded)

    def word(self, kind: str) -> str:
        """The first word of a kind as the prompt wrote it, or an empty string."""
        return next((m.word for m in self.mentions if m.concept.kind == kind), "")

    @property
    def effects(self) -> frozenset[str]:
        """What contacts may become according to the prompt."""
        return frozenset(m.concept.effect for m in self.mentions if m.concept.effect)

    @property
    def materials(self) -> tuple[str, ...]:
        """Materials in order of the text; a thing's usual material unless the word before names another."""
        found: list[str] = []
        named_until = -1
        for mention in self.mentions:
            if mention.concept.kind == "material":
                found.append(mention.concept.name)
                named_until = mention.end
            elif mention.concept.material and mention.start != named_until:
                found.append(mention.concept.material)
        return tuple(dict.fromkeys(found))

    @property
    def beds(self) -> tuple[tuple[str, Mention], ...]:
        """Ambiences with the mention that asks for each.

        All first choices come before the second ones; places and weather before what moves about in them.
        """
        refused = {c.beds[0] for c in self.excluded if c.beds}
        ordered = sorted(self.mentions, key=lambda mention: mention.concept.kind not in ("place", "weather"))
        ranked: dict[str, Mention] = {}
        for rank in range(3):
            for mention in ordered:
                if len(mention.concept.beds) > rank:
                    ranked.setdefault(mention.concept.beds[rank], mention)
        return tuple((bed, mention) for bed, mention in ranked.items() if bed not in refused)

    @property
    def surface(self) -> str:
        """What feet touch: a named surface first, then what place or weather suggest; empty when nothing says."""
        for kinds in (("surface",), ("weather", "place", "material", "animal")):
            for mention in self.mentions:
                if mention.concept.kind in kinds and mention.concept.surface:
                    return mention.concept.surface
        return ""

    @property
    def room(self) -> float | None:
        """Room of the first place that says so, 0 open air .. 1 large hall; None when nothing says."""
        return next((m.concept.room for m in self.mentions if m.concept.room is not None), None)


@dataclass(frozen=True)
class Lexicon:
    """Phrases of one language as tuples of tokens."""

    phrases: dict[tuple[str, ...], tuple[Concept, ...]]
    negatives: dict[tuple[str, ...], tuple[Concept, ...]]
    negators: frozenset[tuple[str, ...]]
    not_negators: frozenset[tuple[str, ...]]
    negators_behind: frozenset[str]
    enders: frozenset[str]
    joiners: frozenset[str]
    list_joiners: frozenset[str]
    longest: int


def read_prompt(text: str, *, language: str = "en") -> Scene:
    """Read what a prompt says about sound.

    Parameters
    ----------
    text : str
        Any text; hostile length is cut at `MAX_PROMPT_CHARACTERS`, unknown words are passed over.
    language : str
        Name of a file in `lexicon/`.

    Returns
    -------
    Scene
        Affirmed mentions in order of the text; whatever is negated anywhere is excluded everywhere.
    """
    lexicon = load_lexicon(language)
    tokens = tokenise(text)
    mentions: list[Mention] = []
    excluded: dict[tuple[str, str], Concept] = {}
    for start, end, concepts, negated in _read(tokens, lexicon):
        for concept in concepts:
            if negated:
                excluded[concept.kind, concept.name] = concept
            else:
                mentions.append(Mention(concept, " ".join(tokens[start:end]), start, end))
    kept = tuple(m for m in mentions if (m.concept.kind, m.concept.name) not in excluded)
    return Scene(mentions=kept, excluded=tuple(excluded.values()))


def tokenise(text: str) -> list[str]:
    """Lower-case words and punctuation of a text, compatibility forms folded (NFKC)."""
    if len(text) > MAX_PROMPT_CHARACTERS:
        log.warning("only the first %d characters of the prompt are read", MAX_PROMPT_CHARACTERS)
    head = text[:MAX_PROMPT_CHARACTERS].replace("\u2019", "'")
    return _TOKEN.findall(unicodedata.normalize("NFKC", head).casefold())


def _read(tokens: list[str], lexicon: Lexicon) -> Iterator[tuple[int, int, tuple[Concept, ...], bool]]:
    # (start, end, concepts, negated) of every phrase; `reach` counts the words a negation still covers
    reach = 0
    at = 0
    while at < len(tokens):
        size = _match(tokens, at, lexicon)
        here = tuple(tokens[at : at + size]) if size else (tokens[at],)
        if here in lexicon.not_negators:
            reach = 0
        elif here in lexicon.negators:
            reach = NEGATION_REACH + 1
        elif here in lexicon.negatives:
            yield at, at + size, lexicon.negatives[here], True
        elif here in lexicon.phrases:
            behind = at + size < len(tokens) and tokens[at + size] in lexicon.negators_behind
            yield at, at + size, lexicon.phrases[here], behind or reach > 0
            reach = NEGATION_REACH if reach else 0
        else:
            reach = _carry(tokens, at, reach, lexicon)
        at += max(size, 1)


def _match(tokens: list[str], at: int, lexicon: Lexicon) -> int:
    # tokens in the longest phrase of any sort that starts here; 0 for none
    for size in range(min(lexicon.longest, len(tokens) - at), 0, -1):
        phrase = tuple(tokens[at : at + size])
        if (
            phrase in lexicon.phrases
            or phrase in lexicon.negatives
            or phrase in lexicon.negators
            or phrase in lexicon.not_negators
        ):
            return size
    return 0


def _carry(tokens: list[str], at: int, reach: int, lexicon: Lexicon) -> int:
    # how far a negation still reaches behind a word or sign that names nothing
    token = tokens[at]
    if not reach or token in _STOPS or token in lexicon.enders:
        return 0
    size = _match(tokens, at + 1, lexicon)
    after = tokens[at + 1 + size] if size and at + 1 + size < len(tokens) else ""
    if token in _COMMAS:
        # "no rain, wind or music" is a list; "no music, rain on a street" is not
        return reach if after in lexicon.list_joiners or after in _COMMAS else 0
    if token in lexicon.joiners and token not in lexicon.list_joiners:
        # "no rain and thunder" goes on, "no rain and a barking dog" does not
        return reach if size else 0
    return reach - 1


@cache
def load_lexicon(language: str) -> Lexicon:
    """Phrases of a language with their inflected forms; KeyError-free, FileNotFoundError for an unknown language."""
    folder = files(__package__) / "lexicon"
    concepts = load_concepts()
    table = tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))
    phrases: dict[tuple[str, ...], dict[Concept, None]] = {}
    for kind, names in table["words"].items():
        for name, entries in names.items():
            for form in (form for entry in entries for form in _forms(entry, table["endings"])):
                phrases.setdefault(form, {})[concepts[f"{kind}.{name}"]] = None
    phrases.update({tuple(tokenise(phrase)): {} for phrase in table["ignored"]})
    negatives = {tuple(tokenise(w)): tuple(concepts[n] for n in named) for w, named in table["negatives"].items()}
    negators = frozenset(tuple(tokenise(word)) for word in table["negators"])
    not_negators = frozenset(tuple(tokenise(word)) for word in table["not_negators"])
    return Lexicon(
        phrases={form: tuple(found) for form, found in phrases.items()},
        negatives=negatives,
        negators=negators,
        not_negators=not_negators,
        negators_behind=frozenset(table["negators_behind"]),
        enders=frozenset(table["enders"]),
        joiners=frozenset(table["joiners"]),
        list_joiners=frozenset(table["list_joiners"]),
        longest=max(map(len, (*phrases, *negatives, *negators, *not_negators))),
    )


@cache
def load_concepts() -> dict[str, Concept]:
    """All concepts by "kind.name"."""
    text = (files(__package__) / "lexicon" / "concepts.toml").read_text("utf-8")
    return {
        f"{kind}.{name}": Concept(kind, name, **{**fields, "beds": tuple(fields.get("beds", ()))})
        for kind, names in tomllib.loads(text).items()
        for name, fields in names.items()
    }


def _forms(entry: str, endings: dict) -> list[tuple[str, ...]]:
    # every inflected form of an entry as tokens; "~" marks the verb stem, which may stand inside a phrase
    if entry.startswith("="):
        return [tuple(tokenise(entry[1:]))]
    if "~" in entry:
        return [tuple(tokenise(entry.replace("~", ending))) for ending in endings["verb"]]
    forms = [entry + ending for ending in endings["noun"]]
    forms += [entry[: -len(old)] + new for old, new in endings["swap"].items() if entry.endswith(old)]
    return [tuple(tokenise(form)) for form in forms]
