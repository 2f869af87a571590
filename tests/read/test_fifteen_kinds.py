"""A good table, written in each of the ways in which fabs' files went wrong, is read with its clock and its sensors.

The ways are those of public bug reports; what stands around a table (lines, delimiters, encodings) is mutated in
``test_mutated_tables``, shapes that are no rows of sensors in ``test_shapes``, constant sensors in
``tests/models/test_flat_lines``.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.read.files import read_table
from waferwatch.read.findings import findings_of
from waferwatch.read.table import Role, Table

ROWS = 90
SENSORS = ["Chamber Pressure", "RF Power", "ESC Temp"]
Frame = pd.DataFrame


def good(seed: int) -> Frame:
    """A clock of seconds and three sensors with two decimals."""
    rng = np.random.default_rng(seed)
    level, spread = np.array([48.0, 1512.0, 61.0]), np.array([0.6, 6.0, 0.3])
    values = np.round(level + rng.normal(size=(ROWS, 3)) * spread, 2)
    times = pd.Timestamp("2026-03-14 09:58:13") + pd.to_timedelta(np.arange(ROWS), unit="s")
    return pd.DataFrame({"Timestamp": times, **dict(zip(SENSORS, values.T, strict=True))})


def texts(frame: Frame) -> Frame:
    """The same cells as text."""
    cells = {name: [f"{value:.2f}" for value in frame[name]] for name in SENSORS}
    return pd.DataFrame({"Timestamp": frame["Timestamp"].dt.strftime("%Y-%m-%d %H:%M:%S"), **cells})


def csv(frame: Frame, sep: str = ",") -> bytes:
    return frame.to_csv(index=False, sep=sep).encode()


def read(folder: Path, content: bytes, name: str = "data.csv") -> Table:
    (folder / name).write_bytes(content)
    return read_table(folder / name)


def assert_read(table: Table, frame: Frame, missing: np.ndarray | None = None, clock: bool = True) -> None:
    """The sensors and the clock of ``frame`` and no other; ``missing`` cells, (rows, 3), hold no value."""
    expected = frame[SENSORS].to_numpy()
    if missing is not None:
        expected = np.where(missing, np.nan, expected)
    sensors = table.columns(Role.SENSOR)
    assert len(sensors) == len(SENSORS), table.roles
    assert np.array_equal(table.frame[sensors].to_numpy(np.float64), expected, equal_nan=True)
    if clock:
        name = table.column(Role.TIME)
        assert name is not None, table.roles
        steps = np.diff(table.frame[name].to_numpy().astype("datetime64[ns]").astype(np.int64)) / 1e9
        assert np.allclose(steps, 1.0, atol=1e-4), steps[:5]


def holes(seed: int, share: float = 0.08) -> np.ndarray:
    """(rows, 3) cells without a value, some in every sensor."""
    found: np.ndarray = np.random.default_rng(seed + 1).random((ROWS, 3)) < share
    found[[5, 40, 71]] |= np.eye(3, dtype=bool)
    return found


def with_cells(frame: Frame, cells: np.ndarray, word: Callable[[int], str]) -> Frame:
    """The texts of a frame, in which ``word`` stands in ``cells``."""
    written = texts(frame)
    for row, column in np.argwhere(cells):
        written.loc[row, SENSORS[column]] = word(int(row))
    return written


SEEDS = st.integers(0, 10_000)
PLENTY = settings(max_examples=8)

NUMBERS: dict[str, Callable[[float], str]] = {
    "thousands": lambda value: f"{value:,.2f}",
    "thousands by blanks": lambda value: f"{value:,.2f}".replace(",", " "),
    "thousands by no-break blanks": lambda value: f"{value:,.2f}".replace(",", "\u00a0"),
    "thousands by narrow blanks": lambda value: f"{value:,.2f}".replace(",", "\u202f"),
    "thousands by quotes": lambda value: f"{value:,.2f}".replace(",", "'"),
    "a unit": lambda value: f"{value:.2f} mTorr",
    "a unit without a blank": lambda value: f"{value:.2f}W",
    "degrees": lambda value: f"{value:.2f}°C",
    "per cent": lambda value: f"{value:.2f} %",
    "a plus sign": lambda value: f"+{value:.2f}",
    "blanks around": lambda value: f"  {value:.2f} ",
    "an exponent": lambda value: f"{value:.6E}",
    "quotes": lambda value: f'"{value:.2f}"',
    "a decimal comma": lambda value: f"{value:.2f}".replace(".", ","),
    "German": lambda value: f"{value:,.2f}".translate(str.maketrans(",.", ".,")),
}


@PLENTY
@given(seed=SEEDS, how=st.sampled_from(sorted(NUMBERS)), which=st.sampled_from([*range(3), None]))
def test_numbers_with_signs_around_them_stay_sensors(
    tmp_path_factory: pytest.TempPathFactory, seed: int, how: str, which: int | None
) -> None:
    frame = good(seed)
    written = texts(frame)
    for at in range(3) if which is None else [which]:
        written[SENSORS[at]] = [NUMBERS[how](value) for value in frame[SENSORS[at]]]
    sep = ";" if how in ("a decimal comma", "German") else ","
    table = read(tmp_path_factory.mktemp("numbers"), csv(written, sep))
    if how == "per cent":
        assert len(table.columns(Role.SENSOR)) == 3
    else:
        assert_read(table, frame)


def nanoseconds(times: pd.Series) -> pd.Series:
    return times.astype("datetime64[ns]").astype("int64")


CLOCKS: dict[str, Callable[[pd.Series], list[object]]] = {
    "epoch s": lambda times: list(nanoseconds(times) // 1_000_000_000),
    "epoch ms": lambda times: list(nanoseconds(times) // 1_000_000),
    "epoch us": lambda times: list(nanoseconds(times) // 1_000),
    "epoch ns": lambda times: list(nanoseconds(times)),
    "month names": lambda times: list(times.dt.strftime("%d-%b-%Y %H:%M:%S")),
    "month names first": lambda times: list(times.dt.strftime("%b %d, %Y %H:%M:%S")),
    "upper case months": lambda times: [text.upper() for text in times.dt.strftime("%d-%b-%y %H:%M:%S")],
    "days first": lambda times: list(times.dt.strftime("%d.%m.%Y %H:%M:%S")),
    "AM and PM": lambda times: list(times.dt.strftime("%m/%d/%Y %I:%M:%S %p")),
    "Korean": lambda times: [
        text.replace("AM", "오전").replace("PM", "오후") for text in times.dt.strftime("%Y-%m-%d %p %I:%M:%S")
    ],
    "Korean words": lambda times: list(times.dt.strftime("%Y년 %m월 %d일 %H시 %M분 %S초")),
    "Japanese": lambda times: list(times.dt.strftime("%Y年%m月%d日 %H:%M:%S")),
    "dots": lambda times: list(times.dt.strftime("%Y.%m.%d %H:%M:%S")),
    "compact": lambda times: list(times.dt.strftime("%Y%m%d%H%M%S")),
    "compact with T": lambda times: list(times.dt.strftime("%Y%m%dT%H%M%S")),
    "two-digit year": lambda times: list(times.dt.strftime("%y/%m/%d %H:%M:%S")),
    "ISO with Z": lambda times: list(times.dt.strftime("%Y-%m-%dT%H:%M:%SZ")),
    "an offset": lambda times: list(times.dt.strftime("%Y-%m-%dT%H:%M:%S+09:00")),
    "a zone": lambda times: list(times.dt.strftime("%Y-%m-%d %H:%M:%S KST")),
    "milliseconds": lambda times: list(times.dt.strftime("%Y-%m-%d %H:%M:%S.125")),
    "milliseconds after a colon": lambda times: list(times.dt.strftime("%Y-%m-%d %H:%M:%S:125")),
    "milliseconds after a comma": lambda times: list(times.dt.strftime("%Y-%m-%d %H:%M:%S,125")),
    "underscore": lambda times: list(times.dt.strftime("%Y-%m-%d_%H:%M:%S")),
    "hyphens": lambda times: list(times.dt.strftime("%Y-%m-%d-%H-%M-%S")),
    "weekday": lambda times: list(times.dt.strftime("%a %b %d %H:%M:%S %Y")),
}
CLOCK_NAMES = ["Timestamp", "LogStamp", "측정일시", "Recorded", "x", "発生時刻", "采集时间"]


@settings(max_examples=25)
@given(seed=SEEDS, form=st.sampled_from(sorted(CLOCKS)), name=st.sampled_from(CLOCK_NAMES), at=st.integers(0, 3))
def test_a_clock_is_found_in_any_form_under_any_name_in_any_column(
    tmp_path_factory: pytest.TempPathFactory, seed: int, form: str, name: str, at: int
) -> None:
    frame = good(seed)
    written = texts(frame).drop(columns="Timestamp")
    written.insert(at, name, CLOCKS[form](frame["Timestamp"]))
    table = read(tmp_path_factory.mktemp("clock"), csv(written, ";"))
    assert table.column(Role.TIME) == name
    assert_read(table, frame)
    first = pd.Timestamp(table.frame[name].iloc[0])
    assert abs(first - frame["Timestamp"].iloc[0]) < pd.Timedelta(seconds=1)


COUNTERS = ["Elapsed", "sec", "경과시간(s)", "t", "Laufzeit"]


@PLENTY
@given(seed=SEEDS, name=st.sampled_from(COUNTERS), step=st.sampled_from([0.1, 0.5, 1.0]))
def test_seconds_since_the_start_are_the_clock(
    tmp_path_factory: pytest.TempPathFactory, seed: int, name: str, step: float
) -> None:
    frame = good(seed)
    written = texts(frame).drop(columns="Timestamp")
    written.insert(0, name, [f"{at * step:.1f}" for at in range(ROWS)])
    table = read(tmp_path_factory.mktemp("seconds"), csv(written))
    assert table.column(Role.TIME) == name
    assert_read(table, frame, clock=False)


@PLENTY
@given(seed=SEEDS, name=st.sampled_from(["ts", "Time", "date", "시간", "t", "DateTime"]), clock=st.booleans())
def test_a_sensor_under_the_name_of_a_clock_stays_a_sensor(
    tmp_path_factory: pytest.TempPathFactory, seed: int, name: str, clock: bool
) -> None:
    frame = good(seed)
    written = texts(frame).rename(columns={SENSORS[1]: name, "Timestamp": "When"})
    if not clock:
        written = written.drop(columns="When")
    table = read(tmp_path_factory.mktemp("sensor"), csv(written))
    assert table.roles[name] is Role.SENSOR
    assert_read(table, frame, clock=clock)


LABELS = [(-1, 1), ("Pass", "Fail"), ("GOOD", "BAD"), ("정상", "불량"), ("OK", "NG"), ("양품", "불량"), (0, 1)]
LABEL_NAMES = ["Pass/Fail", "Result", "판정", "label", "합부판정", "is_defect"]


@PLENTY
@given(seed=SEEDS, words=st.sampled_from(LABELS), name=st.sampled_from(LABEL_NAMES))
def test_a_label_is_never_a_sensor(
    tmp_path_factory: pytest.TempPathFactory, seed: int, words: tuple[object, object], name: str
) -> None:
    frame = good(seed)
    written = texts(frame)
    written[name] = pd.Series([words[int(40 <= at < 46)] for at in range(ROWS)])
    table = read(tmp_path_factory.mktemp("label"), csv(written))
    assert table.roles[name] is not Role.SENSOR
    assert_read(table, frame)


FILLERS = ["-9999", "-999.25", "9999.99", "1e30", "-1.#IND", "1.#QNAN", "32767", "65535", "-200"]


@PLENTY
@given(seed=SEEDS, filler=st.sampled_from(FILLERS))
def test_a_number_that_fills_holes_is_no_measurement(
    tmp_path_factory: pytest.TempPathFactory, seed: int, filler: str
) -> None:
    frame, cells = good(seed), holes(seed)
    table = read(tmp_path_factory.mktemp("filler"), csv(with_cells(frame, cells, lambda _: filler)))
    assert_read(table, frame, cells)
    reported = {finding.column for finding in findings_of(table.notes)}
    assert set(SENSORS) <= reported, table.notes


WORDS = (
    "Bad;No Data;I/O Timeout;#DIV/0!;########;*;.;N/A;---;Bad Input;Configure;결측;null;NaN;Scan Off;#N/A;-;OVER;Inf"
)


@PLENTY
@given(seed=SEEDS, word=st.sampled_from(WORDS.split(";")), other=st.sampled_from(WORDS.split(";")))
def test_words_that_mean_no_value_cost_no_sensor_and_are_reported(
    tmp_path_factory: pytest.TempPathFactory, seed: int, word: str, other: str
) -> None:
    frame, cells = good(seed), holes(seed)
    written = with_cells(frame, cells, lambda row: word if row % 2 else other)
    table = read(tmp_path_factory.mktemp("words"), csv(written))
    assert_read(table, frame, cells)


@PLENTY
@given(seed=SEEDS, codes=st.sampled_from([(192, 0), (0, 4), ("Good", "Bad"), ("OK", "Uncertain")]))
def test_a_status_column_is_no_sensor(
    tmp_path_factory: pytest.TempPathFactory, seed: int, codes: tuple[object, object]
) -> None:
    frame = good(seed)
    written = texts(frame)
    written["RF Power Status"] = pd.Series([codes[int(30 <= at < 34)] for at in range(ROWS)])
    table = read(tmp_path_factory.mktemp("status"), csv(written))
    assert table.roles["RF Power Status"] is not Role.SENSOR
    assert len(table.columns(Role.SENSOR)) == 3


def long_table(frame: Frame) -> bytes:
    melted = frame.melt("Timestamp", SENSORS, "Tag", "Value")
    return csv(melted.sort_values("Timestamp", kind="stable"))


def clock_per_sensor(frame: Frame) -> bytes:
    columns: dict[str, pd.Series] = {}
    for name in SENSORS:
        columns |= {f"{name} Time": frame["Timestamp"], name: frame[name]}
    return csv(pd.DataFrame(columns))


def transposed(frame: Frame) -> bytes:
    return frame.set_index("Timestamp").T.to_csv(index_label="Timestamp").encode()


@pytest.mark.parametrize("shape", [long_table, clock_per_sensor, transposed])
@settings(max_examples=3)
@given(seed=SEEDS)
def test_other_shapes_become_rows_of_sensors(
    tmp_path_factory: pytest.TempPathFactory, shape: Callable[[Frame], bytes], seed: int
) -> None:
    frame = good(seed)
    table = read(tmp_path_factory.mktemp("shape"), shape(frame))
    assert sorted(table.columns(Role.SENSOR)) == sorted(SENSORS)
    assert np.array_equal(table.frame[SENSORS].to_numpy(np.float64), frame[SENSORS].to_numpy())
    assert findings_of(table.notes)


def workbook(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    frame.to_excel(buffer, index=False)
    return buffer.getvalue()


def packed(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("export/trace.csv", csv(frame))
        archive.writestr("__MACOSX/._trace.csv", b"\0\0")
    return buffer.getvalue()


def lines(frame: Frame) -> bytes:
    return "\n".join(json.dumps(row) for row in texts(frame).to_dict("records")).encode()


@pytest.mark.parametrize(("name", "container"), [("a.xlsx", workbook), ("a.zip", packed), ("a.ndjson", lines)])
@settings(max_examples=2)
@given(seed=SEEDS)
def test_a_container_holds_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, name: str, container: Callable[[Frame], bytes], seed: int
) -> None:
    frame = good(seed)
    assert_read(read(tmp_path_factory.mktemp("container"), container(frame), name), frame)


SPELLINGS = [str.lower, str.upper, lambda name: f"{name} ", lambda name: f" {name}", str.title]


@PLENTY
@given(seed=SEEDS, spellings=st.lists(st.sampled_from(SPELLINGS), min_size=2, max_size=4), name=st.sampled_from("AB"))
def test_one_tool_in_several_spellings_is_one_tool(
    tmp_path_factory: pytest.TempPathFactory, seed: int, spellings: list[Callable[[str], str]], name: str
) -> None:
    frame = good(seed)
    written = texts(frame)
    written["Equipment"] = [spellings[at % len(spellings)](f"Etch0{name}") for at in range(ROWS)]
    table = read(tmp_path_factory.mktemp("tool"), csv(written))
    assert_read(table, frame)
    assert table.frame["Equipment"].nunique() == 1


STATES = [("ON", "OFF"), ("OPEN", "CLOSE"), ("RUN", "IDLE"), ("열림", "닫힘"), ("True", "False")]


@PLENTY
@given(seed=SEEDS, words=st.sampled_from(STATES), name=st.sampled_from(["Gas Valve", "RF State", "밸브", "Mode"]))
def test_states_in_words_are_kept_as_what_they_are(
    tmp_path_factory: pytest.TempPathFactory, seed: int, words: tuple[str, str], name: str
) -> None:
    frame = good(seed)
    written = texts(frame)
    written[name] = [words[at // 15 % 2] for at in range(ROWS)]
    table = read(tmp_path_factory.mktemp("states"), csv(written))
    assert table.roles[name] is not Role.IGNORED
    others = [sensor for sensor in table.columns(Role.SENSOR) if sensor != name]
    assert others == SENSORS
