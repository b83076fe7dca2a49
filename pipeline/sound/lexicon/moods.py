"""Moods: which feelings a text names, by the words of `moods.toml` in five languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pipeline.sound.lexicon.lexicons import LANGUAGES, load_lexicon, read_table, tokenise

# longer than any prompt a generator takes
MAX_CHARACTERS = 8000
# letters that an ending may have
LONGEST_ENDING = 4
# words (or Chinese signs) between a negator and the feeling it takes away
NEGATION_REACH = 2
_FIRST_SIGN = "\u3040"
_STOPS = frozenset(",.;:!?()\n。、")


@dataclass(frozen=True)
class Tone:
    """A feeling that a text names."""

    # in the language of `moods.toml`, e.g. "sad"
    name: str
    # -1 dark, sad .. 1 bright, happy
    valence: float
    # 0 calm .. 1 excited
    arousal: float
    # as it was written
    word: str


def read_moods(text: str) -> tuple[Tone, ...]:
    """The feelings that a text names, in order of the text, each once; what is negated is left out."""
    tokens = tokenise(text, limit=MAX_CHARACTERS)
    found: dict[str, Tone] = {}
    whole, stems, signs = _words()
    for at, token in enumerate(tokens):
        if token >= _FIRST_SIGN:
            name, word = _sign_word(tokens, at, signs)
        else:
            name, word = _name_of(token, whole, stems), token
        if name and not _is_negated(tokens, at):
            valence, arousal = _figures()[name]
            found.setdefault(name, Tone(name, valence, arousal, word))
    return tuple(found.values())


def mood_names() -> tuple[str, ...]:
    """Feelings by name, as they may be asked for."""
    return tuple(_figures())


def _name_of(token: str, whole: dict[str, str], stems: dict[str, str]) -> str:
    if token in whole:
        return whole[token]
    # the longest stem that the word begins with
    for size in range(len(token), max(2, len(token) - LONGEST_ENDING - 1), -1):
        if token[:size] in stems:
            return stems[token[:size]]
    return ""


def _sign_word(tokens: list[str], at: int, signs: dict[str, str]) -> tuple[str, str]:
    for size in (4, 3, 2):
        word = "".join(tokens[at : at + size])
        if word in signs:
            return signs[word], word
    return "", ""


def _is_negated(tokens: list[str], at: int) -> bool:
    before = tokens[max(0, at - NEGATION_REACH) : at]
    for back, word in enumerate(reversed(before)):
        if word in _STOPS:
            return False
        # a Chinese negator stands right before the word
        if word in _negators() and (word < _FIRST_SIGN or back == 0):
            return True
    return False


@cache
def _figures() -> dict[str, tuple[float, float]]:
    return {name: (entry["valence"], entry["arousal"]) for name, entry in read_table("moods").items()}


@cache
def _words() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    # names by whole word, by stem, and by run of Chinese signs
    whole: dict[str, str] = {}
    stems: dict[str, str] = {}
    signs: dict[str, str] = {}
    for name, entry in read_table("moods").items():
        for word in (name, *entry["words"]):
            table = signs if word[0] >= _FIRST_SIGN else stems if word.endswith("~") else whole
            table.setdefault(word.removesuffix("~"), name)
    return whole, stems, signs


@cache
def _negators() -> frozenset[str]:
    # single words; what a phrase of several words takes away is not seen
    phrases = ((words, phrase) for language in LANGUAGES for words, phrase in load_lexicon(language).phrases.items())
    return frozenset(words[0] for words, phrase in phrases if phrase.role == "negator" and len(words) == 1)
