"""Lines over time are not drawn across pauses, in which nothing was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.web.figures.event.panels import line
from waferwatch.web.figures.lines import Line
from waferwatch.web.figures.time_series import _points

WAFERS, ROWS = 300, 20


def places() -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Rows each second, 40 s between wafers, half an hour after wafer 99 and after wafer 199; the wafer of each row."""
    wafer = np.repeat(np.arange(WAFERS), ROWS)
    second = np.arange(WAFERS * ROWS) + 40 * wafer + 1800 * (wafer // 100)
    return np.datetime64("2026-03-01") + second.astype("timedelta64[s]"), wafer


def pauses(drawn: dict[str, Any]) -> int:
    return sum(value is None for value in drawn["y"])


def test_where_each_series_cannot_be_drawn_apart_a_line_is_still_broken_at_long_pauses() -> None:
    place, wafer = places()
    rows = np.arange(len(place))
    values = np.sin(rows / 3.0)
    whole = Line("PM1", rows, place, wafer)
    assert pauses(_points(whole, slice(0, len(rows)), values, 400)) == 2
    assert pauses(_points(whole, slice(0, len(rows)), values, 4 * WAFERS)) == WAFERS - 1


def test_the_lines_of_an_event_are_broken_at_pauses() -> None:
    place, _ = places()
    part = slice(95 * ROWS, 105 * ROWS)
    assert pauses(line("flow", place[part], np.sin(np.arange(10 * ROWS) / 3.0), 0)) == 9
    counted = np.arange(10 * ROWS)
    assert pauses(line("flow", counted, np.sin(counted / 3.0), 0)) == 0


def test_what_lies_between_pauses_is_drawn_from_its_first_row_to_its_last() -> None:
    place, wafer = places()
    part = slice(95 * ROWS, 125 * ROWS)
    steady = np.zeros(30 * ROWS)
    steady[7] = 1.0
    for drawn in (
        line("flow", place[part], steady, 0),
        _points(Line("PM1", np.arange(30 * ROWS), place[part], wafer[part]), slice(0, 30 * ROWS), steady, 200),
    ):
        firsts = {str(each) for each in place[part][::ROWS].astype("datetime64[s]")}
        assert firsts <= {str(np.datetime64(each, "s")) for each in drawn["x"]}


def test_an_end_without_a_value_is_left_out() -> None:
    place, _ = places()
    values = np.sin(np.arange(10 * ROWS) / 3.0)
    values[ROWS - 1] = np.nan
    drawn = line("flow", place[95 * ROWS : 105 * ROWS], values, 0)
    assert pauses(drawn) == 9
    assert all(value is None or np.isfinite(value) for value in drawn["y"])
