"""Runs over HTTP: start, follow, cancel, read, repeat, move the threshold, delete."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

QUICK, SENSORS = "squared_difference", ["pressure_mTorr", "rf_forward_W"]
AssertError = Callable[..., dict[str, Any]]


def start(client: TestClient, **body: Any) -> dict[str, Any]:
    """A run on the demo, of few sensors: it is done in less time than one of all."""
    answer = client.post("/runs", json={"detector": QUICK, "features": SENSORS, **body})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def ended(client: TestClient, run: dict[str, Any]) -> dict[str, Any]:
    limit = time.monotonic() + 60
    while run["state"] in ("queued", "running"):
        assert time.monotonic() < limit
        time.sleep(0.02)
        run = client.get(f"/runs/{run['id']}").json()
    return run


@pytest.fixture
def done(client: TestClient) -> dict[str, Any]:
    return ended(client, start(client, contamination=0.02))


def test_a_run_is_started_followed_and_read(client: TestClient) -> None:
    run = start(client, contamination=0.031)
    assert run["state"] in ("queued", "running", "done")
    assert run["user"] == "local"
    run = ended(client, run)
    assert run["state"] == "done"
    assert run["progress"] == 1
    assert run["error"] is None
    answer = client.get(f"/runs/{run['id']}/result").json()
    assert answer["run"] == run["id"]
    assert answer["anomalies"] == run["summary"]["anomalies"]
    assert answer["options"]["contamination"] == 0.031
    assert client.get("/runs").json()["runs"][0]["id"] == run["id"]


def test_the_list_is_filtered_and_paged(client: TestClient, done: dict[str, Any]) -> None:
    assert all(run["dataset"] == "demo" for run in client.get("/runs?dataset=demo").json()["runs"])
    assert client.get("/runs?dataset=0123456789abcdef").json()["runs"] == []
    first, second = (client.get(f"/runs?limit=1&skip={skip}").json()["runs"] for skip in (0, 1))
    assert len(first) == 1
    assert first != second


def test_only_the_chosen_rows_are_judged(client: TestClient) -> None:
    run = ended(client, start(client, filters={"equipment": ["ETCH-01", "ETCH-03"]}, contamination=0.02))
    answer = client.get(f"/runs/{run['id']}/result").json()
    assert {event["equipment"] for event in answer["events"]} == {"ETCH-01", "ETCH-03"}
    assert 0 < answer["judged"] < answer["rows"] == 20_000


def test_a_reference_period_is_taken_as_normal(client: TestClient) -> None:
    period = {"reference_start": "2026-01-05T08:00:00", "reference_end": "2026-01-05T08:40:00"}
    run = ended(client, start(client, **period))
    assert run["state"] == "done"
    assert run["options"]["reference_end"] == period["reference_end"]


def test_a_number_of_false_alarms_sets_the_threshold(client: TestClient) -> None:
    run = ended(client, start(client, false_alarms=5000, reference_rows=2000))
    assert run["options"]["false_alarms"] == 5000
    assert run["summary"]["threshold_by"] == "false_alarms"
    answer = client.get(f"/runs/{run['id']}/result").json()
    promise = answer["promise"]
    assert promise["asked_per_week"] == 5000
    assert promise["kept"]
    assert promise["events"] <= 5000 / 168 * promise["hours"]
    assert run["summary"]["promise"] == promise
    assert answer["headline"]["promise"].startswith("Threshold by the number of false alarms. Events above it in ")
    body = {"threshold": answer["threshold"] + 1}
    moved = client.post(f"/runs/{run['id']}/threshold", json=body).json()
    assert moved["threshold_by"] == "hand"
    assert moved["promise"] is None
    assert moved["headline"]["promise"] == "Threshold set by hand."
    assert client.get(f"/runs/{run['id']}").json()["summary"]["threshold_by"] == "hand"


def test_the_threshold_is_automatic_unless_something_else_is_asked_for(client: TestClient) -> None:
    run = ended(client, start(client))
    assert (run["options"]["threshold"], run["options"]["contamination"], run["options"]["false_alarms"]) == (None,) * 3
    answer = client.get(f"/runs/{run['id']}/result").json()
    assert answer["threshold_by"] == "auto"
    assert answer["promise"]["rows"] > 1000
    assert answer["headline"]["promise"].startswith("Automatic threshold. Events above it in ")
    assert run["summary"]["threshold"] == answer["threshold"]


def test_the_threshold_may_be_a_score(client: TestClient) -> None:
    run = ended(client, start(client, threshold=2.5))
    answer = client.get(f"/runs/{run['id']}/result").json()
    assert (answer["threshold"], answer["threshold_by"]) == (2.5, "hand")
    assert answer["promise"]["events"] >= 0


def test_false_alarms_that_cannot_be_promised_leave_the_automatic_threshold_and_that_is_said(
    client: TestClient,
) -> None:
    body = {
        "detector": QUICK,
        "false_alarms": 1,
        "reference_end": "2026-01-05T08:30:00",
        "filters": {"equipment": ["ETCH-02"]},
    }
    answer = client.post("/detect", json=body).json()
    assert not answer["promise"]["kept"]
    assert "cannot be promised" in answer["headline"]["promise"]
    assert answer["headline"]["promise"] in answer["notes"]
    score = answer["figures"]["score"]["layout"]
    assert score["meta"]["range"][1] >= answer["threshold"]
    assert score["shapes"], "the threshold is drawn even above every score"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"false_alarms": 1, "contamination": 0.1}, "More than one way"),
        ({"false_alarms": 1, "kind": "injection"}, "The injected-fault test sets its own threshold"),
        ({"false_alarms": 0, "reference_rows": 2000}, "false_alarms"),
        ({"false_alarms": "1", "reference_rows": 2000}, "false_alarms"),
    ],
)
def test_a_number_of_false_alarms_that_cannot_be_kept_is_refused_at_once(
    client: TestClient, assert_error: AssertError, body: dict[str, Any], message: str
) -> None:
    answer = client.post("/runs", json={"detector": QUICK, **body})
    assert message in assert_error(answer, 422, "bad_input", "false_alarms")["message"]


def test_a_moved_threshold_is_kept(client: TestClient) -> None:
    run = ended(client, start(client, contamination=0.041))
    before = client.get(f"/runs/{run['id']}/result").json()
    moved = client.post(f"/runs/{run['id']}/threshold", json={"threshold": before["threshold"] + 1}).json()
    assert moved["threshold"] == before["threshold"] + 1
    assert moved["anomalies"] < before["anomalies"]
    after = client.get(f"/runs/{run['id']}/result").json()
    assert after == moved
    assert client.get(f"/runs/{run['id']}").json()["summary"]["anomalies"] == moved["anomalies"]


def test_a_moved_threshold_does_not_answer_the_question_asked_before(client: TestClient) -> None:
    body = {"detector": QUICK, "contamination": 0.043}
    first = client.post("/detect", json=body).json()
    client.post(f"/runs/{first['run']}/threshold", json={"threshold": first["threshold"] + 1})
    again = client.post("/detect", json=body).json()
    assert again["anomalies"] == first["anomalies"]
    assert again["threshold"] == first["threshold"]
    assert again["run"] != first["run"]


def test_the_same_settings_are_asked_of_other_data(client: TestClient, uploaded: str) -> None:
    done = ended(client, start(client, contamination=0.02, features=None))
    answer = client.post(f"/runs/{done['id']}/repeat", json={"dataset": uploaded})
    assert answer.status_code == 202
    run = ended(client, answer.json())
    assert run["dataset"] == uploaded
    assert run["options"]["contamination"] == done["options"]["contamination"]
    assert run["summary"]["rows"] == 800


def test_correlations_of_normal_and_flagged_rows_and_their_difference(client: TestClient, done: dict[str, Any]) -> None:
    matrices = {
        rows: client.get(f"/runs/{done['id']}/correlation?rows={rows}").json()["data"][0]["z"]
        for rows in ("normal", "anomalous", "difference")
    }
    assert matrices["difference"][0][1] == pytest.approx(
        matrices["anomalous"][0][1] - matrices["normal"][0][1], abs=0.01
    )


def test_rows_can_be_chosen_by_the_columns_that_tell_where_they_stand(client: TestClient) -> None:
    answer = client.get("/datasets/demo/filters").json()
    columns = {column["column"]: column for column in answer["columns"]}
    assert columns["equipment"]["values"] == ["ETCH-01", "ETCH-02", "ETCH-03"]
    assert "pressure_mTorr" in answer["sensors"]
    assert answer["first"].startswith("2026-01-05T08:00:00")


def test_a_deleted_run_is_gone(client: TestClient, assert_error: AssertError) -> None:
    run = ended(client, start(client, contamination=0.051))
    assert client.delete(f"/runs/{run['id']}").status_code == 204
    for address in (f"/runs/{run['id']}", f"/runs/{run['id']}/result"):
        assert_error(client.get(address), 404, "not_found", "run")
    assert_error(client.delete(f"/runs/{run['id']}"), 404, "not_found", "run")


def test_a_failed_run_tells_why_in_the_reader_s_language(client: TestClient, assert_error: AssertError) -> None:
    run = ended(client, start(client, features=["none_such"]))
    assert run["state"] == "failed"
    assert "none_such" in run["error"]["message"]
    korean = client.get(f"/runs/{run['id']}", headers={"Accept-Language": "ko"}).json()
    assert "none_such" in korean["error"]["message"]
    assert korean["error"]["message"] != run["error"]["message"]
    assert_error(client.get(f"/runs/{run['id']}/result"), 404, "not_found", "features")


def test_cancel_stops_a_run_that_is_on_its_way(client: TestClient) -> None:
    run = start(client, detector="moment", contamination=0.0123)
    client.post(f"/runs/{run['id']}/cancel")
    run = ended(client, run)
    assert run["state"] == "cancelled"
    assert run["summary"] is None
    again = client.post(f"/runs/{run['id']}/cancel")
    assert again.status_code == 200
    assert again.json()["state"] == "cancelled"


BAD = [
    ({"kind": "dance"}, 422, "bad_input", "kind"),
    ({"detectors": ["none"]}, 404, "not_found", "detectors"),
    ({"filters": {"equipment": []}}, 422, "bad_input", "filters.equipment"),
    ({"filters": []}, 422, "bad_input", "filters"),
    ({"dataset": "../x"}, 404, "not_found", "dataset"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), BAD)
def test_a_run_that_cannot_be_is_refused_at_once(
    client: TestClient, assert_error: AssertError, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    assert_error(client.post("/runs", json=body), status, code, field)


@pytest.mark.parametrize("threshold", ["high", None, [1]])
def test_a_threshold_that_is_no_number_is_refused(
    client: TestClient, assert_error: AssertError, done: dict[str, Any], threshold: Any
) -> None:
    answer = client.post(f"/runs/{done['id']}/threshold", json={"threshold": threshold})
    assert_error(answer, 422, "bad_input", "threshold")
