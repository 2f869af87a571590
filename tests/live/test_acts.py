"""What people do with alarms, and what new rows and wafers make of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.live.alarm_blocks import NOON, Mute, block, memory, wafer
from waferwatch.errors import InputError, NotFoundError
from waferwatch.live.alarms import acts
from waferwatch.live.alarms.acts import Person
from waferwatch.live.alarms.book import AlarmBook
from waferwatch.live.alarms.figures import alarm_load, false_alarm_rates, whole_rate
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.alarms.sink import Alarms

KIM = Person("kim", "seen at the tool")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with memory() as made:
        yield made


@pytest.fixture
def alarms() -> Alarms:
    return Alarms(AlarmRules(3, 5, 8, timedelta(minutes=2)), Mute(), lambda: NOON)


def book(connection: sqlite3.Connection, later: timedelta = timedelta()) -> AlarmBook:
    return AlarmBook(connection, Mute(), lambda: NOON + later)


def states(connection: sqlite3.Connection) -> list[str]:
    return [row["state"] for row in connection.execute("SELECT state FROM alarms ORDER BY id")]


def test_rows_that_go_on_after_a_verdict_open_no_other_alarm_but_later_ones_do(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    alarms.scored(connection, block([20.0] * 3))
    acts.close(book(connection), 1, KIM, "false")
    alarms.scored(connection, block([20.0] * 50, 3))
    assert states(connection) == ["closed"]
    alarms.scored(connection, block([1.0] * 8 + [20.0] * 3, 53))
    assert states(connection) == ["closed", "active"]


def test_the_next_abnormal_wafer_after_a_verdict_is_a_new_alarm(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.finished(connection, wafer(100))
    acts.close(book(connection), 1, KIM, "true")
    alarms.finished(connection, wafer(200, number=2))
    assert states(connection) == ["closed", "active"]


def test_a_shelf_with_an_end_covers_new_occurrences_until_then(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block([20.0] * 3))
    acts.shelve(book(connection), 1, KIM, NOON + timedelta(minutes=10))
    alarms.scored(connection, block([1.0] * 8 + [20.0] * 3, 3))
    assert states(connection) == ["shelved"], "the same alarm, opened again"
    alarms.scored(connection, block([1.0] * 200 + [20.0] * 3, 14))
    assert states(connection) == ["closed", "shelved"], "a new one"
    acts.unshelve_due(book(connection, timedelta(minutes=11)))
    assert states(connection) == ["closed", "active"]


def test_a_shelf_without_an_end_ends_with_the_alarm(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block([20.0] * 3))
    acts.shelve(book(connection), 1, KIM, None)
    alarms.scored(connection, block([1.0] * 8 + [20.0] * 3, 3))
    assert states(connection) == ["active"]


def test_an_alarm_that_opens_again_has_to_be_seen_again(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block([20.0] * 3))
    acts.acknowledge(book(connection), 1, KIM)
    alarms.scored(connection, block([1.0] * 8 + [20.0] * 3, 3))
    assert states(connection) == ["active"]


def test_what_cannot_be_done_is_refused(connection: sqlite3.Connection, alarms: Alarms) -> None:
    alarms.scored(connection, block([20.0] * 3))
    with pytest.raises(InputError, match="not closed"):
        acts.reopen(book(connection), 1, KIM)
    with pytest.raises(NotFoundError, match="no alarm 7"):
        acts.acknowledge(book(connection), 7, KIM)
    acts.close(book(connection), 1, KIM, "true")
    with pytest.raises(InputError, match="closed"):
        acts.shelve(book(connection), 1, KIM, None)


def test_another_verdict_is_a_line_of_the_audit_trail_and_counts_instead(
    connection: sqlite3.Connection, alarms: Alarms
) -> None:
    alarms.scored(connection, block([20.0] * 3))
    acts.close(book(connection), 1, KIM, "true")
    acts.close(book(connection), 1, Person("lee"), "false")
    rate = whole_rate(false_alarm_rates(connection, "equipment"))
    assert (rate.true, rate.false) == (0, 1)
    lines = connection.execute("SELECT user, action, note FROM alarm_changes ORDER BY id").fetchall()
    assert [tuple(line) for line in lines[1:]] == [
        ("kim", "closed", "true: seen at the tool"),
        ("lee", "noted", "false"),
    ]


def test_the_load_counts_chattering_and_the_worst_problems(connection: sqlite3.Connection, alarms: Alarms) -> None:
    for number in range(4):
        alarms.scored(connection, block([20.0] * 3 + [1.0] * 8, 11 * number))
    alarms.scored(connection, block([20.0] * 3, equipment="ETCH02"))
    load = alarm_load(connection, NOON - timedelta(days=1), NOON + timedelta(days=2))
    assert (load.alarms, load.most_in_ten_minutes, load.chattering) == (5, 5, 1)
    assert load.worst[0]["alarms"] == 4
    assert load.stale == 1
