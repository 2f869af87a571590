"""Monitors, their versions and golden sets, and which of them a run used."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("monitor", sa.String(32)))
    op.create_index("ix_runs_monitor", "runs", ["monitor"])
    op.create_table(
        "golden_sets",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.UniqueConstraint("name", "version", name="uq_golden_sets_name"),
    )
    _create_monitors()
    _create_versions()


def _create_monitors() -> None:
    op.create_table(
        "monitors",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("policy", sa.JSON, nullable=False),
        sa.Column("equipment", sa.JSON),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("deleted", sa.String(40)),
    )
    kept = sa.text("deleted IS NULL")
    op.create_index("ix_monitors_name", "monitors", ["name"], unique=True, sqlite_where=kept, postgresql_where=kept)


def _create_versions() -> None:
    op.create_table(
        "monitor_versions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("monitor", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("golden", sa.String(32)),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("activated", sa.String(40)),
        sa.UniqueConstraint("monitor", "number", name="uq_monitor_versions_monitor"),
    )
