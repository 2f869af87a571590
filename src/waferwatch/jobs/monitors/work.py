"""The jobs on monitors, as the queue runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from waferwatch.jobs.monitors.learning import LearnWish, learn_version, widen_version
from waferwatch.jobs.monitors.rebasing import RebaseWish, rebase_version
from waferwatch.jobs.monitors.replaying import Sides, replay_versions
from waferwatch.jobs.monitors.tasks import LearnTask, RebaseTask, ReplayTask, WidenTask
from waferwatch.jobs.options import with_features
from waferwatch.models.contract import Progress
from waferwatch.monitors.golden.golden_set import GoldenChoice
from waferwatch.monitors.golden.verdicts import Judged
from waferwatch.settings import Settings
from waferwatch.store.monitors.records import VersionRecord
from waferwatch.store.runs import Run
from waferwatch.store.store import Store


def run_learning(store: Store, settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
    """Learn a monitor or its next version; errors as ``learn_version``."""
    task = LearnTask.from_dict(run.options)
    ids = dict.fromkeys((task.dataset, *task.datasets))
    tables = [with_features(store.datasets.table(one), task.features) for one in ids]
    wish = LearnWish(
        GoldenChoice.from_dict(task.choice or {}),
        task.detector,
        task.checkpoint,
        settings.device,
        task.policy,
        task.equipment,
        task.activate,
        task.fresh,
    )
    return _kept(store, run, learn_version(store, task.monitor, tables, wish, run.user, progress))


def run_rebase(store: Store, _settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
    """Bring a monitor to the level after a maintenance; errors as ``rebase_version``."""
    task = RebaseTask.from_dict(run.options)
    wish = RebaseWish(task.since, task.wafers, task.accept, task.keep, task.activate)
    table = store.datasets.table(task.dataset, task.version)
    return _kept(store, run, rebase_version(store, task.monitor, table, wish, run.user, progress))


LiveVerdicts = Callable[[Store, str], Sequence[Judged]]  # rows of a monitor's live alarms, by its name


def no_live_verdicts(_store: Store, _monitor: str) -> Sequence[Judged]:
    """Of a server without live monitoring."""
    return ()


def run_widening(
    store: Store, settings: Settings, run: Run, progress: Progress, live: LiveVerdicts = no_live_verdicts
) -> dict[str, Any]:
    """Learn a monitor again with its false alarms as normal; errors as ``widen_version``.

    Args:
        live: gives what engineers said of live alarms.
    """
    task = WidenTask.from_dict(run.options)
    more = live(store, task.monitor)
    made = widen_version(store, task.monitor, run.user, live=more, device=settings.device, progress=progress)
    return _kept(store, run, made)


def run_replay(store: Store, _settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
    """Compare two versions of a monitor; errors as ``replay_versions``."""
    task = ReplayTask.from_dict(run.options)
    table = store.datasets.table(task.dataset, task.version)
    found = replay_versions(store, task.monitor, Sides(task.old, task.new), table, progress)
    store.results.put_document(run.id, found)
    return {"monitor": task.monitor, "old": task.old, "new": task.new}


def _kept(store: Store, run: Run, made: VersionRecord) -> dict[str, Any]:
    summary = {"monitor": made.monitor, "version": made.number, "state": made.state.value}
    store.results.put_document(run.id, summary)
    return summary
