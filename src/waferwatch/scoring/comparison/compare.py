"""Several detectors on one table, each with the same rows, reference and contamination."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.evaluate.metrics import auc_pr
from waferwatch.evaluate.verdict import UNKNOWN, WITH_NETWORK, MomentVerdict, by_injected_faults, by_vus_pr
from waferwatch.evaluate.vus import vus_pr
from waferwatch.events.event import Event
from waferwatch.models.contract import Detector, Progress, no_progress, part_of
from waferwatch.models.registry import check_name, create, detector_names
from waferwatch.read.table import Table
from waferwatch.scoring.comparison.agreement import Agreement, agreement
from waferwatch.scoring.comparison.failure import Failure, attempt
from waferwatch.scoring.comparison.footprint import Footprint
from waferwatch.scoring.comparison.injection import FaultTest, fault_test
from waferwatch.scoring.part import detect_rows, only_rows
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.series.period import period
from waferwatch.series.split import split

MULTIVARIATE_WINDOW = 100  # VUS-PR's widest buffer in points, as TSB-AD sets it for several sensors
ONE_LINERS = ("moving_variance", "squared_difference")  # what every model is held against
_DETECTING = 0.5  # of the work, when faults are injected too


@dataclass(frozen=True)
class ComparisonRow:
    """One detector's line of the comparison. The metrics are None without labels (or without any anomalous row)."""

    detector: str
    model: str  # empty when the detector failed
    device: str
    precision: float | None
    recall: float | None
    f1: float | None
    auc_pr: float | None
    vus_pr: float | None
    anomalies: int  # flagged rows
    anomaly_ratio: float  # flagged rows / rows
    events: int
    seconds: float
    peak_memory_bytes: int | None = None  # above what the process held before; approximate, see Footprint
    failure: Failure | None = None  # why there is no result; then the numbers are 0


@dataclass(frozen=True)
class Comparison:
    """All that is known after several detectors judged the same rows."""

    rows: list[ComparisonRow]  # none when only faults were injected
    agreement: Agreement  # of those that did not fail
    faults: FaultTest | None  # None when it was not asked for
    verdict: MomentVerdict
    labelled: bool  # whether the metrics could be measured


@dataclass(frozen=True)
class _Judged:
    """What is kept of a detection until all are done; its contributions would take too much memory."""

    flags: NDArray[np.bool_]
    event_ids: NDArray[np.int64]
    events: list[Event]


@dataclass(frozen=True)
class ComparedRows:
    """The rows that every detector scores, and the question that each is asked of them."""

    table: Table
    question: Question = field(default_factory=Question)  # its detector is each one in turn
    rows: NDArray[np.int64] | None = None  # positions of the rows to score, ascending; None: all
    reference: Table | None = None
    device: str | None = None

    @property
    def part(self) -> Table:
        """The rows to score as a table of their own."""
        return self.table if self.rows is None else only_rows(self.table, self.rows)

    def make(self, name: str) -> Detector:
        """A fresh detector."""
        return create(name, checkpoint=self._checkpoint(name), device=self.device)

    def detect(self, name: str, progress: Progress) -> Detection:
        """One detector's answer, in terms of the whole table."""
        question = replace(self.question, detector=name, checkpoint=self._checkpoint(name))
        return detect_rows(
            self.table, self.rows, question, reference=self.reference, device=self.device, progress=progress
        )

    def _checkpoint(self, name: str) -> str | None:
        return self.question.checkpoint if name in WITH_NETWORK else None


def compare_table(
    table: Table,
    detectors: Sequence[str] | None = None,
    question: Question | None = None,
    *,
    reference: Table | None = None,
    device: str | None = None,
    progress: Progress = no_progress,
) -> list[ComparisonRow]:
    """Run detectors on a table and say how each did, in the order given (all of them by default).

    A detector that fails is a row that says why; when all fail, the first failure is raised.

    Raises:
        InputError: when no detector is given; otherwise as ``detect_table``.
    """
    asked = ComparedRows(table, question or Question(), reference=reference, device=device)
    return compare_detectors(asked, detectors, faults=False, progress=progress).rows


def compare_detectors(
    asked: ComparedRows,
    detectors: Sequence[str] | None = None,
    *,
    faults: bool | None = None,
    progress: Progress = no_progress,
) -> Comparison:
    """Run detectors on the same rows, hold them against each other, and say whether MOMENT earned its keep.

    Args:
        detectors: names; None: all.
        faults: whether to run the injected-fault test too; None: where no label says which rows are anomalous.

    Raises:
        InputError, NotFoundError, ModelError: as ``compare_table``.
    """
    names = check_names(detectors)
    _check_checkpoint(asked.question.checkpoint, names)
    truth = _Truth(asked)
    injecting = not truth.labelled if faults is None else faults
    detecting = part_of(progress, 0.0, _DETECTING if injecting else 1.0)
    rows: list[ComparisonRow] = []
    judged: dict[str, _Judged] = {}
    failures: list[WaferwatchError] = []
    for number, name in enumerate(names):
        mine = part_of(detecting, number / len(names), 1 / len(names))
        with Footprint() as footprint:
            found = attempt(name, partial(asked.detect, name, mine))
        if isinstance(found, WaferwatchError):
            failures.append(found)
            rows.append(_failed_row(name, found, footprint))
        else:
            rows.append(_row(found, truth, footprint))
            judged[name] = _Judged(found.flags, found.event_ids, found.events)
        del found  # its contributions are as large as the data
    if not judged:
        raise failures[0]
    test = None
    if injecting:
        suspects = np.any([one.flags for one in judged.values()], axis=0)
        test = _inject(asked, list(judged), suspects, part_of(progress, _DETECTING, 1 - _DETECTING))
    return _held_together(rows, judged, test, truth)


