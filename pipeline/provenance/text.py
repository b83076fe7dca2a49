"""Text and times from manifests: strangers wrote them, so they are cut and cleaned before anyone sees them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def clean(value: Any, limit: int = 200) -> str:
    """A short single line of visible characters; anything but a string becomes an empty one.

    Control, format and bidirectional characters go (Unicode category C): they can rewrite a terminal
    or turn a sentence around.
    """
    if not isinstance(value, str):
        return ""
    # twice the limit is enough to fill it, and a megabyte need not be looked at
    cut = value[: limit * 2]
    # most texts have nothing to take out, and a report holds thousands
    seen = cut if cut.isprintable() else "".join(_visible(cut))
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _visible(text: str) -> Iterator[str]:
    for mark in text:
        if mark.isspace():
            yield " "
        elif not unicodedata.category(mark).startswith("C"):
            yield mark


def parse_time(value: Any) -> datetime | None:
    """The moment an ISO 8601 text names, in UTC; None when it names none."""
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (AttributeError, ValueError, OverflowError):
        return None


def iso(value: Any) -> str:
    """A time as ISO 8601 in UTC, to the second; empty when the value is none."""
    moment = parse_time(value)
    return moment.isoformat(timespec="seconds") if moment else ""


def day_of(value: Any) -> str:
    """The day of a time as ISO 8601; empty when the value is none."""
    moment = parse_time(value)
    return moment.date().isoformat() if moment else ""


def spoken_day(value: str) -> str:
    """A time as people write a day: 26 May 2025."""
    moment = parse_time(value)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}" if moment else "an unknown day"


def spoken_moment(value: str) -> str:
    """A time as people write it, to the minute: 26 May 2025 at 19:22 UTC."""
    moment = parse_time(value)
    return f"{spoken_day(value)} at {moment:%H:%M} UTC" if moment else "an unknown day"
