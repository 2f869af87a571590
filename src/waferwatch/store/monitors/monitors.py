"""The monitors of one store: rows in the database, models and golden rows in folders next to it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from waferwatch.errors import InputError
from waferwatch.read.table import Table
from waferwatch.scoring.model import Model
from waferwatch.settings import Settings
from waferwatch.store.audit import write_entry
from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import golden_sets, monitor_versions
from waferwatch.store.database.schema import monitors as rows
from waferwatch.store.monitors.golden_files import GoldenFiles
from waferwatch.store.monitors.golden_sets import GoldenUse, golden_uses
from waferwatch.store.monitors.model_files import ModelFiles
from waferwatch.store.monitors.names import check_monitor_name, no_monitor, no_version, normal_name, split_title
from waferwatch.store.monitors.reading import find_monitor, hold_monitor, read_monitors
from waferwatch.store.monitors.records import GoldenRecord, MonitorRecord, Origin, VersionRecord, VersionState
from waferwatch.store.monitors.retention import MonitorRetention

_ATTEMPTS = 5  # when another process adds a version at the same moment


@dataclass(frozen=True)
class NewGolden:
    """A golden set to be kept."""

    table: Table
    about: dict[str, Any]


@dataclass(frozen=True)
class NewVersion:
    """A version to be kept."""

    model: Model
    about: dict[str, Any]
    origin: Origin
    golden: NewGolden | GoldenRecord | None = None  # a new one, one that is kept already, or none
    policy: dict[str, Any] | None = None  # None: that of the monitor stays
    equipment: Sequence[str] | None = None  # None: those of the monitor stay
    made_from: str | None = None  # id of the version before it, which the monitor must still have
    activate: bool = False  # the first version of a monitor is put in use in any case
    detail: dict[str, Any] = field(default_factory=dict)  # for the audit log


class Monitors:
    """The monitors of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self.models = ModelFiles(settings)
        self.golden = GoldenFiles(settings)
        self._retention = MonitorRetention(settings, database, self.models, self.golden)

    def clean(self) -> None:
        """Make the folders, and remove what was deleted or left unfinished long enough ago."""
        self._retention.clean()

    def settle(self) -> None:
        """Put files and database in agreement again, where a killed process left them apart."""
        self._retention.settle()

    def all(self) -> list[MonitorRecord]:
        """By name."""
        with self._database.read() as connection:
            return read_monitors(connection)

    def get(self, name: str) -> MonitorRecord:
        """
        Raises:
            NotFoundError: when there is no such monitor (any more).
        """
        with self._database.read() as connection:
            return find_monitor(connection, normal_name(name))

    def has(self, name: str) -> bool:
        with self._database.read() as connection:
            return bool(read_monitors(connection, normal_name(name)))

    def version(self, title: str) -> VersionRecord:
        """A version by ``NAME@NUMBER``; by ``NAME`` the one in use.

        Raises:
            NotFoundError: when there is no such monitor or version (any more).
            InputError: for a number that is none, or when no version is in use.
        """
        name, number = split_title(title)
        return version_of(self.get(name), number)

    def model(self, version: VersionRecord) -> Model:
        """
        Raises:
            DamagedError: when its files are gone, or are not what was written.
        """
        return self.models.load(version.id, version.digest, version.title)

    def golden_sets(self) -> list[GoldenUse]:
        """What versions of monitors learnt from, by name, the newest version first."""
        return golden_uses(self.all())

    def golden_rows(self, golden: GoldenRecord) -> Table:
        """
        Raises:
            DamagedError: when the rows are gone, or are not what was written.
        """
        return self.golden.load(golden.id, f"{golden.name} v{golden.version}")

    def add(self, name: str, new: NewVersion, user: str, *, fresh: bool = False) -> VersionRecord:
        """Keep a version, and the monitor if it is new. All is on the disk when this returns, or nothing is.

        Args:
            name: of the monitor.
            fresh: the monitor must be new.

        Raises:
            InputError: for a name that cannot be one, or that is taken.
            NotFoundError: when the monitor it was made from was deleted meanwhile.
            StorageFullError: when the disk is full or cannot be written.
        """
        name = check_monitor_name(name)
        made: list[str] = []
        golden_id = None
        version_id = self.models.put(new.model)
        try:
            if isinstance(new.golden, NewGolden):
                golden_id = self.golden.put(new.golden.table)
                made.append(golden_id)
            title = self._insert(name, new, version_id, golden_id, user, fresh)
        except BaseException:
            self.models.remove(version_id)
            for one in made:
                self.golden.remove(one)
            raise
        self.models.confirm(version_id)
        for one in made:
            self.golden.confirm(one)
        return self.version(title)

    def activate(self, name: str, number: int, user: str) -> MonitorRecord:
        """Put a version in use.

        Raises:
            NotFoundError: when there is no such monitor or version (any more).
        """
        name = normal_name(name)
        with self._database.begin() as connection:
            hold_monitor(connection, name)
            monitor = find_monitor(connection, name)
            _put_in_use(connection, version_of(monitor, number), monitor)
            write_entry(connection, user, "activate monitor", name, version=number)
        return self.get(name)

    def roll_back(self, name: str, user: str) -> MonitorRecord:
        """Put the version in use that was so before the present one.

        Raises:
            NotFoundError: when there is no such monitor (any more).
            InputError: when no earlier version was in use.
        """
        name = normal_name(name)
        with self._database.begin() as connection:
            hold_monitor(connection, name)
            monitor = find_monitor(connection, name)
            if monitor.before is None:
                raise InputError(
                    "The monitor {name} has no earlier version that was in use.",
                    hint="Put a version in use by its number instead.",
                    field="monitor",
                    name=name,
                )
            _put_in_use(connection, monitor.before, monitor)
            write_entry(connection, user, "roll back monitor", name, version=monitor.before.number)
        return self.get(name)

    def change(
        self,
        name: str,
        user: str,
        *,
        policy: dict[str, Any] | None = None,
        equipment: Sequence[str] | None = None,
        every_equipment: bool = False,
    ) -> MonitorRecord:
        """Choose the threshold or the equipment of a monitor anew; None leaves them as they are.

        Raises:
            NotFoundError: when there is no such monitor (any more).
        """
        name = normal_name(name)
        values: dict[str, Any] = {}
        if policy is not None:
            values["policy"] = policy
        if equipment is not None or every_equipment:
            values["equipment"] = None if equipment is None else list(equipment)
        with self._database.begin() as connection:
            hold_monitor(connection, name)
            monitor = find_monitor(connection, name)
            if values:
                connection.execute(update(rows).where(rows.c.id == monitor.id).values(**values))
                write_entry(connection, user, "change monitor", name, **values)
        return self.get(name)

    def delete(self, name: str, user: str) -> None:
        """Take a monitor out of sight with its versions; its files are removed when it can be undone no longer.

        Raises:
            NotFoundError: when there is no such monitor (any more).
        """
        name = normal_name(name)
        with self._database.begin() as connection:
            hold_monitor(connection, name)
            monitor = find_monitor(connection, name)
            connection.execute(update(rows).where(rows.c.id == monitor.id).values(deleted=now()))
            write_entry(connection, user, "delete monitor", name)

    def restore(self, name: str, user: str) -> MonitorRecord:
        """Bring back the monitor of this name that was deleted last.

        Raises:
            NotFoundError: when none was deleted, or too long ago.
            InputError: when there is another one of this name now.
        """
        name = normal_name(name)
        try:
            with self._database.begin() as connection:
                if not self._retention.restore(connection, name):
                    raise no_monitor(name)
                write_entry(connection, user, "restore monitor", name)
        except IntegrityError as error:
            raise _taken(name) from error
        return self.get(name)

    def _insert(
        self, name: str, new: NewVersion, version_id: str, golden_id: str | None, user: str, fresh: bool
    ) -> str:
        """Title of the version, whose rows are all there when this returns, or none is."""
        for attempt in range(_ATTEMPTS):
            try:
                with self._database.begin() as connection:
                    monitor = _monitor_row(connection, name, new, user, fresh)
                    golden = _golden_row(connection, name, new.golden, golden_id, user)
                    return _version_row(connection, monitor, new, version_id, golden, user)
            except IntegrityError:  # another process took the number or the name first
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")


