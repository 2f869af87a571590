"""Who logs out stays out: with every copy of the cookie, in every process, after a restart."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.store.store import open_store
from waferwatch.web.app import create_app

TOKEN = "correct horse battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def opened(folder: Path) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=folder, token=SecretStr(TOKEN), posts_per_minute=0))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


def log_in(client: TestClient) -> dict[str, str]:
    """The cookie, as a header, so that the client does not keep it."""
    cookie = client.post("/login", data={"token": TOKEN, "name": "Kim"}).headers["set-cookie"].partition(";")[0]
    client.cookies.clear()
    return {"Cookie": cookie}


def test_the_cookie_of_before_opens_nothing_any_more(tmp_path: Path) -> None:
    with opened(tmp_path) as client:
        mine, other = log_in(client), log_in(client)
        assert client.get("/datasets", headers=mine).status_code == 200
        assert client.post("/logout", headers=mine).status_code == 303
        assert client.get("/datasets", headers=mine).status_code == 401
        assert client.get("/login", headers=mine).status_code == 200, "it asks for the token again"
        assert client.get("/datasets", headers=other).status_code == 200, "another browser's session goes on"
        assert client.post("/logout", headers=mine).status_code == 303, "twice is as good as once"
        acts = [entry["action"] for entry in client.get("/audit", headers=BEARER).json()["entries"]]
        assert acts == ["log out", "log in", "log in"]
    with opened(tmp_path) as restarted:
        assert restarted.get("/datasets", headers=mine).status_code == 401
        assert restarted.get("/datasets", headers=other).status_code == 200


LOG_OUT = """
import sys
from starlette.testclient import TestClient
from waferwatch.settings import read_settings
from waferwatch.web.app import create_app
with TestClient(create_app(read_settings()), base_url="http://127.0.0.1", follow_redirects=False) as client:
    assert client.get("/datasets", headers={"Cookie": sys.argv[1]}).status_code == 200
    assert client.post("/logout", headers={"Cookie": sys.argv[1]}).status_code == 303
"""


def test_a_log_out_in_one_process_counts_in_every_other_at_once(tmp_path: Path) -> None:
    with opened(tmp_path) as client:
        mine = log_in(client)
        assert client.get("/datasets", headers=mine).status_code == 200
        environment = os.environ | {"WAFERWATCH_DATA_DIR": str(tmp_path), "WAFERWATCH_TOKEN": TOKEN}
        subprocess.run([sys.executable, "-c", LOG_OUT, mine["Cookie"]], env=environment, check=True, timeout=120)
        assert client.get("/datasets", headers=mine).status_code == 401


def test_another_site_cannot_log_anybody_out(tmp_path: Path) -> None:
    with opened(tmp_path) as client:
        mine = log_in(client)
        assert client.post("/logout", headers=mine | {"Origin": "http://evil.example"}).status_code == 403
        assert client.get("/datasets", headers=mine).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/static/nothing"])
def test_probes_and_static_files_are_answered_without_the_database(tmp_path: Path, path: str) -> None:
    with opened(tmp_path) as client:
        mine = log_in(client)
        client.app.state.parts.store.ended_sessions.holds = lambda _session: 1 / 0  # type: ignore[attr-defined]
        assert client.get(path, headers=mine).status_code in (200, 404)


def test_sessions_that_are_too_old_anyway_leave_the_list(tmp_path: Path) -> None:
    store = open_store(Settings(data_dir=tmp_path))
    store.prepare()
    ended, now = store.ended_sessions, datetime.now(UTC)
    ended.add("old", now - timedelta(seconds=1))
    ended.add("new", now + timedelta(days=7))
    ended.add("new", now + timedelta(days=7))
    assert ended.holds("new")
    assert not ended.holds("old")
    assert not ended.holds("other")
    store.close()
