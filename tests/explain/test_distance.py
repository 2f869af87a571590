"""The distance to every stretch is that of a naive loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.explain.distance import LEAST_SHARE, distances


def naive(query: np.ndarray, values: np.ndarray) -> np.ndarray:
    found = []
    for start in range(len(values) - len(query) + 1):
        apart = (query - values[start : start + len(query)]) ** 2
        enough = np.isfinite(apart).sum() >= max(1, LEAST_SHARE * query.size)
        found.append(np.nanmean(apart) if enough else np.inf)
    return np.array(found)


@given(
    st.integers(1, 40),
    st.integers(0, 200),
    st.integers(1, 4),
    st.floats(0, 0.8),
    st.floats(0.01, 50),
    st.integers(0, 2**32 - 1),
)
def test_it_is_that_of_a_naive_loop(
    length: int, more: int, sensors: int, missing: float, size: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    query = rng.normal(3, size, (length, sensors))
    values = rng.normal(-3, size, (length + more, sensors))
    query[rng.random(query.shape) < missing] = np.nan
    values[rng.random(values.shape) < missing] = np.nan
    found, expected = distances(query, values), naive(query, values)
    assert np.array_equal(np.isinf(found), np.isinf(expected))
    known = np.isfinite(expected)
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-6, atol=1e-8 * size**2 + 1e-9)


def test_a_copy_is_at_no_distance() -> None:
    values = np.random.default_rng(1).normal(size=(5000, 3))
    found = distances(values[1234:1300], values)
    assert found[1234] == pytest.approx(0, abs=1e-12)
    assert found.argmin() == 1234


def test_a_query_without_values_is_compared_with_nothing() -> None:
    assert np.isinf(distances(np.full((5, 2), np.nan), np.zeros((20, 2)))).all()
