"""What is refused, and how: one error shape for every family of endpoints, a true status, the reader's language."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from waferwatch.errors import ModelError
from waferwatch.settings import Settings
from waferwatch.store.database.connection import StoreError
from waferwatch.store.database.sqlite import reading_engine
from waferwatch.web.app import create_app
from waferwatch.web.pages.detect import api
from waferwatch.web.shell import health

AssertError = Callable[..., dict[str, Any]]

BODIES: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    ("/detect", {"what": 1}, 422, "bad_input", "what"),
    ("/detect", {"features": []}, 422, "bad_input", "features"),
    ("/detect", {"features": "pressure_mTorr"}, 422, "bad_input", "features"),
    ("/detect", {"features": ["pressure_mTorr", 3]}, 422, "bad_input", "features.1"),
    ("/detect", {"features": ["none_such"]}, 404, "not_found", "features"),
    ("/detect", {"features": ["equipment"]}, 422, "bad_input", "features"),
    ("/detect", {"detector": "crystal_ball"}, 404, "not_found", "detector"),
    ("/detect", {"detector": 7}, 422, "bad_input", "detector"),
    ("/detect", {"dataset": "0123456789abcdef"}, 404, "not_found", "dataset"),
    ("/detect", {"dataset": "../../etc/passwd"}, 404, "not_found", "dataset"),
    ("/detect", {"dataset": ""}, 422, "bad_input", "dataset"),
    ("/detect", {"contamination": 0}, 422, "bad_input", "contamination"),
    ("/detect", {"contamination": 0.6}, 422, "bad_input", "contamination"),
    ("/detect", {"contamination": -1}, 422, "bad_input", "contamination"),
    ("/detect", {"contamination": "0.1"}, 422, "bad_input", "contamination"),
    ("/detect", {"contamination": True}, 422, "bad_input", "contamination"),
    ("/detect", {"contamination": 0.1, "threshold": 3}, 422, "bad_input", "threshold"),
    ("/detect", {"threshold": "automatic"}, 422, "bad_input", "threshold"),
    ("/detect", {"threshold": "3"}, 422, "bad_input", "threshold"),
    ("/detect", {"threshold": True}, 422, "bad_input", "threshold"),
    ("/detect", {"threshold": 1e999}, 422, "bad_input", "threshold"),
    ("/detect", {"contamination": 1e999}, 422, "bad_input", "contamination"),
    ("/detect", {"reference_rows": 0}, 422, "bad_input", "reference_rows"),
    ("/detect", {"reference_rows": 1.5}, 422, "bad_input", "reference_rows"),
    ("/detect", {"reference_rows": 10**30}, 422, "bad_input", "reference_rows"),
    ("/group_analysis", {}, 422, "bad_input", "group_by"),
    ("/group_analysis", {"group_by": "none_such"}, 404, "not_found", "group_by"),
    ("/group_analysis", {"group_by": "pressure_mTorr"}, 422, "bad_input", "group_by"),
    ("/group_analysis", {"group_by": "timestamp"}, 422, "bad_input", "group_by"),
    ("/group_analysis", {"group_by": "anomaly"}, 422, "bad_input", "group_by"),
    ("/group_analysis", {"group_by": "lot", "feature": "lot"}, 422, "bad_input", "feature"),
    ("/group_analysis", {"group_by": "lot", "feature": "x"}, 404, "not_found", "feature"),
    ("/group_analysis", {"group_by": "lot", "dataset": "x"}, 404, "not_found", "dataset"),
    ("/model_compare", {"detectors": []}, 422, "bad_input", "detectors"),
    ("/model_compare", {"detectors": ["moving_variance", "x"]}, 404, "not_found", "detectors"),
    ("/model_compare", {"dataset": "x"}, 404, "not_found", "dataset"),
    ("/model_compare", {"contamination": 2}, 422, "bad_input", "contamination"),
]


@pytest.mark.parametrize(("path", "body", "status", "code", "field"), BODIES)
def test_a_body_that_cannot_be_used_is_refused_by_its_field(
    assert_error: AssertError,
    client: TestClient,
    path: str,
    body: dict[str, Any],
    status: int,
    code: str,
    field: str | None,
) -> None:
    text = json.dumps(body).replace("Infinity", "1e999")
    answer = client.post(path, content=text, headers={"Content-Type": "application/json"})
    error = assert_error(answer, status, code, field)
    assert error["hint"]


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        (
            "/runs/x/export?format=exe",
            "format is not a valid value.",
            "Choose one of: csv, parquet, json, xlsx.",
        ),
        (f"/runs?search={'x' * 1001}", "search is longer than 1000 letters.", "Shorten it."),
        ("/runs?search=", "search is empty.", "Give it a value."),
        ("/plot/pressure_mTorr?start=NaT", "'NaT' is not a time.", "Write it as 2026-01-31T08:30:00."),
    ],
)
def test_a_value_of_the_right_type_is_refused_for_what_is_wrong_with_it(
    client: TestClient, path: str, message: str, hint: str
) -> None:
    error = client.get(path).json()["error"]
    assert (error["message"], error["hint"]) == (message, hint)


def test_too_long_a_list_is_reported_its_length(client: TestClient) -> None:
    error = client.post("/detect", json={"features": ["pressure_mTorr"] * 10_001}).json()["error"]
    assert (error["message"], error["hint"]) == ("features names more than 10000.", "Leave some out.")


@pytest.mark.parametrize("path", ["/detect", "/group_analysis", "/model_compare"])
@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b"\xff\xfe", "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b"[]", "application/json; charset=utf-8", 422, "bad_input"),
        (b"null", "application/json", 422, "bad_input"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", "", 415, "unsupported_media_type"),
        (b" " * 4_000_001, "application/json", 413, "too_large"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    assert_error: AssertError, client: TestClient, path: str, content: bytes, kind: str, status: int, code: str
) -> None:
    assert_error(client.post(path, content=content, headers={"Content-Type": kind}), status, code)


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("/plot/none_such", 404, "not_found", "feature"),
        ("/plot/none%0Asuch", 404, "not_found", "feature"),
        ("/plot/equipment", 422, "bad_input", "feature"),
        ("/plot/", 404, "not_found", "feature"),
        ("/plot/pressure_mTorr?points=9", 422, "bad_input", "points"),
        ("/plot/pressure_mTorr?points=5001", 422, "bad_input", "points"),
        ("/plot/pressure_mTorr?points=many", 422, "bad_input", "points"),
        ("/plot/pressure_mTorr?start=yesterdayish", 422, "bad_input", "start"),
        ("/plot/pressure_mTorr?end=9999999-01-01", 422, "bad_input", "end"),
        ("/plot/pressure_mTorr?start=2026-02-01&end=2026-01-01", 422, "bad_input", "end"),
        ("/plot/pressure_mTorr?dataset=x", 404, "not_found", "dataset"),
        ("/plot/pressure_mTorr?run=x", 404, "not_found", "run"),
        ("/plot/pressure_mTorr?view=distribution", 422, "bad_input", "run"),
        ("/plot/pressure_mTorr?view=pie", 422, "bad_input", "view"),
        ("/plot/pressure_mTorr?color=red", 422, "bad_input", "color"),
    ],
)
def test_a_plot_that_cannot_be_drawn_is_refused(
    assert_error: AssertError, client: TestClient, path: str, status: int, code: str, field: str
) -> None:
    assert_error(client.get(path), status, code, field)


def test_unknown_addresses_and_methods_have_the_same_shape(assert_error: AssertError, client: TestClient) -> None:
    assert_error(client.get("/nothing"), 404, "not_found")
    assert_error(client.get("/static/app/0/page.js"), 404, "not_found")
    wrong = client.get("/detect")
    assert_error(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    assert_error(client.put("/datasets"), 405, "method_not_allowed")
    assert_error(client.delete("/datasets/0123456789abcdef"), 404, "not_found", "dataset")
    assert_error(client.delete("/datasets/demo"), 404, "not_found", "id")


def test_the_sentence_is_in_the_reader_s_language(assert_error: AssertError, client: TestClient) -> None:
    headers = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"}
    korean = assert_error(
        client.post("/detect", json={"contamination": 0.9}, headers=headers), 422, "bad_input", "contamination"
    )
    assert korean["message"] == "contamination 값은 0.5 이하여야 합니다."
    by_cookie = client.post("/detect", json={"contamination": 0.9}, headers={"Cookie": "lang=ko"})
    assert by_cookie.json()["error"]["message"] == korean["message"]
    assert by_cookie.headers["vary"].lower().count("accept-language") == 1


def test_the_name_of_the_server_is_checked(assert_error: AssertError, client: TestClient) -> None:
    for name in ("evil.example", "127.0.0.1.evil.example:5000", "", "localhost.", "[::1].evil"):
        assert_error(client.get("/healthz", headers={"Host": name}), 400, "malformed")
    for name in ("localhost", "localhost:5000", "127.0.0.1:80", "[::1]:5000", "LOCALHOST"):
        assert client.get("/healthz", headers={"Host": name}).status_code == 200


def test_another_site_s_page_cannot_write(assert_error: AssertError, client: TestClient) -> None:
    files = {"file": ("a.csv", b"a,b\n1,2\n")}
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert_error(client.post("/datasets", files=files, headers=headers), 403, "forbidden")
    assert client.post("/detect", json={"what": 1}, headers={"Origin": "http://127.0.0.1"}).status_code == 422


def test_a_fault_of_ours_tells_a_request_id_and_logs_the_rest(
    assert_error: AssertError, client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(api, "_plot_answer", broken)
    answer = client.get("/plot/x", headers={"X-Request-ID": "my-request-0001"})
    error = assert_error(answer, 500, "internal_error")
    assert error["request_id"] == "my-request-0001"
    assert "secret" not in answer.text
    assert "secret detail" in caplog.text
    assert "my-request-0001" in caplog.text
    assert answer.headers["content-security-policy"]


def test_a_data_directory_that_cannot_be_made_stops_the_start_with_its_remedy(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        create_app(Settings(data_dir=blocked))


def test_readiness_names_neither_a_hash_nor_a_folder(client: TestClient) -> None:
    assert set(client.get("/readyz").json()) == {"status", "model", "device"}


def test_a_data_directory_that_is_gone_is_not_ready(assert_error: AssertError, tmp_path: Path) -> None:
    with TestClient(create_app(Settings(data_dir=tmp_path / "data")), base_url="http://127.0.0.1") as opened:
        assert opened.get("/readyz").status_code == 200
        (tmp_path / "data" / "datasets").rmdir()
        (tmp_path / "data" / "datasets").write_text("not a folder")
        error = assert_error(opened.get("/readyz"), 503, "not_ready")
        assert str(tmp_path) not in error["message"] + error["hint"]


def test_a_database_that_does_not_answer_is_not_ready(
    assert_error: AssertError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        database = app.state.parts.store.database
        broken = reading_engine(f"sqlite:///{tmp_path}")  # a folder is no database
        monkeypatch.setattr(database, "_reading", broken)
        answer = opened.get("/readyz")
        assert "database" in assert_error(answer, 503, "not_ready")["message"]
        assert str(tmp_path) not in answer.text
        assert opened.get("/healthz").status_code == 200


def test_a_checkpoint_that_cannot_be_loaded_is_not_ready(
    assert_error: AssertError, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_settings: Settings) -> None:
        raise ModelError("{file} cannot be read.", file="/secret/path/model.onnx")

    monkeypatch.setattr(health, "moment_model", gone)
    answer = client.get("/readyz")
    assert "checkpoint" in assert_error(answer, 503, "not_ready")["message"]
    assert "/secret" not in answer.text
