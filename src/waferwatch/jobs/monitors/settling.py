"""Wishes about monitors settled when they are queued: which version, with which policy, on which data."""

from __future__ import annotations

from dataclasses import replace

from waferwatch.errors import InputError
from waferwatch.jobs.monitors.judged import dataset_of_verdicts
from waferwatch.jobs.monitors.tasks import LearnTask, MonitorTask, ReplayTask, WidenTask
from waferwatch.jobs.monitors.work import LiveVerdicts, no_live_verdicts
from waferwatch.jobs.options import Options
from waferwatch.store.monitors.facts import thresholds_of
from waferwatch.store.monitors.monitors import version_of
from waferwatch.store.monitors.names import check_monitor_name
from waferwatch.store.store import Store


def settled_options(store: Store, options: Options) -> Options:
    """With the version that is in use now, unless one is named, and the monitor's policy, unless a threshold is.

    Raises:
        NotFoundError, InputError: when there is no such monitor or version, or none is in use.
    """
    if options.monitor is None:
        return options
    version = store.monitors.version(options.monitor)
    monitor = store.monitors.get(version.monitor)
    settled = replace(
        options,
        monitor=version.title,
        monitor_id=version.id,
        model_digest=version.digest,
        equipment=monitor.equipment,
    )
    if not options.is_automatic:
        return settled
    policy = thresholds_of(monitor.policy)
    return replace(
        settled,
        threshold=policy.threshold,
        contamination=policy.contamination,
        false_alarms=policy.false_alarms,
    )


def settled_task(store: Store, task: MonitorTask, live: LiveVerdicts = no_live_verdicts) -> MonitorTask:
    """With what decides whether two tasks are the same. What cannot succeed is refused before it is queued.

    Args:
        live: gives what engineers said of live alarms.

    Raises:
        NotFoundError, InputError: when there is no such monitor, version or verdict, or a name cannot be one.
    """
    check_monitor_name(task.monitor)
    if isinstance(task, LearnTask):
        return _settled_learning(store, task)
    monitor = store.monitors.get(task.monitor)
    if isinstance(task, ReplayTask):
        digests = tuple(version_of(monitor, number).digest for number in (task.old, task.new))
        return replace(task, digests=digests, policy=monitor.policy, watched=monitor.equipment)
    version_of(monitor, None)
    if not isinstance(task, WidenTask) or any(one.rows(False).any() for one in live(store, task.monitor)):
        return task
    return replace(task, dataset=dataset_of_verdicts(store, monitor))


def _settled_learning(store: Store, task: LearnTask) -> LearnTask:
    for dataset in task.datasets:
        store.datasets.get(dataset)
    if task.fresh and store.monitors.has(task.monitor):
        raise InputError(
            "There is a monitor {name} already.",
            hint="Choose another name, or learn its next version.",
            field="name",
            name=task.monitor,
        )
    return task
