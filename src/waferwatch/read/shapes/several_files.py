"""The tables of several files as one: below one another, or as sensors on one time line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.cells.values import look_at
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.roles.column_names import category
from waferwatch.read.shapes.clocks import clock_column, holds_times, is_clock_name, seconds_of
from waferwatch.read.shapes.file_names import columns_of_names, without_known
from waferwatch.read.shapes.time_line import Readings, one_time_line, report_time_line
from waferwatch.read.table import Role

_DATED = 1e8  # seconds since 1970; fewer are a time of day or a stopwatch
_DIGITS = 30  # to which numbers in names are filled up, so that 9 comes before 10
_SHARED = 0.5  # of all sensors, that files of one kind have in common


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
    same = _alike([file.rows.frame for file in files])
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


def _alike(frames: Sequence[pd.DataFrame]) -> bool:
    """Whether the files hold the same sensors, though one or the other may be lacking in some of them."""
    columns = [set(frame.columns) for frame in frames]
    if all(one == columns[0] for one in columns):
        return True
    sets = [{str(name) for name in frame.columns if look_at(frame[name]).mostly_numbers} for frame in frames]
    everywhere, anywhere = set.intersection(*sets), set.union(*sets)
    return len(everywhere) > 1 and len(everywhere) >= _SHARED * len(anywhere)


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
    columns, ordered = _distinguished(files, clock)
    names = list(dict.fromkeys(name for file in ordered for name in file.rows.frame.columns))
    frames = [file.rows.frame.reindex(columns=names) for file in ordered]
    whole = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    lengths = [len(frame) for frame in frames]
    said = {name: np.repeat(np.array(values, dtype=object), lengths) for name, values in columns.items()}
    _say_order(ordered, columns, table, findings)
    _say_lacking(ordered, names, table, findings)
    return FileRows(whole.assign(**said), 1, findings.everything, files[0].rows.units)


def _say_order(files: Sequence[NamedRows], columns: Mapping[str, list[str]], table: str, findings: Findings) -> None:
    text = "{table}: the rows of its {files} files were put below one another, {first} first."
    if list(columns.values()) == [[file.name for file in files]]:
        text = (
            "{table}: the rows of its {files} files were put below one another, {first} first; "
            "the column {column} names the file."
        )
    elif columns:
        text = (
            "{table}: the rows of its {files} files were put below one another, {first} first; "
            "the names of the files gave the columns {column}."
        )
    findings.repaired(
        "files_below_one_another",
        text,
        {"table": table, "files": len(files), "first": files[0].name, "column": ", ".join(columns)},
        count=len(files),
    )


def _say_lacking(files: Sequence[NamedRows], names: list[str], table: str, findings: Findings) -> None:
    """Columns that some files do not have."""
    for name in names:
        lacking = [file.name for file in files if name not in file.rows.frame.columns]
        if lacking:
            findings.repaired(
                "column_not_in_every_file",
                "{table}: {count} of {files} files have no column {column}, {first} among them; "
                "its cells there are empty.",
                {"table": table, "count": len(lacking), "files": len(files), "column": name, "first": lacking[0]},
                column=name,
                count=len(lacking),
            )


def _distinguished(files: Sequence[NamedRows], clock: str | None) -> tuple[dict[str, list[str]], list[NamedRows]]:
    """The columns that are to tell the files apart, with a value for each, and the files in their order.

    What the names of the files say comes first. Else none is needed where each file goes on in time after the one
    before; files with times of day or seconds that begin anew are runs; files of the same time are of different
    equipment.
    """
    taken = [str(name) for name in files[0].rows.frame.columns]
    spans = [_span(file, clock) for file in files]
    known = [span for span in spans if span is not None]
    timed = len(known) == len(files)
    following = timed and all(one[1] <= other[0] for one, other in pairwise(sorted(known)))
    dated = timed and clock is not None and holds_times(files[0].rows.frame[clock]) and known[0][0] > _DATED
    order = _order([file.name for file in files], known if following or dated else None)
    ordered = [files[at] for at in order]
    names = [file.name for file in ordered]
    found = without_known(columns_of_names(names, [known[at] for at in order] if dated else None), taken)
    if following:
        return found, ordered
    if dated:
        named = "equipment" in found or Role.EQUIPMENT in map(category, taken)
        return (found if named else {"equipment": names}), ordered
    alone = "wafer" in found and len(set(zip(*found.values(), strict=True))) == len(files)
    return (found if alone else {**found, "run": names}), ordered


def _order(names: Sequence[str], spans: Sequence[tuple[float, float]] | None) -> list[int]:
    """The files by their times; without such by their names, whose numbers count as numbers."""
    if spans is not None:
        return sorted(range(len(names)), key=lambda at: spans[at])
    keys = [[(not part.isdecimal(), part.zfill(_DIGITS)) for part in re.split(r"(\d+)", name)] for name in names]
    return sorted(range(len(names)), key=lambda at: keys[at])


def _span(file: NamedRows, clock: str | None) -> tuple[float, float] | None:
    seconds = None if clock is None else seconds_of(file.rows.frame[clock], clock, file.name)
    if seconds is None or np.isnan(seconds).all():
        return None
    return float(np.nanmin(seconds)), float(np.nanmax(seconds))
