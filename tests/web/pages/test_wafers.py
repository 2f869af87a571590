"""Wafers and problems over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient


@pytest.fixture(scope="module")
def run(client: TestClient) -> str:
    answer = client.post("/detect", json={"detector": "statistical"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run"])


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


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_wafers_leave_as_files(client: TestClient, run: str, kind: str) -> None:
    answer = client.get(f"/runs/{run}/wafers/export?what=wafers&format={kind}")
    assert answer.status_code == 200, answer.text
    read: dict[str, Callable[[Any], pd.DataFrame]] = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "xlsx": lambda file: pd.read_excel(file, engine="calamine"),
    }
    total = client.get(f"/runs/{run}/wafers").json()["total"]
    assert len(read[kind](io.BytesIO(answer.content))) == total


def test_unknown_tables_are_refused(client: TestClient, run: str) -> None:
    assert client.get(f"/runs/{run}/wafers/export?what=secrets").status_code in (400, 422)
