"""Two models on the same rows: what each finds, and what only one of them finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.events.event import Event
from waferwatch.models.contract import Progress, no_progress, part_of
from waferwatch.monitors.alarms.alarm_rate import AlarmRate
from waferwatch.monitors.alarms.hours import hours_of
from waferwatch.read.table import Table
from waferwatch.scoring.comparison.agreement import events_touched
from waferwatch.scoring.model import Model
from waferwatch.scoring.part import detect_rows_with
from waferwatch.scoring.result import Detection
from waferwatch.scoring.thresholds.threshold import Thresholds
from waferwatch.series.split import split

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ReplaySide:
    """What one of the models finds."""

    events: int
    flagged: int  # rows
    threshold: float
    rate: AlarmRate | None  # None where neither verdicts nor labels say which rows are anomalous
    digest: str


@dataclass(frozen=True)
class Replay:
    """Two models on the same rows."""

    rows: int
    old: ReplaySide
    new: ReplaySide
    both: int  # events of the new model that touch a row which the old one flags too
    only_old: tuple[Event, ...]  # no row of which the new model flags
    only_new: tuple[Event, ...]
    flagged_both: int

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "rows": self.rows,
            **{name: _plain(side) for name, side in (("old", self.old), ("new", self.new))},
            "both": self.both,
            "only_old": [one.to_dict() for one in self.only_old],
            "only_new": [one.to_dict() for one in self.only_new],
            "flagged_both": self.flagged_both,
        }


@dataclass(frozen=True)
class Truth:
    """Which rows are known to be anomalous, and which were flagged without a fault."""

    true: Mask  # (rows,)
    false: Mask | None = field(default=None)  # (rows,) None: every row that is not true

    @classmethod
    def of_labels(cls, table: Table) -> Truth | None:
        """By the labels of a table; None without any."""
        labels = table.labels()
        return None if labels is None else cls(labels)


def replay(
    old: Model,
    new: Model,
    table: Table,
    *,
    rows: NDArray[np.int64] | None = None,
    old_wish: Thresholds | None = None,
    new_wish: Thresholds | None = None,
    truth: Truth | None = None,
    progress: Progress = no_progress,
) -> Replay:
    """Score the same rows by two models, each with its own threshold, and compare what they find.

    Args:
        table: rows with the columns of both.
        rows: positions of those to score, ascending; None: all.
        truth: what is known of the rows; None: the labels of the table, where it has any.

    Raises:
        InputError, NotFoundError, ModelError: as ``Model.detect``.
    """
    known = Truth.of_labels(table) if truth is None else truth
    first = detect_rows_with(old, table, rows, old_wish or Thresholds(), part_of(progress, 0.0, 0.5))
    second = detect_rows_with(new, table, rows, new_wish or Thresholds(), part_of(progress, 0.5, 0.5))
    only_old, only_new = _missed(first, second), _missed(second, first)
    return Replay(
        len(table.frame) if rows is None else len(rows),
        _side(first, table, known),
        _side(second, table, known),
        len(second.events) - len(only_new),
        only_old,
        only_new,
        int(np.count_nonzero(first.flags & second.flags)),
    )


def _missed(mine: Detection, other: Detection) -> tuple[Event, ...]:
    touched = events_touched(mine.event_ids, len(mine.events), other.flags)
    return tuple(event for event, found in zip(mine.events, touched.tolist(), strict=True) if not found)


def _side(found: Detection, table: Table, truth: Truth | None) -> ReplaySide:
    return ReplaySide(
        len(found.events),
        int(np.count_nonzero(found.flags)),
        found.threshold,
        None if truth is None else _rate(found, table, truth),
        found.model_digest or "",
    )


def _rate(found: Detection, table: Table, truth: Truth) -> AlarmRate:
    """An event that touches a true row is true; of the others those are false that touch a false one."""
    true = events_touched(found.event_ids, len(found.events), truth.true)
    false = ~true if truth.false is None else ~true & _touched(found, truth.false)
    series: Sequence[Any] = split(table).series
    hours = hours_of(series, ~np.isnan(found.scores))
    counts = int(false.sum()), int(true.sum())
    return AlarmRate.of(*counts, len(found.events) - sum(counts), hours)


def _touched(found: Detection, rows: Mask) -> Mask:
    return events_touched(found.event_ids, len(found.events), rows)


def _plain(side: ReplaySide) -> dict[str, Any]:
    return {
        "events": side.events,
        "flagged": side.flagged,
        "threshold": side.threshold if np.isfinite(side.threshold) else None,
        "rate": None if side.rate is None else side.rate.to_dict(),
        "digest": side.digest,
    }
