"""Good tables, mutated as loggers, tools and people mutate them, are read with the values that stand in them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.errors import InputError
from waferwatch.read.files import read_original, read_table
from waferwatch.read.findings import ObstaclesError, findings_of
from waferwatch.read.form import Form
from waferwatch.read.table import Role, Table

ROWS = 40
TIMES = [f"2026-03-02 08:{at // 60:02d}:{at % 60:02d}" for at in range(ROWS)]
VALUES = np.column_stack(
    [12 + np.arange(ROWS) % 7 / 10, 500.5 + np.arange(ROWS) * 7 % 11 / 2, 61.25 - np.arange(ROWS) % 3 / 4]
)
NAMES = {
    "ascii": ["Time", "Press", "Power", "Temp"],
    "cp949": ["시간", "챔버압력", "파워", "온도"],
    "gbk": ["时间", "腔体压力", "功率", "温度"],
    "cp932": ["時刻", "圧力", "電力", "温度"],
    "cp1252": ["Zeit", "Druck µbar", "Größe", "Temp °C"],
}


@dataclass
class Written:
    """A table as lines of cells, and what stands around it."""

    names: list[str] = field(default_factory=lambda: list(NAMES["ascii"]))
    delimiter: str = ","
    decimal: str = "."
    above: list[str] = field(default_factory=list)
    between: list[str] = field(default_factory=list)
    inside: dict[int, str] = field(default_factory=dict)  # before which row a line stands
    below: list[str] = field(default_factory=list)
    end: str = ""  # of each line of data

    def text(self) -> str:
        lines = [*self.above, self.delimiter.join(self.names), *self.between]
        for at in range(ROWS):
            if at in self.inside:
                lines.append(self.inside[at])
            cells = [f"{value:.2f}".replace(".", self.decimal) for value in VALUES[at]]
            lines.append(self.delimiter.join([TIMES[at], *cells]) + self.end)
        return "\n".join([*lines, *self.below]) + "\n"


def read(folder: Path, content: str | bytes, encoding: str = "utf-8", name: str = "data.csv") -> Table:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return read_table(path)


def assert_good(table: Table) -> None:
    assert table.frame[table.columns(Role.SENSOR)].to_numpy().tolist() == VALUES.tolist()
    clock = table.column(Role.TIME)
    assert clock is not None
    assert table.frame[clock].tolist() == list(pd.to_datetime(TIMES))


def codes(table: Table) -> set[str]:
    return {finding.code for finding in findings_of(table.notes)}


ABOVE = {
    "nothing": [],
    "a title": ["Trace export of ETCH01"],
    "keys and values": ["Tool;ETCH01", "Recipe;MAIN ETCH", "Operator;kim", ""],
    "comments": ["# created by logger 3.2", "# slot=7"],
    "a block of settings": ["[Header]", "Version=3", "[Data]"],
    "blank lines": ["", ""],
}
BELOW = {
    "nothing": [],
    "blank lines": ["", "", ""],
    "a count": ["40 rows exported"],
    "an end": ["", "END OF FILE"],
    "notes": ["", "Notes: the pump was changed", "checked by kim"],
}
INSIDE = {"nothing": {}, "comments": {7: "# pump alarm", 20: "# pump ok"}, "blank lines": {9: ""}}


@settings(max_examples=120)
@given(
    above=st.sampled_from(sorted(ABOVE)),
    below=st.sampled_from(sorted(BELOW)),
    inside=st.sampled_from(sorted(INSIDE)),
    form=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ".")]),
    script=st.sampled_from(["ascii", "cp949", "gbk", "cp932", "cp1252"]),
    unicode=st.sampled_from([None, "utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    units=st.booleans(),
    ruler=st.booleans(),
    trailing=st.booleans(),
    packed=st.booleans(),
)
def test_a_table_is_found_whatever_stands_around_it(
    tmp_path_factory: pytest.TempPathFactory,
    above: str,
    below: str,
    inside: str,
    form: tuple[str, str],
    script: str,
    unicode: str | None,
    units: bool,
    ruler: bool,
    trailing: bool,
    packed: bool,
) -> None:
    delimiter, decimal = form
    written = Written(list(NAMES[script]), delimiter, decimal, ABOVE[above], [], INSIDE[inside], BELOW[below])
    if units:
        written.between.append(delimiter.join(["", "mTorr", "W", "degC"]))
    if ruler:
        written.between.append(delimiter.join(["----"] * 4))
    if trailing:
        written.end = delimiter
    content = written.text().encode(unicode or ("utf-8" if script == "ascii" else script))
    assert_good(read(tmp_path_factory.mktemp("any"), gzip.compress(content) if packed else content))


def test_a_line_of_units_is_reported_and_named(tmp_path: Path) -> None:
    table = read(tmp_path, Written(between=["s,mTorr,W,degC"]).text())
    assert_good(table)
    finding = next(one for one in findings_of(table.notes) if one.code == "units_line")
    assert finding.lines == (2,)
    assert "Press: mTorr" in str(finding)


def test_a_line_of_units_over_the_names_is_found(tmp_path: Path) -> None:
    table = read(tmp_path, Written(above=[",mTorr,W,degC"]).text())
    assert_good(table)
    assert list(table.frame.columns) == NAMES["ascii"]


def test_names_in_two_lines_are_put_together(tmp_path: Path) -> None:
    table = read(tmp_path, Written(["Time", "Press", "Press", "Temp"], above=[",Chamber A,Chamber B,"]).text())
    assert_good(table)
    assert list(table.frame.columns) == ["Time", "Chamber A Press", "Chamber B Press", "Chamber B Temp"]


def test_repeated_names_are_numbered_and_reported(tmp_path: Path) -> None:
    table = read(tmp_path, Written(["Time", "p", "p", "q"]).text())
    assert list(table.frame.columns) == ["Time", "p", "p (2)", "q"]
    assert "repeated_names" in codes(table)


def test_the_names_of_a_commented_header_are_read(tmp_path: Path) -> None:
    table = read(tmp_path, Written(["# Time", "Press", "Power", "Temp"]).text())
    assert list(table.frame.columns) == NAMES["ascii"]


def test_a_table_without_names_gets_some_and_says_so(tmp_path: Path) -> None:
    table = read(tmp_path, "".join(line + "\n" for line in Written().text().splitlines()[1:]))
    assert_good(table)
    assert list(table.frame.columns) == ["column 1", "column 2", "column 3", "column 4"]
    assert "no_header" in codes(table)
    assert table.first_row == 1


def test_fields_between_blanks_are_read_with_date_and_time_as_one(tmp_path: Path) -> None:
    table = read(tmp_path, Written().text().replace(",", "  "))
    assert_good(table)


def test_a_short_line_is_filled_and_its_line_named(tmp_path: Path) -> None:
    lines = Written().text().splitlines()
    lines[12] = lines[12].rpartition(",")[0]
    table = read(tmp_path, "\n".join(lines) + "\n")
    finding = next(one for one in findings_of(table.notes) if one.code == "short_lines")
    assert finding.lines == (13,)
    assert np.isnan(table.frame["Temp"].iloc[11])
    assert table.frame["Temp"].notna().sum() == ROWS - 1


def test_a_delimiter_in_a_note_does_not_shift_the_cells_behind_it(tmp_path: Path) -> None:
    lines = [line.replace(",", ",ok,", 1) for line in Written().text().splitlines()]
    lines[0] = "Time,Note,Press,Power,Temp"
    lines[5] = lines[5].replace("ok", "high, then low")
    table = read(tmp_path, "\n".join(lines) + "\n")
    assert_good(table)
    assert table.frame["Note"].iloc[4] == "high, then low"


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    content = Written().text() + "2026-03-02 08:00:40,12.0,50"
    table = read(tmp_path, content)
    assert_good(table)
    assert "cut_off_lines" in codes(table)


def test_many_lines_of_another_width_are_an_obstacle(tmp_path: Path) -> None:
    lines = [line if at % 3 else line + ",7" for at, line in enumerate(Written().text().splitlines())]
    with pytest.raises(InputError, match="number of fields"):
        read(tmp_path, "\n".join(lines) + "\n")


def test_a_summary_below_the_table_is_no_row(tmp_path: Path) -> None:
    table = read(tmp_path, Written(below=["Average,12.1,505.2,61.0", "Max,12.6,510.5,61.2"]).text())
    assert_good(table)
    assert "foreign_rows" in codes(table)


def test_a_header_that_comes_again_is_no_row(tmp_path: Path) -> None:
    table = read(tmp_path, Written(inside={10: "Time,Press,Power,Temp"}).text())
    assert_good(table)


@pytest.mark.parametrize("place", ["before a row", "a line", "below"])
def test_zeros_of_a_power_loss_cost_no_row_that_is_whole(tmp_path: Path, place: str) -> None:
    content = Written().text().encode()
    at = content.find(b"\n", 600) + 1
    zeros = {"before a row": b"\0" * 99, "a line": b"\0" * 99 + b"\n", "below": b""}[place]
    table = read(tmp_path, content[:at] + zeros + content[at:] + (b"\0" * 50 if place == "below" else b""))
    assert_good(table)
    assert "zeros_lines" in codes(table)


def test_a_row_that_zeros_cut_is_left_out_as_its_number_may_lack_digits(tmp_path: Path) -> None:
    content = Written().text().encode()
    at = content.find(b"\n", 600)
    table = read(tmp_path, content[: at - 2] + b"\0\0" + content[at:])
    assert len(table.frame) == ROWS - 1


def test_damaged_bytes_are_replaced_and_their_line_named(tmp_path: Path) -> None:
    content = Written(list(NAMES["cp949"])).text().encode()
    at = content.find(b"\n", 800) + 1
    table = read(tmp_path, content[:at] + b"\xfe\xff" + content[at + 2 :])
    finding = next(one for one in findings_of(table.notes) if one.code == "damaged_bytes")
    assert finding.lines == (content[:at].count(b"\n") + 1,)


def test_the_rows_of_the_original_are_those_of_the_table(tmp_path: Path) -> None:
    written = Written(above=["Report", ""], between=["s,mTorr,W,C"], inside={5: "# x"}, below=["", "Average,1,2,3"])
    table = read(tmp_path, written.text())
    original = read_original(tmp_path / "data.csv")
    assert list(original.columns) == NAMES["ascii"]
    assert len(original) == len(table.frame)
    assert original["Press"].tolist() == [f"{value:.2f}" for value in VALUES[:, 0]]


def test_a_header_with_a_name_too_few_is_refused_unless_the_first_column_numbers_the_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 names for 3 columns"):
        read(tmp_path, "p,q\n1.5,2.25,3.5\n3.5,4.25,5.5\n4.5,5.25,6.5\n")
    table = read(tmp_path, "p,q\n1,2.25,3.5\n2,4.25,5.5\n3,5.25,6.5\n")
    assert table.frame["p"].tolist() == [2.25, 4.25, 5.25]


def test_a_first_row_that_is_short_is_a_row(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n1.5,2.5\n3.5,4.5,5.5\n4.5,5.5,6.5\n")
    assert table.frame["a"].tolist() == [1.5, 3.5, 4.5]
    assert "short_lines" in codes(table)


def test_keys_and_values_above_a_table_of_two_columns_are_none_of_it(tmp_path: Path) -> None:
    """As of a diffractometer: as many cells as the table, half of them numbers, and the names below them."""
    above = ["[Conditions]", "Anode,Cu", "Wavelength,1.5405", "Ratio,0.5", "[Points]"]
    rows = [f"{5 + at / 60:.4f},{1700 + at * 7 % 90}" for at in range(ROWS)]
    table = read(tmp_path, "\n".join([*above, "Angle,Intensity", *rows]))
    assert list(table.frame.columns) == ["Angle", "Intensity"]
    assert len(table.frame) == ROWS
    bad = read(tmp_path, "\n".join(["p,q", "Bad,5.0", *rows]))  # a word for no value is still a row
    assert (list(bad.frame.columns), len(bad.frame)) == (["p", "q"], ROWS + 1)


def test_two_tables_one_under_another_are_refused_with_the_remedy(tmp_path: Path) -> None:
    first = ["time,pressure,flow", *(f"2026-01-01 00:00:{at:02d},{5 + at % 7 / 8},{100 + at % 5}" for at in range(40))]
    second = ["time,temp,power", *(f"2026-01-01 00:00:{at:02d},{60 + at % 3 / 4},{500 + at % 9}" for at in range(40))]
    path = tmp_path / "two.csv"
    path.write_text("\n".join([*first, "", *second]) + "\n")
    with pytest.raises(ObstaclesError, match=r"several tables.*time, pressure, flow.*time, temp, power") as error:
        read_table(path)
    (finding,) = error.value.findings
    assert (finding.code, finding.option) == ("several_tables", "--header-line N")
    assert "(time,temp,power)" in finding.advice()
    table = read_table(path, form=Form(header_line=43))
    assert (table.columns(Role.SENSOR), len(table.frame)) == (["temp", "power"], 40)


@pytest.mark.parametrize("title", ["", "OES export of PM3\n\n"])
@pytest.mark.parametrize("first", ["Time(s),Wafer", "Wafer,Time(s)", "Timestamp,Wafer", "시간(초),웨이퍼"])
@pytest.mark.parametrize("name", ["{:.2f}nm", "{:.1f} nm", "{:.2f}", "{:.0f}", "WL{:.1f}"])
def test_names_that_are_wavelengths_are_names(tmp_path: Path, first: str, name: str, title: str) -> None:
    points = [name.format(975 + 3.015 * at) for at in range(12)]
    counts = (np.arange(40)[:, None] * 7 + np.arange(12)) % 13 + 0.5
    rows = [f"{at / 2},{at // 10}," + ",".join(map(str, counts[at])) for at in range(40)]
    table = read(tmp_path, f"{title}{first},{','.join(points)}\n" + "\n".join(rows))
    assert list(table.frame.columns)[2:] == points
    assert len(table.frame) == 40


def test_a_first_row_with_a_word_among_its_numbers_is_a_row(tmp_path: Path) -> None:
    rows = [f"{at}.5,{at + 1}.5,{at + 2}.5,{at + 3}.5" for at in range(ROWS)]
    table = read(tmp_path, "\n".join(["a,b,c,d", "BAD,1.5,2.5,3.5", *rows]))
    assert (list(table.frame.columns), len(table.frame)) == (["a", "b", "c", "d"], ROWS + 1)
