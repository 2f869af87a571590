"""A database that is locked for a while costs no run its end, and nobody waits for ever."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from waferwatch.errors import NotFoundError
from waferwatch.jobs import jobs as module
from waferwatch.jobs.endings import Endings
from waferwatch.jobs.jobs import Jobs
from waferwatch.jobs.options import Options
from waferwatch.models.contract import Progress
from waferwatch.settings import Settings
from waferwatch.store.database import sqlite
from waferwatch.store.database.connection import now
from waferwatch.store.runs import Ending, Run, State
from waferwatch.store.store import Store, open_store

WAIT_S = 60
FIRST, SECOND = (Options("demo", detector="squared_difference", contamination=share) for share in (0.1, 0.2))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a lock, and the pulse is fast."""
    monkeypatch.setattr(sqlite, "PATIENCE_S", 0.2)
    monkeypatch.setattr(module, "_BEAT_S", 0.05)
    monkeypatch.setattr(module, "_BEATS", 2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, threads=1)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def jobs(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 1)  # one run at a time
    made = Jobs(settings, store)
    made.start()
    yield made
    made.close(WAIT_S)


def test_a_run_whose_ending_is_written_while_it_is_read_does_not_look_as_if_it_went_on(store: Store) -> None:
    run = store.runs.add("detection", "demo", "", FIRST.to_dict(), "f", "")
    endings = Endings(store.runs)
    endings.remember(run.id, Ending(State.CANCELLED, now(), None, None))
    before = endings.unwritten()
    read = store.runs.get(run.id)
    endings.retry()
    assert read.state is State.QUEUED
    assert endings.shown(read, before).state is State.CANCELLED


class Gate:
    """Detections begin, wait until they are let go, and return this summary."""

    def __init__(self) -> None:
        self.begun, self.opened = threading.Event(), threading.Event()
        self.summary: dict[str, Any] = {"rows": 1}

    def work(self, _store: Store, _settings: Settings, _run: Run, progress: Progress) -> dict[str, Any]:
        self.begun.set()
        while not self.opened.wait(0.01):
            progress(0.3)
        return self.summary


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    made = Gate()
    monkeypatch.setitem(module.KINDS, "detection", made.work)
    return made


@contextlib.contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Another process writes, as a backup or an administrator may."""
    other = sqlite3.connect(settings.data_dir / "waferwatch.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def until(condition: Callable[[], Any]) -> None:
    limit = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_run_that_ends_while_the_database_is_locked_is_done_when_it_is_free_again(
    jobs: Jobs, store: Store, settings: Settings, gate: Gate
) -> None:
    run = jobs.submit("detection", FIRST, "x")
    assert gate.begun.wait(WAIT_S)
    until(lambda: store.runs.get(run.id).state is State.RUNNING)
    with locked(settings):
        gate.opened.set()
        jobs.ended(run.id).result(WAIT_S)
        assert store.runs.get(run.id).state is State.RUNNING, "the database could not take it"
        shown = jobs.result_of(run.id)
        assert (shown.state, shown.summary, shown.progress) == (State.DONE, {"rows": 1}, 1.0)
    until(lambda: store.runs.get(run.id).state is State.DONE)
    assert store.runs.get(run.id).summary == {"rows": 1}


def test_a_run_that_starts_while_the_database_is_locked_is_computed(
    jobs: Jobs, store: Store, settings: Settings, gate: Gate
) -> None:
    first, second = (jobs.submit("detection", options, "x") for options in (FIRST, SECOND))
    assert gate.begun.wait(WAIT_S)
    with locked(settings):
        gate.opened.set()
        jobs.ended(second.id).result(WAIT_S)
    until(lambda: store.runs.get(second.id).state is State.DONE)
    assert store.runs.get(first.id).state is State.DONE


def test_a_cancel_while_the_database_is_locked_ends_the_wait_for_the_run(
    jobs: Jobs, store: Store, settings: Settings, gate: Gate
) -> None:
    running, waiting = (jobs.submit("detection", options, "x") for options in (FIRST, SECOND))
    assert gate.begun.wait(WAIT_S)
    ends = [jobs.ended(run.id) for run in (running, waiting)]
    with locked(settings):
        for run in (running, waiting):
            jobs.cancel(run.id)
        for end in ends:
            end.result(WAIT_S)
        assert {jobs.get(run.id).state for run in (running, waiting)} == {State.CANCELLED}
    until(lambda: {store.runs.get(run.id).state for run in (running, waiting)} == {State.CANCELLED})


def test_a_cancel_that_goes_wrong_ends_the_wait_for_the_run(
    jobs: Jobs, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.submit("detection", FIRST, "x")
    assert gate.begun.wait(WAIT_S)
    waiting = jobs.submit("detection", SECOND, "x")
    end = jobs.ended(waiting.id)

    def broken(*_arguments: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(type(jobs._endings), "keep", broken)
        with pytest.raises(RuntimeError):
            jobs.cancel(waiting.id)
    end.result(0)


def test_a_run_of_this_process_that_nothing_works_on_can_be_cancelled(jobs: Jobs, store: Store) -> None:
    lost = store.runs.add("detection", "demo", "", FIRST.to_dict(), "f" * 64, "x")
    assert jobs.cancel(lost.id).state is State.CANCELLED


def test_a_summary_that_no_database_takes_fails_the_run(jobs: Jobs, store: Store, gate: Gate) -> None:
    gate.summary = {"rows": object()}
    gate.opened.set()
    run = jobs.submit("detection", FIRST, "x")
    until(lambda: store.runs.get(run.id).state is State.FAILED)


def test_a_server_that_stops_while_the_database_is_locked_ends_without_it(
    jobs: Jobs, store: Store, settings: Settings, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FLUSH_S", 0.1)
    running, waiting = (jobs.submit("detection", options, "x") for options in (FIRST, SECOND))
    assert gate.begun.wait(WAIT_S)
    ends = [jobs.ended(run.id) for run in (running, waiting)]
    with locked(settings):
        jobs.stop()
        for end in ends:
            end.result(WAIT_S)
        jobs.close(WAIT_S)
        assert {jobs.get(run.id).state for run in (running, waiting)} == {State.INTERRUPTED}


def other_process(settings: Settings) -> Store:
    """The same store, as a process on another machine uses it."""
    opened = open_store(settings)
    opened.runs._worker = "elsewhere:7:started"
    return opened


def test_a_run_is_cancelled_by_another_process(jobs: Jobs, store: Store, settings: Settings, gate: Gate) -> None:
    run = jobs.submit("detection", FIRST, "x")
    assert gate.begun.wait(WAIT_S)
    end, elsewhere = jobs.ended(run.id), other_process(settings)
    other = Jobs(settings, elsewhere)
    other.cancel(run.id)
    end.result(WAIT_S)
    until(lambda: other.get(run.id).state is State.CANCELLED)
    elsewhere.close()


def test_a_run_that_another_process_deleted_is_not_computed_further(jobs: Jobs, settings: Settings, gate: Gate) -> None:
    run = jobs.submit("detection", FIRST, "x")
    assert gate.begun.wait(WAIT_S)
    end, elsewhere = jobs.ended(run.id), other_process(settings)
    Jobs(settings, elsewhere).delete(run.id)
    end.result(WAIT_S)
    with pytest.raises(NotFoundError):
        jobs.get(run.id)
    elsewhere.close()
