"""A queue of jobs and the threads that work it off."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from waferwatch.errors import Cancelled
from waferwatch.models.contract import Progress

_log = logging.getLogger("waferwatch.jobs")


@dataclass
class Job:
    """One piece of work. ``done`` is resolved when it has ended, however it ended."""

    id: str
    work: Callable[[Progress], None]  # reports its progress often, and propagates what that raises
    key: str = ""  # jobs of one key must give the same result
    progress: float = 0.0
    running: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    done: Future[None] = field(default_factory=Future)


class Queue:
    """Works jobs off in the order in which they came.

    Args:
        workers: jobs that run at once.
        ended: called for a job that was cancelled before it began.
    """

    def __init__(self, workers: int, ended: Callable[[str], None]) -> None:
        self._ended = ended
        self._waiting: list[Job] = []
        self._running: list[Job] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{number}", daemon=True) for number in range(workers)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """
        Raises:
            Cancelled: when the queue has been stopped.
        """
        with self._changed:
            if self._stopped:
                raise stopping()
            self._waiting.append(job)
            self._changed.notify()

    def find(self, job_id: str) -> Job | None:
        """A job that waits or runs."""
        with self._changed:
            return next((job for job in (*self._running, *self._waiting) if job.id == job_id), None)

    def place(self, job_id: str) -> int | None:
        """How many jobs are processed before this one starts; None when it runs or is not here."""
        with self._changed:
            return next((at + 1 for at, job in enumerate(self._waiting) if job.id == job_id), None)

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return len(self._waiting)

    def jobs(self) -> list[Job]:
        with self._changed:
            return [*self._running, *self._waiting]

    def cancel(self, job_id: str) -> bool:
        """Stop a job: at once while it waits, else at its next step. False when it is not here."""
        with self._changed:
            job = next((one for one in (*self._running, *self._waiting) if one.id == job_id), None)
            if job is None:
                return False
            job.cancelled.set()
            waits = job in self._waiting
            if waits:
                self._waiting.remove(job)
        if waits:
            try:
                self._ended(job.id)
            finally:  # whoever waits for it must not wait for ever, whatever goes wrong here
                job.done.set_result(None)
        return True

    def stop(self) -> None:
        """End every job, and take no more."""
        with self._changed:
            self._stopped = True
            waiting, self._waiting = self._waiting, []
            for job in (*waiting, *self._running):
                job.cancelled.set()
            self._changed.notify_all()
        for job in waiting:
            job.done.set_result(None)

    @property
    def stopped(self) -> bool:
        return self._stopped

    def join(self, seconds: float) -> None:
        """Wait until the threads have ended, at most so long in all."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.work(self._step(job))
            except Exception:
                _log.exception("job %s raised what it should have kept", job.id)
            finally:
                with self._changed:
                    self._running.remove(job)
                job.done.set_result(None)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._waiting and not self._stopped:
                self._changed.wait()
            if self._stopped:
                return None
            job = self._waiting.pop(0)
            job.running = True
            self._running.append(job)
            return job

    def _step(self, job: Job) -> Progress:
        def step(share: float) -> None:
            if job.cancelled.is_set():
                raise stopping() if self._stopped else cancelled()
            job.progress = max(job.progress, min(1.0, share))

        return step


def cancelled() -> Cancelled:
    return Cancelled("The run was cancelled.", hint="Start it again when you want its result.")


def stopping() -> Cancelled:
    return Cancelled("The server is being stopped.", hint="Try again when it runs.")
