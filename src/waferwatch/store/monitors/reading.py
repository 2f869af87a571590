"""Monitors read from the database with their versions and golden sets."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Row, select

from waferwatch.store.database.schema import golden_sets, monitor_versions
from waferwatch.store.database.schema import monitors as rows
from waferwatch.store.monitors.names import no_monitor
from waferwatch.store.monitors.records import GoldenRecord, MonitorRecord, Origin, VersionRecord, VersionState


def find_monitor(connection: Connection, name: str) -> MonitorRecord:
    """
    Raises:
        NotFoundError: when there is no such monitor (any more).
    """
    found = read_monitors(connection, name)
    if not found:
        raise no_monitor(name)
    return found[0]


def hold_monitor(connection: Connection, name: str) -> None:
    """Until the transaction ends nobody else changes the monitor of this name or its versions.

    On PostgreSQL two that put a version in use at the same moment would otherwise both succeed; SQLite has one writer
    at a time.
    """
    if "\0" not in name:
        held = select(rows.c.id).where(rows.c.name == name, rows.c.deleted.is_(None))
        connection.execute(held.with_for_update())


def read_monitors(connection: Connection, name: str | None = None) -> list[MonitorRecord]:
    """Those that are not deleted, by name; with ``name`` at most that one."""
    if name is not None and "\0" in name:
        return []  # nothing is called so, and PostgreSQL refuses to compare with it
    wanted = select(rows).where(rows.c.deleted.is_(None)).order_by(rows.c.name)
    if name is not None:
        wanted = wanted.where(rows.c.name == name)
    found = list(connection.execute(wanted))
    versions = _versions(connection, {row.id: row.name for row in found})
    return [_monitor(row, versions[row.id]) for row in found]


def _versions(connection: Connection, names: dict[str, str]) -> dict[str, list[VersionRecord]]:
    """Monitor's id -> its versions, the newest first."""
    found: dict[str, list[VersionRecord]] = defaultdict(list)
    table = monitor_versions
    wanted = select(table).where(table.c.monitor.in_(list(names))).order_by(table.c.number.desc())
    kept = list(connection.execute(wanted))
    golden = _golden(connection, [row.golden for row in kept if row.golden is not None])
    for row in kept:
        found[row.monitor].append(_version(row, names[row.monitor], golden.get(row.golden)))
    return found


def _golden(connection: Connection, ids: list[str]) -> dict[str, GoldenRecord]:
    wanted = select(golden_sets).where(golden_sets.c.id.in_(ids))
    return {
        row.id: GoldenRecord(row.id, row.name, row.version, row.rows, dict(row.about), row.created, row.user)
        for row in connection.execute(wanted)
    }


def _version(row: Row[Any], monitor: str, golden: GoldenRecord | None) -> VersionRecord:
    return VersionRecord(
        row.id,
        monitor,
        row.number,
        VersionState(row.state),
        Origin(row.origin),
        row.digest,
        dict(row.about),
        row.created,
        row.user,
        row.activated,
        golden,
    )


def _monitor(row: Row[Any], versions: list[VersionRecord]) -> MonitorRecord:
    equipment = None if row.equipment is None else tuple(row.equipment)
    return MonitorRecord(row.id, row.name, dict(row.policy), equipment, row.created, row.user, versions)
