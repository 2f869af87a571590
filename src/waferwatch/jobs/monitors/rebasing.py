"""Versions of monitors brought to the level after a maintenance."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from waferwatch.models.contract import Progress, no_progress
from waferwatch.monitors.rebase.relearn import rebase
from waferwatch.read.table import Table
from waferwatch.store.monitors.facts import kept_notes, model_facts
from waferwatch.store.monitors.monitors import NewVersion
from waferwatch.store.monitors.records import Origin, VersionRecord
from waferwatch.store.store import Store


@dataclass(frozen=True)
class RebaseWish:
    """Which wafers give the new level, and which sensors are no matter of the rule."""

    since: str | None = None  # the first place on the time axis after the maintenance; None: all rows are after it
    wafers: int = 25
    accept: Collection[str] = ()  # sensors whose new level is taken, whatever the rule says
    keep: Collection[str] = ()  # sensors that stay at their level
    activate: bool = False
    only_moved: bool = False  # where no level has moved there is no next version


def rebase_version(
    store: Store, title: str, table: Table, wish: RebaseWish, user: str, progress: Progress = no_progress
) -> VersionRecord:
    """Keep the next version of a monitor: shape and relations of before, at the level of good wafers of a table.

    Args:
        title: of the version that is brought to the new level; a name alone means the one in use.

    Returns:
        The version that was made; the one of before where the wish says so and no level has moved.

    Raises:
        InputError, NotFoundError, ModelError, StorageFullError, Cancelled: with what to do about it; nothing is kept.
    """
    version = store.monitors.version(title)
    model = store.monitors.model(version)
    found = rebase(
        model,
        model.fits(table),
        since=wish.since,
        wafers=wish.wafers,
        accept=wish.accept,
        keep=wish.keep,
        progress=progress,
    )
    if wish.only_moved and not found.moved:
        return version
    about = model_facts(found.model) | {
        "before": version.number,
        "rebase": {
            **found.to_dict(),
            "notes": kept_notes(found.notes),
            "file": table.name,
            "since": wish.since,
        },
    }
    detail = {"from": version.number}
    new = NewVersion(
        found.model,
        about,
        Origin.REBASED,
        version.golden,
        made_from=version.id,
        activate=wish.activate,
        detail=detail,
    )
    return store.monitors.add(version.monitor, new, user)
