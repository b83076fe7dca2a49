"""What a prompt says about sound: materials, places, weather, actions and wishes, by lexicon.

The lexicon is data (see `lexicons`): one list of what can be meant, one file a language with the words for it.
Reading is a single left-to-right pass with the longest phrase first, so that "rain forest" is never "rain".
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.sound.lexicon.languages import languages_of
from pipeline.sound.lexicon.lexicons import Concept, Phrase, Reader, reader_of, tokenise

log = logging.getLogger(__name__)

# longer than any prompt a generator takes; what lies behind is not read
MAX_PROMPT_CHARACTERS = 8000
# words (or Chinese signs) between a negator and the thing it takes away ("not a single drop of rain")
NEGATION_REACH = 5
_STOPS = frozenset(".;:!?()\n。")
_COMMA, _LISTING_COMMA = ",", "、"
# materials that fly to pieces
_FRAGILE = frozenset(("glass", "ceramic", "wood", "stone"))
# ambiences that hold another one, which may have been refused
_HOLDS = {"storm": ("weather.rain", "weather.thunder"), "cafe": ("people.crowd",)}
# what may stand in front of the head of a compound and still be meant: "Holztisch", "Waldweg", not "Regenmantel"
_MODIFIERS = frozenset(("material", "place", "time", "shoe"))
# shortest part of a compound: "Seetür", "Ostwind"
_LEAST_PART = 3


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
    def sounds(self) -> tuple[tuple[str, Mention], ...]:
        """Sounds the prompt names directly, "family/name" with the first mention of each, in order of the text.

        A mention of kind "call" or "action" says that it is heard ("barks"), one of kind "animal" or "vehicle" only
        that it is there. "scrape/" and "roll/" leave the material to whoever sees what touches.
        """
        first: dict[str, Mention] = {}
        before = ""
        for mention in self.mentions:
            # a car that rolls is driven
            if mention.concept.sound and not (mention.concept.sound == "roll/" and before == "vehicle"):
                first.setdefault(mention.concept.sound, mention)
            before = mention.concept.kind
        return tuple((sound + self._fragile(m) if sound == "shatter/" else sound, m) for sound, m in first.items())

    def _fragile(self, mention: Mention) -> str:
        # what shatters is the nearest thing that can
        others = (other for other in self.mentions if other is not mention)
        near = sorted(others, key=lambda other: abs(other.start - mention.start))
        named = (other.concept.name if other.concept.kind == "material" else other.concept.material for other in near)
        return next((material for material in named if material in _FRAGILE), "glass")

    @property
    def shoe(self) -> float | None:
        """How hard the soles are, 0 bare foot .. 1 heel; None when nothing says."""
        return next((m.concept.shoe for m in self.mentions if m.concept.shoe is not None), None)

    @property
    def materials(self) -> tuple[str, ...]:
        """Materials in order of the text; a thing's usual material unless the word before names another."""
        found: list[str] = []
        named: tuple[int, ...] = ()
        for mention in self.mentions:
            if mention.concept.kind == "material":
                found.append(mention.concept.name)
                # the thing stands behind its material, or in one compound with it
                named = (mention.start, mention.end)
            elif mention.concept.material and mention.start not in named:
                found.append(mention.concept.material)
        return tuple(dict.fromkeys(found))

    @property
    def beds(self) -> tuple[tuple[str, Mention], ...]:
        """Ambiences with the mention that asks for each.

        All first choices come before the second ones; places and weather before what moves about in them.
        """
        refused = {c.beds[0] for c in self.excluded if c.beds}
        taken = {c.key for c in self.excluded}
        refused |= {bed for bed, held in _HOLDS.items() if taken.intersection(held)}
        ordered = sorted(self.mentions, key=lambda mention: mention.concept.kind not in ("place", "weather"))
        ranked: dict[str, Mention] = {}
        for rank in range(3):
            for mention in ordered:
                if len(mention.concept.beds) > rank:
                    ranked.setdefault(mention.concept.beds[rank], mention)
        return tuple((bed, mention) for bed, mention in ranked.items() if bed not in refused)

    @property
    def rain(self) -> str:
        """The ambience of the rain by what it falls on: the first such thing behind the rain, else the first one."""
        on = [m for m in self.mentions if m.concept.rain]
        begin = next((m.start for m in self.mentions if m.concept.key == "weather.rain"), 0)
        return next((m.concept.rain for m in (*(m for m in on if m.start > begin), *on)), "rain")

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


