"""From scores to flags."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.models.fitted import Fitted
from waferwatch.scoring.option_rules import MOST_CONTAMINATION
from waferwatch.scoring.thresholds.promise import Promise, alarm_threshold, check_alarms, promise_of

AUTO: Literal["auto"] = "auto"

ThresholdWish = float | Literal["auto"]


@dataclass(frozen=True)
class Thresholds:
    """How the threshold is chosen: by itself, or by exactly one of the other three."""

    threshold: ThresholdWish = AUTO
    contamination: float | None = None  # expected share of anomalous rows
    false_alarms: float | None = None  # false events per equipment and week, at most

    def __post_init__(self) -> None:
        """
        Raises:
            InputError: for two ways at once, or a value that is none.
        """
        given = [self.threshold != AUTO, self.contamination is not None, self.false_alarms is not None]
        if sum(given) > 1:
            raise InputError(
                "More than one way to a threshold was given.",
                hint="Give one of threshold, contamination and false_alarms, or none: it is then found by itself.",
                field="threshold" if given[0] else "false_alarms",
            )
        if self.contamination is not None:
            check_contamination(self.contamination)
        if self.false_alarms is not None:
            check_alarms(self.false_alarms)
        if self.threshold != AUTO and not (isinstance(self.threshold, int | float) and 0 <= self.threshold < math.inf):
            raise InputError(
                "The threshold cannot be {value}.",
                hint="Give a number as the scores are, 0 or more, such as 3, or auto.",
                field="threshold",
                value=self.threshold,
            )


@dataclass(frozen=True)
class Chosen:
    """A threshold: rows that score above it are flagged."""

    value: float
    by: str  # "auto", "contamination", "false_alarms" or "hand"
    promise: Promise


def choose(wish: Thresholds, fitted: Fitted, points: NDArray[np.float64]) -> Chosen:
    """The threshold for scores (rows,), NaN = not judged.

    Raises:
        InputError: a number of false alarms for rows without dates.
    """
    alarms, kept = fitted.alarms, True
    if wish.false_alarms is not None:
        value, kept = alarm_threshold(alarms, fitted.threshold, wish.false_alarms)
        by = "false_alarms"
    elif wish.contamination is not None:
        value, by = contamination_threshold(points, wish.contamination), "contamination"
    elif wish.threshold != AUTO:
        value, by = float(wish.threshold), "hand"
    else:
        value, by = fitted.threshold, "auto"
    return Chosen(value, by, promise_of(alarms, value, wish.false_alarms, kept))


def check_contamination(contamination: float) -> None:
    """
    Raises:
        InputError: for a share that is not above 0 and at most 0.5.
    """
    if not 0 < contamination <= MOST_CONTAMINATION:  # also true for NaN
        raise InputError(
            "The expected share of anomalies cannot be {value}.",
            hint="Give a number above 0 and at most 0.5, such as 0.05 for five percent.",
            field="contamination",
            value=contamination,
        )


def contamination_threshold(scores: NDArray[np.float64], contamination: float) -> float:
    """The threshold above which the expected share of anomalous points lies: flag ``scores > threshold``.

    Of the N scores that are not NaN at most ``contamination * N`` are flagged, and as many as ties allow: points of one
    score are flagged together or not at all, so a constant score flags nothing. Infinity where nothing can be judged.

    >>> contamination_threshold(np.array([1.0, 5.0, 2.0, np.nan, 3.0]), 0.25)
    3.0

    Raises:
        InputError: for a share that is not above 0 and at most 0.5.
    """
    check_contamination(contamination)
    judged = scores[~np.isnan(scores)]
    if len(judged) == 0:
        return float("inf")
    most = int(contamination * len(judged) + 1e-9)  # 0.29 * 100 is a little below 29
    return float(np.partition(judged, len(judged) - 1 - most)[len(judged) - 1 - most])
