"""Faults of single sensors in correlated tables."""

from __future__ import annotations

import numpy as np
from guilty import KINDS, SensorFault, correlated, found_and_rank, with_faults

from waferwatch.evaluate.faults import SIZES
from waferwatch.models.contract import Scores


def test_sensors_are_correlated_and_each_has_noise_of_its_own() -> None:
    values = correlated(4000, 8, np.random.default_rng(0))
    correlation = np.abs(np.corrcoef(values.T)) - np.eye(8)
    assert (correlation.max(axis=1) > 0.5).sum() >= 6
    assert correlation.max() < 0.99


def test_each_fault_changes_one_sensor_between_its_first_and_last_row() -> None:
    values = correlated(15_000, 8, np.random.default_rng(1))
    changed, faults = with_faults(values, 5000, np.random.default_rng(2))
    assert sorted((one.kind, one.size) for one in faults) == sorted((kind, size) for kind in KINDS for size in SIZES)
    differs = changed != values
    for one in faults:
        assert differs[one.first : one.stop, one.sensor].any()
        differs[one.first : one.stop, one.sensor] = False
    assert not differs.any()
    assert min(one.first for one in faults) >= 5000


def test_a_fault_above_the_threshold_is_found_and_its_sensor_ranked_by_the_rows_above() -> None:
    contributions = np.zeros((10, 3), np.float32)
    contributions[4] = 5, 1, 0
    contributions[5] = 0, 9, 0  # below the threshold in the test, so it does not count
    scores = Scores(np.array([0, 0, 0, 0, 6, 2, 0, 0, 0, 0.0]), contributions)
    assert found_and_rank(scores, SensorFault("spike", "small", 4, 6, 0), 5.0) == (True, 1)
    assert found_and_rank(scores, SensorFault("spike", "small", 4, 6, 0), 7.0) == (False, 2)
