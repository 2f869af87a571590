"""Which judge a series comes before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.detectors.made import separate, stream
from waferwatch.detectors.statistical import StatisticalDetector
from waferwatch.series.series import Series


def moved(series: Series, scope: str, by: float) -> Series:
    return replace(series, values=series.values + by, key=(scope, *series.key[1:]), scope=(scope,))


def test_scores_of_several_equipment_come_in_the_order_of_the_series() -> None:
    detector = StatisticalDetector().fit([moved(stream(20, 1), "A", 0.0), moved(stream(20, 2), "B", 1000.0)])
    given = [moved(stream(2 + number, 9), "AB"[number % 2], number % 2 * 1000.0) for number in range(5)]
    told: list[float] = []
    scores = detector.score(given, told.append)
    assert [len(one.points) for one in scores] == [len(one) for one in given]
    for one, series in zip(scores, given, strict=True):
        np.testing.assert_array_equal(one.points, detector.score([series])[0].points)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_equipment_without_a_reference_of_its_own_is_judged_by_that_of_all() -> None:
    detector = StatisticalDetector().fit([moved(stream(20, 1), "A", 0.0), moved(stream(20, 2), "B", 10.0)])
    (found,) = detector.score([moved(stream(5, 3), "C", 5.0)])
    assert np.isfinite(found.points).all()


def test_runs_are_judged_as_wholes_and_streams_point_by_point() -> None:
    runs = StatisticalDetector().fit(separate(20))
    (run,) = runs.score(separate(1, seed=1))
    assert run.points.std() < 0.1 * run.points.mean()
    (points,) = StatisticalDetector().fit([stream(20)]).score([stream(1, seed=1)])
    assert points.points.std() > 0.1 * points.points.mean()
