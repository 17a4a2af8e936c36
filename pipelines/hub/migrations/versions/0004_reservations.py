"""What an order keeps of the stock until it is handed over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taps._kit.points import at

revision = "0004"
down_revision = "0003"

AMOUNT = sa.Numeric(24, 6).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Take the step. Orders that were translated before keep nothing until their source tells of them again."""
    at("G1")
    op.add_column("document", sa.Column("reserved", AMOUNT, server_default="0", nullable=False))
