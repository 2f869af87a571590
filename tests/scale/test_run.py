"""A run that is stopped, resumed, or meets a bad file."""

from __future__ import annotations

import multiprocessing
import os
import platform
import random
import shutil
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from tests.scale.made import copied, hashes, planned, rows_of, run, states, write_fleet
from waferwatch.cli import main
from waferwatch.errors import InputError
from waferwatch.scale import results
from waferwatch.scale.engines.local import LocalEngine
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.report import report_of, status_of
from waferwatch.scale.storage import Storage
from waferwatch.scale.task import DONE, FAILED, SCORE, SKIPPED, ScaleTask, TaskOutcome
from waferwatch.scale.tasks import run_task


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of two equipment over three days."""
    folder = tmp_path_factory.mktemp("fleet") / "in"
    write_fleet(folder, [rows_of("E1", 3), rows_of("E2", 3, seed=1)])
    return folder


@pytest.fixture(scope="module")
def done(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> ScalePlan:
    """A plan of it that was run from start to end."""
    plan = planned(fleet, tmp_path_factory.mktemp("done") / "out")
    assert run(plan).exit_code == 0
    return plan


def test_nothing_is_done_twice(done: ScalePlan) -> None:
    before = hashes(Path(done.out))
    record = run(done)
    assert {stage: set(counts) for stage, counts in record.counts.items() if counts} == {
        stage: {SKIPPED} for stage in ("learn", "clock", "score", "join")
    }
    assert record.rows == 0
    assert hashes(Path(done.out)) == before


def test_a_unit_done_again_has_the_same_bytes(done: ScalePlan, tmp_path: Path) -> None:
    plan = copied(done, tmp_path / "out")
    expected = hashes(tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "_units")
    assert states(run(plan), SCORE) == {DONE: plan.count["units"]}
    assert hashes(tmp_path / "out") == expected


def test_what_a_marker_rests_on_decides(fleet: Path, tmp_path: Path) -> None:
    """Other settings, or a file that was planned with another size, are done anew; the rest is not."""
    source = tmp_path / "in"
    shutil.copytree(fleet, source)
    out = tmp_path / "out"
    assert run(planned(source, out)).exit_code == 0
    file = source / "equipment=E2" / "day=2026-01-07" / "part-0.parquet"
    file.write_bytes(file.read_bytes()[:-8] + file.read_bytes()[-8:])  # as it was
    assert states(run(planned(source, out)), SCORE) == {SKIPPED: 8}
    assert states(run(planned(source, out, threshold=3.0)), SCORE) == {DONE: 8}


def test_a_bad_file_fails_its_units_with_a_sentence_and_the_rest_goes_on(fleet: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(fleet, source)
    bad = source / "equipment=E2" / "day=2026-01-07" / "part-0.parquet"
    plan = planned(source, out, neighbourhood=100)
    assert run(plan).exit_code == 0  # what an earlier run has left of a unit is no result of this one
    plan = planned(source, out, neighbourhood=101)
    whole = bad.read_bytes()
    bad.write_bytes(whole[:100] + b"\0" * (len(whole) - 200) + whole[-100:])
    record = run(plan)
    assert record.exit_code == 2
    assert states(record, SCORE)[FAILED] == 3  # the day itself, and those whose neighbourhood reaches into it
    assert states(record, SCORE)[DONE] == 5
    found = status_of(plan)
    assert (found.done, found.failed["score"]) == (5, 3)
    assert all("part-0.parquet" in one["sentence"] for one in found.failures)
    assert report_of(plan)["totals"]["missing"] == 3
    assert len((plan.results.child("scores/equipment=E2")).names()) == 1
    bad.write_bytes(whole)
    assert run(plan).exit_code == 0
    assert not status_of(plan).failures


def test_a_file_that_the_plan_cannot_read_is_listed(fleet: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(fleet, source)
    (source / "equipment=E1" / "day=2026-01-06" / "more.parquet").write_bytes(b"PAR1 this is none PAR1")
    plan = planned(source, tmp_path / "out")
    assert plan.count["unreadable"] == 1
    record = run(plan)
    assert (record.exit_code, states(record, SCORE)) == (2, {FAILED: 1, DONE: 8})
    assert "more.parquet" in record.failures[0]["sentence"]


def test_a_file_that_has_changed_since_it_was_planned_is_refused(fleet: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(fleet, source)
    plan = planned(source, tmp_path / "out")
    rows_of("E1", 1).to_parquet(source / "equipment=E1" / "day=2026-01-07" / "part-0.parquet", index=False)
    record = run(plan)
    assert any("has changed since the plan was made" in one["sentence"] for one in record.failures)
    assert states(record, SCORE)[DONE] == 4


def test_an_equipment_with_too_few_rows_to_learn_from_fails_alone_and_says_so(fleet: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(fleet, source)
    write_fleet(source, [rows_of("E3", 2).iloc[1430:]])
    record = run(planned(source, tmp_path / "out"))
    assert states(record, SCORE)[DONE] == 8
    assert {one["key"].split("/")[0] for one in record.failures} == {"E3"}
    assert "too few rows in the reference period" in record.failures[0]["sentence"]


class _Deadly(ScaleTask):
    """Kills the process that works on it, as the kernel does where memory is short."""

    def __getattribute__(self, name: str) -> Any:
        if name == "settings" and multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)


class _Stillborn(ScaleTask):
    """Ends each worker before it has begun."""

    def __reduce__(self) -> Any:
        return os._exit, (9,)


def outcomes_of(engine: LocalEngine, *tasks: ScaleTask) -> list[TaskOutcome]:
    try:
        return list(engine.run(tasks))
    finally:
        engine.close()


def test_a_task_that_kills_every_worker_fails_with_a_sentence_behind_all_others(
    done: ScalePlan, tmp_path: Path
) -> None:
    plan = copied(done, tmp_path / "out")
    units = tuple(plan.units())
    deadly = _Deadly(SCORE, plan.out, plan.settings, units[0].equipment, units[:1])
    others = [ScaleTask(SCORE, plan.out, plan.settings, one.equipment, (one,)) for one in units[1:3]]
    *before, last = outcomes_of(LocalEngine(1), deadly, *others)
    assert [one.state for one in before] == [SKIPPED, SKIPPED]
    assert last.state == FAILED
    assert "ended 3 times while it worked on this (signal 9)" in last.sentence
    assert [one["sentence"] for one in status_of(plan).failures] == [last.sentence]


def test_workers_that_end_before_they_begin_are_no_fault_of_a_unit(done: ScalePlan) -> None:
    unit = next(iter(done.units()))
    with pytest.raises(InputError, match=r"end before they begin with a task \(exit code 9\)"):
        outcomes_of(LocalEngine(1), _Stillborn(SCORE, done.out, done.settings, unit.equipment, (unit,)))
    assert not status_of(done).failures


def test_a_worker_that_cannot_be_started_is_started_again(done: ScalePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = next(iter(done.units()))
    failed: list[object] = []
    real = BaseProcess.start

    def start(process: BaseProcess) -> None:
        if len(failed) < 2:
            failed.append(process)
            raise EOFError  # what is found where the process that workers are forked off was killed
        real(process)

    monkeypatch.setattr(BaseProcess, "start", start)
    [outcome] = outcomes_of(LocalEngine(2), ScaleTask(SCORE, done.out, done.settings, unit.equipment, (unit,)))
    assert (outcome.state, len(failed)) == (SKIPPED, 2)


def test_what_a_killed_worker_has_half_written_is_removed(tmp_path: Path) -> None:
    target = Storage.at(str(tmp_path), "out").child("a/b.json")
    target.write(b"1")
    left = [tmp_path / "a" / f".b.json.{platform.node()}-{pid}.part" for pid in (2**30, os.getppid())]
    for one in left:
        one.write_bytes(b"")
    target.write(b"2")
    assert [one.exists() for one in left] == [False, True]  # the other process is alive: it may be writing


def test_a_run_whose_driver_is_killed_again_and_again_goes_on_where_it_was(done: ScalePlan, tmp_path: Path) -> None:
    plan = copied(done, tmp_path / "out")
    expected = hashes(tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "_units")
    chance = random.Random(0)
    workers: Any = ["scale", "run", plan.out, "--workers", "2"]
    for target, argument in ((main, workers), (run, plan), (run, plan)):  # with workers that outlive it, and without
        driver = multiprocessing.get_context("forkserver").Process(target=target, args=(argument,))
        enough = markers_of(plan) + chance.randint(1, 3)
        driver.start()
        while driver.is_alive() and markers_of(plan) < enough:
            time.sleep(0.002)
        driver.kill()
        driver.join()
        assert driver.exitcode == -signal.SIGKILL
    assert 3 <= markers_of(plan) < len(list((tmp_path / "out" / "_parts").rglob("*.json")))
    assert run(plan).exit_code == 0
    assert hashes(tmp_path / "out") == expected


def markers_of(plan: ScalePlan) -> int:
    return len(list((Path(plan.out) / "_units").rglob("*.json")))


def test_a_fault_of_ours_is_kept_apart_from_one_of_the_data(
    done: ScalePlan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = copied(done, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "_units")
    monkeypatch.setattr("waferwatch.scale.tasks.score_unit", lambda *_: 1 / 0)
    assert run(plan).exit_code == 1


def test_storage_that_is_busy_is_asked_again(done: ScalePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = next(iter(done.units()))
    task = ScaleTask("score", done.out, done.settings, unit.equipment, (unit,))
    waits: list[float] = []
    monkeypatch.setattr("waferwatch.scale.storage.time.sleep", waits.append)
    real = results.get_json
    monkeypatch.setattr(results, "get_json", lambda *what: real(*what) if len(waits) >= 2 else _busy())
    assert run_task(task).state == SKIPPED
    assert waits == [0.5, 1.0]
    waits.clear()
    monkeypatch.setattr(results, "get_json", lambda *_: _busy())
    assert "SlowDown" in run_task(task).sentence
    done.results.child(f"{results.FAILED}/{task.key}.json").remove()


def _busy() -> Any:
    raise OSError("SlowDown")
