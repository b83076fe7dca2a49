"""What stands behind the routes: repository, tokens, jobs, and who may see what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import HTTPException, Request

from pipeline.app.serve.admission import admitted
from pipeline.app.serve.callers import Caller
from pipeline.app.serve.jobs import Jobs
from pipeline.app.serve.likeness import Likeness
from pipeline.app.serve.receipts import publication
from pipeline.app.serve.sandbox import LooseShelf
from pipeline.app.serve.settings import ServeSettings
from pipeline.app.serve.values import label_of
from pipeline.errors import CredentialError
from pipeline.keys import Keys
from pipeline.provenance.reading.reader import read_manifest_bytes
from pipeline.provenance.repository import Receipt, Repository, StoredManifest, Visibility
from pipeline.provenance.repository.claims import registration_of
from pipeline.records import Credential

Answer = TypeVar("Answer")
# what the store was made for is not in it
UNKNOWN_MEDIA = "application/octet-stream"
MAX_READERS = 4
DELETED = "deleted by its owner"
NOT_FOUND = "There is no such manifest here."


@dataclass
class Service:
    """One running server's parts."""

    settings: ServeSettings
    repository: Repository
    jobs: Jobs
    likeness: Likeness
    # only in a sandbox
    loose: LooseShelf | None = None
    readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_READERS))
    searchers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_READERS))

    async def stored(self, label: str, caller: Caller) -> StoredManifest:
        """A manifest this caller may know of: 404 for unknown, private and deleted ones, 400 for no identifier."""
        try:
            label_of(label)
        except ValueError as error:
            raise HTTPException(400, f"Invalid manifest id: {error}.") from None
        found = self.loose.manifest(label) if self.loose else None
        found = found or await aside(lambda: self.repository.manifest(label))
        if found is None or not is_known_to(found, caller):
            raise HTTPException(404, NOT_FOUND)
        return found

    async def own(self, label: str, caller: Caller) -> StoredManifest:
        """A manifest of the caller's tenant; 403 for those of others."""
        found = await self.stored(label, caller)
        if not caller.belongs_to(found.tenant):
            raise HTTPException(403, "This manifest belongs to somebody else.")
        return found

    async def by_binding(self, caller: Caller, algorithm: str, value: bytes, *, limit: int) -> list[StoredManifest]:
        """Manifests that this value leads to, the rightful holder first, without revoked and hidden ones."""
        most = self.settings.limits.max_results
        found = list(self.loose.by_binding(algorithm, value.hex())) if self.loose else []
        found += await aside(lambda: self.repository.by_binding(algorithm, value.hex(), limit=most))
        return [one for one in found if not one.is_revoked and is_known_to(one, caller)][: min(limit, most)]

    async def near(self, caller: Caller, value: bytes) -> dict[str, int]:
        """Manifests with a stretch near to a fingerprint, and by how many bits of 256 it differs; nearest first."""
        found = await to_thread.run_sync(self.likeness.near, value, limiter=self.searchers)
        nearest = list(found.items())[: self.settings.limits.max_results]
        return {label: bits for label, bits in nearest if await self.may_answer(label, caller)}

    async def may_answer(self, label: str, caller: Caller) -> bool:
        """Whether a manifest that a search led to may be named to this caller."""
        stored = await aside(lambda: self.repository.manifest(label))
        return stored is not None and not stored.is_revoked and is_known_to(stored, caller)

    async def take_in(self, path: Path, caller: Caller, visibility: Visibility) -> tuple[str, Receipt]:
        """Verify an uploaded manifest store and publish it; the same bytes again give the same receipt."""
        assert caller.token is not None
        store, tenant = await aside(path.read_bytes), caller.token.tenant
        # the reader works in a process of its own; a few at a time are enough
        found = await to_thread.run_sync(self._read, store, limiter=self.readers)
        if found is None and self.loose is not None:
            return self.loose.add(store, tenant=tenant)
        credential = admitted(found, signers=self.settings.signers)
        known = await self._taken_before(credential.manifest_label, store)
        if known:
            return credential.manifest_label, known
        try:
            receipt = await aside(lambda: _registered(self.repository, store, tenant, visibility))
        except CredentialError as error:
            # two senders at once: whoever came second gets what a later one would get
            known = await self._taken_before(credential.manifest_label, store)
            if known is None:
                raise HTTPException(400, str(error)) from None
            receipt = known
        return credential.manifest_label, receipt

    def _read(self, store: bytes) -> Credential | None:
        return read_manifest_bytes(store, trust=Keys(self.settings.home).trust())

    async def _taken_before(self, label: str, store: bytes) -> Receipt | None:
        found = await aside(lambda: self.repository.manifest(label))
        if found is None:
            return None
        if found.sha256 != hashlib.sha256(store).hexdigest():
            raise HTTPException(409, "Another manifest store is known under this identifier.")
        if found.is_revoked:
            raise HTTPException(409, "This manifest was withdrawn; it is not taken in again.")
        return publication(await self.receipts(label))

    async def receipts(self, label: str) -> list[Receipt]:
        """Every receipt of a manifest, oldest first."""
        loose = self.loose.receipts(label) if self.loose else []
        return loose or await aside(lambda: list(self.repository.receipts(label)))

    async def delete(self, stored: StoredManifest) -> None:
        """Take a manifest out of every answer. Its bytes and receipts stay, because the chain is never cut."""
        if self.loose and self.loose.manifest(stored.label):
            self.loose.remove(stored.label)
            return
        if not stored.is_revoked:
            await aside(lambda: self.repository.revoke(stored.label, DELETED))
        await aside(lambda: self.repository.set_visibility(stored.label, "private"))


def service_of(request: Request) -> Service:
    """The service of the application that got this request."""
    found = request.app.state.service
    assert isinstance(found, Service)
    return found


def is_known_to(stored: StoredManifest, caller: Caller) -> bool:
    """Whether a caller may know that this manifest exists: not when it is hidden from them, or deleted."""
    if stored.state != "published" or (stored.is_revoked and stored.visibility == "private"):
        return False
    return stored.visibility == "public" or caller.belongs_to(stored.tenant)


async def aside(work: Callable[[], Answer]) -> Answer:
    """Run what waits for the database in a thread, so that others are answered meanwhile."""
    return await to_thread.run_sync(work)


def _registered(repository: Repository, store: bytes, tenant: str, visibility: Visibility) -> Receipt:
    """Publish a store with all bindings that it was signed with, and no others."""
    registration = registration_of(store, media_type=UNKNOWN_MEDIA, tenant=tenant)
    return repository.register(replace(registration, visibility=visibility))
