"""Live rows over HTTP: what is accepted outlives a kill, and what is refused is said."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pandas as pd
import pytest
from starlette.testclient import TestClient

from tests.live.fab import as_rows, kept_rows, live_frame, until
from tests.server_process import ServerProcess
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.service import FILE, FOLDER
from waferwatch.live.sources.remote import RemoteTaker
from waferwatch.settings import Settings
from waferwatch.web.app import create_app

ROW = {"equipment": "ETCH-01", "time": "2026-01-05T08:00:00.25", "pressure_mTorr": 5.0}


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as opened:
        yield opened


def post(client: TestClient, body: bytes | str, kind: str = "application/x-ndjson", **headers: str) -> httpx.Response:
    content = body.encode() if isinstance(body, str) else body
    answer: httpx.Response = client.post("/live/line/rows", content=content, headers={"Content-Type": kind, **headers})
    return answer


def trace(client: TestClient, equipment: str = "ETCH-01") -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/live/line/{equipment}/rows").json()
    return found


def test_rows_are_taken_in_every_form_and_kept_once(client: TestClient) -> None:
    line = json.dumps(ROW)
    assert post(client, line).json() == {"position": 1, "rows": 1, "duplicates": 0, "late": 0}
    for body, kind in (
        (f"[{line}]", "application/json"),
        (json.dumps(ROW, indent=2), "application/json"),
        (json.dumps({**ROW, "pressure_mTorr": "5.0"}), "application/x-ndjson"),
        ("equipment,time,pressure_mTorr\nETCH-01,2026-01-05 08:00:00.250,5.0\n", "text/csv"),
        (
            json.dumps(
                {
                    "metrics": [
                        {
                            "name": "opcua",
                            "tags": {"equipment": "ETCH-01"},
                            "fields": {"pressure_mTorr": 5.0},
                            "timestamp": 1767600000250,
                        }
                    ]
                }
            ),
            "application/json",
        ),
    ):
        answer = post(client, body, kind)
        assert answer.status_code == 202
        assert answer.json()["duplicates"] == 1, body
    packed = client.post("/live/line/rows", content=gzip.compress(line.encode()), headers={"Content-Encoding": "gzip"})
    assert packed.json()["duplicates"] == 1
    assert trace(client)["times"] == ["2026-01-05T08:00:00.250"]
    later = json.dumps({**ROW, "time": "2026-01-05T08:00:01"})
    members = gzip.compress(line.encode() + b"\n") + gzip.compress(later.encode())
    both = client.post("/live/line/rows", content=members, headers={"Content-Encoding": "gzip"}).json()
    assert (both["rows"], both["duplicates"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (json.dumps(ROW) + "\n{", "application/json", 422, "Row 2"),
        (json.dumps([ROW, {**ROW, "time": "soon"}]), "application/json", 422, "row 2"),
        (json.dumps({**ROW, "pressure_mTorr": "high"}), "application/json", 422, "pressure_mTorr"),
        (json.dumps({"time": 1767600000}), "application/json", 422, "equipment"),
        (json.dumps({**ROW, "equipment": ["ETCH-01"]}), "application/json", 422, "The equipment of row 1"),
        (json.dumps({**ROW, "lot": {"id": "L1"}}), "application/json", 422, "The lot of row 1"),
        ("[1]", "application/json", 422, "Row 1"),
        ("", "application/json", 422, "No row"),
        (b"x" * 40_000_000, "application/json", 413, "32 MB"),
        (b"\x1f\x8b" + b"x" * 20, "application/json; packed", 400, "gzip"),
        (gzip.compress(b"{}", mtime=0)[:-1], "application/json; packed", 400, "gzip"),
        (gzip.compress(json.dumps(ROW).encode(), mtime=0) + b"{}", "application/json; packed", 400, "gzip"),
        (json.dumps({**ROW, "time": "2600-01-05"}), "application/json", 422, "row 1"),
    ],
)
def test_what_cannot_be_taken_is_refused_as_a_whole_with_its_place(
    client: TestClient, body: bytes | str, kind: str, status: int, said: str
) -> None:
    headers = {"Content-Encoding": "gzip"} if "packed" in kind else {}
    answer = post(client, body, kind, **headers)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["error"]["message"]
    assert client.get("/live").json()["equipment"] == []


def test_a_server_that_is_behind_says_when_to_come_again_and_one_that_is_switched_off_says_so(
    client: TestClient, settings: Settings
) -> None:
    client.app.state.parts.live.parts.log.waiting = lambda: 10**9  # type: ignore[attr-defined]
    answer = post(client, json.dumps(ROW))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    off = settings.model_copy(update={"live": False})
    with TestClient(create_app(off), base_url="http://127.0.0.1") as other:
        assert post(other, json.dumps(ROW)).status_code == 503
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as other:
        assert "Another process" in post(other, json.dumps(ROW)).json()["error"]["message"]


def test_a_monitor_is_named_with_the_rows_and_scores_them(client: TestClient) -> None:
    rows = [
        orjson.dumps({**asdict(one), "readings": dict(one.readings), "context": None})
        for one in as_rows(live_frame(60))
    ]
    assert client.post("/live/line/rows?monitor=nothing", content=b"\n".join(rows)).status_code == 404
    assert client.post("/live/line/rows?monitor=etch", content=b"\n".join(rows)).status_code == 202
    until(lambda: client.get("/live").json()["waiting"] == 0, "early scores")
    found = trace(client)
    assert len(found["early"]) == 30
    assert None not in found["early"]
    assert found["monitor"] == "etch@1"
    assert found["threshold"] > found["lower_threshold"] > 0
    assert client.get("/live/watches").json()["watches"] == [{"source": "line", "equipment": "*", "monitor": "etch"}]
    assert client.delete("/live/watches?source=line").status_code == 204
    assert client.delete("/live/watches?source=line").status_code == 404


def test_a_maintenance_is_begun_and_ended(client: TestClient) -> None:
    post(client, json.dumps(ROW))
    begun = client.post("/live/ETCH-01/maintenance", json={"note": "wet clean"})
    assert begun.json()["ended"] is None
    assert client.get("/live").json()["equipment"][0]["state"] in ("maintenance", "no_monitor")
    assert client.post("/live/ETCH-01/maintenance", json={}).status_code == 422
    assert client.post("/live/ETCH-01/maintenance", json={"ended": True}).json()["ended"] is not None
    assert client.post("/live/ETCH-01/maintenance", json={"ended": True}).status_code == 422


@pytest.mark.parametrize("equipment", ["ETCH-01/CH-A", "A/B/rows", "50 % & ?", "식각 1호기"])
def test_equipment_of_any_name_has_its_trace_its_maintenance_and_its_marks(client: TestClient, equipment: str) -> None:
    assert post(client, json.dumps(ROW | {"equipment": equipment})).status_code == 202
    address = quote(equipment, safe="")
    assert client.get(f"/live/line/{address}/rows").json()["equipment"] == equipment
    assert client.post(f"/live/{address}/maintenance", json={}).json()["equipment"] == equipment
    wish = {"start": "2026-01-05T08:00:00", "stop": "2026-01-05T08:01:00"}
    marked = client.post(f"/live/{address}/faulty", json=wish)
    assert (marked.status_code, marked.json()["equipment"]) == (201, equipment)


def test_times_of_faulty_rows_are_read_as_those_of_rows(client: TestClient) -> None:
    assert post(client, json.dumps(ROW | {"time": "2026-01-05T08:00:00+09:00"})).status_code == 202
    wish = {"start": "2026-01-05 08:00:00+09:00", "stop": "2026-01-05T08:00:00.000Z"}
    marked = client.post("/live/ETCH-01/faulty", json=wish).json()
    assert [marked["start"]] * 2 == [marked["stop"], trace(client)["times"][0]]
    for wrong in ("", "soon", "2026-13-01", "2600-01-01"):
        answer = client.post("/live/ETCH-01/faulty", json=wish | {"start": wrong})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "start"), wrong


def test_a_full_disk_is_said_where_something_of_live_data_should_be_kept(client: TestClient) -> None:
    database: LiveDatabase = client.app.state.parts.live.parts.database  # type: ignore[attr-defined]
    with database.writing() as connection:
        connection.execute("PRAGMA max_page_count=1")  # SQLite answers as on a full disk
    wish = {"start": "2026-01-05T08:00:00", "stop": "2026-01-05T08:00:00", "note": "n" * 1000}
    answers = [client.post(f"/live/E{number}/faulty", json=wish) for number in range(30)]
    assert {one.status_code for one in answers} == {201, 507}
    assert "disk" in answers[-1].json()["error"]["message"]


@pytest.mark.parametrize("source", ["line/3", "a\nb", "a\0", " ", "x" * 201])
def test_a_replay_under_a_name_that_no_address_can_hold_is_refused(client: TestClient, source: str) -> None:
    answer = client.post("/live/replays", json={"dataset": "demo", "source": source})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "source")


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[ServerProcess]:
    made = ServerProcess(settings.data_dir, tmp_path / "log", WAFERWATCH_LIVE_PAUSE_S="0.3")
    made.start()
    yield made
    made.kill()


def test_a_killed_server_loses_and_doubles_nothing_and_goes_on_as_one_that_was_not_killed(
    server: ServerProcess, settings: Settings, service_scores: pd.DataFrame
) -> None:
    rows = as_rows(live_frame(400))
    taker = RemoteTaker(server.url, monitor="etch")
    accepted: list[LiveRow] = []
    for kill, start in enumerate(range(0, 400, 50)):
        taker.accept("line", rows[start : start + 50])
        accepted += rows[start : start + 50]
        if kill == 4:
            time.sleep(0.2)  # somewhere within scoring
            server.kill()
            server.start()
            taker.accept("line", rows[max(0, start - 50) : start + 50])  # as a source does that does not know
    until(lambda: httpx.get(f"{server.url}/live").json()["waiting"] == 0, "early scores")
    server.kill()
    database = LiveDatabase(settings.data_dir / FOLDER / FILE)
    found = kept_rows(database)
    database.close()
    assert len(found) == len(accepted) == 400
    pd.testing.assert_series_equal(found["early"], service_scores["early"], check_exact=True)


@pytest.fixture
def service_scores(learnt_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Rows with their early scores, as a service gives them that nobody ends."""
    import shutil

    from tests.live.fab import Heard, send
    from waferwatch.live.scoring.watched import Watch
    from waferwatch.live.service import LiveService
    from waferwatch.settings import read_settings
    from waferwatch.store.store import open_store

    folder = tmp_path_factory.mktemp("never-ended") / "data"
    shutil.copytree(learnt_dir, folder)
    settings = read_settings({}, data_dir=folder)
    store = open_store(settings)
    service = LiveService(settings, store, Heard())
    service.start()
    service.watch(Watch("*", "*", "etch"))
    send(service, as_rows(live_frame(400)), 400)
    found = kept_rows(service.parts.database)
    service.stop()
    store.close()
    return found
