"""Versions of monitors made from golden rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from waferwatch.errors import InputError
from waferwatch.jobs.monitors.judged import judged_tables, no_false_alarm
from waferwatch.models.contract import Progress, no_progress
from waferwatch.monitors.golden.coverage import coverage
from waferwatch.monitors.golden.golden_set import Golden, GoldenChoice, LeftOut, Reason, choose
from waferwatch.monitors.golden.joined import joined_tables
from waferwatch.monitors.golden.verdicts import Judged, with_verdicts
from waferwatch.monitors.learn import learn
from waferwatch.read.table import Role, Table
from waferwatch.store.monitors.facts import model_facts, thresholds_of
from waferwatch.store.monitors.monitors import NewGolden, NewVersion
from waferwatch.store.monitors.names import check_monitor_name
from waferwatch.store.monitors.records import GoldenRecord, Origin, VersionRecord
from waferwatch.store.store import Store


@dataclass(frozen=True)
class LearnWish:
    """How a version is learnt, and what becomes of the monitor with it."""

    choice: GoldenChoice = field(default_factory=GoldenChoice)
    detector: str = "moment"
    checkpoint: str | None = None
    device: str | None = None
    policy: Mapping[str, Any] | None = None  # None: that of the monitor stays
    equipment: Sequence[str] | None = None  # watched; None: as before
    activate: bool = False
    fresh: bool = False  # the monitor must be new


def learn_version(
    store: Store, name: str, tables: Sequence[Table], wish: LearnWish, user: str, progress: Progress = no_progress
) -> VersionRecord:
    """Learn a monitor, or its next version, and keep it.

    Raises:
        InputError, NotFoundError, ModelError, StorageFullError, Cancelled: with what to do about it; nothing is kept.
    """
    check_monitor_name(name)
    if wish.fresh and store.monitors.has(name):
        raise InputError(
            "There is a monitor {name} already.",
            hint="Choose another name, or learn its next version.",
            field="name",
            name=name,
        )
    policy = dict(wish.policy) if wish.policy is not None else _policy_now(store, name)
    learnt = learn(
        choose(tables, wish.choice),
        detector=wish.detector,
        checkpoint=wish.checkpoint,
        device=wish.device,
        false_alarms=thresholds_of(policy).false_alarms,
        progress=progress,
    )
    cells = coverage(joined_tables(tables), learnt.golden)
    new = NewVersion(
        learnt.model,
        model_facts(learnt.model),
        Origin.LEARNT,
        NewGolden(_storable(learnt.golden.table), _described(learnt.golden, cells)),
        policy=None if wish.policy is None else policy,
        equipment=wish.equipment,
        activate=wish.activate,
    )
    return store.monitors.add(name, new, user, fresh=wish.fresh)


def widen_version(
    store: Store,
    name: str,
    user: str,
    *,
    live: Sequence[Judged] = (),
    device: str | None = None,
    progress: Progress = no_progress,
) -> VersionRecord:
    """Learn the version in use again, with the rows of false alarms as normal ones, and without those of true ones.

    Args:
        live: rows of live alarms with verdicts.

    Raises:
        InputError: when nobody has called an alarm of this monitor false, or it has no golden rows.
        NotFoundError, ModelError, StorageFullError, Cancelled: with what to do about it; nothing is kept.
    """
    version = store.monitors.version(name)
    if version.golden is None:
        raise InputError(
            "{monitor} has no golden rows here: it was imported.",
            hint="Learn its next version from files of golden rows.",
            field="monitor",
            monitor=version.title,
        )
    judged = [one for one in judged_tables(store, store.monitors.get(name)) if one.verdicts]
    everything: list[Judged] = [*judged, *live]
    if not any(one.rows(False).any() for one in everything):
        raise no_false_alarm(name)
    before = golden_of(version.golden, store.monitors.golden_rows(version.golden))
    golden = with_verdicts(before, everything, learn_false=True)
    about = version.about
    checkpoint = about["model"] if about["model_sha256"] else None
    learnt = learn(golden, detector=about["detector"], checkpoint=checkpoint, device=device, progress=progress)
    cells = coverage(learnt.golden.table, learnt.golden)
    new = NewVersion(
        learnt.model,
        model_facts(learnt.model) | {"before": version.number},
        Origin.WIDENED,
        NewGolden(_storable(learnt.golden.table), _described(learnt.golden, cells)),
        made_from=version.id,
        detail={"from": version.number},
    )
    return store.monitors.add(name, new, user)


def golden_of(record: GoldenRecord, table: Table) -> Golden:
    """The golden set that was kept."""
    left_out = tuple(
        LeftOut(one["what"], one["rows"], one["runs"], Reason(one["reason"])) for one in record.about["left_out"]
    )
    choice = GoldenChoice.from_dict(record.about["choice"])
    return Golden(table, tuple(record.about["files"]), choice, left_out)


def _policy_now(store: Store, name: str) -> dict[str, Any]:
    return dict(store.monitors.get(name).policy) if store.monitors.has(name) else {}


def _described(golden: Golden, cells: Sequence[Any]) -> dict[str, Any]:
    return {**golden.about(), "coverage": [one.to_dict() for one in cells]}


def _storable(table: Table) -> Table:
    """The rows with the columns that learning needs; others may hold what Parquet cannot."""
    needed = [name for name, role in table.roles.items() if role is not Role.IGNORED or name in table.groups]
    return Table(
        name=table.name,
        frame=table.frame[needed],
        roles={name: table.roles[name] for name in needed},
        groups=table.groups,
        first_row=table.first_row,
        notes=table.notes,
        zone=table.zone,
    )
