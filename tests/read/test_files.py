"""What a file may be, and what is said of one that cannot be read."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.errors import InputError, NotFoundError, TooLargeError, WaferwatchError
from waferwatch.read.cells.rules import CellRules
from waferwatch.read.files import read_table
from waferwatch.read.findings import findings_of
from waferwatch.read.limits import Limits
from waferwatch.read.table import Role, Table

HEADER = "time,장비ID,pressure\n"
ROWS = "2026-01-01 00:00:00,설비A,1.5\n2026-01-01 00:00:01,설비B,2.5\n"


def write(folder: Path, content: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def refusal(path: Path, kind: type[WaferwatchError] = InputError, **options: object) -> str:
    with pytest.raises(kind) as caught:
        read_table(path, **options)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    assert "{" not in str(caught.value), "a place of the template was not filled"
    return str(caught.value)


def assert_two_machines(table: Table) -> None:
    assert list(table.frame.columns) == ["time", "장비ID", "pressure"]
    assert table.frame["pressure"].tolist() == [1.5, 2.5]
    assert table.frame["장비ID"].tolist() == ["설비A", "설비B"]
    assert table.frame["time"].dtype == "datetime64[ns]"
    assert table.groups == ("장비ID",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_and_delimiter_is_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = write(tmp_path, (HEADER + ROWS).replace(",", delimiter), encoding=encoding)
    assert_two_machines(read_table(path))


def test_a_gzip_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert_two_machines(read_table(write(tmp_path, gzip.compress((HEADER + ROWS).encode("cp949")), "data.csv")))


@pytest.mark.parametrize("packed", [False, True])
def test_a_parquet_file_is_read_with_its_rows_counted_from_one(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "data.parquet"
    frame = pd.DataFrame({"time": pd.date_range("2026-01-01", periods=2, freq="s"), "장비ID": ["설비A", "설비B"]})
    frame.assign(pressure=[1.5, 2.5]).to_parquet(path)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    table = read_table(path)
    assert_two_machines(table)
    assert table.first_row == 1


def test_the_index_of_a_parquet_file_stays_a_column(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pd.DataFrame({"p": [1.0, 2.0]}, index=pd.Index(["A", "A"], name="tool")).to_parquet(path)
    assert read_table(path).column(Role.EQUIPMENT) == "tool"


def test_a_header_with_other_delimiters_in_its_names_does_not_mislead(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'p,"flow; Ar; sccm"\n1,2\n3,4\n'))
    assert list(table.frame.columns) == ["p", "flow; Ar; sccm"]


def test_lines_that_end_where_a_chunk_ends_stay_apart(tmp_path: Path) -> None:
    assert len(read_table(write(tmp_path, "a,b\n" + "1,2\n" * 600_000)).frame) == 600_000


def test_line_ends_in_quotes_are_read_in_large_files_too(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "p,memo\n" + '1,"x\ny"\n' * 600_000))
    assert len(table.frame) == 600_000


def test_a_semicolon_file_with_decimal_commas_is_read_and_noted(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "time;p\n1;1,5\n2;-0,25\n3;1,0e3\n"))
    assert table.frame["p"].tolist() == [1.5, -0.25, 1000.0]
    assert "decimal commas" in str(table.notes[0])


def test_decimal_commas_that_begin_late_are_found(tmp_path: Path) -> None:
    rows = "".join(f"{i};{i}\n" for i in range(3000)) + "3000;0,5\n"
    assert read_table(write(tmp_path, "time;p\n" + rows)).frame["p"].iloc[-1] == 0.5


def test_a_comma_among_decimal_points_is_no_decimal_comma(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "time;p;q\n1;1,234;0.5\n2;5;0.5\n3;6;0.5\n"))
    assert table.frame["p"].tolist() == [1234.0, 5.0, 6.0]
    assert any("thousands signs" in str(note) for note in table.notes)


def test_text_with_delimiters_line_ends_and_quotes_is_read(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'memo,p,"a ""b"""\n"x, y",1,5\n"x\nz",2,6\n"x\nz",2,6\n'))
    assert table.frame["memo"].tolist() == ["x, y", "x\nz", "x\nz"]
    assert list(table.frame.columns) == ["memo", "p", 'a "b"']


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n\n"])
def test_line_ends_of_every_system_are_read(tmp_path: Path, end: str, last: str) -> None:
    table = read_table(write(tmp_path, ("a,b\n1,2\n3,4" + last).replace("\n", end)))
    assert table.frame["b"].tolist() == [2.0, 4.0]


