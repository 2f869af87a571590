"""Lines over time are not drawn across pauses, in which nothing was measured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from waferwatch.scoring.result import Detection
from waferwatch.web.figures.event.panels import line
from waferwatch.web.figures.event.shades import band_edges, shades
from waferwatch.web.figures.lines import Line, Lines
from waferwatch.web.figures.time_series import _chosen, _measured, _points

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


def test_an_event_is_shaded_where_rows_are_and_not_in_the_pauses_between_its_wafers() -> None:
    place, _ = places()
    part = place[95 * ROWS : 105 * ROWS]
    shapes = shades(part, slice(ROWS + 5, 8 * ROWS))
    assert len(shapes) == 7
    assert shapes[0]["x0"] == str(part[ROWS + 5].astype("datetime64[s]"))
    assert shapes[0]["x1"] == str(part[2 * ROWS - 1].astype("datetime64[s]"))
    assert shapes[-1]["x1"] == str(part[8 * ROWS - 1].astype("datetime64[s]"))
    assert len(shades(np.arange(50), slice(3, 4))) == 1


def test_a_long_event_is_cut_at_its_longest_pauses_alone() -> None:
    place, _ = places()
    shapes = shades(place, slice(0, len(place)))
    assert len(shapes) == 60
    ends = {shape["x1"] for shape in shapes}
    for last in (100 * ROWS - 1, 200 * ROWS - 1):
        assert str(place[last].astype("datetime64[s]")) in ends


def test_the_normal_band_has_no_height_in_pauses_and_where_it_is_not_known() -> None:
    place, _ = places()
    part = place[99 * ROWS : 101 * ROWS]  # half an hour in the middle
    low, high = np.full(2 * ROWS, 1.0), np.full(2 * ROWS, 3.0)
    low[30:33] = high[30:33] = np.nan
    x, lower, upper = band_edges(part, low, high, 300)
    filled = {
        (begin, end)
        for begin, end, down, up in zip(x, x[1:], lower, upper, strict=False)
        if begin != end and down != up  # the edges go on from a point at its height
    }
    texts = part.astype("datetime64[s]").astype(str).tolist()
    assert (texts[18], texts[19]) in filled
    assert (texts[19], texts[20]) not in filled
    assert (texts[29], texts[33]) not in filled
    assert None not in lower
    assert None not in upper


def test_in_the_time_series_of_a_check_an_event_is_not_shaded_over_a_long_pause() -> None:
    place, wafer = places()
    line_of_one = Line("PM1", np.arange(len(place)), place, wafer)
    parts = _measured(line_of_one, place[90 * ROWS], place[110 * ROWS])
    assert parts == [(place[90 * ROWS], place[100 * ROWS - 1]), (place[100 * ROWS], place[110 * ROWS])]
    alone = Line("PM1", np.arange(ROWS), place[:ROWS], wafer[:ROWS])
    assert _measured(alone, place[0], place[ROWS - 1]) == [(place[0], place[ROWS - 1])]


def test_of_many_chambers_those_with_abnormal_wafers_are_drawn_where_no_row_is_flagged() -> None:
    lines = [Line(f"PM{at:02d}", np.array([at]), np.array([at]), np.zeros(1, np.int64)) for at in range(40)]
    runs = [SimpleNamespace(equipment=f"PM{at:02d}", abnormal=at in (7, 33)) for at in range(40)]
    found = SimpleNamespace(flags=np.zeros(40, np.bool_), runs=runs)
    names = [line.name for line in _chosen(Lines(lines, "row", "", 0), cast(Detection, found), 3000)]
    assert len(names) == 12
    assert {"PM07", "PM33"} <= set(names)
    found.flags[38] = True
    assert "PM38" in [line.name for line in _chosen(Lines(lines, "row", "", 0), cast(Detection, found), 3000)]
