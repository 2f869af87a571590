"""What set a threshold and what it promises, in sentences."""

from __future__ import annotations

import math

import pytest

from waferwatch.explain.threshold import threshold_notes
from waferwatch.scoring.thresholds.promise import Promise


def said(threshold: float, by: str, promise: Promise | None) -> str:
    return " ".join(map(str, threshold_notes(threshold, by, promise)))


def test_hours_of_normal_rows_are_named_with_what_they_can_promise() -> None:
    assert said(3.0, "auto", Promise(40_000, 12.0, 0, 0.25)) == (
        "Automatic threshold. Events above it in 12 hours of rows taken as normal: 0. "
        "At most one false event in 4 hours can be promised for each equipment (95 %)."
    )


def test_more_than_one_false_event_an_hour_is_reported_in_minutes() -> None:
    assert "one false event in 15 minutes" in said(1.0, "contamination", Promise(4000, 1.0, 1, 4.0))


def test_rows_without_dates_promise_nothing_per_hour() -> None:
    assert said(3.0, "auto", Promise(4000, None, 2, None)) == (
        "Automatic threshold. Events above it in 4,000 rows taken as normal: 2."
    )


@pytest.mark.parametrize("by", ["hand", "contamination"])
def test_a_moved_threshold_and_an_old_result_promise_nothing(by: str) -> None:
    assert "Events above" not in said(3.0, by, None)
    assert said(3.0, by, None).startswith("Threshold ")


def test_what_cannot_be_promised_is_said_in_place_of_what_was_asked_for() -> None:
    told = said(3.0, "false_alarms", Promise(4000, 5.0, 0, 0.6, asked_per_week=1.0, kept=False))
    assert "1 false alarms per equipment and week cannot be promised from 5 hours" in told
    assert "Threshold by" not in told


def test_where_no_row_was_judged_nothing_is_said() -> None:
    assert threshold_notes(math.inf, "auto", Promise(0, None, 0, None)) == []
