"""Faults found, false events and how soon, against labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from waferwatch.evaluate.event_figures import event_figures, find_faults
from waferwatch.evaluate.intervals import poisson_interval
from waferwatch.evaluate.labelled import MOST_BLOCKS, LabelledRows, labelled_rows
from waferwatch.events.merge import merge
from waferwatch.series.series import Series


def stretch(first: int, points: int, **more: Any) -> Series:
    time = np.datetime64("2026-01-05", "ns") + np.arange(first, first + points) * np.timedelta64(10, "s")
    return Series(np.zeros((points, 1)), np.arange(first, first + points), time, **more)


def mask(size: int, *spans: tuple[int, int]) -> NDArray[np.bool_]:
    found = np.zeros(size, np.bool_)
    for start, stop in spans:
        found[start:stop] = True
    return found


def ids_of(flags: NDArray[np.bool_], series: list[Series]) -> NDArray[np.int64]:
    merged, ids = merge(flags, series), np.zeros(len(flags), np.int64)
    ids[merged.rows] = merged.events + 1
    return ids


@pytest.fixture(scope="module")
def two() -> tuple[LabelledRows, list[Series]]:
    """Two equipment of 1,000 rows at 10 s, with three faults."""
    series = [stretch(0, 1000, key=("A",), scope=("A",)), stretch(1000, 1000, key=("B",), scope=("B",))]
    return labelled_rows(mask(2000, (100, 150), (155, 160), (700, 710), (1500, 1600)), series), series


def test_found_faults_false_events_and_delays_are_counted(two: tuple[LabelledRows, list[Series]]) -> None:
    labelled, series = two
    assert labelled.faults == 3, "labelled rows a few points apart are one fault"
    flags = mask(2000, (90, 120), (400, 403), (1200, 1201), (1530, 1540))
    found = find_faults(labelled, flags, ids_of(flags, series))
    assert found.delays == [0, None, 30]
    assert found.events == [1, 0, 4]
    assert found.false_events.tolist() == [2, 3]
    figures = event_figures(labelled, found, np.where(flags, 2.0, 0.0), (0.1, 0.2))
    assert (figures.faults, figures.found, figures.false_events) == (3, 2, 2)
    assert (figures.false_low, figures.false_high) == poisson_interval(2)
    assert figures.hours == pytest.approx((2000 - 60 - 10 - 100) * 10 / 3600)
    assert figures.delay_seconds is not None
    assert (figures.delay_seconds.median, figures.delay_seconds.least, figures.delay_seconds.most) == (150, 0, 300)
    assert figures.found_low is not None
    assert figures.found_high is not None
    assert figures.found_low < 2 / 3 < figures.found_high


def test_the_curve_begins_with_the_surest_event_and_ends_with_every_fault(
    two: tuple[LabelledRows, list[Series]],
) -> None:
    labelled, series = two
    scores = np.zeros(2000)
    scores[1550], scores[300], scores[720], scores[105] = 5, 4, 3, 2
    found = find_faults(labelled, mask(2000), ids_of(mask(2000), series))
    figures = event_figures(labelled, found, scores, (None, None))
    assert (figures.recall[0], figures.precision[0]) == (pytest.approx(1 / 3), 1.0)
    assert figures.recall == sorted(figures.recall)
    assert figures.recall[-1] == 1.0


def test_an_event_does_not_reach_into_the_next_series(two: tuple[LabelledRows, list[Series]]) -> None:
    labelled, series = two
    scores = np.zeros(2000)
    scores[[999, 1000, 1501]] = 3
    found = find_faults(labelled, mask(2000), ids_of(mask(2000), series))
    assert event_figures(labelled, found, scores, (None, None)).precision[0] == pytest.approx(1 / 3)


def test_a_block_is_a_fault_with_its_surroundings_or_a_piece_of_the_rest(
    two: tuple[LabelledRows, list[Series]],
) -> None:
    labelled, _ = two
    assert labelled.faulty.sum() == 3
    assert len(set(labelled.block[labelled.first])) == 3
    assert set(labelled.block[600:810]) == {labelled.block[705]}
    for number in range(len(labelled.faulty)):
        places = np.flatnonzero(labelled.block == number)
        assert len(places)
        assert len(set(labelled.series[places])) == 1


def test_a_fault_over_many_runs_in_a_row_counts_once_and_each_run_is_a_block() -> None:
    runs = [stretch(50 * n, 50, key=("E", f"W{n}"), scope=("E",), run=("L", f"W{n}")) for n in range(40)]
    labelled = labelled_rows(mask(2000, *((50 * n, 50 * n + 50) for n in range(10, 20)), (1500, 1520)), runs)
    assert labelled.faults == 2
    assert len(labelled.faulty) == 2 + 40 - 10 - 1
    assert len(set(labelled.block[500:1000])) == 1


def test_blocks_are_bounded() -> None:
    runs = [stretch(20 * n, 20, key=("E", f"W{n}"), scope=("E",), run=("L", f"W{n}")) for n in range(1000)]
    labelled = labelled_rows(mask(20_000, *((40 * n, 40 * n + 5) for n in range(300))), runs)
    assert labelled.faulty.sum() <= MOST_BLOCKS
    assert len(labelled.faulty) <= 2 * MOST_BLOCKS


def test_without_dates_there_are_no_hours_and_no_seconds() -> None:
    series = [Series(np.zeros((100, 1)), np.arange(100), None)]
    labelled = labelled_rows(mask(100, (40, 50)), series)
    flags = mask(100, (45, 50))
    figures = event_figures(labelled, find_faults(labelled, flags, ids_of(flags, series)), np.zeros(100), (None, None))
    assert (figures.hours, figures.delay_seconds) == (None, None)
    assert figures.delay is not None
    assert figures.delay.median == 5
