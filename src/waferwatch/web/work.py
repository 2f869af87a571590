"""The work behind the API, in threads beside the event loop, and what is kept of its results."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from waferwatch.detection.compare import ComparisonRow, compare_table
from waferwatch.detection.result import Detection
from waferwatch.detection.run import detect_table
from waferwatch.detectors.registry import create, detector_names
from waferwatch.errors import Cancelled, InputError, NotFoundError
from waferwatch.read.table import Role, Table
from waferwatch.settings import Settings
from waferwatch.store.datasets import DEMO, Datasets
from waferwatch.store.recent import Recent
from waferwatch.web.figures.lines import Lines, lay_out
from waferwatch.web.telemetry import Telemetry

_DETECTIONS_BYTES = 256 * 2**20
_LINES_BYTES = 256 * 2**20
_COMPARISONS_BYTES = 2**20
_EVENT_BYTES = 2_000  # what one event takes in memory, about
_READERS = 8

Result = TypeVar("Result")


@dataclass(frozen=True)
class Options:
    """What a detection is asked for. Equal options on the same data give the same result."""

    dataset: str
    features: tuple[str, ...] | None
    detector: str
    contamination: float
    reference_rows: int | None = None

    @property
    def run(self) -> str:
        """Name of the result."""
        return hashlib.sha256(json.dumps(asdict(self), ensure_ascii=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Run:
    """A finished detection and what it was asked for."""

    options: Options
    detection: Detection


class Work:
    """Runs what takes long, one detection for each core that a detection leaves free, and keeps the last results."""

    def __init__(self, settings: Settings, datasets: Datasets, telemetry: Telemetry) -> None:
        cores = os.cpu_count() or 1
        self._settings = settings
        self._datasets = datasets
        self._telemetry = telemetry
        self._detecting = CapacityLimiter(max(1, cores // (settings.threads or cores)))
        self._reading = CapacityLimiter(_READERS)
        self._stopping = threading.Event()
        self._runs: Recent[str, Run] = Recent(_DETECTIONS_BYTES, _run_bytes)
        self._lines: Recent[str, Lines] = Recent(_LINES_BYTES, _lines_bytes)
        self._comparisons: Recent[tuple[object, ...], list[ComparisonRow]] = Recent(_COMPARISONS_BYTES, lambda _: 4096)

    def stop(self) -> None:
        """End running detections at their next step."""
        self._stopping.set()

    async def read(self, function: Callable[..., Result], *arguments: object, **named: object) -> Result:
        """Run something short in a thread of its own pool, so that it never waits for a detection."""
        call = functools.partial(function, *arguments, **named)
        return await to_thread.run_sync(call, limiter=self._reading)

    async def detect(self, options: Options) -> Run:
        """The detection asked for: kept from before, or run now. Waits while others are being detected.

        Raises:
            InputError, NotFoundError, ModelError: as ``detect_table``, and for columns that cannot be used.
        """
        found = self._runs.find(options.run)
        if found is not None:
            await self.read(self._datasets.get, options.dataset)  # refused when the data were deleted meanwhile
            return found
        return await to_thread.run_sync(
            self._runs.get, options.run, lambda: self._detect(options), limiter=self._detecting, abandon_on_cancel=True
        )

    async def compare(self, options: Options, detectors: Sequence[str] | None) -> list[ComparisonRow]:
        """Compare detectors; ``options.detector`` is not looked at.

        Raises:
            InputError, NotFoundError, ModelError: as ``compare_table``, and for columns that cannot be used.
        """
        key = (options.run, None if detectors is None else tuple(detectors))
        return await to_thread.run_sync(
            self._comparisons.get,
            key,
            lambda: self._compare(options, detectors),
            limiter=self._detecting,
            abandon_on_cancel=True,
        )

    def find(self, name: str, dataset: str) -> Run:
        """A result kept from before.

        Raises:
            NotFoundError: when it is kept no longer, or belongs to other data.
        """
        run = self._runs.find(name)
        if run is None or run.options.dataset != dataset:
            raise NotFoundError("This result is no longer kept.", hint="Detect again.", field="run")
        return run

    def lines(self, dataset: str) -> Lines:
        """How the rows of a data set lie on the time axis."""
        return self._lines.get(dataset, lambda: lay_out(self._datasets.table(dataset)))

    def forget(self, dataset: str) -> None:
        """Drop everything that was made of a data set."""
        self._lines.forget(lambda key, _lines: key == dataset)
        self._runs.forget(lambda _key, run: run.options.dataset == dataset)

    def _detect(self, options: Options) -> Run:
        table = with_features(self._datasets.table(options.dataset), options.features)
        began = time.perf_counter()
        detection = detect_table(
            table,
            detector=options.detector,
            contamination=options.contamination,
            reference_rows=options.reference_rows,
            device=self._settings.device,
            progress=self._step,
        )
        count, seconds = self._telemetry.count, time.perf_counter() - began
        count("waferwatch_detections_total", detector=options.detector)
        count("waferwatch_detection_seconds_total", seconds, detector=options.detector)
        count("waferwatch_detection_rows_total", len(table.frame), detector=options.detector)
        return Run(options, detection)

    def _compare(self, options: Options, detectors: Sequence[str] | None) -> list[ComparisonRow]:
        table = with_features(self._datasets.table(options.dataset), options.features)
        return compare_table(
            table,
            detectors=detectors,
            contamination=options.contamination,
            reference_rows=options.reference_rows,
            progress=self._step,
        )

    def _step(self, _share: float) -> None:
        if self._stopping.is_set():
            raise Cancelled("The server is being stopped.", hint="Try again when it runs.")


def check_detector(name: str, field: str = "detector") -> None:
    """
    Raises:
        NotFoundError: naming the known detectors.
    """
    known = detector_names()
    if name not in known:
        raise NotFoundError(
            "There is no detector named {name}.",
            hint="Choose one of: {known}.",
            field=field,
            name=name[:60],
            known=", ".join(known),
        )


def check_sensor(table: Table, column: str, field: str) -> None:
    """
    Raises:
        NotFoundError: when the table has no such column.
        InputError: when the column is no sensor.
    """
    if column not in table.roles:
        raise NotFoundError(
            "{table} has no column {column}.",
            hint="Sensors: {known}.",
            field=field,
            table=table.name,
            column=column[:100],
            known=", ".join(table.columns(Role.SENSOR)[:20]),
        )
    if table.roles[column] is not Role.SENSOR:
        raise InputError(
            "{column} is no sensor: its role is {role}.",
            hint="Sensors: {known}.",
            field=field,
            column=column[:100],
            role=table.roles[column].value,
            known=", ".join(table.columns(Role.SENSOR)[:20]),
        )


def with_features(table: Table, features: Sequence[str] | None) -> Table:
    """The same rows with only these sensors; the other sensors are ignored.

    Raises:
        NotFoundError, InputError: for a column that does not exist or is no sensor.
    """
    if features is None:
        return table
    for column in features:
        check_sensor(table, column, "features")
    unused = set(table.columns(Role.SENSOR)) - set(features)
    roles = {column: Role.IGNORED if column in unused else role for column, role in table.roles.items()}
    return replace(table, roles=roles)


def dataset_of(name: str | None) -> str:
    """Id of the data set that a request names: the demo when it names none."""
    return DEMO if name is None else name


def moment_model(settings: Settings) -> tuple[str, str | None, str]:
    """Name, hash and device of the checkpoint that MOMENT runs with now.

    Raises:
        ModelError: when it cannot be loaded.
    """
    model = create("moment", device=settings.device, threads=settings.threads or None).model
    return model.name, model.sha256, model.device


def _run_bytes(run: Run) -> int:
    found = run.detection
    arrays = (found.scores, found.flags, found.contributions, found.event_ids)
    return sum(array.nbytes for array in arrays) + _EVENT_BYTES * len(found.events)


def _lines_bytes(lines: Lines) -> int:
    return sum(line.rows.nbytes + line.place.nbytes + line.stretch.nbytes for line in lines.lines)
