"""How well a recording fits a cue: how the sound is made, what sounds, and for how long."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from pipeline.records import Cue
from pipeline.sound.catalogue import families
from pipeline.sound.recordings.names import family_words, name_words, word_tables
from pipeline.sound.recordings.shape import SUDDEN_S, Hit, playable

# below this the synthesised sound, which is surely of the right kind, is better
GOOD_ENOUGH = 0.6
# a recording that does not say how its sound is made; only a blow or a place goes without saying
_UNSAID_FAMILY = {"impact": 0.75, "ambience": 0.85}
_UNSAID_NAME = 0.4
# it also names another body, another way ("metal on wood", "door hit")
_ALSO = 0.85
# the body is named in a description only
_TOLD = 0.75
# families whose second name hardly matters
_ONE_KIND = 2
# what swells towards a moment, and what lasts
SWELLING = frozenset(("whoosh", "riser"))
LASTING = frozenset(("ambience", "engine", "scrape", "roll"))
# what may begin slowly although it is one sound
_SLOW = frozenset(("thunder", "door", "animal", "splash", "shatter"))
_SWELL_S = 0.08
# an ambience repeats not sooner than this
_SHORTEST_BED_S = 10.0
# each octave between the length there is and the one that is wanted
_PER_OCTAVE = 0.06
_DESCRIBED = 0.1


def score(cue: Cue, *, title: frozenset[str], words: frozenset[str], hits: Sequence[Hit], duration_s: float) -> float:
    """Fit of a recording, 0 not at all .. about 1; compare with `GOOD_ENOUGH`.

    Parameters
    ----------
    cue : Cue
        Of our own synthesis: its sound is "family/name".
    title : frozenset of str
        What file name and category say: short, and about the sound itself.
    words : frozenset of str
        All that is said, descriptions too; they also tell of the microphone, the table, the weather.
    hits : sequence of Hit
        The separate sounds in it.
    """
    family, _, name = cue.sound.partition("/")
    if title & _never(family):
        return 0.0
    said = _family_fit(family, title, words) * _name_fit(family, name, title, words)
    if said == 0.0:
        return 0.0
    asked = {word for word in cue.description.lower().split() if len(word) > 3}
    told = len(asked & words) / len(asked) if asked else 0.0
    return said * _length_fit(family, cue.length_s, hits, duration_s) + _DESCRIBED * told * said


def fitting_hits(family: str, length_s: float, hits: Sequence[Hit]) -> list[Hit]:
    """The hits of a recording that can stand for a sound of this family and length; all that may be chosen, or none."""
    choice = playable(hits)
    if family in SWELLING:
        fits = all(_SWELL_S <= hit.peak_s - hit.heard_s <= 2.0 * length_s for hit in choice)
    else:
        fits = family in LASTING or family in _SLOW or all(hit.rise_s <= SUDDEN_S for hit in choice)
    return choice if fits else []


def _never(family: str) -> frozenset[str]:
    # no music and no voices among effects and places, whatever else the name says
    return frozenset() if family == "music" else family_words("music") | family_words("voice")


def _family_fit(family: str, title: frozenset[str], words: frozenset[str]) -> float:
    own = family_words(family)
    if not own:
        return 0.0
    others = [family_words(other) - own for other in word_tables()["families"] if other != family]
    # descriptions are asked only where the title says nothing of how the sound is made
    said = title if title & own or any(title & other for other in others) else words
    elsewhere = any(said & other for other in others)
    if said & own:
        return _ALSO if elsewhere else 1.0
    return 0.0 if elsewhere else _UNSAID_FAMILY.get(family, 0.0)


def _name_fit(family: str, name: str, title: frozenset[str], words: frozenset[str]) -> float:
    names = families()[family].names if family in families() else (name,)
    own = frozenset().union(*name_words(name))
    others = [_apart(other, own) for other in names if other != name]
    in_title = _has(name_words(name), title) or any(_has(other, title) for other in others)
    said = title if in_title else words
    elsewhere = any(_has(other, said) for other in others)
    if _has(name_words(name), said):
        return (_ALSO if elsewhere else 1.0) * (1.0 if in_title else _TOLD)
    if elsewhere:
        return 0.0
    return 1.0 if len(names) <= _ONE_KIND else _UNSAID_NAME


def _has(parts: Collection[frozenset[str]], said: frozenset[str]) -> bool:
    return all(part & said for part in parts)


def _apart(name: str, own: frozenset[str]) -> list[frozenset[str]]:
    # the words of another name that are not words of the wanted one as well
    return [part - own for part in name_words(name)]


def _length_fit(family: str, length_s: float, hits: Sequence[Hit], duration_s: float) -> float:
    if family in LASTING:
        least_s = min(length_s, _SHORTEST_BED_S)
        return 1.0 if duration_s >= least_s else 0.0
    fitting = fitting_hits(family, length_s, hits)
    if not fitting:
        return 0.0
    octaves = min(abs(math.log2((hit.end_s - hit.start_s) / length_s)) for hit in fitting)
    return max(1.0 - _PER_OCTAVE * max(octaves - 1.0, 0.0), 0.7)
