"""Every test of the store runs on both databases: SQLite, and a private PostgreSQL where Debian's package is there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from waferwatch.settings import Settings
from waferwatch.store.store import Store, open_store


@pytest.fixture(scope="session")
def postgres() -> Iterator[object]:
    """A running server, or a skip that says what is missing."""
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed (extra postgres)")
    from tests.store.postgres import PostgresServer, newest_binaries

    binaries = newest_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with PostgresServer(binaries) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a store that nobody has used."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path)
        return
    server = request.getfixturevalue("postgres")
    address = server.new_database()
    yield Settings(data_dir=tmp_path, database_url=address)
    server.drop(address)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A fresh store, ready to use."""
    opened = open_store(settings)
    opened.prepare()
    yield opened
    opened.close()
