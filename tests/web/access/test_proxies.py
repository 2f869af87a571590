"""A server that asks for no token answers this machine alone, whatever stands in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app
from waferwatch.web.shell.guard import _own_path

AssertError = Callable[..., dict[str, Any]]
TOKEN = "correct horse battery"
CSV = b"time,x\n" + b"\n".join(b"%d,1" % n for n in range(9))
PASSED_ON = [
    {"X-Forwarded-For": "10.1.2.3"},
    {"x-forwarded-proto": "https"},
    {"X-Forwarded-Host": "fab.example"},
    {"X-Forwarded-Anything": ""},
    {"Forwarded": "for=10.1.2.3"},
    {"X-Real-IP": "10.1.2.3"},
    {"Via": "1.1 nginx"},
]


@contextmanager
def opened(folder: Path, peer: str = "127.0.0.1", **settings: Any) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=folder, **settings))
    with TestClient(app, base_url="http://127.0.0.1", client=(peer, 50000), follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("headers", PASSED_ON, ids=lambda headers: next(iter(headers)))
def test_what_a_proxy_passed_on_is_refused_without_a_token(
    tmp_path: Path, assert_error: AssertError, headers: dict[str, str]
) -> None:
    with opened(tmp_path) as client:
        assert client.get("/datasets").status_code == 200
        for answer in (
            client.get("/audit", headers=headers),
            client.post("/datasets", headers=headers, files={"file": ("a.csv", CSV)}),
        ):
            error = assert_error(answer, 403, "forbidden")
            assert "WAFERWATCH_TOKEN" in error["hint"]
            assert "WAFERWATCH_ALLOWED_HOSTS" in error["hint"]
        assert len(client.get("/datasets").json()["datasets"]) == 1, "the demo alone"


@pytest.mark.parametrize("peer", ["10.1.2.3", "192.168.0.7", "2001:db8::1", "::ffff:10.1.2.3"])
def test_another_machine_is_refused_without_a_token(tmp_path: Path, assert_error: AssertError, peer: str) -> None:
    with opened(tmp_path, peer) as client:
        assert_error(client.get("/datasets"), 403, "forbidden")


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_answered_without_a_token(tmp_path: Path, peer: str) -> None:
    with opened(tmp_path, peer) as client:
        assert client.get("/datasets").status_code == 200


@pytest.mark.parametrize("headers", PASSED_ON, ids=lambda headers: next(iter(headers)))
def test_a_server_with_a_token_works_behind_a_proxy(tmp_path: Path, headers: dict[str, str]) -> None:
    with opened(tmp_path, token=SecretStr(TOKEN)) as client:
        assert client.get("/datasets", headers=headers).status_code == 401
        assert client.get("/datasets", headers=headers | {"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_proxy_on_this_machine_says_who_asks_and_whether_the_page_is_encrypted(tmp_path: Path) -> None:
    headers = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https"}
    with opened(tmp_path, token=SecretStr(TOKEN)) as client:
        answer = client.post("/login", data={"token": TOKEN}, headers=headers)
        assert "Secure" in answer.headers["set-cookie"]
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/audit", headers=bearer).json()["entries"][0]["subject"] == "10.1.2.3"
    with opened(tmp_path, "10.9.9.9", token=SecretStr(TOKEN)) as client:
        answer = client.post("/login", data={"token": TOKEN}, headers=headers)
        assert "Secure" not in answer.headers["set-cookie"], "another machine is not believed"
        assert client.get("/audit", headers=bearer).json()["entries"][0]["subject"] == "10.9.9.9"


@pytest.mark.parametrize("path", ["/data/", "/data/?page=2", "//evil.example/data/", "/runs/"])
def test_redirects_carry_no_name_that_the_visitor_sent(tmp_path: Path, path: str) -> None:
    with opened(tmp_path, host="0.0.0.0", token=SecretStr(TOKEN)) as client:
        bearer = {"Authorization": f"Bearer {TOKEN}", "Host": "evil"}
        answer = client.request("GET", "http://127.0.0.1" + path, headers=bearer)
        if path.startswith("//"):
            assert answer.status_code == 404
            return
        assert answer.status_code == 307
        assert answer.headers["location"] == path.replace("/?", "?").rstrip("/")


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://evil/data", "/data"),
        ("http://evil//evil.example/x?y=1", "/evil.example/x?y=1"),
        ("http://evil/\\\\evil.example", "/evil.example"),
        ("/data", "/data"),
        ("https://other/data", "https://other/data"),
    ],
)
def test_a_redirect_to_this_server_never_becomes_one_to_another(location: str, shown: str) -> None:
    assert _own_path(location, "evil") == shown