def test_an_empty_line_of_a_single_column_is_a_missing_value(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "value\n1\n\n3\nNA\n"))
    np.testing.assert_array_equal(table.frame["value"], [1.0, np.nan, 3.0, np.nan])


def test_blank_lines_are_skipped_and_reported(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b\n1,2\n\n3,4\n"))
    assert len(table.frame) == 2
    assert any("blank lines" in str(note) for note in table.notes)
    assert not any("blank lines" in str(note) for note in read_table(write(tmp_path, "a,b\n1,2\n3,4\n\n")).notes)


def test_the_delimiter_line_of_excel_is_understood_and_counted(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "sep=;\r\n\r\na;b\r\n1;2\r\n"))
    assert list(table.frame.columns) == ["a", "b"]
    assert table.first_row == 4


def test_leading_zeros_of_names_are_kept(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "lot,wafer,p\n007,1,1\n008,2,2\n"))
    assert table.frame["lot"].tolist() == ["007", "008"]
    assert table.frame["wafer"].tolist() == [1, 2]


def test_columns_without_a_name_are_called_by_position(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, ",p,\n0,5,\n1,6,\n"))
    assert list(table.frame.columns) == ["column 1", "p", "column 3"]
    assert table.roles["column 1"] is table.roles["column 3"] is Role.IGNORED
    assert "column 1, column 3" in str(table.notes[0])


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "nan", "null", "None", "-", "--", "?", "#N/A", "결측"])
def test_missing_values_are_known_in_a_clean_and_in_a_text_column(tmp_path: Path, word: str) -> None:
    for padding in ("", " "):
        table = read_table(write(tmp_path, f"p,q\n1,1\n{padding}{word},2\n3,3\n"))
        np.testing.assert_array_equal(table.frame["p"], [1.0, np.nan, 3.0])


def test_infinities_become_missing_with_a_note(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "p,q\n1,1\ninf,2\n-inf,3\n"))
    np.testing.assert_array_equal(table.frame["p"], [1.0, np.nan, np.nan])
    assert str(table.notes[0]).startswith("Infinite values were taken as missing: 2")


def test_one_row_is_enough(tmp_path: Path) -> None:
    assert len(read_table(write(tmp_path, "p\n1\n")).frame) == 1


def test_two_thousand_columns_are_read(tmp_path: Path) -> None:
    names = [f"s{i}" for i in range(2000)]
    row = ",".join("1.25" for _ in names)
    table = read_table(write(tmp_path, ",".join(names) + "\n" + (row + "\n") * 50))
    assert table.columns(Role.SENSOR) == names


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("\ufeff", "is empty"),
        ("a,b\n", "no rows"),
        ("a,b", "no rows"),
        ("a,b\n\n\n", "no rows"),
        ("a,b\n1,2\n3,4\n5,6,7\n", "data.csv: 1 lines do not have"),
        ("name,text\na,b\na,c\na,b\n", "no numeric column"),
        ("p,q\n1,2\nswapped,3\n4,5\n", "Row 3 of data.csv: 'swapped' in the column p is not a number."),
        ("p,q\n1,2\n<0.01>,3\n4,5\n", "Row 3"),
        ('p,q\n1,"2\n3,4\n5,6\n', "Row 2"),
        ("time,q\n2026-01-01,2\n어제,3\n", "Row 3 of data.csv: '어제' in the time column time"),
        ("label,q\n1,2\n2,3\n0,3\n", "Row 3 of data.csv: '2' in the label column label"),
        ("label,q\n1,2\n,3\n0,3\n", "Row 3 of data.csv: an empty cell in the label column label"),
        ('{"a": 1', "not a JSON object"),
        ("<html></html>", "not a table"),
    ],
)
def test_a_text_file_that_cannot_be_used_is_refused(tmp_path: Path, content: str, said: str) -> None:
    assert said in refusal(write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "binary"),
        (b"PK\x03\x04rest", "damaged"),
        (b"%PDF-1.7", "not a table"),
        (b"PAR1 and nothing that follows", "damaged"),
        (b"\x1f\x8bnot gzip at all", "damaged"),
        (gzip.compress((HEADER + ROWS * 1000).encode(), mtime=0)[:-20], "damaged"),
        (gzip.compress(b"PAR1 and nothing that follows", mtime=0), "damaged"),
        (gzip.compress(b"", mtime=0), "is empty"),
    ],
)
def test_a_file_of_another_kind_or_a_damaged_one_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(write(tmp_path, content))


def test_korean_text_that_begins_late_is_read(tmp_path: Path) -> None:
    rows = "1,ok\n" * 400_000 + "2,이상함\n"
    table = read_table(write(tmp_path, "p,memo\n" + rows, encoding="cp949"))
    assert table.frame["memo"].iloc[-1] == "이상함"


