"""Runs from the wish to the result, on a real store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from waferwatch.errors import InputError, NotFoundError
from waferwatch.jobs import jobs as module
from waferwatch.jobs.jobs import Jobs, RunFailed
from waferwatch.jobs.options import Options
from waferwatch.models.contract import Progress
from waferwatch.settings import Settings
from waferwatch.store.runs import Run, State
from waferwatch.store.store import Store, open_store

WAIT_S = 30
QUICK = Options("demo", detector="squared_difference")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def jobs(settings: Settings, store: Store) -> Iterator[Jobs]:
    made = Jobs(settings, store)
    made.start()
    yield made
    made.close(WAIT_S)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Detections wait until it is set."""
    opened = threading.Event()

    def wait(_store: Store, _settings: Settings, _run: Run, progress: Progress) -> dict[str, Any]:
        while not opened.wait(0.01):
            progress(0.3)
        return {"rows": 1}

    monkeypatch.setitem(module.KINDS, "detection", wait)
    return opened


def ended(jobs: Jobs, run: Run) -> Run:
    jobs.ended(run.id).result(WAIT_S)
    return jobs.get(run.id)


def until(condition: Any) -> None:
    limit = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_run_is_done_with_its_result_kept(jobs: Jobs, store: Store, settings: Settings) -> None:
    run = ended(jobs, jobs.submit("detection", QUICK, "kim"))
    assert run.state is State.DONE
    assert run.user == "kim"
    assert run.summary is not None
    assert run.summary["rows"] == 20_000
    later = open_store(settings)
    assert later.results.detection(run.id).events == store.results.detection(run.id).events
    assert later.runs.get(run.id) == run
    later.close()


def test_the_same_question_is_answered_by_the_run_of_before(jobs: Jobs, store: Store) -> None:
    first = ended(jobs, jobs.submit("detection", QUICK, "kim"))
    assert jobs.submit("detection", QUICK, "lee").id == first.id
    store.results.delete(first.id)  # what is gone cannot answer
    assert jobs.submit("detection", QUICK, "lee").id != first.id


def test_two_who_ask_at_once_get_one_run(jobs: Jobs, gate: threading.Event) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(jobs.submit("detection", QUICK, "x").id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.set()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_run_that_fails_tells_why_in_any_language(jobs: Jobs) -> None:
    run = ended(jobs, jobs.submit("detection", Options("demo", features=("none_such",)), "x"))
    assert run.state is State.FAILED
    with pytest.raises(RunFailed) as told:
        jobs.result_of(run.id)
    assert told.value.status == 404
    assert "none_such" in told.value.message()
    assert "column" in told.value.message_template


def test_a_fault_of_ours_tells_nothing_of_the_exception(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> dict[str, Any]:
        raise KeyError("secret")

    monkeypatch.setitem(module.KINDS, "detection", broken)
    run = ended(jobs, jobs.submit("detection", QUICK, "x"))
    assert run.state is State.FAILED
    assert "secret" not in str(run.error)


def test_a_cancelled_run_ends_and_can_be_asked_for_again(jobs: Jobs, gate: threading.Event) -> None:
    run = jobs.submit("detection", QUICK, "x")
    waiting = jobs.submit("detection", Options("demo", contamination=0.2), "x")
    until(lambda: jobs.get(run.id).state is State.RUNNING)
    assert jobs.place(waiting.id) == 1
    jobs.cancel(waiting.id)
    assert jobs.get(waiting.id).state is State.CANCELLED
    jobs.cancel(run.id)
    assert ended(jobs, run).state is State.CANCELLED
    gate.set()
    again = jobs.submit("detection", QUICK, "x")
    assert again.id != run.id
    assert ended(jobs, again).state is State.DONE
    assert jobs.cancel(again.id).state is State.DONE


def test_a_deleted_run_is_gone_even_while_it_ran(jobs: Jobs, store: Store, gate: threading.Event) -> None:
    run = jobs.submit("detection", QUICK, "x")
    until(lambda: jobs.get(run.id).state is State.RUNNING)
    over = jobs.ended(run.id)
    jobs.delete(run.id)
    over.result(WAIT_S)
    with pytest.raises(NotFoundError):
        jobs.get(run.id)
    assert list(store.results.folder.iterdir()) == []


def test_a_stopped_server_tells_its_runs_as_interrupted(
    settings: Settings, store: Store, gate: threading.Event
) -> None:
    jobs = Jobs(settings, store)
    jobs.start()
    run = jobs.submit("detection", QUICK, "x")
    waiting = jobs.submit("detection", Options("demo", contamination=0.2), "x")
    until(lambda: jobs.get(run.id).state is State.RUNNING)
    jobs.stop()
    jobs.close(WAIT_S)
    for one in (run, waiting):
        assert store.runs.get(one.id).state is State.INTERRUPTED
    with pytest.raises(RunFailed, match="server ended"):
        jobs.result_of(run.id)


def test_a_run_of_unknown_data_is_refused_at_once(jobs: Jobs) -> None:
    with pytest.raises(NotFoundError):
        jobs.submit("detection", Options("0123456789abcdef"), "x")


def test_only_rows_that_were_chosen_are_judged_and_the_threshold_moves_among_them(jobs: Jobs, store: Store) -> None:
    from waferwatch.jobs.detection import set_threshold

    filters = (("equipment", ("ETCH-02",)),)
    options = Options("demo", detector="squared_difference", contamination=0.05, filters=filters)
    run = ended(jobs, jobs.submit("detection", options, "x"))
    found = store.results.detection(run.id)
    mine = store.datasets.table("demo").frame["equipment"].to_numpy() == "ETCH-02"
    assert found.flags[mine].any()
    assert not found.flags[~mine].any()
    assert {event.equipment for event in found.events} == {"ETCH-02"}
    for event in found.events:
        assert found.event_ids[event.peak_row] == event.id
        assert found.scores[event.peak_row] == event.peak_score
    same = set_threshold(store, run, found.threshold)
    assert [replace(one, usual_every_hours=None) for one in found.events] == same.events
    assert (same.flags == found.flags).all()
    assert same.runs == found.runs
    fewer = set_threshold(store, run, found.threshold + 1)
    assert 0 < fewer.flags.sum() < found.flags.sum()
    assert (found.flags | ~fewer.flags).all()
    kept = store.runs.get(run.id).summary
    assert kept is not None
    assert kept["events"] == len(fewer.events)
    with pytest.raises(InputError):
        set_threshold(store, run, float("nan"))
