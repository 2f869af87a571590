"""The tables are what the code says, in both databases; a database that cannot be used is told as such."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from waferwatch.errors import InputError
from waferwatch.settings import Settings
from waferwatch.store.database import Database, StoreError, now
from waferwatch.store.schema import metadata


def test_migrations_from_nothing_make_the_tables_of_the_schema(settings: Settings) -> None:
    database = Database(settings)
    database.migrate()
    database.migrate()  # nothing is left to do
    with database.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        assert {*inspect(connection).get_table_names()} == {*metadata.tables, "alembic_version"}
        for table in metadata.sorted_tables:
            found = {index["name"] for index in inspect(connection).get_indexes(table.name)}
            assert {index.name for index in table.indexes} <= found
    database.close()


def test_servers_that_start_at_once_migrate_once(settings: Settings) -> None:
    faults: list[BaseException] = []

    def migrate() -> None:
        database = Database(settings)
        try:
            database.migrate()
        except BaseException as fault:
            faults.append(fault)
        finally:
            database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_transaction_that_raises_changes_nothing(settings: Settings) -> None:
    database = Database(settings)
    database.migrate()
    line = {"at": now(), "user": "kim", "action": "test", "subject": "x", "detail": {}}

    def half() -> None:
        with database.begin() as connection:
            connection.execute(metadata.tables["audit"].insert().values(**line))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == 0
    database.close()


def test_a_database_of_a_newer_version_is_refused(settings: Settings) -> None:
    database = Database(settings)
    database.migrate()
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="another version"):
        database.migrate()
    database.close()


def test_a_database_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    database = Database(Settings(data_dir=tmp_path, database_url="postgresql://x@/x?host=/nowhere"))
    with pytest.raises(StoreError, match="cannot be reached"):
        database.migrate()
    database.close()


@pytest.mark.parametrize("address", ["mysql://x/y", "nonsense", "http://x"])
def test_an_address_that_is_none_is_refused_without_telling_it(tmp_path: Path, address: str) -> None:
    with pytest.raises(InputError) as refused:
        Database(Settings(data_dir=tmp_path, database_url=address))
    assert address not in str(refused.value)


def test_moments_sort_as_they_are() -> None:
    moments = [now() for _ in range(100)]
    assert moments == sorted(moments)
    assert all(len(moment) == len(moments[0]) for moment in moments)
