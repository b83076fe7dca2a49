"""What test harnesses may do with a sandbox: hand in bytes that are no manifest store, and bind values to them.

Nothing here is checked and nothing survives the process. A normal server has no such door.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.provenance.repository import Binding, Receipt, StoredManifest


class LooseShelf:
    """Unchecked manifests in memory, with receipts in the form of the real ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._manifests: dict[str, StoredManifest] = {}
        self._receipts: list[Receipt] = []

    def manifest(self, label: str) -> StoredManifest | None:
        return self._manifests.get(label)

    def add(self, data: bytes, *, tenant: str) -> tuple[str, Receipt]:
        """Keep bytes under a label of their own."""
        label, sha256 = f"urn:c2pa:{uuid.uuid4()}", hashlib.sha256(data).hexdigest()
        now = datetime.now(UTC).isoformat()
        with self._lock:
            previous = self._receipts[-1].entry_hash if self._receipts else ""
            entry = hashlib.sha256(f"{previous}{label}{sha256}{now}".encode()).hexdigest()
            count = len(self._receipts) + 1
            receipt = Receipt(count, "publish", label, now, sha256, "", "", previous, entry)
            self._receipts.append(receipt)
            self._manifests[label] = StoredManifest(
                label, data, sha256, "", "", tenant, "unchecked", "published", "public", published_at=now
            )
        return label, receipt

    def receipts(self, label: str) -> list[Receipt]:
        return [receipt for receipt in self._receipts if receipt.label == label]

    def bind(self, label: str, algorithm: str, value_hex: str) -> None:
        """Bind a value to a manifest, whoever holds it already."""
        with self._lock:
            stored = self._manifests[label]
            binding = Binding(algorithm, value_hex)
            self._manifests[label] = replace(stored, bindings=(*stored.bindings, binding))

    def by_binding(self, algorithm: str, value_hex: str) -> list[StoredManifest]:
        """Whatever the value was bound to, under this algorithm or under none."""
        asked = (Binding(algorithm, value_hex), Binding("", value_hex))
        return [one for one in self._manifests.values() if any(binding in asked for binding in one.bindings)]

    def remove(self, label: str) -> None:
        with self._lock:
            self._manifests.pop(label, None)
