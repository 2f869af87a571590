"""Events: every flagged row in exactly one, none of them over the border of its series."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls import calls_of
from waferwatch.events.build import build_events
from waferwatch.events.merge import MERGE_GAP_POINTS
from waferwatch.read.table import Role, Table
from waferwatch.series.series import Series

SECOND = np.timedelta64(1, "s")
START = np.datetime64("2024-03-01T00:00:00", "ns")


def table_of(rows, columns=None, roles=None, groups=()):
    frame = pd.DataFrame(columns or {}, index=range(rows))
    return Table("the frame", frame, dict(roles or {}), tuple(groups))


def one_series(flags, time=None):
    return [Series(np.zeros((len(flags), 1)), np.arange(len(flags)), time)]


def build(flags, scores=None, contributions=None, series=None, table=None, features=("a",)):
    flags = np.asarray(flags, bool)
    scores = flags.astype(float) if scores is None else np.asarray(scores, float)
    if contributions is None:
        contributions = scores[:, np.newaxis].astype(np.float32)
    series = one_series(flags) if series is None else series
    return build_events(scores, flags, contributions, series, table or table_of(len(flags)), features)


def naive_events(scores, flags, contributions, series):
    """Point by point: (start key, flagged rows) of each event, in order."""
    found = []
    for item in series:
        rows, quiet = [], 0
        for place, row in enumerate(item.rows.tolist()):
            if not flags[row]:
                quiet += 1
                continue
            if not rows or quiet > MERGE_GAP_POINTS:
                rows = []
                found.append(((item.time[place] if item.time is not None else row, row), rows))
            rows.append(row)
            quiet = 0
    found.sort(key=lambda item: item[0])
    events = []
    for _, rows in found:
        sums = np.sum([contributions[row].astype(float) for row in rows], axis=0)
        peak = max(rows, key=lambda row: scores[row])  # the first of equals
        order = sorted(range(len(sums)), key=lambda sensor: -sums[sensor])
        events.append((rows, peak, [(sensor, sums[sensor] / sums.sum()) for sensor in order]))
    return events


@st.composite
def detections(draw):
    lengths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=5))
    rows, sensors = sum(lengths), draw(st.integers(1, 4))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    flags = seed.random(rows) < draw(st.sampled_from([0.0, 0.05, 0.2, 0.6, 1.0]))
    scores = seed.integers(1, 6, rows) / 4
    scores[~flags & (seed.random(rows) < 0.2)] = np.nan
    contributions = (scores[:, np.newaxis] * seed.dirichlet(np.ones(sensors), rows)).astype(np.float32)
    order = seed.permutation(rows)
    timed = draw(st.booleans())
    series, first = [], 0
    for length in lengths:
        where = np.sort(order[first : first + length]) if not timed else order[first : first + length]
        moments = np.sort(seed.integers(0, 100, length)).astype(float) if timed else None
        series.append(Series(seed.normal(size=(length, sensors)), where, moments, scope=(str(first % 2),)))
        first += length
    return scores, flags, contributions, series, [f"s{i}" for i in range(sensors)]


@settings(max_examples=150)
@given(detections())
def test_events_are_those_of_a_naive_loop(detection):
    scores, flags, contributions, series, features = detection
    events, ids = build(flags, scores, contributions, series, features=features)
    expected = naive_events(scores, flags, contributions, series)
    assert len(events) == len(expected)
    for number, (event, (rows, peak, sensors)) in enumerate(zip(events, expected, strict=True), start=1):
        assert event.id == number
        assert np.array_equal(np.sort(rows), np.flatnonzero(ids == number))
        assert (event.start_row, event.end_row, event.peak_row) == (rows[0], rows[-1], peak)
        assert event.rows == len(rows)
        assert event.peak_score == scores[peak]
        assert [item.share for item in event.sensors] == pytest.approx([share for _, share in sensors])


@settings(max_examples=150)
@given(detections())
def test_whatever_is_flagged_the_events_hold_together(detection):
    scores, flags, contributions, series, features = detection
    before = [array.copy() for array in (scores, flags, contributions)]
    events, ids = build(flags, scores, contributions, series, features=features)
    assert np.array_equal(ids > 0, flags), "every flagged row is in an event, and no other row"
    assert np.array_equal(np.unique(ids[flags]), np.arange(1, len(events) + 1)), "numbers run from 1 without a gap"
    owner = np.empty(len(flags), int)
    for index, item in enumerate(series):
        owner[item.rows] = index
    for event in events:
        assert event.start <= event.peak <= event.end
        assert len(np.unique(owner[ids == event.id])) == 1, "an event stays in its series"
        shares = [item.share for item in event.sensors]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1.0)
    assert [event.start for event in events] == sorted(event.start for event in events)
    json.dumps([event.to_dict() for event in events])
    for array, copy in zip((scores, flags, contributions), before, strict=True):
        assert np.array_equal(array, copy, equal_nan=array.dtype.kind == "f")


def test_nothing_flagged_gives_no_event():
    events, ids = build(np.zeros(10, bool))
    assert events == []
    assert ids.tolist() == [0] * 10
    assert build(np.zeros(0, bool), series=[])[0] == []


def test_a_gap_of_eight_points_joins_and_one_of_nine_parts():
    flags = np.zeros(40, bool)
    flags[[0, 9]] = True
    assert [event.rows for event in build(flags)[0]] == [2]
    flags[[9, 10]] = False, True
    assert [event.rows for event in build(flags)[0]] == [1, 1]


def test_rows_in_the_gap_inside_an_event_carry_no_number():
    assert build([True, False, True])[1].tolist() == [1, 0, 1]


def test_neighbouring_rows_of_two_machines_are_two_events():
    flags = np.array([True, True, True, True])
    series = [Series(np.zeros((2, 1)), np.array([0, 2]), None), Series(np.zeros((2, 1)), np.array([1, 3]), None)]
    events, ids = build(flags, series=series)
    assert ids.tolist() == [1, 2, 1, 2]
    assert [(event.start_row, event.end_row) for event in events] == [(0, 2), (1, 3)]


def test_times_are_iso_8601_to_the_part_of_a_second_that_they_need():
    flags = np.array([True, True, True])
    whole = one_series(flags, START + np.arange(3) * SECOND)
    event = build(flags, [1, 3, 2], series=whole)[0][0]
    told = (event.start, event.peak, event.end)
    assert told == ("2024-03-01T00:00:00", "2024-03-01T00:00:01", "2024-03-01T00:00:02")
    parts = one_series(flags, START + np.arange(3) * np.timedelta64(250, "ms"))
    event = build(flags, [1, 3, 2], series=parts)[0][0]
    assert (event.start, event.peak) == ("2024-03-01T00:00:00.000", "2024-03-01T00:00:00.250")
    assert pd.Timestamp(event.end) == pd.Timestamp("2024-03-01 00:00:00.5")


def test_numeric_time_is_reported_as_a_number_and_no_time_as_the_row_that_people_count():
    flags = np.array([False, True, True])
    event = build(flags, series=one_series(flags, np.array([0.5, 1.5, 2.5])))[0][0]
    assert (event.start, event.end) == (1.5, 2.5)
    assert (build(flags)[0][0].start, build(flags)[0][0].end) == (2, 3)
    of_csv = replace(table_of(3), first_row=2)
    assert (build(flags, table=of_csv)[0][0].start, build(flags, table=of_csv)[0][0].end) == (3, 4)


def test_events_are_numbered_by_time_whatever_the_order_of_the_rows():
    flags = np.ones(2, bool)
    series = [
        Series(np.zeros((1, 1)), np.array([0]), np.array([5.0])),
        Series(np.zeros((1, 1)), np.array([1]), np.array([2.0])),
    ]
    events, ids = build(flags, series=series)
    assert ids.tolist() == [2, 1]
    assert [event.start for event in events] == [2.0, 5.0]


def test_of_many_sensors_the_first_twenty_are_reported_with_their_share_of_the_whole():
    sensors = 50
    contributions = np.linspace(1, 2, sensors, dtype=np.float32)[np.newaxis]
    series = [Series(np.zeros((1, sensors)), np.array([0]), None)]
    names = [f"s{i}" for i in range(sensors)]
    event = build([True], [contributions.sum()], contributions, series, features=names)[0][0]
    assert [item.sensor for item in event.sensors] == names[::-1][:20]
    assert event.sensors[0].share == pytest.approx(2 / contributions.sum())


def test_an_event_to_which_no_sensor_contributes_names_none():
    assert build([True], [1.0], np.zeros((1, 1), np.float32))[0][0].sensors == ()


def test_equipment_lot_and_context_are_those_of_the_peak():
    columns = {
        "tool": ["ETCH-1"] * 3,
        "chamber": ["A", "B", "C"],
        "lot": [7.0, 8.0, np.nan],
        "wafer": [1.0, 2.0, 3.5],
        "recipe": ["OX", None, "OX"],
        "when": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
        "run": [10, 11, 12],
        "junk": ["x"] * 3,
        "a": [0.0] * 3,
    }
    kinds = {"tool": "equipment", "chamber": "equipment", "lot": "lot", "wafer": "wafer", "recipe": "recipe"}
    kinds |= {"when": "context", "run": "ignored", "junk": "ignored", "a": "sensor"}
    table = table_of(3, columns, {name: Role(kind) for name, kind in kinds.items()}, groups=("tool", "chamber", "run"))
    event = build([True] * 3, [1, 2, 1], table=table)[0][0]
    assert (event.equipment, event.lot) == ("ETCH-1 / B", "8")
    assert event.context == {"wafer": "2", "when": "2024-01-02T00:00:00", "run": "11"}
    event = build([True] * 3, [1, 1, 2], table=table)[0][0]
    assert (event.equipment, event.lot) == ("ETCH-1 / C", None)
    assert event.context == {"wafer": "3.5", "recipe": "OX", "when": "2024-01-03T00:00:00", "run": "12"}


def test_a_table_without_such_columns_names_no_place():
    event = build([True])[0][0]
    assert (event.equipment, event.lot, event.context) == (None, None, {})


def test_a_flagged_row_outside_every_series_or_without_a_score_is_refused():
    with pytest.raises(ValueError, match="2 rows are flagged"):
        build([True, True], series=[Series(np.zeros((1, 1)), np.array([0]), None)])
    with pytest.raises(ValueError, match="no score"):
        build([True], [np.nan])


def test_rows_that_are_not_flagged_are_not_visited_one_by_one():
    def calls(rows, sensors=8, flagged=5_000):
        rng = np.random.default_rng(0)
        flags = np.zeros(rows, bool)
        flags[rng.choice(rows, flagged, replace=False)] = True
        scores = rng.random(rows) + flags
        contributions = np.repeat(scores[:, np.newaxis] / sensors, sensors, axis=1).astype(np.float32)
        values, moments = rng.normal(size=(rows, sensors)), START + np.arange(rows) * SECOND
        series = [
            Series(values[part[0] : part[-1] + 1], part, moments[part], scope=(str(index % 5),))
            for index, part in enumerate(np.array_split(np.arange(rows), 1000))
        ]
        table = table_of(rows, {"tool": np.arange(rows) // 100_000}, {"tool": Role.EQUIPMENT})
        found = []
        names = [f"s{number}" for number in range(sensors)]
        made = calls_of(lambda: found.extend(build(flags, scores, contributions, series, table, names)[0]))
        return made / len(found)

    assert calls(1_000_000) < 1.5 * calls(100_000)
