"""Answers that are kept are those that would be computed: whatever changes them makes them anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app
from waferwatch.web.pages.runs import api as runs
from waferwatch.web.shell.kept import KeptAnswers

QUICK = "squared_difference"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("data"), posts_per_minute=0))
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.fixture
def uploaded(client: TestClient) -> str:
    lines = (f"{at},E{at % 2},{9 if at in (500, 800) else at % 5},{at % 7}" for at in range(1000))
    text = "\n".join(("time,equipment,pressure,flow", *lines))
    return str(client.post("/datasets", files={"file": ("a.csv", text.encode(), "text/csv")}).json()["id"])


@pytest.fixture
def done(client: TestClient, uploaded: str) -> dict[str, Any]:
    answer = client.post("/detect", json={"dataset": uploaded, "detector": QUICK, "contamination": 0.01})
    return dict(answer.json())


def result(client: TestClient, run: str) -> dict[str, Any]:
    return dict(client.get(f"/runs/{run}/result").raise_for_status().json())


def test_an_answer_is_computed_once(client: TestClient, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[object] = []
    truly = runs.detect_answer
    monkeypatch.setattr(runs, "detect_answer", lambda *given: computed.append(given) or truly(*given))
    first = result(client, done["run"])
    assert first == result(client, done["run"]) == done
    assert len(computed) == 1


def test_it_is_sent_as_it_is_taken(client: TestClient, done: dict[str, Any]) -> None:
    address = f"/runs/{done['run']}/result"
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    for answer in (packed, plain):
        assert answer.headers["content-type"] == "application/json"
        assert "accept-encoding" in answer.headers["vary"].lower()


def test_a_moved_threshold_is_seen_at_once_and_when_it_is_moved_back(client: TestClient, done: dict[str, Any]) -> None:
    run, events = done["run"], f"/runs/{done['run']}/events/1"
    before = result(client, run)
    sights = {address: client.get(address).json() for address in (events, f"/runs/{run}/groups")}
    moved = client.post(f"/runs/{run}/threshold", json={"threshold": before["threshold"] / 2}).json()
    assert result(client, run) == moved != before
    assert moved["anomalies"] > before["anomalies"]
    for address, seen in sights.items():
        assert client.get(address).json() != seen
    back = client.post(f"/runs/{run}/threshold", json={"threshold": before["threshold"]}).json()
    assert result(client, run)["anomalies"] == back["anomalies"] == before["anomalies"]


def test_a_verdict_is_seen_at_once_in_the_result_and_among_similar_events(
    client: TestClient, done: dict[str, Any]
) -> None:
    run = done["run"]
    assert result(client, run)["events"][0]["verdict"] is None
    addresses = [f"/runs/{run}/events/{event['id']}" for event in done["events"]]
    before = [client.get(address).json() for address in addresses]
    verdict = {"verdict": "true_alarm", "note": "valve"}
    client.put(f"{addresses[0]}/verdict", json=verdict).raise_for_status()
    assert result(client, run)["events"][0]["note"] == "valve"
    after = [client.get(address).json() for address in addresses]
    assert after[0]["said"]["note"] == "valve"
    notes = [one["note"] for answer in after[1:] for one in answer["similar"]]
    assert "valve" in notes
    assert "valve" not in [one["note"] for answer in before[1:] for one in answer["similar"]]


def test_languages_have_answers_of_their_own(client: TestClient, done: dict[str, Any]) -> None:
    address = f"/runs/{done['run']}/result"
    english, korean = (client.get(address, headers={"Accept-Language": code}).json() for code in ("en", "ko"))
    assert english["figures"] != korean["figures"]
    assert english["anomalies"] == korean["anomalies"]


def test_changed_roles_are_seen_at_once(client: TestClient, uploaded: str) -> None:
    address = f"/datasets/{uploaded}/filters"
    assert "flow" in client.get(address).json()["sensors"]
    client.patch(f"/datasets/{uploaded}", json={"roles": {"flow": "ignored"}}).raise_for_status()
    assert "flow" not in client.get(address).json()["sensors"]


def test_what_was_deleted_is_not_answered(client: TestClient, done: dict[str, Any]) -> None:
    address = f"/runs/{done['run']}/result"
    assert client.get(address).status_code == 200
    client.delete(f"/datasets/{done['dataset']}")
    assert client.get(address).status_code == 404
    client.post(f"/datasets/{done['dataset']}/restore")
    assert client.get(address).status_code == 200
    client.delete(f"/runs/{done['run']}")
    assert client.get(address).status_code == 404


def test_an_answer_that_was_changed_while_it_was_made_is_not_kept() -> None:
    kept, state = KeptAnswers(), {"threshold": 1}

    def make() -> dict[str, int]:
        state["threshold"] += 1
        return dict(state)

    kept.make(lambda: state["threshold"], make)
    assert kept.find(1) is None
    assert kept.find(2) is None


def test_a_computation_that_fails_keeps_nothing() -> None:
    kept = KeptAnswers()
    with pytest.raises(ZeroDivisionError):
        kept.make(lambda: 1, lambda: 1 // 0)
    assert kept.find(1) is None


def test_what_is_short_does_not_wait_for_what_is_computed(
    client: TestClient, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    truly = runs.detect_answer

    def slow(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return truly(*given)

    monkeypatch.setattr(runs, "detect_answer", slow)
    address, korean = f"/runs/{done['run']}/result", {"headers": {"Accept-Language": "ko"}}
    others = [threading.Thread(target=client.get, args=(address,), kwargs=korean) for _ in range(12)]
    for other in others:
        other.start()
    assert begun.wait(60)
    for address in ("/runs", f"/runs/{done['run']}", "/datasets", f"/plot/pressure?dataset={done['dataset']}"):
        assert client.get(address).status_code == 200
    go_on.set()
    for other in others:
        other.join()
