"""Runs from the request to the result: kept in the store, executed by the queue."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from waferwatch.errors import Cancelled, NotFoundError, TooManyError, WaferwatchError
from waferwatch.jobs.comparison import run_comparison, run_injection
from waferwatch.jobs.detection import run_detection
from waferwatch.jobs.endings import Endings
from waferwatch.jobs.monitors.settling import settled_options, settled_task
from waferwatch.jobs.monitors.tasks import LearnTask, MonitorTask, RebaseTask, ReplayTask, WidenTask
from waferwatch.jobs.monitors.work import (
    LiveVerdicts,
    no_live_verdicts,
    run_learning,
    run_rebase,
    run_replay,
    run_widening,
)
from waferwatch.jobs.options import Options
from waferwatch.jobs.queue import Job, Queue, cancelled
from waferwatch.models.contract import Progress
from waferwatch.scoring.comparison.failure import Failure
from waferwatch.settings import Settings
from waferwatch.store.database.connection import StoreError, now
from waferwatch.store.runs import UNFINISHED, Ending, Run, State
from waferwatch.store.store import Store

Work = Callable[[Store, Settings, Run, Progress], dict[str, Any]]  # keeps its result and returns its summary
KINDS: dict[str, Work] = {
    "detection": run_detection,
    "comparison": run_comparison,
    "injection": run_injection,
    LearnTask.kind: run_learning,
    RebaseTask.kind: run_rebase,
    WidenTask.kind: run_widening,
    ReplayTask.kind: run_replay,
}
_BEAT_S = 2.0  # how soon a cancel that another process was asked for is found
_BEATS = 5  # of which one says that the runs live, and writes again what could not be written
_FLUSH_S = 3.0  # for the database to take what is unwritten when the server stops
_BUSY_S = 30  # until it is worth asking again when too many runs wait
_log = logging.getLogger("waferwatch.jobs")


class RunFailed(WaferwatchError):  # noqa: N818 - shown as the error that ended the run
    """The error that ended a run, as it was kept."""

    def __init__(self, kept: dict[str, Any]) -> None:
        failure = Failure(**kept)
        super().__init__(failure.message, hint=failure.hint, field=failure.field, **failure.values)
        self.status, self.exit_code, self.code = failure.status, 2, failure.code  # type: ignore[misc]


class Jobs:
    """Everything that was asked of one server.

    Args:
        ended: called with each run that ended after it had begun, how it ended, and the seconds that it took.
        live: gives what engineers said of live alarms.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        ended: Callable[[Run, State, float], None] = lambda _run, _state, _seconds: None,
        live: LiveVerdicts = no_live_verdicts,
    ) -> None:
        self._live = live
        cores = os.cpu_count() or 1
        self._settings = settings
        self._store = store
        self._when_ended = ended
        self._queue = Queue(max(1, cores // (settings.threads or cores)), self._was_cancelled)
        self._endings = Endings(store.runs)
        self._submitting = threading.Lock()
        self._pulse = threading.Thread(target=self._beats, name="pulse", daemon=True)
        self._ended = threading.Event()

    def start(self) -> None:
        self._queue.start()
        self._pulse.start()

    def stop(self) -> None:
        """Tell every run to end and take no more. Returns at once: nothing is written here."""
        for job in self._queue.jobs():
            if not job.running:
                self._endings.remember(job.id, _ending(State.INTERRUPTED, _interrupted()))
        self._ended.set()
        self._queue.stop()

    def close(self, seconds: float) -> None:
        """Stop, wait for running jobs to notice, and write how the runs ended.

        A database that does not take it is waited for 3 s at most: the next start marks these runs as interrupted.

        Args:
            seconds: most time for running jobs to notice.
        """
        self.stop()
        self._queue.join(seconds)
        for job in self._queue.jobs():
            self._endings.remember(job.id, _ending(State.INTERRUPTED, _interrupted()))
        flush = threading.Thread(target=self._flush, name="flush", daemon=True)
        flush.start()
        flush.join(_FLUSH_S)
        if flush.is_alive():
            _log.warning("the database is busy: runs that were interrupted are marked at the next start")

    def submit(self, kind: str, options: Options | MonitorTask, user: str) -> Run:
        """Queue a run; or give the one that waits, runs or is done and must have the same result.

        Raises:
            NotFoundError: when there is no such data set or monitor.
            InputError: for a wish about a monitor that cannot be granted.
            TooManyError: when too many runs wait already.
            Cancelled: when the server is being stopped.
        """
        if isinstance(options, Options):
            options = settled_options(self._store, options)
        else:
            options = settled_task(self._store, options, self._live)
        dataset = self._store.datasets.get(options.dataset)
        options = replace(options, version=dataset.version)
        fingerprint = options.fingerprint(kind, dataset)
        with self._submitting:
            same = self._same(fingerprint, makes_version=isinstance(options, MonitorTask) and options.makes_version)
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
            monitor = options.monitor_id if isinstance(options, Options) else None
            run = self._store.runs.add(kind, dataset.id, name, options.to_dict(), fingerprint, user, monitor)
            self._put(run)
        # Here, since nobody else knows whether a run was started or one of before is given back.
        self._store.audit.add(user, f"start {kind}", run.id, dataset=dataset.id)
        return run

    def get(self, run_id: str) -> Run:
        """A run as it is now.

        Raises:
            NotFoundError: when there is no such run (any more).
        """
        before = self._endings.unwritten()
        return self._now(self._store.runs.get(run_id), before)

    def all(self, **wanted: Any) -> list[Run]:
        """As ``Runs.all``."""
        before = self._endings.unwritten()
        return [self._now(run, before) for run in self._store.runs.all(**wanted)]

    def place(self, run_id: str) -> int | None:
        """Position in the queue, from 1; None when the run does not wait here."""
        return self._queue.place(run_id)

    def waiting(self) -> int:
        """How many runs wait in this process."""
        return self._queue.waiting()

    def running(self) -> int:
        """How many runs this process works on."""
        return sum(job.running for job in self._queue.jobs())

    def cancel(self, run_id: str) -> Run:
        """Stop a run. One that has ended stays as it is; one of another process ends within some seconds.

        Raises:
            NotFoundError: when there is no such run (any more).
            StoreError: when the database does not answer. A run of this process is stopped nevertheless.
        """
        if not self._queue.cancel(run_id) and self.get(run_id).state in UNFINISHED:
            self._store.runs.cancel(run_id, kept_error(cancelled()))
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

    def _put(self, run: Run) -> None:
        try:
            self._queue.put(Job(run.id, lambda progress: self._work(run, progress), run.fingerprint))
        except Cancelled:  # the server stops: the run must not look as if it waited
            self._endings.remember(run.id, _ending(State.INTERRUPTED, _interrupted()))
            raise

    def _same(self, fingerprint: str, *, makes_version: bool) -> Run | None:
        for job in self._queue.jobs():
            if job.key == fingerprint and not job.cancelled.is_set():
                return self.get(job.id)
        if makes_version:
            return None
        done = self._store.runs.same(fingerprint)
        return done if done is not None and (self._store.results.folder / done.id).is_dir() else None

    def _now(self, run: Run, before: Mapping[str, Ending]) -> Run:
        job = self._queue.find(run.id)
        return self._endings.shown(run if job is None else replace(run, progress=job.progress), before)

    def _work(self, run: Run, progress: Progress) -> None:
        began = time.perf_counter()
        ending = self._outcome(run, progress)
        if self._queue.stopped:
            self._endings.remember(run.id, ending)  # ``close`` writes it, and waits for no database
            return
        self._keep(run.id, ending)
        self._when_ended(run, ending.state, time.perf_counter() - began)
        if ending.state is State.DONE:
            self._drop_if_deleted(run.id)

    def _keep(self, run_id: str, ending: Ending) -> None:
        try:
            self._endings.keep(run_id, ending)
        except Exception:  # a summary that no database takes must not be tried for ever
            _log.exception("the end of run %s cannot be written", run_id)
            self._endings.keep(run_id, _ending(State.FAILED, unexpected()))

    def _outcome(self, run: Run, progress: Progress) -> Ending:
        try:
            progress(0.0)
            self._say_started(run.id)
            work = partial(run_widening, live=self._live) if run.kind == WidenTask.kind else KINDS[run.kind]
            summary = work(self._store, self._settings, run, progress)
            return Ending(State.DONE, now(), summary=summary)
        except Cancelled as error:
            if self._queue.stopped:
                return _ending(State.INTERRUPTED, _interrupted())
            return _ending(State.CANCELLED, error)
        except WaferwatchError as error:
            return _ending(State.FAILED, error)
        except Exception:
            _log.exception("run %s failed", run.id)
            return _ending(State.FAILED, unexpected())

    def _say_started(self, run_id: str) -> None:
        try:
            self._store.runs.start(run_id)
        except StoreError as error:  # no reason not to work: the pulse says it later
            _log.warning("the start of run %s is written later: %s", run_id, error.message())

    def _drop_if_deleted(self, run_id: str) -> None:
        """A run may be deleted in its last moment, when its result is being written."""
        try:
            self._store.runs.get(run_id)
        except NotFoundError:
            self._store.results.delete(run_id)
        except StoreError:  # what is left is removed with the next cleaning
            _log.warning("whether run %s was deleted is not known", run_id)

    def _was_cancelled(self, run_id: str) -> None:
        self._endings.keep(run_id, _ending(State.CANCELLED, cancelled()))

    def _beats(self) -> None:
        """The pulse of this process, until the server stops."""
        count = 0
        while not self._ended.wait(_BEAT_S):
            count += 1
            try:
                self._obey_others()
                if count % _BEATS == 0:
                    self._say_alive()
            except StoreError as error:
                _log.warning("the state of runs is written later: %s", error.message())
            except Exception:
                _log.exception("the state of runs is written later")

    def _obey_others(self) -> None:
        """Stop the jobs whose runs were cancelled or deleted by another process."""
        for run_id in self._store.runs.unwanted([job.id for job in self._queue.jobs()]):
            self._queue.cancel(run_id)

    def _say_alive(self) -> None:
        """Say that the runs of this process live, end those of processes that do not, and write what is unwritten."""
        for run_id in self._endings.retry():
            self._drop_if_deleted(run_id)
        jobs = self._queue.jobs()
        if jobs:
            running = {job.id: job.progress for job in jobs if job.running}
            self._store.runs.keep_alive(running, [job.id for job in jobs if not job.running])
        self._store.runs.end_abandoned()

    def _flush(self) -> None:
        try:
            self._endings.retry()
        except StoreError as error:
            _log.warning("runs that were interrupted are marked at the next start: %s", error.message())
        except Exception:
            _log.exception("runs that were interrupted are marked at the next start")


def kept_error(error: WaferwatchError) -> dict[str, Any]:
    """The error as the store keeps it."""
    return asdict(Failure.of(error))


def unexpected() -> WaferwatchError:
    return WaferwatchError(
        "Something went wrong on the server.",
        hint="Try again. If it happens again, give the number of the run to the person who runs this server.",
    )


def _ending(state: State, error: WaferwatchError) -> Ending:
    return Ending(state, now(), error=kept_error(error))


def _interrupted() -> WaferwatchError:
    return Cancelled("The server ended before this run did.", hint="Start it again.")
