"""When alarms open, hold, end and open again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.live.alarm_blocks import NOON, START, Mute, block, memory, wafer
from waferwatch.live.alarms.alarm import AlarmState
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.alarms.sink import Alarms
from waferwatch.live.scored import EarlyBlock

RULES = AlarmRules(3, 5, 8, timedelta(minutes=2))
QUIET, HIGH = [1.0], [20.0]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with memory() as made:
        yield made


@pytest.fixture
def alarms() -> Alarms:
    return Alarms(RULES, Mute(), lambda: NOON)


def rows_of(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    return connection.execute("SELECT * FROM alarms ORDER BY id").fetchall()


def actions(connection: sqlite3.Connection) -> list[str]:
    return [row["action"] for row in connection.execute("SELECT action FROM alarm_changes ORDER BY id")]


def test_an_alarm_opens_at_three_of_five_points_and_names_the_problem(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    context = {"recipe": ["POLY"] * 5, "step": ["main"] * 5, "wafer": ["W1"] * 5}
    alarms.scored(connection, block([20.0, 1.0, 20.0, 1.0], context={k: v[:4] for k, v in context.items()}))
    assert rows_of(connection) == []
    alarms.scored(connection, block([30.0], 4, context={k: v[:1] for k, v in context.items()}))
    (found,) = rows_of(connection)
    assert found["fingerprint"] == "ETCH01 | POLY | main | flow | up"
    assert (found["state"], found["peak"], found["wafer"]) == ("active", 30.0, "W1")
    assert found["started"] == str(START)


def test_two_points_of_five_open_nothing(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block((HIGH * 2 + QUIET * 3) * 5))
    assert rows_of(connection) == []


def test_an_alarm_ends_after_enough_rows_below_the_lower_threshold(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    alarms.scored(connection, block(HIGH * 3 + QUIET * 7 + [7.0] + QUIET * 7))
    assert actions(connection) == ["opened"], "the row between both thresholds holds it"
    alarms.scored(connection, block(QUIET, 18))
    assert actions(connection) == ["opened", "ended"]
    assert rows_of(connection)[0]["closed_by"] == "system"


def test_rows_without_a_score_end_nothing(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block(HIGH * 3 + [float("nan")] * 50))
    assert rows_of(connection)[0]["state"] == "active"


def test_the_same_problem_within_the_re_alarm_time_is_the_same_alarm(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    alarms.scored(connection, block(HIGH * 3 + QUIET * 100 + HIGH * 3))
    assert actions(connection) == ["opened", "ended", "reopened"]
    alarms.scored(connection, block(QUIET * 200 + HIGH * 3, 106))
    first, second = rows_of(connection)
    assert second["earlier"] == first["id"], "later it is a new one that names the earlier one"


def test_a_fault_on_two_sensors_that_lead_in_turn_is_one_alarm(connection: sqlite3.Connection, alarms: Alarms) -> None:
    made = block(HIGH * 20, leading=[0, 1] * 10)
    made.contributions[:, :2] = [1.0, 0.8]
    made.contributions[1::2, :2] = [0.8, 1.0]
    made.signs[:, :2] = 1
    alarms.scored(connection, made)
    assert len(rows_of(connection)) == 1


def test_another_sensor_and_another_direction_are_other_alarms(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block(HIGH * 12, leading=[0] * 4 + [1] * 4 + [0] * 4, sign=[1] * 8 + [-1] * 4))
    assert [row["sensor"] + row["direction"] for row in rows_of(connection)] == ["flowup", "pressureup", "flowdown"]


def test_unproductive_time_suppresses_and_is_counted_apart(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block(HIGH * 5, productive=False))
    (found,) = rows_of(connection)
    assert (found["state"], found["raised_at"]) == ("suppressed", "")
    alarms.scored(connection, block(HIGH, 5))
    (found,) = rows_of(connection)
    assert found["state"] == "active"
    assert found["raised_at"]
    hours = connection.execute("SELECT productive_us, other_us FROM alarm_hours").fetchone()
    assert tuple(hours) == (1_000_000, 4_000_000)


def test_a_long_pause_is_not_watched_time(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block(QUIET * 3))
    alarms.scored(connection, block(QUIET * 3, 10_000))
    assert connection.execute("SELECT productive_us FROM alarm_hours").fetchone()[0] == 4_000_000


def test_wafers_in_a_row_are_one_alarm_that_ends_with_a_good_one(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    for number in range(1, 6):
        alarms.finished(connection, wafer(100 * number, number=number, in_a_row=number))
    (found,) = rows_of(connection)
    assert (found["wafers"], found["severity"], found["wafer"]) == (5, "severe", "5")
    assert actions(connection) == ["opened", "worsened"]
    alarms.finished(connection, wafer(600, number=6, abnormal=False))
    assert rows_of(connection)[0]["state"] == "closed"


def test_the_end_of_a_run_ends_what_its_rows_showed_and_nothing_later(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    alarms.scored(connection, block(HIGH * 3))
    alarms.finished(connection, wafer(1, abnormal=False))
    assert rows_of(connection)[0]["state"] == "active", "row 2 is of the next wafer"
    alarms.finished(connection, wafer(2, number=2, abnormal=False))
    assert rows_of(connection)[0]["state"] == "closed"


@pytest.mark.parametrize("late", [False, True])
def test_a_verdict_that_comes_after_its_rows_alarm_has_ended_makes_no_other_alarm(
    connection: sqlite3.Connection, alarms: Alarms, late: bool
) -> None:
    names = {"recipe": ["POLY"] * 20, "step": ["start"] * 20, "wafer": ["1"] * 20}
    own, after = block(HIGH * 3 + QUIET * 17, context=names), block(QUIET * 20, 20)
    verdict = wafer(19, step="main", sensors={"pressure": 0.9, "flow": 0.8}, sensor="pressure", direction="other")
    alarms.scored(connection, own)
    if late:
        alarms.scored(connection, after)
    alarms.finished(connection, verdict)
    if not late:
        alarms.scored(connection, after)
    (found,) = rows_of(connection)
    assert (found["sensor"], found["wafers_on"], found["wafers"], found["state"]) == ("flow", 1, 1, "active")


def test_a_wafer_with_the_problem_of_its_rows_is_no_second_alarm(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    alarms.scored(connection, block(HIGH * 3, context={"recipe": ["POLY"] * 3, "step": ["main"] * 3}))
    alarms.finished(connection, wafer(2))
    (found,) = rows_of(connection)
    assert (found["rows_on"], found["wafers_on"], found["wafers"]) == (1, 1, 1)


def test_a_wafer_that_could_not_be_judged_ends_no_alarm_of_wafers(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    alarms.finished(connection, wafer(100))
    unknown = wafer(200, number=2, abnormal=False)
    object.__setattr__(unknown.verdict, "score", float("nan"))
    alarms.finished(connection, unknown)
    assert rows_of(connection)[0]["state"] == "active"


def test_silence_is_one_alarm_and_ends_no_other(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block(HIGH * 3))
    for _ in range(3):
        alarms.silent(connection, "fab-a", "ETCH01", START)
    assert [(row["kind"], row["state"]) for row in rows_of(connection)] == [("rows", "active"), ("silence", "active")]
    alarms.heard(connection, "fab-a", "ETCH01")
    assert [row["state"] for row in rows_of(connection)] == ["active", "closed"]


def test_a_maintenance_ends_what_the_equipment_showed(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block(HIGH * 3 + [20.0] * 2))
    alarms.finished(connection, wafer(2, sensor="power", direction="down", sensors={"power": 1.0}))
    alarms.maintained(connection, "ETCH01", START, "PM 12")
    assert {row["state"] for row in rows_of(connection)} == {"closed"}
    assert connection.execute("SELECT note FROM alarm_changes ORDER BY id DESC LIMIT 1").fetchone()[0] == "PM 12"


values = st.sampled_from([1.0, 6.0, 20.0, 40.0, float("nan")])
streams = st.lists(
    st.tuples(values, st.integers(0, 2), st.sampled_from([-1, 0, 1]), st.booleans(), st.sampled_from("ab")),
    min_size=1,
    max_size=80,
)


@settings(max_examples=60)
@given(streams, st.data())
def test_any_split_and_any_replay_give_the_same_alarms(
    stream: list[tuple[float, int, int, bool, str]], data: st.DataObject
) -> None:
    whole = _block_of(stream)
    with memory() as once, memory() as split:
        Alarms(RULES, Mute(), lambda: NOON).scored(once, whole)
        alarms, at = Alarms(RULES, Mute(), lambda: NOON), 0
        while at < len(stream):
            start = data.draw(st.integers(max(0, at - 30), at))
            stop = data.draw(st.integers(at + 1, len(stream)))
            alarms.scored(split, _part(whole, start, stop))
            at = stop
        for table in ("alarms", "alarm_changes", "alarm_hours", "alarm_cursors"):
            assert _plain(once, table) == _plain(split, table)


@settings(max_examples=30)
@given(streams)
def test_rows_that_come_a_little_out_of_order_are_each_seen_once(
    stream: list[tuple[float, int, int, bool, str]],
) -> None:
    whole = _block_of(stream)
    shuffled = whole.positions.reshape(-1).copy()
    for at in range(0, len(shuffled) - 3, 4):
        shuffled[at : at + 4] = shuffled[at : at + 4][::-1]
    moved = EarlyBlock(**{**vars(whole), "positions": shuffled})
    with memory() as once, memory() as split:
        Alarms(RULES, Mute(), lambda: NOON).scored(once, moved)
        alarms = Alarms(RULES, Mute(), lambda: NOON)
        for at in range(len(stream)):
            alarms.scored(split, _part(moved, max(0, at - 3), at + 1))
        assert _plain(once, "alarms") == _plain(split, "alarms")
        assert _plain(once, "alarm_hours") == _plain(split, "alarm_hours")


@settings(max_examples=60)
@given(streams)
def test_an_alarm_is_open_exactly_while_its_problem_is_there(
    stream: list[tuple[float, int, int, bool, str]],
) -> None:
    with memory() as connection:
        Alarms(RULES, Mute(), lambda: NOON).scored(connection, _block_of(stream))
        for row in rows_of(connection):
            assert bool(row["rows_on"]) == (row["state"] != AlarmState.CLOSED)
            assert row["below"] < RULES.off_rows
        fingerprints = [row["fingerprint"] for row in rows_of(connection) if row["rows_on"]]
        assert len(fingerprints) == len(set(fingerprints))


def _block_of(stream: list[tuple[float, int, int, bool, str]]) -> EarlyBlock:
    scores, leading, signs, productive, steps = (list(column) for column in zip(*stream, strict=True))
    return block(scores, leading=leading, sign=signs, productive=productive, context={"step": steps})


def _part(whole: EarlyBlock, start: int, stop: int) -> EarlyBlock:
    cut = {name: value[start:stop] if isinstance(value, np.ndarray) else value for name, value in vars(whole).items()}
    return EarlyBlock(**cut | {"context": {name: value[start:stop] for name, value in whole.context.items()}})


def _plain(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
