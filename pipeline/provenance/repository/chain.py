"""Receipts: a chain in which each names the one before, so that none can be changed, left out or slipped in unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from pipeline.provenance.repository.records import Receipt, ReceiptAction, ReceiptCheck
from pipeline.provenance.repository.schema import tables

# receipts read at a time
PAGE = 500
# beyond this a list of complaints tells nothing new
MOST_PROBLEMS = 100


@dataclass(frozen=True)
class Head:
    """Where the chain ends, and the highest number a segment has."""

    sequence: int
    entry_hash: str
    segments: int


def lock_head(connection: sa.Connection) -> Head:
    """The end of the chain, kept from all other writers until the transaction ends."""
    chain = tables().chain
    row = connection.execute(sa.select(chain).where(chain.c.id == 1).with_for_update()).one()
    return Head(row.sequence, row.entry_hash, row.segments)


def number_segments(connection: sa.Connection, head: Head, manifest: int) -> Head:
    """Give a manifest's segments the next numbers."""
    segment = tables().segment
    mine = segment.c.manifest == manifest
    count = connection.scalar(sa.select(sa.func.count()).select_from(segment).where(mine)) or 0
    connection.execute(sa.update(segment).where(mine).values(number=head.segments + 1 + segment.c.position))
    return Head(head.sequence, head.entry_hash, head.segments + count)


def append(
    connection: sa.Connection, head: Head, *, action: ReceiptAction, row: Any, content: str = "", detail: str = ""
) -> Receipt:
    """Write the next receipt, about the manifest of `row`; `head` has to be locked."""
    body = {
        "sequence": head.sequence + 1,
        "action": action,
        "label": row.label,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "manifest_sha256": row.sha256,
        "content_sha256": content,
        "detail": detail,
        "previous": head.entry_hash,
    }
    receipt = Receipt(**body, entry_hash=entry_hash(body))
    all_tables = tables()
    connection.execute(sa.insert(all_tables.receipt).values(**asdict(receipt)))
    connection.execute(
        sa.update(all_tables.chain)
        .where(all_tables.chain.c.id == 1)
        .values(sequence=receipt.sequence, entry_hash=receipt.entry_hash, segments=head.segments)
    )
    return receipt


