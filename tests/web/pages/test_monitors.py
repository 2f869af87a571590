"""Monitors over HTTP: learnt as a job, used by /detect without learning, kept true, carried elsewhere."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from tests.commands.test_monitor_commands import fab_rows
from waferwatch.jobs.monitors.judged import judged_tables, rate_of_version
from waferwatch.monitors.golden.verdicts import alarm_rate

QUICK = "moving_variance"
_PATIENCE_S = 60.0
GOLDEN = fab_rows(30).to_csv(index=False).encode()
TODAY = fab_rows(12, first=60, seed=2, leak=65).to_csv(index=False).encode()
AFTER = fab_rows(12, first=100, seed=3, pressure=0.2).to_csv(index=False).encode()


def ended(client: TestClient, answer: Any) -> dict[str, Any]:
    """The job of an answer, when it has ended."""
    assert answer.status_code == 202, answer.text
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        run: dict[str, Any] = client.get(f"/runs/{answer.json()['id']}").json()
        if run["state"] not in ("queued", "running"):
            return run
        time.sleep(0.02)
    raise AssertionError("the job did not end")


@pytest.fixture(scope="module")
def data(client: TestClient) -> Iterator[dict[str, str]]:
    """Ids of three uploads."""
    files = {"golden": GOLDEN, "today": TODAY, "after": AFTER}
    ids = {
        name: client.post("/datasets", files={"file": (f"{name}.csv", content)}).json()["id"]
        for name, content in files.items()
    }
    yield ids
    for one in ids.values():
        client.delete(f"/datasets/{one}")


@pytest.fixture
def etch(client: TestClient, data: dict[str, str]) -> Iterator[str]:
    """Name of a monitor that was learnt from the golden upload."""
    body = {"name": "식각-1", "dataset": data["golden"], "detector": "statistical"}
    run = ended(client, client.post("/monitors", json=body))
    assert run["state"] == "done", run["error"]
    assert run["summary"] == {"monitor": "식각-1", "version": 1, "state": "in_use"}
    yield "식각-1"
    client.delete("/monitors/식각-1")


def test_a_monitor_scores_without_learning_and_the_answer_names_its_version(
    client: TestClient, etch: str, data: dict[str, str]
) -> None:
    version = client.get(f"/monitors/{etch}/versions/1").json()
    found = client.post("/detect", json={"dataset": data["today"], "monitor": etch}).json()
    assert found["monitor"] == f"{etch}@1"
    assert found["model_digest"] == version["model_digest"]
    assert found["detector"] == "statistical"
    assert {event["equipment"] for event in found["events"]} == {"PM2"}
    again = client.post("/detect", json={"dataset": data["today"], "monitor": f"{etch}@1"}).json()
    assert again["run"] == found["run"], "the same version on the same data is the same question"


def test_another_version_is_another_question(client: TestClient, etch: str, data: dict[str, str]) -> None:
    body = {"dataset": data["after"], "monitor": etch}
    first = client.post("/detect", json=body).json()
    assert first["events"] != []
    run = ended(client, client.post(f"/monitors/{etch}/rebase", json={"dataset": data["after"], "wafers": 10}))
    assert run["summary"] == {"monitor": etch, "version": 2, "state": "draft"}
    assert client.post("/detect", json=body).json()["run"] == first["run"], "a draft does not score yet"

    compared = client.post(f"/monitors/{etch}/compare", json={"dataset": data["after"], "old": 1, "new": 2}).json()
    assert compared["old"]["events"] == len(first["events"])
    assert compared["new"]["events"] == 0
    assert client.post(f"/monitors/{etch}/activate", json={"version": 2}).json()["in_use"] == 2
    second = client.post("/detect", json=body).json()
    assert (second["monitor"], second["events"]) == (f"{etch}@2", [])
    assert client.post(f"/monitors/{etch}/rollback").json()["in_use"] == 1
    assert client.post("/detect", json=body).json()["run"] == first["run"]


def test_the_detail_says_what_it_learnt_from_and_whether_it_still_fits(
    client: TestClient, etch: str, data: dict[str, str]
) -> None:
    before = client.get(f"/monitors/{etch}").json()
    assert (before["false_alarms"], before["drift"]) == (None, None)
    golden = before["versions"][0]["golden"]
    assert (golden["files"], golden["rows"]) == (["golden.csv"], 2 * 30 * 30)
    assert {(one["equipment"], one["recipe"], one["wafers"]) for one in golden["coverage"]} == {
        ("PM1", "POLY", 30),
        ("PM2", "POLY", 30),
    }
    assert before["sentences"][0] == "Automatic threshold."
    client.post("/detect", json={"dataset": data["after"], "monitor": etch})
    after = client.get(f"/monitors/{etch}").json()
    assert after["drift"]["fits"] == "no"
    assert after["drift"]["sensors"][0]["sensor"] == "pressure"
    assert after["false_alarms"]["unjudged"] > 0


def test_false_alarms_are_learnt_as_normal(
    client: TestClient, etch: str, data: dict[str, str], assert_error: Callable[..., dict[str, Any]]
) -> None:
    learn = f"/monitors/{etch}/learn-false-alarms"
    assert_error(client.post(learn), 422, "bad_input", "monitor")
    found = client.post("/detect", json={"dataset": data["today"], "monitor": etch}).json()
    for event in found["events"]:
        said = {"verdict": "false_alarm", "note": "new recipe"}
        assert client.put(f"/runs/{found['run']}/events/{event['id']}/verdict", json=said).status_code == 200
    assert client.get(f"/monitors/{etch}").json()["false_alarms"]["false"] == len(found["events"])
    run = ended(client, client.post(learn))
    assert run["state"] == "done", run["error"]
    version = client.get(f"/monitors/{etch}/versions/2").json()
    assert (version["origin"], version["before"], version["state"]) == ("widened", 1, "draft")
    assert version["golden"]["rows"] > 2 * 30 * 30
    assert version["golden"]["files"] == ["golden.csv", "today.csv"]


def test_rows_that_were_scored_twice_are_counted_once(client: TestClient, etch: str, data: dict[str, str]) -> None:
    body = {"dataset": data["today"], "monitor": etch}
    found = client.post("/detect", json=body).json()
    event = found["events"][0]["id"]
    client.put(f"/runs/{found['run']}/events/{event}/verdict", json={"verdict": "false_alarm", "note": ""})
    before = client.get(f"/monitors/{etch}").json()["false_alarms"]
    assert client.post("/detect", json=body | {"threshold": 0.9 * found["threshold"]}).json()["run"] != found["run"]
    after = client.get(f"/monitors/{etch}").json()["false_alarms"]
    assert (after["hours"], after["false"]) == (before["hours"], 1)


def test_false_alarms_are_counted_without_reading_the_data(
    client: TestClient, etch: str, data: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = client.post("/detect", json={"dataset": data["today"], "monitor": etch}).json()
    event = found["events"][0]["id"]
    client.put(f"/runs/{found['run']}/events/{event}/verdict", json={"verdict": "false_alarm", "note": ""})
    store = client.app.state.parts.store  # type: ignore[attr-defined]
    monitor = store.monitors.get(etch)
    by_data = alarm_rate(judged_tables(store, monitor, 1))

    def never(*_: object) -> None:
        raise AssertionError("a table was read")

    monkeypatch.setattr(store.datasets, "table", never)
    counted = rate_of_version(store, monitor, 1)
    assert counted == by_data
    assert counted is not None
    assert counted.false == 1
    monkeypatch.undo()
    client.put(f"/runs/{found['run']}/events/{event}/verdict", json={"verdict": "intended_change", "note": ""})
    meant = rate_of_version(store, monitor, 1)
    assert meant is not None
    assert (meant.false, meant.true, meant.unjudged) == (0, 0, counted.unjudged)


def test_limits_of_a_monitor_are_listed_some_at_a_time_and_leave_as_a_file(client: TestClient, etch: str) -> None:
    first = client.get(f"/monitors/{etch}/limits?limit=10").json()
    second = client.get(f"/monitors/{etch}/limits?limit=10&skip=10").json()
    assert len(first["limits"]) == len(second["limits"]) == 10
    assert first["limits"] != second["limits"]
    one = client.get(f"/monitors/{etch}/limits?search=press&statistic=mean&equipment=PM1").json()
    assert {(each["sensor"], each["equipment"]) for each in one["limits"]} == {("pressure", "PM1")}
    assert one["total"] == len(one["steps"]) == 3
    assert all(each["lower"] < each["usual"] < each["upper"] for each in one["limits"])
    file = client.get(f"/monitors/{etch}/limits/export?format=csv")
    assert len(pd.read_csv(io.BytesIO(file.content))) == first["total"]


def test_golden_sets_are_listed_with_what_learnt_from_them(
    client: TestClient, etch: str, assert_error: Callable[..., dict[str, Any]]
) -> None:
    (one,) = [each for each in client.get("/golden-sets").json()["golden_sets"] if each["used_by"] == [f"{etch}@1"]]
    assert (one["wafers"], one["files"], one["left_out"]) == (60, ["golden.csv"], 0)
    whole = client.get(f"/golden-sets/{one['name']}/{one['version']}").json()
    assert [cell["enough"] for cell in whole["coverage"]] == [True, True]
    page = client.get("/golden-sets", headers={"Accept": "text/html"})
    assert f"{one['name']} v{one['version']}" in page.text
    assert_error(client.get(f"/golden-sets/{one['name']}/99"), 404, "not_found", "name")


def test_an_exported_version_gives_equal_scores_where_it_is_imported(
    client: TestClient, etch: str, data: dict[str, str]
) -> None:
    file = client.get(f"/monitors/{etch}/export")
    assert file.status_code == 200
    assert "-v1.waferwatch" in file.headers["content-disposition"]
    made = client.post("/monitors/import", params={"name": "copy"}, files={"file": ("x.waferwatch", file.content)})
    assert made.status_code == 201, made.text
    assert (made.json()["monitor"], made.json()["golden"]) == ("copy", None)
    here, there = (
        client.post("/detect", json={"dataset": data["today"], "monitor": one}).json() for one in (etch, "copy")
    )
    assert here["events"] == there["events"]
    assert client.delete("/monitors/copy").status_code == 204
    assert client.get("/monitors/copy").status_code == 404
    assert client.post("/monitors/copy/restore").json()["in_use"] == 1
    client.delete("/monitors/copy")


@pytest.mark.parametrize("cut", [0, 100, 1000])
def test_a_file_that_is_no_monitor_is_refused_by_its_name_and_leaves_nothing(
    client: TestClient, etch: str, cut: int, assert_error: Callable[..., dict[str, Any]]
) -> None:
    content = client.get(f"/monitors/{etch}/export").content[: -cut or None]
    if not cut:
        content = b"time,pressure\n1,2\n"
    error = assert_error(
        client.post("/monitors/import", files={"file": ("식각.waferwatch", content)}), 422, "bad_input", "file"
    )
    assert "식각.waferwatch" in error["message"]
    assert "/" not in error["message"], "no path of the server is shown"
    assert [one["name"] for one in client.get("/monitors").json()["monitors"]] == [etch]


def test_the_policy_of_a_monitor_sets_the_threshold_unless_another_is_asked_for(
    client: TestClient, etch: str, data: dict[str, str]
) -> None:
    body = {"dataset": data["today"], "monitor": etch}
    assert client.patch(f"/monitors/{etch}", json={"threshold": 2.5}).json()["policy"] == {"threshold": 2.5}
    assert client.post("/detect", json=body).json()["threshold"] == 2.5
    assert client.post("/detect", json={**body, "threshold": 4}).json()["threshold"] == 4
    assert client.patch(f"/monitors/{etch}", json={"threshold": "auto", "equipment": ["PM1"]}).json()["policy"] == {}
    found = client.post("/detect", json=body).json()
    assert found["threshold_by"] == "auto"
    assert (found["events"], found["chosen"]) == ([], found["rows"] // 2), "only what is watched is scored"
    assert client.patch(f"/monitors/{etch}", json={"equipment": "all"}).json()["equipment"] is None


@pytest.mark.parametrize(
    ("more", "status", "code", "field"),
    [
        ({"monitor": "none"}, 404, "not_found", "monitor"),
        ({"monitor": "식각-1@7"}, 404, "not_found", "monitor"),
        ({"monitor": "식각-1@x"}, 422, "bad_input", "monitor"),
        ({"monitor": "식각-1", "detector": QUICK}, 422, "bad_input", "detector"),
        ({"monitor": "식각-1", "features": ["flow"]}, 422, "bad_input", "features"),
        ({"monitor": "식각-1", "reference_rows": 5}, 422, "bad_input", "reference_rows"),
        ({"monitor": "식각-1", "dataset": None}, 422, "bad_input", "features"),
    ],
)
def test_a_detection_that_a_monitor_cannot_do_is_refused(
    client: TestClient,
    etch: str,
    data: dict[str, str],
    more: dict[str, Any],
    status: int,
    code: str,
    field: str,
    assert_error: Callable[..., dict[str, Any]],
) -> None:
    assert_error(client.post("/detect", json={"dataset": data["today"], **more}), status, code, field)


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/monitors", {"name": "a/b"}, 422, "bad_input", "name"),
        ("/monitors", {"name": "식각-1", "fresh": True}, 422, "bad_input", "name"),
        ("/monitors", {"name": "b", "dataset": "0" * 16}, 404, "not_found", "dataset"),
        ("/monitors", {"name": "b", "detector": "none"}, 404, "not_found", "detector"),
        ("/monitors", {"name": "b", "threshold": 3, "false_alarms": 1}, 422, "bad_input", "threshold"),
        ("/monitors/none/activate", {"version": 1}, 404, "not_found", "monitor"),
        ("/monitors/식각-1/activate", {"version": 9}, 404, "not_found", "monitor"),
        ("/monitors/식각-1/rollback", None, 422, "bad_input", "monitor"),
        ("/monitors/식각-1/compare", {"old": 1, "new": 9}, 404, "not_found", "monitor"),
        ("/monitors/none/rebase", {}, 404, "not_found", "monitor"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(
    client: TestClient,
    etch: str,
    path: str,
    body: dict[str, Any] | None,
    status: int,
    code: str,
    field: str,
    assert_error: Callable[..., dict[str, Any]],
) -> None:
    assert_error(client.post(path, json=body), status, code, field)
    assert len(client.get(f"/monitors/{etch}").json()["versions"]) == 1


def test_learning_that_fails_ends_the_job_with_its_sentence_and_keeps_nothing(
    client: TestClient, data: dict[str, str]
) -> None:
    body = {"name": "nothing", "dataset": data["golden"], "detector": QUICK, "lots": ["L77"]}
    run = ended(client, client.post("/monitors", json=body))
    assert run["state"] == "failed"
    assert "L77" in run["error"]["message"]
    assert client.get("/monitors/nothing").status_code == 404


def test_a_browser_gets_pages_and_a_program_json_at_the_same_addresses(client: TestClient, etch: str) -> None:
    for path in ("/monitors", f"/monitors/{etch}"):
        page = client.get(path, headers={"Accept": "text/html,*/*", "Accept-Language": "ko"})
        assert page.headers["content-type"].startswith("text/html")
        assert etch in page.text
        assert "감시 모델" in page.text
        assert client.get(path).headers["content-type"] == "application/json"
    gone = client.get("/monitors/none", headers={"Accept": "text/html"})
    assert gone.status_code == 404
    assert "There is no monitor none" in gone.text


def test_who_did_what_is_kept(client: TestClient, etch: str) -> None:
    client.patch(f"/monitors/{etch}", json={"threshold": 3})
    entries = [one for one in client.get("/audit").json()["entries"] if one["subject"] == etch]
    assert [one["action"] for one in entries[:2]] == ["change monitor", "add monitor version"]
    assert entries[0]["user"] == "local"
