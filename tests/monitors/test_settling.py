"""A level that stands, settles, or drifts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from waferwatch.monitors.levels.settling import standing

K = 25
Floats = NDArray[np.float64]


def noise(seed: int, count: int = K) -> Floats:
    return np.random.default_rng(seed).standard_normal(count)


@pytest.mark.parametrize("seed", range(20))
def test_a_level_that_stands_still_is_known_from_the_first_wafer_on(seed: int) -> None:
    found = standing(noise(seed) + 8, 1.0)
    assert not found.moving
    assert found.after == 0
    assert found.level == pytest.approx(8, abs=4 * found.error)


@pytest.mark.parametrize("seed", range(10))
def test_a_level_that_settles_is_taken_from_the_later_half(seed: int) -> None:
    fading = np.where(np.arange(K) < 12, 50 * 0.85 ** np.arange(K), 0.0)
    found = standing(noise(seed) + fading, 1.0)
    assert not found.moving
    assert 10 <= found.after <= 12
    assert abs(found.level) < 1.5


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("each", [0.3, -0.5, 2.0])
def test_a_level_that_goes_on_moving_does_not_stand_still(seed: int, each: float) -> None:
    assert standing(noise(seed) + each * np.arange(K), 1.0).moving


def test_a_level_that_has_not_settled_within_the_wafers_does_not_stand_still() -> None:
    assert standing(noise(1, 10) * 0.1 + 50 * 0.8 ** np.arange(10), 0.1).moving


def test_wafers_that_differ_more_than_in_the_reference_are_no_drift() -> None:
    assert not any(standing(5 * noise(seed), 1.0).moving for seed in range(20))


@given(st.lists(st.floats(-5, 5), min_size=5, max_size=40), st.floats(-1e3, 1e3))
def test_the_level_moves_with_the_wafers(values: list[float], offset: float) -> None:
    here, there = standing(np.array(values), 1.0), standing(np.array(values) + offset, 1.0)
    assert there.level == pytest.approx(here.level + offset, abs=1e-6)
    assert min(values) <= here.level <= max(values)
