"""The virtual fab as a judge: its faults, the threshold that a budget allows, what counts as found."""

from __future__ import annotations

from dataclasses import replace

import fab
import numpy as np
import pytest
from fab_truth import FabFault, faults_of, faulty_rows
from false_events import threshold_within

from waferwatch.events.event import Kind
from waferwatch.read.virtual_fab.fab import SENSORS
from waferwatch.read.virtual_fab.faults import FAULT_KINDS
from waferwatch.read.virtual_fab.generate import generate
from waferwatch.scoring.thresholds.rethreshold import with_threshold

NAMES = [sensor.name for sensor in SENSORS]


@pytest.fixture(scope="module")
def faults() -> list[FabFault]:
    return faults_of(generate(40_000, 2, 3), generate(40_000, 2, 3, faults=False), NAMES)


def test_every_labelled_row_lies_in_a_fault_of_its_own_equipment(faults: list[FabFault]) -> None:
    frame = generate(40_000, 2, 3)
    inside = faulty_rows(frame, faults)
    assert inside[frame["anomaly"] == 1].all()
    assert inside.sum() < 1.2 * frame["anomaly"].sum()


def test_faults_are_what_the_fab_says_they_are(faults: list[FabFault]) -> None:
    assert {one.fault for one in faults} == set(FAULT_KINDS)
    for one in faults:
        assert one.guilty in one.changed
        assert (one.kind is Kind.POINT) == (one.fault == "pressure_spike")
        if one.fault == "stuck_sensor":
            assert one.changed == {one.guilty}
            assert one.kind is Kind.CONTEXTUAL
        if one.fault == "rf_mismatch":
            assert one.guilty == "rf_reflected_W"


def normal_with(high: dict[int, float], rows: int = 400) -> np.ndarray:
    """Scores that are 1 but for some rows."""
    scores = np.ones(rows)
    scores[list(high)] = list(high.values())
    return scores


NORMAL = np.zeros(400, bool)


def test_the_threshold_lets_through_as_many_false_events_as_allowed() -> None:
    scores = normal_with({10: 9, 11: 5, 40: 7, 70: 3})  # an event of two rows, then two more
    assert [threshold_within([scores], [NORMAL], allowed) for allowed in (0, 1, 2, 3)] == [9, 7, 3, 1]


def test_rows_between_two_flagged_ones_join_events_as_in_the_product() -> None:
    scores = normal_with({10: 9, 28: 8, 19: 7, 60: 6, 80: 5})  # 8 rows lie on both sides of the third
    assert threshold_within([scores], [NORMAL], 1) == 6  # there were two false events at 7, but not below
    assert threshold_within([scores], [NORMAL], 2) == 5


def test_an_event_that_reaches_a_faulty_row_is_not_false() -> None:
    scores, faulty = normal_with({10: 9, 15: 8, 50: 7}), NORMAL.copy()
    faulty[12:14] = True  # both sides of it are flagged, so the event reaches over it
    assert threshold_within([scores], [faulty], 0) == 7
    faulty[12:14], faulty[200] = False, True
    assert threshold_within([scores], [faulty], 0) == 9


def test_rows_of_the_same_score_are_flagged_together_and_unjudged_ones_never() -> None:
    scores = normal_with({5: 2, 25: 2, 45: 2})
    scores[100:110] = np.nan
    assert threshold_within([scores], [NORMAL], 2) == 2
    assert threshold_within([scores], [NORMAL], 3) == 1


def test_events_do_not_reach_over_the_border_of_a_series() -> None:
    ends = normal_with({399: 5}), normal_with({0: 5})
    assert threshold_within(ends, [NORMAL, NORMAL], 1) == 5
    assert threshold_within(ends, [NORMAL, NORMAL], 2) == 1


def test_a_threshold_that_flags_nearly_everything_is_not_taken() -> None:
    scores = np.linspace(0, 1, 400)
    assert np.mean(scores > threshold_within([scores], [NORMAL], 1)) == pytest.approx(0.05)


def test_the_product_finds_no_more_false_events_than_the_threshold_was_chosen_for() -> None:
    one = fab.made(20_000, 2, 1)
    found = fab.scored("pca", one)
    assert np.isnan(found.scores[: one.judged_from]).all()
    result = fab.within([one], [found], 3)
    assert result["false_events"] <= 3
    counts = result["faults"]
    assert counts["all"]["faults"] == len(one.faults) == sum(counts[kind]["faults"] for kind in FAULT_KINDS)
    assert sum(sum(row.values()) for row in result["kinds"].values()) == len(one.faults)


def test_delay_runs_from_the_first_faulty_row_to_the_first_flagged_one() -> None:
    one = fab.made(20_000, 2, 1)
    found = fab.scored("pca", one)
    fault = max(one.faults, key=lambda fault: fault.last - fault.first)
    rows = np.arange(fault.first, fault.last + 1, 2)
    scores = np.zeros(len(found.scores))
    scores[rows[4:7]] = 1.0
    flagged = with_threshold(one.table, replace(found, scores=scores), 0.5)
    outcome = fab.outcome(one, flagged, fault)
    assert outcome.event is not None
    assert outcome.delay_s == 4
    others = [fab.outcome(one, flagged, other) for other in one.faults if other is not fault]
    assert all(other.event is None for other in others)
