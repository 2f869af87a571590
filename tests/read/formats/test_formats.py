"""Files of every format, and small ones that would unpack to much."""

from __future__ import annotations

import datetime
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from waferwatch.cli import FILE_FORMATS
from waferwatch.errors import InputError, NotFoundError, TooLargeError
from waferwatch.read.files import read_original, read_table
from waferwatch.read.findings import findings_of
from waferwatch.read.form import Form
from waferwatch.read.formats.registry import FORMATS, NAMES, SUFFIXES
from waferwatch.read.limits import Limits
from waferwatch.read.table import Role, Table

START = datetime.datetime(2026, 3, 2, 8)
TIMES = [START + datetime.timedelta(seconds=at) for at in range(12)]
PRESSURE = [12.25 + at % 5 / 4 for at in range(12)]
CSV = "time,p\n" + "".join(f"{time},{value}\n" for time, value in zip(TIMES, PRESSURE, strict=True))
RECORDS = [{"time": str(time), "p": value} for time, value in zip(TIMES, PRESSURE, strict=True)]


def read(folder: Path, name: str, content: bytes, **options: Any) -> Table:
    path = folder / name
    path.write_bytes(content)
    return read_table(path, **options)


def assert_pressure(table: Table, name: str = "p") -> None:
    assert table.frame[name].tolist() == PRESSURE
    assert table.frame[table.column(Role.TIME)].tolist() == [pd.Timestamp(time) for time in TIMES]


def archive(files: dict[str, str | bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return written.getvalue()


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as book:
        dated = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    style = dated if isinstance(cell, datetime.datetime) else None
                    sheet.write(at, column, cell, style)
    return written.getvalue()


ROWS = [["time", "p"], *([time, value] for time, value in zip(TIMES, PRESSURE, strict=True))]


def test_a_workbook_is_read_with_its_dates_to_the_second(tmp_path: Path) -> None:
    assert_pressure(read(tmp_path, "a.xlsx", workbook({"Data": ROWS})))


def test_lines_around_the_table_of_a_workbook_are_left_out(tmp_path: Path) -> None:
    rows = [["Report of CVD2"], [], ["", "mTorr"], *ROWS, [], ["Average", 12.5]]
    table = read(tmp_path, "a.xlsx", workbook({"Info": [["about"]], "Data": rows}))
    assert_pressure(table)
    assert table.first_row == 5
    assert any("Info" in str(note) for note in table.notes)


def test_a_sheet_can_be_named_and_a_wrong_name_is_answered_with_those_there_are(tmp_path: Path) -> None:
    content = workbook({"A": [["x"], *([at] for at in range(50))], "B": ROWS})
    assert_pressure(read(tmp_path, "a.xlsx", content, form=Form(sheet="B")))
    with pytest.raises(NotFoundError, match="A, B"):
        read(tmp_path, "a.xlsx", content, form=Form(sheet="C"))


def test_two_cells_far_apart_do_not_take_the_memory_of_all_between_them(tmp_path: Path) -> None:
    content = workbook({"Data": [["p"], [1.0]]})
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            parts[name] = book.read(name)
    sheet = "xl/worksheets/sheet1.xml"
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts[sheet] = parts[sheet].replace(b"</sheetData>", far)
    with pytest.raises(TooLargeError, match="memory"):
        read(tmp_path, "bomb.xlsx", archive(parts), limits=Limits())


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    bomb = archive({"xl/workbook.xml": b"<x/>", "xl/media/a.bin": b"\0" * 5_000_000})
    with pytest.raises(TooLargeError, match="unpacked"):
        read(tmp_path, "bomb.xlsx", bomb, limits=Limits(bytes=1_000_000))


def test_a_damaged_workbook_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="workbook"):
        read(tmp_path, "a.xlsx", archive({"xl/workbook.xml": b"no xml"}))
    with pytest.raises(InputError, match="workbook"):
        read(tmp_path, "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)


ODS = """<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="Data">{rows}</table:table></office:spreadsheet></office:body>
</office:document-content>"""


def ods_cell(value: Any) -> str:
    kind = 'office:value-type="{}" office:{}="{}"'
    if isinstance(value, datetime.datetime):
        said = kind.format("date", "date-value", value.isoformat())
    elif isinstance(value, float):
        said = kind.format("float", "value", value)
    else:
        said = 'office:value-type="string"'
    return f"<table:table-cell {said}><text:p>{value}</text:p></table:table-cell>"


def ods(rows: str) -> bytes:
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
        f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    parts: dict[str, str | bytes] = {"mimetype": kind, "META-INF/manifest.xml": manifest}
    return archive(parts | {"content.xml": ODS.format(rows=rows)})


ODS_ROWS = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in ROWS)
ODS_REST = (
    '<table:table-row table:number-rows-repeated="1048500"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def test_an_open_document_is_read_whatever_empty_cells_follow(tmp_path: Path) -> None:
    assert_pressure(read(tmp_path, "a.ods", ods(ODS_ROWS + ODS_REST)))
    assert_pressure(read(tmp_path, "b.zip", archive({"data.ods": ods(ODS_ROWS)})))


def test_a_cell_of_an_open_document_that_is_repeated_without_end_is_refused(tmp_path: Path) -> None:
    many = ods_cell(1.0).replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="16384"')
    bomb = f'<table:table-row table:number-rows-repeated="1048576">{many}</table:table-row>'
    with pytest.raises(TooLargeError, match="memory"):
        read(tmp_path, "bomb.ods", ods(bomb), limits=Limits())
    with pytest.raises(InputError, match="workbook"):
        read(tmp_path, "broken.ods", ods("<table:table-row>"))


def xlsb_record(kind: int, content: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(content)]) + content


def xlsb_text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(rows: dict[int, dict[int, Any]]) -> bytes:
    """A binary workbook with these cells, by row and column."""
    cells = b""
    for row, columns in rows.items():
        cells += xlsb_record(0, struct.pack("<IIHHBI", row, 0, 300, 0, 0, 0))
        for column, value in columns.items():
            place = struct.pack("<II", column, 0)
            real = isinstance(value, float)
            cells += xlsb_record(5 if real else 6, place + (struct.pack("<d", value) if real else xlsb_text(value)))
    sheet = xlsb_record(129) + xlsb_record(148, bytes(16)) + xlsb_record(145) + cells + xlsb_record(146)
    named = struct.pack("<II", 0, 1) + xlsb_text("rId1") + xlsb_text("Data")
    book = xlsb_record(131) + xlsb_record(143) + xlsb_record(156, named) + xlsb_record(144) + xlsb_record(132)
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.bin"/></Relationships>'
    )
    parts: dict[str, str | bytes] = {"xl/workbook.bin": book, "xl/_rels/workbook.bin.rels": relation}
    return archive(parts | {"xl/worksheets/sheet1.bin": sheet + xlsb_record(130)})


