"""Tables as a page shows them, made into files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
from starlette.testclient import TestClient

TABLE: dict[str, Any] = {
    "title": "식각 / wafers",
    "columns": ["wafer", "peak", "peak", ""],
    "rows": [["007", 1.5, "=1+1", None], ["W2", 2, 3.0]],
}


def test_numbers_stay_numbers_names_stay_names_and_formulas_are_harmless(client: TestClient) -> None:
    answer = client.post("/tables/export", json=TABLE | {"format": "csv"})
    assert answer.status_code == 200, answer.text
    frame = pd.read_csv(io.BytesIO(answer.content), dtype=str, keep_default_na=False)
    assert list(frame.columns) == ["wafer", "peak", "peak 3", "column 4"]
    assert frame.to_numpy().tolist() == [["007", "1.5", "'=1+1", ""], ["W2", "2", "3.0", ""]]
    book = client.post("/tables/export", json=TABLE | {"format": "xlsx"})
    sheet = pd.read_excel(io.BytesIO(book.content), engine="calamine")
    assert sheet["peak"].tolist() == [1.5, 2]
    assert sheet["wafer"].astype(str).tolist() == ["007", "W2"]


def test_a_table_without_columns_is_refused(client: TestClient, assert_error: Callable[..., dict[str, Any]]) -> None:
    refused = client.post("/tables/export", json=TABLE | {"format": "csv", "columns": []})
    assert_error(refused, 422, "bad_input", "columns")


def test_a_table_of_too_many_rows_or_columns_is_refused(
    client: TestClient, assert_error: Callable[..., dict[str, Any]]
) -> None:
    for field, most in (("rows", [[1]] * 10_000), ("columns", ["wafer"] * 500)):
        sent = {"title": "wafers", "format": "csv", "columns": ["wafer"], "rows": []}
        assert client.post("/tables/export", json=sent | {field: most}).status_code == 200
        refused = client.post("/tables/export", json=sent | {field: [*most, most[0]]})
        assert_error(refused, 422, "bad_input", field)
