"""Uploaded data sets: rows in the database, files in folders."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import update

from tests.store.faults import full_disk, record_syncs, refuse_sync
from waferwatch.errors import InputError, NotFoundError, StorageFullError, TooLargeError
from waferwatch.settings import Settings
from waferwatch.store.database.connection import StoreFullError
from waferwatch.store.database.schema import datasets as rows
from waferwatch.store.datasets import Datasets
from waferwatch.store.store import Store, open_store

CSV = b"time,pressure,flow,tool\n" + b"\n".join(
    b"%d,%d,%d,%s" % (at, at % 5, at % 7, b"AB"[at % 2 : at % 2 + 1]) for at in range(40)
)


@pytest.fixture
def datasets(store: Store) -> Datasets:
    return store.datasets


def keep(datasets: Datasets, content: bytes = CSV, name: str = "a.csv") -> str:
    incoming = datasets.open_incoming()
    incoming.file.write_bytes(content)
    return datasets.keep(incoming, name)[0].id


def test_a_kept_file_is_read_again_by_another_process_s_store(datasets: Datasets, settings: Settings) -> None:
    kept = keep(datasets)
    other = open_store(settings)
    assert other.datasets.get(kept) == datasets.get(kept)
    assert other.datasets.get(kept).rows == 40
    assert other.datasets.table(kept).frame["pressure"].sum() == 80
    assert other.datasets.table(kept).name == "a.csv"
    other.close()


def test_a_refused_file_leaves_nothing(datasets: Datasets) -> None:
    with pytest.raises(InputError):
        keep(datasets, b"\x00\x00")
    assert list(datasets.folder.iterdir()) == []
    assert [one.id for one in datasets.all()] == ["demo"]


def test_a_file_with_too_many_rows_is_refused(settings: Settings, store: Store) -> None:
    small = open_store(settings.model_copy(update={"max_rows": 39}))
    with pytest.raises(TooLargeError):
        keep(small.datasets)
    small.close()


def test_only_abandoned_uploads_are_cleared_away(datasets: Datasets) -> None:
    old, fresh = datasets.open_incoming(), datasets.open_incoming()
    for incoming in (old, fresh):
        incoming.file.write_bytes(b"half a file")
    hours_ago = time.time() - 7200
    os.utime(old.file, (hours_ago, hours_ago))
    os.utime(old.folder, (hours_ago, hours_ago))
    datasets.clean()
    assert not old.folder.exists()
    assert fresh.folder.exists()
    assert [one.id for one in datasets.all()] == ["demo"]


@pytest.mark.parametrize(
    "name", ["..", "../../x", "", "DEMO", "0123456789abcdeg", "0123456789abcdef\n", ".incoming-0123456789abcdef", "\0"]
)
def test_an_id_that_is_none_of_ours_is_never_a_path(datasets: Datasets, name: str) -> None:
    for act in (datasets.get, datasets.table, datasets.delete, datasets.restore):
        with pytest.raises(NotFoundError):
            act(name)


def test_of_many_who_delete_at_once_one_succeeds(datasets: Datasets) -> None:
    kept = keep(datasets)
    outcomes = []

    def delete() -> None:
        try:
            datasets.delete(kept)
            outcomes.append("deleted")
        except NotFoundError:
            outcomes.append("not found")

    threads = [threading.Thread(target=delete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["deleted", *["not found"] * 7]


def test_a_deleted_data_set_can_be_brought_back(datasets: Datasets) -> None:
    kept = keep(datasets)
    datasets.delete(kept)
    assert [one.id for one in datasets.all()] == ["demo"]
    with pytest.raises(NotFoundError):
        datasets.table(kept)
    assert datasets.restore(kept).id == kept
    assert len(datasets.table(kept).frame) == 40
    with pytest.raises(NotFoundError):
        datasets.restore(kept)


def test_what_was_deleted_long_ago_is_gone_for_good(datasets: Datasets, store: Store) -> None:
    kept, recent = keep(datasets), keep(datasets)
    for one in (kept, recent):
        datasets.delete(one)
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="microseconds")
    with store.database.begin() as connection:
        connection.execute(update(rows).where(rows.c.id == kept).values(deleted=long_ago))
    datasets.clean()
    assert not (datasets.folder / kept).exists()
    assert (datasets.folder / recent).exists()
    with pytest.raises(NotFoundError):
        datasets.restore(kept)
    datasets.restore(recent)


def test_nothing_is_brought_back_after_its_time_even_before_its_files_are_removed(
    datasets: Datasets, store: Store
) -> None:
    kept = keep(datasets)
    datasets.delete(kept)
    long_ago = (datetime.now(UTC) - timedelta(minutes=61)).isoformat(timespec="microseconds")
    with store.database.begin() as connection:
        connection.execute(update(rows).where(rows.c.id == kept).values(deleted=long_ago))
    assert (datasets.folder / kept).is_dir()
    with pytest.raises(NotFoundError):
        datasets.restore(kept)


@pytest.mark.parametrize(
    "name", ["에칭 라인 3월.csv", "'; DROP TABLE datasets; --", "🧪%_\\", "../../etc/passwd", "a\0b.csv"]
)
def test_any_name_is_kept_as_text(datasets: Datasets, name: str) -> None:
    kept = keep(datasets, name=name)
    assert datasets.get(kept).name == name.replace("\0", "")
    datasets.rename(kept, f"{name}2")
    assert datasets.get(kept).name == f"{name}2".replace("\0", "")
    assert datasets.table(kept).name == f"{name}2".replace("\0", "")


def test_a_name_without_a_letter_is_refused(datasets: Datasets) -> None:
    kept = keep(datasets)
    for name in ("", "  ", "\n\t", "\0"):
        with pytest.raises(InputError):
            datasets.rename(kept, name)
    with pytest.raises(InputError):
        datasets.rename("demo", "mine")


def test_roles_are_changed_and_stay_changed(datasets: Datasets, settings: Settings) -> None:
    kept = keep(datasets)
    assert datasets.get(kept).roles["pressure"] == "sensor"
    changed, table = datasets.set_roles(kept, {"pressure": "context"})
    assert changed.version == 2
    assert changed.roles["pressure"] == "context"
    assert table.roles["pressure"].value == "context"
    again, _ = datasets.set_roles(kept, {"tool": "equipment"})
    assert (again.roles["pressure"], again.roles["tool"], again.version) == ("context", "equipment", 3)
    other = open_store(settings)
    assert {name: role.value for name, role in other.datasets.table(kept).roles.items()} == again.roles
    other.close()


def test_a_role_that_a_column_cannot_have_changes_nothing(datasets: Datasets) -> None:
    kept = keep(datasets)
    before = datasets.get(kept)
    with pytest.raises((InputError, NotFoundError)):
        datasets.set_roles(kept, {"tool": "sensor"})
    assert datasets.get(kept) == before
    assert datasets.table(kept).roles["pressure"].value == "sensor"


def test_a_lost_parquet_is_read_from_the_file_again(datasets: Datasets, settings: Settings) -> None:
    kept = keep(datasets)
    for path in (datasets.folder / kept).glob("table-*"):
        path.unlink()
    other = open_store(settings)
    assert other.datasets.table(kept).frame["pressure"].sum() == 80
    other.close()


def test_uploads_at_once_are_all_kept(datasets: Datasets) -> None:
    kept: list[str] = []
    threads = [threading.Thread(target=lambda: kept.append(keep(datasets))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(kept)) == 8
    assert {one.id for one in datasets.all()} == {"demo", *kept}


def test_the_newest_stands_first_after_the_demo(datasets: Datasets) -> None:
    first, second = keep(datasets), keep(datasets)
    assert [one.id for one in datasets.all()] == ["demo", second, first]


def test_the_demo_is_labelled_and_has_three_tools(datasets: Datasets) -> None:
    demo = datasets.get("demo")
    assert demo.builtin
    assert demo.rows == 20_000
    assert {"label", "equipment", "time", "lot"} <= set(demo.roles.values())
    assert datasets.table("demo").frame["equipment"].nunique() == 3


def test_another_process_sees_a_new_name_and_new_roles_at_once(datasets: Datasets, settings: Settings) -> None:
    kept = keep(datasets)
    other = open_store(settings).datasets
    assert other.table(kept).name == "a.csv"
    datasets.rename(kept, "b.csv")
    assert other.table(kept).name == "b.csv", "messages about the data begin with the name"
    datasets.set_roles(kept, {"pressure": "context"})
    assert other.table(kept).roles["pressure"].value == "context"
    datasets.delete(kept)
    with pytest.raises(NotFoundError):
        other.table(kept)


def test_a_version_that_is_no_longer_kept_follows_the_roles_as_they_are(datasets: Datasets) -> None:
    kept = keep(datasets)
    datasets.set_roles(kept, {"pressure": "context"})
    assert datasets.table(kept, 1).roles["pressure"].value == "context"
    datasets.set_roles(kept, {"pressure": "sensor"})
    assert datasets.table(kept, 1).roles["pressure"].value == "sensor"


def test_a_full_database_refuses_an_upload_and_leaves_nothing(
    datasets: Datasets, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = StoreFullError("The disk of the server is full.")

    def refuse() -> NoReturn:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(store.database, "begin", refuse)
        with pytest.raises(StorageFullError):
            keep(datasets)
    assert list(datasets.folder.iterdir()) == []
    assert [one.id for one in datasets.all()] == ["demo"]


def test_a_full_disk_refuses_an_upload_and_leaves_nothing(datasets: Datasets, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        refuse_sync(patched)
        with pytest.raises(StorageFullError, match="disk of the server is full"):
            keep(datasets)
    assert list(datasets.folder.iterdir()) == []
    assert [one.id for one in datasets.all()] == ["demo"]


def test_a_full_disk_leaves_the_roles_as_they_were(datasets: Datasets) -> None:
    kept = keep(datasets)
    before, files = datasets.get(kept), sorted((datasets.folder / kept).iterdir())
    with full_disk(most_bytes=1000), pytest.raises(StorageFullError):
        datasets.set_roles(kept, {"pressure": "context"})
    assert datasets.get(kept) == before
    assert datasets.table(kept).roles["pressure"].value == "sensor"
    assert sorted((datasets.folder / kept).iterdir()) == files
    assert len(list(datasets.folder.iterdir())) == 1


def test_a_store_that_cannot_be_written_says_so(datasets: Datasets) -> None:
    datasets.check_writable()
    assert list(datasets.folder.iterdir()) == []
    with full_disk(most_bytes=1000), pytest.raises(StorageFullError):
        datasets.check_writable()
    assert list(datasets.folder.iterdir()) == []


def test_an_upload_is_on_the_disk_before_it_is_acknowledged(
    datasets: Datasets, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = record_syncs(monkeypatch)
    folder = datasets.folder / keep(datasets)
    names = {"data", "upload.json", "table-1.json", "table-1.parquet"}
    assert {path.name for path in folder.iterdir()} == names
    assert {path.stat().st_ino for path in (*folder.iterdir(), folder, datasets.folder)} <= synced


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_other_users_of_the_machine_can_read_nothing(settings: Settings, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "waferwatch.sqlite3").touch(mode=0o644)  # as 0.3.0 left it
    before = os.umask(0o022)
    try:
        store = open_store(settings)
        store.prepare()
        kept = keep(store.datasets)
        store.datasets.set_roles(kept, {"pressure": "context"})
        store.results.put_document("a" * 16, {})
        store.close()
    finally:
        os.umask(before)
    open_to_others = [path for path in (tmp_path, *tmp_path.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []
