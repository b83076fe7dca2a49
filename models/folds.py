"""Which clips the trained weights have seen, in five folds by origin, so that every figure comes from the unseen.

Everything trained here is five members; member k never saw fold k. An unknown file is judged by their mean; a clip of
the table by the one member that knows nothing from its origin.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

FOLDS = 5
# real footage in the corpus' kinds; "talk" holds both, told apart by source
AI_KINDS = frozenset({"ai"})
AI_SOURCES = frozenset({"sadtalker-generated"})


@dataclass(frozen=True)
class Seen:
    """One clip of the training table."""

    sha256: str
    origin: str
    # "ai" or "real"
    label: str
    source: str
    fold: int


@lru_cache(maxsize=1)
def seen_clips() -> Mapping[str, Seen]:
    """Every clip that training used, by SHA-256 of the file."""
    text = (files("models") / "folds.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    clips = (Seen(row["sha256"], row["origin"], row["label"], row["source"], int(row["fold"])) for row in rows)
    return {clip.sha256: clip for clip in clips}


def fold_of(sha256: str) -> int | None:
    """The fold of a file, None when training has not seen it."""
    clip = seen_clips().get(sha256)
    return clip.fold if clip else None


def label_of(kind: str, source: str) -> str:
    """ "ai" or "real" of a clip by its kind and source in the corpus' index."""
    return "ai" if kind in AI_KINDS or source in AI_SOURCES else "real"


def members(held_out: int | None) -> tuple[int, ...]:
    """Numbers of the members that may speak: all, or only the one that never saw fold `held_out`."""
    return tuple(range(FOLDS)) if held_out is None else (held_out,)


def assign(clips: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Folds of origins, so that each has about as many clips of either label.

    Parameters
    ----------
    clips : pairs of origin and label

    Returns
    -------
    Fold by origin. Large origins are placed first, each where the fuller label is most wanted.
    """
    counts: dict[str, dict[str, int]] = {}
    for origin, label in clips:
        counts.setdefault(origin, {"ai": 0, "real": 0})[label] += 1
    filled = [{"ai": 0, "real": 0} for _ in range(FOLDS)]
    folds = {}
    for origin in sorted(counts, key=lambda name: (-sum(counts[name].values()), name)):
        mine = counts[origin]
        best = min(
            range(FOLDS), key=lambda k: (sum((filled[k][x] + mine[x]) ** 2 - filled[k][x] ** 2 for x in mine), k)
        )
        folds[origin] = best
        for label in mine:
            filled[best][label] += mine[label]
    return folds
