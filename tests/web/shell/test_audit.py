"""Every act that changes something leaves a line that says who did it, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app

SENSORS = ["pressure_mTorr", "rf_forward_W"]  # of the demo; all of them take longer
QUICK: dict[str, Any] = {"detector": "squared_difference", "features": SENSORS}
CSV = b"time,equipment,a\n" + b"\n".join(b"%d,E1,%d" % (at, 9 if at == 40 else at % 5) for at in range(90))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("audited")
    with TestClient(create_app(Settings(data_dir=folder, posts_per_minute=0)), base_url="http://127.0.0.1") as opened:
        yield opened


def acts(app: TestClient) -> list[tuple[str, str]]:
    """What was done and to what, the oldest first."""
    entries = app.get("/audit?limit=1000").json()["entries"]
    assert {entry["user"] for entry in entries} <= {"local"}
    return [(entry["action"], entry["subject"]) for entry in reversed(entries)]


def done(app: TestClient, method: str, path: str, **content: Any) -> list[tuple[str, str]]:
    """The lines that one request adds."""
    before = acts(app)
    answer = app.request(method, path, **content)
    assert answer.status_code < 300, answer.text
    return acts(app)[len(before) :]


@pytest.mark.parametrize(
    ("path", "body", "action"),
    [
        ("/detect", {**QUICK, "contamination": 0.011}, "start detection"),
        ("/group_analysis", {**QUICK, "contamination": 0.012, "group_by": "lot"}, "start detection"),
        ("/model_compare", {"detectors": ["squared_difference"], "features": SENSORS}, "start comparison"),
        ("/runs", {**QUICK, "contamination": 0.013}, "start detection"),
    ],
)
def test_a_run_is_reported_however_it_is_asked_for_and_only_when_it_starts(
    app: TestClient, path: str, body: dict[str, Any], action: str
) -> None:
    first = done(app, "POST", path, json=body)
    assert [name for name, _ in first] == [action]
    assert app.get(f"/runs/{first[0][1]}").status_code == 200
    assert done(app, "POST", path, json=body) == [], "the same question is answered by the run of before"


def test_what_is_done_to_a_data_set_is_reported(app: TestClient) -> None:
    made = done(app, "POST", "/datasets", files={"file": ("a.csv", CSV)})
    (action, dataset), path = made[0], f"/datasets/{made[0][1]}"
    assert (action, len(made)) == ("upload data set", 1)
    assert done(app, "PATCH", path, json={"name": "b"}) == [("rename data set", dataset)]
    assert done(app, "PATCH", path, json={"roles": {"a": "sensor"}}) == [("set roles of data set", dataset)]
    assert done(app, "DELETE", path) == [("delete data set", dataset)]
    assert done(app, "POST", f"{path}/restore") == [("restore data set", dataset)]


def test_what_is_done_to_a_run_is_reported(app: TestClient) -> None:
    found = app.post("/detect", json={**QUICK, "contamination": 0.02}).json()
    run, event = found["run"], found["events"][0]["id"]
    moved = {"threshold": found["threshold"] * 0.99}
    judged = {"verdict": "true_alarm", "note": ""}
    assert done(app, "PUT", f"/runs/{run}/events/{event}/verdict", json=judged) == [("judge event", run)]
    assert done(app, "POST", f"/runs/{run}/threshold", json=moved) == [("move threshold", run)]
    assert done(app, "GET", f"/runs/{run}/export?what=rows&format=csv") == [("export rows", run)]
    assert done(app, "GET", f"/runs/{run}/export?what=events&format=csv") == [("export events", run)]
    assert done(app, "GET", f"/runs/{run}/report.html") == [("export report", run)]
    assert [name for name, _ in done(app, "POST", f"/runs/{run}/cancel")] == ["cancel run"]
    assert done(app, "DELETE", f"/runs/{run}") == [("delete run", run)]


def test_looking_and_being_refused_leave_no_line(app: TestClient) -> None:
    before = acts(app)
    for path in ("/", "/datasets", "/runs", "/plot/pressure_mTorr", "/audit"):
        app.get(path)
    app.post("/detect", json={"contamination": 7})
    app.post("/detect", json={"dataset": "0123456789abcdef"})
    app.delete("/datasets/demo")
    assert acts(app) == before


def test_the_log_is_read_page_by_page_to_its_first_line(app: TestClient) -> None:
    store = app.app.state.parts.store  # type: ignore[attr-defined]
    for number in range(1050):
        store.audit.add("local", "count", str(number))
    pages, before = [], None
    while True:
        page = app.get("/audit", params={"limit": 500} | ({} if before is None else {"before": before})).json()
        pages.append(page["entries"])
        before = page["next"]
        if before is None:
            break
    ids = [entry["id"] for page in pages for entry in page]
    assert len(pages) >= 3
    assert ids == sorted(set(ids), reverse=True)
    counted = [entry["subject"] for page in pages for entry in page if entry["action"] == "count"]
    assert counted == [str(number) for number in reversed(range(1050))]
    assert app.get("/audit", params={"before": ids[-1]}).json() == {"entries": [], "next": None}
    assert app.get("/audit", params={"before": 0}).status_code == 422
