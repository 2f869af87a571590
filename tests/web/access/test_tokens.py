"""Tokens: how short they may be, what wrong ones cost, and who may use which name."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from waferwatch.cli import main
from waferwatch.errors import InputError
from waferwatch.settings import Settings, read_settings
from waferwatch.web.access.access import LEAST_TOKEN, Access
from waferwatch.web.access.limits import Limiter
from waferwatch.web.app import create_app

AssertError = Callable[..., dict[str, Any]]
TOKEN = "correct horse battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer wrong"}
PAGE = {"Accept": "text/html"}


@contextmanager
def opened(folder: Path, **more: Any) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=folder, token=SecretStr(TOKEN), posts_per_minute=0))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, **more) as client:
        yield client


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[TestClient]:
    with opened(tmp_path) as client:
        yield client


@pytest.mark.parametrize("token", ["a", "x" * (LEAST_TOKEN - 1), " " * 20, " secret \n"])
def test_a_token_that_can_be_guessed_is_refused_at_the_start(token: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token.strip() or "short")
    for settings in (
        Settings(data_dir=tmp_path, token=SecretStr(token)),
        read_settings({"WAFERWATCH_DATA_DIR": str(tmp_path), "WAFERWATCH_TOKEN_FILE": str(file)}),
    ):
        with pytest.raises(InputError, match=r"WAFERWATCH_TOKEN is too short.*16.*openssl rand") as refused:
            create_app(settings)
        assert refused.value.field == "token"
        assert token.strip()[1:] not in str(refused.value) or not token.strip()[1:], "a secret is not shown"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\xfd"])
def test_a_secret_that_was_not_mounted_does_not_open_the_server(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(InputError, match="WAFERWATCH_TOKEN_FILE"):
        read_settings({"WAFERWATCH_TOKEN_FILE": str(tmp_path / "token")})


def test_the_command_line_says_why_a_short_token_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TOKEN": "abc", "DATA_DIR": str(tmp_path), "PORT": str(free_port())}.items():
        monkeypatch.setenv(f"WAFERWATCH_{name}", value)
    assert main(["serve"]) == 2
    told = capsys.readouterr().err
    assert "WAFERWATCH_TOKEN is too short" in told
    assert "Traceback" not in told


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_token_of_sixteen_characters_is_taken() -> None:
    assert Access(Settings(token=SecretStr("x" * LEAST_TOKEN))).needed


def test_wrong_tokens_never_lock_the_right_one_out(assert_error: AssertError, guarded: TestClient) -> None:
    for _ in range(10):
        assert guarded.get("/datasets", headers=WRONG).status_code == 401
    refused = guarded.get("/datasets", headers=WRONG)
    assert_error(refused, 429, "too_many")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert guarded.get("/datasets", headers=BEARER).status_code == 200
    assert guarded.post("/login", data={"token": TOKEN}).status_code == 303
    guarded.cookies.clear()
    assert guarded.get(f"/?token={quote(TOKEN)}").status_code == 303


def test_what_is_refused_as_too_much_leaves_no_line_in_the_audit_log(guarded: TestClient) -> None:
    for _ in range(30):
        guarded.get("/datasets", headers=WRONG)
    entries = guarded.get("/audit", headers=BEARER).json()["entries"]
    assert [entry["action"] for entry in entries] == ["failed log in"] * 10


def test_wrong_tokens_are_limited_whatever_addresses_a_client_invents(tmp_path: Path) -> None:
    with opened(tmp_path, client=("127.0.0.1", 50000)) as client:
        statuses = [
            client.get("/datasets", headers=WRONG | {"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(40)
        ]
        assert statuses == [401] * 10 + [429] * 30


def test_the_audit_log_names_addresses_only(tmp_path: Path) -> None:
    with opened(tmp_path, client=("127.0.0.1", 50000)) as client:
        for named in ("<script>alert(1)</script>", "\x1b[31m", "x" * 5000, "10.1.2.3", "10.1.2.3:77", "2001:db8::1"):
            client.get("/datasets", headers=WRONG | {"X-Forwarded-For": named})
        entries = client.get("/audit", headers=BEARER).json()["entries"]
        assert [entry["subject"] for entry in reversed(entries)] == [
            *["127.0.0.1"] * 3,
            *["10.1.2.3"] * 2,
            "2001:db8::1",
        ]


@pytest.mark.parametrize(
    "name", ["admin", "Admin", " local ", "PROGRAM", "ａｄｍｉｎ", "root", "lo\u200bcal", "server\0", "system"]
)
def test_nobody_logs_in_under_a_name_of_the_server_s_own(
    assert_error: AssertError, guarded: TestClient, name: str
) -> None:
    answer = guarded.post("/login", data={"token": TOKEN, "name": name})
    error = assert_error(answer, 422, "bad_input", "name")
    assert "kept for the server itself" in error["message"]
    assert "set-cookie" not in answer.headers
    page = guarded.post("/login", data={"token": TOKEN, "name": name}, headers=PAGE)
    assert page.status_code == 422
    assert "kept for the server itself" in page.text
    assert guarded.get("/audit", headers=BEARER).json()["entries"] == []


def test_a_name_that_only_begins_like_one_of_the_server_s_is_anybody_s(guarded: TestClient) -> None:
    for name in ("Administer Kim", "localhost Lee", "관리자", ""):
        assert guarded.post("/login", data={"token": TOKEN, "name": name}).status_code == 303


def test_a_clock_that_is_set_back_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = Limiter(2)
    monkeypatch.setattr("time.time", lambda: 10**10)
    assert [limiter.count("a") for _ in range(3)][:2] == [0, 0]
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert 1 <= limiter.count("a") <= 60


def test_a_client_may_act_again_when_its_minute_is_over() -> None:
    seconds = 0.0
    limiter = Limiter(2, clock=lambda: seconds)
    assert [limiter.count("a"), limiter.count("b")] == [0, 0]
    seconds = 30.0
    assert [limiter.count("a"), limiter.count("a")] == [0, 30]
    seconds = 60.0
    assert [limiter.count("a"), limiter.count("a")] == [0, 30]
    assert Limiter(0).count("a") == 0


def test_the_limiter_does_not_grow_with_the_addresses_that_it_has_met() -> None:
    seconds = 0.0
    limiter = Limiter(1, clock=lambda: seconds)
    for n in range(25_000):
        seconds += 0.001
        limiter.count(str(n))
    assert len(limiter._acts) <= 10_000
