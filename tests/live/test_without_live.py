"""A server without live monitoring: switched off, by another process, or since its file cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from waferwatch.cli import main
from waferwatch.live.service import FILE, FOLDER
from waferwatch.settings import Settings
from waferwatch.web.app import create_app

PAGES = (
    "/", "/problems", "/problems?run={run}", "/problems?run={run}&search=P-1", "/problems/P-1?run={run}",
    "/problems/check", "/problems/groups?run={run}", "/trends?run={run}", "/trends/chambers", "/pm", "/data",
    "/data/checks", "/monitors", "/monitors/compare", "/watch", "/audit",
)  # fmt: skip


def damaged(file: Path) -> None:
    file.write_bytes(b"noise " * 10_000)


def of_a_newer_version(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=99")
    connection.close()


def in_order(_file: Path) -> None:
    """It is switched off instead."""


TROUBLES = (
    (in_order, "Live monitoring is switched off."),
    (damaged, "The database live/live.sqlite is damaged"),
    (of_a_newer_version, "made by another version"),
)


@pytest.fixture(params=TROUBLES, ids=lambda trouble: trouble[0].__name__)
def reason(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Why live monitoring does not run."""
    trouble: Callable[[Path], None] = request.param[0]
    (settings.data_dir / FOLDER).mkdir(exist_ok=True)
    trouble(settings.data_dir / FOLDER / FILE)
    return str(request.param[1])


@pytest.fixture
def client(reason: str, settings: Settings) -> Iterator[TestClient]:
    off = settings.model_copy(update={"live": not reason.startswith("Live")})
    with TestClient(create_app(off), base_url="http://127.0.0.1") as opened:
        yield opened


def test_every_page_opens_and_live_data_are_refused_with_the_reason(client: TestClient, reason: str) -> None:
    wish = {"dataset": "demo", "detector": "statistical", "reference_rows": 3000}
    run = client.post("/detect", json=wish).json()["run"]
    found = client.get(f"/problems?run={run}", headers={"Accept": "text/html"})
    assert found.status_code == 200
    assert "P-1" in found.text
    for page in PAGES:
        assert client.get(page.format(run=run), headers={"Accept": "text/html"}).status_code == 200, page
    for refused in ("/live", "/alarms", "/watch/chambers"):
        answer = client.get(refused, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "live_off")
        assert reason in answer.json()["error"]["message"]


@pytest.mark.parametrize("command", [("alarms", "list"), ("watch", ".")])
@pytest.mark.parametrize(("trouble", "reason"), TROUBLES[1:])
def test_a_command_names_the_file_that_cannot_be_used(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    trouble: Callable[[Path], None],
    reason: str,
) -> None:
    (settings.data_dir / FOLDER).mkdir(exist_ok=True)
    trouble(settings.data_dir / FOLDER / FILE)
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(settings.data_dir))
    assert main(list(command)) == 2
    said = capfd.readouterr().err
    assert reason in said
    assert "Traceback" not in said
    assert "waferwatch.sqlite3" not in said
