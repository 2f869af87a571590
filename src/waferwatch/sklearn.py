"""A detector as a scikit-learn estimator, for pipelines and other code that expects one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from waferwatch.api import fit
from waferwatch.errors import WaferwatchError
from waferwatch.scoring.model import Model
from waferwatch.scoring.result import Detection

NEIGHBOURS = (
    "A score rests on the rows around it in time, and rows that were learnt from are recognised by their order: "
    "shuffled or separate rows score differently."
)
TOO_FEW_ROWS = "The check gives 12 to 21 rows, from which this detector cannot learn what is normal."
NO_OUTLIERS = (
    "The check asks for outliers in 300 rows of three clusters: the automatic threshold finds none where none stands "
    "out. With contamination it holds."
)
_FIND_NONE = ("moment", "early", "knn")
_CHECKS_WITH_OUTLIERS = ("check_outliers_train", "check_outliers_fit_predict")
_FEW_ROWS_DO = ("pca", "isolation_forest", "moving_variance")
_CHECKS_WITH_FEW_ROWS = (
    "check_classifier_data_not_an_array",
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_estimators_dtypes",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_f_contiguous_array_estimator",
    "check_fit2d_predict1d",
    "check_n_features_in_after_fitting",
    "check_readonly_memmap_input",
)


def expected_failed_checks(estimator: AnomalyDetector) -> dict[str, str]:
    """Checks of ``sklearn.utils.estimator_checks`` that do not hold, and why, for ``parametrize_with_checks``."""
    found = dict.fromkeys(("check_methods_sample_order_invariance", "check_methods_subset_invariance"), NEIGHBOURS)
    if estimator.detector not in _FEW_ROWS_DO:
        found |= dict.fromkeys(_CHECKS_WITH_FEW_ROWS, TOO_FEW_ROWS)
    if estimator.detector in _FIND_NONE and estimator.threshold == "auto" and estimator.contamination is None:
        found |= dict.fromkeys(_CHECKS_WITH_OUTLIERS, NO_OUTLIERS)
    return found


class AnomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """A detector over arrays or frames of numbers, with the names of scikit-learn and of PyOD.

    Args:
        detector: one of ``waferwatch.detector_names()``.
        threshold: "auto", or a number as ``decision_scores_`` are; see :func:`waferwatch.detect`.
        contamination: instead: expected share of outliers among the rows that are learnt from, above 0, at most 0.5.
        false_alarms: instead: at most this many false events a week; needs a frame whose index holds times.
        checkpoint: for ``moment``: name of an imported checkpoint; by default the embedded one.
        device: "auto", "cpu" or "cuda"; by default the setting ``WAFERWATCH_DEVICE``.

    Attributes:
        model_: what was learnt, a :class:`waferwatch.Model`: it can be saved, and its ``detect`` gives events.
        n_features_in_, feature_names_in_: as in scikit-learn; the names only where a frame with names was learnt from.
        offset_: ``decision_function`` is ``score_samples`` less this; it is ``-threshold_``.
        decision_scores_: (rows,) scores of the rows learnt from, each by what was learnt without it; high = anomalous.
        labels_: (rows,) 1 for those of them that are outliers, 0 for the others.
        threshold_: rows with a higher score are outliers.

    ``X`` is an array or a frame of numbers: one row for each moment, in time order, one column for each sensor. Where
    the index of a frame holds times, they count. NaN is a missing value; infinite values are refused. The rows of one
    call are one series: a model of several equipment or of runs is learnt with :func:`waferwatch.fit`.

    A row that cannot be judged, such as the first ones of ``squared_difference``, has the score NaN and is no outlier.
    """

    def __init__(
        self,
        detector: str = "moment",
        *,
        threshold: float | Literal["auto"] = "auto",
        contamination: float | None = None,
        false_alarms: float | None = None,
        checkpoint: str | None = None,
        device: str | None = None,
    ) -> None:
        self.detector = detector
        self.threshold = threshold
        self.contamination = contamination
        self.false_alarms = false_alarms
        self.checkpoint = checkpoint
        self.device = device

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Learn from normal rows, or mostly normal ones. ``y`` does not count.

        Raises:
            ValueError: the rows or a parameter cannot be used, or the rows are too few for the detector.
        """
        values = self._checked(X, reset=True)
        with _value_errors():
            self.model_ = self._learnt(self._frame(X, values))
            found = self._detection(X, values)
        self.threshold_ = found.threshold
        self.offset_ = -found.threshold
        self.decision_scores_ = found.scores
        self.labels_ = (found.scores > found.threshold).astype(np.int64)
        return self

    def score_samples(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """(rows,) how normal each row is: high = normal, NaN = not judged.

        Raises:
            NotFittedError: before ``fit``.
            ValueError: the rows cannot be used.
        """
        check_is_fitted(self)
        values = self._checked(X, reset=False)
        with _value_errors():
            scores: NDArray[np.float64] = -self.model_.detect(self._frame(X, values), threshold=self.threshold_).scores
        return scores

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """(rows,) ``score_samples`` less ``offset_``: below 0 for outliers, NaN = not judged. Errors as there."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """(rows,) -1 for outliers, 1 for the other rows, those not judged among them. Errors as ``score_samples``."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.int64]:  # noqa: N803
        """``fit``, then ``predict`` of the same rows."""
        return np.where(self.fit(X).labels_ == 1, -1, 1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _checked(self, X: Any, *, reset: bool) -> NDArray[np.float64]:  # noqa: N803
        values: NDArray[np.float64] = validate_data(
            self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2 if reset else 1
        )
        return values

    def _names(self) -> list[str]:
        return list(getattr(self, "feature_names_in_", [f"x{number}" for number in range(self.n_features_in_)]))

    def _frame(self, X: Any, values: NDArray[np.float64]) -> pd.DataFrame:  # noqa: N803
        """The values under the names of the features, with the times of the index as a further column."""
        frame = pd.DataFrame(values, columns=self._names())
        if isinstance(X, pd.DataFrame) and isinstance(X.index, pd.DatetimeIndex):
            frame[self._time_column()] = X.index.to_numpy() if X.index.tz is None else X.index
        return frame

    def _time_column(self) -> str:
        """A name that no feature has."""
        name = "time"
        while name in self._names():
            name += "_"
        return name

    def _learnt(self, frame: pd.DataFrame) -> Model:
        time = self._time_column()
        model = fit(
            frame,
            features=self._names(),
            time=time if time in frame else None,
            detector=self.detector,
            checkpoint=self.checkpoint,
            device=self.device,
        )
        if not np.isfinite(model.fitted.threshold):
            raise ValueError(
                f"{self.detector} cannot learn what is normal from so few rows: n_samples={len(frame)}, "
                f"n_features={self.n_features_in_}. Give some hundreds, with values in every feature."
            )
        return model

    def _detection(self, X: Any, values: NDArray[np.float64]) -> Detection:  # noqa: N803
        return self.model_.detect(
            self._frame(X, values),
            threshold=self.threshold,
            contamination=self.contamination,
            false_alarms=self.false_alarms,
        )


@contextmanager
def _value_errors() -> Iterator[None]:
    """What a caller can mend is a ValueError in scikit-learn."""
    try:
        yield
    except WaferwatchError as error:
        if error.exit_code == 1:
            raise
        raise ValueError(str(error)) from error
