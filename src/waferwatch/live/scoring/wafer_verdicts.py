"""Verdicts on wafers, each within a second of its end."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import replace

import numpy as np

from waferwatch.indicators.run_score import run_score
from waferwatch.indicators.verdicts import RunScore
from waferwatch.jobs.monitors.detecting import detect_by
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.equipment_states import may_alarm
from waferwatch.live.learning.good_rows import good_rows
from waferwatch.live.learning.maintenance import Maintenance
from waferwatch.live.log.reading import EquipmentRecord, LoggedRows, logged, rows_of, rows_up_to
from waferwatch.live.scored import AlarmSink, WaferBlock
from waferwatch.live.scoring.frames import model_frame
from waferwatch.live.scoring.passes import WaferPass, passes_of
from waferwatch.live.scoring.progress import WAFERS, Progress, keep_progress, progress_of
from waferwatch.live.scoring.watched import WatchedModel

_PAUSE_NS = 5_000_000_000
MOST_ROWS = 50_000  # of one pass; a longer one is cut there
FEWEST_CONTEXT, MOST_CONTEXT = 512, 4096  # rows before a wafer that its verdict looks at


class WaferJudge:
    """Used by one thread.

    Args:
        pause_s: after so long without a row a wafer has ended, until more of its rows come.
    """

    def __init__(self, database: LiveDatabase, sink: AlarmSink, maintenance: Maintenance, pause_s: float) -> None:
        self._database = database
        self._sink = sink
        self._maintenance = maintenance
        self._pause_s = pause_s

    def turn(self, equipment: EquipmentRecord, watched: WatchedModel) -> int:
        """Judge the wafers of an equipment that have ended, each in a transaction of its own; how many there were."""
        with self._database.reading() as connection:
            done = progress_of(connection, WAFERS, equipment.id) or Progress()
            rows = logged(equipment.id, equipment.sensors, rows_of(connection, equipment.id, done.position, MOST_ROWS))
            before = _judged_last(connection, equipment.id)
        if not len(rows):
            return 0
        paused = time.time() - float(rows.received[-1]) >= self._pause_s
        full = len(rows) == MOST_ROWS
        found = [one for one in passes_of(rows) if one.ended or paused or full]
        for number, one in enumerate(found):
            again = before if number == 0 else None
            self._judge(equipment, watched, _continued(one, again))
        if not found and not passes_of(rows):  # no row has a wafer
            with self._database.writing() as connection:
                keep_progress(connection, WAFERS, equipment.id, Progress(int(rows.positions[-1])))
        return len(found)

    def _judge(self, equipment: EquipmentRecord, watched: WatchedModel, one: WaferPass) -> None:
        with self._database.reading() as connection:
            context = min(max(watched.model.context, FEWEST_CONTEXT), MOST_CONTEXT)
            rows = logged(
                equipment.id, equipment.sensors, rows_up_to(connection, equipment.id, one.last, MOST_ROWS + context)
            )
        own = rows.positions >= one.first
        start = max(0, int(np.argmax(own)) - context)
        rows = rows.at((np.arange(len(rows)) >= start) & (rows.series == one.series))
        own = rows.positions >= one.first
        verdict = _verdict(rows, own, equipment, watched, one)
        mine = rows.at(own)
        block = WaferBlock(
            equipment.source,
            equipment.name,
            watched.title,
            one.last,
            mine.times[0].view("datetime64[ns]"),
            mine.times[-1].view("datetime64[ns]"),
            verdict,
            all(may_alarm(state) for state in set(mine.context["state"]))
            and bool(self._maintenance.may_alarm(equipment.name, mine.received).all()),
        )
        try:
            with self._database.writing() as connection:
                connection.execute(_KEEP, _values(equipment.id, one, watched.title, verdict))
                keep_progress(connection, WAFERS, equipment.id, Progress(one.last, watched.title))
                self._sink.finished(connection, block)
                good = bool(good_rows(connection, equipment.name, mine).all())
                self._maintenance.wafer_ended(connection, equipment.name, float(mine.received[0]), good=good)
        except BaseException:
            self._maintenance.reload()
            raise


_KEEP = "INSERT OR REPLACE INTO live_wafers VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def _values(equipment: int, one: WaferPass, title: str, verdict: RunScore) -> tuple[object, ...]:
    about = json.dumps({"run": one.run, "series": one.series, **verdict.described()}, default=float)
    return (equipment, one.first, one.last, one.lot, one.wafer, one.recipe, title, about)


def _judged_last(connection: sqlite3.Connection, equipment: int) -> WaferPass | None:
    query = "SELECT * FROM live_wafers WHERE equipment = ? ORDER BY first DESC LIMIT 1"
    row = connection.execute(query, (equipment,)).fetchone()
    if row is None:
        return None
    about = json.loads(row["verdict"])
    names = (row["lot"], row["wafer"], row["recipe"], about["run"], about["series"])
    return WaferPass(row["first"], row["last"], *names, ended=True)


def _continued(one: WaferPass, before: WaferPass | None) -> WaferPass:
    """A wafer that was judged at a pause and went on is judged as a whole."""
    same = before is not None and (before.run, before.wafer, before.series) == (one.run, one.wafer, one.series)
    return replace(one, first=before.first) if same and before is not None else one


def _twice(rows: LoggedRows) -> LoggedRows:
    """The first wafer of an equipment with itself behind it: wafers are recognised, and judged as such, from two on."""
    count = len(rows)
    both = rows.at(np.concatenate([np.arange(count), np.arange(count)]))
    later = np.arange(2 * count) >= count
    shift = int(rows.times[-1] - rows.times[0]) + _PAUSE_NS
    wafers = both.context["wafer"] + np.where(later, " again", "").astype(object)
    return replace(both, times=both.times + later * shift, context={**both.context, "wafer": wafers})


def _verdict(
    rows: LoggedRows, own: np.ndarray, equipment: EquipmentRecord, watched: WatchedModel, one: WaferPass
) -> RunScore:
    """What ``Model.detect`` says of the wafer among the rows before it."""
    frame = model_frame(rows if len(passes_of(rows)) > 1 else _twice(rows), equipment.name, watched.model)
    table = watched.model.table(frame, "the live rows")
    found = detect_by(replace(watched.monitor, equipment=None), watched.model, table)
    first = int(np.argmax(own))
    of_wafer = [run for run in found.runs if first <= run.start_row < len(rows)]
    if of_wafer:
        return of_wafer[-1]
    # The monitor does not tell wafers apart: its row scores say what there is to say.
    scores, flags = found.scores[: len(rows)][own], int(found.flags[: len(rows)][own].sum())
    score = run_score(scores)
    return RunScore(
        key={},
        start_row=first,
        rows=int(own.sum()),
        score=score,
        flagged=flags,
        row_score=score,
        equipment=equipment.name,
        lot=one.lot or None,
        wafer=one.wafer or None,
        recipe=one.recipe or None,
        abnormal=flags > 0,
    )
