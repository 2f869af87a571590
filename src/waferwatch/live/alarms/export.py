"""Alarms with their verdicts as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import pandas as pd
import pyarrow as pa

from waferwatch.export.formulas import neutral
from waferwatch.export.tables import write_tables
from waferwatch.live.alarms.desk import AlarmDesk
from waferwatch.live.alarms.search import AlarmFilter, find_alarms
from waferwatch.live.alarms.titles import Translate, alarm_document

COLUMNS = (
    "id", "title", "state", "verdict", "note", "severity", "kind", "source", "equipment", "recipe", "step", "sensor",
    "direction", "lot", "wafer", "wafers", "started", "last_seen", "opened_at", "raised_at", "acknowledged_at",
    "acknowledged_by", "closed_at", "closed_by", "peak", "threshold", "ratio", "monitor", "fingerprint", "earlier",
)  # fmt: skip
_AT_ONCE = 1000


def write_alarms_csv(desk: AlarmDesk, wanted: AlarmFilter, translate: Translate, file: BinaryIO) -> None:
    """The newest first, one alarm a line, in UTF-8 with a mark, as spreadsheets want it."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in _lines(desk, wanted, translate):
        writer.writerow(_harmless(line))
    text.flush()
    text.detach()


def write_alarms_sheet(desk: AlarmDesk, wanted: AlarmFilter, translate: Translate, file: BinaryIO) -> None:
    """The same as a workbook."""
    lines = list(_lines(desk, wanted, translate))
    write_tables({"alarms": pd.DataFrame(lines, columns=list(COLUMNS))}, file, "xlsx")


def _lines(desk: AlarmDesk, wanted: AlarmFilter, translate: Translate) -> Iterator[list[object]]:
    """The cells of each alarm, the newest first."""
    with desk.reading() as connection:
        before = wanted.before
        while True:
            found = find_alarms(connection, replace(wanted, before=before), _AT_ONCE)
            for one in found:
                document = alarm_document(one, translate)
                yield [document[name] for name in COLUMNS]
            if len(found) < _AT_ONCE:
                return
            before = found[-1].id


def _harmless(values: list[object]) -> list[object]:
    cells = [one if isinstance(one, str) else None for one in values]
    safe = neutral(pa.array(cells, pa.string())).to_pylist()
    return [one if isinstance(one, int | float) else text for one, text in zip(values, safe, strict=True)]
