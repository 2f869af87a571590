"""What engineers have said of a monitor's alarms, with the runs that raised them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from waferwatch.errors import InputError, NotFoundError
from waferwatch.jobs.detection import table_of
from waferwatch.jobs.options import Options
from waferwatch.monitors.golden.verdicts import JudgedTable
from waferwatch.store.database.schema import runs as rows
from waferwatch.store.monitors.records import MonitorRecord
from waferwatch.store.runs import Run, State
from waferwatch.store.store import Store
from waferwatch.store.verdicts import Judgement, event_verdicts

MOST_RUNS = 50  # that are looked at, the newest


def runs_of(store: Store, monitor: MonitorRecord, number: int | None = None, *, most: int = MOST_RUNS) -> list[Run]:
    """The finished detections of a monitor, or of one of its versions, the newest first."""
    versions = [one.id for one in monitor.versions if number is None or one.number == number]
    wanted = select(rows.c.id).where(rows.c.monitor.in_(versions), rows.c.state == State.DONE)
    with store.database.read() as connection:
        ids = connection.execute(wanted.order_by(rows.c.created.desc()).limit(most)).scalars().all()
    found = []
    for run_id in ids:
        with contextlib.suppress(NotFoundError):  # deleted a moment ago
            found.append(store.runs.get(run_id))
    return found


def judged_tables(store: Store, monitor: MonitorRecord, number: int | None = None) -> list[JudgedTable]:
    """The data that a monitor has scored, what it found, and what was said of it; runs whose data are gone are not
    counted.
    """
    return _judged_tables(store, [[run] for run in runs_of(store, monitor, number)])


def judged_once(store: Store, monitor: MonitorRecord, number: int) -> list[JudgedTable]:
    """As ``judged_tables``, but where the same rows were scored several times by a version, what it found last, with
    all verdicts: to count hours and alarms.
    """
    same: dict[Any, list[Run]] = {}
    for run in runs_of(store, monitor, number):
        options = Options.from_dict(run.options)
        same.setdefault((options.dataset, options.filters, options.equipment), []).append(run)
    return _judged_tables(store, list(same.values()))


def _judged_tables(store: Store, groups: Sequence[Sequence[Run]]) -> list[JudgedTable]:
    """Of each group of runs on the same rows what the first one found, with the verdicts of all."""
    found = []
    for runs in groups:
        with contextlib.suppress(NotFoundError):  # the data set or the result was deleted
            found.append(_judged(store, runs))
    return found


def dataset_of_verdicts(store: Store, monitor: MonitorRecord) -> str:
    """Id of the newest data set in which somebody has called an alarm of this monitor false, and that is still there.

    Raises:
        InputError: when nobody has.
    """
    there = {one.id for one in store.datasets.all()}
    for run in runs_of(store, monitor):
        said = store.verdicts.of(run.id) if run.dataset in there else []
        if any(one.verdict is Judgement.FALSE_ALARM for one in said):
            return run.dataset
    raise no_false_alarm(monitor.name)


def no_false_alarm(name: str) -> InputError:
    return InputError(
        "No alarm of the monitor {name} was called a false alarm.",
        hint="Open an event that it found, say that it was a false alarm, and try again.",
        field="monitor",
        name=name,
    )


def _judged(store: Store, runs: Sequence[Run]) -> JudgedTable:
    table = table_of(store, Options.from_dict(runs[0].options))
    detection = store.results.detection(runs[0].id)
    said = event_verdicts(detection.event_ids, store.verdicts.of(*(run.id for run in runs)))
    verdicts = {event: one.verdict is Judgement.TRUE_ALARM for event, one in said.items()}
    return JudgedTable(table, detection, verdicts)
