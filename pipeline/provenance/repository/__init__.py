"""The repository: signed manifests kept apart from their files, found again by what the files carry.

`open_repository(url)` gives a `Repository`: ids are reserved before they are embedded, manifests are published with a
receipt, and a binding counts only if it stands in the signed manifest itself. See docs/repository.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.provenance.repository.records import (
    Binding,
    CodeSegment,
    Receipt,
    ReceiptCheck,
    Registration,
    Reserved,
    SegmentRow,
    StoredManifest,
    Swept,
    Visibility,
)

if TYPE_CHECKING:
    from pipeline.provenance.repository.repository import Repository, open_repository

__all__ = [
    "Binding",
    "CodeSegment",
    "Receipt",
    "ReceiptCheck",
    "Registration",
    "Repository",
    "Reserved",
    "SegmentRow",
    "StoredManifest",
    "Swept",
    "Visibility",
    "open_repository",
]


def __getattr__(name: str) -> Any:
    # sqlalchemy takes longer to import than a command without a repository may wait
    if name in ("Repository", "open_repository"):
        from pipeline.provenance.repository import repository

        return getattr(repository, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