def version_of(monitor: MonitorRecord, number: int | None) -> VersionRecord:
    """A version by its number; None: the one in use.

    Raises:
        NotFoundError: when there is no such version.
        InputError: when no version is in use.
    """
    if number is not None:
        found = next((one for one in monitor.versions if one.number == number), None)
        if found is None:
            raise no_version(monitor.name, number, [one.number for one in monitor.versions])
        return found
    if monitor.in_use is None:
        raise InputError(
            "No version of the monitor {name} is in use.",
            hint="Put one in use, or name one like {name}@1.",
            field="monitor",
            name=monitor.name,
        )
    return monitor.in_use


def _monitor_row(connection: Connection, name: str, new: NewVersion, user: str, fresh: bool) -> MonitorRecord:
    """The monitor of this name, made if there is none."""
    hold_monitor(connection, name)
    found = read_monitors(connection, name)
    if found and fresh:
        raise _taken(name)
    if new.made_from is not None and not any(one.id == new.made_from for each in found for one in each.versions):
        raise no_monitor(name)
    if found:
        if new.policy is not None:
            connection.execute(update(rows).where(rows.c.id == found[0].id).values(policy=new.policy))
        if new.equipment is not None:
            watched = list(new.equipment)
            connection.execute(update(rows).where(rows.c.id == found[0].id).values(equipment=watched))
        return found[0]
    values = {
        "id": secrets.token_hex(8),
        "name": name,
        "policy": new.policy or {},
        "equipment": None if new.equipment is None else list(new.equipment),
        "created": now(),
        "user": user,
    }
    connection.execute(rows.insert().values(**values))
    return find_monitor(connection, name)


