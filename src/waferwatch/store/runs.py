"""Runs: what was asked for, by whom, how far it is, and what came of it. Results themselves are files (results.py)."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import psutil
from sqlalchemy import Row, Text, cast, or_, select, update

from waferwatch.errors import NotFoundError
from waferwatch.store.database import Database, now
from waferwatch.store.schema import runs as rows
from waferwatch.store.schema import verdicts

_ID = re.compile(r"[0-9a-f]{16}")
_SILENT_S = 60.0  # a process that has not touched its run for so long is taken to be dead


class State(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # `error` says why
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # the server ended while it waited or ran


UNFINISHED = (State.QUEUED, State.RUNNING)


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


class Runs:
    """The runs of one store. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._worker = _worker()

    def add(
        self, kind: str, dataset: str, dataset_name: str, options: dict[str, Any], fingerprint: str, user: str
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
        }
        with self._database.begin() as connection:
            connection.execute(
                rows.insert().values(
                    id=run_id,
                    state=State.QUEUED,
                    progress=0.0,
                    created=moment,
                    worker=self._worker,
                    touched=moment,
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
            with self._database.begin() as connection:
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
        with self._database.begin() as connection:
            return [_run(row) for row in connection.execute(wanted)]

    def same(self, fingerprint: str) -> Run | None:
        """The newest run of this fingerprint that is done."""
        wanted = select(rows).where(rows.c.fingerprint == fingerprint, rows.c.state == State.DONE)
        with self._database.begin() as connection:
            row = connection.execute(wanted.order_by(rows.c.created.desc()).limit(1)).one_or_none()
        return None if row is None else _run(row)

    def start(self, run_id: str) -> None:
        self._change(run_id, state=State.RUNNING, started=now(), touched=now())

    def touch(self, run_id: str, progress: float) -> None:
        """Say that the run lives, and how far it is."""
        self._change(run_id, progress=progress, touched=now())

    def finish(self, run_id: str, summary: dict[str, Any]) -> None:
        self._change(run_id, state=State.DONE, progress=1.0, finished=now(), summary=summary)

    def fail(self, run_id: str, state: State, error: dict[str, Any]) -> None:
        """End a run that gives no result: FAILED, CANCELLED or INTERRUPTED."""
        self._change(run_id, state=state, finished=now(), error=error)

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
        """Mark the runs whose process is gone as interrupted, and tell which they are."""
        host = self._worker.partition(":")[0]
        silent = (datetime.now(UTC) - timedelta(seconds=_SILENT_S)).isoformat(timespec="microseconds")
        with self._database.begin() as connection:
            found = connection.execute(select(rows).where(rows.c.state.in_(UNFINISHED))).all()
            gone = [
                row.id
                for row in found
                if (row.touched < silent if row.worker.partition(":")[0] != host else not _lives(row.worker))
            ]
            if gone:
                wanted = update(rows).where(rows.c.id.in_(gone), rows.c.state.in_(UNFINISHED))
                connection.execute(wanted.values(state=State.INTERRUPTED, finished=now()))
        return gone

    def _change(self, run_id: str, **values: Any) -> None:
        """Only a run that has not ended can be changed, so that a late writer undoes no cancel."""
        with self._database.begin() as connection:
            connection.execute(update(rows).where(rows.c.id == run_id, rows.c.state.in_(UNFINISHED)).values(**values))


def _run(row: Row[Any]) -> Run:
    values = {name: getattr(row, name) for name in Run.__dataclass_fields__ if name != "state"}
    return Run(**values, state=State(row.state))


def _worker() -> str:
    """This process, told apart from every other one, also from a later one with the same number."""
    me = psutil.Process()
    return f"{socket.gethostname()}:{os.getpid()}:{me.create_time():.2f}"


def _lives(worker: str) -> bool:
    _, number, created = worker.rsplit(":", 2)
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == created
    except psutil.Error:
        return False


def _not_found(run_id: str) -> NotFoundError:
    return NotFoundError(
        "There is no run {run}.",
        hint="It may have been deleted. Choose one from the list of runs, or detect again.",
        field="run",
        run=run_id[:60],
    )
