"""The first tables. Frozen: what a later version needs is added by a later step."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _owner(*, primary: bool = False) -> sa.Column[int]:
    return sa.Column(
        "manifest", _big(), sa.ForeignKey("manifest.id", ondelete="CASCADE"), primary_key=primary, nullable=False
    )


def upgrade() -> None:
    """Make the tables and the one row of the chain."""
    _manifests()
    _what_finds_them()
    _receipts()


def _manifests() -> None:
    op.create_table(
        "manifest",
        sa.Column("id", _big(), primary_key=True),
        sa.Column("label", sa.String(200), nullable=False, unique=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("store", sa.LargeBinary, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("tenant", sa.String(40), nullable=False),
        sa.Column("signer", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("visibility", sa.String(12), nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("published_as", _big(), unique=True),
        sa.Column("published_at", sa.String(40), nullable=False),
        sa.Column("revoked_at", sa.String(40), nullable=False),
        sa.Column("revoked_reason", sa.String(500), nullable=False),
    )
    op.create_table(
        "reservation",
        sa.Column("payload", sa.String(16), primary_key=True),
        sa.Column("job", sa.String(200), nullable=False, index=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("label", sa.String(200), index=True),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("touched_s", sa.Double, nullable=False),
    )


def _what_finds_them() -> None:
    op.create_table(
        "binding",
        sa.Column("id", _big(), primary_key=True),
        _owner(),
        sa.Column("algorithm", sa.String(80), nullable=False),
        sa.Column("value", sa.String(512), nullable=False),
        sa.Column("start_s", sa.Double),
        sa.Column("end_s", sa.Double),
        sa.Column("contested", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Index("ix_binding_value", "algorithm", "value"),
        sa.Index("ix_binding_manifest", "manifest"),
    )
    op.create_table(
        "segment",
        sa.Column("id", _big(), primary_key=True),
        _owner(),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("number", _big(), unique=True),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("end_s", sa.Double, nullable=False),
        sa.Column("code", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("manifest", "position", name="uq_segment_position"),
    )
    op.create_table("sketch", _owner(primary=True), sa.Column("data", sa.LargeBinary, nullable=False))


def _receipts() -> None:
    op.create_table(
        "receipt",
        sa.Column("sequence", _big(), primary_key=True, autoincrement=False),
        sa.Column("action", sa.String(12), nullable=False),
        sa.Column("label", sa.String(200), nullable=False, index=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
    )
    chain = op.create_table(
        "chain",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", _big(), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
        sa.Column("segments", _big(), nullable=False),
    )
    op.bulk_insert(chain, [{"id": 1, "sequence": 0, "entry_hash": "", "segments": 0}])
