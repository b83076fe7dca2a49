"""Key names: "D minor", "F# dorian", "Eb", "Cis-Moll", "la mineur" as a tonic and a mode."""

from __future__ import annotations

import re
import unicodedata

from pipeline.errors import UsageError
from pipeline.sound.music.harmony import MODE_NAMES

TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_SYLLABLES = {"do": 0, "ut": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11}
_SHARPS = ("#", "is", "sharp", "diese", "diesis", "sostenido", "kreuz")
_FLATS = ("b", "es", "s", "flat", "bemol", "bemolle")
_MODES = {
    "ionian": "major maj dur majeur mayor maggiore 大调 大調 ionian ionisch ionien jonico",
    "aeolian": "minor min m moll mineur menor minore 小调 小調 aeolian aolisch aeolisch eolien eolico",
    "dorian": "dorian dorisch dorien dorico",
    "phrygian": "phrygian phrygisch phrygien frigio",
    "lydian": "lydian lydisch lydien lidio",
    "mixolydian": "mixolydian mixolydisch mixolydien mixolidio",
}
_MODE_OF = {word: mode for mode, words in _MODES.items() for word in words.split()}
_KEY = re.compile(
    rf"(?P<note>{'|'.join(_SYLLABLES)}|[a-h])"
    rf"(?:[ -]*(?P<sign>{'|'.join(sorted((*_SHARPS, *_FLATS), key=len, reverse=True))}))??"
    rf"(?:[ -]*(?P<mode>{'|'.join(sorted(_MODE_OF, key=len, reverse=True))}))?"
)
MAX_NAME = 40


def read_key(text: str) -> tuple[int, str | None]:
    """Tonic (0 C .. 11 B) and mode of a key by name; None for a name that leaves the mode open.

    Raises
    ------
    UsageError
        When the text is no key.
    """
    name = text.strip()
    # "CM" and "Cm" differ by nothing but this
    is_major = name.endswith("M") and not name.isupper() or re.fullmatch(r"[A-H][#b♯♭]?M", name) is not None
    plain = unicodedata.normalize("NFKD", name.replace("♯", "#").replace("♭", "b").replace("–", "-")).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    found = _KEY.fullmatch(plain) if len(name) <= MAX_NAME else None
    if found is None:
        raise UsageError(
            f"There is no key {name[:MAX_NAME]!r}; write one such as 'D minor', 'F# dorian', 'Eb' or 'Cis-Moll'"
            f" (modes: major, minor, {', '.join(MODE_NAMES)})."
        )
    note, sign, mode = found["note"], found["sign"] or "", found["mode"] or ""
    tonic = _SYLLABLES.get(note, _LETTERS.get(note, 0))
    if note == "b" and not sign and mode in ("dur", "moll"):
        tonic = 10  # in German, B is the note below H
    shift = 1 if sign in _SHARPS else -1 if sign in _FLATS else 0
    return (tonic + shift) % 12, "ionian" if is_major and mode == "m" else _MODE_OF.get(mode)


def read_mode(text: str) -> str:
    """Mode by name, e.g. "dorian", "minor", "Dur"; UsageError when it is none."""
    try:
        mode = read_key(f"c {text.strip()}")[1]
    except UsageError:
        mode = None
    if mode is None:
        raise UsageError(
            f"There is no mode {text.strip()[:MAX_NAME]!r}; choose major, minor or {', '.join(MODE_NAMES)}."
        )
    return mode


def key_name(tonic: int, mode: str) -> str:
    """A key as people say it, e.g. "D minor", "F# dorian"."""
    return f"{TONICS[tonic % 12]} {({'ionian': 'major', 'aeolian': 'minor'}).get(mode, mode)}"
