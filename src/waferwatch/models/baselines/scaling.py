"""Sensors in units of their own normal spread, equipment by equipment: what detectors without weights start from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.series.series import Series

Floats = NDArray[np.float64]

# A standardised value is cut here, so that squares of it can be added up over a long series without losing the rest.
MOST_SPREADS = 1e6

_LEAST_VALUES = 8  # fewer reference values of one equipment say too little: all equipment together are taken instead
# Least spread, so that a sensor that never moved in the reference divides by no zero: a change of it counts in full as
# soon as it is more than rounding, be it a sensor in volts or in nanoamperes.
_LEAST_OF_POOLED = 1e-3
_LEAST_OF_CENTRE = 1e-12
_LEAST = 1e-30
_LARGEST = 1e150  # no measurement is larger; sums and differences of larger ones would overflow


@dataclass(frozen=True)
class Scale:
    """Centre and spread of each sensor, both (sensors,); NaN for a sensor without any reference value."""

    centre: Floats
    spread: Floats

    def standardise(self, values: Floats, columns: slice = slice(None)) -> Floats:
        """Values (n, sensors or those of ``columns``) as distances from the centre in spreads, at most MOST_SPREADS."""
        with np.errstate(over="ignore"):
            scaled = values - self.centre[columns]
            scaled /= self.spread[columns]
        return np.clip(scaled, -MOST_SPREADS, MOST_SPREADS, out=scaled)


def standard_deviation(values: Floats) -> float:
    """Standard deviation of finite values of any size."""
    largest = float(np.abs(values).max())
    return largest * float(np.std(values / largest)) if largest > 0 else 0.0


def robust_deviation(values: Floats) -> float:
    """Interquartile range over that of the standard normal; the standard deviation where most values are equal."""
    low, high = np.percentile(values, [25, 75])
    return float(high / 1.349 - low / 1.349) or standard_deviation(values)


class ReferenceScales:
    """One scale for each scope (equipment), and one over all of them for a scope the reference does not have.

    Args:
        reference: series of the same sensors; of a series that marks its normal rows, only those count.
        deviation: spread of centred values, such as :func:`standard_deviation`.
    """

    def __init__(self, reference: Sequence[Series], deviation: Callable[[Floats], float]) -> None:
        self._deviation = deviation
        by_scope: dict[tuple[str, ...], list[Floats]] = defaultdict(list)
        for one in reference:
            by_scope[one.scope].append(reference_values(one))
        self._pooled = self._scale([values for group in by_scope.values() for values in group])
        if len(by_scope) == 1:
            self._scopes = dict.fromkeys(by_scope, self._pooled)
        else:
            self._scopes = {scope: self._scale(group, self._pooled) for scope, group in by_scope.items()}

    def of(self, series: Series) -> Scale:
        """The scale of a series' scope."""
        if self._pooled is None:
            unknown = np.full(series.sensors, np.nan)
            return Scale(unknown, unknown)
        return self._scopes.get(series.scope) or self._pooled

    def _scale(self, group: list[Floats], pooled: Scale | None = None) -> Scale | None:
        if not group:
            return None
        sensors = group[0].shape[1]
        centre, spread = np.full(sensors, np.nan), np.full(sensors, np.nan)
        for sensor in range(sensors):
            column = np.concatenate([values[:, sensor] for values in group])
            column = np.clip(column[~np.isnan(column)], -_LARGEST, _LARGEST)
            pooled_spread = pooled.spread[sensor] if pooled else 0.0
            if pooled and len(column) < _LEAST_VALUES:
                centre[sensor], spread[sensor] = pooled.centre[sensor], pooled_spread
            elif len(column):
                centre[sensor] = np.median(column)
                least = max(_LEAST_OF_POOLED * pooled_spread, _LEAST_OF_CENTRE * abs(centre[sensor]), _LEAST)
                spread[sensor] = max(self._deviation(column - centre[sensor]), least)
        return Scale(centre, spread)


def reference_values(series: Series) -> Floats:
    """Values of the rows that are known, or where nothing is known taken, to be normal."""
    return series.values if series.reference is None else series.values[series.reference]
