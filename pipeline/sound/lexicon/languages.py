"""Which languages a text is in, sentence by sentence: by its script, its function words and its accents.

Prompts mix: English tags follow a sentence in Chinese or German. So English is read beside every other language, and
where two languages share a word the one the sentence is in decides what it means.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache

from pipeline.sound.lexicon.lexicons import FOLDER, load_lexicon

# languages in Latin script, in order of preference where nothing tells them apart
LATIN = ("en", "de", "fr", "es")
# less evidence than this (one function word is 1, shared ones less) leaves the choice to the known words
_SURE = 1.0
# a runner-up with this share of the evidence is still in the race
_CLOSE = 0.75
_ENDS = frozenset(".;!?\n。")


def sentences(tokens: Sequence[str]) -> list[tuple[int, int]]:
    """(first, one past the last) token of each sentence; the sign that ends it belongs to it."""
    spans = []
    first = 0
    for at, token in enumerate(tokens):
        if token in _ENDS:
            spans.append((first, at + 1))
            first = at + 1
    return [*spans, (first, len(tokens))] if first < len(tokens) else spans


def languages_of(tokens: Sequence[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Sentences with the languages to read each in, the likeliest first.

    Parameters
    ----------
    tokens : sequence of str
        Of `lexicons.tokenise`.

    Returns
    -------
    list of (int, int, tuple of str)
        First token, one past the last token, languages.
    """
    spans = sentences(tokens)
    whole = evidence(tokens)
    usual = _choose(whole, tokens)
    chosen = []
    for first, last in spans:
        part = tokens[first:last]
        found = evidence(part)
        clear = max(found.values()) >= _SURE and found != whole
        latin = _choose(found, part) if clear else usual
        signs = ("zh",) if any(_is_sign(token) for token in part) else ()
        chosen.append((first, last, (*signs, *dict.fromkeys((latin, "en")))))
    return chosen


def evidence(tokens: Iterable[str]) -> dict[str, float]:
    """How much speaks for each language in Latin script: function words and letters that only it has."""
    words, letters = _marks()
    found = dict.fromkeys(LATIN, 0.0)
    for token in tokens:
        for language in words.get(token, ()):
            found[language] += 1 / len(words[token])
        if not token.isascii():
            for language in {language for letter in token for language in letters.get(letter, ())}:
                found[language] += 0.5
    return found


def _choose(found: dict[str, float], tokens: Sequence[str]) -> str:
    best = max(found.values())
    if best >= _SURE:
        close = [language for language in LATIN if found[language] >= _CLOSE * best]
        if len(close) == 1:
            return close[0]
    else:
        close = list(LATIN)
    words = [token for token in tokens if not _is_sign(token)]
    known = {language: _known(words, language) + found[language] for language in close} if words else {}
    return max(close, key=lambda language: known.get(language, 0.0))


def _known(tokens: Sequence[str], language: str) -> int:
    # words that a language has a concept for
    phrases = load_lexicon(language).phrases
    return sum(bool((phrase := phrases.get((token,))) and phrase.concepts) for token in tokens)


def _is_sign(token: str) -> bool:
    return token[0] >= "\u3040"


@cache
def _marks() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    # languages of each function word, and of each letter
    table = tomllib.loads((FOLDER / "languages.toml").read_text("utf-8"))
    words: dict[str, tuple[str, ...]] = {}
    letters: dict[str, tuple[str, ...]] = {}
    for language in LATIN:
        for word in table[language]["words"].split():
            words[word] = (*words.get(word, ()), language)
        for letter in table[language]["letters"]:
            letters[letter] = (*letters.get(letter, ()), language)
    return words, letters
