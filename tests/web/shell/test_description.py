"""/openapi.json is true: every route is in it, and real answers are valid by it. The page and its files are safe."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from waferwatch.web.app import ENDPOINTS

QUICK = "squared_difference"


@pytest.fixture(scope="session")
def description(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def test_every_route_is_described(client: TestClient, description: dict[str, Any]) -> None:
    described = {(path, method.upper()) for path, operations in description["paths"].items() for method in operations}
    routed = {
        (route.path.replace(":path}", "}"), method)
        for route in client.app.routes  # type: ignore[attr-defined]
        if isinstance(route, Route) and route.path != "/static/{path:path}"  # files of the page are no part of the API
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert described == routed
    assert description["openapi"].startswith("3.1")


def _check(value: Any, schema: dict[str, Any], whole: dict[str, Any], place: str) -> None:
    """The part of JSON Schema that our models use."""
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        faults = []
        for option in schema["anyOf"]:
            try:
                _check(value, option, whole, place)
                return
            except AssertionError as fault:
                faults.append(str(fault))
        raise AssertionError(f"{place}: {faults}")
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]), f"{place}: {value!r} is no {schema['type']}"
    if isinstance(value, dict):
        missing = set(schema.get("required", [])) - set(value)
        assert not missing, f"{place} lacks {missing}"
        known = schema.get("properties", {})
        more = schema.get("additionalProperties", not known)
        assert more or set(value) <= set(known), f"{place} has undescribed {set(value) - set(known)}"
        for name, item in value.items():
            inner = known.get(name, more if isinstance(more, dict) else {})
            _check(item, inner, whole, f"{place}.{name}")
    if isinstance(value, list):
        for at, item in enumerate(value):
            _check(item, schema.get("items", {}), whole, f"{place}[{at}]")


REQUESTS: list[tuple[str, str, str, dict[str, Any], int]] = [
    ("POST", "/detect", "/detect", {"detector": QUICK}, 200),
    ("POST", "/detect", "/detect", {"detector": "none"}, 404),
    ("POST", "/detect", "/detect", {"contamination": 7}, 422),
    ("POST", "/group_analysis", "/group_analysis", {"detector": QUICK, "group_by": "lot"}, 200),
    ("POST", "/group_analysis", "/group_analysis", {"group_by": "timestamp"}, 422),
    ("POST", "/model_compare", "/model_compare", {"detectors": [QUICK]}, 200),
    ("GET", "/plot/{feature}", "/plot/pressure_mTorr?points=200", {}, 200),
    ("GET", "/plot/{feature}", "/plot/nothing", {}, 404),
    ("GET", "/datasets", "/datasets", {}, 200),
    ("GET", "/datasets/{id}", "/datasets/demo", {}, 200),
    ("GET", "/datasets/{id}/rows", "/datasets/demo/rows?start=19990", {}, 200),
    ("GET", "/datasets/{id}/sparklines", "/datasets/demo/sparklines", {}, 200),
    ("GET", "/datasets/{id}/quality", "/datasets/demo/quality", {}, 200),
    ("PATCH", "/datasets/{id}", "/datasets/demo", {"name": "mine"}, 422),
    ("POST", "/datasets/{id}/restore", "/datasets/0/restore", {}, 404),
    ("DELETE", "/datasets/{id}", "/datasets/0", {}, 404),
    ("GET", "/healthz", "/healthz", {}, 200),
]


@pytest.mark.parametrize(("method", "path", "address", "body", "status"), REQUESTS)
def test_real_answers_are_valid_by_the_description(
    client: TestClient,
    description: dict[str, Any],
    method: str,
    path: str,
    address: str,
    body: dict[str, Any],
    status: int,
) -> None:
    answer = client.request(method, address, json=body or None)
    assert answer.status_code == status, answer.text
    responses = description["paths"][path][method.lower()]["responses"]
    schema = responses[str(status)]["content"]["application/json"]["schema"]
    _check(answer.json(), schema, description, path)


def test_the_description_would_notice_a_wrong_answer(description: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Health"}
    with pytest.raises(AssertionError, match="undescribed"):
        _check({"status": "ok", "more": 1}, schema | {"additionalProperties": False}, description, "x")
    with pytest.raises(AssertionError, match="lacks"):
        _check({}, schema, description, "x")


def test_an_upload_answers_as_described(client: TestClient, description: dict[str, Any]) -> None:
    made = client.post(
        "/datasets", files={"file": ("a.csv", b"time,x\n" + b"\n".join(b"%d,%d" % (at, at % 5) for at in range(50)))}
    )
    schema = description["paths"]["/datasets"]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    _check(made.json(), schema, description, "/datasets")
    client.delete(f"/datasets/{made.json()['id']}")


def test_no_two_models_have_one_name() -> None:
    models = {model for one in ENDPOINTS for model in (one.answer, one.body, one.query) if isinstance(model, type)}
    names = sorted(model.__name__ for model in models)
    assert names == sorted(set(names))


# The page of an event needs one, readiness a while, and the stream of alarms does not end.
ASKED = [one.path for one in ENDPOINTS if one.method == "GET" and "{" not in one.path]
NOT_ASKED = ("/readyz", "/event", "/problems/event", "/alarms/stream")


@pytest.mark.parametrize("path", [path for path in ASKED if path not in NOT_ASKED])
def test_every_answer_carries_the_safety_headers(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_asks_no_other_host_and_runs_no_inline_script(client: TestClient) -> None:
    page = client.get("/").text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert not re.findall(r"""<script(?![^>]*\b(?:src=|type="application/json"))""", page)
    assert not re.findall(r"""\son\w+=["']""", page)
    assert not re.findall(r"<style|\sstyle=", page)


def test_the_files_of_the_page_are_kept_for_ever_under_their_hash(client: TestClient) -> None:
    page = client.get("/problems/check").text
    addresses = re.findall(r"""(?:src|href|data-plotly)=["'](/static/[^"']+)""", page)
    assert len(set(addresses)) >= 6
    for address in set(addresses):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]
        assert re.search(r"/[0-9a-f]{12}/", address)
    packed = client.get(next(one for one in addresses if "plotly" in one))
    assert packed.headers["content-encoding"] == "gzip"
    plain = client.get(next(one for one in addresses if "plotly" in one), headers={"Accept-Encoding": "identity"})
    assert plain.content == packed.content


def test_the_page_is_in_the_reader_s_language(client: TestClient) -> None:
    korean = client.get("/", headers={"Accept-Language": "ko"}).text
    assert '<html lang="ko">' in korean
    assert "감시 모델" in korean
    english = client.get("/", headers={"Accept-Language": "en"}).text
    assert '<html lang="en">' in english
    switched = client.get("/?lang=ko", follow_redirects=False)
    assert switched.status_code == 303
    assert switched.headers["location"] == "/"
    assert "lang=ko" in switched.headers["set-cookie"]
    assert "samesite=lax" in switched.headers["set-cookie"].lower()
    client.cookies.clear()


def test_counters_count_requests_by_route(client: TestClient) -> None:
    client.get("/plot/pressure_mTorr")
    client.get("/no/such/place")
    text = client.get("/metrics").text
    assert re.search(
        r'waferwatch_requests_total\{method="GET",route="/plot/\{feature:path\}",status="200"\} [1-9]', text
    )
    assert 'route="other",status="404"' in text
    assert "no/such" not in text
    assert all(
        re.fullmatch(r"\w+(\{[^{}]*(\{\w+(:path)?\}[^{}]*)*\})? \S+", line)
        for line in text.splitlines()
        if line[0] != "#"
    )
