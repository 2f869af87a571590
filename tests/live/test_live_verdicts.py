"""What engineers say of live alarms reaches the figures of the monitor, and what it learns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.live.fab import as_rows, live_frame, until
from waferwatch.cli import main
from waferwatch.live.learning.judged import live_rate, live_verdicts
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.log.sealing import Keeping, Sealing
from waferwatch.live.scoring import workers
from waferwatch.live.service import LiveService
from waferwatch.monitors.alarms.alarm_rate import AlarmRate
from waferwatch.monitors.golden.joined import joined_tables
from waferwatch.read.frames import table_from_frame
from waferwatch.settings import Settings
from waferwatch.web.app import create_app

HIGH = {"ETCH-01": "pressure_mTorr", "ETCH-02": "bias_power_w"}  # which sensor is at fault


@pytest.fixture
def client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(workers, "IDLE_S", 0.2)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as opened:
        opened.post("/live/watches", json={"monitor": "etch"})
        yield opened


def rows_with_faults() -> list[LiveRow]:
    """The second wafer of each chamber is at fault."""
    rows = as_rows(live_frame(500))
    wafers = {name: list(dict.fromkeys(one.wafer for one in rows if one.equipment == name)) for name in HIGH}

    def made(one: LiveRow) -> LiveRow:
        sensor = next(name for name in one.readings if name == HIGH[one.equipment] or one.equipment == "ETCH-02")
        if one.wafer != wafers[one.equipment][1]:
            return one
        return replace(one, readings={**one.readings, sensor: one.readings[sensor] * 2 + 40})

    return [made(one) for one in rows]


def live_of(client: TestClient) -> LiveService:
    service: LiveService = client.app.state.parts.live  # type: ignore[attr-defined]
    return service


def alarms_of(client: TestClient) -> list[dict[str, Any]]:
    found = client.get("/alarms").json()["alarms"]
    return [one for one in found if one["kind"] != "silence"]


def judge(client: TestClient) -> dict[str, str]:
    """The alarms of one chamber are called false, those of the other true: equipment -> verdict."""
    live_of(client).parts.log.accept("test", rows_with_faults())
    until(lambda: not live_of(client).parts.waiting and not live_of(client).parts.workers.busy, "scores")
    found = alarms_of(client)
    assert {one["equipment"] for one in found} == set(HIGH)
    said = {"ETCH-01": "false", "ETCH-02": "true"}
    for one in found:
        verdict = {"verdict": said[one["equipment"]], "note": "known"}
        assert client.post(f"/alarms/{one['id']}/close", json=verdict).status_code == 200
    return said


def test_verdicts_on_live_alarms_are_in_the_figures_of_their_monitor(client: TestClient) -> None:
    assert client.get("/monitors/etch").json()["false_alarms"] is None
    judge(client)
    counts = [one["equipment"] for one in alarms_of(client)]
    rate = client.get("/monitors/etch").json()["false_alarms"]
    assert (rate["false"], rate["true"]) == (counts.count("ETCH-01"), counts.count("ETCH-02"))
    assert rate["hours"] == pytest.approx(2 * 249 / 3600, rel=0.1)
    database = live_of(client).parts.database
    assert live_rate(database, "etch@7") is None


def test_false_live_alarms_are_learnt_as_normal_and_true_ones_never(client: TestClient) -> None:
    refused = client.post("/monitors/etch/learn-false-alarms")
    assert refused.status_code == 422
    assert "false alarm" in refused.json()["error"]["message"]
    judge(client)
    store, database = live_of(client)._store, live_of(client).parts.database
    judged = live_verdicts(database, store, "etch")
    before = store.monitors.version("etch").golden
    assert before is not None
    run = client.post("/monitors/etch/learn-false-alarms").json()
    until(lambda: client.get(f"/runs/{run['id']}").json()["state"] in ("done", "failed"), "the run", 120)
    assert client.get(f"/runs/{run['id']}").json()["state"] == "done"
    made = store.monitors.version("etch@2")
    assert made.golden is not None
    known, used = (store.monitors.golden_rows(one).frame.astype({"wafer": str}) for one in (before, made.golden))
    wafers = ["equipment", "lot", "wafer"]
    old, new = (set(one[wafers].itertuples(index=False, name=None)) for one in (known, used))
    named = [set(one.table.frame[one.alarm][wafers].itertuples(index=False, name=None)) for one in judged]
    false, true = (
        set().union(*(one for one, of in zip(named, judged, strict=True) if of.verdict is kind))
        for kind in (False, True)
    )
    assert new == (old - true) | false
    assert false - old
    assert old & true


def test_nothing_is_learnt_from_an_intended_change(client: TestClient) -> None:
    judge(client)
    store, database = live_of(client)._store, live_of(client).parts.database
    for one in alarms_of(client):
        said = {"verdict": "intended_change", "note": "recipe 12"}
        assert client.post(f"/alarms/{one['id']}/close", json=said).status_code == 200
    assert live_verdicts(database, store, "etch") == []
    assert client.post("/monitors/etch/learn-false-alarms").status_code == 422
    rate = client.get("/monitors/etch").json()["false_alarms"]
    assert (rate["false"], rate["true"], rate["unjudged"]) == (0, 0, 0)


def test_rows_that_have_moved_to_files_are_found_there_and_the_command_uses_them(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    judge(client)
    service = live_of(client)
    expected = [int(one.alarm.sum()) for one in live_verdicts(service.parts.database, service._store, "etch")]
    sealing = Sealing(service.parts.database, Keeping(hours=0, days=10_000), every_s=0)
    end = time.monotonic() + 30
    while time.monotonic() < end and sealing.seal():
        pass
    found = [int(one.alarm.sum()) for one in live_verdicts(service.parts.database, service._store, "etch")]
    assert found == expected
    folder = str(service._settings.data_dir)
    assert main(["monitors", "learn-false-alarms", "etch", "--data-dir", folder]) == 0
    assert "etch@2" in capsys.readouterr().err


def test_rates_of_files_and_of_live_rows_add_up() -> None:
    files, live = AlarmRate.of(1, 2, 3, 10.0), AlarmRate.of(2, 0, 1, 30.0)
    both = files.plus(live)
    assert (both.false, both.true, both.unjudged, both.hours) == (3, 2, 4, 40.0)
    assert both.per_hour == pytest.approx(3 / 40)
    assert files.plus(AlarmRate.of(1, 0, 0, None)).hours is None, "nobody knows of how many hours"
    assert files.plus(AlarmRate.of(0, 0, 0, None)).hours == 10.0


def test_wafers_that_are_numbers_in_one_table_and_texts_in_another_are_joined_as_texts() -> None:
    frame = live_frame(60).drop(columns=["lot", "recipe", "step"])
    assert frame["wafer"].dtype.kind == "i"
    numbers, texts = (
        table_from_frame(one, name=name) for name, one in (("a", frame[:30]), ("b", frame[30:].astype({"wafer": str})))
    )
    joined = joined_tables([numbers, texts], overlapping=True).frame["wafer"]
    assert joined.tolist() == frame["wafer"].astype(str).tolist()
