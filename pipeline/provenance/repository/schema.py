"""The tables, as they are after the newest migration."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

# revision of the newest script in migrations/versions; a test holds the two together
NEWEST = "0002"


class Tables(NamedTuple):
    """Every table of the repository."""

    manifest: sa.Table
    reservation: sa.Table
    binding: sa.Table
    segment: sa.Table
    sketch: sa.Table
    receipt: sa.Table
    chain: sa.Table
    metadata: sa.MetaData


@cache
def tables() -> Tables:
    """The tables; built once, when first asked for."""
    metadata = sa.MetaData()
    made = (
        _manifest(metadata),
        _reservation(metadata),
        _binding(metadata),
        _segment(metadata),
        _sketch(metadata),
        _receipt(metadata),
        _chain(metadata),
    )
    return Tables(*made, metadata)


def big() -> sa.types.TypeEngine[int]:
    """A 64-bit number; SQLite counts rows by itself only in a column that it calls INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _owner(*, primary: bool = False) -> sa.Column[int]:
    return sa.Column(
        "manifest", big(), sa.ForeignKey("manifest.id", ondelete="CASCADE"), primary_key=primary, nullable=False
    )


def _manifest(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "manifest",
        metadata,
        sa.Column("id", big(), primary_key=True),
        sa.Column("label", sa.String(200), nullable=False, unique=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("store", sa.LargeBinary, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("tenant", sa.String(40), nullable=False),
        sa.Column("signer", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("visibility", sa.String(12), nullable=False),
        # seconds since 1970, for sweeping
        sa.Column("created_s", sa.Double, nullable=False),
        # the receipt that published it; orders manifests by publication
        sa.Column("published_as", big(), unique=True),
        sa.Column("published_at", sa.String(40), nullable=False),
        sa.Column("revoked_at", sa.String(40), nullable=False),
        sa.Column("revoked_reason", sa.String(500), nullable=False),
    )


def _reservation(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "reservation",
        metadata,
        sa.Column("payload", sa.String(16), primary_key=True),
        sa.Column("job", sa.String(200), nullable=False, index=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("label", sa.String(200), index=True),
        sa.Column("created_s", sa.Double, nullable=False),
        # last sign of life of its job
        sa.Column("touched_s", sa.Double, nullable=False),
        # when the finished file took its name; since 0002
        sa.Column("delivered_s", sa.Double),
    )


def _binding(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "binding",
        metadata,
        sa.Column("id", big(), primary_key=True),
        _owner(),
        sa.Column("algorithm", sa.String(80), nullable=False),
        sa.Column("value", sa.String(512), nullable=False),
        sa.Column("start_s", sa.Double),
        sa.Column("end_s", sa.Double),
        # another signer held the value when this was published
        sa.Column("contested", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Index("ix_binding_value", "algorithm", "value"),
        sa.Index("ix_binding_manifest", "manifest"),
    )


def _segment(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "segment",
        metadata,
        sa.Column("id", big(), primary_key=True),
        _owner(),
        # 0, 1, 2 ... within its manifest
        sa.Column("position", sa.Integer, nullable=False),
        # given at publication, so that numbers become visible in their own order
        sa.Column("number", big(), unique=True),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("end_s", sa.Double, nullable=False),
        sa.Column("code", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("manifest", "position", name="uq_segment_position"),
    )


def _sketch(metadata: sa.MetaData) -> sa.Table:
    return sa.Table("sketch", metadata, _owner(primary=True), sa.Column("data", sa.LargeBinary, nullable=False))


def _receipt(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "receipt",
        metadata,
        sa.Column("sequence", big(), primary_key=True, autoincrement=False),
        sa.Column("action", sa.String(12), nullable=False),
        sa.Column("label", sa.String(200), nullable=False, index=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
    )


def _chain(metadata: sa.MetaData) -> sa.Table:
    """One row, locked by whoever publishes: where the chain and the numbers of segments end."""
    return sa.Table(
        "chain",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", big(), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
        sa.Column("segments", big(), nullable=False),
    )
