"""Two versions of a monitor on the same data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from waferwatch.jobs.monitors.detecting import watched_rows
from waferwatch.models.contract import Progress, no_progress
from waferwatch.monitors.alarms.replay import replay
from waferwatch.read.table import Table
from waferwatch.store.monitors.facts import thresholds_of
from waferwatch.store.monitors.monitors import version_of
from waferwatch.store.store import Store


@dataclass(frozen=True)
class Sides:
    """The numbers of the versions that are compared."""

    old: int
    new: int


def replay_versions(
    store: Store, name: str, sides: Sides, table: Table, progress: Progress = no_progress
) -> dict[str, Any]:
    """What each version finds on the equipment that the monitor watches, and what only one of them finds: plain JSON
    types.

    Raises:
        InputError, NotFoundError, ModelError, Cancelled: with what to do about it.
    """
    monitor = store.monitors.get(name)
    old, new = (store.monitors.model(version_of(monitor, number)) for number in (sides.old, sides.new))
    wish, rows = thresholds_of(monitor.policy), watched_rows(table, monitor.equipment, name)
    found = replay(old, new, table, rows=rows, old_wish=wish, new_wish=wish, progress=progress)
    return {"monitor": name, "old_version": sides.old, "new_version": sides.new, **found.to_dict()}