@lru_cache(maxsize=64)
def read_prompt(text: str, *, languages: tuple[str, ...] = ()) -> Scene:
    """Read what a prompt says about sound.

    Parameters
    ----------
    text : str
        Any text; hostile length is cut at `MAX_PROMPT_CHARACTERS`, unknown words are passed over.
    languages : tuple of str
        Names of files in `lexicon/`, the likeliest first; by default each sentence tells its own.

    Returns
    -------
    Scene
        Affirmed mentions in order of the text; whatever is negated anywhere is excluded everywhere.
    """
    if len(text) > MAX_PROMPT_CHARACTERS:
        log.warning("only the first %d characters of the prompt are read", MAX_PROMPT_CHARACTERS)
    written = tokenise(text, limit=MAX_PROMPT_CHARACTERS)
    spans = [(0, len(written), languages)] if languages else languages_of(written)
    mentions: list[Mention] = []
    excluded: dict[str, Concept] = {}
    for first, last, tongues in spans:
        reader = reader_of(tongues)
        tokens = [reader.variants.get(token, token) for token in written[first:last]]
        for start, end, concepts, negated in _read(tokens, reader):
            word = _spelled(written[first + start : first + end])
            for concept in concepts:
                if negated:
                    excluded[concept.key] = concept
                else:
                    mentions.append(Mention(concept, word, first + start, first + end))
    kept = tuple(m for m in mentions if m.concept.key not in excluded)
    return Scene(mentions=kept, excluded=tuple(excluded.values()))


def _read(tokens: Sequence[str], reader: Reader) -> Iterator[tuple[int, int, tuple[Concept, ...], bool]]:
    # (start, end, concepts, negated) of every phrase; `reach` counts the words a negation still covers
    reach, took, at = 0, False, 0
    while at < len(tokens):
        size, phrase = _match(tokens, at, reader)
        end = at + max(size, 1)
        if phrase is None:
            reach = _carry(tokens, at, reach, reader, took=took)
        elif phrase.role in ("negator", "not_negator"):
            reach, took = (NEGATION_REACH + 1 if phrase.role == "negator" else 0), False
        else:
            negated = phrase.role == "taken" or reach > 0 or _is_taken_behind(tokens, end, reader)
            yield at, end, phrase.concepts, negated
            if reach and phrase.concepts:
                reach, took = NEGATION_REACH, True
        at = end


def _match(tokens: Sequence[str], at: int, reader: Reader) -> tuple[int, Phrase | None]:
    # the longest phrase that starts here, and its tokens; a compound that is not listed is taken apart
    for size in range(min(reader.longest(tokens[at]), len(tokens) - at), 0, -1):
        phrase = reader.phrase(tuple(tokens[at : at + size]))
        if phrase:
            return size, phrase
    phrase = _compound(tokens[at], reader)
    return (1, phrase) if phrase else (0, None)


def _compound(word: str, reader: Reader) -> Phrase | None:
    # "Buchenwald" ends like a wood, "Holztisch" is a table and of wood; "cloudless" takes away
    for cut in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        before, after = word[:cut], word[cut:]
        if after in reader.heads:
            known = _modifier(before, reader)
            if after in reader.short_heads and not known:
                continue
            told = (concept for concept in known if concept.kind in _MODIFIERS)
            return Phrase("thing", tuple(dict.fromkeys((*told, *reader.heads[after].concepts))))
        if after in reader.lists["negators_behind"] and _modifier(before, reader):
            return Phrase("taken", _modifier(before, reader))
    return None


def _modifier(part: str, reader: Reader) -> tuple[Concept, ...]:
    # with or without the joint between the parts of a compound
    for form in (part, part.removesuffix("s"), part.removesuffix("n"), part.removesuffix("en"), part + "e"):
        phrase = reader.phrase((form,))
        if phrase and phrase.concepts:
            return phrase.concepts
    return ()


def _is_taken_behind(tokens: Sequence[str], end: int, reader: Reader) -> bool:
    # "rain free"; "der Hund bellt nicht." where the negator is the last word of its clause
    if end < len(tokens) and tokens[end] in reader.lists["negators_behind"]:
        return True
    for at in range(end, min(end + 3, len(tokens))):
        if tokens[at] in reader.lists["negators_last"]:
            return at + 1 == len(tokens) or tokens[at + 1] in _STOPS or tokens[at + 1] == _COMMA
        if reader.phrase((tokens[at],)):
            return False
    return False


def _carry(tokens: Sequence[str], at: int, reach: int, reader: Reader, *, took: bool) -> int:
    # how far a negation still reaches behind a word or sign that names nothing
    token = tokens[at]
    if not reach or token in _STOPS or token in reader.lists["enders"]:
        return 0
    if took and token in reader.lists["enders_after"]:
        return 0
    listing = reader.lists["list_joiners"]
    size = _match(tokens, at + 1, reader)[0] if at + 1 < len(tokens) else 0
    after = tokens[at + 1 + size] if size and at + 1 + size < len(tokens) else ""
    if token == _LISTING_COMMA:
        return reach if size else 0
    if token == _COMMA:
        # "no rain, wind or music" is a list; "no music, rain on a street" is not
        return reach if after in listing or after == _COMMA else 0
    if token in reader.lists["joiners"] and token not in listing:
        # "no rain and thunder" goes on, "no rain and a barking dog" does not
        return reach if size else 0
    return reach - 1


def _spelled(tokens: Sequence[str]) -> str:
    # Chinese signs stand close, words apart
    return ("" if tokens[0] >= "\u3040" else " ").join(tokens)
