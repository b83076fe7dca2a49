"""Ingredients: what the finished file was made from."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pipeline.provenance.manifest.plan import MAX_SOUNDS, Parent, Placement, Source
from pipeline.provenance.source_types import to_uri

MAX_AUTHORS = 20
PARENT_LABEL = "parent"


def parent_ingredient(parent: Parent, *, signed: bool) -> dict[str, Any]:
    """The ingredient of the clip that came in; its own credentials, where it has some, say how it came to be."""
    ingredient = {
        "title": parent.title,
        "format": parent.media_type,
        "relationship": "parentOf",
        "label": PARENT_LABEL,
    }
    if not signed:
        _add_source_type(ingredient, parent.digital_source_type)
    return ingredient


def source_ingredient(source: Source, number: int, *, signed: bool) -> dict[str, Any]:
    """The ingredient of another file; one with credentials of its own lets them say how it came to be."""
    ingredient: dict[str, Any] = {
        "title": source.title,
        "relationship": "componentOf",
        "label": source_label(number),
    }
    if source.media_type:
        ingredient["format"] = source.media_type
    if told := _told_of(source):
        ingredient["description"] = told
    if source.thumbnail_jpeg:
        ingredient["thumbnail"] = {"format": "image/jpeg", "identifier": preview_name(number)}
    if not signed:
        _add_source_type(ingredient, source.digital_source_type)
    return ingredient


def preview_name(number: int) -> str:
    """Under which name an ingredient's preview is handed over."""
    return f"source-{number}.jpg"


def source_label(number: int) -> str:
    """What the actions call the ingredient."""
    return f"source-{number}"


def sound_label(number: int) -> str:
    """What the actions call a placed sound."""
    return f"sound-{number}"


def sound_ingredient(number: int, group: list[Placement]) -> dict[str, Any]:
    """The ingredient of one placed sound, with whom it is by and its licence."""
    ingredient = {
        "title": title_of(group),
        "relationship": "componentOf",
        "label": sound_label(number),
        "format": "audio/wav",
        "description": _sound_rights(group),
    }
    _add_source_type(ingredient, group[0].digital_source_type)
    return ingredient


def group_sounds(placements: tuple[Placement, ...]) -> list[list[Placement]]:
    """Placements of one sound together, in order of first use."""

    def gather(asset: bool) -> list[list[Placement]]:
        found: dict[tuple[str, ...], list[Placement]] = defaultdict(list)
        for one in sorted(placements, key=lambda one: one.start_s):
            name = one.asset if asset else f"stem {one.stem}"
            found[(name, one.source, one.licence, one.digital_source_type)].append(one)
        return list(found.values())

    groups = gather(asset=True)
    return groups if len(groups) <= MAX_SOUNDS else gather(asset=False)


def title_of(group: list[Placement]) -> str:
    """The sound's name, or how many there are of a stem."""
    assets = {one.asset for one in group}
    return assets.pop() if len(assets) == 1 else f"{len(assets)} sounds of the stem {group[0].stem}"


def _add_source_type(ingredient: dict[str, Any], term: str) -> None:
    if term:
        # the SDK drops the spelling digitalSourceType without a word
        ingredient["digital_source_type"] = to_uri(term)


def _sound_rights(group: list[Placement]) -> str:
    # attribution licences ask for the author; more authors than these are in the cue sheet
    first = group[0]
    authors = sorted({one.author for one in group if one.author})[:MAX_AUTHORS]
    by = f", recorded by {'; '.join(authors)}" if authors else ""
    digest = f", sha256 {first.sha256}" if first.sha256 and len({one.sha256 for one in group}) == 1 else ""
    return f"made by {first.source}{by}, licence {first.licence}{digest}"


def _told_of(source: Source) -> str:
    parts = (("made by", source.author), ("licence", source.licence), ("sha256", source.sha256))
    return ", ".join(f"{name} {value}" for name, value in parts if value)
