"""The scikit-learn estimator: its checks, its numbers, and what it refuses."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import waferwatch
from waferwatch.sklearn import AnomalyDetector, expected_failed_checks

ROWS = 400
SPIKE = 300


def readings(rows: int = ROWS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(50, 1, (rows, 3))


def with_spike() -> np.ndarray:
    values = readings(seed=1)
    values[SPIKE] += 30
    return values


@pytest.fixture(scope="module")
def fitted() -> AnomalyDetector:
    return AnomalyDetector("pca").fit(readings())


@pytest.mark.filterwarnings("ignore")  # the checks warn of their own doing
@pytest.mark.parametrize(
    "options",
    [{"detector": "pca"}, {"detector": "pca", "contamination": 0.1}, {"detector": "moment"}],
    ids=["pca", "pca with contamination", "moment"],
)
def test_only_the_documented_checks_of_scikit_learn_fail(options: dict[str, Any]) -> None:
    estimator = AnomalyDetector(**options)
    expected = expected_failed_checks(estimator)
    found = check_estimator(estimator, expected_failed_checks=expected, on_fail=None, on_skip=None)
    assert len(found) > 40
    assert {one["check_name"]: repr(one["exception"]) for one in found if one["status"] == "failed"} == {}
    assert {one["check_name"] for one in found if one["status"] == "xfail"} == set(expected)


def test_a_spike_is_an_outlier_and_few_normal_rows_are(fitted: AnomalyDetector) -> None:
    outliers = np.flatnonzero(fitted.predict(with_spike()) == -1)
    assert SPIKE in outliers
    assert len(outliers) <= 0.02 * ROWS
    assert fitted.decision_function(with_spike()).argmin() == SPIKE


def test_scores_are_those_of_the_library(fitted: AnomalyDetector) -> None:
    frame = pd.DataFrame(readings(), columns=["x0", "x1", "x2"])
    model = waferwatch.fit(frame, detector="pca")
    found = model.detect(pd.DataFrame(with_spike(), columns=frame.columns))
    assert fitted.model_.digest == model.digest
    assert fitted.threshold_ == found.threshold
    np.testing.assert_array_equal(-fitted.score_samples(with_spike()), found.scores)


def test_the_names_of_pyod_say_the_same_of_the_rows_learnt_from() -> None:
    detector = AnomalyDetector("pca", contamination=0.1).fit(with_spike())
    np.testing.assert_array_equal(detector.decision_scores_, -detector.score_samples(with_spike()))
    assert detector.labels_.sum() == 0.1 * ROWS
    assert detector.labels_[SPIKE] == 1
    np.testing.assert_array_equal(detector.labels_ == 1, detector.predict(with_spike()) == -1)
    np.testing.assert_array_equal(detector.labels_ == 1, detector.decision_scores_ > detector.threshold_)


def test_a_threshold_of_ones_own_stands() -> None:
    detector = AnomalyDetector("pca", threshold=1.5).fit(readings())
    assert (detector.threshold_, detector.offset_) == (1.5, -1.5)


def test_later_rows_are_measured_by_the_threshold_of_the_rows_learnt_from() -> None:
    detector = AnomalyDetector("pca", contamination=0.1).fit(readings())
    assert (detector.predict(readings(seed=2) + 30) == -1).all()


def test_names_of_columns_are_those_of_the_model_whatever_they_sound_like() -> None:
    frame = pd.DataFrame(readings(), columns=["time", "lot", "label"])
    detector = AnomalyDetector("pca").fit(frame)
    assert detector.feature_names_in_.tolist() == ["time", "lot", "label"]
    assert detector.model_.features == ["time", "lot", "label"]
    with pytest.raises(ValueError, match="feature names"):
        detector.predict(frame.rename(columns={"lot": "pressure"}))


def timed(rows: int, time_name: str = "pressure") -> pd.DataFrame:
    return pd.DataFrame(
        readings(rows),
        columns=[time_name, "b", "c"],
        index=pd.date_range("2026-01-05", periods=rows, freq="min", tz="Asia/Seoul"),
    )


@pytest.mark.parametrize("name", ["pressure", "time"])
def test_times_in_the_index_of_a_frame_count(name: str) -> None:
    frame = timed(30_000, name)
    detector = AnomalyDetector("squared_difference", false_alarms=5).fit(frame)
    assert detector.model_.features == [name, "b", "c"]
    assert detector.threshold_ != AnomalyDetector("squared_difference").fit(frame).threshold_
    broken = frame[:400].drop(frame.index[200:300])  # behind a gap nothing is known of the row before
    assert np.isnan(detector.score_samples(broken)[200])


def test_false_alarms_a_week_need_times() -> None:
    with pytest.raises(ValueError, match="date"):
        AnomalyDetector("pca", false_alarms=1).fit(readings())


def test_missing_values_are_taken_and_rows_without_a_value_are_no_outliers() -> None:
    values = readings()
    values[::7, 1] = np.nan
    detector = AnomalyDetector("pca").fit(values)
    values[5:9] = np.nan
    assert np.isnan(detector.decision_function(values)[5:9]).all()
    assert (detector.predict(values)[5:9] == 1).all()
    assert not np.isnan(detector.score_samples(values)[:5]).any()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((ROWS, 3), np.inf), "infinity"),
        (np.full((ROWS, 3), np.nan), "value"),
        (np.zeros(ROWS), "1D"),
        (np.zeros((0, 3)), "0 sample"),
        (np.zeros((1, 3)), "1 sample"),
        (np.zeros((ROWS, 0)), "0 feature"),
        (np.zeros((3, 3, 3)), "dim 3"),
        ([["a", "b"]] * ROWS, "convert"),
    ],
    ids=["infinite", "nothing measured", "one dimension", "no row", "one row", "no column", "three dimensions", "text"],
)
def test_what_cannot_be_learnt_from_is_a_value_error(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AnomalyDetector("pca").fit(values)


@pytest.mark.parametrize("detector", ["moment", "knn", "squared_difference"])
def test_too_few_rows_are_a_value_error_that_says_how_many_there_are(detector: str) -> None:
    with pytest.raises(ValueError, match=r"n_samples=10, n_features=3.*hundreds"):
        AnomalyDetector(detector).fit(readings(10))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contamination": 0.7}, "share of anomalies"),
        ({"contamination": 0.1, "threshold": 3.0}, "More than one way"),
        ({"threshold": float("nan")}, "threshold"),
        ({"detector": "nonsense"}, "no detector named nonsense"),
        ({"checkpoint": "nonsense"}, "nonsense"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_a_value_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AnomalyDetector(**{"detector": "pca"} | options).fit(readings())


def test_nothing_is_scored_before_fitting() -> None:
    with pytest.raises(NotFittedError):
        AnomalyDetector("pca").predict(readings())


def test_a_pipeline_and_its_clone_give_the_same() -> None:
    pipeline = make_pipeline(StandardScaler(), AnomalyDetector("pca", contamination=0.05))
    found = pipeline.fit(readings()).predict(with_spike())
    assert found[SPIKE] == -1
    np.testing.assert_array_equal(clone(pipeline).fit(readings()).predict(with_spike()), found)


def test_the_network_stays_out_of_what_a_caller_pickles() -> None:
    detector = AnomalyDetector("moment").fit(readings(200))
    before = detector.score_samples(with_spike())
    again = pickle.loads(pickle.dumps(detector))  # noqa: S301 - as joblib does
    assert "detector" in vars(detector.model_)
    assert "detector" not in vars(again.model_)
    np.testing.assert_allclose(again.score_samples(with_spike()), before)
