"""What the injected-fault test says of each detector, in numbers that fit a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from waferwatch.evaluate.faults import KINDS, SIZES
from waferwatch.scoring.comparison.failure import Failure
from waferwatch.scoring.comparison.injection import FaultTest


@dataclass(frozen=True)
class FaultsFound:
    """How many of some faults a detector found, and how soon."""

    faults: int
    found: int
    recall: float | None  # found / faults; None without faults
    delay: float | None  # median points from a fault's start to its first flag, of those found


@dataclass(frozen=True)
class FaultSummary:
    """One detector's outcome."""

    detector: str
    total: FaultsFound
    false_alarms: float | None  # share of the normal rows that it flags
    kinds: dict[str, FaultsFound] = field(default_factory=dict)  # in the order of faults.KINDS, those that were put in
    sizes: dict[str, FaultsFound] = field(default_factory=dict)
    failure: Failure | None = None


def summarise(test: FaultTest) -> list[FaultSummary]:
    """The detectors in the order in which they were tested."""
    kinds = [kind for kind in KINDS if any(fault.kind == kind for fault in test.faults)]
    sizes = [size for size in SIZES if any(fault.size == size for fault in test.faults)]
    summaries = []
    for score in test.scores:
        if score.failure is not None:
            summaries.append(FaultSummary(score.detector, FaultsFound(0, 0, None, None), None, failure=score.failure))
            continue
        pairs = list(zip(test.faults, score.delays, strict=True))
        summaries.append(
            FaultSummary(
                detector=score.detector,
                total=_found([delay for _, delay in pairs]),
                false_alarms=score.false_alarms,
                kinds={kind: _found([delay for fault, delay in pairs if fault.kind == kind]) for kind in kinds},
                sizes={size: _found([delay for fault, delay in pairs if fault.size == size]) for size in sizes},
            )
        )
    return summaries


def _found(delays: list[int | None]) -> FaultsFound:
    hits = [delay for delay in delays if delay is not None]
    return FaultsFound(
        faults=len(delays),
        found=len(hits),
        recall=len(hits) / len(delays) if delays else None,
        delay=float(median(hits)) if hits else None,
    )
