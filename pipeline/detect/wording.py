"""Strings that come from files, made fit to stand in a sentence."""

from __future__ import annotations

import unicodedata

# control, format (bidirectional overrides, zero-width, soft hyphen), surrogate, private use, unassigned
_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# two marks are enough for any script; a tower of them climbs over the lines above
_MAX_MARKS = 2

# not calendar.month_name, which follows the machine's language
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def plain(text: object, *, limit: int = 120) -> str:
    """One line without control, bidirectional and invisible characters, its middle cut out beyond `limit`."""
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", str(text)):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MAX_MARKS:
            continue
        if category in ("Zl", "Zp", "Zs") or character in "\t\r\n":
            kept.append(" ")
        elif category not in _UNWANTED:
            kept.append(character)
    return shorten(" ".join("".join(kept).split()), limit)


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a long text: the start and the end of a name tell most."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def day(iso: str) -> str:
    """'2025-05-26T19:22:58+00:00' -> '26 May 2025' in UTC; anything that is no date comes back cleaned."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return plain(iso, limit=40)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
