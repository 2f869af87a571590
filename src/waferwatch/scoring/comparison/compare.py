"""Several detectors on one table, each with the same rows, reference and contamination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.evaluate.bootstrap import DRAWS, SEED
from waferwatch.evaluate.event_figures import FaultFigures
from waferwatch.evaluate.verdict import WITH_NETWORK, DetectorVerdict
from waferwatch.events.event import Event
from waferwatch.models.contract import Detector, Progress, no_progress, part_of
from waferwatch.models.registry import check_name, create, detector_names, reads_steps
from waferwatch.read.table import Role, Table
from waferwatch.scoring.comparison.agreement import Agreement, agreement, missed_events
from waferwatch.scoring.comparison.failure import Failure, attempt
from waferwatch.scoring.comparison.footprint import Footprint
from waferwatch.scoring.comparison.injection import FaultTest, fault_test
from waferwatch.scoring.comparison.pairs import Cost, by_injected_faults, by_labels, of_moment
from waferwatch.scoring.comparison.truth import LabelledFault, LabelMeasures, LabelTruth
from waferwatch.scoring.part import detect_rows, only_rows
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection

ONE_LINERS = ("moving_variance", "squared_difference")  # what every model is compared with
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
    figures: FaultFigures | None = None  # events against labelled faults; None without labels and in older versions
    step_normalised: bool = False  # a baseline that reads rows by their recipe steps, as the default detector does


@dataclass(frozen=True)
class Resampling:
    """How the intervals were made."""

    draws: int
    seed: int
    blocks: int
    faulty_blocks: int


@dataclass(frozen=True)
class Comparison:
    """All that is known after several detectors judged the same rows. It is also the sequence of its rows."""

    rows: list[ComparisonRow]  # none when only faults were injected
    agreement: Agreement  # of those that did not fail
    faults: FaultTest | None  # None when it was not asked for
    verdict: DetectorVerdict  # of MOMENT
    labelled: bool  # whether the metrics could be measured
    pairs: list[DetectorVerdict] = field(default_factory=list)  # on labelled faults, without labels on injected ones
    labelled_faults: list[LabelledFault] = field(default_factory=list)
    resampling: Resampling | None = None  # None without labels

    def __iter__(self) -> Iterator[ComparisonRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> ComparisonRow:
        return self.rows[place]


@dataclass(frozen=True)
class _Judged:
    """What is kept of a detection until all are done; its contributions would take too much memory."""

    flags: NDArray[np.bool_]
    event_ids: NDArray[np.int64]
    events: list[Event]
    measured: LabelMeasures | None


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


def compare_detectors(
    asked: ComparedRows,
    detectors: Sequence[str] | None = None,
    *,
    faults: bool | None = None,
    progress: Progress = no_progress,
) -> Comparison:
    """Run detectors on the same rows, in the order given, compare them, and say what MOMENT adds.

    A detector that fails is a row that says why; when all fail, the first failure is raised.

    Args:
        detectors: names; None: all, without those that need recipe steps where the table has none.
        faults: whether to run the injected-fault test too; None: where no label says which rows are anomalous.

    Raises:
        InputError: when no detector is given, and for data and options that cannot be used.
        NotFoundError, ModelError: as ``detect_table``.
    """
    names = check_names(detectors, asked.table)
    _check_checkpoint(asked.question.checkpoint, names)
    truth = LabelTruth(asked.table, asked.part, asked.rows)
    injecting = not truth.labelled if faults is None else faults
    rows, judged = _judge_all(asked, names, truth, part_of(progress, 0.0, _DETECTING if injecting else 1.0))
    test = None
    if injecting:
        suspects = np.any([one.flags for one in judged.values()], axis=0)
        test = _inject(asked, list(judged), suspects, part_of(progress, _DETECTING, 1 - _DETECTING))
    return _compared(rows, judged, test, truth)


def _judge_all(
    asked: ComparedRows, names: Sequence[str], truth: LabelTruth, progress: Progress
) -> tuple[list[ComparisonRow], dict[str, _Judged]]:
    """
    Raises:
        WaferwatchError: when all detectors fail: the first failure.
    """
    rows: list[ComparisonRow] = []
    judged: dict[str, _Judged] = {}
    failures: list[WaferwatchError] = []
    for number, name in enumerate(names):
        mine = part_of(progress, number / len(names), 1 / len(names))
        with Footprint() as footprint:
            found = attempt(name, partial(asked.detect, name, mine))
        if isinstance(found, WaferwatchError):
            failures.append(found)
            rows.append(_failed_row(name, found, footprint))
        else:
            measured = truth.measure(found)
            rows.append(_row(found, measured, len(truth.rows), footprint))
            judged[name] = _Judged(found.flags, found.event_ids, found.events, measured)
        del found  # its contributions are as large as the data
    if not judged:
        raise failures[0]
    return rows, judged


def inject_only(
    asked: ComparedRows, detectors: Sequence[str] | None = None, *, progress: Progress = no_progress
) -> Comparison:
    """The injected-fault test alone; arguments and errors as for :func:`compare_detectors`."""
    names = check_names(detectors, asked.table)
    _check_checkpoint(asked.question.checkpoint, names)
    test = _inject(asked, names, None, progress)
    pairs = by_injected_faults(test.found())
    return Comparison([], Agreement([], [], [], []), test, of_moment([], pairs), labelled=False, pairs=pairs)


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


def check_names(detectors: Sequence[str] | None, table: Table) -> list[str]:
    """The detectors to compare, each once; when none are named, all that the table has a use for.

    Raises:
        InputError: for an empty list.
        NotFoundError: for a name that no detector has.
    """
    known = detector_names()
    stepless = table.column(Role.STEP) is None
    usual = [name for name in known if not (stepless and reads_steps(name))]
    names = usual if detectors is None else list(dict.fromkeys(detectors))
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


def _row(found: Detection, measured: LabelMeasures | None, rows: int, footprint: Footprint) -> ComparisonRow:
    flagged, metrics = int(found.flags.sum()), found.metrics
    return ComparisonRow(
        detector=found.detector,
        model=found.model,
        device=found.device,
        precision=metrics.precision if metrics else None,
        recall=metrics.recall if metrics else None,
        f1=metrics.f1 if metrics else None,
        auc_pr=measured.auc_pr if measured else None,
        vus_pr=measured.vus_pr if measured else None,
        anomalies=flagged,
        anomaly_ratio=flagged / rows,
        events=len(found.events),
        seconds=found.seconds,
        peak_memory_bytes=footprint.peak_bytes,
        figures=measured.figures if measured else None,
        step_normalised=reads_steps(found.detector),
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


def _compared(
    rows: list[ComparisonRow], judged: dict[str, _Judged], faults: FaultTest | None, truth: LabelTruth
) -> Comparison:
    cost = _cost(rows, judged, truth)
    measured = {name: one.measured for name, one in judged.items() if one.measured is not None}
    labelled = [cost.of(one) for one in by_labels(measured, truth.weights)] if measured else []
    injected = [] if faults is None else [cost.of(one) for one in by_injected_faults(faults.found())]
    agreed = agreement(
        {name: one.flags for name, one in judged.items()},
        {name: one.event_ids for name, one in judged.items()},
        {name: one.events for name, one in judged.items()},
        truth.labels,
    )
    return Comparison(
        rows,
        agreed,
        faults,
        of_moment(labelled, injected),
        truth.labelled,
        labelled or injected,
        truth.who_found(measured),
        _resampling(truth),
    )


def _cost(rows: Sequence[ComparisonRow], judged: dict[str, _Judged], truth: LabelTruth) -> Cost:
    more = {
        (one, other): missed_events(mine.event_ids, len(mine.events), theirs.flags)
        for one, mine in judged.items()
        for other, theirs in judged.items()
    }
    true = {pair: truth.in_faults(events, judged[pair[0]].event_ids) for pair, events in more.items()}
    return Cost({row.detector: row.seconds for row in rows}, {pair: len(events) for pair, events in more.items()}, true)


def _resampling(truth: LabelTruth) -> Resampling | None:
    if truth.faults is None:
        return None
    return Resampling(DRAWS, SEED, len(truth.faults.faulty), int(truth.faults.faulty.sum()))