def test_a_character_across_two_chunks_is_kept(tmp_path: Path) -> None:
    for shift in range(3):
        cells = ["x" * shift, *(f"한글{row:06d}" for row in range(150_000))]
        rows = "".join(f"1,{cell}\n" for cell in cells)
        table = read_table(write(tmp_path, "p,memo\n" + rows + "1,\n"))
        assert table.frame["memo"].fillna("").tolist() == [*cells, ""]


def test_a_missing_file_and_an_empty_folder_are_reported(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "none.csv", NotFoundError)
    assert "holds no file with data" in refusal(tmp_path)


def test_an_unknown_column_is_answered_with_the_closest(tmp_path: Path) -> None:
    path = write(tmp_path, "time,chamber_pressure,rf\n1,2,3\n")
    assert "Did you mean chamber_pressure?" in refusal(path, NotFoundError, features=["chamber_presure"])
    assert "Its columns are: time, chamber_pressure, rf." in refusal(path, NotFoundError, time="zzz")
    assert "Choose one of: sensor" in refusal(path, NotFoundError, roles={"rf": "senser"})


def test_too_much_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "1,2\n" * 100)
    assert "more than 99 rows" in refusal(path, TooLargeError, limits=Limits(rows=99))
    assert "2 columns" in refusal(path, TooLargeError, limits=Limits(columns=1))
    assert "MB" in refusal(path, TooLargeError, limits=Limits(bytes=300))
    assert len(read_table(path, limits=Limits(rows=100)).frame) == 100
    quoted = write(tmp_path, "a,b\n" + '1,"2"\n' * 100)
    assert "more than 99 rows" in refusal(quoted, TooLargeError, limits=Limits(rows=99))


def test_a_gzip_bomb_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b"a,b\n" + b"\n" * 50_000_000), "bomb.csv.gz")
    refusal(path, TooLargeError, limits=Limits(rows=1000))
    path = write(tmp_path, gzip.compress(b"PAR1" + b"\0" * 50_000_000), "bomb.parquet.gz")
    assert "MB" in refusal(path, TooLargeError, limits=Limits(bytes=10_000_000))


def test_a_parquet_bomb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    pd.DataFrame({"a": np.zeros(1_000_000)}).to_parquet(path)
    assert path.stat().st_size < 100_000
    assert "MB" in refusal(path, TooLargeError, limits=Limits(memory=1_000_000))


def test_names_repeated_in_a_parquet_file_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    path = tmp_path / "twice.parquet"
    parquet.write_table(pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["p", "p"]), path)
    assert "more than one column named p" in refusal(path)


CELLS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=64))


@settings(max_examples=60)
@given(
    cells=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30),
    form=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ",")]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp949", "utf-16"]),
    packed=st.booleans(),
)
def test_numbers_survive_every_way_of_writing_them(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[float | None, float | None]],
    form: tuple[str, str],
    encoding: str,
    packed: bool,
) -> None:
    delimiter, decimal = form
    frame = pd.DataFrame(cells, columns=["압력", "flow"], dtype=float)
    text = frame.to_csv(sep=delimiter, decimal=decimal, index=False, lineterminator="\n").encode(encoding)
    path = write(tmp_path_factory.mktemp("trip"), gzip.compress(text) if packed else text)
    table = read_table(path, features=["압력", "flow"], rules=CellRules(keep_values=True))
    np.testing.assert_array_equal(table.frame.to_numpy(), frame.to_numpy())


@settings(max_examples=150)
@given(
    content=st.one_of(st.binary(max_size=300), st.text(alphabet="a1,;\t\n\r\"'.-:가 ", max_size=120).map(str.encode))
)
def test_any_bytes_are_read_or_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("any"), content)
    try:
        table = read_table(path)
    except WaferwatchError as error:
        said = str(error)
    else:
        said = "read"
        assert len(table.frame) >= 1
        assert set(table.roles) == set(table.frame.columns)
    assert said


def test_a_file_without_a_clock_says_that_its_rows_are_counted(tmp_path: Path) -> None:
    found = findings_of(read_table(write(tmp_path, "a,b\n1,2\n3,1\n2,4\n")).notes)
    assert [(one.code, one.option) for one in found if "no clock" in str(one)] == [("without_clock", "--time COL")]
    clocked = read_table(write(tmp_path, "time,b\n2026-01-01 00:00:00,2\n2026-01-01 00:00:01,1\n"))
    assert "without_clock" not in [one.code for one in findings_of(clocked.notes)]
