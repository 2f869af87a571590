"""The baseline stays what people know it to be."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from waferwatch.models.baselines.isolation_forest import IsolationForestScorer
from waferwatch.series.series import Series


def series(values: np.ndarray, scope: str = "A") -> Series:
    return Series(values, np.arange(len(values)), None, scope=(scope,))


def fab_like(rows: int = 3000, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.column_stack([generator.normal(40, 2, rows), generator.gamma(2, 5, rows), generator.normal(0, 0.3, rows)])


def test_one_equipment_gets_the_scores_of_plain_scikit_learn() -> None:
    values = fab_like()
    plain = -IsolationForest(n_estimators=100, random_state=0).fit(values[:2000]).score_samples(values)
    ours = IsolationForestScorer(threads=1).fit([series(values[:2000])]).score([series(values)])[0].points
    assert np.abs(ours - plain).max() < 0.02  # float32 rounds the scaled values elsewhere than the raw ones
    assert np.corrcoef(ours, plain)[0, 1] > 0.9999


def test_a_sensor_in_tiny_units_is_seen_although_plain_scikit_learn_takes_it_for_constant() -> None:
    amperes = fab_like()[:, 2:] * 1e-9
    detector = IsolationForestScorer(threads=1).fit([series(amperes)])
    (scores,) = detector.score([series(np.array([[0.0], [2e-9]]))])
    assert scores.points[1] > scores.points[0] + 0.2


def test_threads_and_blocks_change_no_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    values = fab_like()
    alone = IsolationForestScorer(threads=1).fit([series(values)])
    several = IsolationForestScorer(threads=3).fit([series(values)])
    given = [series(values[:1]), series(values[1:700]), series(values[700:])]
    expected = alone.score(given)
    monkeypatch.setattr("waferwatch.models.baselines.isolation_forest._MOST_ROWS_AT_ONCE", 256)
    for one, other in zip(expected, several.score(given), strict=True):
        assert np.array_equal(one.points, other.points)
        assert np.array_equal(one.contributions, other.contributions)


def test_a_missing_value_does_not_stop_the_row_from_being_judged() -> None:
    values = fab_like()
    values[np.random.default_rng(1).random(values.shape) < 0.1] = np.nan
    values[5] = np.nan
    (scores,) = IsolationForestScorer(threads=1).fit([series(values)]).score([series(values)])
    empty = np.isnan(values).all(axis=1)
    assert np.array_equal(np.isnan(scores.points), empty)
    assert (scores.contributions[np.isnan(values) & ~empty[:, None]] == 0).all()


def test_a_row_at_the_centre_shares_its_score_out_evenly() -> None:
    values = np.column_stack([np.arange(101.0), np.arange(101.0)[::-1]])
    (scores,) = IsolationForestScorer(threads=1).fit([series(values)]).score([series(np.array([[50.0, 50.0]]))])
    assert scores.contributions[0, 0] == pytest.approx(scores.points[0] / 2)
    assert scores.contributions[0, 1] == pytest.approx(scores.points[0] / 2)


def test_scores_lie_between_zero_and_one() -> None:
    values = fab_like()
    (scores,) = IsolationForestScorer(threads=1).fit([series(values)]).score([series(values * 100)])
    assert ((scores.points > 0) & (scores.points < 1)).all()


def test_two_thousand_sensors_are_judged() -> None:
    values = np.random.default_rng(0).standard_normal((5000, 2000))
    values[4321] += 8
    (scores,) = IsolationForestScorer(threads=1).fit([series(values[:2000])]).score([series(values)])
    assert int(scores.points.argmax()) == 4321
