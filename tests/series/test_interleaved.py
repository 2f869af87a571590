"""The column that tells equipment apart whose rows lie at the same times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.read.frames import table_from_frame
from waferwatch.series.quality.interleaved import separating_column
from waferwatch.series.quality.timing import lay_out

ROWS = 300


def frame(**columns: list[object]) -> pd.DataFrame:
    """Three chambers, row by row in turn, at the same times."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "time": pd.date_range("2026-03-01", periods=ROWS, freq="s").repeat(3),
            **columns,
            "pressure": rng.normal(size=3 * ROWS),
            "flow": rng.normal(size=3 * ROWS),
        }
    )


def column_of(data: pd.DataFrame, **roles: str) -> str | None:
    table = table_from_frame(data, roles={"time": "time", "pressure": "sensor", "flow": "sensor", **roles})
    return separating_column(table, lay_out(table))


@pytest.mark.parametrize("role", ["context", "ignored", "sensor"])
def test_the_column_is_found_whatever_it_was_taken_for(role: str) -> None:
    numbers: list[object] = [1, 2, 3] * ROWS
    assert column_of(frame(place=numbers), place=role) == "place"


def test_of_several_the_one_with_the_fewest_values_is_named() -> None:
    data = frame(lots=[f"{row % 3}{row // 300}" for row in range(3 * ROWS)], place=["a", "b", "c"] * ROWS)
    assert column_of(data, lots="context", place="context") == "place"


def test_no_column_is_named_that_leaves_rows_at_the_same_time() -> None:
    data = frame(half=["a", "a", "b"] * ROWS, word=["x"] * 900, each=[f"{row}" for row in range(900)])
    assert column_of(data, half="context", word="context", each="context") is None


def test_nothing_is_named_where_no_two_rows_have_the_same_time() -> None:
    data = frame(place=["a", "b", "c"] * ROWS)
    data["time"] = pd.date_range("2026-03-01", periods=3 * ROWS, freq="s")
    assert column_of(data, place="context") is None
    assert column_of(data.drop(columns="time").assign(time=1.0), place="context", time="ignored") is None
