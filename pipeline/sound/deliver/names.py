"""Names of delivered files, and texts from outside made fit to stand in a project file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# with folder and suffix well below the 255 bytes of a name and the 260 characters of an old Windows path
MAX_PART = 40
MAX_LINE = 300


def safe_part(text: str, *, limit: int = MAX_PART) -> str:
    """A piece of a file name: letters, digits and single hyphens; "x" when nothing readable is left."""
    plain = unicodedata.normalize("NFKD", text[: 4 * limit]).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:limit].rstrip("-") or "x"


def one_line(text: str, *, limit: int = MAX_LINE) -> str:
    """One line without control, direction and other invisible characters, cut at `limit`."""
    seen = (" " if sign.isspace() else sign for sign in text[: 4 * limit] if _is_seen(sign) or sign.isspace())
    return " ".join("".join(seen).split())[:limit]


def _is_seen(sign: str) -> bool:
    # control, format, surrogate, private use, unassigned
    return not unicodedata.category(sign).startswith("C")


def clock_part(time_s: float) -> str:
    """A time that sorts as text: 3661.25 s is 01-01-01-250."""
    whole_ms = max(round(time_s * 1000), 0)
    hours, rest = divmod(whole_ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}-{minutes:02d}-{rest // 1000:02d}-{rest % 1000:03d}"


def tell_apart(names: Iterable[str]) -> list[str]:
    """The same names, equal ones numbered; case does not count, since disks of two kinds know none."""
    taken: set[str] = set()
    found = []
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate.lower())
        found.append(candidate)
    return found
