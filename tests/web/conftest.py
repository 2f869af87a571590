"""One application for all tests of the web, on a data directory of its own, and the one assertion about errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def client(data_dir: Path) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=data_dir, max_upload_mb=1, max_rows=50_000, posts_per_minute=0))
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.fixture
def korean_csv() -> bytes:
    """Two interleaved machines with a spike, in CP949, with Korean headers."""
    lines = ["시간,장비ID,배치번호,압력,온도,이상여부"]
    for second in range(400):
        wrong = 220 <= second < 225
        stamp = f"2026-03-01 09:{second // 60:02d}:{second % 60:02d}"
        pressure, label = (9.0, "이상") if wrong else (1 + second % 3 * 0.1, "정상")
        lines.append(f"{stamp},E1,L1,{pressure},{20 + second % 5 * 0.2},{label}")
        lines.append(f"{stamp},E2,L2,{5 + second % 4 * 0.1},{40 + second % 3 * 0.2},정상")
    return "\n".join(lines).encode("cp949")


@pytest.fixture
def uploaded(client: TestClient, korean_csv: bytes) -> Iterator[str]:
    """Id of an upload that is deleted afterwards."""
    answer = client.post("/datasets", files={"file": ("에칭.csv", korean_csv, "text/csv")})
    assert answer.status_code == 201, answer.text
    yield answer.json()["id"]
    client.delete(f"/datasets/{answer.json()['id']}")


def _assert_error(answer: Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The one shape with all five keys, the true status, and never the text of an exception.

    Where a file is refused, everything that was found and the id under which it is kept come after them.
    """
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    error = body["error"]
    assert list(error)[:5] == ["code", "message", "hint", "field", "request_id"]
    assert set(error) - set(list(error)[:5]) <= {"findings", "upload"}
    assert error["code"] == code
    assert error["field"] == field
    assert error["message"].endswith((".", "?"))
    assert isinstance(error["hint"], str)
    assert error["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    assert "{" not in error["message"], "a place was not filled"
    return error


@pytest.fixture(scope="session")
def assert_error() -> Callable[..., dict[str, Any]]:
    """The assertion used for every family of endpoints."""
    return _assert_error
