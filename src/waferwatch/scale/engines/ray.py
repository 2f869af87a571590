"""Ray: its tasks alone, on this machine or on a cluster. Nothing is shuffled, and no data pass through Ray itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from waferwatch.errors import InputError, MissingExtraError
from waferwatch.scale.engines.engine import TaskQueue, limit_threads, room_for
from waferwatch.scale.task import ScaleTask, TaskOutcome
from waferwatch.scale.tasks import run_task

_AHEAD = 4  # tasks handed over for each that can be done at once
_STORE = 200_000_000  # bytes of Ray's own store: tasks and outcomes are small


class RayEngine:
    """Tasks on Ray.

    Args:
        address: of a cluster; None starts Ray on this machine, and ends it when closed.
        workers: 0 takes all that the cluster has; on this machine one for each core.
        threads, gpus: of one task; a GPU may be shared, as in 0.25.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: there is no cluster at the address, or it has too few processors or GPUs.
    """

    name = "ray"

    def __init__(self, address: str | None = None, workers: int = 0, threads: int = 1, gpus: float = 0.0) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        try:
            import ray
        except ImportError as error:
            raise MissingExtraError(
                "Ray is not installed.", hint="Install it with: pip install 'waferwatch[ray]'", field="engine"
            ) from error
        self._ray: Any = ray
        own: dict[str, Any] = {"num_cpus": (workers * threads) or None, "object_store_memory": _STORE}
        own["include_dashboard"] = False
        try:
            ray.init(**({"address": address} if address else own), log_to_driver=False)
        except Exception as error:  # where it does not start in time Ray raises nothing narrower
            raise InputError(
                "Ray cannot be used at {address}: {reason}.",
                hint="Check the address, or leave it out to start Ray on this machine.",
                field="address",
                address=address or "this machine",
                reason=(str(error) or type(error).__name__).splitlines()[0].rstrip("."),
            ) from error
        try:
            self.workers = room_for(self._ray.cluster_resources(), workers, threads, gpus)
        except InputError:
            self.close()
            raise
        self._threads = threads
        # A task whose worker ended is tried again by the queue, as with local processes.
        self._do = ray.remote(max_retries=0, num_cpus=threads, num_gpus=gpus)(_do)

    def run(self, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
        """See :class:`waferwatch.scale.engines.engine.TaskEngine`."""
        queue = TaskQueue(tasks)
        flying: dict[Any, ScaleTask] = {}
        while True:
            while len(flying) < _AHEAD * self.workers and (task := queue.next()) is not None:
                flying[self._do.remote(task, self._threads)] = task
            if not flying:
                return
            ready, _ = self._ray.wait(list(flying), num_returns=1)
            for one in ready:
                outcome = self._taken(one, flying.pop(one), queue)
                if outcome is not None:
                    yield outcome

    def close(self) -> None:
        """End Ray, or leave the cluster."""
        self._ray.shutdown()

    def _taken(self, reference: Any, task: ScaleTask, queue: TaskQueue) -> TaskOutcome | None:
        try:
            found: TaskOutcome = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            return queue.lost(task, type(error).__name__)
        queue.done()
        return found


def _do(task: ScaleTask, threads: int) -> TaskOutcome:
    limit_threads(threads)
    return run_task(task)
