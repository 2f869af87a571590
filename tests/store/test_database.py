"""The tables are what the code says, in both databases; a database that cannot be used is told as such."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import InternalError

from tests.store.faults import full_disk
from waferwatch.errors import InputError, StorageFullError
from waferwatch.settings import Settings
from waferwatch.store.database.connection import Database, StoreError, now
from waferwatch.store.database.schema import metadata


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


def test_a_full_database_is_reported_as_a_full_disk_and_keeps_what_it_had(tmp_path: Path) -> None:
    database = Database(Settings(data_dir=tmp_path))
    database.migrate()
    audit = metadata.tables["audit"].insert()
    line = {"at": now(), "user": "kim", "action": "test", "subject": "x" * 100_000, "detail": {}}
    with database.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageFullError, match="disk of the server is full") as told, database.begin() as connection:
        connection.execute(audit.values(**line))
    assert (told.value.status, told.value.code) == (507, "storage_full")
    assert isinstance(told.value, StoreError), "what waits for the database must wait for space too"
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == 0
        connection.execute(audit.values(**line | {"subject": "x"}))
    database.close()


def test_a_disk_that_refuses_the_database_is_reported(tmp_path: Path) -> None:
    database = Database(Settings(data_dir=tmp_path))
    database.migrate()
    line = {"at": now(), "user": "kim", "action": "test", "subject": "x" * 2_000_000, "detail": {}}
    refused = pytest.raises(StorageFullError, match="cannot write")
    with full_disk(most_bytes=1_000_000), refused, database.begin() as connection:
        connection.execute(metadata.tables["audit"].insert().values(**line))
    with database.begin() as connection:
        connection.execute(metadata.tables["audit"].insert().values(**line))
    database.close()


def test_a_full_disk_of_postgresql_is_reported(settings: Settings) -> None:
    database = Database(settings)
    with database.begin() as connection:
        if connection.dialect.name != "postgresql":
            pytest.skip("SQLite has tests of its own")
    raising = "DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$"
    with pytest.raises(StorageFullError, match="disk of the server is full"), database.begin() as connection:
        connection.execute(text(raising))
    database.close()


def test_a_reader_cannot_write(settings: Settings) -> None:
    database = Database(settings)
    database.migrate()
    with pytest.raises((StoreError, InternalError)), database.read() as connection:
        connection.execute(text("DELETE FROM audit"))
    with database.begin() as connection:  # the same connections still can
        connection.execute(text("DELETE FROM audit"))
    database.close()


def test_readers_wait_for_no_writer_and_see_what_was_kept(tmp_path: Path) -> None:
    database = Database(Settings(data_dir=tmp_path))
    database.migrate()
    line = metadata.tables["audit"].insert().values(at=now(), user="kim", action="test", subject="x", detail={})
    count = text("SELECT count(*) FROM audit")
    with database.begin() as writing:
        writing.execute(line)
        with database.read() as reading:
            assert reading.execute(count).scalar() == 0
    with database.read() as reading:
        assert reading.execute(count).scalar() == 1
    database.close()


def test_a_writer_gives_up_when_the_server_ends(tmp_path: Path) -> None:
    database = Database(Settings(data_dir=tmp_path))
    database.migrate()
    other = sqlite3.connect(tmp_path / "waferwatch.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, database.give_up).start()
    with pytest.raises(StoreError, match="busy"), database.begin():
        pass
    other.close()
    database.close()


def test_what_was_acknowledged_is_on_the_disk(tmp_path: Path) -> None:
    database = Database(Settings(data_dir=tmp_path))
    full = 2
    with database.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    database.close()


def noise(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 200)


def overwritten_pages(file: Path) -> None:
    database = Database(Settings(data_dir=file.parent))
    database.migrate()
    database.close()
    content = bytearray(file.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    file.write_bytes(content)


@pytest.mark.parametrize("damage", [noise, overwritten_pages])
def test_a_damaged_database_is_reported_with_its_remedy(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(tmp_path / "waferwatch.sqlite3")
    database = Database(Settings(data_dir=tmp_path))
    with pytest.raises(StoreError, match=r"damaged.*restore a backup"):
        database.migrate()
    database.close()


def test_a_database_that_cannot_be_reached_is_reported(tmp_path: Path) -> None:
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
