"""Indicators are what their names say, on any data, missing values included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from waferwatch.indicators.cells import StepCells, cells_in, cells_of
from waferwatch.indicators.indicators import indicators_of, pieces
from waferwatch.indicators.judge import sensor_values
from waferwatch.indicators.statistics import STATISTICS, statistics_of
from waferwatch.read.frames import table_from_frame
from waferwatch.series.wafer_runs import WaferRuns, find_passes


def table_of(**columns: object):
    frame = pd.DataFrame(columns)
    if "pressure" not in frame:
        frame["pressure"] = np.linspace(0.5, 1.5, len(frame))
    return table_from_frame(frame)


def one_cell(rows: int) -> StepCells:
    time = pd.date_range("2026-01-01", periods=rows, freq="s")
    table = table_of(time=time, wafer=np.ones(rows, int), step=["main"] * rows)
    return cells_in(table, WaferRuns((), np.arange(rows), np.array([0])))


@settings(max_examples=60)
@given(npst.arrays(np.float64, st.integers(8, 60), elements=st.one_of(st.floats(-1e3, 1e3), st.just(float("nan")))))
def test_statistics_equal_those_of_numpy(values):
    found = dict(zip(STATISTICS, statistics_of(values, one_cell(len(values)))[:, 0], strict=True))
    known = values[~np.isnan(values)]
    if not len(known):
        assert all(np.isnan(one) for one in found.values())
        return
    scale = max(1.0, float(np.abs(known).max()))
    assert found["mean"] == pytest.approx(known.mean(), abs=1e-9 * scale)
    assert found["spread"] == pytest.approx(known.std(), abs=1e-6 * scale)
    assert (found["min"], found["max"]) == (known.min(), known.max())
    at = np.flatnonzero(~np.isnan(values))
    if len(known) > 1:
        assert found["slope"] == pytest.approx(np.polyfit(at, known, 1)[0], abs=1e-6 * scale)


def test_the_time_to_settle_is_that_of_the_last_row_off_the_level():
    values = np.concatenate([np.linspace(10, 1, 10), np.full(30, 1.0)]) + 0.001 * np.resize([1, -1], 40)
    settle = statistics_of(values, one_cell(40))[STATISTICS.index("settle"), 0]
    assert 8 <= settle <= 10


def test_a_step_that_comes_twice_in_a_run_is_one_cell():
    steps = ["a"] * 5 + ["b"] * 5 + ["a"] * 5
    table = table_of(wafer=np.repeat([1, 2], 15), step=steps * 2)
    cells = cells_of(table)
    assert cells is not None
    assert cells.lengths.tolist() == [10, 5, 10, 5]
    assert sorted(cells.rows.tolist()) == list(range(30))
    assert cells.rows[:10].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


def test_pieces_of_any_size_give_the_same_indicators(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    table = table_of(wafer=np.repeat(np.arange(12), 20), step=["a"] * 240, pressure=rng.normal(size=240))
    cells = cells_of(table)
    assert cells is not None
    values = sensor_values(table, ["pressure"])
    whole = indicators_of(values, cells, ["pressure"], None).values
    parts = [indicators_of(values, part, ["pressure"], None).values for _, part in pieces(cells, 50)]
    assert len(parts) > 3
    np.testing.assert_allclose(np.concatenate(parts), whole)


def test_runs_are_found_by_the_steps_where_no_column_names_them():
    steps = np.tile(np.repeat(["stabilise", "etch", "purge"], [5, 12, 4]), 10)
    table = table_of(time=pd.date_range("2026-01-01", periods=len(steps), freq="s"), step=steps)
    runs = find_passes(table)
    assert runs is not None
    assert runs.lengths.tolist() == [21] * 10


def test_runs_are_found_by_clear_pauses():
    seconds = np.concatenate([np.arange(60) + 600 * number for number in range(12)])
    table = table_of(time=pd.Timestamp("2026-01-01") + pd.to_timedelta(seconds, unit="s"))
    runs = find_passes(table)
    assert runs is not None
    assert runs.lengths.tolist() == [60] * 12


def test_a_plain_stream_has_no_runs():
    assert find_passes(table_of(time=pd.date_range("2026-01-01", periods=300, freq="s"))) is None
