"""Processes of this machine. The end of one costs no more than the task that it was at, which is tried again."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess

from waferwatch.errors import InputError
from waferwatch.scale.engines.engine import TaskQueue, limit_threads
from waferwatch.scale.task import ScaleTask, TaskOutcome

_LOADED = ["waferwatch.scale.tasks"]  # before workers are forked
_BEGUN = "begun"
_STARTS = 10  # workers that may end one after the other before any of them begins with a task


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: ScaleTask | None = None
    begun: bool = False  # with the task


class LocalEngine:
    """A pool of processes.

    Args:
        workers: 0 takes one for each core.
        threads: that one worker may use.
    """

    name = "local"

    def __init__(self, workers: int = 0, threads: int = 1) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._threads = threads
        self._pool: list[_Worker] = []
        self._stillborn = 0
        self._context = _context()

    def run(self, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
        """See :class:`waferwatch.scale.engines.engine.TaskEngine`.

        Raises:
            InputError: no worker lives long enough to begin with a task.
        """
        queue = TaskQueue(tasks)
        while True:
            self._hand_out(queue)
            busy = [one for one in self._pool if one.task is not None]
            if not busy:
                return
            ready = wait([one.pipe for one in busy])
            for one in [one for one in busy if one.pipe in ready]:
                outcome = self._heard(one, queue)
                if outcome is not None:
                    yield outcome

    def close(self) -> None:
        """End the workers at once; what they were at is begun anew at the next run."""
        for one in self._pool:
            one.process.kill()
            one.pipe.close()
        for one in self._pool:
            one.process.join()
        self._pool = []

    def _hand_out(self, queue: TaskQueue) -> None:
        """Give a task to each worker that has none; one is started when there is a task for it."""
        idle = [one for one in self._pool if one.task is None]
        while idle or len(self._pool) < self.workers:
            task = queue.next()
            if task is None:
                return
            worker = idle.pop() if idle else self._started()
            if worker is None:
                self._miscarried("the process that they are forked off has ended")
                queue.lost(task, "", guilty=False)
                continue
            worker.task, worker.begun = task, False
            with contextlib.suppress(OSError):  # it has ended: seen when its outcome is waited for
                worker.pipe.send(task)

    def _heard(self, worker: _Worker, queue: TaskQueue) -> TaskOutcome | None:
        """What became of a worker's task; None while that is open."""
        task = worker.task
        if task is None:
            raise ValueError("an idle worker has no outcome")
        try:
            said: TaskOutcome | str = worker.pipe.recv()
        except (EOFError, OSError):
            return self._buried(worker, task, queue)
        self._stillborn = 0
        if isinstance(said, str):
            worker.begun = True
            return None
        worker.task = None
        queue.done()
        return said

    def _buried(self, worker: _Worker, task: ScaleTask, queue: TaskQueue) -> TaskOutcome | None:
        self._pool.remove(worker)
        worker.pipe.close()
        worker.process.join()
        how = _how(worker.process.exitcode or 0)
        if not worker.begun:
            self._miscarried(how)
        return queue.lost(task, how, guilty=worker.begun)

    def _miscarried(self, how: str) -> None:
        """A worker ended before it began with a task."""
        self._stillborn += 1
        if self._stillborn >= _STARTS:
            raise InputError(
                "Worker processes end before they begin with a task ({how}).",
                hint="Free some memory or ask for fewer workers, and resume.",
                how=how,
            )

    def _started(self) -> _Worker | None:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, self._threads), daemon=True)
        try:
            process.start()
        except (EOFError, OSError):  # whoever killed workers has met the process that they are forked off
            mine.close()
            return None
        finally:
            theirs.close()
        worker = _Worker(process, mine)
        self._pool.append(worker)
        return worker


def _context() -> ForkServerContext | SpawnContext:
    """Workers are forked off a process without threads of its own that has loaded everything once, where possible."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context


def _how(code: int) -> str:
    """
    >>> _how(-9), _how(1)
    ('signal 9', 'exit code 1')
    """
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _work(pipe: Connection, threads: int) -> None:
    """Do tasks until the driver is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver too, which ends the workers
    limit_threads(threads)
    from waferwatch.scale.tasks import run_task

    with contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            pipe.send(_BEGUN)
            pipe.send(run_task(task))
