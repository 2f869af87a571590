"""Runs can be cancelled by another process than the one that runs them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("cancel_requested", sa.String(40)))
