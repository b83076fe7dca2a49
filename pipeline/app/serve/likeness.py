"""Fingerprint values in queries: which registered stretches are near to them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.provenance.fingerprint.codes import Kind
    from pipeline.provenance.fingerprint.index import SegmentIndex
    from pipeline.provenance.repository import Repository

# the codes one query may hold: picture, sound and still of one stretch
MAX_CODES = 8


class Likeness:
    """Indexes of one repository, in memory, one for each kind of code; they grow as manifests are published."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._lock = threading.Lock()
        self._indexes: dict[Kind, SegmentIndex] = {}

    def near(self, value: bytes) -> dict[str, int]:
        """Labels of manifests with a stretch near to a value of io.iscc.v0, and the least distance in bits of 256."""
        from pipeline.provenance.fingerprint.codes import split_units
        from pipeline.recovering import WITHIN_BITS

        found: dict[str, int] = {}
        for kind, code in list(split_units(value).items())[:MAX_CODES]:
            # sounds alone are too alike to go by
            if kind == "audio":
                continue
            with self._lock:
                index = self._index(kind)
                index.update(self._repository)
                hits = index.nearest([code], within=WITHIN_BITS)
            for hit in hits:
                found[hit.label] = min(hit.distance, found.get(hit.label, hit.distance))
        return dict(sorted(found.items(), key=lambda one: one[1]))

    def _index(self, kind: Kind) -> SegmentIndex:
        from pipeline.recovering import open_index

        if kind not in self._indexes:
            self._indexes[kind] = open_index(self._repository, kind)
        return self._indexes[kind]
