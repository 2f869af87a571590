"""What the pages keep of problems: not made again while nothing changes, and never shown as it was before a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.commands.test_monitor_commands import fab_rows
from waferwatch.store.problems import known, problems
from waferwatch.web.pages.problems import view
from waferwatch.web.pages.problems.one import detail

PAGE = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture(scope="module")
def dataset(client: TestClient) -> Iterator[str]:
    content = fab_rows(30, leak=24).to_csv(index=False).encode()
    made = client.post("/datasets", files={"file": ("kept.csv", content)}).json()["id"]
    yield str(made)
    client.delete(f"/datasets/{made}")


@pytest.fixture(scope="module")
def run(client: TestClient, dataset: str) -> str:
    answer = client.post("/detect", json={"dataset": dataset, "detector": "squared_difference"})
    return str(answer.json()["run"])


@pytest.fixture(scope="module")
def problem(client: TestClient, run: str) -> str:
    return str(client.get(f"/runs/{run}/problems").json()["problems"][0]["name"])


@pytest.fixture
def listed(client: TestClient, run: str) -> Callable[[], str]:
    return lambda: str(client.get(f"/problems?run={run}", headers=PAGE).text)


def forbidden(*_: object) -> Any:
    raise AssertionError("made again")


def test_the_list_and_the_pictures_are_made_once(
    client: TestClient, run: str, problem: str, listed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listed(), client.get(f"/problems/{problem}?run={run}", headers=PAGE).text
    monkeypatch.setattr(view, "_made", forbidden)
    monkeypatch.setattr(detail, "trend_picture", forbidden)
    assert before == (listed(), client.get(f"/problems/{problem}?run={run}", headers=PAGE).text)
    narrower = client.get(f"/problems?run={run}&chamber=PM2", headers=PAGE)
    korean = client.get(f"/problems/{problem}?run={run}", headers=PAGE | {"Accept-Language": "ko"})
    assert {narrower.status_code, korean.status_code} == {500}, "another part or language is made for itself"


def test_what_is_said_of_a_problem_is_on_the_list_at_once(
    client: TestClient, problem: str, listed: Callable[[], str]
) -> None:
    listed()
    client.post(f"/problems/{problem}/acknowledge", json={})
    assert "acknowledged · local" in listed()
    client.put(f"/problems/{problem}/verdict", json={"verdict": "false_alarm", "note": "a gauge"})
    assert "a gauge" in listed()
    client.put(f"/problems/{problem}/verdict", json={"verdict": "false_alarm", "note": "a new gauge"})
    assert "a new gauge" in listed()
    client.put(f"/problems/{problem}/verdict", json={"verdict": None})
    assert "a new gauge" not in listed()


def test_a_mark_shows_on_the_list_at_once_and_goes_at_once(
    client: TestClient, dataset: str, run: str, problem: str, listed: Callable[[], str]
) -> None:
    one = client.get(f"/runs/{run}/problems").json()["problems"][0]
    assert 'data-mark="kept"' not in listed()
    mark = {"kind": "change", "start": one["first_seen"], "end": one["first_seen"], "equipment": one["equipment"]}
    made = client.post(f"/datasets/{dataset}/marks", json=mark | {"wafers": []})
    assert made.status_code == 201, made.text
    assert 'data-mark="kept"' in listed()
    client.delete(f"/datasets/{dataset}/marks/{made.json()['id']}")
    assert 'data-mark="kept"' not in listed()


def test_a_problem_comes_back_to_the_list_when_its_time_is_over(
    client: TestClient, problem: str, listed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(f"/problems/{problem}/shelve", json={"hours": 1})
    assert "shelved: 1" in listed()
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="microseconds")
    for module in (known, problems):
        monkeypatch.setattr(module, "now", lambda: later)
    assert "shelved: 1" not in listed()
    monkeypatch.undo()
    client.post(f"/problems/{problem}/unshelve", json={})


def test_what_another_check_finds_or_a_moved_threshold_changes_is_on_the_list_at_once(
    client: TestClient, dataset: str, run: str, listed: Callable[[], str]
) -> None:
    before = listed()
    other = client.post("/detect", json={"dataset": dataset, "detector": "moving_variance", "contamination": 0.1})
    assert other.status_code == 200
    assert "contamination" not in before
    threshold = client.get(f"/runs/{run}/result").json()["threshold"]
    client.post(f"/runs/{run}/threshold", json={"threshold": threshold * 1.5})
    moved = listed()
    assert moved != before
    assert f"{threshold * 1.5:.3g}"[:3] in moved


def test_what_stands_on_every_page_is_that_of_now(client: TestClient, listed: Callable[[], str]) -> None:
    assert "another.csv" not in listed()
    made = client.post("/datasets", files={"file": ("another.csv", fab_rows(2).to_csv(index=False).encode())}).json()
    assert "another.csv" in listed()
    client.delete(f"/datasets/{made['id']}")
    assert "another.csv" not in listed()


def test_a_kept_page_is_sent_plain_to_whoever_takes_nothing_else(
    client: TestClient, run: str, listed: Callable[[], str]
) -> None:
    packed = client.get(f"/problems?run={run}", headers=PAGE)
    plain = client.get(f"/problems?run={run}", headers=PAGE | {"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.text == packed.text
    for answer in (packed, plain):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_check_whose_data_were_deleted_is_said_though_its_page_was_kept(client: TestClient) -> None:
    content = fab_rows(30, seed=5, leak=24).to_csv(index=False).encode()
    made = client.post("/datasets", files={"file": ("gone.csv", content)}).json()["id"]
    run = client.post("/detect", json={"dataset": made, "detector": "squared_difference"}).json()["run"]
    assert client.get(f"/problems?run={run}", headers=PAGE).status_code == 200
    client.delete(f"/datasets/{made}")
    assert client.get(f"/problems?run={run}", headers=PAGE).status_code in (200, 404)
    client.delete(f"/runs/{run}")
    assert client.get(f"/problems?run={run}", headers=PAGE).status_code == 404
