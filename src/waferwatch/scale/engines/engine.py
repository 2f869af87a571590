"""What runs tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from waferwatch.scale.task import FAILED, ScaleTask, TaskOutcome

MOST_TRIES = 3  # of a task whose worker ended before it did

# Variables that say how many threads a library takes: they count only if they are there before it is loaded.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "WAFERWATCH_THREADS")


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


def ended(task: ScaleTask) -> TaskOutcome:
    """The outcome of a task that no worker lived to finish, kept for status and report."""
    from waferwatch.scale.tasks import put_failure

    sentence = (
        f"The worker process ended {MOST_TRIES} times while it worked on this, perhaps for want of memory. "
        "Ask for fewer workers, or split by hour."
    )
    outcome = TaskOutcome(task.key, task.stage, FAILED, sentence)
    put_failure(task.out, outcome)
    return outcome
