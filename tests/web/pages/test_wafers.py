"""Wafers and problems over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from waferwatch.indicators.frames import INDICATOR_COLUMNS, LIMIT_COLUMNS, PROBLEM_COLUMNS, WAFER_COLUMNS
from waferwatch.read.virtual_fab.generate import generate


@pytest.fixture(scope="module")
def run(client: TestClient) -> Iterator[str]:
    """Of one equipment like those of the demo, whose tables are made in half the time."""
    content = generate(7_500, equipment=1).to_csv(index=False).encode()
    dataset = client.post("/datasets", files={"file": ("fab.csv", content)}).json()["id"]
    answer = client.post("/detect", json={"dataset": dataset, "detector": "statistical"})
    assert answer.status_code == 200, answer.text
    yield str(answer.json()["run"])
    client.delete(f"/datasets/{dataset}")


def test_wafers_are_listed_with_their_verdicts(client: TestClient, run: str) -> None:
    every = client.get(f"/runs/{run}/wafers?limit=5000").json()
    abnormal = client.get(f"/runs/{run}/wafers?abnormal=true").json()
    assert every["total"] == len(every["wafers"])
    assert every["abnormal"] == len(abnormal["wafers"]) == sum(one["abnormal"] for one in every["wafers"])
    assert all(one["reason"] for one in abnormal["wafers"] if one["judged_by"] == "wafer")


def test_problems_are_listed_in_the_language_of_the_visitor(client: TestClient, run: str) -> None:
    english = client.get(f"/runs/{run}/problems").json()["problems"]
    korean = client.get(f"/runs/{run}/problems", headers={"Accept-Language": "ko"}).json()["problems"]
    assert [one["number"] for one in english] == list(range(1, len(english) + 1))
    assert [one["fingerprint"] for one in english] == [one["fingerprint"] for one in korean]
    assert all(one["title"] != other["title"] for one, other in zip(english, korean, strict=True))


COLUMNS = {
    "wafers": WAFER_COLUMNS,
    "indicators": INDICATOR_COLUMNS,
    "limits": LIMIT_COLUMNS,
    "problems": ("problem", *PROBLEM_COLUMNS, "state", "verdict", "note"),
}


def rows_of(client: TestClient, run: str, what: str, kind: str) -> pd.DataFrame:
    answer = client.get(f"/runs/{run}/wafers/export?what={what}&format={kind}")
    assert answer.status_code == 200, answer.text
    read: dict[str, Callable[[Any], pd.DataFrame]] = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "xlsx": lambda file: pd.read_excel(file, engine="calamine"),
    }
    return read[kind](io.BytesIO(answer.content))


@pytest.mark.parametrize(
    ("what", "kind"),
    [(what, kind) for what in COLUMNS for kind in ("csv", "parquet", "xlsx") if (what, kind) != ("indicators", "xlsx")],
)  # a workbook of all indicators of the demo takes long; tests/indicators/test_wafers.py reads one of fewer wafers
def test_wafers_leave_as_files(client: TestClient, run: str, what: str, kind: str) -> None:
    frame = rows_of(client, run, what, kind)
    assert tuple(frame.columns) == COLUMNS[what]
    assert len(frame) == len(rows_of(client, run, what, "parquet")) > 0
    if what == "wafers":
        assert len(frame) == client.get(f"/runs/{run}/wafers").json()["total"]


def test_unknown_tables_are_refused(client: TestClient, run: str) -> None:
    assert client.get(f"/runs/{run}/wafers/export?what=secrets").status_code in (400, 422)
