"""Ray: its tasks alone, on this machine or on a cluster. Nothing is shuffled, and no data pass through Ray itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from waferwatch.errors import InputError, MissingExtraError
from waferwatch.scale.engines.engine import MOST_TRIES, THREADS, ended
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
        InputError: there is no cluster at the address.
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
        variables = dict.fromkeys(THREADS, str(threads))
        own: dict[str, Any] = {"num_cpus": (workers * threads) or None, "object_store_memory": _STORE}
        options = {"address": address} if address else own | {"include_dashboard": False}
        try:
            ray.init(**options, runtime_env={"env_vars": variables}, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(
                "Ray cannot be used at {address}: {reason}.",
                hint="Check the address, or leave it out to start Ray on this machine.",
                field="address",
                address=address or "this machine",
                reason=str(error).splitlines()[0].rstrip("."),
            ) from error
        cores = int(self._ray.cluster_resources().get("CPU", 1)) // threads
        self.workers = min(workers, cores) if workers else max(cores, 1)
        self._do = ray.remote(max_retries=MOST_TRIES, num_cpus=threads, num_gpus=gpus)(run_task)

    def run(self, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
        """See :class:`waferwatch.scale.engines.engine.TaskEngine`."""
        waiting = iter(tasks)
        flying: dict[Any, ScaleTask] = {}
        while True:
            for task in islice(waiting, _AHEAD * self.workers - len(flying)):
                flying[self._do.remote(task)] = task
            if not flying:
                return
            ready, _ = self._ray.wait(list(flying), num_returns=1)
            for one in ready:
                yield self._taken(one, flying.pop(one))

    def close(self) -> None:
        """End Ray, or leave the cluster."""
        self._ray.shutdown()

    def _taken(self, reference: Any, task: ScaleTask) -> TaskOutcome:
        try:
            found: TaskOutcome = self._ray.get(reference)
        except self._ray.exceptions.RayError:  # tried again as often as is allowed
            found = ended(task)
        return found
