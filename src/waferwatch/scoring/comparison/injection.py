"""The injected-fault test of detectors: how many faults in the user's own normal rows each finds, and how soon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.evaluate.injection import Fault, Injected, delays, inject
from waferwatch.models.contract import Detector, Progress, no_progress, part_of
from waferwatch.read.table import Table
from waferwatch.scoring.comparison.failure import Failure, attempt
from waferwatch.scoring.reference import known_parts, like
from waferwatch.scoring.run import score_by
from waferwatch.scoring.sensors import with_sensors_of
from waferwatch.scoring.thresholds.threshold import contamination_threshold
from waferwatch.series.series import Series
from waferwatch.series.split import Split, split

Mask = NDArray[np.bool_]
Make = Callable[[str], Detector]  # name -> a fresh detector

FALSE_ALARMS = 0.01  # share of the normal rows that every detector may flag
MOST_ROWS = 50_000  # normal rows taken, half of them to learn from
_MOST_VALUES = 2_000_000  # rows times sensors taken, at most
_LEAST_ROWS = 512  # of a reference, and of one equipment among many
_LEAST_CLEAN = 100  # normal rows without which a share of false alarms means nothing
_MOST_SCORED = 40_000  # rows scored with faults, over all rounds
_MOST_ROUNDS = 7
_FIRST_LOOK = 0.2  # of the work, when the detectors first say which rows are suspect
_SUSPECT = 0.05  # share of rows that each detector calls suspect, unless a share is given
_WANTED_FAULTS = 192  # 8 for each kind and size


@dataclass(frozen=True)
class InjectedFault:
    """A fault that was put in."""

    kind: str
    size: str
    points: int  # from its first changed point to its last
    sensors: tuple[str, ...]


@dataclass(frozen=True)
class FaultScore:
    """What one detector made of the faults."""

    detector: str
    delays: list[int | None]  # of each fault: points from its start to the first flag that it caused; None = missed
    false_alarms: float | None  # share of the normal rows that it flags
    failure: Failure | None = None  # then there are no delays


@dataclass(frozen=True)
class FaultTest:
    """The test and its outcome."""

    source: Literal["reference", "least_scored"]  # which rows were taken to be normal
    rows: int  # normal rows that faults were put into
    rounds: int  # how often, with other faults each time
    allowed: float  # share of the normal rows that each detector may flag
    seed: int
    faults: list[InjectedFault]
    scores: list[FaultScore]

    def found(self) -> dict[str, list[bool]]:
        """Detector -> whether it found each fault, for those that could be tested."""
        return {one.detector: [delay is not None for delay in one.delays] for one in self.scores if one.failure is None}


@dataclass(frozen=True)
class _Halves:
    """Normal rows: what the detectors learn from, and what faults are put into."""

    learn: list[Series]
    test: list[Series]
    known: bool  # they are a reference; else any of them may be anomalous


@dataclass(frozen=True)
class _Work:
    """Series to score, and those to learn from."""

    series: list[Series]
    reference: list[Series]


def fault_test(
    table: Table,
    detectors: Sequence[str],
    make: Make,
    *,
    contamination: float | None = None,
    reference_rows: int | None = None,
    reference: Table | None = None,
    suspects: Mask | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> FaultTest:
    """Put faults into normal rows and see which detector finds which.

    Normal rows are the reference where there is one of some size; else all rows but the labelled ones and those that
    any of the detectors flags, which is fair to each. The first half of each equipment's rows is learnt from, the
    second gets the faults: learning what is judged would favour whoever remembers best. Each detector's threshold flags
    the same share of the rows before faults were put in.

    Args:
        table: the user's data.
        detectors: names, none twice.
        make: gives a fresh detector by name.
        contamination: share of rows that each detector may call suspect first; None takes a twentieth.
        reference_rows, reference: as for ``detect_table``.
        suspects: (rows,) True where a row may be anomalous; None lets the detectors say so first.
        seed: the same seed gives the same faults.
        progress: called with the share done; may raise ``Cancelled``.

    Raises:
        InputError, NotFoundError: as ``split``. A detector's own failure stands in its score instead.
    """
    parts = split(table, reference_rows=reference_rows)
    given = None if reference is None else split(like(with_sensors_of(reference, table), table), layout=parts.layout)
    halves = _halves(parts, None if given is None else given.series)
    failures: dict[str, Failure] = {}
    begin = 0.0
    if halves.known:
        suspects = None
    elif suspects is None:
        begin = _FIRST_LOOK
        first = part_of(progress, 0.0, begin)
        suspects, failures = _suspects(halves, detectors, make, contamination or _SUSPECT, len(table.frame), first)
    labels = None if halves.known and reference is not None else table.labels()  # a reference has rows of its own
    clean = [_clean(one, labels, suspects) for one in halves.test]
    rounds = _rounds(halves.test, clean, seed)
    rest = part_of(progress, begin, 1 - begin)
    return FaultTest(
        source="reference" if halves.known else "least_scored",
        rows=int(sum(np.count_nonzero(mask) for mask in clean)),
        rounds=len(rounds),
        allowed=FALSE_ALARMS,
        seed=seed,
        faults=[_injected_fault(fault, parts.features) for injected in rounds for fault in injected.faults],
        scores=_scores(detectors, make, _work(halves, rounds), clean, rounds, failures, rest),
    )


def _work(halves: _Halves, rounds: Sequence[Injected]) -> _Work:
    """What the detectors learn from, and what they score: the rows without faults, then those of each round."""
    series = [*halves.test, *(one for injected in rounds for one in injected.series)]
    return _Work(series, halves.learn)


def _scores(
    detectors: Sequence[str],
    make: Make,
    work: _Work,
    clean: Sequence[Mask],
    rounds: Sequence[Injected],
    failures: Mapping[str, Failure],
    progress: Progress,
) -> list[FaultScore]:
    """What each detector made of the faults; of one that has failed before, why."""
    share = 1 / len(detectors)
    return [
        FaultScore(name, [], None, failures[name])
        if name in failures
        else _judge(name, make, work, clean, rounds, part_of(progress, number * share, share))
        for number, name in enumerate(detectors)
    ]


def _halves(parts: Split, reference: Sequence[Series] | None) -> _Halves:
    """The first and second half of each scope's rows, in their order, of a limited number of scopes and rows."""
    known = reference or known_parts(parts.series)
    enough = sum(map(len, known)) >= 2 * _LEAST_ROWS
    by_scope: dict[tuple[str, ...], list[Series]] = defaultdict(list)
    for one in sorted(known if enough else parts.series, key=lambda series: int(series.rows.min())):
        by_scope[one.scope].append(replace(one, reference=None))
    most = min(MOST_ROWS, max(2 * _LEAST_ROWS, _MOST_VALUES // max(1, len(parts.features))))
    places = max(1, min(len(by_scope), most // (2 * _LEAST_ROWS)))
    chosen = np.unique(np.linspace(0, len(by_scope) - 1, places).round().astype(int))
    learn: list[Series] = []
    test: list[Series] = []
    for scope in (list(by_scope)[place] for place in chosen):
        rows = min(most // len(chosen), sum(map(len, by_scope[scope])))
        _deal(by_scope[scope], rows // 2, rows, learn, test)
    return _Halves(learn, test, enough)


def _deal(series: Sequence[Series], border: int, stop: int, learn: list[Series], test: list[Series]) -> None:
    """Rows before the border go to ``learn``, those up to ``stop`` to ``test``."""
    begin = 0
    for one in series:
        end = begin + len(one)
        for target, first, after in ((learn, begin, min(end, border)), (test, max(begin, border), min(end, stop))):
            if first < after:
                target.append(one.at(slice(first - begin, after - begin)))
        begin = end


def _clean(series: Series, labels: Mask | None, suspects: Mask | None) -> Mask:
    clean = np.ones(len(series), dtype=np.bool_)
    for wrong in (labels, suspects):
        if wrong is not None:
            clean &= ~wrong[series.rows]
    return clean


def _suspects(
    halves: _Halves,
    detectors: Sequence[str],
    make: Make,
    contamination: float,
    rows: int,
    progress: Progress,
) -> tuple[Mask, dict[str, Failure]]:
    """(rows of the table,) True where any of the detectors flags, and why those that failed did."""
    suspects = np.zeros(rows, dtype=np.bool_)
    failures: dict[str, Failure] = {}
    work = _Work(halves.test, halves.learn)
    for number, name in enumerate(detectors):
        mine = part_of(progress, number / len(detectors), 1 / len(detectors))
        scored = attempt(name, partial(_score, name, make, work, mine))
        if isinstance(scored, WaferwatchError):
            failures[name] = Failure.of(scored)
            continue
        threshold = contamination_threshold(np.concatenate(scored), contamination)
        for series, points in zip(halves.test, scored, strict=True):
            suspects[series.rows[points > threshold]] = True
    return suspects, failures


def _score(name: str, make: Make, work: _Work, progress: Progress) -> list[NDArray[np.float64]]:
    return [one.points for one in score_by(make(name), work.reference, work.series, progress)]


def _rounds(test: Sequence[Series], clean: Sequence[Mask], seed: int) -> list[Injected]:
    """Faults of the first round, and of as many more as it takes to have enough of each kind."""
    if sum(np.count_nonzero(mask) for mask in clean) < _LEAST_CLEAN:
        return []
    first = inject(test, clean, seed=seed, most=_WANTED_FAULTS)
    if not first.faults:
        return []
    found = [first]
    total = sum(map(len, test))
    affordable = min(_MOST_ROUNDS, max(1, _MOST_SCORED // max(1, total)))
    while len(found) < affordable and (missing := _WANTED_FAULTS - sum(len(one.faults) for one in found)) > 0:
        found.append(inject(test, clean, seed=seed + 1_000_003 * len(found), most=missing))
    return found


def _judge(
    name: str, make: Make, work: _Work, clean: Sequence[Mask], rounds: Sequence[Injected], progress: Progress
) -> FaultScore:
    """One detector's scores of the rows without faults, then of each round."""
    scored = attempt(name, partial(_score, name, make, work, progress))
    if isinstance(scored, WaferwatchError):
        return FaultScore(name, [], None, Failure.of(scored))
    bare = scored[: len(clean)]
    normal = np.concatenate([points[mask] for points, mask in zip(bare, clean, strict=True)])
    if np.isnan(normal).all():
        return FaultScore(name, [], None, Failure.of(_nothing_learnt(name)))
    threshold = contamination_threshold(normal, FALSE_ALARMS)
    flagged = [points > threshold for points in scored]
    found: list[int | None] = []
    for number, injected in enumerate(rounds, start=1):
        found += delays(
            injected.faults, flagged[number * len(clean) : (number + 1) * len(clean)], flagged[: len(clean)]
        )
    return FaultScore(name, found, float(np.count_nonzero(normal > threshold) / len(normal)))


def _nothing_learnt(name: str) -> InputError:
    return InputError(
        "{detector} could learn nothing from half of the normal rows.",
        hint="Give more normal rows: some hundreds for each equipment, with values in the same sensors.",
        detector=name,
    )


def _injected_fault(fault: Fault, features: Sequence[str]) -> InjectedFault:
    return InjectedFault(fault.kind, fault.size, fault.stop - fault.start, tuple(features[at] for at in fault.sensors))
