"""What engineers have said of a monitor's alarms, with the runs that raised them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from waferwatch.errors import InputError, NotFoundError
from waferwatch.jobs.detection import HOURS, table_of
from waferwatch.jobs.options import Options
from waferwatch.monitors.alarms.alarm_rate import AlarmRate
from waferwatch.monitors.golden.verdicts import JudgedTable, alarm_rate
from waferwatch.store.monitors.records import MonitorRecord
from waferwatch.store.runs import Run
from waferwatch.store.store import Store
from waferwatch.store.verdicts import Judgement, event_verdicts

MOST_RUNS = 50  # that are looked at, the newest


def runs_of(store: Store, monitor: MonitorRecord, number: int | None = None) -> list[Run]:
    """The newest finished detections of a monitor, or of one of its versions, the newest first."""
    versions = [one.id for one in monitor.versions if number is None or one.number == number]
    return store.runs.by_versions(versions, MOST_RUNS)


def judged_tables(store: Store, monitor: MonitorRecord, number: int | None = None) -> list[JudgedTable]:
    """The data that a monitor has scored, what it found, and what was said of it; runs whose data are gone are not
    counted.
    """
    return _judged_tables(store, [[run] for run in runs_of(store, monitor, number)])


def rate_of_version(store: Store, monitor: MonitorRecord, number: int) -> AlarmRate | None:
    """False alarms of a version by engineers' verdicts; None before its first detection.

    Detections keep how long their rows last, so their data are read only where the same rows were scored several
    times and judged in more than one of them, or by results of before.
    """
    counts = [0, 0, 0]
    hours: list[float | None] = []
    for runs in _same_rows(store, monitor, number):
        with contextlib.suppress(NotFoundError):  # the data set or the result was deleted
            one = _rate_of(store, runs)
            counts = [sum(pair) for pair in zip(counts, (one.false, one.true, one.unjudged), strict=True)]
            hours.append(one.hours)
    if not hours:
        return None
    known = [one for one in hours if one is not None]
    return AlarmRate.of(counts[0], counts[1], counts[2], sum(known) if len(known) == len(hours) else None)


def _rate_of(store: Store, runs: Sequence[Run]) -> AlarmRate:
    newest, said = runs[0], store.verdicts.of(*(run.id for run in runs))
    kept = newest.summary or {}
    if HOURS not in kept or any(one.run != newest.id for one in said) or kept.get("threshold_by") == "hand":
        return alarm_rate([_judged(store, runs)])
    store.datasets.get(newest.dataset)
    counts = Counter(one.verdict for one in said)
    unjudged = max(0, kept["events"] - len(said))
    return AlarmRate.of(counts[Judgement.FALSE_ALARM], counts[Judgement.TRUE_ALARM], unjudged, kept[HOURS])


def _same_rows(store: Store, monitor: MonitorRecord, number: int) -> list[list[Run]]:
    """The runs of a version, those on the same rows together, the newest first."""
    same: dict[Any, list[Run]] = {}
    for run in runs_of(store, monitor, number):
        options = Options.from_dict(run.options)
        same.setdefault((options.dataset, options.filters, options.equipment), []).append(run)
    return list(same.values())


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
    changes = sum(one.verdict is Judgement.INTENDED_CHANGE for one in said.values())
    verdicts = {
        event: one.verdict is Judgement.TRUE_ALARM
        for event, one in said.items()
        if one.verdict is not Judgement.INTENDED_CHANGE
    }
    return JudgedTable(table, detection, verdicts, changes)
