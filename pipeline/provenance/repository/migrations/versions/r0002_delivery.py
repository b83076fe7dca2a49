"""A job ends with the delivery of its file, not with the publication."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add when a file was delivered; what was published before counts as delivered."""
    op.add_column("reservation", sa.Column("delivered_s", sa.Double))
    op.execute("UPDATE reservation SET delivered_s = touched_s WHERE state = 'published'")
