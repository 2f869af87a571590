"""Which event a verdict belongs to."""

from __future__ import annotations

import numpy as np

from waferwatch.store.verdicts import Judgement, Verdict, event_verdicts


def verdict(row: int, note: str = "") -> Verdict:
    return Verdict("a" * 16, row, Judgement.TRUE_ALARM, note, "kim", "2026-01-01T00:00:00.000000+00:00")


def test_a_verdict_belongs_to_the_event_that_holds_its_row() -> None:
    """Rows of two tools take turns: event 1 spans rows 0 to 8, event 2 row 3 alone."""
    ids = np.array([1, 0, 1, 2, 1, 0, 1, 0, 1])
    assert event_verdicts(ids, [verdict(3)]) == {2: verdict(3)}
    assert event_verdicts(ids, [verdict(4)]) == {1: verdict(4)}
    assert event_verdicts(ids, [verdict(5)]) == {}, "no event holds the row any more"


def test_of_two_verdicts_on_one_event_the_newer_counts() -> None:
    ids = np.array([1, 1, 1])
    assert event_verdicts(ids, [verdict(0, "older"), verdict(2, "newer")]) == {1: verdict(2, "newer")}


def test_a_verdict_on_a_row_that_the_table_does_not_have_is_left_out() -> None:
    assert event_verdicts(np.array([1, 1]), [verdict(2), verdict(9)]) == {}
