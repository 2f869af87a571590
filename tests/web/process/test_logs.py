"""The log: one record a line, and nothing that a request holds can change how it looks."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app
from waferwatch.web.process.file_limit import AcceptFilter
from waferwatch.web.process.logs import SafeFormatter, escaped

HOSTILE = "x\x1b[31mFORGED\rLINE\n2026-01-01 00:00:00,000 INFO waferwatch forged\x9b\u2028\u202e"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the server's formatter writes."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(SafeFormatter("%(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_control_characters_become_escapes_and_other_text_stays() -> None:
    assert escaped("a\tb\x1b[0m\r\n\x9b\u2028\u202e") == r"a\tb\x1b[0m\r\n\x9b\u2028\u202e"
    assert escaped("압력 — 3.5 °C 'x'") == "압력 — 3.5 °C 'x'"


def test_a_record_is_one_line_whatever_it_tells_of(log: StringIO) -> None:
    logging.getLogger("waferwatch.web").warning("request %s failed", HOSTILE)
    lines = log.getvalue().splitlines()
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_no_line_of_a_traceback_passes_for_a_record(log: StringIO) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("waferwatch.web").exception("failed")
    first, *others = log.getvalue().rstrip("\n").split("\n")
    assert first == "ERROR waferwatch.web failed"
    assert len(others) > 3
    assert all(line.startswith("    ") and line.isprintable() for line in others)
    assert any("ValueError: x\\x1b[31mFORGED" in line for line in others)


def test_the_address_of_a_request_that_fails_is_escaped(tmp_path: Path, log: StringIO) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    app.router.routes.append(Route("/broken/{rest:path}", lambda request: 1 / 0))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.get("/broken/x%1b%5b31mFORGED%0dERROR%20waferwatch%20forged")
    assert answer.status_code == 500
    assert "FORGED" in log.getvalue()
    assert "\x1b" not in log.getvalue()
    assert "\r" not in log.getvalue()


def test_that_no_connection_can_be_taken_is_said_once_in_one_line(log: StringIO) -> None:
    logger = logging.getLogger("asyncio.accepting")
    logger.addFilter(AcceptFilter())
    for _ in range(1000):
        try:
            raise OSError(errno.EMFILE, "Too many open files")
        except OSError as error:
            logger.error("socket.accept() out of system resource\nsocket: <...>", exc_info=error)
    logger.error("something else")
    first, second = log.getvalue().splitlines()
    assert "No more files can be opened" in first
    assert "ulimit" in first
    assert second.endswith("something else")
