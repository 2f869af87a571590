"""The tables of several files as one: below one another, or as sensors on one time line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.roles.column_names import category
from waferwatch.read.shapes.clocks import clock_column, holds_times, is_clock_name, seconds_of
from waferwatch.read.shapes.time_line import Readings, one_time_line, report_time_line
from waferwatch.read.table import Role


@dataclass(frozen=True)
class NamedRows:
    """The rows of one file of several."""

    name: str  # of the file, without its ending
    rows: FileRows


def put_together(files: Sequence[NamedRows], table: str, findings: Findings) -> FileRows:
    """One table of all files.

    Raises:
        InputError: the files have different columns and no clock that would tell which rows belong together.
    """
    findings.extend(files[0].rows.notes)
    if len(files) == 1:
        return replace(files[0].rows, notes=findings.everything)
    columns = [list(file.rows.frame.columns) for file in files]
    clocks = [_clock(file.rows.frame) for file in files]
    same = all(set(one) == set(columns[0]) for one in columns)
    if all(clock is not None for clock in clocks) and (len(columns[0]) == 2 or not same):
        return _side_by_side(files, [str(clock) for clock in clocks], table, findings)
    if same:
        return _below_one_another(files, clocks[0], table, findings)
    raise InputError(
        "{table} holds files with different columns and no time, such as {first} and {second}.",
        hint="Upload the files one by one, or name one of them.",
        field="sheet",
        table=table,
        first=files[0].name,
        second=next(file.name for file, one in zip(files, columns, strict=True) if set(one) != set(columns[0])),
    )


def _clock(frame: pd.DataFrame) -> str | None:
    written = next((str(name) for name in frame.columns if holds_times(frame[name])), None)
    return written or next((str(name) for name in frame.columns if is_clock_name(str(name))), None)


def _side_by_side(files: Sequence[NamedRows], clocks: list[str], table: str, findings: Findings) -> FileRows:
    """Each file holds sensors of its own: a column is called by its file where it is the only one, or not alone to be
    called so.
    """
    readings, cells = [], {}
    for file, clock in zip(files, clocks, strict=True):
        seconds = seconds_of(file.rows.frame[clock], clock, file.name)
        if seconds is None:
            raise InputError(
                "The time {column} of {table} cannot be read.",
                hint="Upload the files one by one.",
                table=f"{table}/{file.name}",
                column=clock,
            )
        at = np.flatnonzero(~np.isnan(seconds))
        others = [name for name in file.rows.frame.columns if name != clock]
        for name in others:
            called = file.name if len(others) == 1 else str(name)
            called = called if called not in cells else f"{file.name} {name}"
            cells[called] = file.rows.frame[name]
            readings.append(Readings(called, seconds[at], at))
    line = one_time_line(readings)
    dated = holds_times(files[0].rows.frame[clocks[0]])
    wide: dict[str, pd.Series] = {clocks[0]: clock_column(line.times, dated=dated)}
    for called, column in cells.items():
        taken = column.take(np.maximum(line.positions[called], 0)).reset_index(drop=True)
        wide[called] = taken.where(pd.Series(line.positions[called] >= 0))
    findings.repaired(
        "file_per_sensor",
        "{table}: its {files} files were put side by side by their times.",
        {"table": table, "files": len(files)},
        count=len(files),
    )
    report_time_line(line, table, findings)
    return FileRows(pd.DataFrame(wide), 1, findings.everything)


def _below_one_another(files: Sequence[NamedRows], clock: str | None, table: str, findings: Findings) -> FileRows:
    column, ordered = _distinguished(files, clock)
    frames = []
    for file in ordered:
        frame = file.rows.frame[files[0].rows.frame.columns]
        if column is not None:
            frame = frame.assign(**{column: file.name})
        frames.append(frame)
    findings.repaired(
        "files_below_one_another",
        "{table}: the rows of its {files} files were put below one another, {first} first."
        if column is None
        else "{table}: the rows of its {files} files were put below one another, {first} first; "
        "the column {column} names the file.",
        {"table": table, "files": len(files), "first": ordered[0].name, "column": column or ""},
        count=len(files),
    )
    return FileRows(pd.concat(frames, ignore_index=True), 1, findings.everything, files[0].rows.units)


def _distinguished(files: Sequence[NamedRows], clock: str | None) -> tuple[str | None, Sequence[NamedRows]]:
    """The column that is to name the file, and the files in their order.

    None is needed where each file goes on in time after the one before. Files with times of day or seconds that begin
    anew are runs; files of the same time are of different equipment.
    """
    frame = files[0].rows.frame
    taken = {category(str(name)) for name in frame.columns}
    spans = [_span(file, clock) for file in files]
    if all(span is not None for span in spans):
        found = [span for span in spans if span is not None]
        order = sorted(range(len(files)), key=lambda at: found[at][0])
        if all(found[one][1] <= found[other][0] for one, other in pairwise(order)):
            return None, [files[at] for at in order]
        if clock is not None and holds_times(frame[clock]) and found[0][0] > 1e8:
            return None if Role.EQUIPMENT in taken else "equipment", files
    return "run", files


def _span(file: NamedRows, clock: str | None) -> tuple[float, float] | None:
    seconds = None if clock is None else seconds_of(file.rows.frame[clock], clock, file.name)
    if seconds is None or np.isnan(seconds).all():
        return None
    return float(np.nanmin(seconds)), float(np.nanmax(seconds))
