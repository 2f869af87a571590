"""/datasets/{id}: details, rename, roles, rows, sparklines, quality; hostile names, wrong roles, many at once."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from httpx import Response
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app
from waferwatch.web.pages.data.preview import extremes

AssertError = Callable[..., dict[str, Any]]
HOSTILE = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x")'


def csv(rows: int = 400) -> bytes:
    lines = [f"time,tool,x,y,{HOSTILE},word,__proto__"]
    lines += [
        f"{at},{FORMULA.replace(chr(34), chr(39))},{at % 7},{at * 37 % 91},{at % 5},w{at % 3},1" for at in range(rows)
    ]
    return "\n".join(lines).encode()


@pytest.fixture
def made(client: TestClient) -> Iterator[str]:
    """Address of an upload that is deleted afterwards."""
    answer = client.post("/datasets", files={"file": ("a.csv", csv())})
    assert answer.status_code == 201, answer.text
    yield f"/datasets/{answer.json()['id']}"
    client.delete(f"/datasets/{answer.json()['id']}")


def roles_of(answer: Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["roles"])


def test_every_column_is_described_with_its_role_and_first_values(client: TestClient, made: str) -> None:
    found = client.get(made).json()
    assert [column["name"] for column in found["described"]] == ["time", "tool", "x", "y", HOSTILE, "word", "__proto__"]
    by_name = {column["name"]: column for column in found["described"]}
    assert by_name["x"] == {"name": "x", "role": "sensor", "chosen": False, "examples": ["0", "1", "2"]}
    assert by_name["word"]["examples"] == ["w0", "w1", "w2"]
    assert found["first_row"] == 2
    assert found["groups"] == ["tool"]
    assert found["roles"] == {name: column["role"] for name, column in by_name.items()}


def test_a_role_is_set_kept_and_taken_back(client: TestClient, made: str) -> None:
    before = client.get(made).json()
    changed = client.patch(made, json={"roles": {"y": "ignored", "word": "step"}}).json()
    assert (changed["roles"]["y"], changed["roles"]["word"]) == ("ignored", "step")
    assert changed["version"] == before["version"] + 1
    assert {column["name"] for column in changed["described"] if column["chosen"]} == {"y", "word"}
    assert [one["name"] for one in client.get(f"{made}/quality").json()["sensors"]] == ["x", HOSTILE, "__proto__"]
    assert roles_of(client.patch(made, json={"roles": {"x": "context"}}))["y"] == "ignored"
    back = client.patch(made, json={"roles": {"y": None, "word": None, "x": None}})
    assert roles_of(back) == before["roles"]


@pytest.mark.parametrize(
    ("roles", "status", "field", "words"),
    [
        ({"word": "sensor"}, 422, "features", "Row 2 of a.csv: 'w0' in the column word is not a number."),
        ({"x": "label"}, 422, "label", "Row 4 of a.csv: '2' in the label column x is not a label."),
        ({"x": "time", "y": "time"}, 422, "time", "cannot all be the time"),
        ({"word": "time"}, 422, "time", "cannot be read as a time"),
        ({"x": "sensr"}, 404, "roles", "sensr is not a role"),
        ({"x": HOSTILE}, 404, "roles", "is not a role"),
        ({"nothing": "sensor"}, 404, "roles", "has no column nothing"),
        ({"x": "ignored", "y": "ignored", HOSTILE: "ignored", "__proto__": "ignored"}, 422, None, "no numeric column"),
    ],
)
def test_a_role_that_cannot_be_is_refused_and_nothing_is_lost(
    assert_error: AssertError,
    client: TestClient,
    made: str,
    roles: dict[str, str],
    status: int,
    field: str | None,
    words: str,
) -> None:
    before = client.get(made).json()
    error = assert_error(
        client.patch(made, json={"roles": roles}), status, {404: "not_found"}.get(status, "bad_input"), field
    )
    assert words in error["message"]
    assert error["hint"]
    assert client.get(made).json() == before
    assert client.get(f"{made}/quality").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"name": ""}, "name"),
        ({"name": " \t\x00"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x" * 1001}, "name"),
        ({"roles": {}}, "roles"),
        ({"roles": []}, "roles"),
        ({"roles": {"x": 1}}, "roles.x"),
        ({"roles": {"x": ""}}, "roles.x"),
        ({"rows": 3}, "rows"),
        ({"roles": {"x": "ignored"}, "name": ""}, "name"),
    ],
)
def test_a_wish_that_cannot_be_read_is_refused(
    assert_error: AssertError, client: TestClient, made: str, body: dict[str, Any], field: str | None
) -> None:
    before = client.get(made).json()
    assert_error(client.patch(made, json=body), 422, "bad_input", field)
    assert client.get(made).json() == before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (HOSTILE, HOSTILE),
        ("../../etc/passwd", "../../etc/passwd"),
        ("  에칭 \x00\x1b[31m3월\u202e ", "에칭 [31m3월"),
        ("긴" * 500, "긴" * 200),
        ("=1+1", "=1+1"),
        ("{x} %s", "{x} %s"),
    ],
)
def test_any_name_is_kept_as_text(client: TestClient, made: str, data_dir: Path, name: str, shown: str) -> None:
    files = sorted((data_dir / "datasets").rglob("*"))
    answer = client.patch(made, json={"name": name})
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == shown
    assert sorted((data_dir / "datasets").rglob("*")) == files
    refused = client.patch(made, json={"roles": {"word": "sensor"}}).json()["error"]
    assert shown in refused["message"]


def test_the_demo_is_described_but_cannot_be_changed(assert_error: AssertError, client: TestClient) -> None:
    assert client.get("/datasets/demo").json()["builtin"]
    assert_error(client.patch("/datasets/demo", json={"name": "mine"}), 422, "bad_input", "id")
    assert_error(client.patch("/datasets/demo", json={"roles": {"lot": "step"}}), 422, "bad_input", "id")
    assert_error(client.post("/datasets/demo/restore"), 404, "not_found", "dataset")
    assert len(client.get("/datasets/demo/quality").json()["sensors"]) == 12


def test_a_deleted_data_set_is_gone_until_it_is_brought_back(
    assert_error: AssertError, client: TestClient, made: str
) -> None:
    client.patch(made, json={"roles": {"y": "ignored"}})
    before = client.get(made).json()
    assert client.delete(made).status_code == 204
    for address in ("", "/rows", "/quality", "/sparklines"):
        assert_error(client.get(f"{made}{address}"), 404, "not_found", "dataset")
    assert_error(client.patch(made, json={"name": "x"}), 404, "not_found", "dataset")
    assert_error(client.patch(made, json={"roles": {"x": "ignored"}}), 404, "not_found", "dataset")
    assert client.post(f"{made}/restore").status_code == 200
    assert client.get(made).json() == before
    assert_error(client.post(f"{made}/restore"), 404, "not_found", "dataset")


@pytest.mark.parametrize("dataset", ["0", "%2e%2e", "0123456789abcdef", "a" * 5000, "demo%00", "é"])
def test_an_unknown_data_set_is_not_found(assert_error: AssertError, client: TestClient, dataset: str) -> None:
    for address in (f"/datasets/{dataset}", f"/datasets/{dataset}/rows", f"/datasets/{dataset}/quality"):
        answer = client.get(address)
        assert answer.status_code == 404, address
        assert "Traceback" not in answer.text


def test_rows_are_reported_as_they_were_read_in_bounded_pieces(client: TestClient, made: str) -> None:
    found = client.get(f"{made}/rows", params={"start": 398, "count": 50}).json()
    assert found["columns"] == ["time", "tool", "x", "y", HOSTILE, "word", "__proto__"]
    assert (found["start"], found["rows_total"], found["first_row"], len(found["rows"])) == (398, 400, 2, 2)
    assert found["rows"][0][0] == 398
    assert found["rows"][0][1].startswith("=HYPERLINK")
    part = client.get(f"{made}/rows", params={"count": 1, "first_column": 2, "columns": 2}).json()
    assert (part["columns"], part["rows"], part["columns_total"]) == (["x", "y"], [[0, 0]], 7)
    beyond = client.get(f"{made}/rows", params={"start": 10**6, "first_column": 99}).json()
    assert (beyond["rows"], beyond["columns"]) == ([], [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"count": 51}, "count"),
        ({"count": 0}, "count"),
        ({"start": -1}, "start"),
        ({"start": "x"}, "start"),
        ({"start": 10**30}, "start"),
        ({"columns": 51}, "columns"),
        ({"more": 1}, "more"),
    ],
)
def test_more_than_a_piece_is_refused(
    assert_error: AssertError, client: TestClient, made: str, query: dict[str, Any], field: str
) -> None:
    assert_error(client.get(f"{made}/rows", params=query), 422, "bad_input", field)


def test_cells_of_any_kind_are_reported(client: TestClient) -> None:
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime(["2026-01-01 00:00:00.250", None, "2026-01-01 00:00:02.000"]),
            "x": [1.5, np.inf, np.nan],
            "big": [2**60, 1, 2],
            "flag": [True, False, True],
            "text": ["가" * 1000, None, ""],
            "raw": [b"\xff\x00", b"", None],
            "list": [[1, 2], None, []],
            "when": pd.to_timedelta([1, 2, 3], unit="s"),
        }
    )
    content = io.BytesIO()
    frame.to_parquet(content)
    made = client.post("/datasets", files={"file": ("kinds.parquet", content.getvalue())})
    assert made.status_code == 201, made.text
    address = f"/datasets/{made.json()['id']}"
    rows = client.get(f"{address}/rows").json()["rows"]
    assert rows[0][:2] == ["2026-01-01T00:00:00.250", 1.5]
    assert rows[1][:2] == [None, None]
    assert rows[0][4] == "가" * 200 + "…"
    assert rows[1][4] is None
    for part in ("", "/quality", "/sparklines"):
        assert client.get(f"{address}{part}").status_code == 200
    client.delete(address)


def test_sparklines_hold_the_extremes_of_each_stretch(client: TestClient, made: str) -> None:
    found = client.get(f"{made}/sparklines", params={"first": 1, "count": 2}).json()["sparklines"]
    assert [one["sensor"] for one in found] == ["y", HOSTILE]
    assert len(found[0]["low"]) == len(found[0]["high"]) == 60
    values = [at * 37 % 91 for at in range(400)]
    assert (min(found[0]["low"]), max(found[0]["high"])) == (min(values), max(values))


@given(some.lists(some.sampled_from([1.0, -2.0, 5.5, np.nan]), max_size=50), some.integers(1, 20))
@settings(max_examples=100)
def test_no_extreme_is_lost_between_two_stretches(values: list[float], stretches: int) -> None:
    low, high = extremes(np.array(values, dtype=float), stretches)
    assert len(low) == len(high) == min(stretches, len(values))
    if values and not np.isnan(values).all():
        assert (np.nanmin(low), np.nanmax(high)) == (np.nanmin(values), np.nanmax(values))


def test_the_quality_report_speaks_the_reader_s_language(client: TestClient, made: str) -> None:
    english = client.get(f"{made}/quality", headers={"Accept-Language": "en"}).json()
    korean = client.get(f"{made}/quality", headers={"Accept-Language": "ko"}).json()
    constant = next(one for one in english["findings"] if one["kind"] == "constant")
    assert constant["message"] == "__proto__ has the same value in every row."
    assert constant["severity"] == "warning"
    assert "모든 행의 값이 같습니다" in next(one for one in korean["findings"] if one["kind"] == "constant")["message"]
    assert english["timing"]["column"] == "time"
    assert [one["row"] for one in english["findings"]] == [one["row"] for one in korean["findings"]]


def test_numbers_in_findings_are_written_as_the_reader_writes_them(client: TestClient) -> None:
    lines = ["time,x,y"]
    for at in range(5000):
        hour = at // 60 + (5 if at >= 4000 else 0)
        first = "" if at % 2500 == 20 else at * 37 % 91
        second = "" if 3000 <= at < 3100 else at * 7 % 13
        lines.append(f"2026-03-{1 + hour // 24:02d} {hour % 24:02d}:{at % 60:02d}:00,{first},{second}")
    address = (
        f"/datasets/{client.post('/datasets', files={'file': ('g.csv', chr(10).join(lines).encode())}).json()['id']}"
    )
    findings = client.get(f"{address}/quality").json()["findings"]
    messages = {one["kind"]: one["message"] for one in findings if "x" not in one["columns"]}
    assert "5 hr 1 min, ends in row 4,002." in messages["gaps"]
    assert "y lacks 2% of its values. The longest stretch, 100 rows, begins in row 3,002." in messages["missing"]
    assert "x lacks <0.1% of its values, in single rows such as row 22." in [one["message"] for one in findings]
    client.delete(address)


def test_of_many_who_rename_set_roles_and_delete_at_once_none_meets_a_fault(client: TestClient) -> None:
    address = f"/datasets/{client.post('/datasets', files={'file': ('a.csv', csv())}).json()['id']}"
    statuses: list[int] = []

    def act(number: int) -> None:
        answers = {
            0: lambda: client.patch(address, json={"name": f"n{number}"}),
            1: lambda: client.patch(address, json={"roles": {["x", "y"][number % 2]: "ignored"}}),
            2: lambda: client.get(f"{address}/quality"),
            3: lambda: client.delete(address) if number > 8 else client.get(f"{address}/rows"),
        }
        statuses.append(answers[number % 4]().status_code)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 204, 404}
    assert client.get(address).status_code == 404


def test_roles_that_several_set_at_once_all_stay(client: TestClient, made: str) -> None:
    columns = ["x", "y", "word", "tool"]
    threads = [
        threading.Thread(target=client.patch, args=(made,), kwargs={"json": {"roles": {column: "ignored"}}})
        for column in columns
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = client.get(made).json()
    assert {column: found["roles"][column] for column in columns} == dict.fromkeys(columns, "ignored")
    assert found["version"] == 5


def test_a_run_is_still_readable_after_its_sensors_were_set_aside(client: TestClient, made: str) -> None:
    body = {"dataset": made.rsplit("/", 1)[1], "detector": "squared_difference"}
    run = client.post("/detect", json=body).json()["run"]
    chosen = client.post("/detect", json=body | {"features": ["y"]}).json()["run"]
    client.patch(made, json={"roles": {"y": "context", "word": "ignored", "tool": "ignored"}})
    for one in (run, chosen):
        result = client.get(f"/runs/{one}/result")
        assert result.status_code == 200, result.text
        assert "y" in result.json()["features"]
        assert client.get("/plot/y", params={"run": one}).status_code == 200
    again = client.post("/detect", json=body).json()
    assert again["run"] != run
    assert "y" not in again["features"]


def test_data_sets_with_their_roles_and_names_survive_a_restart(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as first:
        address = f"/datasets/{first.post('/datasets', files={'file': ('a.csv', csv())}).json()['id']}"
        first.patch(address, json={"name": "kept", "roles": {"y": "ignored"}})
        gone = f"/datasets/{first.post('/datasets', files={'file': ('b.csv', csv())}).json()['id']}"
        first.delete(gone)
        before = first.get(address).json()
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as second:
        assert second.get(address).json() == before
        assert second.get(gone).status_code == 404
        assert second.post(f"{gone}/restore").status_code == 200
        assert second.get(f"{gone}/rows").json()["rows_total"] == 400


def test_a_severe_finding_names_the_column_that_tells_the_equipment_apart_and_its_role(client: TestClient) -> None:
    lines = ["time,which_one,other,pressure,flow,spare"]
    for at in range(400):
        stamp = f"2026-03-01 09:{at // 60:02d}:{at % 60:02d}"
        lines += [
            f"{stamp},{name},{'x' if at % 2 else 'y'},{at % 7 + len(name) * 10},{at % 5},"
            for name in ("north", "southern", "west")
        ]
    file = ("mixed.csv", "\n".join(lines).encode())
    dataset = client.post("/datasets", files={"file": file}).json()["id"]
    client.patch(f"/datasets/{dataset}", json={"roles": {"spare": "sensor"}})
    findings = {one["kind"]: one for one in client.get(f"/datasets/{dataset}/quality").json()["findings"]}
    assert findings["same_time"]["severity"] == "serious"
    assert findings["same_time"]["columns"] == ["which_one"]
    assert findings["same_time"]["fix"] == {"which_one": "equipment"}
    assert findings["empty"]["fix"] == {"spare": "ignored"}
    for finding in (findings["same_time"], findings["empty"]):
        assert client.patch(f"/datasets/{dataset}", json={"roles": finding["fix"]}).status_code == 200
    left = client.get(f"/datasets/{dataset}/quality").json()
    assert [one for one in left["findings"] if one["severity"] == "serious"] == []
    assert left["series"] == 3
    client.delete(f"/datasets/{dataset}")
