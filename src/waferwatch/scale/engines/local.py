"""Processes of this machine. The end of one costs no more than the task that it was at, which is tried again."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from waferwatch.scale.engines.engine import MOST_TRIES, THREADS, ended
from waferwatch.scale.task import ScaleTask, TaskOutcome


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: ScaleTask | None = None


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

    def run(self, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
        """See :class:`waferwatch.scale.engines.engine.TaskEngine`."""
        waiting, again = iter(tasks), deque[ScaleTask]()
        tries: dict[str, int] = {}
        while True:
            self._hand_out(waiting, again)
            busy = [one for one in self._pool if one.task is not None]
            if not busy:
                return
            ready = wait([one.pipe for one in busy])
            for one in [one for one in busy if one.pipe in ready]:
                task, outcome = self._taken(one)
                if outcome is None:
                    tries[task.key] = tries.get(task.key, 0) + 1
                    if tries[task.key] < MOST_TRIES:
                        again.append(task)
                        continue
                    outcome = ended(task)
                tries.pop(task.key, None)
                yield outcome

    def close(self) -> None:
        """End the workers at once; what they were at is begun anew at the next run."""
        for one in self._pool:
            one.process.kill()
            one.pipe.close()
        for one in self._pool:
            one.process.join()
        self._pool = []

    def _hand_out(self, waiting: Iterator[ScaleTask], again: deque[ScaleTask]) -> None:
        """Give a task to each worker that has none; one is started when there is a task for it."""
        idle = [one for one in self._pool if one.task is None]
        while idle or len(self._pool) < self.workers:
            task = again.popleft() if again else next(waiting, None)
            if task is None:
                return
            worker = idle.pop() if idle else self._started()
            worker.task = task
            with contextlib.suppress(OSError):  # it has ended: seen when its outcome is waited for
                worker.pipe.send(task)

    def _taken(self, worker: _Worker) -> tuple[ScaleTask, TaskOutcome | None]:
        """The task of a worker and what became of it; None when the worker has ended."""
        task = worker.task
        if task is None:
            raise ValueError("an idle worker has no outcome")
        worker.task = None
        try:
            return task, worker.pipe.recv()
        except (EOFError, OSError):
            self._pool.remove(worker)
            worker.pipe.close()
            worker.process.join()
            return task, None

    def _started(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs,), daemon=True)
        before = {name: os.environ.get(name) for name in THREADS}
        os.environ.update(dict.fromkeys(THREADS, str(self._threads)))
        try:
            process.start()
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        theirs.close()
        worker = _Worker(process, mine)
        self._pool.append(worker)
        return worker


def _work(pipe: Connection) -> None:
    """Do tasks until the driver is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver too, which ends the workers
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            from waferwatch.scale.tasks import run_task  # after the variables that say how many threads it takes

            pipe.send(run_task(task))
