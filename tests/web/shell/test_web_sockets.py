"""A web socket passes the same guard as a request: host, origin, token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from waferwatch.settings import Settings
from waferwatch.web.app import create_app

TOKEN = "correct horse battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def say_who(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.state.user)
    await socket.close()


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=folder, **settings))
    app.router.routes.append(WebSocketRoute("/live", say_who))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50000)) as client:
        yield client


def heard(client: TestClient, **headers: str) -> str:
    with client.websocket_connect("ws://127.0.0.1/live", headers=headers) as socket:
        return socket.receive_text()


def test_the_token_the_cookie_and_this_machine_open_it(tmp_path: Path) -> None:
    with opened(tmp_path / "open") as client:
        assert heard(client) == "local"
        assert heard(client, Origin="http://127.0.0.1") == "local"
    with opened(tmp_path / "guarded", token=SecretStr(TOKEN)) as client:
        assert heard(client, **BEARER) == "program"
        client.post("/login", data={"token": TOKEN, "name": "Kim"})
        assert heard(client) == "Kim"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "10.1.2.3"},
    ],
    ids=str,
)
def test_foreign_hosts_pages_and_proxies_are_refused_before_it_opens(tmp_path: Path, headers: dict[str, str]) -> None:
    with opened(tmp_path) as client, pytest.raises(WebSocketDisconnect):
        heard(client, **headers)


def test_without_the_token_or_after_the_log_out_it_stays_shut(tmp_path: Path) -> None:
    with opened(tmp_path, token=SecretStr(TOKEN)) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, BEARER | {"Origin": "http://evil.example"}):
            with pytest.raises(WebSocketDisconnect):
                heard(client, **headers)
        client.post("/login", data={"token": TOKEN})
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        client.post("/logout")
        with pytest.raises(WebSocketDisconnect):
            heard(client, **cookie)
