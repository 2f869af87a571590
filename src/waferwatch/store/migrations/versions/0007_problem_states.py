"""Problems are acknowledged and shelved, merged and split; the audit log can be read by what it is about."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for name, kind in (
        ("acknowledged_by", sa.Text),
        ("acknowledged_at", sa.String(40)),
        ("shelved_by", sa.Text),
        ("shelved_until", sa.String(40)),
        ("merged_into", sa.Integer),
        ("split_from", sa.Integer),
    ):
        op.add_column("problems", sa.Column(name, kind))
    op.create_index("ix_audit_subject", "audit", ["subject"])
