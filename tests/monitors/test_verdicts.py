"""Verdicts of engineers: false alarms are learnt on request, true ones never."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.monitors.made import chamber, in_steps, learnt, stream, table
from waferwatch.errors import InputError
from waferwatch.evaluate.intervals import poisson_interval
from waferwatch.monitors.alarms.alarm_rate import AlarmRate
from waferwatch.monitors.golden.golden_set import Golden, Reason, choose
from waferwatch.monitors.golden.verdicts import JudgedTable, alarm_rate, with_verdicts
from waferwatch.monitors.golden.wafers import wafers_of
from waferwatch.monitors.learn import learn

ROWS = 50


@cache
def judged_wafers() -> JudgedTable:
    """Two wafers are flagged: one with a leak, one that has run with less power on purpose."""
    leak, power = in_steps(2.0, "main"), in_steps(-60.0, "over")
    changes = {
        "leak": lambda wafer, step: leak(wafer, step) * (wafer == 6),
        "power": lambda wafer, step: power(wafer, step) * (wafer == 12),
    }
    judged = table(chamber(20, 5, start="2026-03-02", lot="M", changes=changes), "judged.csv")
    found = learnt().model.detect(judged.frame)
    assert len(found.events) == 2
    return JudgedTable(judged, found, {1: True, 2: False})


def wafers(golden: Golden) -> set[str]:
    found = wafers_of(golden.table)
    assert found is not None
    return set(found.names)


def test_a_false_alarm_is_learnt_as_normal_on_request_with_its_whole_wafer() -> None:
    golden = choose(table(chamber(60)))
    found = with_verdicts(golden, [judged_wafers()], learn_false=True)
    assert wafers(found) - wafers(golden) == {"M2/W2"}
    assert found.rows == golden.rows + ROWS
    assert found.files == ("made.csv", "judged.csv")


def test_without_the_request_no_false_alarm_is_learnt() -> None:
    golden = choose(table(chamber(60)))
    assert with_verdicts(golden, [judged_wafers()], learn_false=False) is golden


def test_a_true_alarm_inside_the_golden_set_is_taken_out_of_it() -> None:
    golden = choose(judged_wafers().table)
    found = with_verdicts(golden, [judged_wafers()], learn_false=True)
    assert wafers(golden) - wafers(found) == {"M1/W1"}
    assert [(one.what, one.rows, one.reason) for one in found.left_out] == [("M1/W1", ROWS, Reason.TRUE_ALARM)]


def test_a_wafer_is_the_same_where_one_file_has_its_number_and_another_one_its_name() -> None:
    judged = judged_wafers()
    number = judged.table.frame["wafer"].str.removeprefix("W").astype(int)
    numbered = JudgedTable(table(judged.table.frame.assign(wafer=number), "judged.csv"), judged.found, judged.verdicts)
    named = table(judged.table.frame.assign(wafer=number.astype(str)))
    found = with_verdicts(choose(named), [numbered], learn_false=False)
    assert [(one.what, one.reason) for one in found.left_out] == [("M1/1", Reason.TRUE_ALARM)]


def test_a_wafer_is_the_same_where_one_file_has_a_row_without_its_number() -> None:
    judged = judged_wafers()
    number = judged.table.frame["wafer"].str.removeprefix("W").astype(float)
    gap = number.where(np.arange(len(number)) >= ROWS)
    whole = table(judged.table.frame.assign(wafer=number.astype(int)), "judged.csv")
    with_gap = choose(table(judged.table.frame.assign(wafer=gap)))
    found = with_verdicts(with_gap, [JudgedTable(whole, judged.found, judged.verdicts)], learn_false=False)
    assert [(one.what, one.reason) for one in found.left_out] == [("M1/1", Reason.TRUE_ALARM)]


def test_a_wafer_with_a_true_and_a_false_alarm_is_never_learnt() -> None:
    one = judged_wafers()
    ids = one.found.event_ids.copy()
    second = np.flatnonzero(ids == 2)
    ids[second[: len(second) // 2]] = 1
    mixed = JudgedTable(one.table, one.found.__class__(**{**vars(one.found), "event_ids": ids}), one.verdicts)
    golden = choose(table(chamber(60)))
    assert "M2/W2" not in wafers(with_verdicts(golden, [mixed], learn_false=True))


@pytest.mark.parametrize("order", [1, -1])
def test_a_wafer_with_a_true_alarm_in_one_run_is_not_learnt_from_another_run(order: int) -> None:
    one = judged_wafers()
    true = JudgedTable(one.table, one.found, {2: True})
    false = JudgedTable(one.table, one.found, {2: False})
    golden = with_verdicts(choose(table(chamber(60))), [true, false][::order], learn_false=True)
    assert "M2/W2" not in wafers(golden)


def test_rows_that_are_golden_already_are_not_doubled() -> None:
    golden = choose(judged_wafers().table)
    assert with_verdicts(golden, [judged_wafers()], learn_false=True).rows == golden.rows - ROWS


def test_a_model_learnt_with_false_alarms_no_longer_gives_them() -> None:
    power = in_steps(-60.0, "over")
    changes = {"power": lambda wafer, step: power(wafer, step) * (wafer % 4 == 0)}
    judged = table(chamber(32, 5, start="2026-03-02", lot="M", changes=changes))
    found = learnt().model.detect(judged.frame)
    assert sum(run.flagged > 0 for run in found.runs) >= 8
    verdicts = {event.id: False for event in found.events}
    golden = with_verdicts(choose(table(chamber(60))), [JudgedTable(judged, found, verdicts)], learn_false=True)
    again = learn(golden, detector="statistical").model.detect(judged.frame)
    assert again.events == []


def test_of_rows_without_wafers_those_around_a_false_alarm_are_learnt() -> None:
    golden = choose(table(stream(3000)))
    model = learn(golden, detector="statistical").model
    later = stream(3000, 1, start="2026-03-02")
    later.loc[1000:1020, "flow"] += 3
    judged = table(later)
    found = model.detect(later)
    verdicts = {event.id: False for event in found.events}
    more = with_verdicts(golden, [JudgedTable(judged, found, verdicts)], learn_false=True)
    assert 500 < more.rows - golden.rows < 700
    assert later["time"][1010] in set(more.table.frame["time"])


def test_labelled_rows_are_never_learnt() -> None:
    one = judged_wafers()
    frame = one.table.frame.assign(bad=one.found.event_ids == 2)
    golden = choose(table(chamber(60)))
    again = with_verdicts(golden, [JudgedTable(table(frame), one.found, one.verdicts)], learn_false=True)
    assert again.rows == golden.rows


def test_a_golden_set_of_nothing_but_true_alarms_is_refused() -> None:
    one = judged_wafers()
    golden = choose(table(one.table.frame[one.rows(True)].reset_index(drop=True)))
    with pytest.raises(InputError, match="nothing is left"):
        with_verdicts(golden, [one], learn_false=False)


def test_a_table_without_the_columns_of_the_golden_set_is_refused_by_column() -> None:
    one = judged_wafers()
    other = JudgedTable(table(one.table.frame.drop(columns="lot"), "other.csv"), one.found, one.verdicts)
    with pytest.raises(InputError, match=r"other\.csv lacks the column lot"):
        with_verdicts(choose(table(chamber(60))), [other], learn_false=False)


def test_the_rate_of_false_alarms_comes_from_verdicts() -> None:
    found = alarm_rate([judged_wafers()])
    assert (found.false, found.true, found.unjudged) == (1, 1, 0)
    assert found.hours == pytest.approx(20 * ROWS / 3600)
    assert found.per_hour == pytest.approx(3.6)
    assert found.low == pytest.approx(0.0253 / found.hours, rel=0.01)
    assert found.high == pytest.approx(5.572 / found.hours, rel=0.01)


def test_alarms_that_nobody_judged_are_counted_apart() -> None:
    one = judged_wafers()
    assert alarm_rate([JudgedTable(one.table, one.found, {1: True})]).unjudged == 1


def test_an_intended_change_counts_neither_as_true_nor_as_false_nor_as_unjudged() -> None:
    one = judged_wafers()
    found = alarm_rate([JudgedTable(one.table, one.found, {1: True}, changes=1)])
    assert (found.false, found.true, found.unjudged) == (0, 1, 0)


def test_without_dates_there_is_a_count_and_no_rate() -> None:
    frame = stream(2000).assign(time=np.arange(2000.0))
    model = learn(choose(table(frame)), detector="statistical").model
    found = alarm_rate([JudgedTable(table(frame), model.detect(frame), {})])
    assert (found.hours, found.per_hour) == (None, None)


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)])
def test_the_interval_of_a_count_is_the_exact_one(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), rel=1e-3, abs=1e-9)


def test_no_rate_is_given_in_a_unit_longer_than_what_was_watched() -> None:
    assert AlarmRate.of(1, 0, 0, 100.0).per_week() is None
    week = AlarmRate.of(2, 0, 0, 336.0).per_week()
    assert week is not None
    assert week[0] == pytest.approx(1.0)


def test_times_and_equipment_tell_rows_apart_where_nothing_names_wafers() -> None:
    both = pd.concat([stream(2000).assign(equipment="E1"), stream(2000, 1).assign(equipment="E2")])
    golden = choose(table(both.reset_index(drop=True)))
    frame = stream(2000, 1).assign(equipment="E2")
    frame.loc[1000:1010, "flow"] += 5
    model = learn(golden, detector="statistical").model
    found = model.detect(frame)
    true = {event.id: True for event in found.events}
    less = with_verdicts(golden, [JudgedTable(table(frame), found, true)], learn_false=False)
    assert 0 < golden.rows - less.rows == int((found.event_ids > 0).sum())
    assert (less.table.frame["equipment"] == "E1").sum() == 2000
