"""Frames as files of every format: what mixes texts with numbers is text in all of them."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from waferwatch.export.tables import FORMATS, save_tables, write_tables

FRAME = pd.DataFrame(
    {
        "lot": pd.Series(["A1", 7, None, 2.5], dtype=object),
        "share": pd.Series([1, 2.5, None, 3], dtype=object),
        "alone": pd.Series([True, None, False, True], dtype=object),
        "both": pd.Series([True, 1.0, None, "x"], dtype=object),
        "name": ["a", "b", "", "d"],
        "count": [1, 2, 3, 4],
    }
)


def read(content: bytes, kind: str) -> pd.DataFrame:
    file = io.BytesIO(content)
    if kind == "csv":
        return pd.read_csv(file)
    return pd.read_parquet(file) if kind == "parquet" else pd.read_excel(file, engine="calamine")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_column_of_texts_and_numbers_leaves_as_text_and_others_as_they_are(kind: str) -> None:
    file = io.BytesIO()
    write_tables({"wafers": FRAME}, file, kind)
    found = read(file.getvalue(), kind)
    assert found["lot"].dropna().astype(str).tolist() == ["A1", "7", "2.5"]
    assert found["both"].dropna().astype(str).tolist() == ["True", "1.0", "x"]
    assert found["share"].dropna().astype(float).tolist() == [1, 2.5, 3]
    assert found["alone"].dropna().astype(bool).tolist() == [True, False, True]
    assert found["count"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_such_a_frame_is_written_whole(tmp_path: Path, kind: str) -> None:
    save_tables({"wafers": FRAME}, tmp_path / f"wafers.{kind}", "runs")
    assert [one.name for one in tmp_path.iterdir()] == [f"wafers.{kind}"]
    assert len(read((tmp_path / f"wafers.{kind}").read_bytes(), kind)) == len(FRAME)
