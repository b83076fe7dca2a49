"""Manifests in and out of their tables."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.errors import CredentialError
from pipeline.provenance.repository import chain, reservations
from pipeline.provenance.repository.claims import MAX_REASON
from pipeline.provenance.repository.records import (
    Binding,
    Receipt,
    Registration,
    SegmentRow,
    StoredManifest,
    Swept,
    Visibility,
)
from pipeline.provenance.repository.schema import tables
from pipeline.provenance.text import clean

NEVER_DELIVERED = "Its file was never delivered."


# ---------------------------------------------------------------- writing
def keep(connection: sa.Connection, one: Registration, *, signer: str, payload: str = "") -> None:
    """Write a signed manifest with what finds it; it is not found yet."""
    if payload:
        held = reservations.lock(connection, payload)
        if held.state not in reservations.UNFINISHED and held.label != one.label:
            raise CredentialError(reservations.TAKEN.format(payload=payload, label=held.label))
        if held.label and held.label != one.label:
            # the job began again: nothing carries the manifest of its last attempt
            _drop_unpublished(connection, held.label)
    _insert(connection, one, signer)
    if payload and held.state in reservations.UNFINISHED:
        reservations.note_signed(connection, payload, one.label)


def _insert(connection: sa.Connection, one: Registration, signer: str) -> None:
    sha256 = hashlib.sha256(one.store).hexdigest()
    row = {
        "label": one.label,
        "sha256": sha256,
        "store": one.store,
        "media_type": one.media_type,
        "title": one.title,
        "tenant": one.tenant,
        "signer": signer,
        "state": "signed",
        "visibility": one.visibility,
        "created_s": time.time(),
        "published_at": "",
        "revoked_at": "",
        "revoked_reason": "",
    }
    is_new = reservations.insert_new(connection, tables().manifest, row)
    kept = _row(connection, one.label)
    if kept.sha256 != sha256:
        raise CredentialError(
            f"The label {one.label} is known with other bytes; a manifest is never replaced, so sign the file anew."
        )
    if is_new:
        _insert_parts(connection, kept.id, one)


def _insert_parts(connection: sa.Connection, manifest: int, one: Registration) -> None:
    all_tables = tables()
    bindings = [
        {"manifest": manifest, "algorithm": b.algorithm, "value": b.value_hex, "start_s": b.start_s, "end_s": b.end_s}
        for b in dict.fromkeys(one.bindings)
    ]
    segments = [
        {"manifest": manifest, "position": position, "start_s": s.start_s, "end_s": s.end_s, "code": s.code}
        for position, s in enumerate(dict.fromkeys(one.segments))
    ]
    for table, rows in ((all_tables.binding, bindings), (all_tables.segment, segments)):
        if rows:
            connection.execute(sa.insert(table), rows)
    if one.sketch:
        connection.execute(sa.insert(all_tables.sketch).values(manifest=manifest, data=one.sketch))


def publish(connection: sa.Connection, label: str) -> Receipt:
    """Let a signed manifest be found, with its receipt; published ones keep theirs."""
    head = chain.lock_head(connection)
    row = _row(connection, label, locked=True)
    if row is None:
        raise CredentialError(f"There is no manifest {label} to publish (a sweep may have cleared it); sign again.")
    if row.state == "published":
        return chain.latest(connection, label, "publish")
    _mark_contested(connection, row)
    head = chain.number_segments(connection, head, row.id)
    content = chain.content_sha256(connection, row)
    receipt = chain.append(connection, head, action="publish", row=row, content=content, detail=row.visibility)
    _set(connection, row.id, state="published", published_as=receipt.sequence, published_at=receipt.at)
    reservations.note_published(connection, label)
    return receipt


def _mark_contested(connection: sa.Connection, row: Any) -> None:
    binding = tables().binding
    mine = connection.execute(sa.select(binding).where(binding.c.manifest == row.id)).all()
    contested = [one.id for one in mine if _is_contested(connection, one, row)]
    if contested:
        connection.execute(sa.update(binding).where(binding.c.id.in_(contested)).values(contested=True))


def _is_contested(connection: sa.Connection, one: Any, row: Any) -> bool:
    """Whether a value is somebody else's: of another signer, or reserved for another file."""
    binding, manifest, reservation = tables().binding, tables().manifest, tables().reservation
    holder = connection.scalar(
        sa.select(manifest.c.signer)
        .join(binding, binding.c.manifest == manifest.c.id)
        .where(binding.c.algorithm == one.algorithm, binding.c.value == one.value)
        .where(manifest.c.state == "published", binding.c.contested.is_(False))
        .order_by(manifest.c.published_as)
        .limit(1)
    )
    if holder is not None or one.algorithm not in reservations.MARKS:
        return holder not in (None, row.signer)
    held = connection.execute(sa.select(reservation.c.label).where(reservation.c.payload == one.value)).one_or_none()
    return held is not None and held.label != row.label


