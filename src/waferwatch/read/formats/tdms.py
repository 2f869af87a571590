"""LabVIEW TDMS files, by npTDMS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.findings import Findings
from waferwatch.read.formats.file_format import DataFile, FileFormat, binary_stream, missing_extra

_MAGIC = b"TDSm"


def _read(file: DataFile) -> FileRows:
    try:
        from nptdms import TdmsFile
    except ImportError as error:
        raise missing_extra(file.name, "tdms") from error
    try:
        with binary_stream(file.seekable()) as raw, TdmsFile.open(raw) as tdms:
            channels = [channel for group in tdms.groups() for channel in group.channels() if len(channel)]
            several = sum(bool(len(group.channels())) for group in tdms.groups()) > 1
            file.limits.check_columns(file.name, 2 * len(channels))
            file.limits.check_cells(file.name, sum(len(channel) for channel in channels), 2)
            columns = _columns(channels, several=several)
    except (ValueError, KeyError, OSError, TypeError, EOFError) as error:
        raise InputError(
            "{table} is damaged: it cannot be read as a TDMS file.",
            hint="Copy or export the file again.",
            table=file.name,
        ) from error
    if not columns:
        raise InputError("{table} has no rows of data.", hint="Choose data with at least one row.", table=file.name)
    findings = Findings()
    findings.info("tdms", "{table} is a LabVIEW TDMS file.", {"table": file.name})
    return FileRows(pd.DataFrame(columns), 1, findings.everything)


def _columns(channels: list[Any], *, several: bool) -> dict[str, pd.Series]:
    """Channels as columns, with a clock before those that share one."""
    columns: dict[str, pd.Series] = {}
    last: tuple[Any, ...] | None = None
    for channel in channels:
        name = f"{channel.group_name} {channel.name}" if several else channel.name
        timing = _timing(channel)
        if timing is not None and timing != last:
            columns[_free("Time", columns)] = pd.Series(_times(timing))
        last = timing or last
        columns[_free(name, columns)] = pd.Series(channel[:])
    return columns


def _timing(channel: Any) -> tuple[Any, ...] | None:
    """Start, offset, interval and length of the waveform; None where the file names no interval."""
    step = channel.properties.get("wf_increment")
    if not step:
        return None
    start = channel.properties.get("wf_start_time")
    return (start, float(channel.properties.get("wf_start_offset", 0.0)), float(step), len(channel))


def _times(timing: tuple[Any, ...]) -> Any:
    start, offset, step, length = timing
    seconds = offset + step * np.arange(length)
    if start is None or np.datetime64(start).astype("datetime64[Y]") < np.datetime64("1971"):
        return seconds
    return np.datetime64(start).astype("datetime64[ns]") + (seconds * 1e9).round().astype("timedelta64[ns]")


def _free(name: str, taken: dict[str, pd.Series]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


TDMS = FileFormat("LabVIEW TDMS", (".tdms",), lambda head, _file: head.startswith(_MAGIC), _read)
