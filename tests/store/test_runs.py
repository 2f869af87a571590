"""Runs, verdicts and the audit log, in both databases."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import pytest
from sqlalchemy import select, update

from waferwatch.errors import NotFoundError
from waferwatch.store.database import connection as database_module
from waferwatch.store.database.clock import database_now
from waferwatch.store.database.connection import now
from waferwatch.store.database.schema import runs as rows
from waferwatch.store.runs import Ending, Run, State
from waferwatch.store.store import Store
from waferwatch.store.upkeep.worker import host_of, this_worker
from waferwatch.store.verdicts import Judgement

ERROR = {
    "code": "cancelled",
    "message": "The run was cancelled.",
    "hint": "",
    "field": None,
    "values": {},
    "status": 409,
}


def add(store: Store, dataset: str = "demo", name: str = "", user: str = "kim", **options: object) -> Run:
    return store.runs.add("detection", dataset, name, {"detector": "moment", **options}, "f" * 64, user)


def at_once(act: Callable[[int], object], times: int = 8) -> list[BaseException]:
    faults: list[BaseException] = []

    def safely(number: int) -> None:
        try:
            act(number)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=safely, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def test_a_run_goes_from_queued_to_done(store: Store) -> None:
    run = add(store, filters={"호기": ["E1"]})
    assert (run.state, run.progress, run.options["filters"]) == (State.QUEUED, 0.0, {"호기": ["E1"]})
    store.runs.start(run.id)
    store.runs.keep_alive({run.id: 0.4})
    assert store.runs.get(run.id).progress == 0.4
    store.runs.finish(run.id, {"events": 3})
    done = store.runs.get(run.id)
    assert (done.state, done.progress, done.summary) == (State.DONE, 1.0, {"events": 3})
    assert done.created <= str(done.started) <= str(done.finished)


def test_a_run_that_has_ended_stays_as_it_is(store: Store) -> None:
    run = add(store)
    store.runs.end(run.id, Ending(State.CANCELLED, now(), error=ERROR))
    store.runs.finish(run.id, {"events": 3})
    store.runs.start(run.id)
    ended = store.runs.get(run.id)
    assert (ended.state, ended.error, ended.summary) == (State.CANCELLED, ERROR, None)


def test_runs_are_found_by_data_set_kind_state_and_text(store: Store) -> None:
    first = add(store)
    second = add(store, "0123456789abcdef", "에칭 100%.csv", user="이영희", detector="pca", features=["압력"])
    store.runs.end(second.id, Ending(State.FAILED, now(), error=ERROR))

    def ids(**wanted: object) -> list[str]:
        return [run.id for run in store.runs.all(**wanted)]  # type: ignore[arg-type]

    assert ids() == [second.id, first.id]
    assert ids(dataset="demo") == [first.id]
    assert ids(state="failed") == ids(search="PCA") == ids(search="에칭 100%") == ids(search="영희") == [second.id]
    assert ids(search="압력") == [second.id], "a sensor that was chosen"
    assert ids(search=first.id[3:9]) == [first.id]
    assert ids(kind="comparison") == ids(search="%_") == ids(search="\0") == ids(dataset="\0") == []
    assert ids(limit=1) == [second.id]
    assert ids(limit=1, skip=1) == [first.id]


def test_the_same_question_finds_the_newest_answer(store: Store) -> None:
    first, second, third = add(store), add(store), add(store)
    for run in (first, second):
        store.runs.finish(run.id, {})
    found = store.runs.same("f" * 64)
    assert found is not None
    assert found.id == second.id
    assert third.id != second.id
    assert store.runs.same("0" * 64) is None


@pytest.mark.parametrize("name", ["", "..", "0123456789abcdef", "0123456789abcdef\n", "\0", "' OR 1=1 --"])
def test_a_run_that_is_not_there_is_reported(store: Store, name: str) -> None:
    with pytest.raises(NotFoundError):
        store.runs.get(name)
    with pytest.raises(NotFoundError):
        store.delete_run(name)


def test_runs_of_a_process_that_is_gone_are_interrupted(store: Store) -> None:
    mine, gone, elsewhere, silent = add(store), add(store), add(store), add(store)
    host = host_of(this_worker())
    for run, worker in ((gone, f"{host}:1:0.00"), (elsewhere, "other:5:1.00"), (silent, "other:5:1.00")):
        with store.database.begin() as connection:
            connection.execute(update(rows).where(rows.c.id == run.id).values(worker=worker))
    with store.database.begin() as connection:
        connection.execute(
            update(rows).where(rows.c.id == silent.id).values(touched="2026-01-01T00:00:00.000000+00:00")
        )
    assert set(store.runs.end_abandoned()) == {gone.id, silent.id}
    assert store.runs.get(mine.id).state is State.QUEUED
    assert store.runs.get(elsewhere.id).state is State.QUEUED
    assert store.runs.get(gone.id).state is State.INTERRUPTED
    assert store.runs.get(gone.id).finished is not None
    assert store.runs.end_abandoned() == []


def owned(store: Store, run: Run, worker: str, silent_s: float) -> None:
    """As if ``worker`` had touched the run so many seconds ago."""
    values = {"worker": worker, "touched": database_now(-silent_s)}
    with store.database.begin() as connection:
        connection.execute(update(rows).where(rows.c.id == run.id).values(**values))


def test_a_process_elsewhere_is_gone_after_a_minute_of_silence(store: Store) -> None:
    gone, alive = add(store), add(store)
    owned(store, gone, "elsewhere:5:x", 75)
    owned(store, alive, "elsewhere:5:x", 45)
    assert store.runs.end_abandoned() == [gone.id]


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_machine_whose_clock_is_wrong_ends_no_run_of_another_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Wrong:
            return super().now(tz) + timedelta(hours=hours)

    run = add(store)
    owned(store, run, "elsewhere:5:x", 5)
    monkeypatch.setattr(database_module, "datetime", Wrong)
    assert store.runs.end_abandoned() == []
    mine = add(store)
    store.runs.keep_alive({mine.id: 0.5})
    with store.database.read() as connection:
        touched = connection.execute(select(rows.c.touched).where(rows.c.id == mine.id)).scalar_one()
        assert connection.execute(select(database_now(-30) < touched, touched < database_now(30))).one() == (True, True)


def test_the_database_s_clock_is_written_as_moments_are(store: Store) -> None:
    with store.database.read() as connection:
        early, late = connection.execute(select(database_now(-60), database_now())).one()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", early)
    passed = datetime.fromisoformat(late) - datetime.fromisoformat(early)
    assert timedelta(seconds=59) < passed < timedelta(seconds=61)


def test_a_process_that_was_taken_for_dead_goes_on_with_its_run(store: Store) -> None:
    done, going = add(store), add(store)
    for run in (done, going):
        store.runs.end(run.id, Ending(State.INTERRUPTED, now(), error=ERROR))
    store.runs.keep_alive({going.id: 0.5})
    store.runs.finish(done.id, {"events": 3})
    assert (store.runs.get(going.id).state, store.runs.get(going.id).finished) == (State.RUNNING, None)
    assert store.runs.get(done.id).summary == {"events": 3}


def test_a_process_learns_which_of_its_runs_others_do_not_want(store: Store) -> None:
    wanted, cancelled, deleted, ended = runs = [add(store) for _ in range(4)]
    for run in runs:
        owned(store, run, "elsewhere:5:x", 0)
    store.runs.cancel(cancelled.id, ERROR)
    store.delete_run(deleted.id)
    store.runs.end(ended.id, Ending(State.CANCELLED, now(), error=ERROR))
    assert store.runs.unwanted([run.id for run in runs]) == {cancelled.id, deleted.id, ended.id}
    assert store.runs.get(cancelled.id).state is State.QUEUED, "its own process ends it"
    assert store.runs.unwanted([]) == set()
    owned(store, cancelled, "elsewhere:5:x", 75)
    store.runs.end_abandoned()
    assert store.runs.get(cancelled.id).state is State.CANCELLED, "or whoever finds that process gone"
    assert store.runs.get(wanted.id).state is State.QUEUED


def test_of_many_who_end_a_run_at_once_one_decides(store: Store) -> None:
    run = add(store)

    def end(number: int) -> None:
        if number % 2:
            store.runs.finish(run.id, {"by": number})
        else:
            store.runs.end(run.id, Ending(State.CANCELLED, now(), error=ERROR | {"by": number}))

    assert at_once(end) == []
    ended = store.runs.get(run.id)
    assert (ended.summary is None) == (ended.state is State.CANCELLED)
    assert (ended.error is None) == (ended.state is State.DONE)


def test_many_writers_at_once_lose_nothing(store: Store) -> None:
    def write(number: int) -> None:
        for part in range(5):
            run = add(store, user=f"u{number}")
            store.runs.start(run.id)
            store.audit.add(f"u{number}", "test", run.id, part=part)
            store.verdicts.put(run.id, part, Judgement.TRUE_ALARM, "", f"u{number}")
            store.runs.finish(run.id, {"part": part})

    assert at_once(write) == []
    found = store.runs.all(limit=500)
    assert len(found) == 40
    assert {run.state for run in found} == {State.DONE}
    assert len(store.verdicts.of(*(run.id for run in found))) == 40
    assert len(store.audit.recent(500)) == 40


def test_detections_by_versions_of_monitors_are_found_the_newest_of_each_at_once(store: Store) -> None:
    made = [
        store.runs.add("detection", "demo", "", {}, "f" * 64, "kim", monitor=version)
        for version in ("a1", "a1", "b1", "b1", "c1")
    ]
    for run in made[:3]:  # the newer one of b1 and that of c1 are not done
        store.runs.start(run.id)
        store.runs.finish(run.id, {"events": 1})
    assert [one.id for one in store.runs.by_versions(["a1", "b1", "c1"], 2)] == [made[2].id, made[1].id]
    newest = store.runs.newest_by_version(["a1", "b1", "c1", "d1"])
    assert {version: run.id for version, run in newest.items()} == {"a1": made[1].id, "b1": made[2].id}
    assert store.runs.newest_by_version([]) == {}


def test_a_verdict_replaces_the_one_before_and_can_be_taken_back(store: Store) -> None:
    run = add(store)
    store.verdicts.put(run.id, 7, Judgement.TRUE_ALARM, "valve", "kim")
    made = store.verdicts.put(run.id, 7, Judgement.FALSE_ALARM, "정비 🔧 '; DROP", "lee")
    assert store.verdicts.of(run.id) == [made]
    assert store.verdicts.put(run.id, 7, None, "", "lee") is None
    assert store.verdicts.of(run.id) == []


def test_a_note_may_hold_anything(store: Store) -> None:
    run = add(store)
    store.verdicts.put(run.id, 1, Judgement.TRUE_ALARM, "a\0b\ud800", "k\0im")
    (kept,) = store.verdicts.of(run.id)
    assert (kept.note, kept.user) == ("ab", "kim"), "without what no database can hold"
    store.audit.add("k\0im", "test", "a\0b", note="\0")
    assert store.audit.recent(1)[0].detail == {"note": "\0"}


def test_of_many_verdicts_on_one_event_at_once_one_stays(store: Store) -> None:
    run = add(store)
    judgements = list(Judgement)
    assert at_once(lambda number: store.verdicts.put(run.id, 7, judgements[number % 2], str(number), "kim")) == []
    assert len(store.verdicts.of(run.id)) == 1


def test_a_deleted_run_takes_its_verdicts_with_it(store: Store) -> None:
    run, other = add(store), add(store)
    for one in (run, other):
        store.verdicts.put(one.id, 7, Judgement.TRUE_ALARM, "", "kim")
    store.delete_run(run.id)
    assert store.verdicts.of(run.id) == []
    assert len(store.verdicts.of(other.id)) == 1
    with pytest.raises(NotFoundError):
        store.runs.get(run.id)


def test_the_audit_log_tells_the_newest_first(store: Store) -> None:
    for number in range(3):
        store.audit.add("kim", "delete run", f"r{number}", number=number)
    entries = store.audit.recent(2)
    assert [(entry.subject, entry.detail) for entry in entries] == [("r2", {"number": 2}), ("r1", {"number": 1})]
    assert (entries[0].user, entries[0].action) == ("kim", "delete run")
