"""What is deleted or abandoned leaves the disk while the server runs; what belongs to somebody stays."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from tests.store.test_datasets import CSV, keep
from tests.store.test_runs import ERROR, add
from waferwatch.errors import NotFoundError
from waferwatch.settings import Settings
from waferwatch.store.database.connection import now
from waferwatch.store.database.schema import datasets as dataset_rows
from waferwatch.store.database.schema import runs as run_rows
from waferwatch.store.runs import Ending, State
from waferwatch.store.store import Store, open_store
from waferwatch.store.upkeep.sweeper import Sweeper
from waferwatch.store.verdicts import Judgement
from waferwatch.web.app import create_app

_PATIENCE_S = 20.0


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="microseconds")


def make_old(folder: Path) -> None:
    hours_ago = time.time() - 7200
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (hours_ago, hours_ago))


def change_dataset(store: Store, dataset_id: str, **values: object) -> None:
    with store.database.begin() as connection:
        connection.execute(update(dataset_rows).where(dataset_rows.c.id == dataset_id).values(**values))


def wait_for(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_a_running_server_removes_what_was_deleted_long_enough_ago(store: Store) -> None:
    old, recent = keep(store.datasets), keep(store.datasets)
    sweeper = Sweeper(store, every_s=0.02)
    sweeper.start()
    for one in (old, recent):
        store.datasets.delete(one)
    change_dataset(store, old, deleted=ago(minutes=61))
    assert wait_for(lambda: not (store.datasets.folder / old).exists())
    sweeper.stop()
    assert (store.datasets.folder / recent).is_dir()
    assert store.datasets.restore(recent).id == recent


def test_a_sweep_that_fails_is_not_the_last_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[int] = []

    def sweep() -> None:
        sweeps.append(1)
        raise OSError("the disk is away")

    monkeypatch.setattr(store, "sweep", sweep)
    sweeper = Sweeper(store, every_s=0.01)
    sweeper.start()
    assert wait_for(lambda: len(sweeps) > 3)
    sweeper.stop()


def test_a_sweep_removes_abandoned_uploads_and_removals(store: Store) -> None:
    abandoned, fresh = store.datasets.open_incoming(), store.datasets.open_incoming()
    removal = store.results.folder / ".deleted-0123"
    removal.mkdir()
    make_old(abandoned.folder)
    make_old(removal)
    store.sweep()
    assert not abandoned.folder.exists()
    assert not removal.exists()
    assert fresh.folder.exists()


def test_a_sweep_with_nothing_to_do_takes_no_write_lock(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep(store.datasets)
    run = add(store)
    store.results.put_document(run.id, {})
    store.runs.finish(run.id, {})
    make_old(store.datasets.folder / kept)
    store.settle()  # confirms the folders
    thrifty = replace(store, settings=store.settings.model_copy(update={"keep_runs_days": 30}))

    def refuse() -> NoReturn:
        raise AssertionError("a transaction that may write")

    monkeypatch.setattr(store.database, "begin", refuse)
    thrifty.sweep()
    thrifty.settle()
    assert store.datasets.get(kept).id == kept


def test_an_upload_whose_server_was_killed_before_its_row_is_removed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = keep(store.datasets)
    with monkeypatch.context() as patched:
        patched.setattr(store.datasets._uploads, "remove", lambda _: None)  # a killed process tidies nothing
        patched.setattr("waferwatch.store.datasets._values", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            keep(store.datasets)
    (orphan,) = (path for path in store.datasets.folder.iterdir() if path.name != listed)
    store.settle()
    assert orphan.is_dir(), "it may still be on its way"
    make_old(orphan)
    store.settle()
    assert not orphan.exists()
    assert len(store.datasets.table(listed).frame) == 40


def test_a_data_set_whose_server_was_killed_right_after_its_row_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waferwatch.store.disk.folders.confirm", lambda _: None)
    kept = keep(store.datasets)
    monkeypatch.undo()
    make_old(store.datasets.folder / kept)
    store.settle()
    assert len(store.datasets.table(kept).frame) == 40
    assert not (store.datasets.folder / kept / ".unlisted").exists()


def test_another_database_on_the_same_folder_removes_no_data(store: Store, settings: Settings, tmp_path: Path) -> None:
    kept = keep(store.datasets)
    run = add(store)
    store.results.put_document(run.id, {})
    store.runs.finish(run.id, {})
    store.settle()
    for folder in (store.datasets.folder, store.results.folder):
        make_old(folder)
    other = tmp_path / "other.sqlite3"
    stranger = open_store(
        settings.model_copy(update={"database_url": type(settings.database_url)(f"sqlite:///{other}")})
    )
    stranger.prepare()
    stranger.settle()
    stranger.close()
    assert len(store.datasets.table(kept).frame) == 40
    assert store.results.document(run.id) == {}


def test_half_written_files_in_kept_folders_are_removed(store: Store) -> None:
    folder = store.datasets.folder / keep(store.datasets)
    old, fresh = folder / ".table-1.json.0123.part", folder / ".table-2.json.4567.part"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.settle()
    assert not old.exists()
    assert fresh.exists()


def test_a_data_set_without_its_folder_is_taken_out_of_sight(store: Store) -> None:
    kept, lost, young = keep(store.datasets), keep(store.datasets), keep(store.datasets)
    for one in (kept, lost):
        change_dataset(store, one, created=ago(hours=2))
    for one in (lost, young):
        (store.datasets.folder / one).rename(store.datasets.folder / f".moved-{one}")
    store.settle()
    assert {one.id for one in store.datasets.all()} == {"demo", kept, young}
    with pytest.raises(NotFoundError):
        store.datasets.restore(lost)
    (store.datasets.folder / f".moved-{lost}").rename(store.datasets.folder / lost)
    assert store.datasets.restore(lost).id == lost


def test_when_every_folder_is_gone_the_rows_stay(store: Store) -> None:
    """The disk with the data is more likely not there than that every folder was lost."""
    kept = keep(store.datasets)
    change_dataset(store, kept, created=ago(hours=2))
    (store.datasets.folder / kept).rename(store.datasets.folder / ".moved")
    store.settle()
    assert {one.id for one in store.datasets.all()} == {"demo", kept}


def test_results_of_runs_that_ended_without_one_are_removed(store: Store) -> None:
    done, interrupted, running, deleted = (add(store) for _ in range(4))
    for run in (done, interrupted, running, deleted):
        store.results.put_document(run.id, {})
        make_old(store.results.folder / run.id)
    store.runs.finish(done.id, {})
    store.runs.end(interrupted.id, Ending(State.INTERRUPTED, now(), error=ERROR))
    store.runs.start(running.id)
    store.runs.delete(deleted.id)
    store.settle()
    assert {path.name for path in store.results.folder.iterdir()} == {done.id, running.id}


def test_runs_are_deleted_after_their_days_and_not_before(store: Store, settings: Settings) -> None:
    old, recent, running = add(store), add(store), add(store)
    for run in (old, recent):
        store.results.put_document(run.id, {})
        store.verdicts.put(run.id, 1, Judgement.TRUE_ALARM, "", "kim")
        store.runs.finish(run.id, {})
    with store.database.begin() as connection:
        connection.execute(update(run_rows).where(run_rows.c.id == old.id).values(finished=ago(days=31)))
        connection.execute(update(run_rows).where(run_rows.c.id == running.id).values(created=ago(days=31)))
    store.sweep()
    assert store.runs.get(old.id).state is State.DONE, "by default nothing is deleted"
    thrifty = open_store(settings.model_copy(update={"keep_runs_days": 30}))
    thrifty.sweep()
    thrifty.close()
    assert {run.id for run in store.runs.all()} == {recent.id, running.id}
    assert {path.name for path in store.results.folder.iterdir()} == {recent.id}
    assert [one.run for one in store.verdicts.of(old.id, recent.id)] == [recent.id]


def test_a_run_whose_deletion_was_cut_short_can_be_deleted_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = add(store)
    store.results.put_document(run.id, {})
    store.runs.finish(run.id, {})
    with monkeypatch.context() as patched:
        patched.setattr(store.runs, "delete", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            store.delete_run(run.id)
    assert list(store.results.folder.iterdir()) == [], "no result is left that no run names"
    store.delete_run(run.id)
    with pytest.raises(NotFoundError):
        store.runs.get(run.id)


def test_the_server_sweeps_while_it_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waferwatch.web.app.Sweeper", partial(Sweeper, every_s=0.02))
    before = sweepers()
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        sent = {"file": ("a.csv", CSV, "text/csv")}
        dataset = client.post("/datasets", files=sent).json()["id"]
        store: Store = app.state.parts.store
        assert client.delete(f"/datasets/{dataset}").status_code == 204
        change_dataset(store, dataset, deleted=ago(minutes=61))
        assert wait_for(lambda: not (store.datasets.folder / dataset).exists())
        assert client.post(f"/datasets/{dataset}/restore").status_code == 404
        assert len(sweepers() - before) == 1
    assert wait_for(lambda: not sweepers() - before)


def sweepers() -> set[threading.Thread]:
    """Those that run in this process, of other tests' servers too."""
    return {thread for thread in threading.enumerate() if thread.name == "sweeper"}