def _golden_row(
    connection: Connection, name: str, golden: NewGolden | GoldenRecord | None, golden_id: str | None, user: str
) -> str | None:
    """Id of the golden set, which is made if it is new."""
    if not isinstance(golden, NewGolden):
        return None if golden is None else golden.id
    earlier = connection.execute(select(golden_sets.c.version).where(golden_sets.c.name == name)).scalars()
    values = {
        "id": golden_id,
        "name": name,
        "version": max(earlier, default=0) + 1,
        "rows": len(golden.table.frame),
        "about": golden.about,
        "created": now(),
        "user": user,
    }
    connection.execute(golden_sets.insert().values(**values))
    return golden_id


def _version_row(
    connection: Connection, monitor: MonitorRecord, new: NewVersion, version_id: str, golden: str | None, user: str
) -> str:
    number = max((one.number for one in monitor.versions), default=0) + 1
    connection.execute(
        monitor_versions.insert().values(
            id=version_id,
            monitor=monitor.id,
            number=number,
            state=VersionState.DRAFT,
            origin=new.origin,
            golden=golden,
            digest=new.model.digest,
            about=new.about,
            created=now(),
            user=user,
        )
    )
    active = new.activate or not monitor.versions
    if active:
        again = find_monitor(connection, monitor.name)
        _put_in_use(connection, version_of(again, number), again)
    detail = {"version": number, "origin": new.origin, "in_use": active, **new.detail}
    write_entry(connection, user, "add monitor version", monitor.name, **detail)
    return f"{monitor.name}@{number}"


def _put_in_use(connection: Connection, chosen: VersionRecord, monitor: MonitorRecord) -> None:
    table = monitor_versions
    used = update(table).where(table.c.monitor == monitor.id, table.c.state == VersionState.IN_USE)
    connection.execute(used.where(table.c.id != chosen.id).values(state=VersionState.RETIRED))
    mine = update(table).where(table.c.id == chosen.id)
    connection.execute(mine.values(state=VersionState.IN_USE, activated=now()))


def _taken(name: str) -> InputError:
    return InputError(
        "There is a monitor {name} already.",
        hint="Choose another name, or learn its next version.",
        field="name",
        name=name,
    )
