"""What runs tasks, and what becomes of a task whose worker ended."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from waferwatch.errors import InputError
from waferwatch.scale.task import FAILED, ScaleTask, TaskOutcome

MOST_TRIES = 3  # of a task whose worker ended before it did

# Variables that say how many threads a library takes when it is loaded.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "WAFERWATCH_THREADS")


class TaskEngine(Protocol):
    """Does tasks in any order."""

    @property
    def name(self) -> str:
        """As it is written in the record of a run."""

    @property
    def workers(self) -> int:
        """Tasks done side by side."""

    def run(self, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
        """Outcomes as they come. Tasks are taken one by one, so that there may be any number of them."""

    def close(self) -> None:
        """End the workers."""


class TaskQueue:
    """The tasks of a stage. One whose worker ended is tried again when all others are done, by itself.

    So a worker that is killed from outside costs no more than the task that it was at, tasks that need much memory get
    that of the whole machine, and a task that ends each of its workers does not hold up the others.
    """

    def __init__(self, tasks: Iterable[ScaleTask]) -> None:
        self._tasks = iter(tasks)
        self._again: deque[ScaleTask] = deque()
        self._ended: Counter[str] = Counter()
        self._flying = 0

    def next(self) -> ScaleTask | None:
        """The next task to be handed out; None while there is none."""
        task = next(self._tasks, None)
        if task is None and self._again and not self._flying:
            task = self._again.popleft()
        self._flying += task is not None
        return task

    def done(self) -> None:
        """A task that was handed out has its outcome."""
        self._flying -= 1

    def lost(self, task: ScaleTask, how: str, guilty: bool = True) -> TaskOutcome | None:
        """The worker of a task ended; an outcome when it is not tried again.

        Args:
            how: the worker ended, such as "signal 9".
            guilty: whether the worker had begun with the task.
        """
        self._flying -= 1
        self._ended[task.key] += guilty
        if self._ended[task.key] < MOST_TRIES:
            self._again.append(task)
            return None
        return _ended(task, how)


def room_for(there: Mapping[str, float], workers: int, threads: int, gpus: float) -> int:
    """How many tasks a cluster has room for at once.

    Args:
        there: what it has, as CPU and GPU.
        workers: at most; 0: all that there is room for.
        threads, gpus: of one task.

    Raises:
        InputError: it has no room for one; such tasks would wait for ever.
    """
    room = int(there.get("CPU", 1)) // threads if gpus <= there.get("GPU", 0.0) else 0
    if not room:
        raise InputError(
            "Ray has too few cores or GPUs for one task: {there}.",
            hint="Ask for less with --threads and --gpus, or use a cluster that has them.",
            field="gpus" if gpus else "threads",
            there=", ".join(f"{name} {there.get(name, 0):.0f}" for name in ("CPU", "GPU")),
        )
    return min(workers, room) if workers else room


def limit_threads(threads: int) -> None:
    """Let this process take no more threads, in libraries that are loaded already and in those loaded later."""
    from threadpoolctl import threadpool_limits

    os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    threadpool_limits(threads)


def _ended(task: ScaleTask, how: str) -> TaskOutcome:
    """The outcome of a task that no worker lived to finish, kept for status and report."""
    from waferwatch.scale.tasks import put_failure

    sentence = (
        f"The worker process ended {MOST_TRIES} times while it worked on this ({how}), at last with nothing else "
        "running, perhaps for want of memory. Split by hour, or resume on a machine with more memory."
    )
    outcome = TaskOutcome(task.key, task.stage, FAILED, sentence)
    put_failure(task.out, outcome)
    return outcome
