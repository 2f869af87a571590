"""Runs from the wish to the result: kept in the store, worked off by the queue."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, replace
from typing import Any

from waferwatch.errors import Cancelled, NotFoundError, TooManyError, WaferwatchError
from waferwatch.jobs.comparison import run_comparison, run_injection
from waferwatch.jobs.detection import run_detection
from waferwatch.jobs.options import Options
from waferwatch.jobs.queue import Job, Queue, cancelled
from waferwatch.models.contract import Progress
from waferwatch.scoring.failure import Failure
from waferwatch.settings import Settings
from waferwatch.store.runs import UNFINISHED, Run, State
from waferwatch.store.store import Store

Work = Callable[[Store, Settings, Run, Progress], dict[str, Any]]  # keeps its result and returns its summary
KINDS: dict[str, Work] = {
    "detection": run_detection,
    "comparison": run_comparison,
    "injection": run_injection,
}
_TOUCH_S = 10.0
_BUSY_S = 30  # until it is worth asking again when too many runs wait
_log = logging.getLogger("waferwatch.jobs")


class RunFailed(WaferwatchError):  # noqa: N818 - told as the error that ended the run
    """The error that ended a run, as it was kept."""

    def __init__(self, kept: dict[str, Any]) -> None:
        failure = Failure(**kept)
        super().__init__(failure.message, hint=failure.hint, field=failure.field, **failure.values)
        self.status, self.exit_code, self.code = failure.status, 2, failure.code  # type: ignore[misc]


class Jobs:
    """Everything that was asked of one server.

    Args:
        finished: told of each run that was done, with the seconds that it took.
    """

    def __init__(
        self, settings: Settings, store: Store, finished: Callable[[Run, float], None] = lambda _run, _seconds: None
    ) -> None:
        cores = os.cpu_count() or 1
        self._settings = settings
        self._store = store
        self._finished = finished
        self._queue = Queue(max(1, cores // (settings.threads or cores)), self._was_cancelled)
        self._submitting = threading.Lock()
        self._pulse = threading.Thread(target=self._touch, name="pulse", daemon=True)
        self._ended = threading.Event()

    def start(self) -> None:
        self._queue.start()
        self._pulse.start()

    def stop(self) -> None:
        """End every run; those that have not finished are told as interrupted."""
        for job in self._queue.jobs():
            self._store.runs.fail(job.id, State.INTERRUPTED, kept_error(_interrupted()))
        self._ended.set()
        self._queue.stop()

    def join(self, seconds: float) -> None:
        self._queue.join(seconds)

    def submit(self, kind: str, options: Options, user: str) -> Run:
        """Queue a run; or give the one that waits, runs or is done and must have the same result.

        Raises:
            NotFoundError: when there is no such data set.
            TooManyError: when too many runs wait already.
            Cancelled: when the server is being stopped.
        """
        dataset = self._store.datasets.get(options.dataset)
        options = replace(options, version=dataset.version)
        fingerprint = options.fingerprint(kind, dataset)
        with self._submitting:
            same = self._same(fingerprint)
            if same is not None:
                return same
            if self._queue.waiting() >= self._settings.max_waiting_runs:
                raise TooManyError(
                    "{waiting} runs wait already.",
                    hint="Try again when some of them are done, or cancel some.",
                    seconds=_BUSY_S,
                    waiting=self._queue.waiting(),
                )
            name = "" if dataset.builtin else dataset.name
            run = self._store.runs.add(kind, dataset.id, name, options.to_dict(), fingerprint, user)
            self._queue.put(Job(run.id, lambda progress: self._work(run, progress)))
        # Here, since nobody else knows whether a run was started or one of before is given back.
        self._store.audit.add(user, f"start {kind}", run.id, dataset=dataset.id)
        return run

    def get(self, run_id: str) -> Run:
        """A run as it is now.

        Raises:
            NotFoundError: when there is no such run (any more).
        """
        return self._now(self._store.runs.get(run_id))

    def all(self, **wanted: Any) -> list[Run]:
        """As ``Runs.all``."""
        return [self._now(run) for run in self._store.runs.all(**wanted)]

    def place(self, run_id: str) -> int | None:
        """How many runs are worked off before this one starts."""
        return self._queue.place(run_id)

    def cancel(self, run_id: str) -> Run:
        """Stop a run. One that has ended stays as it is.

        Raises:
            NotFoundError: when there is no such run (any more).
        """
        self._store.runs.get(run_id)
        self._queue.cancel(run_id)
        return self.get(run_id)

    def delete(self, run_id: str) -> None:
        """Stop a run if it has not ended, and drop it with its result.

        Raises:
            NotFoundError: when there is no such run (any more).
        """
        self.cancel(run_id)
        self._store.delete_run(run_id)

    def ended(self, run_id: str) -> Future[None]:
        """Resolved when the run has ended, however it ended."""
        job = self._queue.find(run_id)
        if job is not None:
            return job.done
        over: Future[None] = Future()
        over.set_result(None)
        return over

    def result_of(self, run_id: str) -> Run:
        """The run, which has ended and has a result.

        Raises:
            RunFailed, Cancelled: what ended it instead.
            NotFoundError: when it is still on its way, or gone.
        """
        run = self.get(run_id)
        if run.state is State.DONE:
            return run
        if run.state in UNFINISHED:
            raise NotFoundError("This run has no result yet.", hint="Wait until it is done.", field="run")
        raise RunFailed(run.error or kept_error(_interrupted()))

    def _same(self, fingerprint: str) -> Run | None:
        for job in self._queue.jobs():
            if not job.cancelled.is_set():
                run = self._store.runs.get(job.id)
                if run.fingerprint == fingerprint:
                    return self._now(run)
        done = self._store.runs.same(fingerprint)
        return done if done is not None and (self._store.results.folder / done.id).is_dir() else None

    def _now(self, run: Run) -> Run:
        job = self._queue.find(run.id)
        return run if job is None else replace(run, progress=job.progress)

    def _work(self, run: Run, progress: Progress) -> None:
        began = time.perf_counter()
        try:
            progress(0.0)
            self._store.runs.start(run.id)
            self._store.runs.finish(run.id, KINDS[run.kind](self._store, self._settings, run, progress))
            self._finished(run, time.perf_counter() - began)
            self._drop_if_deleted(run.id)
        except Cancelled as error:
            self._end(run, State.INTERRUPTED if self._queue.stopped else State.CANCELLED, error)
        except WaferwatchError as error:
            self._end(run, State.FAILED, error)
        except Exception:
            _log.exception("run %s failed", run.id)
            self._end(run, State.FAILED, unexpected())

    def _end(self, run: Run, state: State, error: WaferwatchError) -> None:
        try:
            self._store.runs.fail(run.id, state, kept_error(error))
        except WaferwatchError:  # without a database nothing can be kept: the next start tells it as interrupted
            _log.exception("the end of run %s could not be kept", run.id)

    def _drop_if_deleted(self, run_id: str) -> None:
        """A run may be deleted in its last moment, when its result is being written."""
        try:
            self._store.runs.get(run_id)
        except NotFoundError:
            self._store.results.delete(run_id)

    def _was_cancelled(self, run_id: str) -> None:
        self._store.runs.fail(run_id, State.CANCELLED, kept_error(cancelled()))

    def _touch(self) -> None:
        """Say again and again that the runs of this process live, and find those of processes that do not."""
        while not self._ended.wait(_TOUCH_S):
            try:
                for job in self._queue.jobs():
                    self._store.runs.touch(job.id, job.progress)
                self._store.runs.end_abandoned()
            except WaferwatchError:
                _log.exception("the state of runs could not be kept")


def kept_error(error: WaferwatchError) -> dict[str, Any]:
    """The error as the store keeps it."""
    return asdict(Failure.of(error))


def unexpected() -> WaferwatchError:
    return WaferwatchError(
        "Something went wrong on the server.",
        hint="Try again. If it happens again, give the number of the run to the person who runs this server.",
    )


def _interrupted() -> WaferwatchError:
    return Cancelled("The server ended before this run did.", hint="Start it again.")
