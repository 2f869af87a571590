"""How files are read, over HTTP: options, previews, refused files that are mended, and import recipes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app

AssertError = Callable[..., dict[str, Any]]


def trace(unit: str = "Torr", rows: int = 40, order: str = "{day}/{month}") -> bytes:
    """A file whose dates can be read in two ways, with lines above the table and units."""
    lines = ["report", "operator;kim", "일시;호기;압력;상태", f";;{unit};"]
    for at in range(rows):
        day = order.format(day=f"{1 + at // 50:02d}", month="03")
        lines.append(f"{day}/2026 08:{at % 50:02d}:00;E1;{at * 7 % 11},5;{'PM' if at < 3 else 'RUN'}")
    return "\n".join(lines).encode("cp949")


UNCLEAR = "\n".join(["일시;압력", *(f"0{day}/0{day + 1}/2026 08:00:00;{day},5" for day in (3, 1, 2, 5, 4))]).encode(
    "cp949"
)


def upload(client: TestClient, content: bytes, name: str = "a.csv", **fields: str) -> Any:
    return client.post("/datasets", files={"file": (name, content)}, data=fields)


def said(**options: Any) -> dict[str, str]:
    return {"options": json.dumps(options)}


@pytest.fixture
def kept(client: TestClient) -> Iterator[str]:
    """Id of an upload that could be read."""
    answer = upload(client, trace())
    assert answer.status_code == 201, answer.text
    yield answer.json()["id"]
    client.delete(f"/datasets/{answer.json()['id']}")


@pytest.fixture
def refused(client: TestClient) -> Iterator[str]:
    """Id of a refused upload."""
    answer = upload(client, UNCLEAR, "unclear.csv")
    assert answer.status_code == 422, answer.text
    yield answer.json()["error"]["upload"]
    client.delete(f"/uploads/{answer.json()['error']['upload']}")


@pytest.fixture
def no_recipes(client: TestClient) -> Iterator[None]:
    """What a test saves is deleted afterwards."""
    yield
    for recipe in client.get("/recipes").json()["recipes"]:
        client.delete(f"/recipes/{recipe['name']}")


def preview(client: TestClient, upload_id: str, *, whole: bool = False, **options: Any) -> dict[str, Any]:
    answer = client.post(f"/uploads/{upload_id}/preview", json={"options": options, "whole": whole})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(answer: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in answer["findings"]]


def test_an_upload_is_read_by_its_options_and_says_what_was_found(client: TestClient) -> None:
    options = said(
        date_order="month-first", roles={"상태": "ignored"}, leave_out_rows=[{"column": "상태", "value": "PM"}]
    )
    made = upload(client, trace(), **options)
    assert made.status_code == 201, made.text
    assert made.json()["roles"]["상태"] == "ignored"
    found = {one["code"]: one for one in made.json()["findings"]}
    assert found["left_out_rows"]["count"] == 3
    assert set(found["units"] if "units" in found else found["left_out_rows"]) >= {"level", "place", "count", "remedy"}
    detail = client.get(f"/datasets/{made.json()['id']}").json()
    assert detail["options"]["date_order"] == "month-first"
    assert [one["name"] for one in detail["described"] if one["chosen"]] == ["상태"]
    client.delete(f"/datasets/{made.json()['id']}")


@pytest.mark.parametrize(
    ("fields", "status", "field", "words"),
    [
        ({"options": "{"}, 422, "options", "not valid JSON"),
        ({"options": "[]"}, 422, "options", "The field options cannot be []"),
        ({"options": '{"encodin": "x"}'}, 422, "encodin", "There is no field encodin here"),
        ({"options": '{"shape": "round"}'}, 422, "shape", "is not possible here"),
        ({"recipe": "nothing"}, 404, "recipe", "There is no import recipe nothing"),
        ({"recipe": "../../etc/passwd"}, 404, "recipe", "There is no import recipe"),
        ({"colour": "red"}, 422, "colour", "There is no field colour here"),
    ],
)
def test_options_that_cannot_be_are_refused(
    assert_error: AssertError, client: TestClient, fields: dict[str, str], status: int, field: str, words: str
) -> None:
    answer = upload(client, trace(), **fields)
    error = assert_error(answer, status, {404: "not_found"}.get(status, "bad_input"), field)
    assert words in error["message"]


def test_the_reading_of_a_data_set_is_changed_without_another_upload(
    assert_error: AssertError, client: TestClient, kept: str
) -> None:
    before = client.get(f"/datasets/{kept}").json()
    changed = client.patch(f"/datasets/{kept}", json={"options": {"header_line": 0, "units_line": 0}})
    assert changed.status_code == 200, changed.text
    assert "압력" not in changed.json()["roles"]
    assert changed.json()["version"] == before["version"] + 1
    assert changed.json()["options"] == {"header_line": 0, "units_line": 0}
    assert_error(
        client.patch(f"/datasets/{kept}", json={"options": {"header_line": 99}}), 422, "bad_input", "header_line"
    )
    assert_error(client.patch(f"/datasets/{kept}", json={"options": {"x": 1}}), 422, "bad_input", "options.x")
    assert_error(client.patch(f"/datasets/{kept}", json={"recipe": "nothing"}), 404, "not_found", "recipe")
    assert client.get(f"/datasets/{kept}").json() == changed.json()
    back = client.patch(f"/datasets/{kept}", json={"options": {}}).json()
    assert back["roles"] == before["roles"]
    rows = client.get(f"/datasets/{kept}/rows").json()
    assert rows["columns"] == ["일시", "호기", "압력", "상태"]


def test_a_preview_of_the_head_shows_lines_table_and_findings_and_changes_nothing(
    client: TestClient, kept: str
) -> None:
    before = client.get(f"/datasets/{kept}").json()
    found = preview(client, kept)
    assert (found["whole"], found["usable"], found["encoding"], found["delimiter"]) == (
        False,
        True,
        "cp949",
        "semicolon",
    )
    assert (found["header_line"], found["units_line"], found["first_row"]) == (3, 4, 5)
    assert [line["kind"] for line in found["lines"][:5]] == ["left_out", "left_out", "names", "units", "data"]
    assert [(one["name"], one["unit"], one["role"]) for one in found["columns"][2:3]] == [("압력", "Torr", "sensor")]
    assert found["cells"][0][2] == 0.5
    other = preview(client, kept, header_line=2, roles={"kim": "context"})
    assert (other["header_line"], other["lines"][1]["kind"]) == (2, "names")
    assert [one["name"] for one in other["columns"]][:2] == ["operator", "kim"]
    assert preview(client, kept, encoding="cp1252")["lines"][2]["text"] != found["lines"][2]["text"]
    assert client.get(f"/datasets/{kept}").json() == before


def test_day_or_month_first_is_decided_over_the_whole_file(client: TestClient) -> None:
    made = upload(client, trace(rows=1200, order="{day}/{month}"))
    head, whole = preview(client, made.json()["id"]), preview(client, made.json()["id"], whole=True)
    assert (head["rows"] < 1200, whole["rows"]) == (True, 1200)
    assert "date_order" not in codes(head)
    assert whole["clock"]["start"] == "2026-03-01T08:00:00"
    assert preview(client, made.json()["id"], whole=True, date_order="month-first")["usable"] is False
    client.delete(f"/datasets/{made.json()['id']}")


def test_a_refused_file_names_every_obstacle_and_is_kept(client: TestClient, refused: str) -> None:
    again = client.post(f"/uploads/{refused}/dataset", json={})
    error = again.json()["error"]
    assert (again.status_code, error["upload"]) == (422, refused)
    assert [(one["level"], one["code"], one["field"]) for one in error["findings"]] == [
        ("obstacle", "date_order", "date_order")
    ]
    assert error["findings"][0]["option"] == "--month-first | --day-first"
    (listed,) = (one for one in client.get("/uploads").json()["uploads"] if one["id"] == refused)
    assert (listed["name"], listed["refused"]) == ("unclear.csv", True)
    assert refused not in [one["id"] for one in client.get("/datasets").json()["datasets"]]
    shown = preview(client, refused, whole=True)
    assert (shown["usable"], shown["cells"][0][0]) == (False, "03/04/2026 08:00:00")
    assert preview(client, refused, whole=True, date_order="day-first")["usable"] is True


def test_a_refused_file_is_mended_without_another_upload(
    assert_error: AssertError, client: TestClient, refused: str
) -> None:
    again = client.post(f"/uploads/{refused}/dataset", json={"options": {"header_line": 77}})
    error = assert_error(again, 422, "bad_input", "header_line")
    assert error["upload"] == refused
    made = client.post(f"/uploads/{refused}/dataset", json={"options": {"date_order": "day-first"}})
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["rows"]) == ("unclear.csv", 5)
    assert refused not in [one["id"] for one in client.get("/uploads").json()["uploads"]]
    assert made.json()["id"] == refused
    detail = client.get(f"/uploads/{made.json()['id']}").json()
    assert (detail["refused"], detail["options"]) == (False, {"date_order": "day-first"})
    client.delete(f"/datasets/{made.json()['id']}")


def test_a_file_of_which_nothing_can_be_shown_is_not_kept(client: TestClient) -> None:
    for content in (bytes(range(256)) * 20, b"%PDF-1.7 x", b"\x1f\x8b\x08\x00garbage"):
        assert "upload" not in upload(client, content).json()["error"]


def test_refused_files_are_kept_for_a_while_only(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, keep_refused_hours=0))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert "upload" not in upload(client, UNCLEAR).json()["error"]
    with TestClient(create_app(Settings(data_dir=tmp_path)), base_url="http://127.0.0.1") as client:
        ids = [upload(client, UNCLEAR).json()["error"]["upload"] for _ in range(22)]
        assert {one["id"] for one in client.get("/uploads").json()["uploads"]} == set(ids[2:])


@pytest.mark.usefixtures("no_recipes")
def test_a_recipe_is_saved_from_a_preview_and_used_by_the_next_upload_of_the_form(
    assert_error: AssertError, client: TestClient, kept: str
) -> None:
    body = {"name": "식각", "options": {"roles": {"상태": "ignored"}, "time_zone": "Asia/Seoul"}}
    saved = client.post(f"/uploads/{kept}/recipe", json=body)
    assert saved.status_code == 201, saved.text
    assert_error(client.post(f"/uploads/{kept}/recipe", json=body), 422, "bad_input", "name")
    assert client.post(f"/uploads/{kept}/recipe", json=body | {"replace": True}).status_code == 201
    used = upload(client, trace(rows=60))
    assert used.json()["roles"]["상태"] == "ignored"
    assert "with the import recipe 식각, since it has its form" in " ".join(used.json()["notes"])
    detail = client.get(f"/datasets/{used.json()['id']}").json()
    assert (detail["recipe"], detail["options"]) == ("식각", body["options"])
    without = upload(client, trace(rows=60), recipe="none")
    assert without.json()["roles"]["상태"] == "context"
    other = upload(client, trace(unit="Pa"))
    assert "recipe_used" not in codes(other.json())
    for answer in (used, without, other):
        client.delete(f"/datasets/{answer.json()['id']}")


@pytest.mark.usefixtures("no_recipes")
def test_recipes_are_listed_exported_imported_and_deleted(
    assert_error: AssertError, client: TestClient, kept: str
) -> None:
    made = client.post(f"/uploads/{kept}/recipe", json={"name": "etch", "options": {"no_value": ["-1"]}}).json()
    assert client.get("/recipes").json() == {"recipes": [made]}
    assert client.get("/recipes/etch").json() == made
    exported = client.get("/recipes/etch/export")
    assert exported.headers["content-disposition"] == """attachment; filename="etch.json"; filename*=UTF-8''etch.json"""
    document = json.loads(exported.content)
    assert_error(client.post("/recipes", json=document), 422, "bad_input", "name")
    assert client.post("/recipes?replace=true", json=document).status_code == 201
    assert client.post("/recipes", json=document | {"name": "other"}).status_code == 201
    assert client.delete("/recipes/etch").status_code == 204
    assert_error(client.delete("/recipes/etch"), 404, "not_found", "recipe")
    assert_error(client.get("/recipes/etch"), 404, "not_found", "recipe")
    assert_error(
        client.post("/recipes", json=document | {"waferwatch_recipe": 9}), 422, "bad_input", "waferwatch_recipe"
    )
    assert_error(client.post("/recipes", json={"name": "x"}), 422, "bad_input", "waferwatch_recipe")
    changed = client.patch(f"/datasets/{kept}", json={"recipe": "other"}).json()
    assert (changed["recipe"], changed["options"]) == ("other", {"no_value": ["-1"]})


def test_a_kept_reading_survives_a_damaged_table(client: TestClient, data_dir: Path, tmp_path: Path) -> None:
    """What was said is in the database: a table that must be read again is read by it."""
    made = upload(client, trace(), **said(roles={"압력": "context"}, features=["호기"])).json()["error"]
    client.delete(f"/uploads/{made['upload']}")
    made = upload(client, trace(), **said(header_line=0)).json()
    for file in (data_dir / "datasets" / made["id"]).glob("table-*"):
        file.unlink()
    with TestClient(create_app(Settings(data_dir=data_dir)), base_url="http://127.0.0.1") as other:
        rows = other.get(f"/datasets/{made['id']}/rows").json()
    assert rows["columns"][0] == "column 1"
    client.delete(f"/datasets/{made['id']}")


def test_the_description_names_the_fields_next_to_the_file(client: TestClient) -> None:
    body = client.get("/openapi.json").json()["paths"]["/datasets"]["post"]["requestBody"]["content"]
    schema = body["multipart/form-data"]["schema"]
    assert (list(schema["properties"]), schema["required"]) == (["file", "options", "recipe"], ["file"])


def test_the_same_refused_file_is_listed_once_however_often_it_is_sent(client: TestClient, refused: str) -> None:
    again = upload(client, UNCLEAR, "unclear.csv").json()["error"]["upload"]
    other = upload(client, UNCLEAR, "another.csv").json()["error"]["upload"]
    listed = [one["id"] for one in client.get("/uploads").json()["uploads"]]
    assert again == refused
    assert other != refused
    assert [listed.count(one) for one in (refused, other)] == [1, 1]
    client.delete(f"/uploads/{other}")
