"""Runs of differing length on one common axis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.made import course, separate, steps_of, stream
from waferwatch.models.ensemble.preparation.alignment import LONGEST, PATCH, TraceAlignment, are_runs
from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.series.steps import Steps, whole


def columns(values: np.ndarray) -> Columns:
    """Of (n, S)."""
    return Columns(np.ascontiguousarray(values.T.astype(np.float32)), np.ones(values.T.shape, bool))


def test_many_series_of_like_length_that_share_their_equipment_are_runs() -> None:
    assert are_runs(separate(8))
    assert are_runs(separate(8, steps=False))


def test_few_series_are_no_runs_to_compare() -> None:
    assert not are_runs(separate(7))


def test_stretches_of_one_equipment_are_no_runs() -> None:
    assert not are_runs([stream(1, seed) for seed in range(20)])


def test_series_of_very_different_lengths_are_no_runs() -> None:
    runs = separate(20)
    assert are_runs([*runs[:19], runs[19].at(slice(20))])  # one in twenty may be a stump
    assert not are_runs([one.at(slice(20 + 4 * number)) for number, one in enumerate(runs)])


def test_runs_of_a_few_points_cannot_be_compared() -> None:
    assert not are_runs([one.at(slice(15)) for one in separate(30)])


def test_steps_fall_on_the_same_points_of_the_axis_however_long_they_last() -> None:
    lengths = [(30, 40, 30), (20, 60, 31), (45, 35, 20)]
    alignment = TraceAlignment.learn([steps_of(one) for one in (*lengths, lengths[0])])
    traces = [alignment.trace(columns(course(one)), steps_of(one)) for one in lengths]
    settled = [np.cumsum(alignment.lengths)[step] - 2 for step in range(3)]
    for trace in traces:
        assert trace.shape == (3, alignment.points)
        assert trace[:, settled] == pytest.approx(traces[0][:, settled], abs=0.5)


def test_the_axis_is_as_long_as_runs_usually_are_in_whole_patches() -> None:
    assert TraceAlignment.learn([whole(95), whole(97), whole(300)]).points == 104
    assert TraceAlignment.learn([whole(16)] * 3).points == 16
    assert TraceAlignment.learn([whole(5000)] * 3).points == LONGEST


def test_a_long_run_is_averaged_and_not_thinned_out() -> None:
    alignment = TraceAlignment.learn([whole(4096)] * 3)
    values = np.zeros((4096, 1))
    values[2000] = 8.0  # would lie between two points of the axis
    assert alignment.trace(columns(values), whole(4096)).max() == pytest.approx(1.0, rel=0.2)


def test_a_run_whose_steps_come_in_another_order_is_stretched_as_a_whole() -> None:
    alignment = TraceAlignment.learn([steps_of((30, 40, 30))] * 3)
    line = np.linspace(0, 1, 50)[:, None]
    trace = alignment.trace(columns(line), steps_of((20, 10, 20), stages=(12, 11, 13)))
    assert trace[0] == pytest.approx(np.linspace(0, 1, alignment.points), abs=1e-5)


@settings(max_examples=150)
@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 90)), min_size=1, max_size=60), min_size=1))
def test_any_order_and_length_of_steps_fits_on_the_axis(runs: list[list[tuple[int, int]]]) -> None:
    all_steps = [
        Steps(
            np.repeat([stage for stage, _ in run], [length for _, length in run]),
            np.concatenate([np.arange(length) for _, length in run]),
        )
        for run in runs
    ]
    alignment = TraceAlignment.learn(all_steps)
    assert alignment.points % PATCH == 0
    assert PATCH <= alignment.points <= LONGEST
    for steps in all_steps:
        values = np.linspace(0, 1, len(steps))[:, None]
        trace = alignment.trace(columns(values), steps)
        assert trace.shape == (1, alignment.points)
        assert (trace >= -1e-6).all()
        assert (trace <= 1 + 1e-6).all()
        assert (np.diff(trace[0]) >= -1e-6).all()  # time never goes back