def inject_only(
    asked: ComparedRows, detectors: Sequence[str] | None = None, *, progress: Progress = no_progress
) -> Comparison:
    """The injected-fault test alone; arguments and errors as for :func:`compare_detectors`."""
    names = check_names(detectors)
    _check_checkpoint(asked.question.checkpoint, names)
    test = _inject(asked, names, None, progress)
    return Comparison([], Agreement([], [], [], []), test, by_injected_faults(test.found()), labelled=False)


def _inject(
    asked: ComparedRows, names: Sequence[str], suspects: NDArray[np.bool_] | None, progress: Progress
) -> FaultTest:
    return fault_test(
        asked.part,
        names,
        asked.make,
        contamination=asked.question.contamination,
        reference_rows=asked.question.reference_rows,
        reference=asked.reference,
        suspects=suspects if suspects is None or asked.rows is None else suspects[asked.rows],
        progress=progress,
    )


def check_names(detectors: Sequence[str] | None) -> list[str]:
    """The detectors to compare, each once; all when none are named.

    Raises:
        InputError: for an empty list.
        NotFoundError: for a name that no detector has.
    """
    known = detector_names()
    names = known if detectors is None else list(dict.fromkeys(detectors))
    if not names:
        raise InputError(
            "No detector was given to compare.",
            hint="Choose at least one of: {known}.",
            field="detectors",
            known=", ".join(known),
        )
    for name in names:
        check_name(name, "detectors")
    return names


def _check_checkpoint(checkpoint: str | None, names: Sequence[str]) -> None:
    """
    Raises:
        InputError: for a checkpoint that none of the detectors has a use for.
    """
    if checkpoint is not None and not set(names) & set(WITH_NETWORK):
        create(names[0], checkpoint=checkpoint)  # refuses it, and says why


class _Truth:
    """The labels of the rows that are judged, and the order in which they happened."""

    def __init__(self, asked: ComparedRows) -> None:
        judged = asked.part
        rows = np.arange(len(asked.table.frame)) if asked.rows is None else asked.rows
        self.rows = rows  # those judged
        # Series by series in time order: a fault lasts, and what lies near it in time counts. Without untimed rows.
        self.order = rows[np.concatenate([one.rows for one in split(judged).series])]
        self.labels = asked.table.labels()  # (rows of the whole table,)
        self.labelled = self.labels is not None and bool(self.labels[rows].any()) and not bool(self.labels[rows].all())
        self._table = judged

    def auc_pr(self, scores: NDArray[np.float64]) -> float | None:
        return None if self.labels is None else _number(auc_pr(self.labels[self.rows], scores[self.rows]))

    def vus_pr(self, scores: NDArray[np.float64], features: Sequence[str]) -> float | None:
        if self.labels is None:
            return None
        window = vus_window(self._table, features)
        return _number(vus_pr(self.labels[self.order], scores[self.order], window))


def _row(found: Detection, truth: _Truth, footprint: Footprint) -> ComparisonRow:
    flagged, metrics = int(found.flags.sum()), found.metrics
    return ComparisonRow(
        detector=found.detector,
        model=found.model,
        device=found.device,
        precision=metrics.precision if metrics else None,
        recall=metrics.recall if metrics else None,
        f1=metrics.f1 if metrics else None,
        auc_pr=truth.auc_pr(found.scores),
        vus_pr=truth.vus_pr(found.scores, found.features),
        anomalies=flagged,
        anomaly_ratio=flagged / len(truth.rows),
        events=len(found.events),
        seconds=found.seconds,
        peak_memory_bytes=footprint.peak_bytes,
    )


def _failed_row(name: str, error: WaferwatchError, footprint: Footprint) -> ComparisonRow:
    nothing: dict[str, Any] = dict.fromkeys(("precision", "recall", "f1", "auc_pr", "vus_pr"))
    counts: dict[str, Any] = {"anomalies": 0, "anomaly_ratio": 0.0, "events": 0}
    return ComparisonRow(
        detector=name,
        model="",
        device="",
        **nothing,
        **counts,
        seconds=footprint.seconds,
        failure=Failure.of(error),
    )


def _held_together(
    rows: list[ComparisonRow], judged: dict[str, _Judged], faults: FaultTest | None, truth: _Truth
) -> Comparison:
    if truth.labelled:
        verdict = by_vus_pr({row.detector: row.vus_pr for row in rows})
    else:
        verdict = UNKNOWN if faults is None else by_injected_faults(faults.found())
    held = agreement(
        {name: one.flags for name, one in judged.items()},
        {name: one.event_ids for name, one in judged.items()},
        {name: one.events for name, one in judged.items()},
        truth.labels,
    )
    return Comparison(rows, held, faults, verdict, truth.labelled)


def vus_window(table: Table, features: Sequence[str]) -> int:
    """VUS-PR's widest buffer in points: the period of a single sensor, 100 for several (TSB-AD's rule)."""
    if len(features) > 1:
        return MULTIVARIATE_WINDOW
    values = table.frame[features[0]].to_numpy(float)
    return period(values[~np.isnan(values)])


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
