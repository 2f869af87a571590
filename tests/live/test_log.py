"""What the log acknowledges is kept, once, and what it cannot keep it refuses with a sentence."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from waferwatch.errors import InputError, StorageFullError, TooLargeError, TooManyError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log import names
from waferwatch.live.log.order import SET_BACK
from waferwatch.live.log.reading import every_equipment, logged, rows_of
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.log.sealing import Keeping, Sealing, sealed_rows
from waferwatch.live.log.writer import LogLimits, RowLog
from waferwatch.live.scoring.progress import EARLY, EVERY, Progress, keep_progress
from waferwatch.live.sources.configured import KeptContext

SECOND = 1_000_000_000
START = 1_767_600_000 * SECOND


def row(at: float, pressure: float = 1.0, **more: object) -> LiveRow:
    return LiveRow("E1", START + round(at * SECOND), {"pressure": pressure}, **more)  # type: ignore[arg-type]


def times_in_order(database: LiveDatabase) -> list[int]:
    with database.reading() as connection:
        found = rows_of(connection, 1, 0, 10_000)
    return [(one["time"] - START) // SECOND for one in found]


def test_a_row_that_comes_twice_is_kept_once(log: RowLog, database: LiveDatabase) -> None:
    rows = [row(at) for at in range(5)]
    first = log.accept("line", rows)
    again = log.accept("line", [*rows, row(5)])
    assert (first.rows, first.duplicates) == (5, 0)
    assert (again.rows, again.duplicates) == (1, 5)
    assert again.position > first.position
    assert times_in_order(database) == [0, 1, 2, 3, 4, 5]


def test_rows_of_one_moment_with_other_readings_are_other_rows_and_the_same_run_and_sequence_is_the_same_row(
    log: RowLog,
) -> None:
    assert log.accept("line", [row(0, 1.0), row(0, 2.0)]).rows == 2
    assert log.accept("line", [row(1, 1.0, sequence=7), row(1, 2.0, sequence=7)]).rows == 1
    assert log.accept("line", [row(2, wafer="1"), row(2, wafer="2"), row(2, wafer="2")]).rows == 2
    assert log.accept("other line", [row(0, 1.0)]).rows == 1


def test_shuffled_rows_of_one_batch_are_sorted_and_rows_before_the_newest_are_late(
    log: RowLog, database: LiveDatabase
) -> None:
    log.accept("line", [row(at) for at in (3, 1, 2)])
    late = log.accept("line", [row(0), row(4)])
    assert (late.rows, late.late) == (2, 1)
    assert times_in_order(database) == [1, 2, 3, 4]
    with database.reading() as connection:
        assert every_equipment(connection)[0].late == 1


def test_a_clock_that_is_set_back_begins_a_new_series_after_some_late_rows(log: RowLog, database: LiveDatabase) -> None:
    log.accept("line", [row(3600 + at) for at in range(3)])
    for at in range(SET_BACK + 5):
        log.accept("line", [row(at)])
    with database.reading() as connection:
        series = [one["series"] for one in rows_of(connection, 1, 0, 10_000)]
    assert series == [1, 1, 1, 2, 2, 2, 2, 2]


def test_missing_and_new_sensors_are_kept_in_their_places(log: RowLog, database: LiveDatabase) -> None:
    log.accept("line", [LiveRow("E1", START, {"a": 1.0, "b": 2.0})])
    log.accept("line", [LiveRow("E1", START + 1, {"c": 3.0, "a": 4.0})])
    with database.reading() as connection:
        known = every_equipment(connection)[0]
        found = logged(1, known.sensors, rows_of(connection, 1, 0, 10))
    assert known.sensors == ("a", "b", "c")
    np.testing.assert_array_equal(found.values, [[1, 2, np.nan], [4, np.nan, 3]])


def test_the_log_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    for part in range(2):
        database = LiveDatabase(tmp_path / "live.sqlite")
        log = RowLog(database)
        log.start()
        accepted = log.accept("line", [row(at) for at in range(part * 2, part * 2 + 3)])
        log.stop()
        database.close()
    assert (accepted.rows, accepted.duplicates) == (2, 1)
    assert accepted.position > 3


def test_what_one_source_does_wrong_takes_no_rows_of_others_with_it(
    log: RowLog, database: LiveDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MOST_EQUIPMENT", 2)
    with database.writing():  # all wait for this, and are committed together
        waiting = [log.hand_in("line", [LiveRow(name, START, {"a": 1.0})]) for name in ("E1", "E2", "E3")]
    assert waiting[0].result().rows == waiting[1].result().rows == 1
    with pytest.raises(TooLargeError, match="E3 of line is one more"):
        waiting[2].result()
    assert log.accept("line", [LiveRow("E1", START, {"a": 1.0})]).duplicates == 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (LiveRow("", START, {}), "equipment"),
        (LiveRow("E1", -5, {}), "time"),
        (LiveRow("E1", START, {}, lot="L" * 300), "lot"),
    ],
)
def test_a_row_that_cannot_be_kept_is_named_and_none_of_its_batch_is_kept(
    log: RowLog, database: LiveDatabase, bad: LiveRow, field: str
) -> None:
    with pytest.raises(InputError, match="2") as caught:
        log.accept("line", [row(0), bad])
    assert caught.value.field == field
    assert times_in_order(database) == []


def test_a_log_that_is_as_large_as_it_may_be_takes_no_more_and_keeps_what_it_has(database: LiveDatabase) -> None:
    log = RowLog(database, LogLimits(most_mb=1))
    log.start()

    def fill() -> None:
        for block in range(1000):
            log.accept("line", [row((block * 1000 + at) / 1000) for at in range(1000)])

    with pytest.raises(StorageFullError, match="1 MB"):
        fill()
    log.stop()
    with database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM live_rows").fetchone()[0] % 1000 == 0


def test_a_full_disk_is_said_and_rows_are_taken_again_once_there_is_room(log: RowLog, database: LiveDatabase) -> None:
    log.accept("line", [row(0)])
    with database.writing() as connection:
        connection.execute("PRAGMA max_page_count=1")  # SQLite answers as on a full disk
    wide = [LiveRow("E1", START + at, {f"s{sensor}": 1.0 for sensor in range(200)}) for at in range(1000)]
    with pytest.raises(StorageFullError, match="could not be written"):
        log.accept("line", wide)
    with database.writing() as connection:
        connection.execute("PRAGMA max_page_count=1000000")
    assert log.accept("line", wide).rows == 1000


def test_while_too_many_rows_wait_a_source_is_reported_when_to_come_again(log: RowLog) -> None:
    log.waiting = lambda: 10_000_000
    with pytest.raises(TooManyError) as caught:
        log.accept("line", [row(0)])
    assert caught.value.seconds > 0


def test_a_locked_database_holds_rows_back_until_it_is_free(log: RowLog, database: LiveDatabase) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = log.hand_in("line", [row(0)])
    threading.Event().wait(0.2)
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    assert waiting.result(20).rows == 1


def test_a_row_that_fails_in_a_way_nobody_foresaw_takes_neither_others_nor_the_log_with_it(
    log: RowLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = names.KnownEquipment.packed

    def failing(known: names.KnownEquipment, readings: Mapping[str, float]) -> bytes:
        if "odd" in readings:
            raise UnicodeError("nobody foresaw this")
        return packed(known, readings)

    monkeypatch.setattr(names.KnownEquipment, "packed", failing)
    odd = log.hand_in("line", [LiveRow("E1", START, {"odd": 1.0})])
    fine = log.hand_in("line", [row(1)])
    with pytest.raises(UnicodeError, match="foresaw"):
        odd.result(20)
    assert fine.result(20).rows == 1
    assert log.hand_in("line", [row(2)]).result(20).rows == 1


def test_rows_that_are_handed_in_while_the_log_ends_are_kept_or_refused_and_never_left_without_an_answer(
    database: LiveDatabase,
) -> None:
    log = RowLog(database)
    log.start()
    log.stop()
    with pytest.raises(TooManyError, match="ends"):
        log.hand_in("line", [row(0)]).result(5)
    with pytest.raises(TooManyError, match="ends"):
        log.end_series("line", "E1")


def test_rows_whose_sender_has_gone_before_they_were_written_are_left_out_and_the_log_goes_on(
    database: LiveDatabase,
) -> None:
    log = RowLog(database)
    gone, kept = log.hand_in("line", [row(0)]), log.hand_in("line", [row(1)])
    assert gone.cancel()
    log.start()
    assert kept.result(20).rows == 1
    log.stop()
    assert times_in_order(database) == [1]


def test_the_position_goes_on_after_a_restart_though_every_row_has_moved_to_files(
    log: RowLog, database: LiveDatabase
) -> None:
    last = log.accept("line", [row(at) for at in range(5)]).position
    with database.writing() as connection:
        keep_progress(connection, EARLY, EVERY, Progress(last))
    assert Sealing(database, Keeping(hours=0, days=1)).seal() == 5
    assert RowLog(database).position == last


def test_an_equipment_that_sends_all_the_time_keeps_no_other_from_moving_to_files(
    log: RowLog, database: LiveDatabase
) -> None:
    sealing = Sealing(database, Keeping(hours=0, days=1), every_s=0)
    log.accept("line", [LiveRow("E2", START, {"pressure": 1.0})])
    for at in range(4):
        last = log.accept("line", [row(at)]).position
        with database.writing() as connection:
            keep_progress(connection, EARLY, EVERY, Progress(last))
        sealing.look()
    with database.reading() as connection:
        assert not rows_of(connection, 1, 0, 10), "those of E2, which sent first"


def test_what_a_source_keeps_for_itself_holds_no_rows_back(log: RowLog, database: LiveDatabase) -> None:
    last = log.accept("line", [row(0)]).position
    KeptContext(database, "secs").keep({"lot": "A"})
    with database.writing() as connection:
        keep_progress(connection, EARLY, EVERY, Progress(last))
    assert Sealing(database, Keeping(hours=0, days=1)).seal() == 1


def test_only_rows_that_came_before_the_moment_move_to_files(log: RowLog, database: LiveDatabase) -> None:
    for at in range(4):
        last = log.accept("line", [row(at)]).position
    with database.writing() as connection:
        connection.execute("UPDATE live_rows SET received = received - 3600 WHERE position <= ?", (last - 2,))
        keep_progress(connection, EARLY, EVERY, Progress(last))
    sealing = Sealing(database, Keeping(hours=0.5, days=1))
    assert [sealing.seal(), sealing.seal()] == [2, 0]
    assert times_in_order(database) == [2, 3]


def test_rows_in_files_belong_to_their_equipment_however_long_its_name_is(log: RowLog, database: LiveDatabase) -> None:
    both = [f"식각설비 제1라인 제3베이 서쪽 끝 창가 자리 트윈 챔버 {side}" for side in ("왼쪽", "오른쪽")]
    for at, name in enumerate(both):
        log.accept("line", [LiveRow(name, START + SECOND * at, {"pressure": float(at)})])
    with database.writing() as connection:
        keep_progress(connection, EARLY, EVERY, Progress(log.position))
    sealing = Sealing(database, Keeping(hours=0, days=10_000))
    assert [sealing.seal() for _ in both] == [1, 1]
    for at, name in enumerate(both):
        found = sealed_rows(database, "line", name, START, START + 10 * SECOND)
        assert found is not None
        assert found["pressure"].tolist() == [float(at)]
