"""What is said of each source of live rows, and replays that go on after a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.live.fab import Heard, as_rows, kept_rows, live_frame, send, until
from tests.server_process import free_port
from waferwatch.errors import InputError
from waferwatch.live.log.writer import Accepted
from waferwatch.live.service import LiveService
from waferwatch.live.source_states import LiveSourceState, source_states
from waferwatch.live.sources.replay import ReplaySource
from waferwatch.live.sources.replays import ReplayState
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.settings import Settings
from waferwatch.store.datasets import DEMO
from waferwatch.store.store import Store
from waferwatch.web.app import create_app

SOURCES = """
[[sources]]
kind = "folder"
name = "drop"
folder = "{folder}"
settle_s = 0
monitor = "etch"

[[sources]]
kind = "mqtt"
name = "line"
host = "127.0.0.1"
port = {port}
topic = ["fab/{{equipment}}", "lab/{{equipment}}/{{sensor}}"]

[[sources]]
kind = "mqtt"
name = "secure"
host = "127.0.0.1"
port = {port}
topic = "fab/{{equipment}}"
ca_file = "{folder}/no_such_authority.pem"

[[sources]]
kind = "folder"
name = "gone"
folder = "{folder}/none"
"""


@pytest.fixture
def configured(settings: Settings, store: Store, heard: Heard, tmp_path: Path) -> Iterator[LiveService]:
    folder = tmp_path / "drop"
    folder.mkdir()
    live_frame(40).to_csv(folder / "a.csv", index=False)
    (folder / "bad.csv").write_text("no,table\n")
    (folder / "empty.csv").touch()
    path = tmp_path / "sources.toml"
    path.write_text(SOURCES.format(folder=folder, port=free_port()))
    made = LiveService(settings.model_copy(update={"live_sources": str(path)}), store, heard)
    made.start()
    yield made
    made.stop()


def states(service: LiveService) -> dict[str, LiveSourceState]:
    return {one.name: one for one in source_states(service.parts, 60.0)}


def test_each_source_of_the_file_says_whether_it_is_connected_and_what_has_come(
    configured: LiveService, tmp_path: Path
) -> None:
    def files() -> Any:
        found = states(configured)["drop"].files
        return None if found is None else (found.processed, found.failed, found.skipped)

    until(lambda: files() == (1, 1, 1), "the files")
    until(lambda: "does not answer" in str(states(configured)["line"].reason), "the broker's absence")
    found = states(configured)
    assert list(found) == ["drop", "line", "secure", "gone"]
    assert (found["drop"].kind, found["drop"].monitor, found["drop"].connected) == ("folder", "etch", True)
    assert (found["drop"].rows, found["drop"].equipment, found["drop"].late) == (40, 2, 0)
    assert found["drop"].last_received is not None
    assert not found["drop"].silent
    assert (found["line"].connected, found["line"].rows, found["line"].last_received) == (False, 0, None)
    assert "certificates" in str(found["secure"].reason)
    assert "no folder" in str(found["gone"].reason)
    (tmp_path / "drop").rename(tmp_path / "moved")
    assert "not there" in str(states(configured)["drop"].reason)


def test_rows_that_are_sent_to_the_server_are_a_source_too(service: LiveService) -> None:
    send(service, as_rows(live_frame(40)), source="tool")
    send(service, as_rows(live_frame(20)), source="tool")
    found = states(service)["tool"]
    assert (found.kind, found.connected, found.rows, found.duplicates) == ("pushed", None, 40, 20)
    assert [one.silent for one in source_states(service.parts, -1.0)] == [True]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, store: Store) -> Table:
    """What the store gives as the demo."""
    made = table_from_frame(live_frame(400), name="demo")
    monkeypatch.setattr(store.datasets, "table", lambda _dataset: made)
    return made


def test_a_replay_goes_on_after_a_restart_where_it_was_and_no_row_is_lost_or_doubled(
    service: LiveService, table: Table
) -> None:
    service.parts.replays.play("again", "demo", table, speed=100)
    until(lambda: 40 < len(kept_rows(service.parts.database)) < 300, "some rows")
    service.stop()
    service.start()
    between = service.parts.replays.all()[0]
    assert between.state is ReplayState.RUNNING
    assert 40 < between.sent < 400
    until(lambda: service.parts.replays.all()[0].state is ReplayState.DONE, "the end")
    rows = kept_rows(service.parts.database)
    assert len(rows) == 400
    assert rows["series"].eq(1).all()
    found = states(service)["again"]
    assert (found.duplicates, found.late) == (0, 0)
    assert found.replay is not None
    assert (found.replay.sent, found.replay.rows, found.replay.state) == (400, 400, ReplayState.DONE)
    spans = rows.groupby("equipment")["time"].agg(lambda one: one.max() - one.min())
    assert spans.tolist() == [199 * 10**9] * 2, "as they were recorded"
    service.stop()
    service.start()
    time.sleep(0.3)
    assert len(kept_rows(service.parts.database)) == 400, "what is done is not played again"


def test_a_replay_that_has_come_to_its_end_is_not_reported_as_a_silent_source(
    settings: Settings, store: Store, heard: Heard, table: Table
) -> None:
    service = LiveService(settings.model_copy(update={"live_silence_s": 0.5}), store, heard)
    service.start()
    service.parts.replays.play("again", "demo", table, speed=0)
    until(lambda: service.parts.replays.all()[0].state is ReplayState.DONE, "the end")
    service.parts.log.accept("tool", as_rows(live_frame(2)))
    until(lambda: ("tool", None) in heard.silences, "the silence of what still should send")
    service.stop()
    assert {source for source, _ in heard.silences} == {"tool"}


def test_a_replay_whose_rows_were_refused_can_be_ended() -> None:
    class Refusing:
        def accept(self, *_rows: object) -> Accepted:
            raise InputError("These rows cannot be kept.")

    replay = ReplaySource(table_from_frame(live_frame(4), name="demo"), "again", speed=0)
    replay.start(Refusing())
    until(lambda: replay.done, "the refusal")
    replay.stop()  # whoever ends it ends others as well
    with pytest.raises(InputError, match="cannot be kept"):
        replay.wait()


def test_a_replay_whose_data_set_is_gone_says_so(
    service: LiveService, table: Table, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.parts.replays.play("again", "x" * 16, table, speed=1)
    service.stop()
    monkeypatch.undo()
    service.start()
    found = states(service)["again"]
    assert found.replay is not None
    assert (found.replay.state, found.connected) == (ReplayState.FAILED, False)
    assert found.reason


def test_over_http_a_replay_is_begun_seen_and_stopped_and_the_next_server_leaves_it_so(settings: Settings) -> None:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.post("/live/replays", json={"dataset": DEMO, "speed": 1, "source": "demo", "monitor": "etch"})
        (source,) = client.get("/live").json()["sources"]
        assert (source["kind"], source["replay"]["state"], source["connected"]) == ("replay", "running", True)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        assert client.get("/live").json()["sources"][0]["replay"]["state"] == "running"
        assert client.delete("/live/replays/demo").status_code == 204
        assert client.delete("/live/replays/demo").status_code == 404
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        assert client.get("/live").json()["sources"][0]["replay"]["state"] == "stopped"


def test_over_http_rows_are_marked_as_faulty_and_a_maintenance_says_what_becomes_of_the_levels(
    settings: Settings,
) -> None:
    settings = settings.model_copy(update={"live_rebase": "draft", "live_rebase_wafers": 7})
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        made = client.post("/live/ETCH-01/faulty", json={"lot": "L1", "wafer": "3", "note": "chipped"})
        assert (made.status_code, made.json()["wafer"]) == (201, "3")
        period = {"start": "2026-01-05T08:00:00", "stop": "2026-01-05T09:00:00Z"}
        assert client.post("/live/ETCH-01/faulty", json=period).json()["stop"] == "2026-01-05T09:00:00.000"
        assert client.post("/live/ETCH-01/faulty", json={}).status_code == 422
        assert client.post("/live/ETCH-01/faulty", json={"start": "soon", "stop": "later"}).status_code == 422
        assert [one["wafer"] for one in client.get("/live/faulty").json()["faulty"]] == ["", "3"]
        assert client.delete(f"/live/faulty/{made.json()['id']}").status_code == 204
        assert client.delete("/live/faulty/99").status_code == 404
        assert client.delete("/live/faulty/x").status_code == 404
        began = client.post("/live/ETCH-01/maintenance", json={"note": "wet clean"}).json()
        assert (began["rebase"], began["quiet"], began["version"], began["ended"]) == ("waiting", 7, None, None)
