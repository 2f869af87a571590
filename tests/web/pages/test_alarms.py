"""Alarms over HTTP: what people do with them, channels, the stream of changes, and who may ask."""

from __future__ import annotations

import csv
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.live.alarm_blocks import block, wafer
from tests.live.receivers import WebhookReceiver, wait_for
from waferwatch.cli import main
from waferwatch.settings import Settings
from waferwatch.web.app import create_app
from waferwatch.web.shell.context import Parts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alarms")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    settings = Settings(data_dir=folder, posts_per_minute=0, webhook_addresses="127.0.0.0/8")
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.fixture(scope="module")
def app(client: TestClient) -> Parts:
    found: Parts = client.app.state.parts  # type: ignore[attr-defined]
    return found


@pytest.fixture
def alarm(app: Parts) -> int:
    """A new alarm of an equipment of its own."""
    return raise_alarm(app)


def raise_alarm(app: Parts) -> int:
    with app.alarms.desk.changing() as book:
        number = book.connection.execute("SELECT count(*) FROM alarms").fetchone()[0] + 1
        app.alarms.sink.scored(book.connection, block([20.0] * 3, equipment=f"E{number}"))
        return int(book.connection.execute("SELECT max(id) FROM alarms").fetchone()[0])


def test_an_alarm_goes_through_its_states_and_each_leaves_a_line(client: TestClient, alarm: int) -> None:
    def act(name: str, **body: Any) -> str:
        answer = client.post(f"/alarms/{alarm}/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["state"])

    assert act("acknowledge", note="on my way") == "acknowledged"
    assert act("acknowledge") == "acknowledged"
    assert act("shelve", minutes=30) == "shelved"
    assert act("unshelve") == "acknowledged"
    assert act("close", verdict="false", note="sensor swap") == "closed"
    assert act("reopen") == "acknowledged"
    assert act("close", verdict="true", note="O-ring") == "closed"
    found = client.get(f"/alarms/{alarm}").json()
    assert (found["verdict"], found["note"], found["closed_by"]) == ("true", "O-ring", "local")
    assert [one["action"] for one in found["audit"]] == [
        "opened", "acknowledged", "shelved", "unshelved", "closed", "reopened", "closed",
    ]  # fmt: skip
    assert found["audit"][1]["note"] == "on my way"


def test_an_intended_change_is_neither_a_true_nor_a_false_alarm(
    client: TestClient, app: Parts, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [raise_alarm(app) for _ in range(2)]
    said = {"verdict": "intended_change", "note": "recipe 12"}
    closed = client.post(f"/alarms/{numbers[0]}/close", json=said).json()
    assert (closed["state"], closed["verdict"], closed["note"]) == ("closed", "intended_change", "recipe 12")
    assert main(["alarms", "close", str(numbers[1]), "intended_change", "--data-dir", str(folder)]) == 0
    assert "closed (intended change)" in capsys.readouterr().err
    assert client.get(f"/alarms/{numbers[0]}").json()["audit"][-1]["note"] == "intended_change: recipe 12"
    listed = client.get("/alarms", params={"verdict": "intended_change"}).json()["alarms"]
    assert [one["id"] for one in listed] == numbers[::-1]
    rate = client.get("/alarms/figures").json()["by_equipment"][closed["equipment"]]
    assert (rate["false"], rate["true"], rate["unjudged"]) == (0, 0, 0)
    exported = client.get("/alarms/export", params={"verdict": "intended_change"}).content.decode("utf-8-sig")
    assert [one["verdict"] for one in csv.DictReader(io.StringIO(exported))] == ["intended_change"] * 2


def test_the_list_is_filtered_and_paged(client: TestClient, app: Parts) -> None:
    numbers = [raise_alarm(app) for _ in range(3)]
    client.post(f"/alarms/{numbers[0]}/close", json={"verdict": "false"})
    page = client.get("/alarms", params={"limit": 2}).json()
    assert [one["id"] for one in page["alarms"]] == numbers[:0:-1]
    after = client.get("/alarms", params={"limit": 2, "before": page["next"]}).json()
    assert after["alarms"][0]["id"] == numbers[0]
    closed = client.get("/alarms", params={"state": "closed", "equipment": after["alarms"][0]["equipment"]}).json()
    assert [one["id"] for one in closed["alarms"]] == [numbers[0]]
    assert client.get("/alarms", params={"since": "2999-01-01"}).json()["alarms"] == []
    assert page["counts"]["active"] >= 2


def test_titles_are_in_the_readers_language(client: TestClient, alarm: int) -> None:
    found = client.get(f"/alarms/{alarm}", headers={"Accept-Language": "ko"}).json()
    assert found["title"] == f"{found['equipment']} · flow 높음"


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/alarms/999999/acknowledge", {}, 404, "not_found", "alarm"),
        ("/alarms/x/acknowledge", {}, 422, "bad_input", "alarm"),
        ("/alarms/1/close", {"verdict": "maybe"}, 422, "bad_input", "verdict"),
        ("/alarms/1/shelve", {"minutes": 0}, 422, "bad_input", "minutes"),
        ("/alarms/channels", {"name": "a", "kind": "mail", "target": "a\nb@c"}, 422, "bad_input", "target"),
        ("/alarms/channels", {"name": "a", "kind": "webhook", "target": "ftp://a/"}, 422, "bad_input", "target"),
        (
            "/alarms/channels",
            {"name": "a", "kind": "webhook", "target": "http://10.0.0.1/"},
            422,
            "bad_input",
            "target",
        ),
        ("/alarms/channels/none/test", {}, 404, "not_found", "name"),
        ("/alarms/dead-letters/none/send-again", {}, 404, "not_found", "message"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_shape(
    client: TestClient, assert_error: Callable[..., Any], alarm: int, path: str, body: Any, status: int, code: str,
    field: str,
) -> None:  # fmt: skip
    assert_error(client.post(path, json=body), status, code, field)


def test_a_closed_alarm_cannot_be_shelved(client: TestClient, assert_error: Callable[..., Any], alarm: int) -> None:
    client.post(f"/alarms/{alarm}/close", json={"verdict": "true"})
    assert_error(client.post(f"/alarms/{alarm}/shelve", json={}), 422, "bad_input", "alarm")


def test_figures_count_verdicts_per_productive_hour(client: TestClient, app: Parts) -> None:
    with app.alarms.desk.changing() as book:
        app.alarms.sink.scored(book.connection, block([1.0] * 3601, equipment="HOUR"))
        app.alarms.sink.scored(book.connection, block([20.0] * 3, 3601, equipment="HOUR"))
    found = client.get("/alarms", params={"equipment": "HOUR"}).json()["alarms"][0]["id"]
    client.post(f"/alarms/{found}/close", json={"verdict": "false"})
    rate = client.get("/alarms/figures").json()["by_equipment"]["HOUR"]
    assert (rate["false"], rate["true"], rate["unjudged"]) == (1, 0, 0)
    assert rate["hours"] == pytest.approx(3603 / 3600)
    assert rate["per_hour"] == pytest.approx(3600 / 3603)


def test_the_export_holds_verdicts_and_runs_no_formula(client: TestClient, app: Parts) -> None:
    number = raise_alarm(app)
    client.post(f"/alarms/{number}/close", json={"verdict": "true", "note": "=1+1"})
    text = client.get("/alarms/export").content.decode("utf-8-sig")
    row = next(one for one in csv.DictReader(io.StringIO(text)) if one["id"] == str(number))
    assert (row["verdict"], row["note"]) == ("true", "'=1+1")


def test_a_channel_is_made_tested_and_removed_and_its_secret_is_shown_once(client: TestClient) -> None:
    with WebhookReceiver() as receiver:
        made = client.post(
            "/alarms/channels",
            json={"name": "mes", "kind": "webhook", "target": receiver.url + "?key=hunter2", "language": "ko"},
        )
        assert made.status_code == 201, made.text
        assert made.json()["secret"].startswith("whsec_")
        listed = client.get("/alarms/channels").text
        assert made.json()["secret"] not in listed
        assert "hunter2" not in listed
        message = client.post("/alarms/channels/mes/test").json()["message"]
        headers, body = wait_for(lambda: receiver.taken)[0]
        assert headers["webhook-id"] == message
        assert json.loads(body)["data"]["text"] == "waferwatch 시험 메시지: mes"
        receiver.always = 410
        client.post("/alarms/channels/mes/test")
        (dead,) = wait_for(lambda: client.get("/alarms/dead-letters").json()["messages"])
        assert dead["failure"] == "HTTP 410"
        again = f"/alarms/dead-letters/{dead['message']}/send-again"
        assert client.post(again).status_code == 422, "the channel is off"
        receiver.always = 204
        assert client.patch("/alarms/channels/mes", json={"enabled": True}).json()["enabled"]
        assert client.post(again).status_code == 202
        wait_for(lambda: not client.get("/alarms/dead-letters").json()["messages"])
    assert client.delete("/alarms/channels/mes").status_code == 204
    assert client.get("/alarms/channels").json()["channels"] == []
    acts = [one["action"] for one in client.get("/audit").json()["entries"]]
    assert {"add channel", "test channel", "send message again", "delete channel"} <= set(acts)


def test_metrics_count_alarms_and_messages(client: TestClient, alarm: int) -> None:
    text = client.get("/metrics").text
    assert 'waferwatch_alarms{state="active"}' in text
    assert 'waferwatch_messages{state="waiting"} 0.0' in text


def test_a_browser_gets_the_page(client: TestClient) -> None:
    answer = client.get("/alarms", headers={"Accept": "text/html"}, follow_redirects=False)
    assert answer.headers["location"] == "/watch"


def test_the_command_line_works_on_the_same_alarms(
    client: TestClient, folder: Path, alarm: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(*words: str) -> dict[str, Any]:
        assert main(["alarms", *words, "--data-dir", str(folder), "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found

    assert run("list")["alarms"][0]["id"] == alarm
    assert run("acknowledge", str(alarm), "--note", "seen")["state"] == "acknowledged"
    assert run("shelve", str(alarm), "--minutes", "5")["shelved_until"]
    assert run("close", str(alarm), "false")["verdict"] == "false"
    assert [one["action"] for one in run("show", str(alarm))["audit"]][-1] == "closed"
    assert run("export", str(tmp_path / "a.csv"))["output"] == str(tmp_path / "a.csv")
    assert client.get(f"/alarms/{alarm}").json()["state"] == "closed"
    assert run("channels", "add", "fdc", "fdc@fab.example")["kind"] == "mail"
    assert run("channels", "off", "fdc")["enabled"] is False
    assert run("channels", "list")["channels"][0]["name"] == "fdc"
    run("channels", "remove", "fdc")
    assert main(["alarms", "show", "999999", "--data-dir", str(folder)]) == 2


def test_a_mail_about_wafers_is_possible_over_the_same_desk(app: Parts, client: TestClient) -> None:
    with app.alarms.desk.changing() as book:
        app.alarms.sink.finished(book.connection, wafer(100))
    found = client.get("/alarms", params={"equipment": "ETCH01"}).json()["alarms"][0]
    assert (found["kind"], found["lot"], found["wafer"], found["wafers"]) == ("wafer", "L1", "1", 1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Parts]]:
    """A real server: streams need one."""
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("served"), posts_per_minute=0))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", app.state.parts
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "open streams do not keep the server from stopping"


def test_the_stream_tells_of_changes_and_resumes_behind_the_last_one(served: tuple[str, Parts]) -> None:
    url, app = served
    seen = list(_events(url, app, {}, 3))
    assert [name for _, name, _ in seen] == ["ready", "change", "change"]
    assert seen[1][2]["alarm"]["state"] == "active"
    for _ in range(3):
        raise_alarm(app)
    again = list(_events(url, None, {"Last-Event-ID": str(seen[1][0])}, 5))
    assert [number for number, _, _ in again] == list(range(seen[1][0], seen[1][0] + 5))


def test_a_client_that_is_far_behind_reads_the_list_again(served: tuple[str, Parts]) -> None:
    url, app = served
    number = raise_alarm(app)
    with app.alarms.desk.changing() as book:
        book.connection.executemany(
            "INSERT INTO alarm_changes (alarm, at, user, action, before, after, note)"
            " VALUES (?, '', 'system', 'worsened', 'active', 'active', '')",
            [(number,)] * 1001,
        )
    wait_for(lambda: app.alarms.newest.change() > 1000)
    events = list(_events(url, None, {"Last-Event-ID": "1"}, 2))
    assert [name for _, name, _ in events] == ["ready", "resync"]


def _events(
    url: str, app: Parts | None, headers: dict[str, str], count: int
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Events of the stream; after the first one alarms are raised in ``app``."""
    with httpx.Client(timeout=20) as client, client.stream("GET", url + "/alarms/stream", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line and name:
                event[name] = value
            elif event:
                yield int(event["id"]), event["event"], json.loads(event["data"])
                event, count = {}, count - 1
                if count == 0:
                    return
                if app is not None:
                    raise_alarm(app)
