"""Runs found, aligned step by step, and laid over the envelope of the normal ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls import calls_of
from tests.grouping.made import detection_of, table_of
from waferwatch.grouping.alignment import align
from waferwatch.grouping.groups import Groups, part
from waferwatch.grouping.overlay import Overlay, lay_over
from waferwatch.read.table import Table
from waferwatch.series.wafer_runs import WaferRuns, find_runs

LEVELS = {"fill": 1.0, "etch": 5.0, "purge": 2.0}
USUAL = {"fill": 4, "etch": 8, "purge": 6}


def traces(lengths: list[dict[str, int]]) -> Table:
    """One machine; each run passes fill, etch, purge with lengths of its own, at a level by the step."""
    rows = [(run, step, at) for run, one in enumerate(lengths) for step, count in one.items() for at in range(count)]
    return table_of(
        time=pd.date_range("2026-01-01", periods=len(rows), freq="s"),
        equipment=["E1"] * len(rows),
        lot=["L1"] * len(rows),
        wafer=[run + 1 for run, _, _ in rows],
        step=[step for _, step, _ in rows],
        pressure=[LEVELS[step] for _, step, _ in rows],
    )


def overlay_of(table: Table, flags: np.ndarray, scores: np.ndarray | None = None, most: int = 30, steps: bool = True):
    runs = find_runs(table)
    assert runs is not None
    values = table.frame["pressure"].to_numpy()
    return lay_over(runs, detection_of(flags, scores), values, part(table, "step") if steps else None, most)


def test_a_late_step_does_not_shift_the_rest() -> None:
    late = dict(USUAL, fill=9)
    table = traces([USUAL] * 8 + [late])
    flags = np.zeros(len(table.frame), dtype=bool)
    flags[8 * 18] = True
    overlay = overlay_of(table, flags)
    assert [(step.name, step.start, step.length) for step in overlay.steps] == [
        ("fill", 0, 4),
        ("etch", 4, 8),
        ("purge", 12, 6),
    ]
    (trace,) = overlay.traces
    assert trace.position[:9].tolist() == pytest.approx(np.linspace(0, 3, 9).tolist()), "squeezed into its step"
    assert trace.position[9:].tolist() == list(range(4, 18)), "and all that follows stands where it does in others"
    middle = np.interp(trace.position, overlay.envelope.grid, overlay.envelope.middle)
    assert middle.tolist() == trace.values.tolist()


def test_without_a_step_column_runs_are_aligned_by_their_beginning() -> None:
    table = traces([USUAL] * 8 + [dict(USUAL, fill=9)])
    flags = np.zeros(len(table.frame), dtype=bool)
    flags[-1] = True
    overlay = overlay_of(table, flags, steps=False)
    assert overlay.steps == []
    assert overlay.traces[0].position.tolist() == list(range(23))
    assert np.isnan(overlay.envelope.middle[18:]).all(), "no normal run is that long"
    assert overlay.envelope.middle[:18].tolist() == table.frame["pressure"][:18].tolist()


def test_where_fewer_than_five_runs_say_something_there_is_no_envelope() -> None:
    table = traces([USUAL] * 6 + [dict(USUAL, purge=9)] * 4)
    envelope = overlay_of(table, np.zeros(len(table.frame)), steps=False).envelope
    assert np.isfinite(envelope.middle[:18]).all()
    assert np.isnan(envelope.middle[18:]).all()
    assert len(envelope.middle) == 21


def test_a_step_column_that_counts_rows_is_no_step() -> None:
    table = traces([USUAL] * 6)
    runs = find_runs(table)
    assert runs is not None
    counter = Groups("step", np.tile(np.arange(18), 6), [str(at) for at in range(18)])
    assert align(runs, counter).steps == []


def test_a_step_that_comes_back_is_a_step_of_its_own() -> None:
    runs = WaferRuns(("wafer",), np.arange(24), np.array([0, 12]))
    steps = Groups("step", np.tile(np.repeat([0, 1, 0, 1], 3), 2), ["deposit", "purge"])
    assert [step.name for step in align(runs, steps).steps] == ["deposit", "purge", "deposit", "purge"]


def test_the_envelope_leaves_flagged_runs_out_with_all_their_rows() -> None:
    table = traces([USUAL] * 20)
    table.frame["pressure"] = table.frame["pressure"] + np.where(table.frame["wafer"] <= 9, 100.0, 0.0)
    flags = np.zeros(len(table.frame), dtype=bool)
    flags[: 9 * 18 : 18] = True  # one row of each of the nine odd runs
    overlay = overlay_of(table, flags)
    assert (overlay.runs, overlay.normal, overlay.by_rows) == (20, 11, False)
    assert np.nanmax(overlay.envelope.high) == 5.0
    assert len(overlay.traces) == 9
    assert np.nanmin(overlay.traces[0].values) > 100


def test_where_nearly_all_runs_are_flagged_the_envelope_is_that_of_the_unflagged_rows() -> None:
    table = traces([USUAL] * 10)
    flags = np.zeros(len(table.frame), dtype=bool)
    flags[::18] = True
    table.frame["pressure"] = np.where(flags, 1000.0, table.frame["pressure"])
    overlay = overlay_of(table, flags)
    assert overlay.by_rows
    assert overlay.normal == 0
    assert np.isnan(overlay.envelope.high[0]), "every run is flagged there"
    assert overlay.envelope.high[2:].max() == 5.0


def test_flagged_runs_come_highest_score_first_and_not_more_than_asked_for() -> None:
    table = traces([USUAL] * 12)
    wafers = table.frame["wafer"].to_numpy()
    scores = np.where(wafers == 3, np.nan, wafers.astype(float))
    overlay = overlay_of(table, wafers >= 6, scores, most=4)
    assert [trace.score for trace in overlay.traces] == [12, 11, 10, 9]
    assert [trace.flagged for trace in overlay.traces] == [18] * 4
    assert table.frame["wafer"].iloc[overlay.traces[0].rows].unique().tolist() == [12]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=6, max_size=12), st.integers(0, 10**6))
def test_the_envelope_is_that_of_a_loop_over_the_runs(lengths: list[int], seed: int) -> None:
    table = traces([dict(USUAL, etch=length) for length in lengths])
    values = np.random.default_rng(seed).normal(size=len(table.frame))
    table.frame["pressure"] = values
    envelope = overlay_of(table, np.zeros(len(values))).envelope
    etch = int(np.sort(lengths)[(len(lengths) - 1) // 2])
    resampled = []
    for wafer in range(1, len(lengths) + 1):
        mine = table.frame[table.frame["wafer"] == wafer]
        line: list[float] = []
        for step, count in (("fill", 4), ("etch", etch), ("purge", 6)):
            part_of = mine.loc[mine["step"] == step, "pressure"].to_numpy()
            places = np.linspace(0, len(part_of) - 1, count) if count > 1 else [0]
            line.extend(np.interp(places, np.arange(len(part_of)), part_of))
        resampled.append(line)
    expected = np.quantile(resampled, [0.05, 0.5, 0.95], axis=0)
    for found, wanted in zip((envelope.low, envelope.middle, envelope.high), expected, strict=True):
        assert found == pytest.approx(wanted, abs=1e-9)


def test_missing_values_are_left_out_of_the_envelope() -> None:
    table = traces([USUAL] * 7)
    table.frame["pressure"] = table.frame["pressure"].where(table.frame.index != 5)
    envelope = overlay_of(table, np.zeros(len(table.frame))).envelope
    assert np.isfinite(envelope.middle).all()


def test_runs_are_stretches_of_one_machine_in_time_order() -> None:
    """Two machines interleaved row by row; one wafer of E1 comes back later."""
    wafers = [1] * 8 + [2] * 8 + [1] * 8
    table = table_of(
        time=np.repeat(pd.date_range("2026-01-01", periods=24, freq="s"), 2),
        equipment=["E1", "E2"] * 24,
        wafer=np.repeat(wafers, 2),
    )
    runs = find_runs(table)
    assert runs is not None
    assert len(runs) == 6
    assert runs.columns == ("equipment", "wafer")
    assert sorted(runs.rows.tolist()) == list(range(48))
    assert runs.rows[:8].tolist() == list(range(0, 16, 2))
    assert runs.only(np.arange(6) == 1).rows.tolist() == list(range(16, 32, 2))


def test_a_pause_inside_a_wafer_does_not_make_two_runs_of_it() -> None:
    seconds = np.arange(400) + np.where(np.arange(400) >= 205, 5000, 0)
    table = table_of(time=pd.Timestamp("2026-01-01") + pd.to_timedelta(seconds, unit="s"), wafer=np.arange(400) // 40)
    runs = find_runs(table)
    assert runs is not None
    assert runs.lengths.tolist() == [40] * 10


def test_a_table_that_tells_no_runs_has_none() -> None:
    assert find_runs(table_of(equipment=["E1"] * 10)) is None
    assert find_runs(table_of(lot=["L1"] * 10)) is None, "one lot alone is nothing to compare"
    assert find_runs(table_of(lot=["L1", "L2"] * 10)) is None, "a lot that changes with every row is no run"


def test_the_grid_stays_small_however_long_a_run_is() -> None:
    rows = np.arange(100_000)
    table = table_of(wafer=rows // 10_000, step=rows % 10_000 // 2_500, pressure=np.sin(rows))
    for steps in (True, False):
        envelope = overlay_of(table, np.zeros(len(rows)), steps=steps).envelope
        assert 1000 <= len(envelope.grid) <= 2010
        assert envelope.grid[-1] == pytest.approx(9_999, abs=10)
        assert np.isfinite(envelope.middle).all()


def test_the_work_grows_with_the_runs_no_faster_than_their_number_and_visits_no_row() -> None:
    def calls(count: int) -> int:
        rows = np.arange(count)
        table = table_of(equipment=rows // 250_000, wafer=rows // 100 % 25, lot=rows // 2_500, step=rows % 100 // 20)
        found: list[Overlay] = []
        made = calls_of(lambda: found.append(overlay_of(table, rows % 1000 == 0)))
        assert found[0].runs == count // 100
        return made

    assert calls(300_000) < 12 * calls(30_000)
    assert calls(300_000) < 300_000 / 2
