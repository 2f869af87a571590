"""Problems with permanent numbers, and what was said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "problems",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("dataset", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("members", sa.JSON, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("verdict", sa.String(20)),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("at", sa.String(40)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_problems_dataset", "problems", ["dataset"])
