"""Ids before they are embedded: one file each, and found again by the job that was interrupted."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from pipeline.errors import CredentialError
from pipeline.provenance.repository.claims import PAYLOAD
from pipeline.provenance.repository.records import Reserved
from pipeline.provenance.repository.schema import tables

# the algorithms whose value is the id of a mark
MARKS = ("io.foleymark.picture.1", "io.foleymark.sound.1")
UNFINISHED = ("reserved", "embedded", "signed")
MAX_JOB = 200
GONE = "The id {payload} is no longer reserved (a sweep may have released it); finish the clip again."
TAKEN = "The id {payload} was published with {label}; finish the clip again with an id of its own."


def reserve(connection: sa.Connection, payload: str, *, job: str) -> bool:
    """Take an id for a job; False when it is another's or stands in a manifest already."""
    if not PAYLOAD.fullmatch(payload) or not 0 < len(job) <= MAX_JOB:
        raise ValueError(f"an id is 16 hex digits and a job's name 1 to {MAX_JOB} characters")
    now_s = time.time()
    row = {"payload": payload, "job": job, "state": "reserved", "created_s": now_s, "touched_s": now_s}
    if not _is_bound(connection, payload) and insert_new(connection, tables().reservation, row):
        return True
    held = _row(connection, payload)
    if held is None or held.job != job or held.state not in UNFINISHED:
        return False
    _set(connection, payload, touched_s=now_s)
    return True


def is_free(connection: sa.Connection, payload: str) -> bool:
    """Whether no job holds the id and no manifest names it."""
    return _row(connection, payload) is None and not _is_bound(connection, payload)


def insert_new(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless one with its key is there; whether it was."""
    from sqlalchemy.dialects import postgresql, sqlite

    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    return connection.execute(kind.insert(table).values(**row).on_conflict_do_nothing()).rowcount == 1


def _is_bound(connection: sa.Connection, payload: str) -> bool:
    binding = tables().binding
    query = sa.select(binding.c.id).where(binding.c.algorithm.in_(MARKS), binding.c.value == payload).limit(1)
    return connection.execute(query).first() is not None


def reserved_for(connection: sa.Connection, job: str) -> Reserved | None:
    """The id that a job holds and has not delivered."""
    reservation = tables().reservation
    query = sa.select(reservation).where(
        reservation.c.job == job, reservation.c.delivered_s.is_(None), reservation.c.state != "withdrawn"
    )
    row = connection.execute(query.order_by(reservation.c.created_s.desc()).limit(1)).one_or_none()
    return Reserved(row.payload, row.state, row.label or "") if row else None


def embedded(connection: sa.Connection, payload: str) -> None:
    """Note that a file carries the id."""
    held = lock(connection, payload)
    # a job that begins again after signing embeds again, and signs anew
    if held.state not in UNFINISHED:
        raise CredentialError(TAKEN.format(payload=payload, label=held.label))
    _set(connection, payload, state="embedded", touched_s=time.time())


def delivered(connection: sa.Connection, payload: str) -> None:
    """Note that the finished file has its name."""
    held = lock(connection, payload)
    if held.state != "published":
        raise CredentialError(f"The file with the id {payload} has a name before its manifest is published; finish it.")
    if held.delivered_s is None:
        _set(connection, payload, delivered_s=time.time())


def lock(connection: sa.Connection, payload: str) -> Any:
    """An id's row, kept from other writers; CredentialError when it is gone."""
    row = _row(connection, payload, locked=True)
    if row is None:
        raise CredentialError(GONE.format(payload=payload))
    return row


def note_signed(connection: sa.Connection, payload: str, label: str) -> None:
    """Note under which label an id is signed."""
    _set(connection, payload, state="signed", label=label, touched_s=time.time())


def note_published(connection: sa.Connection, label: str) -> None:
    """Note that a label, and with it the id it was signed with, is published."""
    reservation = tables().reservation
    mine = (reservation.c.label == label) & (reservation.c.state == "signed")
    connection.execute(sa.update(reservation).where(mine).values(state="published", touched_s=time.time()))


def note_withdrawn(connection: sa.Connection, payload: str) -> None:
    """Note that the file of a published manifest never came."""
    _set(connection, payload, state="withdrawn", touched_s=time.time())


def _row(connection: sa.Connection, payload: str, *, locked: bool = False) -> Any:
    reservation = tables().reservation
    query = sa.select(reservation).where(reservation.c.payload == payload)
    return connection.execute(query.with_for_update() if locked else query).one_or_none()


def _set(connection: sa.Connection, payload: str, **values: Any) -> None:
    reservation = tables().reservation
    connection.execute(sa.update(reservation).where(reservation.c.payload == payload).values(**values))
