"""What people marked on the time of a data set: maintenance, normal stretches, stretches to leave out."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dataset", sa.String(32), nullable=False),
        sa.Column("equipment", sa.Text),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("start", sa.String(100), nullable=False),
        sa.Column("end", sa.String(100), nullable=False),
        sa.Column("wafers", sa.JSON, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
    )
    op.create_index("ix_marks_dataset", "marks", ["dataset"])
