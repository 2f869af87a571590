"""What is a gap in time, and what is only irregular sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.series.gaps import gap_starts


def gaps(steps: list[float], group: list[int] | None = None) -> list[int]:
    time = np.concatenate([[0.0], np.cumsum(steps)])
    return np.flatnonzero(gap_starts(time, np.array(group or [0] * len(time)))).tolist()


@pytest.mark.parametrize(
    "steps",
    [
        [1.0] * 50,
        [1, 1, 5] * 20,
        [1, 1, 50] * 20,  # pauses after every few rows: pieces of three rows could not be judged
        [1] * 40 + [9.9] + [1] * 40,
        [0] * 50,
        [],
        [1000],
        list(np.random.default_rng(0).exponential(1, 3000)),
    ],
)
def test_irregular_sampling_is_not_cut(steps: list[float]) -> None:
    assert gaps(steps) == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([1] * 5 + [1000] + [1] * 5, [6]),
        ([1] * 50 + [11] + [1] * 50, [51]),
        ([1] * 20 + [60] + [1] * 20 + [3600] + [1] * 20, [21, 42]),
        ([0, 1] * 30 + [100] + [0, 1] * 30, [61]),
        (([1] * 199 + [100]) * 5 + [1] * 10, [200, 400, 600, 800, 1000]),
    ],
)
def test_a_long_stop_is_a_gap(steps: list[float], expected: list[int]) -> None:
    assert gaps(steps) == expected


def test_each_group_is_measured_by_its_own_steps() -> None:
    steps = [1] * 20 + [-20] + [100] * 20 + [5000] + [100] * 20
    assert gaps(steps, [0] * 21 + [1] * 42) == [42]


def test_the_step_between_two_groups_is_no_gap() -> None:
    assert gaps([1] * 20 + [1e6] + [1] * 20, [0] * 21 + [1] * 21) == []


@given(st.lists(st.floats(0, 1e9), max_size=200))
def test_gaps_are_rare(steps: list[float]) -> None:
    assert len(gaps(steps)) <= max(3, len(steps) * 0.01)


@given(st.lists(st.sampled_from([0.0, 1.0, 3.0, 500.0]), max_size=100), st.floats(1e-3, 1e9))
def test_the_unit_of_time_does_not_matter(steps: list[float], unit: float) -> None:
    assert gaps(steps) == gaps([step * unit for step in steps])
