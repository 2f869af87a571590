"""Indicators next to a result: read as they were computed, and computed again where they cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from tests.commands.test_monitor_commands import fab_rows
from waferwatch.indicators.cells import StepCells, cells_of
from waferwatch.indicators.indicators import Indicators, columns_of, indicators_of
from waferwatch.indicators.judge import sensor_values
from waferwatch.read.frames import table_from_frame
from waferwatch.series.wafer_runs import WaferRuns
from waferwatch.settings import Settings
from waferwatch.store.disk import indicators as kept
from waferwatch.store.results import Results

RUN = "b" * 16
SENSORS = ["pressure", "flow"]
COLUMNS = columns_of(SENSORS, None)


@pytest.fixture(scope="module")
def computed() -> Indicators:
    """Of wafers that come back to a step, so that rows in time are not those of one cell after the other."""
    frame = fab_rows(6)
    frame.loc[np.arange(len(frame)) % 30 == 25, "step"] = frame["step"].iloc[0]
    table = table_from_frame(frame, name="fab")
    cells = cells_of(table)
    assert cells is not None
    found = indicators_of(sensor_values(table, SENSORS), cells, SENSORS, None)
    found.values[3, 1] = np.inf
    return found


@pytest.fixture
def results(tmp_path: Path) -> Results:
    made = Results(Settings(data_dir=tmp_path))
    (made.folder / RUN).mkdir(parents=True)
    return made


def same(one: object, other: object) -> None:
    for field in fields(one):  # type: ignore[arg-type]
        before, after = getattr(one, field.name), getattr(other, field.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype, field.name
            np.testing.assert_array_equal(before, after, err_msg=field.name)
        elif isinstance(before, StepCells | WaferRuns):
            same(before, after)
        else:
            assert before == after, field.name


def test_kept_indicators_are_those_that_were_computed(results: Results, computed: Indicators) -> None:
    assert not np.array_equal(computed.cells.rows, computed.cells.runs.rows)
    results.put_indicators(RUN, computed)
    read = results.indicators(RUN, COLUMNS)
    assert read is not None
    same(computed, read)


def test_later_ones_take_the_place_of_earlier_ones(results: Results, computed: Indicators) -> None:
    results.put_indicators(RUN, computed)
    results.put_indicators(RUN, computed)
    assert len(list((results.folder / RUN).iterdir())) == 2


def test_a_result_of_before_has_none(results: Results) -> None:
    assert results.indicators(RUN, COLUMNS) is None
    assert results.indicators("c" * 16, COLUMNS) is None


def test_those_of_another_release_are_not_taken(
    results: Results, computed: Indicators, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.put_indicators(RUN, computed)
    monkeypatch.setattr(kept, "_RELEASE", "99.0.0")
    assert results.indicators(RUN, COLUMNS) is None


def test_those_of_other_columns_are_not_taken(results: Results, computed: Indicators) -> None:
    results.put_indicators(RUN, computed)
    assert results.indicators(RUN, COLUMNS[:-1]) is None


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _turned(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("name", ["indicators.json", "indicators-*.parquet"])
@pytest.mark.parametrize("harm", [_cut, _turned, Path.unlink])
def test_damaged_ones_are_computed_again(
    results: Results, computed: Indicators, name: str, harm: Callable[[Path], None]
) -> None:
    results.put_indicators(RUN, computed)
    (path,) = (results.folder / RUN).glob(name)
    harm(path)
    assert results.indicators(RUN, COLUMNS) is None
    results.put_indicators(RUN, computed)
    assert results.indicators(RUN, COLUMNS) is not None


def test_where_they_cannot_be_kept_nothing_is_lost(results: Results, computed: Indicators) -> None:
    results.put_indicators("c" * 16, computed)
    assert results.indicators("c" * 16, COLUMNS) is None
