"""Rows of live alarms that engineers have called true or false, to be learnt from or kept out.

Nothing is learnt from an intended change.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.live.alarms.alarm import FALSE_ALARM, TRUE_ALARM
from waferwatch.live.alarms.figures import false_alarm_rates
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.learning.from_rows import frame_of
from waferwatch.live.log.reading import every_equipment, logged, rows_between
from waferwatch.live.log.sealing import sealed_rows
from waferwatch.live.scoring.frames import clock_unit
from waferwatch.monitors.alarms.alarm_rate import AlarmRate
from waferwatch.monitors.golden.wafers import wafers_of
from waferwatch.read.table import Role, Table
from waferwatch.scoring.model import Model
from waferwatch.store.store import Store

AROUND_NS = 3_600_000_000_000  # on both sides of an alarm: so the whole of its wafers is there
_TEXTS = (Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP)
_NS = "datetime64[ns]"

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class JudgedLiveRows:
    """Rows around one alarm."""

    table: Table
    alarm: Mask  # (rows,) from its first to its last row; where wafers are named, all rows of their wafers
    verdict: bool

    def rows(self, verdict: bool) -> Mask:
        """(rows,) with this verdict."""
        return self.alarm if verdict is self.verdict else np.zeros_like(self.alarm)


def live_verdicts(database: LiveDatabase, store: Store, monitor: str) -> list[JudgedLiveRows]:
    """Rows of the alarms of a monitor that somebody has called true or false, as its version in use reads them.

    Rows that have moved to files are read from there; alarms whose rows are gone are passed over.
    """
    with database.reading() as connection:
        found = connection.execute(_JUDGED, (TRUE_ALARM, FALSE_ALARM, monitor)).fetchall()
        if not found:
            return []
        model = store.monitors.model(store.monitors.version(monitor))
        judged = [_rows_of(database, connection, one, model) for one in found]
    return [one for one in judged if one is not None]


def live_rate(database: LiveDatabase, title: str) -> AlarmRate | None:
    """Alarms of a version (NAME@NUMBER) by engineers' verdicts; None where it has watched nothing."""
    with database.reading() as connection:
        return false_alarm_rates(connection, "monitor").get(title)


_JUDGED = """
SELECT source, equipment, started, last_seen, verdict FROM alarms
    WHERE verdict IN (?, ?) AND substr(monitor, 1, instr(monitor, '@') - 1) = ? ORDER BY id
"""


def _rows_of(
    database: LiveDatabase, connection: sqlite3.Connection, alarm: sqlite3.Row, model: Model
) -> JudgedLiveRows | None:
    start, stop = (int(np.datetime64(alarm[name], "ns").astype(np.int64)) for name in ("started", "last_seen"))
    reach = (start - AROUND_NS, stop + AROUND_NS)
    frames = [sealed_rows(database, alarm["source"], alarm["equipment"], *reach)]
    for one in every_equipment(connection):
        if (one.source, one.name) == (alarm["source"], alarm["equipment"]):
            rows = logged(one.id, one.sensors, rows_between(connection, one.id, *reach))
            frames.append(frame_of(one.name, rows, ended=False) if len(rows) else None)
    there = [one for one in frames if one is not None and len(one)]
    if not there:
        return None
    frame = pd.concat(there, ignore_index=True)
    times = frame["time"].to_numpy().astype(_NS).view(np.int64)
    table = model.table(_as_the_model_reads(frame, times, alarm["equipment"], model), "the rows of live alarms")
    of_alarm = (times >= start) & (times <= stop)
    wafers = wafers_of(table)
    return JudgedLiveRows(
        table, of_alarm if wafers is None else wafers.any_of(of_alarm), alarm["verdict"] == TRUE_ALARM
    )


def _as_the_model_reads(frame: pd.DataFrame, times: NDArray[np.int64], equipment: str, model: Model) -> pd.DataFrame:
    unit = clock_unit(equipment, model)
    blank = np.full(len(frame), "", object)
    given: dict[Role, Any] = {
        Role.TIME: times.view(_NS) if unit == 1.0 else times / unit,
        Role.EQUIPMENT: np.full(len(frame), equipment, object),
        **{role: frame[role.value].to_numpy(object) if role.value in frame else blank for role in _TEXTS},
    }
    columns = {column: given[Role(role)] for column, role in model.roles.items() if Role(role) in given}
    missing = np.full(len(frame), np.nan)
    return pd.DataFrame(
        columns | {name: frame[name].to_numpy(np.float64) if name in frame else missing for name in model.features}
    )