def revoke(connection: sa.Connection, label: str, reason: str) -> Receipt:
    """Say of a published manifest that it no longer stands, and why."""
    head = chain.lock_head(connection)
    row = _published(connection, label)
    if row.revoked_at:
        return chain.latest(connection, label, "revoke")
    receipt = chain.append(connection, head, action="revoke", row=row, detail=clean(reason, MAX_REASON))
    _set(connection, row.id, revoked_at=receipt.at, revoked_reason=receipt.detail)
    return receipt


def set_visibility(connection: sa.Connection, label: str, visibility: Visibility) -> Receipt:
    """Show a published manifest to strangers, or hide it from them."""
    head = chain.lock_head(connection)
    row = _published(connection, label)
    if row.visibility == visibility:
        return chain.latest(connection, label, "visibility", "publish")
    receipt = chain.append(connection, head, action="visibility", row=row, detail=visibility)
    _set(connection, row.id, visibility=visibility)
    return receipt


def sweep(connection: sa.Connection, older_than_s: float) -> Swept:
    """Release what interrupted jobs left and nobody resumed."""
    chain.lock_head(connection)
    reservation, manifest = tables().reservation, tables().manifest
    before = time.time() - older_than_s
    dead = (reservation.c.touched_s < before) & reservation.c.state.in_(reservations.UNFINISHED)
    undelivered = _withdraw(connection, before)
    released = connection.execute(sa.delete(reservation).where(dead)).rowcount
    alive = sa.exists().where(reservation.c.label == manifest.c.label)
    unpublished = (manifest.c.state == "signed") & (manifest.c.created_s < before) & ~alive
    dropped = connection.execute(sa.delete(manifest).where(unpublished)).rowcount
    return Swept(released, dropped, undelivered)


def _withdraw(connection: sa.Connection, before: float) -> tuple[str, ...]:
    reservation = tables().reservation
    late = (reservation.c.state == "published") & reservation.c.delivered_s.is_(None)
    rows = connection.execute(sa.select(reservation).where(late, reservation.c.touched_s < before)).all()
    for row in rows:
        withdraw(connection, row.payload)
    return tuple(row.label for row in rows)


def withdraw(connection: sa.Connection, payload: str) -> None:
    """Revoke what was published for a file that will not come."""
    chain.lock_head(connection)
    held = reservations.lock(connection, payload)
    if held.state == "published" and held.delivered_s is None:
        revoke(connection, held.label, NEVER_DELIVERED)
        reservations.note_withdrawn(connection, payload)


def _drop_unpublished(connection: sa.Connection, label: str) -> None:
    manifest = tables().manifest
    connection.execute(sa.delete(manifest).where(manifest.c.label == label, manifest.c.state == "signed"))


# ---------------------------------------------------------------- reading
def _row(connection: sa.Connection, label: str, *, locked: bool = False) -> Any:
    manifest = tables().manifest
    query = sa.select(manifest).where(manifest.c.label == label)
    return connection.execute(query.with_for_update() if locked else query).one_or_none()


def _published(connection: sa.Connection, label: str) -> Any:
    row = _row(connection, label, locked=True)
    if row is None or row.state != "published":
        raise CredentialError(f"There is no published manifest {label}; `foleymark repository list` shows those.")
    return row


def _set(connection: sa.Connection, manifest_id: int, **values: Any) -> None:
    manifest = tables().manifest
    connection.execute(sa.update(manifest).where(manifest.c.id == manifest_id).values(**values))


def by_label(connection: sa.Connection, label: str) -> StoredManifest | None:
    """One manifest."""
    row = _row(connection, label)
    return next(iter(_stored(connection, [row] if row else [])), None)


