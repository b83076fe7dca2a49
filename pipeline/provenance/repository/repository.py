"""The repository's face; what it promises stands in docs/repository.md."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from pipeline.provenance.repository import chain, manifests, reservations
from pipeline.provenance.repository.claims import accepted
from pipeline.provenance.repository.database import Database, open_database
from pipeline.provenance.repository.records import (
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
    import sqlalchemy as sa

MOST_AT_A_TIME = 10_000


def open_repository(url: str, *, create: bool = True, issuers: tuple[bytes, ...] = ()) -> Repository:
    """Open a repository and bring its schema up to date.

    Parameters
    ----------
    url : str
        A path or ``sqlite:////path`` for SQLite, ``postgresql://user:password@host/base`` for PostgreSQL.
    create : bool
        Make an SQLite file that is missing.
    issuers : tuple of bytes
        Root certificates (PEM) of one's own: a signing certificate that is renewed under one stays the same signer.

    Raises
    ------
    UsageError
        The address cannot be one.
    CredentialError
        The database cannot be reached, is none of ours, or was written by a newer version.
    """
    return Repository(open_database(url, create=create), issuers=issuers)


class Repository:
    """Manifests, bindings, fingerprint segments and receipts. A context manager; safe between threads."""

    def __init__(self, database: Database, *, issuers: tuple[bytes, ...] = ()) -> None:
        self._database = database
        self._issuers = issuers

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    @property
    def name(self) -> str:
        """Where it is, without the password."""
        return self._database.name

    # --------------------------------------------- ids before embedding
    def reserve(self, payload_hex: str, *, job: str) -> bool:
        """Take an id for a job: True when it is the job's now or was before, False when it is another's."""
        return self._database.write(lambda on: reservations.reserve(on, payload_hex, job=job))

    def is_free(self, payload_hex: str) -> bool:
        """Whether no job holds the id and no manifest names it."""
        return self._database.read(lambda on: reservations.is_free(on, payload_hex))

    def reserved_for(self, job: str) -> str | None:
        """The id that a job holds and has not delivered."""
        held = self.reservation(job)
        return held.payload_hex if held else None

    def reservation(self, job: str) -> Reserved | None:
        """How far a job has come that has not delivered."""
        return self._database.read(lambda on: reservations.reserved_for(on, job))

    def embedded(self, payload_hex: str) -> None:
        """Note that a file carries the id."""
        self._database.write(lambda on: reservations.embedded(on, payload_hex))

    def delivered(self, payload_hex: str) -> None:
        """Note that the published file has its name, which ends the job."""
        self._database.write(lambda on: reservations.delivered(on, payload_hex))

    def withdraw(self, payload_hex: str) -> None:
        """Revoke what was published for a file that will not come, which ends the job."""
        self._database.write(lambda on: manifests.withdraw(on, payload_hex))

    # -------------------------------------------------------- manifests
    def signed(self, registration: Registration, payload_hex: str = "", *, ours: bool = False) -> None:
        """Keep a signed manifest, for the id it was signed with; nobody finds it before `publish`.

        `ours` says that this process signed it, so that reading it needs no process of its own.

        Raises
        ------
        CredentialError
            Its signature is not intact, a binding or segment does not stand in its signed soft bindings, a limit is
            passed, the label is known with other bytes, or the id is not reserved.
        """
        checked, signer = accepted(registration, issuers=self._issuers, ours=ours)
        self._database.write(lambda on: manifests.keep(on, checked, signer=signer, payload=payload_hex))

    def publish(self, label: str) -> Receipt:
        """Let a signed manifest be found; done twice, it gives the same receipt."""
        return self._database.write(lambda on: manifests.publish(on, label))

    def register(self, registration: Registration) -> Receipt:
        """`signed` and `publish` at once, for a manifest that comes from elsewhere; raises as `signed`."""
        checked, signer = accepted(registration, issuers=self._issuers)

        def keep_and_publish(on: sa.Connection) -> Receipt:
            manifests.keep(on, checked, signer=signer)
            return manifests.publish(on, checked.label)

        return self._database.write(keep_and_publish)

    def revoke(self, label: str, reason: str) -> Receipt:
        """Say of a published manifest that it no longer stands. It stays readable, and is always said to be revoked."""
        return self._database.write(lambda on: manifests.revoke(on, label, reason))

    def set_visibility(self, label: str, visibility: Visibility) -> Receipt:
        """Show a published manifest to strangers who ask the server, or hide it from them."""
        return self._database.write(lambda on: manifests.set_visibility(on, label, visibility))

    # ---------------------------------------------------------- reading
    def manifest(self, label: str) -> StoredManifest | None:
        """One manifest, published or only signed: look at its `state`."""
        return self._database.read(lambda on: manifests.by_label(on, label))

    def by_binding(self, algorithm: str, value_hex: str, *, limit: int = 10) -> tuple[StoredManifest, ...]:
        """Published manifests that hold a value, the rightful holder's first; revoked and private ones included."""
        return self._database.read(lambda on: manifests.by_binding(on, algorithm, value_hex.lower(), limit=limit))

    def manifests(self, *, after: str = "", limit: int = 100, tenant: str | None = None) -> tuple[StoredManifest, ...]:
        """Manifests by label, without their bytes and bindings."""
        most = min(limit, MOST_AT_A_TIME)
        return self._database.read(lambda on: manifests.listed(on, after=after, limit=most, tenant=tenant))

    def segments(self, after: int = 0, limit: int = MOST_AT_A_TIME) -> tuple[SegmentRow, ...]:
        """Published segments with a number above `after`, in their order; none ever appears below one already seen."""
        most = min(limit, MOST_AT_A_TIME)
        return self._database.read(lambda on: manifests.segments_after(on, after, limit=most))

    def segments_of(self, label: str) -> tuple[SegmentRow, ...]:
        """The published segments of one manifest, in order of time."""
        return self._database.read(lambda on: manifests.segments_of(on, label))

    def sketch(self, label: str) -> bytes:
        """What tells a published manifest's file from near-duplicates, or nothing."""
        return self._database.read(lambda on: manifests.sketch(on, label))

    # --------------------------------------------------------- receipts
    def receipts(self, label: str = "") -> Iterator[Receipt]:
        """Receipts of one label or of all, oldest first."""
        after = 0
        while found := self._receipts_page(label, after):
            yield from found
            after = found[-1].sequence

    def _receipts_page(self, label: str, after: int) -> list[Receipt]:
        return self._database.read(lambda on: chain.page(on, label=label, after=after))

    def verify_receipts(self, *, head: str = "") -> ReceiptCheck:
        """Follow the whole chain and compare it with the tables; `head` is one kept elsewhere at an earlier time."""
        return self._database.read(lambda on: chain.verify(on, head=head))

    # --------------------------------------------------------- clearing
    def sweep(self, older_than_s: float) -> Swept:
        """Release ids and manifests of jobs without a sign of life for so long; revoke what was never delivered."""
        return self._database.write(lambda on: manifests.sweep(on, older_than_s))
