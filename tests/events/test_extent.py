"""How wide a fault is, where readings are missing as well."""

from __future__ import annotations

import numpy as np
import pytest

from waferwatch.events.extent import jumps, narrowed
from waferwatch.series.series import Series

ROWS = 2000


def series(missing: np.ndarray | None = None, spike: int | None = None) -> Series:
    values = 400 + np.random.default_rng(0).normal(size=(ROWS, 2))
    if spike is not None:
        values[spike : spike + 2, 0] += 30
    if missing is not None:
        values[missing, 0] = np.nan
    return Series(values, np.arange(ROWS), None)


@pytest.mark.parametrize("missing", [np.arange(ROWS) % 10 != 0, (np.arange(ROWS) % 100) < 30])
def test_readings_far_from_zero_do_not_stand_out_next_to_missing_ones(missing: np.ndarray) -> None:
    assert jumps([series(missing)])[0] < 2 * jumps([series()])[0]


def test_a_hole_in_the_readings_is_no_spike_to_narrow_an_event_to() -> None:
    hole = (np.arange(ROWS) >= 1000) & (np.arange(ROWS) < 1015)
    flags = (np.arange(ROWS) >= 900) & (np.arange(ROWS) < 1100)
    contributions = np.tile([1.0, 0.0], (ROWS, 1))
    usual = [jumps([series()])]
    assert narrowed(flags, contributions, [series(hole)], usual).sum() == flags.sum()
    assert narrowed(flags, contributions, [series(hole, spike=950)], usual).sum() == 4


def test_a_sensor_without_any_reading_is_left_alone() -> None:
    assert np.isinf(jumps([series(np.ones(ROWS, np.bool_))])[0])