def by_binding(connection: sa.Connection, algorithm: str, value: str, *, limit: int) -> tuple[StoredManifest, ...]:
    """Published manifests that hold a value: the rightful holder's newest first, then the contested, oldest first.

    So nobody who comes later stands before or between them, however many manifests he publishes.
    """
    manifest, binding = tables().manifest, tables().binding
    held = (
        sa.select(binding.c.manifest, sa.func.max(sa.cast(binding.c.contested, sa.Integer)).label("contested"))
        .where(binding.c.algorithm == algorithm, binding.c.value == value)
        .group_by(binding.c.manifest)
        .subquery()
    )
    order = sa.case((held.c.contested == 1, manifest.c.published_as), else_=-manifest.c.published_as)
    rows = connection.execute(
        sa.select(manifest, held.c.contested)
        .join(held, held.c.manifest == manifest.c.id)
        .where(manifest.c.state == "published")
        .order_by(held.c.contested, order)
        .limit(limit)
    ).all()
    return _stored(connection, rows)


def listed(connection: sa.Connection, *, after: str, limit: int, tenant: str | None) -> tuple[StoredManifest, ...]:
    """Manifests in the order of their labels, without their bytes and bindings."""
    manifest = tables().manifest
    columns = [column for column in manifest.c if column.name != "store"]
    query = sa.select(*columns, sa.null().label("store")).where(manifest.c.label > after)
    query = query if tenant is None else query.where(manifest.c.tenant == tenant)
    rows = connection.execute(query.order_by(manifest.c.label).limit(limit)).all()
    return tuple(_manifest(row, ()) for row in rows)


def _stored(connection: sa.Connection, rows: Sequence[Any]) -> tuple[StoredManifest, ...]:
    binding = tables().binding
    query = sa.select(binding).where(binding.c.manifest.in_([row.id for row in rows])).order_by(binding.c.id)
    bindings: dict[int, list[Binding]] = {}
    for one in connection.execute(query) if rows else ():
        bindings.setdefault(one.manifest, []).append(Binding(one.algorithm, one.value, one.start_s, one.end_s))
    return tuple(_manifest(row, tuple(bindings.get(row.id, ()))) for row in rows)


def _manifest(row: Any, bindings: tuple[Binding, ...]) -> StoredManifest:
    return StoredManifest(
        label=row.label,
        store=bytes(row.store or b""),
        sha256=row.sha256,
        media_type=row.media_type,
        title=row.title,
        tenant=row.tenant,
        signer=row.signer,
        state=row.state,
        visibility=row.visibility,
        published_at=row.published_at,
        revoked_at=row.revoked_at,
        revoked_reason=row.revoked_reason,
        bindings=bindings,
        contested=bool(getattr(row, "contested", False)),
    )


def segments_after(connection: sa.Connection, after: int, *, limit: int) -> tuple[SegmentRow, ...]:
    """Published segments in the order of their numbers."""
    segment = tables().segment
    return _segments(connection, segment.c.number > after, limit=limit)


def segments_of(connection: sa.Connection, label: str) -> tuple[SegmentRow, ...]:
    """The published segments of one manifest."""
    manifest, segment = tables().manifest, tables().segment
    return _segments(connection, (manifest.c.label == label) & segment.c.number.is_not(None), limit=None)


def _segments(connection: sa.Connection, which: Any, *, limit: int | None) -> tuple[SegmentRow, ...]:
    manifest, segment = tables().manifest, tables().segment
    query = (
        sa.select(segment.c.number, manifest.c.label, segment.c.start_s, segment.c.end_s, segment.c.code)
        .join(manifest, manifest.c.id == segment.c.manifest)
        .where(which)
        .order_by(segment.c.number)
        .limit(limit)
    )
    return tuple(SegmentRow(*row[:4], bytes(row[4])) for row in connection.execute(query))


def sketch(connection: sa.Connection, label: str) -> bytes:
    """A published manifest's sketch, or nothing."""
    manifest, kept = tables().manifest, tables().sketch
    query = sa.select(kept.c.data).join(manifest, manifest.c.id == kept.c.manifest)
    return bytes(connection.scalar(query.where(manifest.c.label == label, manifest.c.state == "published")) or b"")
