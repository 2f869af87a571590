"""What the Watch page shows: chambers in groups, sources, alarms not confirmed by settled scores, the first page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.live.alarm_blocks import START, block
from tests.live.fab import PATIENCE_S, as_rows, live_frame, until
from waferwatch.live.alarms.titles import said
from waferwatch.live.database.connection import SENT, LiveDatabase
from waferwatch.read.table import Note
from waferwatch.settings import Settings
from waferwatch.web.app import create_app
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.watch import fleet
from waferwatch.web.pages.watch.fleet import tool_type
from waferwatch.web.shell.context import Parts

AFTER = 1000  # position of the first row of an alarm, and its seconds since START
FLEET = ("CVD-2", "ETCH01-PM1", "ETCH01-PM2", "ETCH02-PM1", "식각-1", "7")


@pytest.fixture
def client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(fleet, "KEPT_S", 0.0)
    monkeypatch.setattr(fleet, "KEPT_TIMES", 0)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.fixture
def app(client: TestClient) -> Parts:
    found: Parts = client.app.state.parts  # type: ignore[attr-defined]
    return found


def send(client: TestClient, *equipment: str, source: str = "line") -> None:
    rows = [json.dumps({"equipment": one, "time": "2026-01-05T08:00:00", "pressure_mTorr": 5.0}) for one in equipment]
    assert client.post(f"/live/{source}/rows", content="\n".join(rows)).status_code == 202


def chambers(client: TestClient, **query: str | int) -> dict[str, Any]:
    answer = client.get("/watch/chambers", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def raise_alarm(app: Parts, equipment: str) -> int:
    """By three rows behind every row that was sent."""
    with app.alarms.desk.changing() as book:
        app.alarms.sink.scored(book.connection, block([20.0] * 3, AFTER, equipment=equipment))
        return int(book.connection.execute("SELECT max(id) FROM alarms").fetchone()[0])


@pytest.mark.parametrize(
    ("name", "kind"), [("ETCH01-PM2", "ETCH"), ("etch-7", "ETCH"), ("식각-1", "식각"), ("7", ""), (" CVD_2", "CVD")]
)
def test_the_type_of_a_tool_is_what_its_name_begins_with(name: str, kind: str) -> None:
    assert tool_type(name) == kind


def test_chambers_are_grouped_with_counts_and_the_worst_group_is_first(client: TestClient, app: Parts) -> None:
    send(client, *FLEET, source="fab-a")
    raise_alarm(app, "ETCH02-PM1")
    found = chambers(client)
    etch, *others = found["groups"]
    assert (etch["name"], etch["total"], etch["counts"]) == ("ETCH", 3, {"alarm": 1, "no_monitor": 2})
    assert [one["name"] for one in others] == ["", "CVD", "식각"]
    assert etch["chambers"][0]["equipment"] == "ETCH02-PM1", "the worst first"
    assert [one["alarms"] for one in etch["chambers"]] == [1, 0, 0]
    assert etch["names"] == [["fab-a", "ETCH01-PM1"], ["fab-a", "ETCH01-PM2"], ["fab-a", "ETCH02-PM1"]]
    assert len(etch["cells"]) == 3
    assert etch["cells"][:2] == "oo"
    assert etch["cells"][2] in "SCW"
    assert (found["total"], found["shown"]) == (6, 6)


def test_a_group_a_state_or_a_name_is_asked_for_alone(client: TestClient, app: Parts) -> None:
    send(client, *FLEET, source="fab-a")
    send(client, "CVD-9", source="line 3")
    raise_alarm(app, "ETCH02-PM1")
    assert [one["name"] for one in chambers(client, area="CVD")["groups"]] == ["CVD"]
    assert [one["total"] for one in chambers(client, state="alarm")["groups"]] == [1]
    assert chambers(client, find="pm1")["shown"] == 2
    assert {one["name"] for one in chambers(client, group="source")["groups"]} == {"fab-a", "line 3"}
    assert client.get("/watch/chambers?state=nothing").status_code == 422


def test_of_a_large_group_the_worst_come_in_full_and_names_only_once(client: TestClient) -> None:
    send(client, *(f"ETCH{number:02d}" for number in range(30)))
    group = chambers(client, limit=8)["groups"][0]
    assert (len(group["chambers"]), len(group["cells"]), group["total"]) == (8, 30, 30)
    again = chambers(client, limit=8, known=f"x,{group['digest']}")["groups"][0]
    assert again["names"] is None
    send(client, "ETCH77")
    assert chambers(client, known=group["digest"])["groups"][0]["names"] is not None


def test_pages_share_one_look_at_the_fleet(client: TestClient, app: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    send(client, "ETCH01")
    monkeypatch.setattr(fleet, "KEPT_S", 60.0)
    assert chambers(client)["total"] == 1
    send(client, "ETCH02")
    assert chambers(client)["total"] == 1, "made a moment ago"
    korean = client.get("/watch/chambers", headers={"Accept-Language": "ko"}).json()
    assert korean["total"] == 2, "in another language it is another one"


def test_an_alarm_waits_for_the_settled_score_and_is_confirmed_or_denied_by_it(
    client: TestClient, app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "KEPT_S", 0.0)
    monkeypatch.setattr(fleet, "KEPT_TIMES", 0)
    equipment = str(live_frame(1)["equipment"][0])
    rows = [one for one in as_rows(live_frame(20)) if one.equipment == equipment][:6]
    shift = int((START + np.timedelta64(AFTER, "s")).astype("datetime64[ns]").astype(int)) - rows[0].time
    body = [
        json.dumps({"equipment": equipment, "time": (row.time + shift) / 1e9, "sensors": dict(row.readings)})
        for row in rows
    ]
    assert client.post("/live/fab-a/rows?monitor=etch", content="\n".join(body)).status_code == 202
    until(lambda: chambers(client)["waiting"] == 0, "early scores")
    number = raise_alarm(app, equipment)
    database = app.live.parts.database

    def settle(score: float | None) -> dict[str, str]:
        with database.writing() as connection:
            connection.execute("UPDATE live_scores SET settled = ?", (score,))
        found: dict[str, str] = chambers(client)["unconfirmed"]
        return found

    app.live.parts.workers.stop(PATIENCE_S)  # from here on nothing but this test writes scores
    assert settle(None) == {str(number): "waiting"}
    assert settle(0.1) == {str(number): "denied"}
    assert settle(1e6) == {}
    client.post(f"/alarms/{number}/close", json={"verdict": "false"})
    assert settle(None) == {}


def test_sources_say_when_they_sent_last_and_folders_what_became_of_their_files(client: TestClient, app: Parts) -> None:
    send(client, "ETCH01", "ETCH02", source="line 3")
    kept = [
        ("/drop", "a.csv", 9, 1, "processed", 40, "", time.time()),
        ("/drop", "b.csv", 9, 1, "failed", 0, "no rows", time.time()),
        ("/drop", "c.txt", 0, 1, "skipped", 0, "it is empty", time.time()),
    ]
    keep = "INSERT INTO live_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    with app.live.parts.database.writing() as connection:
        connection.executemany(keep, kept)
    handed = LiveDatabase(app.live.parts.database.path.with_name(SENT))  # by a command next to the server
    with handed.writing() as connection:
        connection.execute(keep, ("/share", *kept[0][1:]))
    found = client.get("/watch/sources").json()
    (source,) = found["sources"]
    assert (source["name"], source["chambers"], source["rows"], source["silent"]) == ("line 3", 2, 2, False)
    assert (source["kind"], source["connected"], source["reason"]) == ("pushed", None, None)
    folder, share = found["folders"]
    assert (share["folder"], share["processed"], share["failures"]) == ("/share", 1, [])
    handed.close()
    assert (folder["processed"], folder["failed"], folder["skipped"]) == (1, 1, 1)
    assert [(one["file"], one["reason"]) for one in folder["failures"]] == [("b.csv", "no rows")]


def test_a_source_that_cannot_connect_says_why_and_a_replay_how_far_it_is(settings: Settings, tmp_path: Path) -> None:
    listed = tmp_path / "sources.toml"
    listed.write_text(f'[[sources]]\nkind = "folder"\nname = "drop"\nfolder = "{tmp_path / "nowhere"}"\n')
    named = settings.model_copy(update={"live_sources": str(listed)})
    with TestClient(create_app(named), base_url="http://127.0.0.1") as client:
        client.post("/live/replays", json={"dataset": "demo", "source": "demo", "speed": 0.001})
        until(lambda: len(client.get("/watch/sources").json()["sources"]) == 2, "both sources")
        drop, demo = client.get("/watch/sources").json()["sources"]
    assert (drop["name"], drop["connected"], drop["lag_s"]) == ("drop", False, None)
    assert "nowhere" in drop["reason"]
    assert (demo["kind"], demo["replay"]["state"]) == ("replay", "running")


def first_page(client: TestClient) -> tuple[int, str]:
    answer = client.get("/", follow_redirects=False)
    return answer.status_code, answer.headers.get("location", "")


def test_the_first_page_is_watch_while_live_rows_come_or_an_alarm_waits(client: TestClient, app: Parts) -> None:
    assert first_page(client)[0] == 200, "problems, without a live source"
    send(client, "ETCH01", source="fab-a")
    assert first_page(client) == (303, "/watch")
    assert client.get("/?sort=time", follow_redirects=False).status_code == 200, "an address of problems stays one"
    assert 'href="/problems"' in client.get("/watch").text.split("<main")[1], "it says where problems are"
    with app.live.parts.database.writing() as connection:
        connection.execute("UPDATE live_equipment SET received = received - 90000")
    assert first_page(client)[0] == 200, "nothing has come for a day"
    raise_alarm(app, "ETCH01")
    assert first_page(client) == (303, "/watch")


def test_the_navigation_counts_alarms_that_nobody_has_acknowledged(client: TestClient, app: Parts) -> None:
    send(client, "ETCH01", source="fab-a")
    assert 'data-unread="0"' in client.get("/data").text
    number = raise_alarm(app, "ETCH01")
    assert 'data-unread="1"' in client.get("/data").text
    client.post(f"/alarms/{number}/acknowledge", json={})
    assert 'data-unread="0"' in client.get("/data").text


def test_a_wall_is_an_address(client: TestClient) -> None:
    assert '<html lang="en" class="wall">' in client.get("/watch?wall=1").text
    assert 'class="wall"' not in client.get("/watch?area=ETCH&state=alarm").text


def test_the_reason_of_an_alarm_names_the_statistic_in_the_language_of_the_page() -> None:
    values = {"sensor": "rf_W", "step": "etch", "statistic": "min", "change": "-40%", "count": 2}
    reason = Note("{sensor} in {step}: {statistic} {change}, wafers in a row: {count}", values)
    assert said(reason, str) == "rf_W in etch: lowest -40%, wafers in a row: 2"
    assert "최솟값" in said(reason, Translator("ko"))
