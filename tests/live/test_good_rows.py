"""Which live rows are learnt from, and new levels after a maintenance."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.live.alarm_blocks import NOON, Mute
from tests.live.fab import Heard, as_rows, golden, live_frame, send, until
from waferwatch.live.alarms.acts import Person, close
from waferwatch.live.alarms.alarm import AlarmKind, AlarmRecord
from waferwatch.live.alarms.book import AlarmBook
from waferwatch.live.learning.good_rows import faulty_rows, good_rows, mark_faulty, unmark_faulty
from waferwatch.live.learning.maintenance import BY_STATE, Rebase
from waferwatch.live.log.reading import LoggedRows, every_equipment, logged, rows_up_to
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.scoring.watched import Watch
from waferwatch.live.service import LiveService
from waferwatch.live.state import live_state
from waferwatch.settings import Settings
from waferwatch.store.monitors.records import Origin, VersionState
from waferwatch.store.store import Store

NS = 10**9


def rows_of(service: LiveService, name: str) -> LoggedRows:
    with service.parts.database.reading() as connection:
        one = next(one for one in every_equipment(connection) if one.name == name)
        return logged(one.id, one.sensors, rows_up_to(connection, one.id, one.position, 10_000))


def good_of(service: LiveService, name: str) -> np.ndarray:
    with service.parts.database.reading() as connection:
        return good_rows(connection, name, rows_of(service, name))


def an_alarm(service: LiveService, rows: LoggedRows, first: int, last: int, *, on: bool = False) -> int:
    """One over some rows, kept as the machine of alarms does."""
    started, seen = (str(rows.times[at].view("datetime64[ns]").astype("datetime64[us]")) for at in (first, last))
    wanted = AlarmRecord(0, AlarmKind.ROWS, "f", "test", "ETCH-01", "etch@1", "", "", "", "", "", "", started, seen, "")
    with service.parts.database.writing() as connection:
        return AlarmBook(connection, Mute(), lambda: NOON).open(wanted.changed(opened_at=NOON, rows_on=on)).id


def test_rows_of_an_alarm_are_no_good_ones_until_it_is_called_false(service: LiveService) -> None:
    send(service, as_rows(live_frame(200)))
    assert good_of(service, "ETCH-01").all()
    rows = rows_of(service, "ETCH-01")
    number = an_alarm(service, rows, 20, 40)
    assert np.flatnonzero(~good_of(service, "ETCH-01")).tolist() == list(range(20, 41))
    assert good_of(service, "ETCH-02").all()
    with service.parts.database.writing() as connection:
        close(AlarmBook(connection, Mute()), number, Person("kim"), "false")
    assert good_of(service, "ETCH-01").all()
    an_alarm(service, rows, 60, 61, on=True)
    assert np.flatnonzero(~good_of(service, "ETCH-01")).tolist() == list(range(60, len(rows))), "it goes on"


def test_rows_marked_as_faulty_are_no_good_ones_by_wafer_or_by_time(service: LiveService) -> None:
    send(service, as_rows(live_frame(400)))
    rows = rows_of(service, "ETCH-01")
    lot, wafer = str(rows.context["lot"][0]), str(rows.context["wafer"][0])
    first = int((rows.context["wafer"] == wafer).sum())
    with service.parts.database.writing() as connection:
        by_wafer = mark_faulty(connection, "ETCH-01", "kim", lot=lot, wafer=wafer, note="chipped")
        start, stop = int(rows.times[first + 5]), int(rows.times[first + 7])
        mark_faulty(connection, "ETCH-01", "kim", start=start, stop=stop)
    assert np.flatnonzero(~good_of(service, "ETCH-01")).tolist() == [*range(first), first + 5, first + 6, first + 7]
    with service.parts.database.writing() as connection:
        assert unmark_faulty(connection, by_wafer.id)
        assert not unmark_faulty(connection, by_wafer.id)
        assert [one.start for one in faulty_rows(connection)] == [start]
    assert good_of(service, "ETCH-01")[:first].all()


def test_a_monitor_does_not_learn_from_rows_under_an_alarm_or_marked_as_faulty(
    service: LiveService, store: Store
) -> None:
    rows = [one for one in as_rows(golden()[:3400]) if one.equipment == "ETCH-01"]
    service.watch(Watch("new", "ETCH-01", "fresh", {"learn_wafers": 8, "detector": "early"}))
    wafers = list(dict.fromkeys((one.lot, one.wafer) for one in rows))
    with service.parts.database.writing() as connection:
        for lot, wafer in wafers[:3]:
            mark_faulty(connection, "ETCH-01", "kim", lot=lot, wafer=wafer)
    send(service, [one for one in rows if (one.lot, one.wafer) in wafers[:10]], source="new")
    an_alarm(service, rows_of(service, "ETCH-01"), 0, 1, on=False)
    service.parts.learning.look()
    learning = live_state(service.parts, 60.0).equipment[0].learning
    assert learning is not None
    assert learning["have"] == 6, "ten wafers, the last of which goes on, but for three"
    send(service, [one for one in rows if (one.lot, one.wafer) not in wafers[:10]], source="new")
    until(lambda: store.monitors.has("fresh"), "the monitor")
    learnt = store.monitors.version("fresh")
    assert learnt.golden is not None
    used = store.monitors.golden_rows(learnt.golden).frame
    assert not set(zip(used["lot"], used["wafer"], strict=True)) & set(wafers[:3])


@pytest.fixture(params=["active", "draft"])
def rebasing(request: pytest.FixtureRequest, settings: Settings, store: Store, heard: Heard) -> Iterator[LiveService]:
    wish = {"live_rebase": request.param, "live_rebase_wafers": 16, "live_quiet_wafers": 0}
    made = LiveService(settings.model_copy(update=wish), store, heard)
    made.start()
    made.watch(Watch("*", "*", "etch"))
    yield made
    made.stop()


def shifted(rows: list[LiveRow]) -> list[LiveRow]:
    """As after a new pressure gauge."""
    name = "pressure_mTorr"
    return [replace(one, readings={**one.readings, name: one.readings[name] + 1.5}) for one in rows]


def test_after_a_maintenance_levels_are_learnt_anew_from_good_wafers_and_it_is_quiet_until_then(
    rebasing: LiveService, store: Store, heard: Heard
) -> None:
    service, rows = rebasing, [one for one in as_rows(golden()) if one.equipment == "ETCH-01"]
    rows = [replace(one, time=one.time + 24 * 3600 * NS) for one in rows]
    send(service, rows[:100])
    service.parts.maintenance.begin("ETCH-01", "new gauge", "kim")
    mark = service.parts.maintenance.end("ETCH-01")
    assert (mark.rebase, mark.quiet) == (Rebase.WAITING, 16)
    heard.blocks.clear()
    send(service, shifted(rows[100:]))
    assert not np.concatenate([one.productive for one in heard.blocks]).any()
    until(lambda: bool(service.parts.maintenance.of("ETCH-01").over), "the end of quiet")  # type: ignore[union-attr]
    made = store.monitors.version("etch@2")
    assert made.origin is Origin.REBASED
    assert {one["sensor"] for one in made.about["rebase"]["moved"]} >= {"pressure_mTorr"}
    done = service.parts.maintenance.of("ETCH-01")
    assert done is not None
    assert (done.rebase, done.version) == (Rebase.DONE, "etch@2")
    heard.blocks.clear()
    later = [replace(one, time=one.time + 24 * 3600 * NS) for one in shifted(rows[:50])]
    send(service, later)
    active = service._settings.live_rebase == "active"
    assert {one.monitor for one in heard.blocks} == {"etch@2" if active else "etch@1"}
    assert np.concatenate([one.productive for one in heard.blocks]).all()
    assert made.state is (VersionState.IN_USE if active else VersionState.DRAFT)
    if active:
        assert store.monitors.roll_back("etch", "kim").in_use.number == 1  # type: ignore[union-attr]


def test_levels_that_cannot_be_learnt_leave_the_old_limits_and_say_why(rebasing: LiveService, store: Store) -> None:
    service = rebasing
    rows = [one for one in as_rows(live_frame()) if one.equipment == "ETCH-01"]
    service.parts.maintenance.begin("ETCH-01", "", "kim")
    mark = service.parts.maintenance.end("ETCH-01")
    service.end_watch("*", "*")
    with service.parts.database.writing() as connection:
        for _ in range(16):
            service.parts.maintenance.wafer_ended(connection, "ETCH-01", (mark.ended or 0) + 1)
    until(lambda: service.parts.maintenance.of("ETCH-01").rebase is Rebase.REFUSED, "the refusal")  # type: ignore[union-attr]
    found = service.parts.maintenance.of("ETCH-01")
    assert found is not None
    assert found.over
    assert "No monitor watches" in found.reason
    send(service, rows[:10])
    assert len(store.monitors.get("etch").versions) == 1


def test_a_state_that_rows_name_is_a_maintenance_and_so_is_its_end(service: LiveService, heard: Heard) -> None:
    rows = [one for one in as_rows(live_frame()) if one.equipment == "ETCH-01"]
    send(service, [replace(one, state="PRD") for one in rows[:30]])
    send(service, [replace(one, state="SDT") for one in rows[30:60]])
    mark = service.parts.maintenance.of("ETCH-01")
    assert mark is not None
    assert (mark.by, mark.note, mark.ended) == (BY_STATE, "SDT", None)
    heard.blocks.clear()
    send(service, [replace(one, state="PRD") for one in rows[60:90]])
    mark = service.parts.maintenance.of("ETCH-01")
    assert mark is not None
    assert mark.ended is not None
    assert not np.concatenate([one.productive for one in heard.blocks]).any(), "three wafers are quiet"


def test_blocks_of_rows_count_where_nothing_names_wafers(service: LiveService, heard: Heard) -> None:
    rows = [replace(one, lot="", wafer="") for one in as_rows(live_frame()) if one.equipment == "ETCH-01"]
    send(service, rows[:10])
    service.parts.maintenance.begin("ETCH-01", "", "kim")
    service.parts.maintenance.end("ETCH-01")
    for start in range(10, 250, 40):
        send(service, rows[start : start + 40])
    mark = service.parts.maintenance.of("ETCH-01")
    assert mark is not None
    assert mark.over
    assert heard.blocks[-1].productive.all()


def test_marks_are_as_the_file_has_them_after_a_transaction_that_fails(service: LiveService) -> None:
    send(service, as_rows(live_frame(10)))
    maintenance = service.parts.maintenance
    maintenance.begin("ETCH-01", "", "kim")
    mark = maintenance.end("ETCH-01")

    def fail() -> None:
        with service.parts.database.writing() as connection:
            maintenance.wafer_ended(connection, "ETCH-01", (mark.ended or 0) + 1)
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError):
        fail()
    maintenance.reload()
    assert maintenance.of("ETCH-01") == mark


def test_a_maintenance_that_could_not_be_kept_mutes_no_alarm(
    service: LiveService, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_about: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(heard, "maintained", full)
    with pytest.raises(sqlite3.OperationalError):
        service.parts.maintenance.begin("ETCH-01", "", "kim")
    assert not service.parts.maintenance.goes_on("ETCH-01")
