"""Level and spread of normal rows."""

from __future__ import annotations

import numpy as np
import pytest

from waferwatch.models.ensemble.preparation.normal import measure
from waferwatch.series.series import Series


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_a_spread_is_reported_whatever_the_size_of_the_readings(size: float) -> None:
    values = np.random.default_rng(0).standard_normal((500, 1)) * size
    normal = measure([Series(values, np.arange(500), None)])
    assert normal.spread[0] / size == pytest.approx(1.0, abs=0.1)


def test_a_sensor_that_stands_still_or_has_no_reading_has_a_spread_all_the_same() -> None:
    values = np.column_stack([np.zeros(50), np.full(50, 7.0), np.full(50, np.nan)])
    assert (measure([Series(values, np.arange(50), None)]).spread > 0).all()
