"""Many files as one table, from a zip, a tar or a folder: what their names say, their order, and what some lack."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from waferwatch.errors import InputError
from waferwatch.read.files import read_original, read_table
from waferwatch.read.shapes.file_names import columns_of_names
from waferwatch.read.table import Role
from waferwatch.read.text import delimiters

Files = dict[str, str]


def trace(start: str = "2026-03-01 08:00", rows: int = 12, columns: str = "time,p,q,r") -> str:
    day, clock = start.split()
    hour, minute = clock.split(":")
    lines = [columns]
    for at in range(rows):
        cells = [f"{day} {hour}:{minute}:{at:02d}", *(f"{at % (3 + each)}.5" for each in range(columns.count(",")))]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def elapsed(rows: int = 12) -> str:
    return "t,p,q\n" + "".join(f"{at},{at % 3}.5,{at % 4}.5\n" for at in range(rows))


def packed(folder: Path, files: Files) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder / "a.zip"


def tarred(folder: Path, files: Files) -> Path:
    with tarfile.open(folder / "a.tgz", "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    return folder / "a.tgz"


def laid_out(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder / "a"


CONTAINERS = pytest.mark.parametrize("container", [packed, tarred, laid_out])


@CONTAINERS
def test_files_of_wafers_on_two_tools_at_once_are_wafers_of_two_tools(
    tmp_path: Path, container: Callable[[Path, Files], Path]
) -> None:
    files = {
        f"{tool}_L01000{lot}_W{wafer:02d}.csv": trace(f"2026-03-01 08:{lot}{wafer}")
        for wafer in (2, 1)
        for tool in ("ETCH-02", "ETCH-01")
        for lot in (1, 2)
    }
    path = container(tmp_path, files)
    table = read_table(path)
    assert [table.column(role) for role in (Role.EQUIPMENT, Role.LOT, Role.WAFER)] == ["equipment", "lot", "wafer"]
    assert set(table.frame["equipment"]) == {"ETCH-01", "ETCH-02"}
    assert set(table.frame["lot"]) == {"L010001", "L010002"}
    assert set(table.frame["wafer"]) == {"W01", "W02"}
    assert all(rows["time"].is_monotonic_increasing for _tool, rows in table.frame.groupby("equipment"))
    assert read_original(path)["wafer"].tolist() == table.frame["wafer"].tolist()
    assert any("the names of the files gave the columns equipment, lot, wafer" in str(note) for note in table.notes)


@CONTAINERS
def test_files_of_the_same_name_in_two_folders_stay_apart(
    tmp_path: Path, container: Callable[[Path, Files], Path]
) -> None:
    days = {f"x/{tool}/2026-03-0{day}.csv": trace(f"2026-03-0{day} 08:00") for day in (1, 2) for tool in ("a7", "b7")}
    table = read_table(container(tmp_path, days))
    assert table.frame["equipment"].value_counts().to_dict() == {"a7": 24, "b7": 24}


def test_days_of_two_tools_are_two_tools_and_not_one_for_each_day(tmp_path: Path) -> None:
    days = {f"CVD{tool}_2026030{day}.csv": trace(f"2026-03-0{day} 08:00") for day in (1, 2, 3) for tool in (1, 2)}
    table = read_table(packed(tmp_path, days))
    assert table.frame["equipment"].value_counts().to_dict() == {"CVD1": 36, "CVD2": 36}
    assert any("the names of the files gave the columns equipment." in str(note) for note in table.notes)
    assert table.groups == ("equipment",)


def test_wafers_of_one_tool_one_after_the_other_are_named_by_their_files(tmp_path: Path) -> None:
    files = {f"A12.{wafer}.csv": trace(f"2026-03-01 08:{wafer:02d}") for wafer in (1, 2, 11)}
    assert read_table(packed(tmp_path, files)).column(Role.WAFER) is None  # A12.1 may be anything
    named = {f"lot_A12_wafer_{wafer}.csv": content for wafer, content in zip((1, 2, 11), files.values(), strict=True)}
    table = read_table(packed(tmp_path, named))
    assert table.frame["wafer"].drop_duplicates().tolist() == ["1", "2", "11"]
    assert set(table.frame["lot"]) == {"A12"}


def test_runs_whose_seconds_begin_anew_are_in_the_order_of_the_numbers_in_their_names(tmp_path: Path) -> None:
    table = read_table(packed(tmp_path, {f"run{at}.csv": elapsed() for at in (10, 9, 1)}))
    assert table.frame["run"].drop_duplicates().tolist() == ["run1", "run9", "run10"]


def test_a_sensor_that_one_file_lacks_is_empty_there_and_said(tmp_path: Path) -> None:
    files = {
        "a.csv": trace("2026-03-01 08:00"),
        "b.csv": trace("2026-03-01 08:01", columns="time,p,q"),
        "c.csv": trace("2026-03-01 08:02"),
    }
    table = read_table(packed(tmp_path, files))
    assert table.columns(Role.SENSOR) == ["p", "q", "r"]
    assert table.frame["r"].isna().tolist() == [False] * 12 + [True] * 12 + [False] * 12
    assert any("1 of 3 files have no column r, b among them" in str(note) for note in table.notes)


def test_a_folder_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="none holds no file with data"):
        read_table(tmp_path / "none")


def test_hidden_files_and_what_is_no_table_do_not_count(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, {"a.csv": trace(), ".hidden.csv": trace(), "notes.txt": "Nothing here.\nAt all.\n"})
    assert len(read_table(folder).frame) == 12


SPANS = [(1e9, 1e9 + 9), (1e9, 1e9 + 9), (1e9 + 10, 1e9 + 19), (1e9 + 10, 1e9 + 19)]


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["T1-L7-W1", "T2-L7-W2", "T1-L7-W3", "T2-L7-W4"], {"equipment": ["T1", "T2", "T1", "T2"]}),
        (["20260301_EQP1", "20260301_EQP2", "20260302_EQP1", "20260302_EQP2"], {"equipment": ["EQP1", "EQP2"] * 2}),
        (["a_1", "b_1", "a_2", "b_2"], {"equipment": ["a", "b", "a", "b"]}),
        (["one", "two", "three", "four"], {}),
        (["a_1", "b", "c_2_3", "d"], {}),
    ],
)
def test_the_equipment_is_the_part_of_a_name_whose_files_follow_one_another(
    names: list[str], columns: dict[str, list[str]]
) -> None:
    found = columns_of_names(names, SPANS)
    assert {name: values for name, values in found.items() if name == "equipment"} == columns


def test_a_number_after_a_lot_is_a_wafer_and_dates_are_nothing() -> None:
    names = ["20260301_LOT5_01", "20260301_LOT5_02"]
    assert columns_of_names(names, None) == {"lot": ["LOT5", "LOT5"], "wafer": ["01", "02"]}
    assert columns_of_names(["20260301_080000", "20260302_080000"], None) == {}


def test_many_files_are_each_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    measure = pd.DataFrame.memory_usage
    monkeypatch.setattr(pd.DataFrame, "memory_usage", lambda frame: counted.append(len(frame)) or measure(frame))
    read_table(packed(tmp_path, {f"W{at:02d}.csv": trace(f"2026-03-01 08:{at:02d}") for at in range(20)}))
    assert counted == [12] * 20


def test_cells_are_looked_at_a_few_times_to_find_the_form_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    look = delimiters.cell_kind
    monkeypatch.setattr(delimiters, "cell_kind", lambda cell: looked_at.append(cell) or look(cell))
    lines = trace(rows=60).splitlines(keepends=True)
    assert delimiters.find_delimiter(lines).delimiter == ","
    assert len(looked_at) == 60 * 4  # the names in the first line say nothing of it