def test_a_binary_workbook_is_read(tmp_path: Path) -> None:
    rows = {0: {0: "time", 1: "p"}} | {
        at + 1: {0: str(time), 1: value} for at, (time, value) in enumerate(zip(TIMES, PRESSURE, strict=True))
    }
    assert_pressure(read(tmp_path, "a.xlsb", xlsb(rows)))


def test_two_cells_far_apart_in_a_binary_workbook_do_not_take_the_memory_of_all_between_them(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="memory"):
        read(tmp_path, "bomb.xlsb", xlsb({0: {0: 1.0}, 1_048_575: {16_383: 1.0}}), limits=Limits())


def test_a_zip_of_one_file_is_read_as_that_file(tmp_path: Path) -> None:
    assert_pressure(read(tmp_path, "a.zip", archive({"export/": "", "export/data.csv": CSV, "__MACOSX/data.csv": "x"})))
    assert_pressure(read(tmp_path, "a.zip", archive({"data.xlsx": workbook({"Data": ROWS})})))


def test_a_zip_with_a_file_for_each_sensor_is_one_table(tmp_path: Path) -> None:
    table = read(tmp_path, "a.zip", archive({"press.csv": CSV, "power.csv": CSV.replace(",1", ",4")}))
    assert table.columns(Role.SENSOR) == ["press", "power"]
    assert_pressure(table, "press")
    assert table.frame["power"].max() == 43.25


def test_a_zip_with_a_file_for_each_day_is_in_order_of_time(tmp_path: Path) -> None:
    lines = CSV.splitlines(keepends=True)
    wide = [line.rstrip("\n") + ("," + str(at % 3) + ".5" if at else ",q") + "\n" for at, line in enumerate(lines)]
    table = read(tmp_path, "a.zip", archive({"b.csv": "".join([wide[0], *wide[7:]]), "a.csv": "".join(wide[:7])}))
    assert_pressure(table)


def test_a_zip_with_a_file_for_each_run_keeps_the_runs_apart(tmp_path: Path) -> None:
    run = "t,p,q\n" + "".join(f"{at},{at % 3}.5,{at % 4}.5\n" for at in range(30))
    table = read(tmp_path, "a.zip", archive({"W01.csv": run, "W02.csv": run}))
    assert table.groups == ("run",)
    assert table.frame["run"].unique().tolist() == ["W01", "W02"]


def test_what_is_no_table_in_a_zip_is_left_out_and_named(tmp_path: Path) -> None:
    table = read(tmp_path, "a.zip", archive({"readme.txt": "Made by the tool.\nGood luck.\n", "data.csv": CSV}))
    assert_pressure(table)
    assert any("readme.txt" in str(note) for note in table.notes)


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="unpacked"):
        read(tmp_path, "a.zip", archive({"a.csv": "p\n" + "1\n" * 2_000_000}), limits=Limits(bytes=1_000_000))


