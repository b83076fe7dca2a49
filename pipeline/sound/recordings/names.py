"""What the name and the words of a recording say: UCS file names, plain words, and the words a cue asks for."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MAX_WORDS = 200
# kinds of concepts whose names are also words for sounds; an object's usual material would be a guess
_SOUNDING = frozenset(("material", "surface", "place", "weather", "animal", "vehicle", "action"))
_CAT_ID = re.compile(r"([A-Z]{2,5})([A-Z][a-z]+)?")
# camel case and digits part words: "MetalHit03" is metal, hit
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class UcsName:
    """A file name by the rules of the Universal Category System; the parts it does not have are empty."""

    category: str
    # what the CatID says, in words
    words: str
    fx_name: str
    creator: str
    source: str


def read_ucs_name(stem: str) -> UcsName | None:
    """Read ``CatID_FXName_CreatorID_SourceID_UserData``; None when the name does not begin with a known CatID.

    ``CatID-UserCategory`` and ``VendorCategory-FXName`` are read as words too. Source: UCS 8.2, naming convention.
    """
    blocks = stem.split("_")
    cat_id, _, user_category = blocks[0].partition("-")
    found = _CAT_ID.fullmatch(cat_id)
    if len(blocks) < 2 or not found:
        return None
    # RAIN and its like are whole; in METLImpt the regular expression's two parts are category and subcategory
    short, sub = found[1], found[2] or ""
    tables = word_tables()
    category = tables["categories"].get(short)
    if category is None:
        return None
    said = (tables["prefixes"].get(short, ""), category.lower(), tables["subcategories"].get(sub, ""), user_category)
    blocks += [""] * 3
    return UcsName(category, " ".join(filter(None, said)), blocks[1], blocks[2], blocks[3])


def words_of(text: str) -> frozenset[str]:
    """Words of a text, lower case and singular, and what the lexicon of prompts understands of them.

    The lexicon brings other languages: "Regen auf Blech" is also "rain" and "metal" where it knows German.
    """
    from pipeline.sound.lexicon.scene import read_prompt

    text = unicodedata.normalize("NFKC", text)[:4_000]
    plain = [_singular(word.lower()) for word in _WORD.findall(_HUMP.sub(" ", text))][:MAX_WORDS]
    mentions = read_prompt(" ".join(_WORD.findall(_HUMP.sub(" ", text)))).mentions
    understood = [_singular(m.concept.name) for m in mentions if m.concept.kind in _SOUNDING]
    return frozenset(plain) | frozenset(understood)


@cache
def family_words(family: str) -> frozenset[str]:
    """Words that say a sound is made this way; empty for a family that recordings do not replace."""
    return _words(word_tables()["families"].get(family, ""))


@cache
def name_words(name: str) -> tuple[frozenset[str], ...]:
    """Words that name what sounds; of "rain-roof" each part has its own set, and one word of each is asked for."""
    names = word_tables()["names"]
    return tuple(_words(names.get(part, part)) for part in name.split("-"))


@cache
def word_tables() -> dict[str, dict[str, str]]:
    """The tables of `recordings.toml`."""
    return tomllib.loads((files(__package__) / "recordings.toml").read_text("utf-8"))


def _words(text: str) -> frozenset[str]:
    return frozenset(_singular(word) for word in text.split())


def _singular(word: str) -> str:
    # "hits" and "hit" are one word, "glass" is not "glas"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