def entry_hash(body: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a receipt without its own hash: sorted names, no spaces, UTF-8."""
    return hashlib.sha256(_canonical(body)).hexdigest()


def _canonical(data: Any) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_sha256(connection: sa.Connection, row: Any) -> str:
    """SHA-256 over all that the repository says of a manifest and that never changes once it is published."""
    binding, segment, sketch = tables().binding, tables().segment, tables().sketch
    bindings = connection.execute(
        sa.select(binding.c.algorithm, binding.c.value, binding.c.start_s, binding.c.end_s, binding.c.contested)
        .where(binding.c.manifest == row.id)
        .order_by(binding.c.id)
    )
    segments = connection.execute(
        sa.select(segment.c.position, segment.c.number, segment.c.start_s, segment.c.end_s, segment.c.code)
        .where(segment.c.manifest == row.id)
        .order_by(segment.c.position)
    )
    data = connection.scalar(sa.select(sketch.c.data).where(sketch.c.manifest == row.id)) or b""
    content = {
        "media_type": row.media_type,
        "title": row.title,
        "tenant": row.tenant,
        "signer": row.signer,
        "bindings": [[*one[:4], bool(one[4])] for one in bindings],
        "segments": [[*one[:4], bytes(one[4]).hex()] for one in segments],
        "sketch": hashlib.sha256(data).hexdigest(),
    }
    return hashlib.sha256(_canonical(content)).hexdigest()


# ---------------------------------------------------------------- reading
def page(connection: sa.Connection, *, label: str = "", after: int = 0) -> list[Receipt]:
    """The next receipts, of one label or of all."""
    receipt = tables().receipt
    query = sa.select(receipt).where(receipt.c.sequence > after).order_by(receipt.c.sequence).limit(PAGE)
    rows = connection.execute(query.where(receipt.c.label == label) if label else query)
    return [Receipt(**row._mapping) for row in rows]


def latest(connection: sa.Connection, label: str, *actions: ReceiptAction) -> Receipt:
    """The newest receipt of a label for one of these actions; there has to be one."""
    receipt = tables().receipt
    query = sa.select(receipt).where(receipt.c.label == label, receipt.c.action.in_(actions))
    row = connection.execute(query.order_by(receipt.c.sequence.desc()).limit(1)).one()
    return Receipt(**row._mapping)


def _every(connection: sa.Connection) -> Iterator[Receipt]:
    after = 0
    while found := page(connection, after=after):
        yield from found
        after = found[-1].sequence


# ----------------------------------------------------------------- verify
def verify(connection: sa.Connection, *, head: str = "") -> ReceiptCheck:
    """Follow the chain from its beginning, and compare it with what the tables hold.

    Parameters
    ----------
    connection : Connection
        In a transaction that sees one state of the database.
    head : str
        An entry hash that was kept elsewhere; the chain has to lead through it.
    """
    check = _Check(connection)
    for receipt in _every(connection):
        check.see(receipt, kept_head=head)
    check.finish(kept_head=head)
    return ReceiptCheck(check.count, check.previous, tuple(check.problems[:MOST_PROBLEMS]))


class _Check:
    """One walk along the chain."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.problems: list[str] = []
        self.count = 0
        self.previous = ""
        self._published = 0
        self._numbered = 0
        self._met_head = False
        # what later receipts say of a label: few labels have any
        self._shown: dict[str, str] = {}
        self._revoked: dict[str, Receipt] = {}

    def see(self, receipt: Receipt, *, kept_head: str) -> None:
        self.count += 1
        body = asdict(receipt)
        claimed = body.pop("entry_hash")
        where = f"Receipt {receipt.sequence} ({receipt.action} {receipt.label})"
        self._expect(receipt.sequence == self.count, f"{where} stands where receipt {self.count} belongs.")
        self._expect(receipt.previous == self.previous, f"{where} does not follow the receipt before it.")
        self._expect(entry_hash(body) == claimed, f"{where} was changed.")
        # on from what is written, so that one change is one complaint
        self.count, self.previous = receipt.sequence, claimed
        self._met_head |= claimed == kept_head
        if receipt.action == "publish":
            self._published += 1
            self._see_published(receipt, where)
        elif receipt.action == "visibility":
            self._shown[receipt.label] = receipt.detail
        else:
            self._revoked[receipt.label] = receipt

    def _see_published(self, receipt: Receipt, where: str) -> None:
        manifest = tables().manifest
        row = self._connection.execute(sa.select(manifest).where(manifest.c.label == receipt.label)).one_or_none()
        if row is None or row.published_as != receipt.sequence or row.state != "published":
            self._expect(False, f"{where} names a manifest that is not there.")
            return
        stored = hashlib.sha256(row.store).hexdigest()
        same = stored == row.sha256 == receipt.manifest_sha256
        self._expect(same, f"The manifest of {receipt.label} is not the one that was published.")
        same = content_sha256(self._connection, row) == receipt.content_sha256 and row.published_at == receipt.at
        self._expect(same, f"What leads to {receipt.label} is not what was published.")
        self._shown.setdefault(receipt.label, receipt.detail)

    def finish(self, *, kept_head: str) -> None:
        all_tables = tables()
        manifest, segment = all_tables.manifest, all_tables.segment
        at_end = self._connection.execute(sa.select(all_tables.chain)).one_or_none()
        whole = at_end is not None and (at_end.sequence, at_end.entry_hash) == (self.count, self.previous)
        self._expect(whole, "The chain does not end where it was left; receipts are missing at its end.")
        self._expect(not kept_head or self._met_head, "The chain does not lead through the head that you kept.")
        published = manifest.c.state == "published"
        count = self._connection.scalar(sa.select(sa.func.count()).select_from(manifest).where(published))
        self._expect(count == self._published, f"{count} manifests are published with {self._published} receipts.")
        numbers = self._connection.scalar(sa.select(sa.func.max(segment.c.number))) or 0
        self._expect(at_end is None or numbers <= at_end.segments, "There are segments that nobody published.")
        self._see_states()

    def _see_states(self) -> None:
        manifest = tables().manifest
        columns = (manifest.c.label, manifest.c.visibility, manifest.c.revoked_at, manifest.c.revoked_reason)
        for row in self._connection.execute(sa.select(*columns).where(manifest.c.state == "published")):
            shown = self._shown.get(row.label, row.visibility)
            self._expect(row.visibility == shown, f"{row.label} is {row.visibility} without a receipt for it.")
            receipt = self._revoked.get(row.label)
            said = (receipt.at, receipt.detail) if receipt else ("", "")
            same = said == (row.revoked_at, row.revoked_reason)
            self._expect(same, f"The revocation of {row.label} is not the one in its receipt.")

    def _expect(self, held: bool, complaint: str) -> None:
        if not held:
            self.problems.append(complaint)
