"""Runs: what was asked for, by whom, how far it is, and what came of it. Results themselves are files (results.py)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, and_, case, cast, func, or_, select, update

from waferwatch.errors import NotFoundError
from waferwatch.store.database.clock import database_now
from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import runs as rows
from waferwatch.store.database.schema import verdicts
from waferwatch.store.upkeep.worker import host_of, lives, this_worker

_ID = re.compile(r"[0-9a-f]{16}")
_SILENT_S = 60.0  # a process on another machine that has not touched its runs for so long is taken to be dead


class State(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # `error` says why
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # the server ended while it waited or ran


UNFINISHED = (State.QUEUED, State.RUNNING)
# A process that could not reach the database for a while finds its runs marked as interrupted; it may go on with them.
_REVIVABLE = (*UNFINISHED, State.INTERRUPTED)


@dataclass(frozen=True)
class Run:
    """One detection, comparison or test with injected faults."""

    id: str
    kind: str
    dataset: str  # id
    dataset_name: str  # as it was called then
    options: dict[str, Any]
    state: State
    progress: float  # 0 to 1
    created: str  # ISO 8601, UTC, as are all moments here
    started: str | None
    finished: str | None
    error: dict[str, Any] | None  # message, hint, field, values and code of the error that ended it
    summary: dict[str, Any] | None  # what the list of runs shows
    user: str
    fingerprint: str
    monitor: str | None = None  # id of the version of a monitor that scored


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    state: State
    finished: str
    summary: dict[str, Any] | None = None  # of a run that is DONE
    error: dict[str, Any] | None = None  # of every other one


class Runs:
    """The runs of one store. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._worker = this_worker()

    def add(
        self,
        kind: str,
        dataset: str,
        dataset_name: str,
        options: dict[str, Any],
        fingerprint: str,
        user: str,
        monitor: str | None = None,
    ) -> Run:
        """A new run, queued by this process."""
        run_id, moment = secrets.token_hex(8), now()
        values = {
            "kind": kind,
            "dataset": dataset,
            "dataset_name": dataset_name,
            "options": options,
            "fingerprint": fingerprint,
            "user": user,
            "monitor": monitor,
        }
        with self._database.begin() as connection:
            connection.execute(
                rows.insert().values(
                    id=run_id,
                    state=State.QUEUED,
                    progress=0.0,
                    created=moment,
                    worker=self._worker,
                    touched=database_now(),
                    **values,
                )
            )
        return self.get(run_id)

    def get(self, run_id: str) -> Run:
        """
        Raises:
            NotFoundError: when there is no such run (any more).
        """
        if _ID.fullmatch(run_id):
            with self._database.read() as connection:
                row = connection.execute(select(rows).where(rows.c.id == run_id)).one_or_none()
                if row is not None:
                    return _run(row)
        raise _not_found(run_id)

    def all(
        self,
        *,
        dataset: str | None = None,
        kind: str | None = None,
        state: str | None = None,
        search: str | None = None,
        limit: int = 100,
        skip: int = 0,
    ) -> list[Run]:
        """The newest first.

        Args:
            search: part of the data set's name, of the options (such as the detector), of the user or the id.
            limit: most runs given.
            skip: how many of the newest to leave out.
        """
        if any("\0" in text for text in (dataset, kind, state, search) if text):
            return []  # nothing holds it, and PostgreSQL refuses to compare with it
        wanted = select(rows).order_by(rows.c.created.desc(), rows.c.id).limit(limit).offset(skip)
        for column, value in ((rows.c.dataset, dataset), (rows.c.kind, kind), (rows.c.state, state)):
            if value is not None:
                wanted = wanted.where(column == value)
        if search:
            texts = [one.icontains(search, autoescape=True) for one in (rows.c.dataset_name, rows.c.user, rows.c.id)]
            as_stored = json.dumps(search)[1:-1]  # JSON spells Korean letters as escapes
            wanted = wanted.where(or_(*texts, cast(rows.c.options, Text).icontains(as_stored, autoescape=True)))
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(wanted)]

    def same(self, fingerprint: str) -> Run | None:
        """The newest run of this fingerprint that is done."""
        wanted = select(rows).where(rows.c.fingerprint == fingerprint, rows.c.state == State.DONE)
        with self._database.read() as connection:
            row = connection.execute(wanted.order_by(rows.c.created.desc()).limit(1)).one_or_none()
        return None if row is None else _run(row)

    def by_versions(self, versions: Collection[str], limit: int) -> list[Run]:
        """Finished detections by versions of monitors, the newest first.

        Args:
            versions: their ids.
            limit: most runs given.
        """
        wanted = select(rows).where(rows.c.monitor.in_(versions), rows.c.state == State.DONE)
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(wanted.order_by(rows.c.created.desc()).limit(limit))]

    def newest_by_version(self, versions: Collection[str]) -> dict[str, Run]:
        """Id of a version of a monitor -> the newest finished detection by it; versions without any are left out."""
        place = func.row_number().over(partition_by=rows.c.monitor, order_by=rows.c.created.desc())
        done = select(rows.c.id, place.label("place")).where(rows.c.monitor.in_(versions), rows.c.state == State.DONE)
        ranked = done.subquery()
        wanted = select(rows).join(ranked, ranked.c.id == rows.c.id).where(ranked.c.place == 1)
        with self._database.read() as connection:
            return {row.monitor: _run(row) for row in connection.execute(wanted)}

    def start(self, run_id: str) -> None:
        self._change(run_id, UNFINISHED, state=State.RUNNING, started=now(), touched=database_now())

    def keep_alive(self, running: Mapping[str, float], waiting: Collection[str] = ()) -> None:
        """Say that runs of this process live.

        Args:
            running: id -> progress, 0 to 1.
            waiting: ids.
        """
        alive = {"touched": database_now(), "finished": None}
        with self._database.begin() as connection:
            mine = update(rows).where(rows.c.state.in_(_REVIVABLE), rows.c.worker == self._worker)
            if waiting:
                connection.execute(mine.where(rows.c.id.in_(waiting)).values(state=State.QUEUED, **alive))
            for run_id, progress in running.items():
                started = func.coalesce(rows.c.started, now())  # when the write at its start failed
                values = {"state": State.RUNNING, "progress": progress, "started": started, **alive}
                connection.execute(mine.where(rows.c.id == run_id).values(**values))

    def end(self, run_id: str, ending: Ending) -> None:
        """Keep how a run ended. One that has ended already stays as it is, so that a late writer undoes no cancel."""
        states = _REVIVABLE if ending.state is State.DONE else UNFINISHED
        values: dict[str, Any] = {"state": ending.state, "finished": ending.finished}
        if ending.state is State.DONE:
            values |= {"progress": 1.0, "summary": ending.summary}
        else:
            values |= {"error": ending.error}
        self._change(run_id, states, **values)

    def finish(self, run_id: str, summary: dict[str, Any]) -> None:
        self.end(run_id, Ending(State.DONE, now(), summary=summary))

    def cancel(self, run_id: str, error: dict[str, Any]) -> None:
        """Stop a run that is no job of this process.

        If it is this process's nevertheless, nothing works on it any more and it ends here. Another process finds the
        request with ``unwanted``.
        """
        mine, moment = rows.c.worker == self._worker, now()
        wanted = update(rows).where(rows.c.id == run_id, rows.c.state.in_(UNFINISHED))
        ended = {"state": State.CANCELLED, "finished": moment, "error": error}
        with self._database.begin() as connection:
            connection.execute(wanted.where(mine).values(**ended))
            connection.execute(wanted.where(~mine).values(cancel_requested=moment))

    def unwanted(self, run_ids: Collection[str]) -> set[str]:
        """Which of these runs nobody wants any more: those that were cancelled elsewhere, deleted, or ended."""
        if not run_ids:
            return set()
        going = and_(rows.c.state.in_(_REVIVABLE), rows.c.cancel_requested.is_(None))
        with self._database.read() as connection:
            return {*run_ids} - {*connection.execute(select(rows.c.id).where(rows.c.id.in_(run_ids), going)).scalars()}

    def move(self, run_id: str, summary: dict[str, Any]) -> None:
        """Another summary of a finished run whose threshold was moved: it answers the question of before no longer."""
        with self._database.begin() as connection:
            connection.execute(update(rows).where(rows.c.id == run_id).values(summary=summary, fingerprint=""))

    def delete(self, run_id: str) -> None:
        """
        Raises:
            NotFoundError: when there is no such run (any more).
        """
        if not _ID.fullmatch(run_id):
            raise _not_found(run_id)
        with self._database.begin() as connection:
            if connection.execute(rows.delete().where(rows.c.id == run_id)).rowcount != 1:
                raise _not_found(run_id)
            connection.execute(verdicts.delete().where(verdicts.c.run == run_id))

    def end_abandoned(self) -> list[str]:
        """Mark the runs whose process is gone as interrupted, and return their ids.

        A process of this host is asked itself. One of another host counts as gone when it has not touched its runs for
        a minute of the database's clock.
        """
        host = host_of(self._worker)
        silent = (rows.c.touched < database_now(-_SILENT_S)).label("silent")
        wanted = select(rows.c.id, rows.c.worker, rows.c.touched, silent).where(rows.c.state.in_(UNFINISHED))
        with self._database.read() as connection:
            found = connection.execute(wanted).all()
        gone = [row for row in found if (row.silent if host_of(row.worker) != host else not lives(row.worker))]
        return [row.id for row in gone if self._interrupt(row.id, row.touched)]

    def _interrupt(self, run_id: str, touched: str) -> bool:
        """Unless its process has touched it meanwhile."""
        asked = rows.c.cancel_requested.is_not(None)
        values = {"state": case((asked, State.CANCELLED.value), else_=State.INTERRUPTED.value), "finished": now()}
        return self._change(run_id, UNFINISHED, rows.c.touched == touched, **values)

    def _change(self, run_id: str, states: Collection[State], *conditions: ColumnElement[bool], **values: Any) -> bool:
        """Change a run in one of these states; False when it is not there or in another one."""
        wanted = update(rows).where(rows.c.id == run_id, rows.c.state.in_(states), *conditions).values(**values)
        with self._database.begin() as connection:
            return connection.execute(wanted).rowcount == 1


def _run(row: Row[Any]) -> Run:
    values = {name: getattr(row, name) for name in Run.__dataclass_fields__ if name != "state"}
    return Run(**values, state=State(row.state))


def _not_found(run_id: str) -> NotFoundError:
    return NotFoundError(
        "There is no run {run}.",
        hint="It may have been deleted. Choose one from the list of runs, or detect again.",
        field="run",
        run=run_id[:60],
    )
