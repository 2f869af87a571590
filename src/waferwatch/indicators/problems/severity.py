"""How much a problem matters, with the reason in words, and in which order problems are listed."""

from __future__ import annotations

from math import inf, log2

from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.read.table import Note

SEVERE_PEAK, SEVERE_IN_A_ROW = 3.0, 5
CLEAR_PEAK, CLEAR_COUNT = 1.5, 2
_ORDER = (ProblemSeverity.SEVERE, ProblemSeverity.CLEAR, ProblemSeverity.WEAK)


def severity(ratio: float, in_a_row: int, count: int, typed_broken: bool) -> tuple[ProblemSeverity, Note]:
    """The class and why.

    Args:
        ratio: peak as a multiple of the limit.
        in_a_row: abnormal wafers one after the other, at most.
        typed_broken: whether a limit that a person set is broken.
    """
    values = {"ratio": f"{min(ratio, 999.0):.1f}", "count": in_a_row}
    if typed_broken:
        return ProblemSeverity.SEVERE, Note("a typed limit is broken")
    if ratio >= SEVERE_PEAK or in_a_row >= SEVERE_IN_A_ROW:
        return ProblemSeverity.SEVERE, Note("wafers in a row: {count}, peak {ratio} x limit", values)
    if ratio >= CLEAR_PEAK or count >= CLEAR_COUNT:
        return ProblemSeverity.CLEAR, Note("wafers in a row: {count}, peak {ratio} x limit", values)
    return ProblemSeverity.WEAK, Note("wafers in a row: {count}, peak {ratio} x limit", values)


def severity_of_events(ratio: float, count: int) -> tuple[ProblemSeverity, Note]:
    """The same of events in which no wafer is abnormal: each is one finding, whatever it spans.

    Args:
        ratio: peak as a multiple of the threshold of the rows.
    """
    kind, _ = severity(ratio, 1, count, typed_broken=False)
    return kind, Note("events: {count}, peak {ratio} x limit", {"count": count, "ratio": f"{min(ratio, 999.0):.1f}"})


def order(kind: ProblemSeverity, ongoing: bool, ratio: float, count: int) -> tuple[bool, int, float]:
    """Sorts problems, worst first: those that go on, then by class, then by how far and how often."""
    weight = log2(max(min(ratio, 1e6), 1e-6)) + log2(1 + count) if ratio < inf else inf
    return not ongoing, _ORDER.index(kind), -weight
