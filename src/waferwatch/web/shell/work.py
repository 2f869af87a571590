"""Short work in threads away from the event loop, and what is kept of it for drawing."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.models.registry import create
from waferwatch.series.quality.report import Quality, examine
from waferwatch.settings import Settings
from waferwatch.store.datasets import DEMO, Datasets
from waferwatch.store.recent import Recent
from waferwatch.web.figures.lines import Lines, lay_out
from waferwatch.web.shell.kept import KeptAnswers, packed_answer

_LINES_BYTES = 256 * 2**20
_QUALITIES_BYTES = 32 * 2**20
_SENSOR_BYTES = 1_000  # what is known of the quality of one sensor, about
_READERS = 8

Result = TypeVar("Result")


class Work:
    """Threads of their own for what is short, so that it never waits for a detection."""

    def __init__(self, datasets: Datasets) -> None:
        self._datasets = datasets
        self._reading = CapacityLimiter(_READERS)
        cores = max(2, os.cpu_count() or 1)
        self._drawing = CapacityLimiter(cores)
        self._plotting = CapacityLimiter(cores)
        self._exporting = CapacityLimiter(1)
        self._answers = KeptAnswers()
        self._lines: Recent[tuple[str, int], Lines] = Recent(_LINES_BYTES, _lines_bytes)
        self._qualities: Recent[tuple[str, int], Quality] = Recent(_QUALITIES_BYTES, _quality_bytes)

    async def read(self, function: Callable[..., Result], *arguments: object, **named: object) -> Result:
        """Run something short in a thread: questions to the database, small files."""
        call = functools.partial(function, *arguments, **named)
        return await to_thread.run_sync(call, limiter=self._reading)

    async def draw(self, function: Callable[..., Result], *arguments: object, **named: object) -> Result:
        """Run something that computes on a whole table, in threads apart: what is short never queues behind it.

        More of them than cores would make each other slower, and everything else too.
        """
        call = functools.partial(function, *arguments, **named)
        return await to_thread.run_sync(call, limiter=self._drawing)

    async def answer(
        self, request: Request, key_of: Callable[[], Hashable], make: Callable[[], Any], *, plot: bool = False
    ) -> Response:
        """A JSON answer, from memory as long as its key stays the same.

        Args:
            key_of: everything that the answer depends on; asked each time, so it must be quick.
            make: computes the answer.
            plot: a single figure that somebody zooms: it does not queue behind whole results and explanations.
        """
        packed = self._answers.find(await self.read(key_of))
        if packed is None:
            limiter = self._plotting if plot else self._drawing
            packed = await to_thread.run_sync(self._answers.make, key_of, make, limiter=limiter)
        return packed_answer(request, packed)

    async def export(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Run something that may hold a whole file in memory: one after the other."""
        return await to_thread.run_sync(function, *arguments, limiter=self._exporting)

    def lines(self, dataset: str, version: int | None = None) -> Lines:
        """How the rows of a data set lie on the time axis; with the roles that its columns had in a version."""
        now = self._datasets.get(dataset).version
        chosen = version or now
        return self._lines.get((dataset, chosen), lambda: lay_out(self._datasets.table(dataset, chosen)))

    def quality(self, dataset: str) -> Quality:
        """The quality report of a data set. May take some seconds the first time."""
        version = self._datasets.get(dataset).version
        return self._qualities.get((dataset, version), lambda: examine(self._datasets.table(dataset, version)))

    def forget(self, dataset: str) -> None:
        """Drop what was made of a data set."""
        self._qualities.forget(lambda key, _quality: key[0] == dataset)
        self._lines.forget(lambda key, _lines: key[0] == dataset)


def dataset_of(name: str | None) -> str:
    """Id of the data set that a request names: the demo when it names none."""
    return DEMO if name is None else name


def moment_model(settings: Settings) -> tuple[str, str | None, str]:
    """Name, hash and device of the checkpoint that MOMENT runs with now.

    Raises:
        ModelError: when it cannot be loaded.
    """
    model = create("moment", device=settings.device, threads=settings.threads or None).info
    return model.name, model.sha256, model.device


def _quality_bytes(quality: Quality) -> int:
    return _SENSOR_BYTES * (len(quality.sensors) + len(quality.findings) + len(quality.timing.equipment))


def _lines_bytes(lines: Lines) -> int:
    return sum(line.rows.nbytes + line.place.nbytes + line.stretch.nbytes for line in lines.lines)
