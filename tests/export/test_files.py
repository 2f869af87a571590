"""What is exported is what was there: read back, nothing is lost, and nothing runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.events.event import Event, Kind, SensorShare
from waferwatch.export.csv_file import write_csv
from waferwatch.export.events import Said, events_document, events_frame, write_events_csv
from waferwatch.export.rows import arrow_table, write_detection_rows
from waferwatch.scoring.result import Detection

HOSTILE_STARTS = "=+-@\t\r\n＝＋－＠"
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(HOSTILE_STARTS),
    st.text("0123456789.,eE=cmd|'\"\n;A1()", max_size=12),
)
BOM = "\ufeff"


def detection(rows: int, events: list[Event] | None = None) -> Detection:
    event_ids = np.zeros(rows, np.int64)
    event_ids[:1] = 1
    return Detection(
        scores=np.linspace(0.1, 1, rows),
        flags=event_ids > 0,
        contributions=np.ones((rows, 1), np.float32),
        event_ids=event_ids,
        events=events or [],
        runs=[],
        features=["a"],
        threshold=0.5,
        detector="squared_difference",
        model="squared_difference",
        model_sha256=None,
        device="cpu",
        seconds=0.1,
    )


def event(**own: Any) -> Event:
    plain: dict[str, Any] = {
        "id": 1,
        "kind": Kind.POINT,
        "start": "2026-03-01T09:00:00",
        "end": "2026-03-01T09:00:04",
        "peak": "2026-03-01T09:00:01",
        "start_row": 0,
        "end_row": 4,
        "peak_row": 1,
        "rows": 5,
        "peak_score": 3.5,
        "equipment": "E1",
        "lot": None,
    }
    return Event(**plain | own)


def written(table: pa.Table, **options: bool) -> str:
    file = io.BytesIO()
    write_csv(table, file, **options)
    return file.getvalue().decode()


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


@given(st.lists(texts, min_size=1, max_size=20), texts)
def test_every_text_comes_back_and_none_would_run(cells: list[str], name: str) -> None:
    (header, *rows) = cells_of(written(pa.table([pa.array(cells), pa.array(range(len(cells)))], [name, "n"])))
    for before, after in zip([name, *cells], [header[0], *(row[0] for row in rows)], strict=True):
        assert after.replace("'", "") == before.replace("'", "")
        for part in re.split(r"[;\r\n]", after)[1:]:  # cells of their own where a semicolon parts cells
            assert not part.lstrip(' \t"').startswith(tuple(HOSTILE_STARTS)), "a spreadsheet would run it"
        assert not after.lstrip().startswith(tuple("=@＝＋－＠")), "a spreadsheet would run it"
        if after.lstrip().startswith(("+", "-")) and after.strip(" \t\r\n-"):  # dashes alone stand for "no value"
            float(after.strip().rstrip("%").replace(",", "").replace(".", ""))  # a number, "-inf" and "-nan" included


@given(st.lists(st.lists(texts, min_size=2, max_size=2), min_size=1, max_size=10))
def test_without_neutralising_every_cell_is_as_it_was(rows: list[list[str]]) -> None:
    table = pa.table([pa.array([row[0] for row in rows]), pa.array([row[1] for row in rows])], ["a", "b"])
    assert cells_of(written(table, neutralise=False)) == [["a", "b"], *rows]


@pytest.mark.parametrize(
    "cell", ["-1", "-1.5e-7", "+3", "-1,234.50", "-12%", "-", "--", "-inf", "-INFINITY", "1=2", "a@b", ""]
)
def test_numbers_and_plain_texts_stay_as_they_are(cell: str) -> None:
    assert cells_of(written(pa.table([pa.array([cell, "x"])], ["a"])))[1] == ([cell] if cell else [])


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1+1", "-1-1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " =1", "＝1", "-1e5e5", "+A1",
        "+.", "-,", "\ufeff=1", "\u200b=1", "\u2060+A1", "\u00ad@A1", "\u200b \ufeff=1",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    text = written(pa.table([pa.array([cell])], [cell]))
    assert cells_of(text) == [["'" + cell], ["'" + cell]]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("x;=HYPERLINK(1);y", "x;'=HYPERLINK(1);y"),
        ('a; "=1', "a; \"'=1"),
        (";\u200b=1;-2", ";\u200b'=1;'-2"),
        ("=1;=2", "'=1;'=2"),
        ("\n=1", "'\n'=1"),
        ("note\r\n+A1", "note\r\n'+A1"),
    ],
)
def test_parts_of_a_cell_that_would_become_cells_get_an_apostrophe_too(cell: str, safe: str) -> None:
    assert cells_of(written(pa.table([pa.array([cell])], ["a"])))[1] == [safe]


def test_numbers_are_exact_and_what_is_missing_is_empty() -> None:
    values = [0.1 + 0.2, -1e-300, float("nan"), 1e22, -5.0]
    table = arrow_table(pd.DataFrame({"v": values, "when": pd.to_datetime(["2026-01-01 00:00:00.5"] * 4 + [None])}))
    rows = cells_of(written(table))[1:]
    assert [float(row[0]) if row[0] else None for row in rows] == [values[0], values[1], None, values[3], values[4]]
    assert rows[0][1] == "2026-01-01 00:00:00.500000000"[: len(rows[0][1])]
    assert rows[4][1] == ""


def test_a_byte_order_mark_stands_only_where_it_is_needed() -> None:
    assert not written(pa.table([pa.array(["plain"])], ["a"])).startswith(BOM)
    assert written(pa.table([pa.array(["압력"])], ["a"])).startswith(BOM)
    assert written(pa.table([pa.array(["plain"])], ["압력"])).startswith(BOM)


def test_odd_cells_of_a_parquet_file_become_text() -> None:
    table = pa.table({"list": [[1, 2], None], "bytes": [b"\xff", b"=1"], "struct": [{"a": 1}, None]})
    assert cells_of(written(table))[1:] == [["[1, 2]", "b'\\xff'", "{'a': 1}"], ["", "b'=1'", ""]]


def test_cells_of_several_kinds_in_one_column_become_text() -> None:
    frame = pd.DataFrame({"mixed": pd.Series([1, "=x", None, 2.5], dtype=object), "plain": [1, 2, 3, 4]})
    assert [row[0] for row in cells_of(written(arrow_table(frame)))] == ["mixed", "1", "'=x", "", "2.5"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_are_all_there_in_their_order_with_the_result_next_to_them(kind: str) -> None:
    rows = 45_000  # more than one batch
    frame = pd.DataFrame({"값": [f"{at}.50" for at in range(rows)], "=name": ["E1"] * rows, "event_id": 9})
    file = io.BytesIO()
    write_detection_rows(frame, detection(rows), file, kind)
    file.seek(0)
    read = pd.read_csv(file, dtype={"값": str}) if kind == "csv" else parquet.read_table(file).to_pandas()
    name = "'=name" if kind == "csv" else "=name"
    assert list(read.columns) == ["값", name, "anomaly_score", "is_anomaly", "event_id"]
    assert read["값"].tolist() == frame["값"].tolist()
    assert np.array_equal(read["anomaly_score"], detection(rows).scores)
    assert read["is_anomaly"].sum() == 1
    assert read["event_id"].iloc[0] == 1
    assert read["event_id"].isna().sum() == rows - 1


def test_events_stand_in_a_line_each_with_sensors_context_and_verdict() -> None:
    sensors = (SensorShare("=pressure", 0.75), SensorShare("flow", 0.25))
    found = detection(5, [event(sensors=sensors, context={"wafer": "W7"}), event(id=2, context={"recipe": "@R"})])
    said = {2: Said("false_alarm", '=HYPERLINK("x")\nmaintenance', "kim", "2026-03-02T00:00:00+00:00")}
    file = io.BytesIO()
    write_events_csv(found, said, file)
    first, second = csv.DictReader(io.StringIO(file.getvalue().decode(), newline=""))
    assert (first["event_id"], first["kind"], first["sensor_1"], first["share_1"]) == (
        "1",
        "point",
        "'=pressure",
        "0.75",
    )
    assert (first["context.wafer"], first["context.recipe"], first["verdict"], first["sensor_3"]) == ("W7", "", "", "")
    assert second["context.recipe"] == "'@R"
    assert second["verdict"] == "false_alarm"
    assert second["note"] == '\'=HYPERLINK("x")\nmaintenance'
    assert (second["verdict_by"], second["verdict_at"]) == ("kim", "2026-03-02T00:00:00+00:00")


def test_without_events_the_header_stands_alone() -> None:
    assert len(events_frame(detection(3), {})) == 0
    file = io.BytesIO()
    write_events_csv(detection(3), {}, file)
    assert file.getvalue().startswith(b"event_id,kind,start,end,")
    assert file.getvalue().count(b"\n") == 1


def test_the_document_holds_everything_about_the_events() -> None:
    said = {1: Said("true_alarm", "note", "kim", "2026-03-02T00:00:00+00:00")}
    document = events_document(detection(5, [event(), event(id=2)]), said, {"run": "r1"})
    assert document["run"] == "r1"
    assert document["detector"] == "squared_difference"
    first, second = document["events"]
    assert (first["verdict"], first["note"], first["verdict_by"]) == ("true_alarm", "note", "kim")
    assert (second["verdict"], second["note"]) == (None, "")
