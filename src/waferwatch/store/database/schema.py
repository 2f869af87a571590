"""The tables of the store. A change here needs a migration (see CONTRIBUTING.md)."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
)


class Words(TypeDecorator[str]):
    """Free text, without what PostgreSQL cannot hold: NUL, and halves of UTF-16 pairs."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("\0", "").encode(errors="ignore").decode()


# Moments are ISO 8601 text in UTC with microseconds: they sort as they are, and look the same in every database.
datasets = Table(
    "datasets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Words, nullable=False),  # as it was uploaded, or renamed: text, never a path
    Column("rows", BigInteger, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created", String(40), nullable=False),
    Column("roles", JSON, nullable=False),  # column -> role, in file order
    Column("chosen", JSON, nullable=False),  # how the file is read, as far as it was said: see store.imports.chosen
    Column("version", Integer, nullable=False),  # grows with each change of how it is read
    Column("deleted", String(40)),  # when; its files stay until it can be undone no longer
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("dataset", String(32), nullable=False),
    Column("dataset_name", Words, nullable=False),  # as it was called then; the data set may be gone
    Column("options", JSON, nullable=False),
    Column("fingerprint", String(64), nullable=False),  # equal for runs that must give the same result
    Column("state", String(20), nullable=False),
    Column("progress", Float, nullable=False),
    Column("created", String(40), nullable=False),
    Column("started", String(40)),
    Column("finished", String(40)),
    Column("error", JSON),
    Column("summary", JSON),
    Column("user", Words, nullable=False),
    Column("worker", String(200), nullable=False),  # the process that runs it
    Column("touched", String(40), nullable=False),  # when that process last said that it lives: the database's clock
    Column("cancel_requested", String(40)),  # when somebody asked to stop it; the process that runs it obeys
    Column("monitor", String(32)),  # id of the monitor's version that scored, or that was made
    Index(None, "fingerprint"),
    Index(None, "dataset"),
    Index(None, "created"),
    Index(None, "monitor"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(32), nullable=False),
    Column("row", BigInteger, nullable=False),  # peak row of the event: stays true when the threshold moves
    Column("verdict", String(20), nullable=False),
    Column("note", Words, nullable=False),
    Column("user", Words, nullable=False),
    Column("at", String(40), nullable=False),
    UniqueConstraint("run", "row"),
)

problems = Table(
    "problems",
    metadata,
    Column("number", Integer, primary_key=True),  # P-number, never given twice
    Column("dataset", String(32), nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("run", String(32), nullable=False),  # the newest check that found it
    Column("members", JSON, nullable=False),  # its wafers, or the rows of its events, in every check that found it
    Column("about", JSON, nullable=False),  # its title, and the name of the data set: both may be gone
    Column("verdict", String(20)),
    Column("note", Words, nullable=False),
    Column("user", Words, nullable=False),
    Column("at", String(40)),  # when the verdict was given
    Column("acknowledged_by", Words),
    Column("acknowledged_at", String(40)),
    Column("shelved_by", Words),
    Column("shelved_until", String(40)),
    Column("merged_into", Integer),  # number of the problem that it is counted to
    Column("split_from", Integer),  # number of the problem that its wafers were taken out of
    Index(None, "dataset"),
    sqlite_autoincrement=True,
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("until", String(40), nullable=False),  # when its cookie becomes too old, and the row may go
)

golden_sets = Table(
    "golden_sets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Words, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("about", JSON, nullable=False),  # where the rows come from, what was left out and why, coverage
    Column("created", String(40), nullable=False),
    Column("user", Words, nullable=False),
    UniqueConstraint("name", "version"),
)

_KEPT = text("deleted IS NULL")

monitors = Table(
    "monitors",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Words, nullable=False),
    Column("policy", JSON, nullable=False),  # how the threshold is chosen
    Column("equipment", JSON),  # names of the equipment watched; null: all that it knows
    Column("created", String(40), nullable=False),
    Column("user", Words, nullable=False),
    Column("deleted", String(40)),  # when; its files stay until it can be undone no longer
    Index("ix_monitors_name", "name", unique=True, sqlite_where=_KEPT, postgresql_where=_KEPT),
)

monitor_versions = Table(
    "monitor_versions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("monitor", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("origin", String(20), nullable=False),
    Column("golden", String(32)),  # id of its golden set; null where it came without one
    Column("digest", String(64), nullable=False),  # of the model
    Column("about", JSON, nullable=False),  # what the model's files say of it, to be shown without reading them
    Column("created", String(40), nullable=False),
    Column("user", Words, nullable=False),
    Column("activated", String(40)),  # when it was last put in use
    UniqueConstraint("monitor", "number"),
)

marks = Table(
    "marks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("dataset", String(32), nullable=False),
    Column("equipment", Words),  # null: all of it
    Column("kind", String(20), nullable=False),
    Column("start", String(100), nullable=False),  # as the clock of the data shows it
    Column("end", String(100), nullable=False),
    Column("wafers", JSON, nullable=False),
    Column("note", Words, nullable=False),
    Column("user", Words, nullable=False),
    Column("created", String(40), nullable=False),
    Index(None, "dataset"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("user", Words, nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Words, nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "subject"),
)
