"""A finished detection with its question and its data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from waferwatch.jobs.options import Options, chosen_rows, with_features
from waferwatch.read.table import Table
from waferwatch.scoring.part import only_found, only_rows
from waferwatch.scoring.result import Detection
from waferwatch.store.runs import Run
from waferwatch.store.store import Store


@dataclass(frozen=True)
class Finished:
    """A detection that is done, and what it was about."""

    run: Run
    options: Options
    data: Table  # every row and every sensor, with the roles that the columns had when the run was queued
    found: Detection

    @cached_property
    def table(self) -> Table:
        """The data as the detection saw them: sensors that were not chosen are ignored.

        Raises:
            NotFoundError, InputError: when a chosen column is gone or is no sensor.
        """
        return with_features(self.data, self.options.features)

    @cached_property
    def rows(self) -> NDArray[np.int64] | None:
        """Positions of the rows that the filters leave, ascending; None without filters.

        Raises:
            NotFoundError, InputError: as ``chosen_rows``.
        """
        return chosen_rows(self.data, self.options)

    @property
    def chosen(self) -> int:
        """How many rows the filters leave."""
        return len(self.data.frame) if self.rows is None else len(self.rows)

    def scored_rows(self) -> ScoredRows:
        """The rows that the filters leave, as a table of their own."""
        if self.rows is None:
            return ScoredRows(self, self.data, self.found, np.arange(len(self.data.frame)))
        return ScoredRows(self, only_rows(self.data, self.rows), only_found(self.found, self.rows), self.rows)


@dataclass(frozen=True)
class ScoredRows:
    """The rows that a detection was to score. Positions of rows are those of ``table``."""

    finished: Finished
    table: Table  # with every sensor, also those that the detection did not look at
    found: Detection  # flags, scores and event ids of these rows; the events' peaks are positions in ``table``
    rows: NDArray[np.int64]  # (rows,) position in the whole data set


def finished_of(store: Store, run: Run) -> Finished:
    """
    Raises:
        NotFoundError: when the data set or the result is gone.
        DamagedError: when the result was damaged.
    """
    options = Options.from_dict(run.options)
    found = store.results.detection(run.id)
    return Finished(run, options, store.datasets.table(options.dataset, options.version), found)
