"""Long tables: a row for each reading, with the time, the name of the sensor, and its value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.cells import values
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.roles.column_names import category, plain
from waferwatch.read.roles.name_parts import vocabulary
from waferwatch.read.roles.status import find_status
from waferwatch.read.shapes.clocks import holds_times, is_clock_name, seconds_of
from waferwatch.read.shapes.time_line import Readings, one_time_line, report_time_line

_TAG_NAMES = vocabulary(
    "tag tagname series seriesname sensor sensorname sensorid parameter parametername param variable variablename "
    "signal signalname channel channelname metric point pointname item itemname name svid svname vid field "
    "fieldname 태그 태그명 센서 센서명 항목 항목명 파라미터 변수 변수명 채널 신호 参数 参数名 标签 测点 項目 信号名"
)
_VALUE_NAMES = vocabulary(
    "value values val reading data measuredvalue measurement datavalue numvalue result y pv 값 측정값 수치 데이터 数值 "
    "测量值 測定値 値"
)
_UNIT_NAMES = vocabulary("unit units uom engunits 단위 单位 単位")
_FEWEST_ROWS = 3  # of a sensor, on average
_MOST_TAGS = 2_000
_APART = 0.02  # share of the variance that is left within the sensors where these differ in what they measure
_FULL = 0.98  # share of cells that hold a reading when all sensors are read at the same times
_MOST_TWICE = 0.01


@dataclass(frozen=True)
class _Columns:
    """Which column of a long table is what."""

    clock: str
    tag: str
    value: str
    fixed: tuple[str, ...]  # equipment, lot and the like: the same for all readings of a row


def turned(rows: FileRows, name: str, *, wished: bool) -> FileRows | None:
    """The rows with a column for each sensor; None when the table is not long.

    Args:
        wished: the owner says that it is long, so that names need not say so.
    """
    frame = rows.frame
    columns = _columns(frame, wished)
    if columns is None:
        return None
    times = seconds_of(frame[columns.clock], columns.clock, name)
    if times is None:
        return None
    tags, names = pd.factorize(frame[columns.tag].astype("str").str.strip())
    numbers = values.look_at(frame[columns.value]).numbers
    if not wished and not _is_long(columns, tags, names, numbers, times):
        return None
    return _wide(rows, columns, times, tags, [str(one) for one in names], name)


def _columns(frame: pd.DataFrame, wished: bool) -> _Columns | None:
    names = list(frame.columns)
    clock = next((one for one in names if holds_times(frame[one])), None)
    clock = clock or next((one for one in names if is_clock_name(one) and values.is_numeric(frame[one])), None)
    texts = [one for one in names if one != clock and _may_be_tag(frame[one])]
    tag = next((one for one in texts if plain(one) in _TAG_NAMES), None)
    tag = tag or next((one for one in texts if category(one) is None), None)
    measured = [one for one in names if one not in (clock, tag) and values.look_at(frame[one]).mostly_numbers]
    measured = [one for one in measured if category(one) is None]
    value = next((one for one in measured if plain(one) in _VALUE_NAMES), None)
    if value is None and len(measured) == 1:
        value = measured[0]
    if clock is None or tag is None or value is None:
        return None
    named = plain(tag) in _TAG_NAMES or plain(value) in _VALUE_NAMES
    if not (named or wished or len(names) == 3):
        return None
    others = [one for one in names if one not in (clock, tag, value)]
    return _Columns(clock, tag, value, tuple(one for one in others if category(one) is not None))


def _may_be_tag(column: pd.Series) -> bool:
    if values.is_time(column) or pd.api.types.is_bool_dtype(column.dtype) or values.is_numeric(column):
        return False
    if not _holds_texts(column):
        return False
    different = column.nunique()
    return 2 <= different <= min(_MOST_TAGS, len(column) / _FEWEST_ROWS) and bool(column.notna().all())


def _holds_texts(column: pd.Series) -> bool:
    """Whether the cells are texts, and not lists or bytes of a Parquet file, which nothing counts."""
    return pd.api.types.infer_dtype(column, skipna=True) in ("string", "categorical")


def _is_long(
    columns: _Columns,
    tags: NDArray[np.intp],
    names: pd.Index,
    numbers: NDArray[np.float64],
    times: NDArray[np.float64],
) -> bool:
    """Whether the texts name sensors: by the names of the columns, or as what they name differs in size."""
    if plain(columns.tag) in _TAG_NAMES and plain(columns.value) in _VALUE_NAMES:
        return True
    pairs = pd.DataFrame({"time": times, "tag": tags})
    if pairs.duplicated().mean() > _MOST_TWICE:
        return False
    overall = np.nanvar(numbers)
    means = pd.Series(numbers).groupby(tags).transform("mean").to_numpy()
    within = np.nanmean((numbers - means) ** 2)
    named = plain(columns.tag) in _TAG_NAMES or plain(columns.value) in _VALUE_NAMES
    return bool(overall > 0 and within / overall < (0.5 if named else _APART))


def _wide(
    rows: FileRows, columns: _Columns, times: NDArray[np.float64], tags: NDArray[np.intp], names: list[str], table: str
) -> FileRows:
    findings, frame = Findings(rows.notes), rows.frame
    gated = [one for one in frame.columns if _gates(frame, one, columns)]
    for one in gated:
        frame = _without_bad(frame, one, columns.value, findings)
    keys = [frame[one] for one in columns.fixed]
    groups = pd.MultiIndex.from_arrays(keys).factorize()[0] if keys else np.zeros(len(frame), np.intp)
    parts = [
        _wide_part(frame, columns, np.flatnonzero(groups == group), times, tags, names, findings, table)
        for group in range(int(groups.max()) + 1)
    ]
    used = (columns.clock, columns.tag, columns.value, *columns.fixed, *gated)
    left = [one for one in frame.columns if one not in used]
    whole = pd.concat(parts, ignore_index=True)
    findings.repaired(
        "long_table",
        "{table} is a long table: {count} rows of {value} for {sensors} sensors named in {tag} were turned into "
        "{rows} rows with a column for each sensor.",
        {
            "table": table,
            "count": len(frame),
            "value": columns.value,
            "sensors": len(names),
            "tag": columns.tag,
            "rows": len(whole),
        },
        count=len(frame),
        remedy="Say that each row is a row of its own if this is wrong.",
        option="--shape wide",
        field="shape",
    )
    if left:
        findings.info(
            "long_left_out",
            "{table}: columns that say something of a single reading were left out: {columns}.",
            {"table": table, "columns": ", ".join(left[:10])},
        )
    return replace(rows, frame=whole, notes=findings.everything, units=_units(frame, tags, names))


def _units(frame: pd.DataFrame, tags: NDArray[np.intp], names: list[str]) -> dict[str, str]:
    """The unit of each sensor, where a column names it."""
    units: dict[str, str] = {}
    for other in [one for one in frame.columns if plain(one) in _UNIT_NAMES]:
        units = {names[tag]: str(unit) for tag, unit in zip(tags, frame[other], strict=True) if pd.notna(unit)}
    return units


def _gates(frame: pd.DataFrame, name: str, columns: _Columns) -> bool:
    """Whether a column says which readings are good, in words or codes that are known."""
    if name in (columns.clock, columns.tag, columns.value, *columns.fixed):
        return False
    status = find_status(frame, name, [columns.value, name])
    return status is not None and status.bad is not None


def _without_bad(frame: pd.DataFrame, name: str, value: str, findings: Findings) -> pd.DataFrame:
    """The frame without the readings that a column of their quality does not call good."""
    status = find_status(frame, name, [value, name])
    if status is None or status.bad is None or not status.bad.any():
        return frame
    count = int(status.bad.sum())
    findings.repaired(
        "bad_status",
        "Values of {sensors} that {column} does not call good ({good}) count as no value: {count}.",
        {"sensors": value, "column": name, "good": status.good, "count": count},
        column=name,
        count=count,
    )
    return frame.assign(**{value: values.without_categories(frame[value]).mask(status.bad)})


def _wide_part(
    frame: pd.DataFrame,
    columns: _Columns,
    at: NDArray[np.intp],
    times: NDArray[np.float64],
    tags: NDArray[np.intp],
    names: list[str],
    findings: Findings,
    table: str,
) -> pd.DataFrame:
    """The rows of one equipment."""
    readings = [
        Readings(name, times[mine], mine)
        for tag, name in enumerate(names)
        if len(mine := at[(tags[at] == tag) & ~np.isnan(times[at])])
    ]
    positions, clock_rows = _pivoted(readings)
    if positions is None:
        line = one_time_line(readings)
        positions, clock_rows = line.positions, _rows_of(times, at, line.times)
        report_time_line(line, table, findings)
    wide = {columns.clock: frame[columns.clock].iloc[clock_rows].reset_index(drop=True)}
    for one in columns.fixed:
        wide[one] = frame[one].iloc[clock_rows].reset_index(drop=True)
    cells = frame[columns.value]
    for name in names:
        rows = positions.get(name, np.full(len(clock_rows), -1))
        taken = cells.take(np.maximum(rows, 0)).reset_index(drop=True)
        wide[_free(name, wide)] = taken.where(pd.Series(rows >= 0))
    return pd.DataFrame(wide)


def _pivoted(readings: list[Readings]) -> tuple[dict[str, NDArray[np.intp]] | None, NDArray[np.intp]]:
    """One row for each time in file order, where nearly every sensor has a reading in each."""
    times = np.concatenate([one.times for one in readings])
    positions = np.concatenate([one.positions for one in readings])
    order = np.argsort(positions, kind="stable")
    codes, different = pd.factorize(times[order])
    if len(times) < _FULL * len(different) * len(readings):
        return None, positions[:0]
    first = np.full(len(different), -1)
    first[codes[::-1]] = positions[order][::-1]
    index = pd.Index(different)
    placed = {}
    for one in readings:
        rows = np.full(len(different), -1)
        rows[index.get_indexer(one.times)] = one.positions
        placed[one.name] = rows
    return placed, first


def _rows_of(times: NDArray[np.float64], at: NDArray[np.intp], wanted: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each time a row of the file that shows it."""
    order = at[np.argsort(times[at], kind="stable")]
    return order[np.searchsorted(times[order], wanted)]


def _free(name: str, taken: dict[str, pd.Series]) -> str:
    while name in taken:
        name += "'"
    return name