def test_a_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"binary|no table|holds no|text table"):
        read(tmp_path, "a.zip", archive({"b.zip": archive({"a.csv": CSV})}))


def test_a_damaged_zip_is_refused_with_a_sentence(tmp_path: Path) -> None:
    whole = archive({"a.csv": CSV})
    for content in (b"PK\x03\x04rest", whole[:60], whole[:50] + b"\xff" * 20 + whole[70:]):
        with pytest.raises(InputError, match="damaged"):
            read(tmp_path, "a.zip", content)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, RECORDS)) + "\n",
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=1),
        json.dumps({"data": RECORDS}),
        json.dumps({"columns": ["time", "p"], "data": [list(record.values()) for record in RECORDS]}),
        json.dumps({"time": [one["time"] for one in RECORDS], "p": PRESSURE}),
    ],
)
def test_json_is_read_as_lines_and_as_a_document(tmp_path: Path, text: str) -> None:
    assert_pressure(read(tmp_path, "a.json", text.encode()))


def test_keys_that_some_lines_lack_and_objects_in_objects_become_columns(tmp_path: Path) -> None:
    lines = ['{"t": 0, "a": {"p": 1.5}}', '{"t": 1, "a": {"q": 2.5}}', '{"t": 2, "a": {"p": 3.5, "q": 1.5}}']
    table = read(tmp_path, "a.jsonl", "\n".join(lines).encode())
    np.testing.assert_array_equal(table.frame["a.p"], [1.5, np.nan, 3.5])
    np.testing.assert_array_equal(table.frame["a.q"], [np.nan, 2.5, 1.5])


def test_json_that_is_no_table_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Line 2 of a\.json"):
        read(tmp_path, "a.json", b'{"p": 1}\n{"p": \n')
    with pytest.raises(InputError, match="not a JSON object"):
        read(tmp_path, "a.json", b'{"a": ' * 100_000)


def test_a_tdms_file_is_read_with_the_clock_of_its_waveforms(tmp_path: Path) -> None:
    nptdms = pytest.importorskip("nptdms")
    properties = {"wf_increment": 1.0, "wf_start_time": np.datetime64(START), "wf_start_offset": 0.0}
    path = tmp_path / "a.tdms"
    with nptdms.TdmsWriter(path) as writer:
        channels = [nptdms.ChannelObject("Trace", name, np.array(PRESSURE), properties) for name in ("p", "q")]
        writer.write_segment(channels)
    table = read_table(path)
    assert_pressure(table)
    assert table.columns(Role.SENSOR) == ["p", "q"]


@pytest.mark.parametrize("kind", ["records", "columns", "block"])
def test_an_hdf5_file_is_read(tmp_path: Path, kind: str) -> None:
    h5py = pytest.importorskip("h5py")
    seconds = np.arange(12.0)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        if kind == "records":
            file["trace"] = np.rec.fromarrays([seconds, PRESSURE], names=["t", "p"])
        elif kind == "columns":
            file["run/t"], file["run/p"] = seconds, PRESSURE
        else:
            file["block"] = np.column_stack([seconds, PRESSURE])
            file["block"].attrs["columns"] = ["t", "p"]
    table = read_table(tmp_path / "a.h5")
    assert table.frame["p"].tolist() == PRESSURE


def test_a_link_to_another_hdf5_file_is_not_followed(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["p"] = PRESSURE
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["p"] = h5py.ExternalLink("secret.h5", "p")
    with pytest.raises(InputError, match="no rows"):
        read_table(tmp_path / "a.h5")


@pytest.mark.parametrize("magic", [b"TDSm", b"\x89HDF\r\n\x1a\n"])
def test_a_damaged_file_of_an_extra_is_refused_with_a_sentence(tmp_path: Path, magic: bytes) -> None:
    pytest.importorskip("nptdms")
    pytest.importorskip("h5py")
    with pytest.raises(InputError, match=r"cannot be read|no rows"):
        read(tmp_path, "a.bin", magic + b"\xff" * 300)


def test_the_original_of_a_workbook_keeps_its_cells(tmp_path: Path) -> None:
    read(tmp_path, "a.xlsx", workbook({"Data": ROWS}))
    original = read_original(tmp_path / "a.xlsx")
    assert original["p"].tolist() == [f"{value:g}" for value in PRESSURE]
    assert original["time"].iloc[1] == "2026-03-02 08:00:01"


def test_what_was_read_is_found_by_the_same_table_of_formats() -> None:
    assert len({one.name for one in FORMATS}) == len(FORMATS)
    assert {".csv", ".parquet", ".xlsx", ".zip", ".jsonl", ".tdms", ".h5"} <= set(SUFFIXES)
    assert FILE_FORMATS == NAMES


def test_the_findings_of_a_zip_name_its_file(tmp_path: Path) -> None:
    table = read(tmp_path, "a.zip", archive({"a.csv": "Report\n" + CSV}))
    assert any("a.zip/a.csv" in str(one) for one in findings_of(table.notes))
