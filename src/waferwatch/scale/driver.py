"""Runs a plan stage by stage on an engine: models, scores, events. It holds counts, never results."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from waferwatch.scale import results
from waferwatch.scale.engines.engine import TaskEngine
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.report import put_fleet
from waferwatch.scale.storage import patiently
from waferwatch.scale.task import ADOPT, CLOCK, DONE, FAILED, JOIN, LEARN, SCORE, SHARED, ScaleTask, TaskOutcome

_SISTERS = 4  # models of each kind of equipment that one without a reference may take over
_FIRST_ROWS = 100_000  # of an equipment without a reference, at most, are read for its level
_FIRST_UNITS = 7
_NAMED = 20  # failures that are kept as sentences

Tell = Callable[[str, Counter[str]], None]


@dataclass
class RunRecord:
    """What one run of a plan has done."""

    engine: str
    workers: int
    started: str
    counts: dict[str, Counter[str]] = field(default_factory=dict)  # stage -> state -> tasks
    rows: int = 0  # scored in this run
    seconds: float = 0.0
    busy: float = 0.0  # seconds of all workers together
    failures: list[dict[str, Any]] = field(default_factory=list)  # the first of them
    ours: bool = False  # whether one of them is a fault of waferwatch

    @property
    def failed(self) -> int:
        return sum(one[FAILED] for one in self.counts.values())

    @property
    def exit_code(self) -> int:
        """0 all is done; 2 some units failed because of their data; 1 some because of waferwatch."""
        return 1 if self.ours else 2 if self.failed else 0

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        counts = {stage: dict(found) for stage, found in self.counts.items()}
        return {**vars(self), "counts": counts, "failed": self.failed}


def run_plan(plan: ScalePlan, engine: TaskEngine, tell: Tell) -> RunRecord:
    """Do what is not done yet.

    Args:
        tell: called with the stage and its counts after each task.
    """
    started = time.perf_counter()
    record = RunRecord(engine.name, engine.workers, datetime.now(UTC).isoformat(timespec="seconds"))
    kinds: dict[str, list[str]] = {}  # sensors -> keys of models learnt from equipment with them
    settings = plan.settings

    def stage(name: str, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
        counts = record.counts.setdefault(name, Counter())
        for outcome in engine.run(tasks):
            _note(record, outcome)
            tell(name, counts)
            yield outcome

    for outcome in stage(LEARN, _to_learn(plan, settings)):
        if outcome.state != FAILED:
            kinds.setdefault(outcome.summary["sensors"], []).append(outcome.summary["model"])
    for name, tasks in (
        (ADOPT, _to_adopt(plan, settings, _sisters(plan, kinds))),
        (CLOCK, _of_each(CLOCK, plan, settings)),
        (SCORE, _to_score(plan, settings, record)),
        (JOIN, _of_each(JOIN, plan, settings)),
    ):
        for _ in stage(name, tasks):
            pass
    patiently(lambda: put_fleet(plan))
    record.seconds = time.perf_counter() - started
    name = f"_runs/{record.started.replace(':', '')}"
    patiently(lambda: results.put_json(plan.results, name, record.to_dict()))
    return record


def _note(record: RunRecord, outcome: TaskOutcome) -> None:
    record.counts[outcome.stage][outcome.state] += 1
    record.busy += outcome.seconds
    if outcome.stage == SCORE and outcome.state == DONE:
        record.rows += outcome.summary["rows"]
    if outcome.state == FAILED:
        record.ours = record.ours or outcome.ours
        if len(record.failures) < _NAMED:
            record.failures.append({"key": outcome.key, "stage": outcome.stage, "sentence": outcome.sentence})


def _to_learn(plan: ScalePlan, settings: str) -> Iterator[ScaleTask]:
    """Of each equipment that has rows in the reference period."""
    for equipment, units in plan.by_equipment() if plan.reference else ():
        mine = tuple(one for one in units if _in_period(plan, one))
        if mine:
            yield ScaleTask(LEARN, plan.out, settings, equipment, mine)


def _in_period(plan: ScalePlan, unit: WorkUnit) -> bool:
    from waferwatch.scale.plans.contents import UNIT_NS

    if plan.reference is None:
        return False
    first, last = plan.reference
    return unit.begin <= last and unit.begin + UNIT_NS[plan.unit] > first


def _to_adopt(plan: ScalePlan, settings: str, sisters: tuple[str, ...]) -> Iterator[ScaleTask]:
    """Of each equipment that has no rows in the reference period; with a given model of all."""
    for equipment, units in plan.by_equipment():
        if not any(_in_period(plan, one) for one in units):
            yield ScaleTask(ADOPT, plan.out, settings, equipment, _first(units), sisters)


def _first(units: list[WorkUnit]) -> tuple[WorkUnit, ...]:
    found, rows = [], 0
    for one in units[:_FIRST_UNITS]:
        found.append(one)
        rows += one.rows
        if rows >= _FIRST_ROWS:
            break
    return tuple(found)


def _sisters(plan: ScalePlan, kinds: dict[str, list[str]]) -> tuple[str, ...]:
    """Models that may stand in: some of each kind, evenly spaced among their names."""
    if plan.model is not None:
        return (SHARED,)
    found = []
    for _, names in sorted(kinds.items()):
        every = sorted(names)
        step = max(1, len(every) // _SISTERS)
        found += every[::step][:_SISTERS]
    return tuple(found)


def _to_score(plan: ScalePlan, settings: str, record: RunRecord) -> Iterator[ScaleTask]:
    for unit in plan.units():
        if unit.error is None:
            yield ScaleTask(SCORE, plan.out, settings, unit.equipment, (unit,))
        else:
            _note(record, TaskOutcome(unit.files[0], SCORE, FAILED, unit.error))


def _of_each(stage: str, plan: ScalePlan, settings: str) -> Iterator[ScaleTask]:
    """A task for each equipment, with all its units."""
    for equipment, units in plan.by_equipment():
        yield ScaleTask(stage, plan.out, settings, equipment, tuple(units))
