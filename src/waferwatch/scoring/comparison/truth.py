"""The labels of the rows that are compared, and what they say of one detector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.evaluate.bootstrap import Interval, block_weights
from waferwatch.evaluate.event_figures import FaultFigures, FoundFaultEvents, event_figures, find_faults
from waferwatch.evaluate.labelled import LabelledRows, labelled_rows
from waferwatch.evaluate.metrics import auc_pr
from waferwatch.evaluate.vus import vus_pr
from waferwatch.evaluate.vus_draws import vus_draws
from waferwatch.events.context import places
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.series.period import period
from waferwatch.series.split import split
from waferwatch.series.time_text import time_text

MULTIVARIATE_WINDOW = 100  # VUS-PR's widest buffer in points, as TSB-AD sets it for several sensors

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FaultHit:
    """How a detector found a labelled fault."""

    delay: int  # points from the fault's first row to the first flag
    event: int  # number of the event in that detector's result
    peak_row: int  # of the event


@dataclass(frozen=True)
class LabelledFault:
    """A stretch of labelled rows, and who found it."""

    start: str | float | None
    end: str | float | None
    start_row: int
    end_row: int
    rows: int  # from its first row to its last
    equipment: str | None
    lot: str | None
    found_by: dict[str, FaultHit]  # detector -> how


@dataclass(frozen=True)
class LabelMeasures:
    """What the labels say of one detector. The numbers are None where there is nothing to tell apart."""

    auc_pr: float | None
    vus_pr: float | None
    vus_draws: Floats  # (draws,) of the bootstrap
    found: FoundFaultEvents
    figures: FaultFigures
    peak_rows: dict[int, int]  # event -> row of its peak, for events that found a fault


class LabelTruth:
    """Labels, faults and bootstrap blocks of the rows that are judged.

    Args:
        table: the whole table.
        judged: the rows to judge as a table of their own; ``rows`` are their positions in the whole one.
    """

    def __init__(self, table: Table, judged: Table, rows: NDArray[np.int64] | None) -> None:
        self.rows = np.arange(len(table.frame)) if rows is None else rows
        self.labels = table.labels()  # (rows of the whole table,)
        self.labelled = self.labels is not None and 0 < int(self.labels[self.rows].sum()) < len(self.rows)
        self._table, self._judged = table, judged
        self.faults: LabelledRows | None = None
        if self.labelled and self.labels is not None:
            # Series by series in time order: a fault lasts, and what lies near it in time counts. Without untimed rows.
            self.faults = labelled_rows(self.labels[self.rows], split(judged).series)
            self.weights = block_weights(self.faults.faulty)

    def measure(self, found: Detection) -> LabelMeasures | None:
        """Everything that the labels say; None without labels."""
        if self.faults is None or self.labels is None:
            return None
        labelled = self.faults
        scores, ids = found.scores[self.rows], found.event_ids[self.rows]
        window = vus_window(self._judged, found.features)
        exact = vus_pr(labelled.truth, scores[labelled.rows], window)
        draws = vus_draws(labelled.truth, scores[labelled.rows], window, labelled.block, self.weights)
        events = find_faults(labelled, found.flags[self.rows], ids)
        interval = Interval.of(exact, draws)
        ends = (None, None) if interval is None else (interval.low, interval.high)
        peaks = {event: found.events[event - 1].peak_row for event in events.events if event}
        return LabelMeasures(
            _number(auc_pr(self.labels[self.rows], scores)),
            _number(exact),
            draws,
            events,
            event_figures(labelled, events, scores, ends),
            peaks,
        )

    def who_found(self, measured: dict[str, LabelMeasures]) -> list[LabelledFault]:
        """The labelled faults in their order, with the detectors that found each."""
        labelled = self.faults
        if labelled is None:
            return []
        first, last = labelled.rows[labelled.first], labelled.rows[labelled.last]
        stands = places(self._judged, first)
        return [
            LabelledFault(
                self._time(labelled, labelled.first[at]),
                self._time(labelled, labelled.last[at]),
                int(self.rows[first[at]]),
                int(self.rows[last[at]]),
                int(labelled.last[at] - labelled.first[at] + 1),
                stands[at].equipment,
                stands[at].lot,
                _hits(measured, at),
            )
            for at in range(labelled.faults)
        ]

    def in_faults(self, events: Sequence[int], event_ids: NDArray[np.int64]) -> int | None:
        """How many of these events have a row inside a fault; None without labels."""
        if self.faults is None:
            return None
        inside = event_ids[self.rows][self.faults.rows[self.faults.fault > 0]]
        return len(np.intersect1d(events, inside))

    @staticmethod
    def _time(labelled: LabelledRows, place: int) -> str | float | None:
        return None if labelled.times is None else time_text(labelled.times[place])


def _hits(measured: dict[str, LabelMeasures], fault: int) -> dict[str, FaultHit]:
    found = {}
    for name, one in measured.items():
        delay, event = one.found.delays[fault], one.found.events[fault]
        if delay is not None:
            found[name] = FaultHit(delay, event, one.peak_rows[event])
    return found


def vus_window(table: Table, features: Sequence[str]) -> int:
    """VUS-PR's widest buffer in points: the period of a single sensor, 100 for several (TSB-AD's rule)."""
    if len(features) > 1:
        return MULTIVARIATE_WINDOW
    values = table.frame[features[0]].to_numpy(float)
    return period(values[~np.isnan(values)])


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
